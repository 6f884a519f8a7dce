//! The certificate that devices are shown.

use countersign_operations::text::{hex, rfc3339};
use countersign_protocol::UnixTime;
use serde::{Deserialize, Serialize};

use crate::IdentityHandle;

/// The certificate that is shown to devices.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ServerCertificateView {
    /// Where it is from: `own`, our own authority for servers, or `files`, which another program keeps current.
    pub from: String,
    /// Its file.
    pub file: String,
    /// Its subject.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number, lower-case hexadecimal.
    pub serial: String,
    /// SHA-256 of its DER, lower-case hexadecimal.
    pub fingerprint: String,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// The first second of its validity.
    pub not_before: String,
    /// The last second of its validity.
    pub not_after: String,
    /// When it was last renewed: its file was written.
    pub renewed_at: Option<String>,
    /// Since when it is shown by this process.
    pub shown_since: String,
    /// From when on we renew it; none where another program does.
    pub renews_at: Option<String>,
    /// What is in the way of the next one, or wrong with this one.
    pub problem: Option<String>,
}

impl ServerCertificateView {
    /// The one that is shown now; none where nothing was said of where it is from.
    pub fn of(identity: &IdentityHandle) -> Option<Self> {
        let about = identity.about()?;
        let chain = identity.chain();
        let leaf = chain.first()?;
        let addresses = leaf.ip_addresses().iter().map(ToString::to_string);
        Some(Self {
            from: about.from.as_str().to_owned(),
            file: about.file.display().to_string(),
            subject: leaf.subject_text().to_owned(),
            issuer: leaf.issuer_text().to_owned(),
            serial: leaf.serial_hex(),
            fingerprint: hex(&leaf.fingerprint()),
            names: leaf.dns_names().iter().cloned().chain(addresses).collect(),
            not_before: rfc3339(UnixTime(leaf.not_before())),
            not_after: rfc3339(UnixTime(leaf.not_after())),
            renewed_at: about.written_at.map(rfc3339),
            shown_since: rfc3339(about.shown_since),
            renews_at: about.renews_at.map(rfc3339),
            problem: about.problem,
        })
    }
}
