//! URLs that are good no longer, or not yet, for ever.

use super::{
    Attack,
    Attacker::Store,
    Budget, NINE_TRIES, attack,
    wire::{Next, answer, at_image, part, send},
};

pub(super) fn attacks() -> Vec<Attack> {
    let for_ever = [
        ("403 to each request for the image", "403 Forbidden"),
        ("404 to each request for the image", "404 Not Found"),
        (
            "416 to each request for the image",
            "416 Range Not Satisfiable",
        ),
    ];
    let for_ever = for_ever.map(|(name, status)| {
        let script = at_image(move |_, _, _, tls| {
            answer(tls, status, "", b"")?;
            Ok(Next::Close)
        });
        attack(
            name,
            Store,
            "a device that checks in again and again",
            script,
        )
        .within(Budget {
            // Each try costs a check-in, too.
            connections: 20,
            ..NINE_TRIES
        })
    });
    let more = [
        attack(
            "a URL for every sector",
            Store,
            "a check-in for every sector",
            at_image(|scene, number, range, tls| {
                if number % 2 == 1 {
                    answer(tls, "403 Forbidden", "", b"")?;
                } else {
                    let (head, body) = part(scene, range);
                    send(tls, &[head.as_bytes(), &body[..4096]].concat())?;
                }
                Ok(Next::Close)
            }),
        )
        // Sixteen times: a sector, a refusal, a check-in.
        .within(Budget {
            connections: 56,
            ..NINE_TRIES
        }),
        attack(
            "503 to each request for the image, Retry-After of 136 years",
            Store,
            "a device that waits in mid-download for ever",
            at_image(|_, _, _, tls| {
                answer(tls, "503 Slow Down", "Retry-After: 4294967295\r\n", b"")?;
                Ok(Next::Close)
            }),
        )
        .within(NINE_TRIES),
    ];
    for_ever.into_iter().chain(more).collect()
}
