//! Another authority issues from now on; the old one stays, and what it issued is good until its own end.
//!
//! The root's key is not here. A request goes to where it is, and a certificate comes back; where the key is brought to the
//! operator's terminal, both happen there in one go.

use countersign_fleet::CertificateProfile;
use countersign_pki::{Authority, authority_request};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, pem};

use crate::{
    Context, Error,
    authorities::{Kind, Line, by_custody, record_once},
    context::OPERATOR,
    crl, record,
    text::rfc3339,
    view::{ReplacedView, RequestedView},
};

/// Makes a key for the next issuing authority of a hierarchy, on a token where `token` is its PKCS#11 URI, and a request for
/// the root. Asked again, it gives a request for the same key, as long as that waits.
///
/// # Errors
/// [`Error::Custody`] where the key cannot be had; [`Error::BadKey`]; [`Error::Pki`]; [`Error::Store`].
pub async fn request(
    context: &Context,
    kind: Kind,
    token: Option<String>,
) -> Result<RequestedView, Error> {
    let alone = context.authorities.changing.lock().await;
    let preparing = by_custody(context, move |custody| {
        custody.prepare(kind, token.as_deref())
    });
    let key = preparing.await?;
    let line = context.authorities.line(kind);
    let name = next_name(line.issuing.certificate());
    let rules = &context.settings.profiles.issuing;
    let request = authority_request(&*key, &name, rules)?;
    let audit = context.entry(OPERATOR, "ca.request", kind.issuing(), &name);
    context.store.audit(&audit).await?;
    drop(alone);
    Ok(RequestedView { name, request })
}

/// Has the authority with this certificate, PEM, issue from now on, whose key waits here. Whoever keeps our servers' own
/// certificate sees that another one is due.
///
/// # Errors
/// [`Error::NothingRequested`]; [`Error::BadAuthority`] where the certificate is not what was asked for; [`Error::Custody`]
/// and [`Error::Pki`] where the new key cannot be had or does not sign; [`Error::Store`]. The old one issues on then.
pub async fn replace(context: &Context, kind: Kind, pem: &[u8]) -> Result<ReplacedView, Error> {
    let alone = context.authorities.changing.lock().await;
    let key = by_custody(context, move |custody| custody.prepared(kind)).await?;
    let key = key.ok_or(Error::NothingRequested(kind))?;
    let line = context.authorities.line(kind);
    let certificate = checked(context, kind, &line, pem, key.public_key())?;
    let above = vec![line.root.clone()];
    let authority = Authority::new(certificate.clone(), above, key)?;
    // That the key signs is shown before anything follows from it.
    countersign_pki::certificate_request(authority.signer(), "it signs")?;
    let profile = CertificateProfile::Authority;
    let record = record::of(&certificate, profile, None, &line.root);
    record_once(context, &record, OPERATOR, "ca.replace").await?;
    let placed = certificate.clone();
    let number = by_custody(context, move |custody| custody.install(kind, &placed)).await?;
    context.authorities.succeed(kind, authority, number);
    tracing::info!(hierarchy = %kind, subject = %certificate.subject_text(), "another authority issues from now on");
    drop(alone);

    let view = ReplacedView {
        superseded: kind.superseded(number),
        subject: certificate.subject_text().to_owned(),
        serial: certificate.serial_hex(),
        not_after: rfc3339(UnixTime(certificate.not_after())),
    };
    crl::make(context, crl::When::Asked).await?;
    Ok(view)
}

/// The certificate that came from the root, if it is what was asked for.
fn checked(
    context: &Context,
    kind: Kind,
    line: &Line,
    text: &[u8],
    key: &[u8],
) -> Result<Certificate, Error> {
    let bad = |what: &str| Error::BadAuthority {
        authority: kind.issuing(),
        what: what.to_owned(),
    };
    let all = pem::certificates(text).map_err(|error| bad(&error.to_string()))?;
    // A root's own certificate may come with it.
    let Some(certificate) = all.into_iter().find(|one| *one != line.root) else {
        return Err(bad("there is no other certificate than the root's"));
    };
    let now = context.clock.now().0;
    let wrong = if certificate.public_key() != key {
        "it is for another key than the one that waits here; request it again"
    } else if !certificate.is_issued_by(&line.root) {
        "the root did not sign it"
    } else if !certificate.is_ca() || certificate.path_len() != Some(0) {
        "it must be a CA's, with no CA below it (pathlen:0)"
    } else if !certificate
        .key_usage()
        .is_some_and(|usage| usage.key_cert_sign() && usage.crl_sign())
    {
        "its key usages must have keyCertSign and cRLSign"
    } else if certificate.not_before() > now {
        "it is not good yet"
    } else if certificate.not_after() <= now {
        "it has ended"
    } else if certificate.subject() == line.issuing.certificate().subject() {
        "it has the name of the one that it replaces, and their CRLs could not be told apart"
    } else {
        return Ok(certificate);
    };
    Err(bad(wrong))
}

/// The name of who comes after: `Lamps device issuing 2`. Each has another, so that CRLs are told apart by who issued them.
fn next_name(certificate: &Certificate) -> String {
    let name = certificate
        .common_name()
        .unwrap_or_else(|| certificate.subject_text());
    let numbered = name.rsplit_once(' ').and_then(|(before, number)| {
        let number: u32 = number.parse().ok()?;
        Some(format!("{before} {}", number.checked_add(1)?))
    });
    numbered.unwrap_or_else(|| format!("{name} 2"))
}
