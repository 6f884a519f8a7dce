//! Redirects, by whoever holds a host that a device was sent to.

use super::{
    Attack,
    Attacker::Store,
    Budget, NINE_TRIES, ONE_ANSWER, attack,
    scene::Scene,
    stage::STORE,
    wire::{Next, answer, at_image, bytes},
};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        to(
            "a loop of redirects",
            "a device that runs in circles",
            |scene, _| scene.url("/image"),
        ),
        to(
            "a redirect that makes its URL longer",
            "the device's memory",
            |scene, number| scene.url(&format!("/image?{}", "x".repeat(600 * (number + 1)))),
        ),
        to(
            "a redirect to a URL of 2100 bytes",
            "the device's memory",
            |scene, _| scene.url(&format!("/image?{}", "x".repeat(2100))),
        ),
        to(
            "a redirect to plain http",
            "an image that all can read and change",
            |_, _| "http://localhost/image".to_owned(),
        ),
        to(
            "a redirect to a host of his",
            "the device's certificate, shown to him",
            |_, _| "https://evil.example/image".to_owned(),
        ),
        to(
            "a redirect to our name as user name",
            "the device's certificate, shown to him",
            |_, _| "https://localhost@evil.example/image".to_owned(),
        ),
        to(
            "a redirect without a host",
            "a guess at which host is meant",
            |_, _| "/image".to_owned(),
        ),
        to(
            "a redirect to a store that cannot prove itself",
            "an image from whoever is on the path",
            |scene, _| scene.url("/image").replace("localhost", STORE),
        ),
        attack(
            "a redirect after every sector",
            Store,
            "a connection for every sector, and four more",
            at_image(|scene, number, (first, last), tls| {
                if number % 2 == 0 {
                    let location = format!("Location: {}\r\n", scene.url("/again"));
                    answer(tls, "302 Found", &location, b"")?;
                } else {
                    bytes(scene, (first, last), tls)?;
                }
                Ok(Next::Close)
            }),
        )
        .within(Budget {
            connections: 10,
            kib: 512,
            ..NINE_TRIES
        }),
    ]
}

fn to(
    name: &'static str,
    wins: &'static str,
    location: impl Fn(&Scene, usize) -> String + Send + Sync + 'static,
) -> Attack {
    let script = at_image(move |scene, number, _, tls| {
        let location = format!("Location: {}\r\n", location(scene, number));
        answer(tls, "302 Found", &location, b"")?;
        Ok(Next::Close)
    });
    // Three redirects are followed.
    attack(name, Store, wins, script).within(Budget {
        connections: 6,
        ..ONE_ANSWER
    })
}
