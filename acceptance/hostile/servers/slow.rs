//! One byte a second: each comes in time, and the whole never does.

use std::iter::repeat;

use super::{
    Attack,
    Attacker::{Server, Store},
    CHECK_IN_WAITED_FOR, NINE_TRIES, attack,
    wire::{Next, at_check_in, at_image, drip, part, send},
};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        attack(
            "the head of a check-in answer, a byte a second",
            Server,
            "a device that is kept awake",
            at_check_in(|scene, tls| drip(scene, tls, repeat(b'H'))),
        )
        .within(CHECK_IN_WAITED_FOR),
        attack(
            "the body of a check-in answer, a byte a second",
            Server,
            "a device that is kept awake",
            at_check_in(|scene, tls| {
                send(tls, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")?;
                drip(scene, tls, repeat(0))
            }),
        )
        .within(CHECK_IN_WAITED_FOR),
        attack(
            "the head of an image's answer, a byte a second",
            Store,
            "a device that is kept awake for hours",
            at_image(|scene, _, _, tls| {
                drip(scene, tls, repeat(b'H'))?;
                Ok(Next::Close)
            }),
        )
        .within(NINE_TRIES),
        attack(
            "an image, a byte a second",
            Store,
            "a device that is kept awake for hours",
            at_image(|scene, _, range, tls| {
                let (head, body) = part(scene, range);
                send(tls, head.as_bytes())?;
                drip(scene, tls, body)?;
                Ok(Next::Close)
            }),
        )
        .within(NINE_TRIES),
    ]
}
