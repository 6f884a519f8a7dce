//! Hostile servers against our device, over real TLS and real sockets.
//!
//! Each attack has a name, says where its attacker stands and what he would win, and is a script: what he does on every
//! connection that the device makes. Whatever that is, the device ends within a stated budget, runs what it ran, can
//! boot it, and is updated as soon as its server is itself again.

mod addresses;
mod check_ins;
mod handshakes;
mod impostors;
mod offers;
mod process;
mod ranges;
mod redirects;
pub(crate) mod scene;
mod slow;
mod stage;
mod streams;
mod times;
pub(crate) mod wire;

use std::{
    fmt, io,
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::harness::{Guest, Link, Table};
use scene::Scene;
use stage::{Seen, Stage};

/// What an attacker does on one connection. It ends by an error when the device hangs up.
type Script = Box<dyn Fn(&Scene, TcpStream) -> io::Result<()> + Send + Sync>;

/// One attack.
struct Attack {
    name: &'static str,
    by: Attacker,
    /// What it would win.
    wins: &'static str,
    script: Arc<Script>,
    budget: Budget,
    /// The device is watched until it was answered so many check-ins; else until it has nothing more to do.
    check_ins: Option<usize>,
    /// The bytes are the author's all the same, and the device takes them.
    updates: bool,
}

/// Where an attacker stands.
#[derive(Clone, Copy)]
enum Attacker {
    /// Somebody on the path: every packet is his, and no certificate.
    Path,
    /// Who owns our server: its certificate and its key, the releases, and no author's key.
    Server,
    /// Who owns a host that the device's settings allow images from, or a port of ours that a redirect leads to.
    Store,
}

impl fmt::Display for Attacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "on the path",
            Self::Server => "owner of the server",
            Self::Store => "owner of a store",
        })
    }
}

/// What an attack may cost the device at most.
#[derive(Clone, Copy)]
struct Budget {
    /// Seconds of its time.
    seconds: u64,
    /// Connections that it makes or tries to make.
    connections: usize,
    /// Bytes that it takes from the network, in KiB.
    kib: u64,
}

/// For what ends with the check-in: two minutes, and the slack of the last read and of its link.
///
/// A flood fills what its link reads ahead (18 KiB, and again while the first is looked at) and a message of a handshake
/// (64 KiB).
const CHECK_IN: Budget = Budget {
    seconds: 180,
    connections: 1,
    kib: 128,
};

/// The same where the device waits: what passes while its computer is busy counts.
const CHECK_IN_WAITED_FOR: Budget = Budget {
    seconds: 600,
    ..CHECK_IN
};

/// For what ends with the first answer about an image: check-in, download, report.
const ONE_ANSWER: Budget = Budget {
    seconds: 180,
    connections: 3,
    ..CHECK_IN
};

/// For what ends by patience: nine connections without a byte of use, each with its waits, check-in and report.
const NINE_TRIES: Budget = Budget {
    seconds: 3600,
    connections: 11,
    kib: 512,
};

/// An attack that ends with one check-in.
fn attack(name: &'static str, by: Attacker, wins: &'static str, script: Script) -> Attack {
    Attack {
        name,
        by,
        wins,
        script: Arc::new(script),
        budget: CHECK_IN,
        check_ins: None,
        updates: false,
    }
}

impl Attack {
    fn within(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    fn for_check_ins(self, count: usize) -> Self {
        let check_ins = Some(count);
        Self { check_ins, ..self }
    }

    fn that_updates(self) -> Self {
        let updates = true;
        Self { updates, ..self }
    }
}

fn attacks() -> Vec<Attack> {
    let families = [
        handshakes::attacks(),
        impostors::attacks(),
        streams::attacks(),
        check_ins::attacks(),
        slow::attacks(),
        times::attacks(),
        offers::attacks(),
        redirects::attacks(),
        addresses::attacks(),
        ranges::attacks(),
    ];
    families.into_iter().flatten().collect()
}

#[test]
fn every_hostile_server_is_borne_table() {
    let attacks = attacks();
    let stage = Stage::new(2 * attacks.len());
    // TLS 1.2 is a device's normal case, 1.3 the newer one.
    let plays: Vec<(&Attack, bool)> = attacks
        .iter()
        .flat_map(|attack| [(attack, true), (attack, false)])
        .collect();
    let seen = at_once(PLAYERS, &plays, |number, (attack, tls12)| {
        stage.play(number, attack, *tls12, Link::Rustls)
    });
    judge(&attacks, &seen, "Hostile servers");
}

/// One after the other, since there is one library in a process.
#[cfg(feature = "mbedtls")]
#[test]
fn every_hostile_server_is_borne_by_the_library_of_a_chip_table() {
    let attacks = attacks();
    let stage = Stage::new(2 * attacks.len());
    let seen: Vec<Seen> = attacks
        .iter()
        .flat_map(|attack| [(attack, true), (attack, false)])
        .enumerate()
        .map(|(number, (attack, tls12))| stage.play(number, attack, tls12, Link::MbedTls))
        .collect();
    judge(&attacks, &seen, "Hostile servers over Mbed TLS");
}

/// By TLS 1.2 and by 1.3 in turn.
#[test]
fn every_hostile_server_is_borne_by_the_machine_in_qemu_table() {
    let Some(guest) = Guest::find("hostile_servers_qemu") else {
        return;
    };
    let attacks = attacks();
    let stage = Stage::of(guest, attacks.len());
    let seen = at_once(MACHINES, &attacks, |number, attack| {
        stage.play(number, attack, number % 2 == 0, Link::Qemu(guest))
    });
    judge(
        &attacks,
        &seen,
        "Hostile servers against the machine in QEMU",
    );
}

/// Plays everything, so many at a time; gives what was seen in their order.
fn at_once<T: Sync>(
    players: usize,
    plays: &[T],
    play: impl Fn(usize, &T) -> Seen + Sync,
) -> Vec<Seen> {
    let seen: Vec<Mutex<Option<Seen>>> = plays.iter().map(|_| Mutex::default()).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..players {
            scope.spawn(|| {
                while let Some((index, one)) = turn(&next, plays) {
                    let result = play(index, one);
                    *seen[index].lock().unwrap() = Some(result);
                }
            });
        }
    });
    let seen = seen.into_iter();
    seen.map(|seen| seen.into_inner().unwrap().unwrap())
        .collect()
}

/// Holds what was seen of each attack, once or more often, to what it may cost and to what the documentation says.
fn judge(attacks: &[Attack], seen: &[Seen], title: &str) {
    let each = seen.len() / attacks.len();
    let mut measured = Table::new(&[
        "attack",
        "TLS",
        "the device says",
        "seconds",
        "connections",
        "bytes taken",
    ]);
    let mut stable = Table::new(&[
        "attack",
        "the attacker is",
        "and would win",
        "the device says",
        "minutes at most",
        "connections at most",
        "KiB at most",
        "runs then",
        "with its server back",
    ]);
    for (attack, all) in attacks.iter().zip(seen.chunks(each)) {
        let first = &all[0];
        for seen in all {
            measured.row([
                attack.name,
                seen.tls,
                &seen.says,
                &seen.seconds.to_string(),
                &seen.connections.to_string(),
                &seen.taken.to_string(),
            ]);
        }
        let Budget {
            seconds,
            connections,
            kib,
        } = attack.budget;
        stable.row([
            attack.name,
            &attack.by.to_string(),
            attack.wins,
            &first.says,
            &seconds.div_ceil(60).to_string(),
            &connections.to_string(),
            &kib.to_string(),
            &first.runs,
            &first.afterwards,
        ]);
    }
    measured.print(&format!("{title}, as measured"));
    for (attack, all) in attacks.iter().zip(seen.chunks(each)) {
        for seen in all {
            let name = attack.name;
            assert_eq!(seen.says, all[0].says, "{name}: by version of TLS");
            seen.judge(attack);
        }
    }
    stable.print(title);
    stable.stands_in("attacks.md", "hostile-servers");
}

/// The next of so many that is nobody's yet.
fn turn<'a, T>(next: &AtomicUsize, all: &'a [T]) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    all.get(index).map(|one| (index, one))
}

/// Attacks under way at once: most of them wait most of the time.
const PLAYERS: usize = 12;

/// Machines in QEMU at once: they compute.
const MACHINES: usize = 4;
