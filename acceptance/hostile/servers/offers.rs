//! Offers by our server's owner. Every reason by itself is tried in the node's own tests; here is one each, end to end.

use std::io;

use super::{
    Attack,
    Attacker::Server,
    Budget, CHECK_IN, ONE_ANSWER, attack,
    scene::Release,
    scene::{Scene, now},
    wire::{Next, Tls, answer, at_check_in, honest, part, part_of, reply, script, send},
};

pub(super) fn attacks() -> Vec<Attack> {
    let refused = [
        ("the author's release of another product", "product"),
        ("the author's release for another chip", "chip"),
        ("the author's release of a lower secure version", "secure"),
        ("a release that is no newer", "counter"),
        ("a release that has ended", "ended"),
        ("a release by his own author", "author"),
    ];
    let refused = refused.map(|(name, which)| {
        let offer = move |scene: &Scene, tls: &mut Tls| offer(scene, tls, 1, scene.refused(which));
        attack(name, Server, "a device that runs it", at_check_in(offer)).within(TOLD)
    });
    let more = [
        attack(
            "a manifest with one bit changed",
            Server,
            "an image of his choice",
            at_check_in(|scene, tls| {
                let mut manifest = scene.release().manifest.clone();
                let middle = manifest.len() / 2;
                manifest[middle] ^= 1;
                let image = Vec::new();
                offer(scene, tls, 1, &Release { manifest, image })
            }),
        )
        .within(TOLD),
        attack(
            "an image with its last bit changed",
            Server,
            "an image of his choice",
            script(|scene, ask, tls| match ask.range {
                Some(range) => wrong_at_last(scene, range, tls),
                None => honest(scene, ask, tls),
            }),
        )
        .within(Budget {
            kib: 512,
            ..ONE_ANSWER
        }),
        attack(
            "another release's image in place of the one signed for",
            Server,
            "a device that runs what its author took back",
            script(|scene, ask, tls| match ask.range {
                Some(range) => {
                    let (head, body) = part_of(&scene.props().other.image, range);
                    send(tls, &[head.as_bytes(), &body].concat())?;
                    Ok(Next::Keep)
                }
                None => honest(scene, ask, tls),
            }),
        )
        .within(ONE_ANSWER),
        attack(
            "the same as another offer with each check-in",
            Server,
            "flash that is worn out",
            script(|scene, ask, tls| match ask.range {
                Some(range) => wrong_at_last(scene, range, tls),
                None if ask.target == "/v1/checkin" => {
                    let number = u8::try_from(scene.checked_in() + 1).unwrap();
                    offer(scene, tls, number, scene.release())?;
                    Ok(Next::Close)
                }
                None => honest(scene, ask, tls),
            }),
        )
        .for_check_ins(40)
        .within(Budget {
            seconds: 7200,
            connections: 140,
            // Eight images.
            kib: 2560,
        }),
        attack(
            "two releases in turn, neither to its end",
            Server,
            "flash that is worn out",
            script(|scene, ask, tls| match ask.range {
                Some((first, _)) if first >= 128 * 1024 => {
                    answer(tls, "403 Forbidden", "", b"")?;
                    Ok(Next::Close)
                }
                Some(range) => {
                    let number: usize = ask.target[1..].parse().unwrap();
                    let (head, body) = part_of(&both(scene)[number].image, range);
                    send(tls, &[head.as_bytes(), &body].concat())?;
                    Ok(Next::Keep)
                }
                None if ask.target == "/v1/checkin" => {
                    // Each time the device asks for a fresh URL in between, and gets another offer.
                    let number = scene.checked_in();
                    let which = number / 2 % 2;
                    let (url, release) = (scene.url(&format!("/{which}")), both(scene)[which]);
                    let id = u8::try_from(number + 1).unwrap();
                    let reply = reply(now(), Some((id, &release.manifest, &url)));
                    answer(tls, "200 OK", "", &reply)?;
                    Ok(Next::Close)
                }
                None => honest(scene, ask, tls),
            }),
        )
        .for_check_ins(40)
        .within(Budget {
            seconds: 7200,
            connections: 140,
            kib: 2560,
        }),
    ];
    refused.into_iter().chain(more).collect()
}

fn both(scene: &Scene) -> [&Release; 2] {
    [scene.release(), &scene.props().other]
}

fn offer(scene: &Scene, tls: &mut Tls, number: u8, release: &Release) -> io::Result<()> {
    let url = scene.url("/image");
    let reply = reply(now(), Some((number, &release.manifest, &url)));
    answer(tls, "200 OK", "", &reply)
}

/// The bytes that were asked for; the image's last one is another.
fn wrong_at_last(scene: &Scene, range: (usize, usize), tls: &mut Tls) -> io::Result<Next> {
    let (head, mut body) = part(scene, range);
    if range.1 + 1 == scene.release().image.len() {
        *body.last_mut().unwrap() ^= 1;
    }
    send(tls, &[head.as_bytes(), &body].concat())?;
    Ok(Next::Keep)
}

/// A check-in, and the report that says why.
const TOLD: Budget = Budget {
    connections: 2,
    ..CHECK_IN
};
