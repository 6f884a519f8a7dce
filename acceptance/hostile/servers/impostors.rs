//! Those who say that they are our server, and do all that it would do, the handshake's end apart.

use super::{Attack, Attacker::Path, attack, wire::impostor};

pub(super) fn attacks() -> Vec<Attack> {
    let wins = "a device that takes orders from him";
    let proofs = [
        ("a certificate of ours that has ended", "ended"),
        ("a certificate of ours for another name", "another name"),
        ("a public CA's certificate for our name", "public CA"),
    ];
    proofs
        .map(|(name, how)| attack(name, Path, wins, impostor(how)))
        .into()
}
