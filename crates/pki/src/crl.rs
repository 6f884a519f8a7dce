//! What an authority publishes of the certificates that it takes back (RFC 5280 §5).

use countersign_protocol::UnixTime;
use countersign_x509::{Crl, KeyUsage, ReasonCode};
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, RevocationReason, RevokedCertParams,
    SerialNumber,
};

use crate::{
    Authority, Cause, Error,
    issue::{Key, unfaithful, unreadable},
    validity::date,
};

/// What a CRL shall say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevocationList {
    /// Its number (RFC 5280 §5.2.3): above that of the authority's CRL before.
    pub number: u64,
    /// When it is made.
    pub this_update: UnixTime,
    /// When the next one is there at the latest.
    pub next_update: UnixTime,
    /// The certificates, in any order. One that stands here twice is written once, as it was revoked first.
    pub revoked: Vec<Revoked>,
}

/// A certificate that its authority takes back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revoked {
    /// Its serial number: the magnitude, big-endian.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub at: UnixTime,
    /// Why.
    pub reason: ReasonCode,
}

/// Whether a revoked certificate is still to be named, when it ends at `not_after` and the authority's last CRL was made at
/// `last_update`.
///
/// A certificate that has ended is refused for that. But whoever looks at CRLs alone must have seen it once after its end
/// before it goes (RFC 5280 §5), and so it stays until a CRL was made beyond its end.
pub fn is_named(not_after: UnixTime, last_update: Option<UnixTime>) -> bool {
    last_update.is_none_or(|last| last.0 <= not_after.0)
}

/// Makes a CRL and signs it: version 2, complete, with its number and the id of the authority's key.
///
/// # Errors
/// [`Error::NotACrlIssuer`] where the authority's certificate does not let it; [`Error::Update`] where the next update is
/// not after this one, or a date lies beyond the year 9999; [`Error::Serial`]; [`Error::Reason`]; [`Error::Signer`];
/// [`Error::Unfaithful`].
pub fn sign(authority: &Authority, list: &RevocationList) -> Result<Crl, Error> {
    let issuer = authority.certificate();
    if !issuer.key_usage().is_none_or(KeyUsage::crl_sign) {
        let subject = issuer.subject_text().to_owned();
        return Err(Error::NotACrlIssuer { subject });
    }
    if list.next_update <= list.this_update {
        return Err(Error::Update);
    }
    let dated = |time| date(time).map_err(|_| Error::Update);
    let revoked = in_order(&list.revoked)?;
    let params = CertificateRevocationListParams {
        this_update: dated(list.this_update)?,
        next_update: dated(list.next_update)?,
        crl_number: SerialNumber::from_slice(&list.number.to_be_bytes()),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|entry| {
                Ok(RevokedCertParams {
                    serial_number: SerialNumber::from_slice(&entry.serial),
                    revocation_time: dated(entry.at)?,
                    reason_code: reason(entry.reason)?,
                    invalidity_date: None,
                })
            })
            .collect::<Result<_, Error>>()?,
        key_identifier_method: match issuer.subject_key_id() {
            Some(id) => KeyIdMethod::PreSpecified(id.to_vec()),
            None => KeyIdMethod::Sha256,
        },
    };
    let key = Key::new(authority.signer())?;
    let signer = Issuer::from_ca_cert_der(&issuer.der().into(), key)
        .map_err(|error| Error::Encoding(Cause::new(error)))?;
    let made = params
        .signed_by(&signer)
        .map_err(|error| signer.key().error(error))?;
    check(made.der(), authority, list, &revoked)
}

/// By serial number, each once, without leading zeros.
fn in_order(revoked: &[Revoked]) -> Result<Vec<Revoked>, Error> {
    let mut all = Vec::with_capacity(revoked.len());
    for entry in revoked {
        let zeros = entry.serial.iter().take_while(|byte| **byte == 0).count();
        let serial = entry.serial.get(zeros..).unwrap_or_default();
        // RFC 5280 §4.1.2.2: 20 octets, one of which is for the sign where the highest bit is set.
        let sign = usize::from(serial.first().is_some_and(|first| *first >= 0x80));
        if serial.is_empty() || serial.len().saturating_add(sign) > 20 {
            return Err(Error::Serial);
        }
        let serial = serial.to_vec();
        all.push(Revoked { serial, ..*entry });
    }
    all.sort_by(|one, other| (&one.serial, one.at).cmp(&(&other.serial, other.at)));
    all.dedup_by(|later, first| later.serial == first.serial);
    Ok(all)
}

/// RFC 5280 §5.3.1: nothing is said of what is not known, and only a delta CRL takes an entry back.
const fn reason(reason: ReasonCode) -> Result<Option<RevocationReason>, Error> {
    Ok(Some(match reason {
        ReasonCode::Unspecified => return Ok(None),
        ReasonCode::RemoveFromCrl => return Err(Error::Reason),
        ReasonCode::KeyCompromise => RevocationReason::KeyCompromise,
        ReasonCode::CaCompromise => RevocationReason::CaCompromise,
        ReasonCode::AffiliationChanged => RevocationReason::AffiliationChanged,
        ReasonCode::Superseded => RevocationReason::Superseded,
        ReasonCode::CessationOfOperation => RevocationReason::CessationOfOperation,
        ReasonCode::CertificateHold => RevocationReason::CertificateHold,
        ReasonCode::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
        ReasonCode::AaCompromise => RevocationReason::AaCompromise,
    }))
}

/// Nothing leaves that the house's own reader sees differently.
fn check(
    der: &[u8],
    authority: &Authority,
    list: &RevocationList,
    revoked: &[Revoked],
) -> Result<Crl, Error> {
    let crl = Crl::from_der(der).map_err(|_| unreadable())?;
    let number = list.number.to_be_bytes();
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    if Some(crl.number()) != number.get(zeros..) {
        return unfaithful("its number");
    }
    if (crl.this_update(), crl.next_update()) != (list.this_update.0, list.next_update.0) {
        return unfaithful("its dates");
    }
    let issuer = authority.certificate();
    if issuer.subject_key_id().is_some() && crl.authority_key_id() != issuer.subject_key_id() {
        return unfaithful("the id of its issuer's key");
    }
    let same = crl.revoked().zip(revoked).all(|(made, asked)| {
        made.serial == asked.serial && made.revoked_at == asked.at.0 && made.reason == asked.reason
    });
    if crl.len() != revoked.len() || !same {
        return unfaithful("its entries");
    }
    if crl.issuer() != issuer.subject() {
        return unfaithful("its issuer's name");
    }
    if !crl.is_issued_by(issuer) {
        return unfaithful("its signature");
    }
    Ok(crl)
}
