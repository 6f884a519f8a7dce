//! One certificate shall be good for nothing any more, and its holder stays what it is.

use countersign_fleet::{
    CertificateProfile, CertificateRecord, CertificateSearch, RevocationReason,
};

use crate::{
    Context, Error,
    authorities::{Kind, Level},
    context::OPERATOR,
    crl,
    gate::Bar,
    record::key_of,
    view::RecordView,
};

/// Revokes the certificate with this serial number, or whose serial number alone begins so: one of a server, one that was
/// superseded. It is refused from now on, and in the next CRL.
///
/// # Errors
/// [`Error::UnknownSerial`], [`Error::AmbiguousSerial`]; [`Error::StillInUse`] for what is revoked in another way: a device's
/// newest certificate, an authority that still issues, a root; [`Error::Store`].
pub async fn revoke_certificate(
    context: &Context,
    serial: &str,
    reason: RevocationReason,
) -> Result<RecordView, Error> {
    let alone = context.gate.follows.lock().await;
    let record = find(context, serial).await?;
    let named = context.authorities.named();
    if record.revoked.is_none() {
        refuse_what_is_used(context, &record).await?;
        let audit = context.entry(
            OPERATOR,
            "certificate.revoke",
            &record.serial,
            format_args!("{}, {}", record.subject, reason.as_str()),
        );
        let fingerprint = &record.fingerprint;
        let store = &context.store;
        store
            .revoke_certificate(fingerprint, reason, &audit)
            .await?;
        tracing::info!(serial = %record.serial, subject = %record.subject, "revoked a certificate");
        crl::changed(context);
    }
    context.gate.bar(&[record.fingerprint], Bar::Revoked);
    drop(alone);
    let record = find(context, &record.serial).await?;
    let issuer = named
        .iter()
        .find(|one| Some(key_of(&one.certificate)) == record.issuer);
    Ok(RecordView::of(&record, issuer.map(|one| one.name.as_str())))
}

async fn find(context: &Context, serial: &str) -> Result<CertificateRecord, Error> {
    let unknown = || Error::UnknownSerial(serial.to_owned());
    let wanted: String = serial
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if wanted.is_empty() {
        return Err(unknown());
    }
    let search = CertificateSearch {
        serial: Some(wanted.clone()),
        ..CertificateSearch::default()
    };
    let found = context.store.find_certificates(&search, SHOWN).await?;
    let exact: Vec<_> = found.iter().filter(|one| one.serial == wanted).collect();
    match (&*exact, &*found) {
        ([one], _) => Ok((*one).clone()),
        ([], [one]) => Ok(one.clone()),
        (_, []) => Err(unknown()),
        _ => Err(Error::AmbiguousSerial {
            serial: serial.to_owned(),
            found: found.iter().map(|one| one.serial.clone()).collect(),
        }),
    }
}

async fn refuse_what_is_used(context: &Context, record: &CertificateRecord) -> Result<(), Error> {
    let in_use = |what: String| {
        Err(Error::StillInUse {
            serial: record.serial.clone(),
            what,
        })
    };
    if let Some(device) = &record.device {
        let all = context.store.certificates(device).await?;
        let good = all.iter().find(|one| one.revoked.is_none());
        if good.is_some_and(|newest| newest.fingerprint == record.fingerprint) {
            return in_use(format!(
                "it is the newest one of the device `{device}`, which `countersign device revoke` turns away"
            ));
        }
    }
    if record.profile == CertificateProfile::Authority {
        let named = context.authorities.named();
        let of = |level| {
            let mut all = named.iter().filter(move |one| one.level == level);
            all.find(|one| one.certificate.fingerprint() == record.fingerprint.0)
        };
        if let Some(one) = of(Level::Issuing) {
            return in_use(format!(
                "it is that of `{}`; `countersign ca replace {}` comes first",
                one.name, one.kind
            ));
        }
        if let Some(one) = of(Level::Root) {
            let holders = match one.kind {
                Kind::Device => "servers",
                Kind::Server => "devices",
            };
            return in_use(format!(
                "it is a root's, which stands above all CRLs: it ends where {holders} trust it no more"
            ));
        }
    }
    Ok(())
}

/// How many serial numbers are named that begin alike.
const SHOWN: u32 = 8;
