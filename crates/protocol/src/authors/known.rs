//! Those whom the one that checks believes, and how many of them it takes.

use crate::authors::{AuthorSet, MAX_AUTHORS, spki_of};
use crate::{Author, AuthorId, Es256Verifier, UnixTime};

/// Whose signatures count, and how many are needed: a set, or the keys that a factory gave.
#[derive(Clone, Copy, Debug)]
pub struct Authors<'a> {
    sequence: u32,
    threshold: u8,
    not_after: Option<UnixTime>,
    keys: Keys<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Keys<'a> {
    Given(&'a [Author<'a>]),
    Set(AuthorSet<'a>, [AuthorId; MAX_AUTHORS]),
}

impl<'a> Authors<'a> {
    /// Keys without a set, of which any one suffices and which have no end: what counts as set 0.
    pub const fn factory(known: &'a [Author<'a>]) -> Self {
        Self {
            sequence: 0,
            threshold: 1,
            not_after: None,
            keys: Keys::Given(known),
        }
    }

    /// The keys of a set that is believed; their ids are made with `sha256`.
    pub fn of(set: &AuthorSet<'a>, sha256: impl Fn(&[u8]) -> [u8; 32]) -> Self {
        let mut ids = [AuthorId([0; 8]); MAX_AUTHORS];
        for (id, key) in ids.iter_mut().zip(set.keys.as_slice()) {
            *id = AuthorId::from_spki_sha256(&sha256(&spki_of(key)));
        }
        Self {
            sequence: set.sequence,
            threshold: set.threshold,
            not_after: set.not_after,
            keys: Keys::Set(*set, ids),
        }
    }

    /// The set's sequence, 0 without one.
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// How many different keys must have signed.
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// The set's end, where it has one.
    pub const fn not_after(&self) -> Option<UnixTime> {
        self.not_after
    }

    /// Shows each author to `visit`, in the set's order, until that says `false`.
    pub fn each(&self, mut visit: impl FnMut(&Author<'_>) -> bool) {
        match &self.keys {
            Keys::Given(known) => {
                let _ = known.iter().all(visit);
            }
            Keys::Set(set, ids) => {
                let _ = set.keys.as_slice().iter().zip(ids).all(|(key, id)| {
                    visit(&Author {
                        id: *id,
                        public_key: &spki_of(key),
                    })
                });
            }
        }
    }

    /// Counts the keys that have signed. Keys are counted and not signatures, so that one key is one however often it signed.
    ///
    /// Looks no further than the threshold.
    pub(crate) fn tally(&self, mut look: impl FnMut(&Author<'_>) -> Look) -> Tally {
        let mut tally = Tally::default();
        self.each(|author| {
            match look(author) {
                Look::Absent => {}
                Look::Bad => tally.bad = true,
                Look::Good => {
                    tally.count = tally.count.saturating_add(1);
                    tally.first = tally.first.or(Some(author.id));
                }
            }
            tally.count < self.threshold
        });
        tally
    }
}

/// What was found of one author.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Look {
    /// No signature names him.
    Absent,
    /// One names him and is not his.
    Bad,
    /// He has signed.
    Good,
}

impl Look {
    /// Looks at the first of `signatures` that names the author, and at no other: whoever makes two by one key gains nothing,
    /// and nobody can make a device check more signatures than it knows keys.
    pub(crate) fn at<'s>(
        author: &Author<'_>,
        mut signatures: impl Iterator<Item = (AuthorId, &'s [u8; 64])>,
        message: &[u8],
        verifier: &(impl Es256Verifier + ?Sized),
    ) -> Self {
        match signatures.find(|(id, _)| *id == author.id) {
            None => Self::Absent,
            Some((_, signature)) => {
                if verifier.es256_verify(author.public_key, message, signature) {
                    Self::Good
                } else {
                    Self::Bad
                }
            }
        }
    }
}

/// What came of all of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// How many have signed, up to the threshold.
    pub(crate) count: u8,
    /// The first of these.
    pub(crate) first: Option<AuthorId>,
    /// A signature names one of them and is not his.
    pub(crate) bad: bool,
}
