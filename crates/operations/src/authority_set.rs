//! What a registered authority may do is changed.

use countersign_fleet::{
    AuthorityName, NameMapping, ProductName, RegisteredAuthority, StoreError, VouchesFor,
};
use countersign_protocol::UnixTime;
use countersign_x509::Certificate;

use crate::{
    Context, Error,
    authority_list::of_policy,
    authority_register::product,
    context::OPERATOR,
    record::key_of,
    unfit::{self, Unfit},
    view::RegisteredView,
};

/// What is to be different; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Where its certificates name their devices. Devices that came in by another name stay those that they are.
    pub names: Option<NameMapping>,
    /// Its certificate, PEM: another one for the same key, such as one that ends later.
    pub certificate: Option<Vec<u8>>,
    /// The product of new devices.
    pub product: Option<ProductName>,
    /// For whom it may vouch.
    pub vouches_for: Option<VouchesFor>,
    /// Until when it may bring in new devices.
    pub new_until: Option<NewUntil>,
    /// Whether it may vouch for known devices after its certificate has ended.
    pub known_after_end: Option<bool>,
}

/// Until when an authority may bring in new devices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NewUntil {
    /// To the end of this second.
    At(UnixTime),
    /// As long as its certificate lasts.
    ItsEnd,
}

/// Changes what an authority may do: for connections that are open too, from their next request on.
///
/// # Errors
/// [`Error::UnfitAuthority`], [`Error::UnknownProduct`], [`Error::ProductNotNamed`]; [`Error::Store`] with
/// `UnknownAuthority`. Nothing is changed then.
pub async fn set(
    context: &Context,
    name: &AuthorityName,
    changes: &Changes,
) -> Result<RegisteredView, Error> {
    let alone = context.gate.follows.lock().await;
    let all = context.store.authorities().await?;
    let found = all.into_iter().find(|authority| authority.name == *name);
    let mut authority = found.ok_or_else(|| StoreError::UnknownAuthority(name.clone()))?;
    let now = context.clock.now();
    let certificate = match &changes.certificate {
        None => Certificate::from_der(&authority.der).ok(),
        Some(text) => {
            let renewed = renewed(text, &authority, now).map_err(Error::UnfitAuthority)?;
            authority.der = renewed.der().to_vec();
            Some(renewed)
        }
    };
    authority.mapping = changes.names.unwrap_or(authority.mapping);
    authority.vouches_for = changes.vouches_for.unwrap_or(authority.vouches_for);
    let named = changes.product.as_ref().or(authority.product.as_ref());
    authority.product = product(context, named, authority.vouches_for)?;
    authority.known_after_end = changes.known_after_end.unwrap_or(authority.known_after_end);
    let brings_in = authority.vouches_for == VouchesFor::New;
    authority.new_until = match changes.new_until {
        Some(NewUntil::At(_)) if !brings_in => {
            return Err(Error::UnfitAuthority(Unfit::NoNewDevices));
        }
        Some(NewUntil::At(until)) => Some(until),
        Some(NewUntil::ItsEnd) => None,
        // Who brings in nobody has no last time for it.
        None => authority.new_until.filter(|_| brings_in),
    };
    if let (VouchesFor::New, Some(certificate)) = (authority.vouches_for, &certificate) {
        unfit::check_policy(&authority, certificate, now).map_err(Error::UnfitAuthority)?;
    }
    let audit = context.entry(OPERATOR, "authority.set", name, of_policy(&authority));
    context.store.set_authority(&authority, &audit).await?;
    context.gate.load_anchors(&*context.store).await?;
    drop(alone);
    tracing::info!(authority = %name, policy = of_policy(&authority), "changed");
    Ok(RegisteredView::of(&authority, certificate.as_ref()))
}

/// Another certificate for an authority's key.
fn renewed(
    text: &[u8],
    authority: &RegisteredAuthority,
    now: UnixTime,
) -> Result<Certificate, Unfit> {
    let certificate = unfit::certificate(text)?;
    unfit::check_certificate(&certificate, now)?;
    if key_of(&certificate) != authority.key {
        return Err(Unfit::OtherKey(certificate.subject_text().to_owned()));
    }
    Ok(certificate)
}
