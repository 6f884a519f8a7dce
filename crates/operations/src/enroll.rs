//! A device gets its identity. Its private key was made elsewhere and is never seen here.

use std::sync::Arc;

use countersign_fleet::{CertificateProfile, Device, DeviceId, DeviceState, ProductName};
use countersign_pki::{Authority, urn::device_urn};
use countersign_x509::{Certificate, pem, request::CertificateRequest};

use crate::{
    Context, Error, authorities::Kind, certify, context::OPERATOR, record, settings::Product,
    view::EnrolledView,
};

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

/// A device that shall be created, with the key of its first certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) id: &'a DeviceId,
    pub(crate) product: Option<&'a ProductName>,
    pub(crate) profile: CertificateProfile,
    pub(crate) key: &'a [u8],
}

/// A device that was created.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) device: Device,
    pub(crate) product: Arc<Product>,
    pub(crate) authority: Authority,
    pub(crate) certificate: Certificate,
}

/// Certifies a new device. Enrollment only creates: a device that is there keeps its key.
///
/// # Errors
/// [`Error::BadRequest`], [`Error::BadKey`], [`Error::UnknownProduct`], [`Error::ProductNotNamed`]; [`Error::BadName`] for an id in a
/// registered authority's namespace, whose devices are not ours to certify; [`Error::Store`] with `DeviceExists` where
/// the id is taken; nothing is changed then.
pub async fn enroll(context: &Context, request: &Request) -> Result<EnrolledView, Error> {
    let csr = CertificateRequest::from_pem(&request.request).map_err(Error::BadRequest)?;
    let wanted = Wanted {
        id: &request.id,
        product: request.product.as_ref(),
        profile: CertificateProfile::Device,
        key: csr.public_key(),
    };
    let made = create(context, &wanted).await?;
    let sets = context.store.author_sets(&made.device.product).await?;
    let author_set = sets.first().map(|newest| crate::text::hex(&newest.signed));
    let serial = made.certificate.serial_hex();
    let chain = made.authority.chain_of(made.certificate);
    Ok(EnrolledView {
        id: made.device.id.to_string(),
        product: made.device.product.to_string(),
        urn: made.device.urn,
        serial,
        chain: pem::to_pem(&chain),
        server_root: pem::to_pem(std::slice::from_ref(&context.server_root)),
        device_url: context.settings.device_url.clone(),
        author_set,
        authors: made
            .product
            .authors
            .iter()
            .map(|author| crate::text::hex(author))
            .collect(),
    })
}

/// Creates a device with its first certificate.
pub(crate) async fn create(context: &Context, wanted: &Wanted<'_>) -> Result<Created, Error> {
    wanted.id.demand_ours()?;
    let name = match wanted.product {
        Some(name) => name.clone(),
        None => context.settings.only_product()?,
    };
    let product = context.settings.product(&name)?;
    let authority = context.authorities.issuing(Kind::Device);
    let (id, profile) = (wanted.id, wanted.profile);
    let certificate = certify::issue(context, &authority, id, profile, wanted.key)?;
    let record = record::of(&certificate, profile, Some(id), authority.certificate());
    let device = Device {
        id: id.clone(),
        product: name,
        urn: device_urn(id.as_str()),
        pin: None,
        state: DeviceState::Active,
        state_reason: None,
        enrolled_at: context.clock.now(),
        last_seen: None,
        running: None,
    };
    let audit = context.entry(OPERATOR, "device.enroll", &device.id, &record.serial);
    context
        .store
        .create_device(&device, &record, &audit)
        .await?;
    tracing::info!(device = %device.id, product = %device.product, "enrolled");
    Ok(Created {
        device,
        product,
        authority,
        certificate,
    })
}
