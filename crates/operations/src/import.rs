//! A fleet comes that has its certificates already: its devices are known, and pinned, before they are seen.

mod check;
pub mod list;
mod refused;

use countersign_fleet::{AuthorityName, Imported, Importing, ProductName, StoreError};
use countersign_x509::{Certificate, pem};
use serde::{Deserialize, Serialize};

pub(crate) use self::check::named;
pub use self::refused::NotImported;
use self::{check::Checker, refused::view_of};
use crate::{
    Context, Error, authority_register::product as product_of, gate::Registered, view::ImportView,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The registered authority that certified the devices.
    pub authority: AuthorityName,
    /// The product of devices for which none is said; `None`: the authority's, or the only one.
    pub product: Option<ProductName>,
    /// The devices.
    pub entries: Vec<Entry>,
    /// The CAs between the authority and the devices, where there are some: PEM.
    pub intermediates: String,
    /// What is done where some are refused.
    pub how: Importing,
}

/// One device, as it is told: by its certificate, by that one's fingerprint, or by its key.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Where it stands, for people: a file, a line.
    pub from: String,
    /// The device's name; may be left out where its certificate is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its certificate: PEM, or the base64 within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// SHA-256 of its certificate's DER, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// SHA-256 of its public key (`SubjectPublicKeyInfo`), hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
}

/// Imports devices of a registered authority, in one transaction. What is there already and the same is left as it is.
///
/// # Errors
/// [`Error::TooManyEntries`], [`Error::UnknownProduct`], [`Error::BadIntermediates`]; [`Error::Store`] with
/// `UnknownAuthority`. That some are refused is no error: the view says so, and whether anything was written.
pub async fn import(context: &Context, request: Request) -> Result<ImportView, Error> {
    if request.entries.len() > ENTRIES {
        return Err(Error::TooManyEntries {
            entries: request.entries.len(),
            most: ENTRIES,
        });
    }
    let anchors = context.gate.anchors();
    let registered = anchors.registered(&request.authority).cloned();
    let registered =
        registered.ok_or_else(|| StoreError::UnknownAuthority(request.authority.clone()))?;
    let between = match request.intermediates.trim() {
        "" => Vec::new(),
        text => pem::certificates(text.as_bytes()).map_err(Error::BadIntermediates)?,
    };
    let checker = Checker {
        product: product(context, &request, &registered)?,
        products: context.settings.products.names().into_iter().collect(),
        issuers: issuers(&registered, between),
        now: context.clock.now(),
        registered,
    };
    // Thousands of signatures take a second, in which others are served.
    let (entries, how) = (request.entries, request.how);
    let checked = tokio::task::spawn_blocking(move || {
        let checked: Vec<_> = entries.iter().map(|entry| checker.check(entry)).collect();
        (entries, checked)
    });
    let (entries, checked) = checked.await.map_err(|_| Error::GivenUp)?;

    let any_refused = checked.iter().any(Result::is_err);
    let arrivals: Vec<_> = checked.iter().flatten().cloned().collect();
    let imported = if any_refused && how == Importing::AllOrNothing {
        // What the store thinks of the others is told too.
        context.store.import(&arrivals, Importing::Try).await?
    } else {
        context.store.import(&arrivals, how).await?
    };
    let Imported { outcomes, written } = imported;
    let mut outcomes = outcomes.into_iter();
    let mut view = ImportView {
        written,
        dry_run: how == Importing::Try,
        ..ImportView::default()
    };
    for (entry, checked) in entries.iter().zip(checked) {
        let outcome = match checked {
            Ok(arrival) => {
                let id = arrival.device.id.to_string();
                let outcome = outcomes.next().ok_or(Error::GivenUp)?;
                outcome.map_err(|why| (Some(id), NotImported::Store(why)))
            }
            Err(why) => Err((None, why)),
        };
        match outcome {
            Ok(arrived) if arrived.is_new => view.new = view.new.saturating_add(1),
            Ok(_) => view.known = view.known.saturating_add(1),
            Err((id, why)) => view.refused.push(view_of(entry, id, &why)),
        }
    }
    if written {
        tracing::info!(authority = %request.authority, new = view.new, known = view.known, refused = view.refused.len(), "imported");
    }
    Ok(view)
}

/// The product of those for which none is said, or why there is none.
fn product(
    context: &Context,
    request: &Request,
    registered: &Registered,
) -> Result<Result<ProductName, String>, Error> {
    let named = request
        .product
        .as_ref()
        .or(registered.authority.product.as_ref());
    let product = match product_of(context, named, countersign_fleet::VouchesFor::New) {
        Ok(Some(product)) => Ok(product),
        Ok(None) => Err("no product is named".to_owned()),
        Err(error @ Error::ProductNotNamed { .. }) => Err(error.to_string()),
        Err(error) => return Err(error),
    };
    Ok(product)
}

/// Who may have issued a device's certificate: the authority, and of the CAs among `others` those that stand under it.
pub(crate) fn issuers(registered: &Registered, mut others: Vec<Certificate>) -> Vec<Certificate> {
    let mut issuers = vec![registered.certificate.clone()];
    others.retain(Certificate::is_ca);
    others.truncate(INTERMEDIATES);
    loop {
        let is_under = |one: &Certificate| issuers.iter().any(|issuer| one.is_issued_by(issuer));
        let (under, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(is_under);
        if under.is_empty() {
            return issuers;
        }
        issuers.extend(under);
        others = rest;
    }
}

/// How many devices are imported at once: their transaction keeps other writers waiting, for some seconds.
pub const ENTRIES: usize = 10_000;

/// How many CAs between an authority and its devices are looked at.
const INTERMEDIATES: usize = 100;
