//! Certificates that are in the store, looked for.

use countersign_fleet::CertificateSearch;

use crate::{Context, Error, record::key_of, view::RecordView};

/// Those to which all that is said applies, those that end first at the head, `limit` of them at most.
///
/// # Errors
/// [`Error::Store`].
pub async fn find_certificates(
    context: &Context,
    search: &CertificateSearch,
    limit: u32,
) -> Result<Vec<RecordView>, Error> {
    let found = context.store.find_certificates(search, limit.min(MOST));
    let named = context.authorities.named();
    let shown = found.await?.into_iter().map(|record| {
        let issuer = named.iter().find(|one| match record.issuer {
            Some(issuer) => key_of(&one.certificate) == issuer,
            None => one.and_unnoted,
        });
        RecordView::of(&record, issuer.map(|one| one.name.as_str()))
    });
    Ok(shown.collect())
}

/// The most that are shown at once. Stops an answer of a fleet's size.
pub const MOST: u32 = 10_000;
