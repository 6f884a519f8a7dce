//! Proving to AWS or Azure that we hold an authority's key.

use countersign_fleet::CertificateProfile;
use countersign_pki::proof;
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, pem, request::CertificateRequest};

use crate::{
    Context, Error,
    authorities::{Named, record_once},
    context::OPERATOR,
    record,
    text::rfc3339,
    view::IssuedView,
};

/// Makes the certificate that proves to who gave `code` that we hold the key of `authority`, for the throw-away key of a
/// request.
///
/// # Errors
/// [`Error::NoSuchAuthority`]; [`Error::KeyElsewhere`] for a root, whose proof is made where its key is and given to
/// [`record()`]; [`Error::BadRequest`]; [`Error::Pki`], also for what is no code; [`Error::Store`].
pub async fn prove(
    context: &Context,
    authority: &str,
    code: &str,
    request: &[u8],
) -> Result<IssuedView, Error> {
    let one = context.authorities.find(authority)?;
    let Some(signs) = &one.authority else {
        return Err(Error::KeyElsewhere(one.name));
    };
    let request = CertificateRequest::from_pem(request).map_err(Error::BadRequest)?;
    let (key, now, serial) = (
        request.public_key(),
        context.clock.now(),
        context.random_id(),
    );
    let made = proof::prove(signs, code, key, now, serial)?;
    keep(context, &one, &made).await
}

/// Records a proof that was made elsewhere, where the authority's key is.
///
/// # Errors
/// [`Error::NoSuchAuthority`]; [`Error::BadAuthority`] where it is none of the authority's, or an authority itself;
/// [`Error::Store`].
pub async fn record(context: &Context, authority: &str, pem: &[u8]) -> Result<IssuedView, Error> {
    let one = context.authorities.find(authority)?;
    let bad = |what: &str| Error::BadAuthority {
        authority: one.name.clone(),
        what: what.to_owned(),
    };
    let certificates = pem::certificates(pem).map_err(|error| bad(&error.to_string()))?;
    let [made] = &*certificates else {
        return Err(bad("one certificate is wanted"));
    };
    if !made.is_issued_by(&one.certificate) {
        return Err(bad("it did not issue that certificate"));
    }
    if made.is_ca() {
        return Err(bad("the proof is an authority itself"));
    }
    keep(context, &one, made).await
}

async fn keep(context: &Context, one: &Named, made: &Certificate) -> Result<IssuedView, Error> {
    let profile = CertificateProfile::Proof;
    let record = record::of(made, profile, None, &one.certificate);
    record_once(context, &record, OPERATOR, "ca.prove").await?;
    Ok(IssuedView {
        issuer: one.name.clone(),
        profile: profile.as_str().to_owned(),
        serial: made.serial_hex(),
        fingerprint: record.fingerprint.to_string(),
        subject: made.subject_text().to_owned(),
        not_after: rfc3339(UnixTime(made.not_after())),
        chain: pem::to_pem(std::slice::from_ref(made)),
    })
}
