//! The key by which a registered authority's device is known is replaced, because an operator says so.

use countersign_fleet::{AuthorityName, DeviceId, StoreError};
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::{Certificate, PublicKey, pem, sha256};

use crate::{
    Context, Error,
    admit::registered_record,
    context::OPERATOR,
    devices,
    gate::{Bar, Registered},
    import::{self, NotImported},
    record::key_of,
    unfit,
    view::DeviceView,
};

/// What a device is known by from now on.
#[derive(Clone, Debug)]
pub enum NewKey {
    /// Its new certificate, PEM; the CAs between its authority and it may stand behind.
    Certificate(Vec<u8>),
    /// Its new public key, PEM (`PUBLIC KEY`, RFC 7468 §13).
    PublicKey(Vec<u8>),
}

/// Has a device known by another key. What was certified for the old one is revoked, and its connections are cut.
///
/// # Errors
/// [`Error::UnknownDevice`]; [`Error::NotPinned`] for a device of ours; [`Error::NotImported`] where the certificate is not
/// the device's, or would not be taken; [`Error::BadPublicKey`]; [`Error::Store`] for a device that is revoked or retired, or
/// the key of one that was revoked. Nothing is changed then.
pub async fn repin(context: &Context, id: &DeviceId, new: &NewKey) -> Result<DeviceView, Error> {
    let name = id.authority().ok_or_else(|| Error::NotPinned(id.clone()))?;
    let name: AuthorityName = name.parse()?;
    let anchors = context.gate.anchors();
    let registered = anchors.registered(&name).cloned();
    let registered = registered.ok_or(StoreError::UnknownAuthority(name))?;
    let (pin, certificate) = match new {
        NewKey::Certificate(text) => {
            let certificate = certificate(context, id, &registered, text)?;
            (key_of(&certificate), Some(certificate))
        }
        NewKey::PublicKey(text) => (public_key(text)?, None),
    };
    let record = certificate.map(|one| registered_record(&one, id, registered.authority.key));

    let alone = context.gate.follows.lock().await;
    let device = context.store.device(id).await?;
    let device = device.ok_or_else(|| Error::UnknownDevice(id.clone()))?;
    let mut superseded = Vec::new();
    for known in context.store.certificates(id).await? {
        let of_it = Certificate::from_der(&known.der);
        if known.revoked.is_none() && of_it.is_ok_and(|one| key_of(&one) != pin) {
            superseded.push(known.fingerprint);
        }
    }
    let was = device
        .pin
        .map_or_else(|| "none".to_owned(), |pin| pin.to_string());
    let audit = context.entry(OPERATOR, "device.repin", id, format!("{pin}, before {was}"));
    let record = record.as_ref();
    context
        .store
        .repin(id, &pin, record, &superseded, &audit)
        .await?;
    context.gate.bar(&superseded, Bar::Revoked);
    drop(alone);
    tracing::info!(device = %id, superseded = superseded.len(), "known by another key");
    devices::show(context, id).await
}

/// The certificate of a text that is the device's.
fn certificate(
    context: &Context,
    id: &DeviceId,
    registered: &Registered,
    text: &[u8],
) -> Result<Certificate, Error> {
    let all = pem::certificates(text).map_err(NotImported::Certificate)?;
    let issuers = import::issuers(registered, all.clone());
    let mut leaves = all.into_iter().filter(|one| !one.is_ca());
    let (Some(certificate), None) = (leaves.next(), leaves.next()) else {
        return Err(NotImported::NotOne.into());
    };
    let now: UnixTime = context.clock.now();
    let named = import::named(&certificate, registered, &issuers, now)?;
    if named == *id {
        return Ok(certificate);
    }
    let (said, named) = (id.to_string(), named.to_string());
    Err(NotImported::OtherName { said, named }.into())
}

fn public_key(text: &[u8]) -> Result<Digest, Error> {
    let is_private = text.windows(PRIVATE.len()).any(|here| here == PRIVATE);
    if is_private {
        return Err(Error::BadPublicKey(
            "it is a private key, which has no place here: give the public one".to_owned(),
        ));
    }
    let bad = |error: countersign_x509::Error| Error::BadPublicKey(error.to_string());
    let blocks = pem::blocks(text, "PUBLIC KEY").map_err(bad)?;
    let [spki] = &*blocks else {
        let several = format!("there are {} keys, and one is wanted", blocks.len());
        return Err(Error::BadPublicKey(several));
    };
    let key = PublicKey::from_der(spki).map_err(bad)?;
    if !unfit::is_strong(&key.kind) {
        let kind = format!("no handshake is taken with a key of kind {}", key.kind);
        return Err(Error::BadPublicKey(kind));
    }
    Ok(Digest(sha256(spki)))
}

/// What stands in the first line of a private key, of whatever form.
const PRIVATE: &[u8] = b"PRIVATE KEY-----";
