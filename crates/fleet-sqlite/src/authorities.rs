//! Registered authorities.

use countersign_fleet::{ProductName, RegisteredAuthority, StoreError};
use countersign_protocol::Digest;
use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    error::{failed, is_duplicate, number},
    row::{self, Row},
};

pub(crate) async fn all(readers: &SqlitePool) -> Result<Vec<RegisteredAuthority>, StoreError> {
    let query = sqlx::query("SELECT * FROM authorities ORDER BY name");
    row::every(query, readers, read).await
}

pub(crate) async fn add(
    connection: &mut SqliteConnection,
    authority: &RegisteredAuthority,
) -> Result<(), StoreError> {
    let new_until = authority.new_until.map(|at| number("new_until", at.0));
    sqlx::query(
        "INSERT INTO authorities (name, der, authority_key, mapping, product, vouches_for, new_until, \
         known_after_end, registered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(authority.name.as_str())
    .bind(&authority.der)
    .bind(authority.key.0.as_slice())
    .bind(authority.mapping.as_str())
    .bind(authority.product.as_ref().map(ProductName::as_str))
    .bind(authority.vouches_for.as_str())
    .bind(new_until.transpose()?)
    .bind(authority.known_after_end)
    .bind(number("registered_at", authority.registered_at.0)?)
    .execute(connection)
    .await
    .map_err(|error| {
        if is_duplicate(&error) {
            StoreError::AuthorityExists(authority.name.clone())
        } else {
            failed(error)
        }
    })?;
    Ok(())
}

pub(crate) async fn set(
    connection: &mut SqliteConnection,
    authority: &RegisteredAuthority,
) -> Result<(), StoreError> {
    let new_until = authority.new_until.map(|at| number("new_until", at.0));
    let changed = sqlx::query(
        "UPDATE authorities SET mapping = $2, product = $3, vouches_for = $4, new_until = $5, known_after_end = $6, \
         der = CASE authority_key WHEN $7 THEN $8 ELSE der END WHERE name = $1",
    )
    .bind(authority.name.as_str())
    .bind(authority.mapping.as_str())
    .bind(authority.product.as_ref().map(ProductName::as_str))
    .bind(authority.vouches_for.as_str())
    .bind(new_until.transpose()?)
    .bind(authority.known_after_end)
    .bind(authority.key.0.as_slice())
    .bind(&authority.der)
    .execute(connection)
    .await
    .map_err(failed)?;
    if changed.rows_affected() == 0 {
        return Err(StoreError::UnknownAuthority(authority.name.clone()));
    }
    Ok(())
}

fn read(row: &SqliteRow) -> Result<RegisteredAuthority, StoreError> {
    let row = Row::of("authorities", row);
    let product: Option<&str> = row.optional("product")?;
    let product = product.map(str::parse).transpose();
    Ok(RegisteredAuthority {
        name: row.parsed("name")?,
        der: row.get("der")?,
        key: Digest(row.bytes("authority_key")?),
        mapping: row.parsed("mapping")?,
        product: product.map_err(|error| row.damaged("product", error))?,
        vouches_for: row.parsed("vouches_for")?,
        new_until: row.optional_time("new_until")?,
        known_after_end: row.flag("known_after_end")?,
        registered_at: row.time("registered_at")?,
    })
}
