//! The name of an offer.

use core::fmt;
use core::str::FromStr;

use crate::value::{from_hex, write_hex};

/// Names one offer: a release, for one device, until it confirms or fails. 16 random bytes, shown as 32 hexadecimal
/// digits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct OfferId(pub [u8; 16]);

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl FromStr for OfferId {
    type Err = NotAnOfferId;

    fn from_str(text: &str) -> Result<Self, NotAnOfferId> {
        from_hex(text).map(Self).ok_or(NotAnOfferId)
    }
}

/// The text is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an offer id: 32 hexadecimal digits are wanted")]
pub struct NotAnOfferId;
