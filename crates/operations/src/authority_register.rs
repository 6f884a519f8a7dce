//! An authority that is not ours comes to vouch for devices.

use countersign_fleet::{AuthorityName, NameMapping, ProductName, RegisteredAuthority, VouchesFor};
use countersign_protocol::UnixTime;

use crate::{
    Context, Error, authority_list::of_policy, context::OPERATOR, record::key_of, unfit,
    view::RegisteredView,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The name that the authority shall have here: its devices' ids begin with it.
    pub name: AuthorityName,
    /// Its certificate, PEM: one, a root's or any other CA's.
    pub certificate: Vec<u8>,
    /// Where its certificates name their devices.
    pub names: NameMapping,
    /// The product of its devices; `None`: the only one that there is, where it brings in new ones.
    pub product: Option<ProductName>,
    /// For whom it may vouch.
    pub vouches_for: VouchesFor,
    /// The last second in which it may bring in new devices; none: as long as its certificate lasts.
    pub new_until: Option<UnixTime>,
    /// Whether it may vouch for known devices after its certificate has ended.
    pub known_after_end: bool,
}

/// Registers an authority. Its devices come in from the next handshake on.
///
/// # Errors
/// [`Error::UnfitAuthority`], [`Error::UnknownProduct`], [`Error::ProductNotNamed`]; [`Error::Store`] with
/// `AuthorityExists` where name or key is registered. Nothing is changed then.
pub async fn register(context: &Context, request: &Request) -> Result<RegisteredView, Error> {
    let now = context.clock.now();
    let certificate = unfit::certificate(&request.certificate).map_err(Error::UnfitAuthority)?;
    unfit::check_certificate(&certificate, now).map_err(Error::UnfitAuthority)?;
    unfit::refuse_ours(context, &certificate).await?;
    let authority = RegisteredAuthority {
        name: request.name.clone(),
        der: certificate.der().to_vec(),
        key: key_of(&certificate),
        mapping: request.names,
        product: product(context, request.product.as_ref(), request.vouches_for)?,
        vouches_for: request.vouches_for,
        new_until: request.new_until,
        known_after_end: request.known_after_end,
        registered_at: now,
    };
    unfit::check_policy(&authority, &certificate, now).map_err(Error::UnfitAuthority)?;
    let detail = format!("{}, {}", certificate.subject_text(), of_policy(&authority));
    let audit = context.entry(OPERATOR, "authority.register", &authority.name, detail);
    let alone = context.gate.follows.lock().await;
    context.store.add_authority(&authority, &audit).await?;
    context.gate.load_anchors(&*context.store).await?;
    drop(alone);
    tracing::info!(authority = %authority.name, policy = of_policy(&authority), "registered");
    Ok(RegisteredView::of(&authority, Some(&certificate)))
}

/// The product of new devices: the named one, and where none is, the only one; none for an authority that brings in none.
pub(crate) fn product(
    context: &Context,
    named: Option<&ProductName>,
    vouches_for: VouchesFor,
) -> Result<Option<ProductName>, Error> {
    match (named, vouches_for) {
        (Some(name), _) => {
            context.settings.product(name)?;
            Ok(Some(name.clone()))
        }
        (None, VouchesFor::New) => context.settings.only_product().map(Some),
        (None, VouchesFor::Known | VouchesFor::Nobody) => Ok(None),
    }
}
