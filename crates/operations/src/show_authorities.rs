//! What our authorities are, and where their keys lie.

use countersign_protocol::UnixTime;
use countersign_x509::pem;

use crate::{
    Context, Error,
    authorities::{KeyPlace, by_custody},
    crl,
    record::key_of,
    text::rfc3339,
    view::{AuthorityView, KeyView},
};

/// All of them, the roots first.
///
/// # Errors
/// [`Error::Store`].
pub async fn show_authorities(context: &Context) -> Result<Vec<AuthorityView>, Error> {
    let (now, mut all) = (context.clock.now(), Vec::new());
    let crls = crl::all(context).await?;
    for one in context.authorities.named() {
        let certificate = &one.certificate;
        let issuer = key_of(certificate);
        let issued = context.store.count_issued(&issuer, one.and_unnoted).await?;
        let name = one.name.clone();
        let place = by_custody(context, move |custody| custody.place(&name)).await;
        all.push(AuthorityView {
            hierarchy: one.kind.to_string(),
            level: one.level.as_str().to_owned(),
            subject: certificate.subject_text().to_owned(),
            serial: certificate.serial_hex(),
            fingerprint: crate::text::hex(&certificate.fingerprint()),
            not_before: rfc3339(UnixTime(certificate.not_before())),
            not_after: rfc3339(UnixTime(certificate.not_after())),
            days_left: days_left(certificate.not_after(), now),
            key: place.map_or_else(|error| unreadable(&error), KeyView::from),
            issued: issued.all,
            revoked: issued.revoked,
            crl: crls.iter().find(|crl| crl.authority == one.name).cloned(),
            certificate: pem::to_pem(std::slice::from_ref(certificate)),
            name: one.name,
        });
    }
    Ok(all)
}

fn unreadable(error: &Error) -> KeyView {
    KeyView {
        place: "unreadable".to_owned(),
        at: Some(error.to_string()),
    }
}

fn days_left(end: u64, now: UnixTime) -> i64 {
    let whole = |seconds: u64| i64::try_from(seconds / DAY_S).unwrap_or(i64::MAX);
    match end.checked_sub(now.0) {
        Some(left) => whole(left),
        None => -whole(now.0.saturating_sub(end)) - 1,
    }
}

impl From<KeyPlace> for KeyView {
    fn from(place: KeyPlace) -> Self {
        let (place, at) = match place {
            KeyPlace::File(path) => ("file", Some(path)),
            KeyPlace::EncryptedFile(path) => ("encrypted-file", Some(path)),
            KeyPlace::Token(uri) => ("token", Some(uri)),
            KeyPlace::Elsewhere => ("elsewhere", None),
        };
        Self {
            place: place.to_owned(),
            at,
        }
    }
}

const DAY_S: u64 = 24 * 3600;
