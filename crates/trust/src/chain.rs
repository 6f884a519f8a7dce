//! What a server sent, put in order: every way from its own certificate up to a root, what is sent for nothing, what is
//! missing.
//!
//! This is how a patient reader sees a chain, who tries all ways (RFC 5280 §6.1 leaves the search open; RFC 4158 has its
//! pitfalls). A device tries one: see [`crate::judge`].

mod assess;
mod file;
pub mod names;
mod search;

use std::collections::HashSet;

use countersign_x509::{Certificate, Error};

use crate::bundle::is_same_entry;

pub use assess::{Fault, assess};
pub use file::{FromFile, LONGEST, NoChain, from_file};

/// The roots that a chain may end in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Roots<'a> {
    /// Those that are trusted.
    pub trusted: &'a [Certificate],
    /// Those that are known and no longer trusted, or by some only: a chain that ends in one is explained better.
    pub known: &'a [Certificate],
}

/// What was sent, and the ways up from it.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The certificates as they came, at most [`MAX_SENT`].
    pub sent: Vec<Sent>,
    /// How many more came and are not looked at.
    pub left_off: usize,
    /// The ways up, the best first: those to a trusted root, then to a known one, then the others; shorter before longer.
    pub paths: Vec<Path>,
    /// Whether there were more ways than are searched ([`MAX_PATHS`] and a bound on steps).
    pub cut: bool,
}

/// One certificate as it came.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its bytes.
    pub der: Vec<u8>,
    /// What they say, or why they say nothing.
    pub certificate: Result<Certificate, Error>,
    /// What it is there for.
    pub place: Place,
}

/// What a certificate is there for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// It is the server's own: the first.
    Own,
    /// It stands on the best path.
    Needed,
    /// It leads to another root than the best path, for clients that lack the better one.
    OtherWay,
    /// It is a root's cross-certificate: a root that is here, as certified by another one. Clients that have the root
    /// do without it; some devices stumble over it.
    Surplus,
    /// It is a root, which clients have or else do not believe.
    Root,
    /// The same was sent before.
    Repeated {
        /// Where.
        first: usize,
    },
    /// It is a second certificate of a server, and has issued nothing.
    AnotherLeaf,
    /// No path from the server's certificate leads over it.
    Unrelated,
    /// It cannot be read.
    Unreadable,
}

/// One way up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path {
    /// The certificates that it leads over, by their positions in what was sent, the server's own first.
    pub over: Vec<usize>,
    /// Where it ends.
    pub end: End,
}

/// Where a path ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End {
    /// In a root. It has signed the last certificate of the path, or is the server's own itself.
    Root {
        /// Which.
        root: Certificate,
        /// Whether it is one of [`Roots::trusted`].
        trusted: bool,
    },
    /// In a certificate that was sent, vouches for itself, and is no root that is known here.
    SelfSigned,
    /// Nothing of the issuer's name is there.
    Missing,
    /// Something of the issuer's name is there, and its key did not make the signature.
    OtherKey,
    /// In what it came from.
    Loop,
}

impl Chain {
    /// Sorts out what was sent, DER, the server's own first.
    pub fn new(sent: &[impl AsRef<[u8]>], roots: Roots<'_>) -> Self {
        let mut read: Vec<Sent> = sent
            .iter()
            .take(MAX_SENT)
            .map(|der| Sent {
                der: der.as_ref().to_vec(),
                certificate: Certificate::from_der(der.as_ref()),
                place: Place::Unrelated,
            })
            .collect();
        let (paths, cut) = search::paths(&read, roots);
        place(&mut read, &paths, roots);
        Self {
            left_off: sent.len().saturating_sub(read.len()),
            sent: read,
            paths,
            cut,
        }
    }

    /// The certificate at a position, if it could be read.
    pub fn certificate(&self, position: usize) -> Option<&Certificate> {
        self.sent.get(position)?.certificate.as_ref().ok()
    }

    /// The best path; none where the server's own certificate cannot be read, or nothing was sent.
    pub fn best(&self) -> Option<&Path> {
        self.paths.first()
    }

    /// Whether each certificate of the best path is sent behind the one that it issued, as RFC 5246 §7.4.2 wants and
    /// mbedTLS needs.
    pub fn is_in_order(&self) -> bool {
        self.best().is_none_or(|best| best.over.is_sorted())
    }
}

fn place(sent: &mut [Sent], paths: &[Path], roots: Roots<'_>) {
    let best = paths.first().map(|path| path.over.clone());
    let best = best.unwrap_or_default();
    let on_any: HashSet<usize> = paths.iter().flat_map(|path| path.over.clone()).collect();
    let is_anchor = |certificate: &Certificate| {
        let mut all = roots.trusted.iter().chain(roots.known);
        all.any(|root| is_same_entry(root, certificate))
    };
    let places: Vec<Place> = sent
        .iter()
        .enumerate()
        .map(|(position, one)| {
            if position == 0 {
                return Place::Own;
            }
            let before = sent.iter().position(|other| other.der == one.der);
            if let Some(first) = before.filter(|first| *first < position) {
                return Place::Repeated { first };
            }
            match &one.certificate {
                Err(_) => Place::Unreadable,
                Ok(root) if root.is_self_issued() && root.is_ca() && !best.contains(&position) => {
                    Place::Root
                }
                Ok(_) if best.contains(&position) => Place::Needed,
                Ok(cross) if is_anchor(cross) => Place::Surplus,
                Ok(_) if on_any.contains(&position) => Place::OtherWay,
                Ok(leaf) if !leaf.is_ca() => Place::AnotherLeaf,
                Ok(_) => Place::Unrelated,
            }
        })
        .collect();
    for (one, place) in sent.iter_mut().zip(places) {
        one.place = place;
    }
}

/// How many certificates of a chain are looked at: mbedTLS takes nine, and a search must end.
pub const MAX_SENT: usize = 32;

/// How many paths are kept: with a few cross-certificates there are few, and whoever sends more wants to keep us busy.
pub const MAX_PATHS: usize = 64;

#[cfg(test)]
mod tests;
