//! What one device, with its release of ESP-IDF and its bundle, makes of a chain.

mod log;
mod message;

use std::fmt;

use countersign_protocol::UnixTime;
use esp_formats::bundle::Bundle;
pub use esp_formats::bundle::DEFAULT_MAX_ENTRIES;

use crate::{
    IdfRelease, Refusal,
    esp_idf::handshake::{self, Settings},
    mbedtls::{Rules, Signatures, Time, flags},
};

pub use log::Searched;
pub use message::{MessageRefusal, certificate_message_fits, certificate_message_len};

/// A device, as far as whom it believes depends on it.
///
/// All else is as ESP-IDF builds it by default: TLS 1.2, the default certificate profile.
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
    /// How many roots it takes (`CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_MAX_CERTS`): [`DEFAULT_MAX_ENTRIES`], unless its build says
    /// otherwise.
    pub max_entries: usize,
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
    /// What the device's log says of it.
    pub log: DeviceLog,
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

/// What a device says of a failed handshake (`esp-tls`: `mbedtls_ssl_handshake returned -0x…`).
///
/// What the bundle's callback returns is not among it: -0x3000 until v5.3 and -0x2700 since v5.4, of which
/// mbedTLS makes -0x3000 in both cases. A handshake that ends with -0x2700 failed for something else,
/// which the flags say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DeviceLog {
    /// What the handshake returns: -0x3000 where the bundle does not vouch (or nothing can be verified),
    /// -0x2700 for a finding in `flags`, -0x7a00 for a usage, -0x428e for a key that is too long to compute with,
    /// -0x7680 where the bundle was not taken.
    /// Nothing where the chain is accepted, or cannot even be read.
    pub code: Option<i32>,
    /// `MBEDTLS_X509_BADCERT_*` of all certificates together (`verify_result`); all bits where the
    /// verification was cut off.
    pub flags: u32,
    /// How the look-up in the bundle ended, where that is what refused.
    pub searched: Option<Searched>,
}

impl DeviceLog {
    pub(crate) const fn fatal() -> Self {
        Self {
            code: Some(X509_FATAL_ERROR),
            flags: flags::FATAL,
            searched: None,
        }
    }

    pub(crate) const fn verify_failed(flags: u32) -> Self {
        Self {
            code: Some(X509_CERT_VERIFY_FAILED),
            flags,
            searched: None,
        }
    }

    /// Adds what is looked at after the verification.
    pub(crate) fn add(&mut self, flag: u32) {
        self.flags |= flag;
        self.code = self.code.or(Some(SSL_BAD_CERTIFICATE));
    }

    /// The server's signature over what was agreed on cannot be checked.
    pub(crate) fn cannot_compute(&mut self) {
        self.code = self.code.or(Some(RSA_PUBLIC_FAILED));
    }
}

/// Does what a device does when a server that it calls `host` sends `chain`: DER, the server's own
/// first.
pub fn judge(chain: &[&[u8]], host: &str, device: &Device<'_>) -> Verdict {
    judge_with(&Signatures::default(), chain, host, device)
}

/// The same, with what was found out for other devices.
pub(crate) fn judge_with(
    signatures: &Signatures,
    chain: &[&[u8]],
    host: &str,
    device: &Device<'_>,
) -> Verdict {
    let release = device.release;
    let checks = release.load_checks(device.max_entries);
    let bundle = match Bundle::load(device.bundle, checks) {
        Ok(bundle) => bundle,
        Err(cause) => {
            let what = format!("the bundle is not taken: {cause}");
            return Verdict {
                outcome: Err(Refusal::Bundle { cause }),
                steps: vec![Step {
                    position: None,
                    what,
                }],
                log: DeviceLog {
                    code: Some(SSL_CA_CHAIN_REQUIRED),
                    ..DeviceLog::default()
                },
            };
        }
    };
    if let Err(message) = certificate_message_fits(chain, release, MAX_MESSAGE, MAX_MESSAGE) {
        return Verdict {
            outcome: Err(Refusal::TooLarge { message }),
            steps: vec![Step {
                position: None,
                what: format!("{message}, which ends the handshake"),
            }],
            log: DeviceLog::default(),
        };
    }
    let settings = Settings {
        rules: Rules::of(device.release),
        time: match device.clock {
            Clock::Ignored => Time::Ignored,
            Clock::At(now) => Time::At(now),
        },
        cross_signed: device.cross_signed,
        first_counts: false,
        signatures,
    };
    let judged = handshake::run(chain, host, &bundle, &settings);
    Verdict {
        outcome: judged.outcome.map(|accepted| Acceptance {
            anchor_subject: accepted.anchor().name.to_vec(),
            anchor_key: accepted.anchor().key.to_vec(),
            path: accepted.path().to_vec(),
        }),
        steps: judged.steps,
        log: judged.log,
    }
}

/// `CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN`: at most this, and by default (`components/mbedtls/Kconfig`). It is also the most that a
/// record has.
const MAX_MESSAGE: usize = 16_384;

/// `MBEDTLS_ERR_X509_FATAL_ERROR`.
const X509_FATAL_ERROR: i32 = -0x3000;
/// `MBEDTLS_ERR_X509_CERT_VERIFY_FAILED`.
const X509_CERT_VERIFY_FAILED: i32 = -0x2700;
/// `MBEDTLS_ERR_SSL_BAD_CERTIFICATE`, before 3.0 `MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE`.
const SSL_BAD_CERTIFICATE: i32 = -0x7a00;
/// `MBEDTLS_ERR_RSA_PUBLIC_FAILED` and `MBEDTLS_ERR_MPI_NOT_ACCEPTABLE`.
const RSA_PUBLIC_FAILED: i32 = -0x428e;
/// `MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED`: esp-tls goes on where attaching the bundle failed.
const SSL_CA_CHAIN_REQUIRED: i32 = -0x7680;
