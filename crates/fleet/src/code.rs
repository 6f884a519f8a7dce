//! The text codes of states, as stores and JSON hold them.

use std::{fmt, str::FromStr};

use crate::{DeviceState, OfferState};

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
    pub const ALL: [Self; 3] = [Self::Active, Self::Suspended, Self::Revoked];

    /// The state's code: `active`, `suspended`, `revoked`. A code never changes its meaning.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
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
        for (state, code) in DeviceState::ALL
            .into_iter()
            .zip(["active", "suspended", "revoked"])
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
