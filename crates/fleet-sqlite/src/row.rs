//! Rows and their cells, checked as they are read.

use std::{fmt::Display, str::FromStr};

use countersign_fleet::StoreError;
use countersign_protocol::{Digest, UnixTime};
use futures_util::TryStreamExt as _;
use sqlx::{
    Column as _, Decode, Row as _, Sqlite, SqliteExecutor, Type, ValueRef as _,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::error::failed;

/// The row that a query finds, if it finds one.
pub(crate) async fn one<T>(
    query: Query<'_, Sqlite, SqliteArguments>,
    executor: impl SqliteExecutor<'_>,
    read: impl FnOnce(&SqliteRow) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let found = query.fetch_optional(executor).await.map_err(failed)?;
    found.as_ref().map(read).transpose()
}

/// All rows that a query finds, each read as it comes: of a million rows only what was read of them is in memory.
pub(crate) async fn every<T>(
    query: Query<'_, Sqlite, SqliteArguments>,
    executor: impl SqliteExecutor<'_>,
    mut read: impl FnMut(&SqliteRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut rows = query.fetch(executor);
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        all.push(read(&row)?);
    }
    Ok(all)
}

/// A row of one table, or its part of a joined row. What it holds and we would never have written is
/// [`StoreError::Damaged`].
#[derive(Clone, Copy)]
pub(crate) struct Row<'r> {
    table: &'static str,
    cells: &'r SqliteRow,
    /// The first column of the table.
    first: usize,
}

impl<'r> Row<'r> {
    /// A row whose first columns are the table's.
    pub(crate) const fn of(table: &'static str, cells: &'r SqliteRow) -> Self {
        let first = 0;
        Self {
            table,
            cells,
            first,
        }
    }

    /// A joined row of which the columns behind the column `mark` are the table's: two tables may have columns of one
    /// name.
    pub(crate) fn behind(mark: &str, table: &'static str, cells: &'r SqliteRow) -> Self {
        let at = cells.columns().iter().position(|one| one.name() == mark);
        let first = at.map_or(usize::MAX, |at| at.saturating_add(1));
        Self {
            table,
            cells,
            first,
        }
    }

    /// Whether an outer join found a row: no table here has a row without id.
    pub(crate) fn is_there(&self) -> Result<bool, StoreError> {
        let at = self.column("id")?;
        let id = self.cells.try_get_raw(at);
        Ok(!id.map_err(|error| self.damaged("id", error))?.is_null())
    }

    /// A text, a BLOB or a BIGINT, as it is.
    pub(crate) fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        // Read as an option first: sqlx gives 0 for a NULL that is read as a number.
        self.optional(column)?
            .ok_or_else(|| self.damaged(column, "NULL"))
    }

    /// A text, a BLOB or a BIGINT, as it is, or none.
    pub(crate) fn optional<T>(&self, column: &'static str) -> Result<Option<T>, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        self.cells
            .try_get(self.column(column)?)
            .map_err(|error| self.damaged(column, error))
    }

    /// A text that has a form.
    pub(crate) fn parsed<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: FromStr<Err: Display>,
    {
        let text: &str = self.get(column)?;
        text.parse().map_err(|error| self.damaged(column, error))
    }

    /// A number within its type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.narrowed(column, self.get(column)?)
    }

    /// A number within its type, or none.
    pub(crate) fn optional_number<T: TryFrom<i64>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let number: Option<i64> = self.optional(column)?;
        number.map(|wide| self.narrowed(column, wide)).transpose()
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<UnixTime, StoreError> {
        self.number(column).map(UnixTime)
    }

    pub(crate) fn optional_time(
        &self,
        column: &'static str,
    ) -> Result<Option<UnixTime>, StoreError> {
        Ok(self.optional_number(column)?.map(UnixTime))
    }

    /// A BLOB of exactly `N` bytes.
    pub(crate) fn bytes<const N: usize>(
        &self,
        column: &'static str,
    ) -> Result<[u8; N], StoreError> {
        self.sized(column, self.get(column)?)
    }

    pub(crate) fn optional_digest(
        &self,
        column: &'static str,
    ) -> Result<Option<Digest>, StoreError> {
        let bytes: Option<&[u8]> = self.optional(column)?;
        bytes
            .map(|bytes| self.sized(column, bytes).map(Digest))
            .transpose()
    }

    /// Something that is so (1) or not (0).
    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        match self.get::<i64>(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.damaged(column, format_args!("{other} is neither 0 nor 1"))),
        }
    }

    pub(crate) fn damaged(&self, column: &'static str, what: impl Display) -> StoreError {
        StoreError::Damaged {
            table: self.table,
            what: format!("{column}: {what}"),
        }
    }

    fn column(&self, name: &'static str) -> Result<usize, StoreError> {
        let mut columns = self.cells.columns().iter().enumerate().skip(self.first);
        let found = columns.find(|(_, column)| column.name() == name);
        let (at, _) = found.ok_or_else(|| self.damaged(name, "there is no such column"))?;
        Ok(at)
    }

    fn narrowed<T: TryFrom<i64>>(&self, column: &'static str, wide: i64) -> Result<T, StoreError> {
        T::try_from(wide).map_err(|_| self.damaged(column, format_args!("{wide} is out of range")))
    }

    fn sized<const N: usize>(
        &self,
        column: &'static str,
        bytes: &[u8],
    ) -> Result<[u8; N], StoreError> {
        let length = bytes.len();
        let wrong = |_| self.damaged(column, format_args!("{length} bytes and not {N}"));
        bytes.try_into().map_err(wrong)
    }
}
