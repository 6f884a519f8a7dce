//! A root's CRL: its key is not here. What it shall say goes to where the key is, and the CRL comes back.

use countersign_fleet::CrlRecord;
use countersign_protocol::UnixTime;
use countersign_x509::Crl;

use super::{keep::publish, names, next, revoked_view, view, wanted};
use crate::{
    Context, Error,
    authorities::{Kind, Named, by_custody},
    context::OPERATOR,
    record::key_of,
    view::{CrlDraftView, CrlView},
};

/// What the next CRL of a root shall say.
///
/// # Errors
/// [`Error::Store`].
pub async fn draft(context: &Context, kind: Kind) -> Result<CrlDraftView, Error> {
    let one = context.authorities.find(&kind.root())?;
    let kept = context.store.newest_crl(&key_of(&one.certificate)).await?;
    let last = kept.as_ref().map(|kept| kept.this_update);
    let list = wanted(context, &one, last).await?;
    let filed = filed(context, &one).await;
    let filed = filed.as_ref().and_then(number);
    let numbers = [kept.map(|kept| kept.number), filed];
    let days = context.settings.crl.root_valid_days;
    let list = next(context.clock.now(), numbers, days, list);
    Ok(CrlDraftView {
        authority: one.name,
        number: list.number,
        this_update: list.this_update.0,
        next_update: list.next_update.0,
        revoked: list.revoked.iter().map(revoked_view).collect(),
    })
}

/// Takes the CRL that a root signed, keeps it and puts it where others read it.
///
/// # Errors
/// [`Error::BadCrl`] where it is not the root's, not what [`draft`] says, or not newer than the last one; [`Error::Store`].
pub async fn take(context: &Context, kind: Kind, pem: &[u8]) -> Result<CrlView, Error> {
    let one = context.authorities.find(&kind.root())?;
    let bad = |what: String| Error::BadCrl {
        authority: one.name.clone(),
        what,
    };
    let crl = Crl::from_pem(pem).map_err(|error| bad(format!("it cannot be read: {error}")))?;
    if !crl.is_issued_by(&one.certificate) {
        return Err(bad("another key signed it".to_owned()));
    }
    let last = context.store.newest_crl(&key_of(&one.certificate)).await?;
    let list = wanted(context, &one, last.map(|last| last.this_update)).await?;
    if !names(&crl, &list) {
        let what = "it does not name the certificates that are revoked by now; make it again";
        return Err(bad(what.to_owned()));
    }
    let kept = record(&one, &crl).ok_or_else(|| bad("its number is too large".to_owned()))?;
    if !context.store.keep_crl(&kept).await? {
        return Err(bad("its number is not above the last one's".to_owned()));
    }
    let audit = context.entry(OPERATOR, "ca.crl", &one.name, kept.number);
    context.store.audit(&audit).await?;
    publish(context, &one, crl).await?;
    let view = view(&one, &kept);
    Ok(CrlView { made: true, ..view })
}

/// Keeps the CRL of a root that lies where others read it, and that the store does not know: it is that of the beginning, or
/// the store is a backup's.
pub(crate) async fn adopt(context: &Context, one: &Named) -> Result<(), Error> {
    let Some(crl) = filed(context, one).await else {
        return Ok(());
    };
    let kept = record(one, &crl).filter(|_| crl.is_issued_by(&one.certificate));
    let Some(kept) = kept else {
        return Ok(());
    };
    let known = context.store.newest_crl(&kept.issuer).await?;
    if known.is_none_or(|known| known.number < kept.number) {
        context.store.keep_crl(&kept).await?;
    }
    Ok(())
}

/// What lies where others read it; none where that is none. Whoever makes the next one says what is wrong.
async fn filed(context: &Context, one: &Named) -> Option<Crl> {
    let name = one.name.clone();
    let filed = by_custody(context, move |custody| custody.published(&name));
    filed.await.unwrap_or(None)
}

fn record(one: &Named, crl: &Crl) -> Option<CrlRecord> {
    Some(CrlRecord {
        issuer: key_of(&one.certificate),
        number: number(crl)?,
        this_update: UnixTime(crl.this_update()),
        next_update: UnixTime(crl.next_update()),
        der: crl.der().to_vec(),
    })
}

/// A CRL's number, where it is one of ours: others may have 20 octets.
pub(crate) fn number(crl: &Crl) -> Option<u64> {
    let bytes = crl.number();
    let mut number = [0; 8];
    let at = number.len().checked_sub(bytes.len())?;
    number.get_mut(at..)?.copy_from_slice(bytes);
    Some(u64::from_be_bytes(number))
}
