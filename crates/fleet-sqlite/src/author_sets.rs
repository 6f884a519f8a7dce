//! Products' author sets.

use countersign_fleet::{AuthorSetRecord, ProductName, StoreError};
use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    error::{failed, is_duplicate, number},
    row::{self, Row},
};

pub(crate) async fn add(
    connection: &mut SqliteConnection,
    set: &AuthorSetRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO author_sets (product, sequence, signed, published_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(set.product.as_str())
    .bind(set.sequence)
    .bind(&set.signed)
    .bind(number("published_at", set.published_at.0)?)
    .execute(connection)
    .await
    .map_err(|error| {
        if is_duplicate(&error) {
            StoreError::AuthorSetExists {
                product: set.product.clone(),
                sequence: set.sequence,
            }
        } else {
            failed(error)
        }
    })?;
    Ok(())
}

pub(crate) async fn one(
    readers: &SqlitePool,
    product: &ProductName,
    sequence: u32,
) -> Result<Option<AuthorSetRecord>, StoreError> {
    let query = sqlx::query("SELECT * FROM author_sets WHERE product = $1 AND sequence = $2")
        .bind(product.as_str())
        .bind(sequence);
    row::one(query, readers, read).await
}

pub(crate) async fn all_of(
    readers: &SqlitePool,
    product: &ProductName,
) -> Result<Vec<AuthorSetRecord>, StoreError> {
    let query = sqlx::query("SELECT * FROM author_sets WHERE product = $1 ORDER BY sequence DESC")
        .bind(product.as_str());
    row::every(query, readers, read).await
}

fn read(row: &SqliteRow) -> Result<AuthorSetRecord, StoreError> {
    let row = Row::of("author_sets", row);
    Ok(AuthorSetRecord {
        product: row.parsed("product")?,
        sequence: row.number("sequence")?,
        signed: row.get("signed")?,
        published_at: row.time("published_at")?,
    })
}
