//! One authority's CRL: looked at, made where it must be, kept, and put where others read it.

use countersign_fleet::CrlRecord;
use countersign_pki::{Authority, crl};
use countersign_x509::Crl;

use super::{Known, When, names, next, number, view, wanted};
use crate::{
    Context, Error,
    authorities::{CustodyError, Named, by_custody},
    record::key_of,
    view::CrlView,
};

pub(super) async fn one(context: &Context, one: &Named, when: When) -> Result<CrlView, Error> {
    let Some(authority) = &one.authority else {
        return Err(Error::KeyElsewhere(one.name.clone()));
    };
    let issuer = key_of(&one.certificate);
    context.authorities.crls.begin(&issuer);
    let kept = context.store.newest_crl(&issuer).await?;
    let name = one.name.clone();
    let (filed, repaired) = match by_custody(context, move |custody| custody.published(&name)).await
    {
        Ok(filed) => (filed.as_ref().and_then(number), None),
        Err(error) => (None, Some(format!("{error}; it was written anew"))),
    };
    let (now, settings) = (context.clock.now(), context.settings.crl);
    let list = wanted(context, one, kept.as_ref().map(|kept| kept.this_update)).await?;
    let last_number = kept.as_ref().map(|kept| kept.number);
    let last = kept.and_then(|kept| {
        let crl = Crl::from_der(&kept.der).ok()?;
        crl.is_issued_by(&one.certificate).then_some((kept, crl))
    });
    if let Some((kept, crl)) = last {
        let known = Known::of(&kept);
        // Others have seen a newer one: this database is a backup's.
        let behind = filed.is_some_and(|filed| filed > kept.number);
        let changed = !names(&crl, &list);
        let every = u64::from(settings.at_most_every_s);
        let young = when == When::Due && !known.is_old_enough(now, every);
        if !behind && !known.is_stale(now) && (!changed || young) {
            if filed != Some(kept.number) {
                publish(context, one, crl).await?;
            }
            context.authorities.crls.note(&kept, changed);
            return Ok(CrlView {
                repaired,
                ..view(one, &kept)
            });
        }
    }
    let next = next(now, [last_number, filed], settings.valid_days, list);
    let (kept, crl) = sign(authority.clone(), next).await?;
    if !context.store.keep_crl(&kept).await? {
        let what = format!(
            "a CRL of `{}` with a higher number is there already",
            one.name
        );
        return Err(CustodyError(what).into());
    }
    context.authorities.crls.note(&kept, false);
    publish(context, one, crl).await?;
    Ok(CrlView {
        made: true,
        repaired,
        ..view(one, &kept)
    })
}

/// Signs on a thread of its own: a million entries take a while, and a token may.
async fn sign(authority: Authority, list: crl::RevocationList) -> Result<(CrlRecord, Crl), Error> {
    let (number, this_update, next_update) = (list.number, list.this_update, list.next_update);
    let issuer = key_of(authority.certificate());
    let signing = tokio::task::spawn_blocking(move || crl::sign(&authority, &list));
    let crl = signing
        .await
        .map_err(|error| CustodyError(error.to_string()))??;
    let kept = CrlRecord {
        issuer,
        number,
        this_update,
        next_update,
        der: crl.der().to_vec(),
    };
    Ok((kept, crl))
}

pub(super) async fn publish(context: &Context, one: &Named, crl: Crl) -> Result<(), Error> {
    let name = one.name.clone();
    by_custody(context, move |custody| custody.publish(&name, &crl)).await
}
