//! Registered authorities, and what comes of importing their devices.

use countersign_fleet::RegisteredAuthority;
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::Certificate;
use serde::{Deserialize, Serialize};

use crate::text::rfc3339;

/// A registered authority.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RegisteredView {
    /// Its name here: its devices' ids begin with it.
    pub name: String,
    /// Its certificate's subject.
    pub subject: String,
    /// SHA-256 of its public key.
    pub key: String,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// The first second of its certificate's validity.
    pub not_before: String,
    /// The last second of its certificate's validity.
    pub not_after: String,
    /// Where its certificates name their devices: `cn`, `uri` or `dns`.
    pub names: String,
    /// The product of devices that it brings in.
    pub product: Option<String>,
    /// For whom it may vouch: `known`, `new` or `nobody`.
    pub vouches_for: String,
    /// The last second in which it may bring in new devices.
    pub new_until: Option<String>,
    /// Whether it may vouch for known devices after its certificate has ended.
    pub known_after_end: bool,
    /// When it was registered.
    pub registered_at: String,
}

/// What came of an import.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ImportView {
    /// Whether anything was written.
    pub written: bool,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// How many devices were not there.
    pub new: usize,
    /// How many were there.
    pub known: usize,
    /// Those that are refused, in their order.
    pub refused: Vec<NotImportedView>,
}

/// An entry that is not imported.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NotImportedView {
    /// Where it stands.
    pub from: String,
    /// The device, as far as that is known.
    pub device: Option<String>,
    /// Why: a stable code.
    pub reason: String,
    /// Why, in words.
    pub reason_text: String,
}

impl RegisteredView {
    /// An authority; `certificate` is its own, where it can be read.
    pub fn of(authority: &RegisteredAuthority, certificate: Option<&Certificate>) -> Self {
        let of_it = |read: fn(&Certificate) -> String| certificate.map(read).unwrap_or_default();
        Self {
            name: authority.name.to_string(),
            subject: of_it(|one| one.subject_text().to_owned()),
            key: authority.key.to_string(),
            fingerprint: of_it(|one| Digest(one.fingerprint()).to_string()),
            not_before: of_it(|one| rfc3339(UnixTime(one.not_before()))),
            not_after: of_it(|one| rfc3339(UnixTime(one.not_after()))),
            names: authority.mapping.as_str().to_owned(),
            product: authority.product.as_ref().map(ToString::to_string),
            vouches_for: authority.vouches_for.as_str().to_owned(),
            new_until: authority.new_until.map(rfc3339),
            known_after_end: authority.known_after_end,
            registered_at: rfc3339(authority.registered_at),
        }
    }
}
