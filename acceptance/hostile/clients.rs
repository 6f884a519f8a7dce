//! Clients that mean harm: strangers, and a device that proved itself and is hostile all the same. While each does its
//! worst, an honest device is served.

mod attacks;
mod defaults;
mod ground;
mod honest;
mod limits;
mod slow;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use self::{ground::Siege, honest::Honest};
use crate::harness::{Table, need};

#[test]
fn every_hostile_client_is_borne_table() {
    if !need("hostile_clients", "curl", "apt-get install curl") {
        return;
    }
    if !need("hostile_clients", "openssl", "apt-get install openssl") {
        return;
    }
    let siege = Siege::lay(LIMITS);
    let runtime = ground::runtime();
    let columns = ["attack", "what it would win", "stopped by", "outcome"];
    let mut docs = Table::new(&columns);
    let mut seen = Table::new(&[
        "attack",
        "what it would win",
        "stopped by",
        "outcome",
        "honest",
        "slowest",
        "memory, MiB",
    ]);
    let honest = Honest::new(&siege);
    // What the server needs for an honest device is there before anybody is measured.
    honest.comes_through();
    for attack in attacks::ALL {
        let ground = Arc::new(siege.ground());
        let before = siege.look();
        let memory = siege.memory_mib();
        let over = Arc::new(AtomicBool::new(false));
        let tries = {
            let (over, honest) = (Arc::clone(&over), honest.clone());
            thread::spawn(move || {
                let mut slowest = Duration::ZERO;
                let mut count = 0_u32;
                while count == 0 || !over.load(Ordering::Relaxed) {
                    slowest = slowest.max(honest.comes_through());
                    count += 1;
                }
                (count, slowest)
            })
        };
        let ran = runtime.block_on((attack.run)(ground));
        over.store(true, Ordering::Relaxed);
        let (count, slowest) = tries.join().unwrap_or_else(|_| {
            panic!(
                "{}: no honest device came through\n{}",
                attack.name,
                siege.log()
            )
        });
        siege.is_empty_again(attack.name);
        let after = siege.look();
        let times = |view: &Value, code| view["refused"][code].as_u64().unwrap_or(0);
        let mut outcome = ran;
        for code in attack.codes {
            let heard = times(&after, code) > times(&before, code);
            let separator = if heard { "; " } else { "; NOT " };
            outcome = outcome + separator + code;
        }
        let left = siege.memory_mib();
        assert!(
            left <= memory + MEMORY_MIB,
            "{}: {memory} MiB before, {left} after",
            attack.name
        );
        let (name, win, by) = (attack.name, attack.would_win, attack.stopped_by);
        docs.row([name, win, by, &outcome]);
        let (honest, slowest) = (format!("{count}/{count}"), format!("{slowest:.1?}"));
        let memory = format!("{memory} → {left}");
        seen.row([name, win, by, &outcome, &honest, &slowest, &memory]);
    }
    seen.print("Hostile clients");
    let log = siege.log();
    assert!(!log.contains("panicked"), "{log}");
    // However often somebody was refused, the log is short.
    assert!(log.lines().count() < 1000, "{}", log.lines().count());
    docs.stands_in("attacks.md", "hostile-clients");
}

/// Puts lines into `[limits]`, or in place of those of the same names, wherever they stand.
fn set(settings: &Path, lines: &[(&str, u32)]) {
    let mut text = std::fs::read_to_string(settings).unwrap();
    for (name, value) in lines {
        let stands = text
            .lines()
            .find(|line| line.split(" = ").next() == Some(name))
            .unwrap_or_else(|| panic!("no {name} in {text}"))
            .to_owned();
        text = text.replace(&stands, &format!("{name} = {value}"));
    }
    std::fs::write(settings, text).unwrap();
}

/// Shorter and fewer than by default, so that each attack meets its limit within seconds.
const LIMITS: &[(&str, u32)] = &[
    ("connections", 200),
    ("handshakes", 100),
    ("per_address", 60),
    ("per_address_per_second", 300),
    ("per_device", 8),
    ("handshake_s", 2),
    ("head_s", 2),
    ("body_s", 2),
    ("stalled_s", 2),
    ("send_buffer", 16384),
    ("slowest_rate", 65536),
    ("patience_s", 3),
];

/// How much more memory a server may have after an attack than before: allocators keep some.
const MEMORY_MIB: u64 = 64;
