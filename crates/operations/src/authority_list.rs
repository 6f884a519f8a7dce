//! Looking at the registered authorities.

use countersign_fleet::RegisteredAuthority;
use countersign_x509::Certificate;

use crate::{Context, Error, text::rfc3339, view::RegisteredView};

/// All of them, by name.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(context: &Context) -> Result<Vec<RegisteredView>, Error> {
    let all = context.store.authorities().await?;
    let view = |authority: &RegisteredAuthority| {
        let certificate = Certificate::from_der(&authority.der).ok();
        RegisteredView::of(authority, certificate.as_ref())
    };
    Ok(all.iter().map(view).collect())
}

/// What an authority may do, in a line.
pub(crate) fn of_policy(authority: &RegisteredAuthority) -> String {
    let product = authority.product.as_ref();
    let until = authority.new_until.map(rfc3339);
    let after = if authority.known_after_end {
        ", for known devices after its end"
    } else {
        ""
    };
    [
        format!("names by {}", authority.mapping.as_str()),
        product.map_or_else(String::new, |product| format!(", product {product}")),
        format!(", vouches for {}", authority.vouches_for.as_str()),
        until.map_or_else(String::new, |until| format!(" until {until}")),
        after.to_owned(),
    ]
    .concat()
}
