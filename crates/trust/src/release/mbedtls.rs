//! Which mbedTLS a release of ESP-IDF has.

use std::fmt;

use super::IdfRelease;

/// A version of mbedTLS, older first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MbedTls {
    /// 3 in 3.6.5.
    pub major: u8,
    /// 6 in 3.6.5.
    pub minor: u8,
    /// 5 in 3.6.5.
    pub patch: u8,
}

impl MbedTls {
    /// The version `major.minor.patch`.
    pub const fn new(major: u8, minor: u8, patch: u8) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

/// As `2.28.8`.
impl fmt::Display for MbedTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl IdfRelease {
    /// The mbedTLS that it is built with; of a patch that is not known, that of the one before.
    pub fn mbedtls(self) -> MbedTls {
        let known = VERSIONS
            .iter()
            .rev()
            .find(|((major, minor, patch), _)| Self::new(*major, *minor, *patch) <= self);
        let (_, (major, minor, patch)) = known.unwrap_or(&VERSIONS[0]);
        MbedTls::new(*major, *minor, *patch)
    }
}

/// A release, and the version that it brought.
type Row = ((u16, u16, u16), (u8, u8, u8));

/// The first release with each version.
///
/// Source: ESP-IDF, the submodule `components/mbedtls/mbedtls` at each tag, by the titles of the
/// commits that moved it; `v6.1` and `v6.2` are `release/v6.1` and `master` of 2026-07-23.
const VERSIONS: &[Row] = &[
    ((4, 2, 0), (2, 16, 7)),
    ((4, 2, 1), (2, 16, 9)),
    ((4, 2, 3), (2, 16, 12)),
    ((4, 3, 0), (2, 16, 9)),
    ((4, 3, 1), (2, 16, 11)),
    ((4, 3, 3), (2, 28, 0)),
    ((4, 3, 4), (2, 28, 1)),
    ((4, 3, 6), (2, 28, 3)),
    ((4, 3, 7), (2, 28, 5)),
    ((4, 4, 0), (2, 16, 12)),
    ((4, 4, 1), (2, 28, 0)),
    ((4, 4, 2), (2, 28, 1)),
    ((4, 4, 5), (2, 28, 3)),
    ((4, 4, 6), (2, 28, 4)),
    ((4, 4, 7), (2, 28, 7)),
    ((4, 4, 8), (2, 28, 8)),
    ((5, 0, 0), (3, 2, 1)),
    ((5, 0, 2), (3, 3, 0)),
    ((5, 0, 3), (3, 4, 0)),
    ((5, 0, 4), (3, 4, 1)),
    ((5, 0, 5), (3, 5, 0)),
    ((5, 0, 7), (3, 6, 0)),
    ((5, 0, 8), (3, 6, 2)),
    ((5, 0, 9), (3, 6, 3)),
    ((5, 1, 0), (3, 4, 0)),
    ((5, 1, 2), (3, 5, 0)),
    ((5, 1, 4), (3, 5, 2)),
    ((5, 1, 5), (3, 6, 1)),
    ((5, 1, 6), (3, 6, 2)),
    ((5, 1, 7), (3, 6, 5)),
    ((5, 2, 0), (3, 5, 0)),
    ((5, 2, 1), (3, 5, 2)),
    ((5, 2, 2), (3, 6, 0)),
    ((5, 2, 4), (3, 6, 2)),
    ((5, 2, 6), (3, 6, 4)),
    ((5, 2, 7), (3, 6, 6)),
    ((5, 3, 0), (3, 6, 0)),
    ((5, 3, 2), (3, 6, 2)),
    ((5, 3, 4), (3, 6, 4)),
    ((5, 3, 5), (3, 6, 5)),
    ((5, 4, 0), (3, 6, 2)),
    ((5, 4, 2), (3, 6, 3)),
    ((5, 4, 3), (3, 6, 4)),
    ((5, 4, 4), (3, 6, 5)),
    ((5, 5, 0), (3, 6, 3)),
    ((5, 5, 1), (3, 6, 4)),
    ((5, 5, 2), (3, 6, 5)),
    ((5, 5, 5), (3, 6, 6)),
    ((6, 0, 0), (4, 0, 0)),
    ((6, 0, 2), (4, 1, 1)),
];
