//! The certificate of our servers, from our own authority: when another one is due, and how it is issued.

use std::fmt;

use countersign_fleet::CertificateProfile;
use countersign_pki::Authority;
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::Certificate;

use crate::{Context, Error, context::SERVER, found, record, text::rfc3339};

/// Why another certificate is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// It has ended.
    Ended,
    /// There is none, or none that goes with the key.
    Missing,
    /// It is for other names.
    Names,
    /// It has not begun: the clock was ahead when it was made, or is behind now.
    NotBegun,
    /// Two thirds of its life are over.
    Old,
    /// Another authority issued it than the one that issues now.
    OtherIssuer,
    /// It was revoked.
    Revoked,
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "it has ended",
            Self::Missing => "there is none that goes with the key",
            Self::Names => "it is for other names than `hosts` has",
            Self::NotBegun => "it has not begun by this machine's clock",
            Self::Old => "two thirds of its life are over",
            Self::OtherIssuer => "another authority issues now",
            Self::Revoked => "it was revoked",
        })
    }
}

/// The second from which on a certificate of these dates is renewed: two thirds of its life are over.
pub const fn renews_at(not_before: UnixTime, not_after: UnixTime) -> UnixTime {
    let life = not_after.0.saturating_sub(not_before.0);
    not_before.plus(life / 3 * 2)
}

/// Whether a certificate of these dates is to be renewed at `now`, and why.
pub const fn due_by_dates(not_before: UnixTime, not_after: UnixTime, now: UnixTime) -> Option<Due> {
    if now.0 < not_before.0 {
        Some(Due::NotBegun)
    } else if now.0 > not_after.0 {
        Some(Due::Ended)
    } else if now.0 >= renews_at(not_before, not_after).0 {
        Some(Due::Old)
    } else {
        None
    }
}

/// Whether our servers' certificate is to be renewed, and why: by its names, its authority and its dates.
pub fn due(
    certificate: &Certificate,
    issuing: &Certificate,
    names: &[String],
    now: UnixTime,
) -> Option<Due> {
    let mut has = certificate.dns_names().to_vec();
    has.extend(certificate.ip_addresses().iter().map(ToString::to_string));
    let mut wants = names.to_vec();
    has.sort();
    wants.sort();
    if has != wants {
        return Some(Due::Names);
    }
    if !certificate.is_issued_by(issuing) {
        return Some(Due::OtherIssuer);
    }
    let [not_before, not_after] = [certificate.not_before(), certificate.not_after()];
    due_by_dates(UnixTime(not_before), UnixTime(not_after), now)
}

/// Issues another certificate for `key`, under these names, and gives its chain. It is in the store before it is given.
///
/// # Errors
/// [`Error::IssuerEnded`], [`Error::Pki`] where a name cannot be certified or the authority cannot sign, [`Error::Store`].
pub async fn issue(
    context: &Context,
    issuing: &Authority,
    names: &[String],
    key: &[u8],
    why: Due,
) -> Result<Vec<Certificate>, Error> {
    let authority = issuing.certificate();
    if authority.not_after() < context.clock.now().0 {
        return Err(Error::IssuerEnded {
            subject: authority.subject_text().to_owned(),
            at: rfc3339(UnixTime(authority.not_after())),
        });
    }
    let (clock, entropy) = (&*context.clock, &*context.entropy);
    let rules = &context.settings.profiles.server;
    let leaf = found::server_certificate(issuing, names, rules, key, clock, entropy)?;
    keep(context, &leaf, issuing, &format!("because {why}")).await?;
    Ok(issuing.chain_of(leaf))
}

/// Sees to it that a certificate of our servers is in the store: one that was made before there was one, or that an older
/// copy of the store does not know. Gives whether it was revoked.
///
/// # Errors
/// [`Error::Store`].
pub async fn adopt(
    context: &Context,
    leaf: &Certificate,
    issuing: &Authority,
) -> Result<bool, Error> {
    match record::find(context, &Digest(leaf.fingerprint())).await? {
        Some(known) => Ok(known.revoked.is_some()),
        None if leaf.is_issued_by(issuing.certificate()) => {
            keep(context, leaf, issuing, "found without a record").await?;
            Ok(false)
        }
        // Its issuer is not known here, and so it could not be recorded as what it is.
        None => Ok(false),
    }
}

async fn keep(
    context: &Context,
    leaf: &Certificate,
    issuing: &Authority,
    detail: &str,
) -> Result<(), Error> {
    let record = record::of(
        leaf,
        CertificateProfile::Server,
        None,
        issuing.certificate(),
    );
    let audit = context.entry(SERVER, "server.certify", &record.serial, detail);
    Ok(context.store.add_certificate(&record, &audit).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renews_when_two_thirds_are_over_and_whenever_the_dates_are_not_of_now() {
        let day = 24 * 3600;
        for (not_before, not_after, now, wanted) in [
            (1000, 4000, 999, Some(Due::NotBegun)),
            (1000, 4000, 1000, None),
            (1000, 4000, 2999, None),
            (1000, 4000, 3000, Some(Due::Old)),
            (1000, 4000, 4000, Some(Due::Old)),
            (1000, 4000, 4001, Some(Due::Ended)),
            // The clock was never set, and jumped.
            (1000, 4000, 0, Some(Due::NotBegun)),
            (1000, 4000, u64::MAX, Some(Due::Ended)),
            // What has no end, or makes no sense, is no endless work.
            (0, u64::MAX, 90 * 365 * day, None),
            (4000, 1000, 4000, Some(Due::Ended)),
            (0, 0, 0, Some(Due::Old)),
        ] {
            let due = due_by_dates(UnixTime(not_before), UnixTime(not_after), UnixTime(now));
            assert_eq!(due, wanted, "{not_before} {not_after} {now}");
        }
    }

    #[test]
    fn a_certificate_of_398_days_is_renewed_months_before_its_end() {
        let (begin, end) = (UnixTime(1_800_000_000), UnixTime(1_834_387_200));
        let left = end.0 - renews_at(begin, end).0;
        assert_eq!(left / (24 * 3600), 132);
    }
}
