//! What one device, with its release of ESP-IDF and its bundle, makes of a chain.

use std::fmt;

use countersign_protocol::UnixTime;
use esp_formats::bundle::Bundle;

use crate::{IdfRelease, Refusal, verify};

/// A device, as far as whom it believes depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Device<'b> {
    /// The ESP-IDF that its application was built with.
    pub release: IdfRelease,
    /// Its certificate bundle, as it lies in its flash.
    pub bundle: &'b [u8],
    /// Whether it looks at dates, and what it takes for now.
    pub clock: Clock,
    /// `CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY`, where its release has that.
    pub cross_signed: bool,
}

/// What a device takes for now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Clock {
    /// It does not look at dates (`CONFIG_MBEDTLS_HAVE_TIME_DATE` is off, as by default).
    #[default]
    Ignored,
    /// It looks at dates, and this is what it takes for now.
    At(UnixTime),
}

/// What a device makes of a chain, and every step that led to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// Accepted, or the first reason not to.
    pub outcome: Result<Acceptance, Refusal>,
    /// What was done, in the order in which the device does it.
    pub steps: Vec<Step>,
}

/// A chain was accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Acceptance {
    /// The subject of the bundle's entry that vouches for it: a DER `Name`.
    pub anchor_subject: Vec<u8>,
    /// That entry's key: a DER `SubjectPublicKeyInfo`.
    pub anchor_key: Vec<u8>,
    /// The certificates of the path, by their position in what was sent, the server's own first.
    pub path: Vec<usize>,
}

/// One thing that a device did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// The certificate that it was about, by its position in what was sent.
    pub position: Option<usize>,
    /// What was done, and what came of it, in words.
    pub what: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "certificate {position}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Does what a device does when a server that it calls `host` sends `chain`: DER, the server's own
/// first.
pub fn judge(chain: &[&[u8]], host: &str, device: &Device<'_>) -> Verdict {
    let floor = match device.clock {
        Clock::Ignored => None,
        Clock::At(now) => Some(now),
    };
    let outcome = match Bundle::parse(device.bundle) {
        Ok(bundle) => verify(chain, &bundle, host, floor).map(|accepted| Acceptance {
            anchor_subject: accepted.anchor().name.to_vec(),
            anchor_key: accepted.anchor().key.to_vec(),
            path: accepted.path().to_vec(),
        }),
        Err(_) => Err(Refusal::NoCertificate),
    };
    Verdict {
        outcome,
        steps: Vec::new(),
    }
}
