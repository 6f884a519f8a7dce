//! The text codes of states, as stores and JSON hold them.

use std::{fmt, str::FromStr};

use crate::{
    CertificateProfile, DeviceState, NameMapping, OfferState, RevocationReason, VouchesFor,
};

/// A text that is no code of its kind.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{code}` is not a {what}")]
pub struct UnknownCode {
    /// What was wanted.
    pub what: &'static str,
    /// The text that was given.
    pub code: String,
}

impl DeviceState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Suspended, Self::Retired, Self::Revoked];

    /// The state's code: `active`, `suspended`, `retired`, `revoked`. A code never changes its meaning.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

impl OfferState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Confirmed,
        Self::RolledBack,
        Self::Refused,
        Self::Superseded,
    ];

    /// The state's code: `open`, `confirmed`, `rolled-back`, `refused`, `superseded`. A code never changes its meaning.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::RolledBack => "rolled-back",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }
}

impl CertificateProfile {
    /// Every profile.
    pub const ALL: [Self; 6] = [
        Self::Device,
        Self::DeviceInService,
        Self::Server,
        Self::Authority,
        Self::Proof,
        Self::Registered,
    ];

    /// The profile's code: `device`, `device-in-service`, `server`, `authority`, `proof`, `registered`. A code never
    /// changes its meaning.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::DeviceInService => "device-in-service",
            Self::Server => "server",
            Self::Authority => "authority",
            Self::Proof => "proof",
            Self::Registered => "registered",
        }
    }
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    /// The reason's code: `unspecified`, `key-compromise`, `superseded`, `cessation-of-operation`. A code never changes
    /// its meaning.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
        }
    }
}

impl VouchesFor {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Known, Self::New, Self::Nobody];

    /// Its code: `known`, `new`, `nobody`. A code never changes its meaning.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::New => "new",
            Self::Nobody => "nobody",
        }
    }
}

impl NameMapping {
    /// Every mapping.
    pub const ALL: [Self; 3] = [Self::CommonName, Self::Uri, Self::DnsName];

    /// The mapping's code: `cn`, `uri`, `dns`. A code never changes its meaning.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommonName => "cn",
            Self::Uri => "uri",
            Self::DnsName => "dns",
        }
    }
}

impl FromStr for CertificateProfile {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        find(&Self::ALL, Self::as_str, code).ok_or_else(|| unknown("certificate profile", code))
    }
}

impl FromStr for RevocationReason {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        find(&Self::ALL, Self::as_str, code).ok_or_else(|| unknown("revocation reason", code))
    }
}

impl FromStr for VouchesFor {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        let what = "range of an authority (known, new, nobody)";
        find(&Self::ALL, Self::as_str, code).ok_or_else(|| unknown(what, code))
    }
}

impl FromStr for NameMapping {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        let what = "part of a certificate that names a device (cn, uri, dns)";
        find(&Self::ALL, Self::as_str, code).ok_or_else(|| unknown(what, code))
    }
}

impl FromStr for DeviceState {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        find(&Self::ALL, Self::as_str, code).ok_or_else(|| unknown("device state", code))
    }
}

impl FromStr for OfferState {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        find(&Self::ALL, Self::as_str, code).ok_or_else(|| unknown("offer state", code))
    }
}

impl fmt::Display for CertificateProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for DeviceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for OfferState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn find<T: Copy>(all: &[T], as_str: fn(T) -> &'static str, code: &str) -> Option<T> {
    all.iter().copied().find(|one| as_str(*one) == code)
}

fn unknown(what: &'static str, code: &str) -> UnknownCode {
    UnknownCode {
        what,
        code: code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_frozen_and_read_back() {
        for (state, code) in
            DeviceState::ALL
                .into_iter()
                .zip(["active", "suspended", "retired", "revoked"])
        {
            assert_eq!(state.to_string(), code);
            assert_eq!(code.parse(), Ok(state));
        }
        for (state, code) in OfferState::ALL.into_iter().zip([
            "open",
            "confirmed",
            "rolled-back",
            "refused",
            "superseded",
        ]) {
            assert_eq!(state.to_string(), code);
            assert_eq!(code.parse(), Ok(state));
        }
        let profiles = [
            "device",
            "device-in-service",
            "server",
            "authority",
            "proof",
            "registered",
        ];
        for (profile, code) in CertificateProfile::ALL.into_iter().zip(profiles) {
            assert_eq!(profile.to_string(), code);
            assert_eq!(code.parse(), Ok(profile));
        }
        let reasons = [
            "unspecified",
            "key-compromise",
            "superseded",
            "cessation-of-operation",
        ];
        for (reason, code) in RevocationReason::ALL.into_iter().zip(reasons) {
            assert_eq!(reason.to_string(), code);
            assert_eq!(code.parse(), Ok(reason));
        }
        for (vouches_for, code) in VouchesFor::ALL.into_iter().zip(["known", "new", "nobody"]) {
            assert_eq!(code.parse(), Ok(vouches_for));
        }
        for (mapping, code) in NameMapping::ALL.into_iter().zip(["cn", "uri", "dns"]) {
            assert_eq!(code.parse(), Ok(mapping));
        }
    }

    #[test]
    fn other_texts_are_no_codes() {
        for code in ["", "Active", "active ", "open"] {
            code.parse::<DeviceState>().unwrap_err();
        }
        for code in ["", "OPEN", "rolled_back", "active"] {
            code.parse::<OfferState>().unwrap_err();
        }
    }
}
