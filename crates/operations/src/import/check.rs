//! Whether an entry can be believed, as far as that is seen without the store.

use std::collections::BTreeSet;

use countersign_fleet::{
    Arrival, AuditEntry, CertificateProfile, CertificateRecord, Device, DeviceId, ProductName,
};
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::{Certificate, ExtendedKeyUsage, pem};

use super::{Entry, NotImported};
use crate::{
    admit::{new_device, registered_record},
    context::OPERATOR,
    gate::Registered,
    naming,
    record::key_of,
    unfit,
};

/// What entries are checked against.
pub(super) struct Checker {
    pub(super) registered: Registered,
    /// The product of entries that name none, or why there is none.
    pub(super) product: Result<ProductName, String>,
    pub(super) products: BTreeSet<ProductName>,
    pub(super) issuers: Vec<Certificate>,
    pub(super) now: UnixTime,
}

impl Checker {
    /// The device that an entry tells of.
    pub(super) fn check(&self, entry: &Entry) -> Result<Arrival, NotImported> {
        let said = entry.id.as_deref().map(|id| self.said(id)).transpose()?;
        let product = match &entry.product {
            Some(name) => self.known_product(name)?,
            None => self.product.clone().map_err(NotImported::Product)?,
        };
        let (id, pin, certificate) = match (&entry.certificate, &entry.fingerprint, &entry.pin) {
            (Some(text), None, None) => {
                let certificate = one_certificate(text)?;
                let id = named(&certificate, &self.registered, &self.issuers, self.now)?;
                if let Some(said) = said.filter(|said| *said != id) {
                    return Err(NotImported::OtherName {
                        said: said.to_string(),
                        named: id.to_string(),
                    });
                }
                let record = registered_record(&certificate, &id, self.registered.authority.key);
                (id, Some(key_of(&certificate)), Some(record))
            }
            (None, Some(fingerprint), None) => {
                let id = said.ok_or(NotImported::NoName)?;
                let fingerprint = digest(fingerprint, "fingerprint of a certificate")?;
                let record = self.awaited(&id, fingerprint);
                (id, None, Some(record))
            }
            (None, None, Some(pin)) => {
                let id = said.ok_or(NotImported::NoName)?;
                (id, Some(digest(pin, "pin of a key")?), None)
            }
            _ => return Err(NotImported::Unclear),
        };
        let detail = certificate.as_ref().map(|record| record.fingerprint);
        Ok(Arrival {
            audit: AuditEntry {
                at: self.now,
                actor: OPERATOR.to_owned(),
                action: "device.import".to_owned(),
                subject: id.to_string(),
                detail: detail
                    .or(pin)
                    .map_or_else(String::new, |sum| sum.to_string()),
            },
            device: Device {
                pin,
                ..new_device(&id, &product, Digest([0; 32]), self.now)
            },
            certificates: certificate.into_iter().collect(),
        })
    }

    /// The device that an operator calls so: with the authority's name before it, or without.
    fn said(&self, id: &str) -> Result<DeviceId, NotImported> {
        let authority = &self.registered.authority.name;
        let own = id
            .strip_prefix(authority.as_str())
            .and_then(|rest| rest.strip_prefix('/'));
        DeviceId::registered(authority, own.unwrap_or(id)).map_err(NotImported::Name)
    }

    fn known_product(&self, name: &str) -> Result<ProductName, NotImported> {
        let name: ProductName = name.parse().map_err(NotImported::Name)?;
        if self.products.contains(&name) {
            Ok(name)
        } else {
            Err(NotImported::Product(format!("no product `{name}`")))
        }
    }

    /// What is kept of a certificate of which the fingerprint alone is known.
    fn awaited(&self, id: &DeviceId, fingerprint: Digest) -> CertificateRecord {
        CertificateRecord {
            fingerprint,
            serial: String::new(),
            profile: CertificateProfile::Registered,
            device: Some(id.clone()),
            subject: String::new(),
            issuer: Some(self.registered.authority.key),
            not_before: UnixTime(0),
            not_after: NO_END,
            revoked: None,
            der: Vec::new(),
        }
    }
}

/// Whom a certificate names, if it would be taken in a handshake.
pub(crate) fn named(
    certificate: &Certificate,
    registered: &Registered,
    issuers: &[Certificate],
    now: UnixTime,
) -> Result<DeviceId, NotImported> {
    let authority = &*registered.authority;
    if certificate.is_ca() {
        return Err(NotImported::IsCa);
    }
    let id = naming::device_of(certificate, authority).map_err(NotImported::WrongName)?;
    // `anyExtendedKeyUsage` is not enough for a handshake either.
    let takes = |usage: &ExtendedKeyUsage| usage.client_auth;
    if !certificate.extended_key_usage().is_none_or(takes) {
        return Err(NotImported::WrongPurpose);
    }
    if !unfit::is_strong(certificate.key_kind()) {
        return Err(NotImported::Key(certificate.key_kind().clone()));
    }
    if certificate.not_after() < now.0 {
        return Err(NotImported::Ended(UnixTime(certificate.not_after())));
    }
    let mut issuers = issuers.iter();
    let issuer = issuers.find(|issuer| certificate.is_issued_by(issuer));
    let Some(issuer) = issuer else {
        return Err(NotImported::NotIssued {
            authority: authority.name.clone(),
            issuer: certificate.issuer_text().to_owned(),
        });
    };
    match certificate.version() {
        3 => Ok(id),
        1 if *issuer == registered.certificate => Ok(id),
        version => Err(NotImported::Version { version }),
    }
}

/// One certificate, PEM or the base64 within.
fn one_certificate(text: &str) -> Result<Certificate, NotImported> {
    let bare;
    let text = if text.contains("-----BEGIN") {
        text
    } else {
        bare = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        &bare
    };
    let mut all = pem::certificates(text.as_bytes()).map_err(NotImported::Certificate)?;
    match (all.pop(), all.len()) {
        (Some(only), 0) => Ok(only),
        _ => Err(NotImported::NotOne),
    }
}

/// A SHA-256 in hexadecimal digits, perhaps with colons between the bytes, as openssl writes it.
fn digest(text: &str, what: &'static str) -> Result<Digest, NotImported> {
    let bare: String = text.trim().chars().filter(|c| *c != ':').collect();
    bare.parse().map_err(|_| NotImported::Digest {
        what,
        is_sha1: bare.len() == 40,
    })
}

/// 9999-12-31T23:59:59Z (RFC 5280 §4.1.2.5).
const NO_END: UnixTime = UnixTime(253_402_300_799);
