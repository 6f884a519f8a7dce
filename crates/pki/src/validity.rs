//! From when until when.

use countersign_protocol::UnixTime;
use time::{OffsetDateTime, macros::datetime};

use crate::Error;

/// The time for which a certificate is good (RFC 5280 §4.1.2.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    /// Its first second.
    pub not_before: UnixTime,
    /// Its last second; `None` is "no well-defined end", written as 99991231235959Z.
    pub not_after: Option<UnixTime>,
}

impl Validity {
    pub(crate) fn dates(self) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
        let not_before = date(self.not_before)?;
        let not_after = self.not_after.map_or(Ok(NO_END), date)?;
        if not_after < not_before {
            return Err(Error::Validity);
        }
        Ok((not_before, not_after))
    }
}

pub(crate) fn date(time: UnixTime) -> Result<OffsetDateTime, Error> {
    let seconds = i64::try_from(time.0).map_err(|_| Error::Validity)?;
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| Error::Validity)
}

/// RFC 5280 §4.1.2.5, for devices that nobody will visit again.
const NO_END: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);
