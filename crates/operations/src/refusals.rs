//! Who was turned away lately, and why: a short memory, so that an operator need not read logs.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use countersign_protocol::UnixTime;

/// Somebody was turned away.
#[derive(Clone, Debug)]
pub struct Refused {
    /// When.
    pub at: UnixTime,
    /// From which plane: `device`, `download`.
    pub plane: &'static str,
    /// Where he came from, an address without port.
    pub from: String,
    /// The name in the certificate that he showed, not to be believed.
    pub claimed: Option<String>,
    /// Why: a stable code, such as `unknown-issuer`.
    pub code: &'static str,
    /// Why, in words.
    pub reason: String,
}

/// The last [`REMEMBERED`] refusals. Kept in memory only: whoever is refused shall not fill the disk.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<VecDeque<Refused>>);

impl Refusals {
    /// Adds one, and forgets the oldest where there are too many.
    pub fn push(&self, refused: Refused) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back(refused);
    }

    /// All that are remembered, newest first.
    pub fn all(&self) -> Vec<Refused> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().cloned().collect()
    }
}

/// How many refusals are remembered.
pub const REMEMBERED: usize = 200;
