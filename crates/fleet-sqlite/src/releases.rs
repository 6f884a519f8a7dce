//! Releases.

use countersign_fleet::{ProductName, Release, ReleaseId, StoreError};
use countersign_protocol::{AuthorId, Digest};
use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    error::{failed, is_duplicate, number},
    row::{self, Row},
};

pub(crate) async fn add(
    connection: &mut SqliteConnection,
    release: &Release,
) -> Result<ReleaseId, StoreError> {
    let same = by_version(&mut *connection, &release.product, &release.version).await?;
    if same.is_some_and(|same| same.image != release.image) {
        return Err(StoreError::ReleaseExists {
            product: release.product.clone(),
            what: format!("version {}, of another image", release.version),
        });
    }
    let not_after = release.not_after.map(|end| number("not_after", end.0));
    let inserted = sqlx::query(
        "INSERT INTO releases (product, version, project, idf_version, chip, counter, secure_version, image, size, \
         manifest, author, published_at, not_after) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(release.product.as_str())
    .bind(&release.version)
    .bind(&release.project)
    .bind(&release.idf_version)
    .bind(release.chip)
    .bind(number("the release counter", release.counter)?)
    .bind(release.secure_version)
    .bind(release.image.0.as_slice())
    .bind(release.size)
    .bind(&release.manifest)
    .bind(release.author.0.as_slice())
    .bind(number("published_at", release.published_at.0)?)
    .bind(not_after.transpose()?)
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(done) => Ok(ReleaseId(done.last_insert_rowid())),
        Err(error) if is_duplicate(&error) => Err(StoreError::ReleaseExists {
            product: release.product.clone(),
            what: format!("counter {}", release.counter),
        }),
        Err(error) => Err(failed(error)),
    }
}

pub(crate) async fn by_id(
    connection: impl sqlx::SqliteExecutor<'_>,
    id: ReleaseId,
) -> Result<Option<Release>, StoreError> {
    let query = sqlx::query("SELECT * FROM releases WHERE id = $1").bind(id.0);
    row::one(query, connection, read).await
}

pub(crate) async fn by_version(
    connection: impl sqlx::SqliteExecutor<'_>,
    product: &ProductName,
    version: &str,
) -> Result<Option<Release>, StoreError> {
    let query = sqlx::query(
        "SELECT * FROM releases WHERE product = $1 AND version = $2 ORDER BY counter DESC LIMIT 1",
    )
    .bind(product.as_str())
    .bind(version);
    row::one(query, connection, read).await
}

pub(crate) async fn newest(
    readers: &SqlitePool,
    product: &ProductName,
) -> Result<Option<Release>, StoreError> {
    let query =
        sqlx::query("SELECT * FROM releases WHERE product = $1 ORDER BY counter DESC LIMIT 1")
            .bind(product.as_str());
    row::one(query, readers, read).await
}

pub(crate) async fn all(readers: &SqlitePool) -> Result<Vec<Release>, StoreError> {
    let query = sqlx::query("SELECT * FROM releases ORDER BY id DESC");
    row::every(query, readers, read).await
}

fn read(row: &SqliteRow) -> Result<Release, StoreError> {
    cells(Row::of("releases", row))
}

/// Reads the row, or its part of a joined one.
pub(crate) fn cells(row: Row<'_>) -> Result<Release, StoreError> {
    Ok(Release {
        id: ReleaseId(row.get("id")?),
        product: row.parsed("product")?,
        version: row.get("version")?,
        project: row.get("project")?,
        idf_version: row.get("idf_version")?,
        chip: row.number("chip")?,
        counter: row.number("counter")?,
        secure_version: row.number("secure_version")?,
        image: Digest(row.bytes("image")?),
        size: row.number("size")?,
        manifest: row.get("manifest")?,
        author: AuthorId(row.bytes("author")?),
        published_at: row.time("published_at")?,
        not_after: row.optional_time("not_after")?,
    })
}
