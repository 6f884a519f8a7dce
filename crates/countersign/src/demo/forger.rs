//! The owner of the server, gone bad: he has its database, its store and all its keys, and no author's.

use anyhow::{Context, Result};
use countersign_images::sha256;
use countersign_operations::view::ReleaseView;
use countersign_protocol::{Digest, MAX_MANIFEST, Manifest, SignedManifest, manifest::assemble};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::props::{Prop, Stage};
use crate::{
    files::{self, Mode},
    state::Layout,
};

/// What stood in the database before it was changed.
#[derive(Debug)]
pub(super) struct Honest {
    release: i64,
    image: Vec<u8>,
    manifest: Vec<u8>,
}

/// Changes a published release under the server's feet: a bit of the image, then the digest in the manifest and in
/// the database, so that everything fits but the author's signature.
pub(super) async fn forge(stage: &Stage, image: &Prop, release: &ReleaseView) -> Result<Honest> {
    let bytes = one_bit_changed(&files::read(&image.path)?);
    let layout = Layout::new(&stage.state());
    let digest = sha256(&bytes);
    files::write(
        &layout.images().join(digest.to_string()),
        &bytes,
        Mode::Secret,
    )?;
    let mut database = database(stage).await?;
    let (image, manifest): (Vec<u8>, Vec<u8>) =
        sqlx::query_as("SELECT image, manifest FROM releases WHERE id = $1")
            .bind(release.id)
            .fetch_one(&mut database)
            .await?;
    let forged = forged_manifest(&manifest, digest)?;
    update(&mut database, release.id, digest.0.as_slice(), &forged).await?;
    database.close().await?;
    Ok(Honest {
        release: release.id,
        image,
        manifest,
    })
}

/// An image with one bit changed, in the middle.
pub(super) fn one_bit_changed(image: &[u8]) -> Vec<u8> {
    let mut bytes = image.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes
}

/// Puts back what was changed.
pub(super) async fn repent(stage: &Stage, honest: &Honest) -> Result<()> {
    let mut database = database(stage).await?;
    update(
        &mut database,
        honest.release,
        &honest.image,
        &honest.manifest,
    )
    .await?;
    Ok(database.close().await?)
}

async fn database(stage: &Stage) -> Result<SqliteConnection> {
    let file = Layout::new(&stage.state()).database();
    Ok(SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await?)
}

async fn update(
    database: &mut SqliteConnection,
    release: i64,
    image: &[u8],
    manifest: &[u8],
) -> Result<()> {
    sqlx::query("UPDATE releases SET image = $1, manifest = $2 WHERE id = $3")
        .bind(image)
        .bind(manifest)
        .bind(release)
        .execute(database)
        .await?;
    Ok(())
}

/// The author's manifest with another image in it, under his signature, which is no longer good.
fn forged_manifest(honest: &[u8], image: Digest) -> Result<Vec<u8>> {
    let signed = SignedManifest::parse(honest)?;
    let said = signed.unverified()?;
    let mut payload = [0; MAX_MANIFEST];
    let length = Manifest { image, ..said }.encode(&mut payload)?;
    let payload = payload.get(..length).context("no manifest")?;
    let signature = honest.last_chunk::<64>().context("no signature")?;
    let mut out = vec![0; MAX_MANIFEST];
    let length = assemble(signed.author(), payload, signature, &mut out)?;
    out.truncate(length);
    Ok(out)
}
