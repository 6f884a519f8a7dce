//! An author set comes, signed by its authors and by those before them: devices are handed it from then on.

use countersign_fleet::{AuthorSetRecord, ProductName};
use countersign_images::{AuthorSetError, KnownAuthors, author_set};
use countersign_protocol::{SignedAuthorSet, Unfit};

use crate::{
    Context, Error,
    author_sets::{newest, view},
    context::OPERATOR,
    view::AuthorSetView,
};

/// Takes the next author set of a product.
///
/// The first follows the authors in the settings, as it does in devices: one of them must have signed it. Where the settings
/// name nobody, its own authors suffice.
///
/// # Errors
/// [`Error::AuthorSet`] where it is none, [`Error::UnfitAuthorSet`] where a device would not follow it,
/// [`Error::UnknownProduct`], [`Error::Store`].
pub async fn publish(context: &Context, bytes: &[u8]) -> Result<AuthorSetView, Error> {
    let malformed = AuthorSetError::Malformed;
    let signed = SignedAuthorSet::parse(bytes).map_err(malformed)?;
    let set = signed.unverified().map_err(malformed)?;
    let product: ProductName = set.product.parse()?;
    context.settings.product(&product)?;
    // Of two at once, neither shall follow what the other has followed.
    let _alone = context.publishing.lock().await;
    let known = newest(context, &product).await?;
    let unfit = |why| Error::UnfitAuthorSet {
        product: product.clone(),
        why,
    };
    if matches!(&known, KnownAuthors::Keys(keys) if keys.is_empty()) {
        let sequence = set.sequence;
        if sequence != 1 {
            let current = 0;
            return Err(unfit(Unfit::NotNext { sequence, current }));
        }
        author_set::complete(&signed).map_err(unfit)?;
    } else {
        let followed =
            known.with(|authors| author_set::follow(&signed, authors, set.product).map(drop))?;
        followed.map_err(unfit)?;
    }
    let record = AuthorSetRecord {
        product: product.clone(),
        sequence: set.sequence,
        signed: bytes.to_vec(),
        published_at: context.clock.now(),
    };
    let audit = context.entry(
        OPERATOR,
        "author-set.publish",
        &record.product,
        format_args!(
            "set {}, {} of {} authors",
            set.sequence,
            set.threshold,
            set.keys.as_slice().len()
        ),
    );
    context.store.add_author_set(&record, &audit).await?;
    tracing::info!(product = %record.product, sequence = record.sequence, "author set published");
    view(&record)
}
