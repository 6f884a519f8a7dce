//! A certificate for the key of a request, by an operator's order.

use countersign_fleet::{CertificateProfile, DeviceId, DeviceState, ProductName};
use countersign_pki::{Authority, Profile, urn::device_urn};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, pem, request::CertificateRequest};

use crate::{
    Context, Error, authorities::Kind, context::OPERATOR, enroll, gate::Bar, record, text::rfc3339,
    view::IssuedView,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Certify {
    /// For whom.
    pub subject: Subject,
    /// A PKCS#10 request (RFC 2986), PEM. Only its public key is taken, and that its own key signed it.
    pub request: Vec<u8>,
}

/// Whom a certificate is for.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A server of ours, under these names and addresses.
    Server(Vec<String>),
    /// A device.
    Device {
        /// Its id. One that is not known yet is enrolled by this.
        id: DeviceId,
        /// The product of one that is not known yet; `None`: the only one that there is.
        product: Option<ProductName>,
        /// Whether it is for its time in service, and ends; else it is one from the factory.
        in_service: bool,
    },
}

/// Certifies the key of a request. It is in the store before it is answered.
///
/// A device that is known gets a further certificate; those that it has stay good.
///
/// # Errors
/// [`Error::BadRequest`], [`Error::BadKey`], [`Error::BadName`], [`Error::Pki`]; [`Error::UnknownProduct`] and
/// [`Error::ProductNotNamed`] of a device that is not known; [`Error::Store`], also of one that is revoked or retired.
/// Nothing is changed then.
pub async fn certify(context: &Context, asked: &Certify) -> Result<IssuedView, Error> {
    let request = CertificateRequest::from_pem(&asked.request).map_err(Error::BadRequest)?;
    match &asked.subject {
        Subject::Server(names) => {
            let authority = context.authorities.issuing(Kind::Server);
            let made = server(context, &authority, names, request.public_key()).await?;
            Ok(view(
                &authority,
                Kind::Server,
                CertificateProfile::Server,
                made,
            ))
        }
        Subject::Device {
            id,
            product,
            in_service,
        } => {
            let profile = if *in_service {
                CertificateProfile::DeviceInService
            } else {
                CertificateProfile::Device
            };
            let known = context.store.device(id).await?.is_some();
            let (authority, made) = if known {
                device(context, id, profile, request.public_key()).await?
            } else {
                let wanted = enroll::Wanted {
                    id,
                    product: product.as_ref(),
                    profile,
                    key: request.public_key(),
                };
                let made = enroll::create(context, &wanted).await?;
                (made.authority, made.certificate)
            };
            Ok(view(&authority, Kind::Device, profile, made))
        }
    }
}

/// A further certificate of a device that is known.
async fn device(
    context: &Context,
    id: &DeviceId,
    profile: CertificateProfile,
    key: &[u8],
) -> Result<(Authority, Certificate), Error> {
    id.demand_ours()?;
    let authority = context.authorities.issuing(Kind::Device);
    let certificate = issue(context, &authority, id, profile, key)?;
    let issuer = authority.certificate();
    let record = record::of(&certificate, profile, Some(id), issuer);
    let audit = context.entry(OPERATOR, "certificate.issue", id, &record.serial);
    // Nobody changes the device's state between the two, so what bars the device bars this certificate too.
    let alone = context.gate.follows.lock().await;
    context.store.add_certificate(&record, &audit).await?;
    let device = context.store.device(id).await?;
    if device.is_some_and(|device| device.state == DeviceState::Suspended) {
        context.gate.bar(&[record.fingerprint], Bar::Suspended);
    }
    drop(alone);
    Ok((authority, certificate))
}

/// Makes a device's certificate, which is not recorded yet.
pub(crate) fn issue(
    context: &Context,
    authority: &Authority,
    id: &DeviceId,
    profile: CertificateProfile,
    key: &[u8],
) -> Result<Certificate, Error> {
    let profiles = &context.settings.profiles;
    let rules = match profile {
        CertificateProfile::DeviceInService => &profiles.device_in_service,
        _ => &profiles.device,
    };
    rules.check_key(key).map_err(Error::BadKey)?;
    let subject = Profile::Device {
        id: id.as_str().to_owned(),
        urn: device_urn(id.as_str()),
    };
    let validity = rules.validity(context.clock.now());
    Ok(authority.issue(&subject, rules, key, validity, context.random_id())?)
}

/// Certifies a server, and records that.
pub(crate) async fn server(
    context: &Context,
    authority: &Authority,
    names: &[String],
    key: &[u8],
) -> Result<Certificate, Error> {
    let rules = &context.settings.profiles.server;
    rules.check_key(key).map_err(Error::BadKey)?;
    let profile = Profile::Server {
        names: names.to_vec(),
    };
    let validity = rules.validity(context.clock.now());
    let certificate = authority.issue(&profile, rules, key, validity, context.random_id())?;
    let issuer = authority.certificate();
    let record = record::of(&certificate, CertificateProfile::Server, None, issuer);
    let subject = names.join(" ");
    let audit = context.entry(OPERATOR, "certificate.issue", subject, &record.serial);
    context.store.add_certificate(&record, &audit).await?;
    Ok(certificate)
}

fn view(
    authority: &Authority,
    kind: Kind,
    profile: CertificateProfile,
    certificate: Certificate,
) -> IssuedView {
    IssuedView {
        issuer: kind.issuing(),
        profile: profile.as_str().to_owned(),
        serial: certificate.serial_hex(),
        fingerprint: crate::text::hex(&certificate.fingerprint()),
        subject: certificate.subject_text().to_owned(),
        not_after: rfc3339(UnixTime(certificate.not_after())),
        chain: pem::to_pem(&authority.chain_of(certificate)),
    }
}
