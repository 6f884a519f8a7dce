//! The device's last word on an offer.

use crate::cbor::{Reader, Writer, require};
use crate::message::MAX_NAME;
use crate::{CURRENT, Error, ErrorKind, MIN, OfferId, Reason};

/// How an offer ended on the device.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// The new image runs and was confirmed (wire: 1).
    Confirmed,
    /// The new image ran, was not confirmed, and the boot loader went back (wire: 2).
    RolledBack,
    /// The device refused the offer or its bytes, for good (wire: 3).
    Refused,
    /// The device could not finish for now, and would take the same offer again (wire: 4).
    Failed,
}

impl Outcome {
    /// The value on the wire.
    pub const fn wire(self) -> u8 {
        match self {
            Self::Confirmed => 1,
            Self::RolledBack => 2,
            Self::Refused => 3,
            Self::Failed => 4,
        }
    }

    /// The outcome of a value on the wire.
    pub const fn from_wire(value: u8) -> Option<Self> {
        match value {
            1 => Some(Self::Confirmed),
            2 => Some(Self::RolledBack),
            3 => Some(Self::Refused),
            4 => Some(Self::Failed),
            _ => None,
        }
    }

    /// A stable name for JSON and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::RolledBack => "rolled-back",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Whether a report of this outcome may state a reason.
    pub const fn has_reason(self) -> bool {
        matches!(self, Self::Refused | Self::Failed)
    }
}

/// How an offer ended: the body of `POST /v1/report`.
///
/// A CBOR map: 0 version, 1 offer id, 2 outcome, 3 running version, 4 reason (with refused and failed only).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Report<'a> {
    /// The offer that ended.
    pub offer: OfferId,
    /// How it ended.
    pub outcome: Outcome,
    /// The version in the running image's app descriptor, 0 to 32 bytes.
    pub version: &'a str,
    /// Why, where the outcome has a reason; `None` also for a number that this crate does not know yet.
    pub reason: Option<Reason>,
}

impl<'a> Report<'a> {
    /// Writes the message and tells its length; [`MAX_REPORT`] bytes of room always suffice.
    ///
    /// # Errors
    /// `NoRoom`, and `BadField` where the version is too long or a reason stands with an outcome that has none; the
    /// offset is that of the output.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut writer = Writer::new(out);
        writer.map(if self.reason.is_some() { 5 } else { 4 })?;
        writer.uint_entry(0, CURRENT.into())?;
        writer.bytes_entry(1, &self.offer.0, 16..=16)?;
        writer.uint_entry(2, self.outcome.wire().into())?;
        writer.text_entry(3, self.version, 0..=MAX_NAME)?;
        if let Some(reason) = self.reason {
            if !self.outcome.has_reason() {
                return Err(writer.error(ErrorKind::BadField));
            }
            writer.uint_entry(4, reason.wire().into())?;
        }
        Ok(writer.len())
    }

    /// Reads the message; keys that it does not know, as a later version may have, are passed over.
    ///
    /// # Errors
    /// `NotCbor`, `NotDeterministic`, `Surplus`, `UnknownVersion`; `BadField` at a value of the wrong type, length or
    /// range, and at a reason where the outcome has none; `MissingField` at the start of the map that lacks one.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes, 0)?;
        let rest = reader.versioned_map(MIN..=CURRENT)?;
        let (mut offer, mut outcome, mut version, mut reason) = (None, None, None, None);
        for _ in 0..rest {
            match reader.key()? {
                Some(1) => offer = Some(OfferId(*reader.fixed()?)),
                Some(2) => outcome = Some(reader.one_of(Outcome::from_wire)?),
                Some(3) => version = Some(reader.text(0..=MAX_NAME)?),
                // Keys ascend, so the outcome is known here. A number may be newer than this crate: the report counts
                // all the same.
                Some(4) if outcome.is_some_and(Outcome::has_reason) => {
                    reason =
                        reader.one_of(|value| (value != 0).then(|| Reason::from_wire(value)))?;
                }
                Some(4) => return Err(reader.error(ErrorKind::BadField)),
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            offer: require(offer, 0)?,
            outcome: require(outcome, 0)?,
            version: require(version, 0)?,
            reason,
        })
    }
}

/// The longest [`Report`] of this version, in bytes: the map's head, then each key with its value.
pub const MAX_REPORT: usize = 1 // map
    + 2 // version
    + 1 + 1 + 16 // offer
    + 2 // outcome
    + 1 + 2 + MAX_NAME // running version
    + 1 + 2; // reason
