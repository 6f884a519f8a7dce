//! What our server's owner may say of the time.

use super::{
    Attack,
    Attacker::Server,
    Budget, CHECK_IN, attack,
    scene::now,
    wire::{Next, answer, at_check_in, honest, reply, script},
};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        attack(
            "a time after the end of every certificate",
            Server,
            "a device that believes no server ever again",
            at_check_in(|_, tls| answer(tls, "200 OK", "", &reply(YEAR_9999, None))),
        ),
        attack(
            "such a time with every check-in",
            Server,
            "the same for a device that forgives once",
            at_check_in(|_, tls| answer(tls, "200 OK", "", &reply(YEAR_9999, None))),
        )
        .for_check_ins(5)
        .within(Budget {
            seconds: 3600,
            // Each is looked at twice: by the time that was stated, and by the one at which somebody proved himself.
            connections: 32,
            kib: 128,
        }),
        attack(
            "a clock that says 1970, and then 2099",
            Server,
            "a device that believes no server ever again, or an ended one",
            script(|scene, ask, tls| {
                if ask.range.is_some() || ask.target != "/v1/checkin" {
                    return honest(scene, ask, tls);
                }
                let time = if scene.checked_in() % 2 == 0 {
                    0
                } else {
                    YEAR_2099
                };
                answer(tls, "200 OK", "", &reply(time, None))?;
                Ok(Next::Close)
            }),
        )
        .for_check_ins(5)
        .within(Budget {
            seconds: 3600,
            connections: 32,
            kib: 128,
        }),
        attack(
            "a time long past, and a release that has ended",
            Server,
            "a release that its author let end",
            script(|scene, ask, tls| {
                if ask.range.is_some() || ask.target != "/v1/checkin" {
                    return honest(scene, ask, tls);
                }
                let url = scene.url("/image");
                let ended = scene.refused("ended");
                let reply = match scene.checked_in() {
                    0 | 1 => reply(now(), None),
                    _ => reply(1, Some((1, &ended.manifest, &url))),
                };
                answer(tls, "200 OK", "", &reply)?;
                Ok(Next::Close)
            }),
        )
        .for_check_ins(3)
        .within(Budget {
            seconds: 3600,
            connections: 16,
            ..CHECK_IN
        }),
    ]
}

/// The first second of the year 2099.
const YEAR_2099: u64 = 4_070_908_800;

/// The last second of the year 9999.
const YEAR_9999: u64 = 253_402_300_799;
