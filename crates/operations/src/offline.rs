//! A root's key leaves this machine.

use countersign_x509::request::CertificateRequest;

use crate::{
    Context, Error,
    authorities::{Kind, by_custody},
    context::OPERATOR,
};

/// Removes a root's key from the state directory, once `proof` shows that it is elsewhere: a certificate request that the key
/// signed there.
///
/// # Errors
/// [`Error::BadAuthority`] where the proof is not by the root's key: nothing was removed then; [`Error::Custody`];
/// [`Error::Store`].
pub async fn offline(context: &Context, kind: Kind, proof: &[u8]) -> Result<(), Error> {
    let alone = context.authorities.changing.lock().await;
    let one = context.authorities.find(&kind.root())?;
    let proof = CertificateRequest::from_pem(proof).map_err(Error::BadRequest)?;
    if proof.public_key() != one.certificate.public_key() {
        return Err(Error::BadAuthority {
            authority: one.name,
            what: "the key that was brought away is another than its certificate's".to_owned(),
        });
    }
    let audit = context.entry(OPERATOR, "ca.offline", &one.name, "");
    context.store.audit(&audit).await?;
    by_custody(context, move |custody| custody.remove_root_key(kind)).await?;
    tracing::info!(root = %one.name, "its key is not here any more");
    drop(alone);
    Ok(())
}
