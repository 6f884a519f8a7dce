//! What a line of the journal says.

use std::fmt::Write as _;

use countersign_fleet::{
    CertificateRecord, Device, DeviceId, DeviceState, RevocationReason, Revoked,
};
use countersign_protocol::{Digest, UnixTime};

/// A change that outlasts the database.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// When.
    pub at: UnixTime,
    /// What was done.
    pub what: What,
    /// To which device, or to whose certificate; none where the certificate is no device's.
    pub device: Option<DeviceId>,
    /// SHA-256 of the device's public key, where it is known by that alone.
    pub pin: Option<Digest>,
    /// The device's certificates, or the one that was revoked.
    pub certificates: Vec<Listed>,
    /// Why, as the operator said.
    pub reason: Option<String>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// A device came into this state.
    State(DeviceState),
    /// One certificate was revoked, and its device stays what it is.
    Certificate(RevocationReason),
}

/// A certificate, as far as it must be known to be barred and to stand in a CRL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// SHA-256 of its DER.
    pub fingerprint: Digest,
    /// Its serial number: 1 to 64 lower-case hexadecimal digits.
    pub serial: String,
    /// SHA-256 of the issuing authority's public key, where it was noted.
    pub issuer: Option<Digest>,
    /// The last second of its validity.
    pub not_after: UnixTime,
}

impl What {
    /// As what certificates are revoked by it, if they are.
    pub(crate) const fn revokes_for(self) -> Option<RevocationReason> {
        match self {
            Self::State(DeviceState::Revoked) => Some(RevocationReason::KeyCompromise),
            Self::State(DeviceState::Retired) => Some(RevocationReason::CessationOfOperation),
            Self::State(DeviceState::Active | DeviceState::Suspended) => None,
            Self::Certificate(reason) => Some(reason),
        }
    }
}

impl Listed {
    /// What a line says of a certificate.
    pub(crate) fn of(record: &CertificateRecord) -> Self {
        Self::new(
            record.fingerprint,
            &record.serial,
            record.issuer,
            record.not_after,
        )
    }

    pub(crate) fn new(
        fingerprint: Digest,
        serial: &str,
        issuer: Option<Digest>,
        not_after: UnixTime,
    ) -> Self {
        // RFC 5280 §4.1.2.2 has 20 octets at most; what another's authority made of it shall not make a line unreadable.
        let digits = serial
            .chars()
            .filter(|c| matches!(c, '0'..='9' | 'a'..='f'));
        let mut serial: String = digits.take(SERIAL).collect();
        if serial.is_empty() {
            serial.push('0');
        }
        Self {
            fingerprint,
            serial,
            issuer,
            not_after,
        }
    }
}

impl Entry {
    /// The lines that say that a device came into the state in which it is.
    pub(crate) fn of_device(at: UnixTime, device: &Device, certificates: &[Listed]) -> Vec<Self> {
        let first = Self {
            at,
            what: What::State(device.state),
            device: Some(device.id.clone()),
            pin: device.pin,
            certificates: Vec::new(),
            reason: device.state_reason.as_deref().map(shortened),
        };
        if certificates.is_empty() {
            return vec![first];
        }
        let of_some = |some: &[Listed]| Self {
            certificates: some.to_vec(),
            ..first.clone()
        };
        certificates.chunks(CERTIFICATES).map(of_some).collect()
    }

    /// The line that says that one certificate was revoked.
    pub(crate) fn of_certificate(
        revoked: Revoked,
        device: Option<&DeviceId>,
        certificate: Listed,
    ) -> Self {
        Self {
            at: revoked.at,
            what: What::Certificate(revoked.reason),
            device: device.cloned(),
            pin: None,
            certificates: vec![certificate],
            reason: None,
        }
    }

    /// The line's fields, without checksum and end.
    pub fn fields(&self) -> String {
        let mut text = format!("{} ", self.at.0);
        // Into a string nothing fails.
        let _ = match self.what {
            What::State(state) => write!(text, "{state} "),
            What::Certificate(reason) => write!(text, "certificate:{reason} "),
        };
        text.push_str(self.device.as_ref().map_or("-", DeviceId::as_str));
        text.push(' ');
        push_digest(&mut text, self.pin.as_ref());
        text.push(' ');
        for (n, certificate) in self.certificates.iter().enumerate() {
            if n > 0 {
                text.push(',');
            }
            let _ = write!(text, "{}/{}/", certificate.fingerprint, certificate.serial);
            push_digest(&mut text, certificate.issuer.as_ref());
            let _ = write!(text, "/{}", certificate.not_after.0);
        }
        if self.certificates.is_empty() {
            text.push('-');
        }
        text.push(' ');
        match self.reason.as_deref() {
            None => text.push('-'),
            Some(reason) => push_escaped(&mut text, reason),
        }
        text
    }

    /// Reads a line's fields. There is one text for each line, so that what was read is written the same.
    ///
    /// # Errors
    /// The name of the field that is wrong.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let mut fields = text.split(' ');
        let mut field = |name| fields.next().ok_or(name);
        let entry = Self {
            at: field("time").and_then(|text| seconds(text).ok_or("time"))?,
            what: field("change").and_then(|text| what(text).ok_or("change"))?,
            device: optional(field("device")?, "device", |text| text.parse().ok())?,
            pin: optional(field("pin")?, "pin", |text| text.parse().ok())?,
            certificates: certificates(field("certificates")?).ok_or("certificates")?,
            reason: optional(field("reason")?, "reason", unescaped)?,
        };
        let whole = match entry.what {
            What::State(_) => entry.device.is_some(),
            What::Certificate(_) => entry.certificates.len() == 1 && entry.pin.is_none(),
        };
        if !whole || entry.certificates.len() > CERTIFICATES {
            return Err("certificates");
        }
        if entry.fields() != text {
            return Err("form");
        }
        Ok(entry)
    }
}

fn push_digest(text: &mut String, digest: Option<&Digest>) {
    // Into a string nothing fails.
    let _ = match digest {
        Some(digest) => write!(text, "{digest}"),
        None => write!(text, "-"),
    };
}

/// Text without blanks or line ends, of which nothing is lost.
fn push_escaped(text: &mut String, words: &str) {
    if words == "-" {
        text.push_str("%2D");
        return;
    }
    for byte in words.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// What the field `name` says where it is not `-`.
fn optional<T>(
    text: &str,
    name: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, &'static str> {
    if text == "-" {
        return Ok(None);
    }
    read(text).map(Some).ok_or(name)
}

fn seconds(text: &str) -> Option<UnixTime> {
    let seconds: u64 = text.parse().ok()?;
    // What the database holds.
    i64::try_from(seconds).ok()?;
    Some(UnixTime(seconds))
}

fn what(text: &str) -> Option<What> {
    match text.strip_prefix("certificate:") {
        Some(reason) => reason.parse().ok().map(What::Certificate),
        None => text.parse().ok().map(What::State),
    }
}

fn certificates(text: &str) -> Option<Vec<Listed>> {
    if text == "-" {
        return Some(Vec::new());
    }
    text.split(',').map(certificate).collect()
}

fn certificate(text: &str) -> Option<Listed> {
    let mut parts = text.split('/');
    let fingerprint = parts.next()?.parse().ok()?;
    let serial = parts.next()?;
    if serial.is_empty() || serial.len() > SERIAL {
        return None;
    }
    let issuer = optional(parts.next()?, "issuer", |text| text.parse().ok()).ok()?;
    let not_after = seconds(parts.next()?)?;
    Some(Listed::new(fingerprint, serial, issuer, not_after))
}

/// An operator's words, no more than a line has room for. The database has them whole.
fn shortened(words: &str) -> String {
    words.chars().take(REASON).collect()
}

/// How many certificates a line lists at most: keeps it below [`LONGEST_LINE`](super::LONGEST_LINE).
pub const CERTIFICATES: usize = 32;
/// How many digits of a serial number are kept.
const SERIAL: usize = 64;
/// How many characters of a reason are kept.
const REASON: usize = 200;
