//! The one path that mbedTLS builds (`x509_crt_verify_chain`).

use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, Error};
use esp_formats::bundle::Bundle;

use super::Refusal;

/// One certificate of the path.
pub(super) struct Link<'a> {
    /// Where it stood in what was sent.
    pub(super) position: usize,
    pub(super) certificate: &'a Certificate,
    /// Whether the next link's key made its signature.
    pub(super) vouched_for: bool,
}

/// Goes up from the first certificate until nothing behind bears the issuer's name.
///
/// Only certificates that were sent later are looked at, so what is in between does no harm and
/// what stands before is not found. The first that fits is taken, its signature good or not.
pub(super) fn build(
    sent: &[Certificate],
    floor: Option<UnixTime>,
) -> Result<Vec<Link<'_>>, Refusal> {
    let mut path: Vec<Link<'_>> = Vec::new();
    let mut next = sent.first().map(|leaf| (0, leaf));
    let mut self_issued = 0_usize;
    while let Some((position, certificate)) = next {
        let below = path.len();
        let cas_below = below.saturating_sub(self_issued);
        next = issuer(sent, position, certificate, cas_below, floor);
        if below > 0 && certificate.is_self_issued() {
            self_issued = self_issued.saturating_add(1);
        }
        let vouched_for = match next {
            None => false,
            Some(_) if below >= MAX_INTERMEDIATES => return Err(Refusal::TooMany),
            Some((_, issuer)) => match certificate.verify_signature_with(issuer.public_key()) {
                Ok(()) => true,
                Err(Error::UnsupportedSignature { oid, .. }) => {
                    return Err(Refusal::Signature { position, oid });
                }
                Err(_) => false,
            },
        };
        path.push(Link {
            position,
            certificate,
            vouched_for,
        });
    }
    Ok(path)
}

fn issuer<'a>(
    sent: &'a [Certificate],
    position: usize,
    certificate: &Certificate,
    cas_below: usize,
    floor: Option<UnixTime>,
) -> Option<(usize, &'a Certificate)> {
    let mut ended = None;
    for (at, candidate) in sent.iter().enumerate().skip(position.saturating_add(1)) {
        if candidate.subject() != certificate.issuer()
            || !may_issue(candidate)
            || !has_room_for(candidate, cas_below)
        {
            continue;
        }
        if floor.is_none_or(|floor| candidate.not_after() >= floor.0) {
            return Some((at, candidate));
        }
        ended = ended.or(Some((at, candidate)));
    }
    ended
}

fn may_issue(candidate: &Certificate) -> bool {
    let usage = candidate.key_usage();
    candidate.is_ca() && usage.is_none_or(countersign_x509::KeyUsage::key_cert_sign)
}

fn has_room_for(candidate: &Certificate, cas_below: usize) -> bool {
    let room = candidate.path_len().map(usize::try_from);
    room.is_none_or(|room| room.is_ok_and(|room| room >= cas_below))
}

/// Why the issuer of `certificate` is neither in the bundle nor among what was sent.
pub(super) fn diagnose(
    position: usize,
    certificate: &Certificate,
    sent: &[Certificate],
    bundle: &Bundle<'_>,
) -> Refusal {
    let issuer = certificate.issuer_text().to_owned();
    let mut others = sent.iter().enumerate().filter(|(at, _)| *at != position);
    let named = others.find(|(_, other)| other.subject() == certificate.issuer());
    if let Some((at, other)) = named {
        if !may_issue(other) {
            return Refusal::NotACa { position: at };
        }
        if at < position {
            return Refusal::OutOfOrder {
                position,
                issuer_position: at,
            };
        }
        return Refusal::PathTooLong { position: at };
    }
    // The newer root is there, but this is its cross-certificate under an older one.
    let own = bundle.find(certificate.subject());
    if own.is_some_and(|entry| entry.key == certificate.public_key()) {
        let subject = certificate.subject_text().to_owned();
        return Refusal::CrossSigned {
            position,
            subject,
            issuer,
        };
    }
    Refusal::UnknownIssuer { position, issuer }
}

/// `MBEDTLS_X509_MAX_INTERMEDIATE_CA`.
const MAX_INTERMEDIATES: usize = 8;
