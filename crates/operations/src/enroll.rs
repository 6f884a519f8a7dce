//! A device gets its identity. Its private key was made elsewhere and is never seen here.

use countersign_fleet::{CertificateProfile, Device, DeviceId, DeviceState, ProductName};
use countersign_pki::{Profile, urn::device_urn};
use countersign_x509::{pem, request::CertificateRequest};

use crate::{Context, Error, context::OPERATOR, record, view::EnrolledView};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The id that the device shall have.
    pub id: DeviceId,
    /// The product that it is made as; `None`: the only one that there is.
    pub product: Option<ProductName>,
    /// A PKCS#10 request (RFC 2986), PEM. Only its public key is taken, and that its own key signed it.
    pub request: Vec<u8>,
}

/// Certifies a new device. Enrollment only creates: a device that is there keeps its key.
///
/// # Errors
/// [`Error::BadRequest`], [`Error::BadKey`], [`Error::UnknownProduct`], [`Error::ProductNotNamed`]; [`Error::BadName`] for an id in a
/// registered authority's namespace, whose devices are not ours to certify; [`Error::Store`] with `DeviceExists` where
/// the id is taken; nothing is changed then.
pub async fn enroll(context: &Context, request: &Request) -> Result<EnrolledView, Error> {
    request.id.demand_ours()?;
    let name = match &request.product {
        Some(name) => name,
        None => context.settings.only_product()?,
    };
    let product = context.settings.product(name)?;
    let csr = CertificateRequest::from_pem(&request.request).map_err(Error::BadRequest)?;
    let now = context.clock.now();
    let urn = device_urn(request.id.as_str());
    let profile = Profile::Device {
        id: request.id.as_str().to_owned(),
        urn: urn.clone(),
    };
    let rules = &context.settings.profiles.device;
    rules.check_key(csr.public_key()).map_err(Error::BadKey)?;
    let certificate = context.device_authority.issue(
        &profile,
        rules,
        csr.public_key(),
        rules.validity(now),
        context.random_id(),
    )?;
    let record = record::of(
        &certificate,
        CertificateProfile::Device,
        Some(&request.id),
        context.device_authority.certificate(),
    );
    let device = Device {
        id: request.id.clone(),
        product: name.clone(),
        urn,
        pin: None,
        state: DeviceState::Active,
        state_reason: None,
        enrolled_at: now,
        last_seen: None,
        running: None,
    };
    let audit = context.entry(OPERATOR, "device.enroll", &device.id, &record.serial);
    context
        .store
        .create_device(&device, &record, &audit)
        .await?;
    tracing::info!(device = %device.id, product = %device.product, "enrolled");
    let chain = context.device_authority.chain_of(certificate);
    Ok(EnrolledView {
        id: device.id.to_string(),
        product: name.to_string(),
        urn: device.urn,
        serial: record.serial,
        chain: pem::to_pem(&chain),
        server_root: pem::to_pem(std::slice::from_ref(&context.server_root)),
        device_url: context.settings.device_url.clone(),
        authors: product
            .authors
            .iter()
            .map(|author| crate::text::hex(author))
            .collect(),
    })
}
