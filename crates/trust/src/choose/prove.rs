//! The proof that a bundle does what it was made for.

use super::{Host, Target};
use crate::{Verdict, device::judge_with, mbedtls::Signatures};

/// What one kind of device made of one chain of one host, with a certain bundle and nothing else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof<'a> {
    /// The host.
    pub host: &'a Host,
    /// Which of its chains, by its place.
    pub chain: usize,
    /// The device.
    pub target: &'a Target,
    /// What it made of it, with every step.
    pub verdict: Verdict,
}

/// Has each kind of device judge each chain of each host; `bundle` gives what a device of that kind has in its flash.
pub fn prove<'a, 'b>(
    hosts: &'a [Host],
    targets: &'a [Target],
    bundle: impl Fn(&Target) -> &'b [u8],
) -> Vec<Proof<'a>> {
    let signatures = Signatures::default();
    let mut proofs = Vec::new();
    for host in hosts {
        for (chain, sent) in host.chains.iter().enumerate() {
            let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
            for target in targets {
                let device = target.device(bundle(target));
                let verdict = judge_with(&signatures, &sent, &host.name, &device);
                proofs.push(Proof {
                    host,
                    chain,
                    target,
                    verdict,
                });
            }
        }
    }
    proofs
}
