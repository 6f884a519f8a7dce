//! What one chain needs.

use countersign_x509::Certificate;
use esp_formats::bundle::{Entry, Format};

use super::{Host, Ranked, Target, Unchosen, Wanted};
use crate::bundle::{self, encoded, pack};
use crate::{Refusal, Verdict, device::judge_with, mbedtls::Signatures};

/// One chain before one kind of device.
pub(super) struct Trial<'a> {
    pub(super) chain: &'a [&'a [u8]],
    pub(super) host: &'a Host,
    pub(super) target: &'a Target,
    pub(super) wanted: &'a Wanted<'a>,
    pub(super) ranked: &'a Ranked<'a>,
    pub(super) signatures: &'a Signatures,
}

impl Trial<'_> {
    /// Which of the relevant candidates, together, make the device accept: the sets of the least size. `None` where
    /// it does without any.
    #[expect(
        clippy::type_complexity,
        reason = "a refusal is an outcome here, not a failure"
    )]
    pub(super) fn options(
        &self,
        relevant: &[usize],
    ) -> Result<Result<Option<Vec<Vec<usize>>>, Refusal>, Unchosen> {
        if !self.wanted.given.is_empty() && self.with(&[])?.outcome.is_ok() {
            return Ok(Ok(None));
        }
        for size in 1..=MAX_TOGETHER.min(relevant.len()) {
            let mut options = Vec::new();
            for together in subsets(relevant, size) {
                let clash = |&a: &usize| together.iter().any(|&b| self.ranked.clash(a, b));
                if !together.iter().any(clash) && self.with(&together)?.outcome.is_ok() {
                    options.push(together);
                }
            }
            if !options.is_empty() {
                return Ok(Ok(Some(options)));
            }
        }
        let refusal = match self.with(relevant)?.outcome {
            Err(refusal) => refusal,
            // All together do it, but no few of them: more roots than a real path can need.
            Ok(_) => Refusal::TooMany,
        };
        Ok(Err(refusal))
    }

    fn with(&self, ranks: &[usize]) -> Result<Verdict, Unchosen> {
        let chosen = ranks
            .iter()
            .map(|&rank| self.ranked.certificates[rank].clone());
        let all: Vec<Certificate> = self.wanted.given.iter().cloned().chain(chosen).collect();
        let bytes = if all.is_empty() {
            nobody(self.target.format)?
        } else {
            pack(&all, self.target.format)
                .map_err(Unchosen::Unpackable)?
                .bytes
        };
        Ok(judge_with(
            self.signatures,
            self.chain,
            &self.host.name,
            &self.target.device(&bytes),
        ))
    }
}

/// A bundle that vouches for nobody, so that what a device says to it is about the chain.
fn nobody(format: Format) -> Result<Vec<u8>, Unchosen> {
    const EMPTY: &[u8] = &[0x30, 0];
    let mut entries = [Entry {
        name: EMPTY,
        key: EMPTY,
    }];
    encoded(format, &mut entries)
        .map_err(|error| Unchosen::Unpackable(bundle::Error::Format(error)))
}

/// Every choice of `size` of the elements, in order.
fn subsets(elements: &[usize], size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, &first) in elements.iter().enumerate() {
        for mut rest in subsets(&elements[at + 1..], size - 1) {
            rest.insert(0, first);
            all.push(rest);
        }
    }
    all
}

/// How many roots one chain can need at once. A path has one top; more are needed only where a certificate in its
/// middle was not signed by the one that was sent behind it.
const MAX_TOGETHER: usize = 2;
