//! A search for certificates, as a statement that goes by an index.

use countersign_fleet::{CertificateSearch, StoreError};
use countersign_protocol::Digest;
use sqlx::{QueryBuilder, Sqlite};

use crate::error::number;

/// What a column is compared with.
enum Value {
    Bytes([u8; 32]),
    Number(i64),
    Text(String),
}

/// A column, how it is compared, and with what.
type Condition = (&'static str, &'static str, Value);

/// The statement that finds what is looked for, those that end first at the head; none where nothing can be found.
///
/// It goes by the index of the first condition, which are in the order of how few rows they leave. A `+` before the other
/// columns keeps `SQLite`, which has no statistics here, from going by one of theirs: by the ends of a whole fleet, say.
pub(crate) fn statement(
    search: &CertificateSearch,
    limit: u32,
) -> Result<Option<QueryBuilder<Sqlite>>, StoreError> {
    let Some(conditions) = conditions(search)? else {
        return Ok(None);
    };
    let by = conditions.first().map_or(END, |(column, ..)| *column);
    // The index of profiles has the ends in it.
    let in_order = by == END || by == PROFILE;
    let plus = |column: &str| {
        let indexed = column == by || (column == END && in_order);
        if indexed { "" } else { "+" }
    };
    let mut query = QueryBuilder::new("SELECT * FROM certificates");
    for (n, (column, compared, value)) in conditions.into_iter().enumerate() {
        let word = if n == 0 { "WHERE" } else { "AND" };
        query.push(format_args!(" {word} {}{column} {compared} ", plus(column)));
        match value {
            Value::Bytes(bytes) => query.push_bind(bytes.to_vec()),
            Value::Number(number) => query.push_bind(number),
            Value::Text(text) => query.push_bind(text),
        };
    }
    query.push(format_args!(" ORDER BY {0}{END}, {0}seq LIMIT ", plus(END)));
    query.push_bind(i64::from(limit));
    Ok(Some(query))
}

fn conditions(search: &CertificateSearch) -> Result<Option<Vec<Condition>>, StoreError> {
    let mut all = Vec::new();
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(prefix) = said(&search.fingerprint) {
        let [Some(first), Some(last)] = ['0', 'f'].map(|digit| filled(&prefix, digit)) else {
            return Ok(None);
        };
        all.push(("fingerprint", ">=", Value::Bytes(first.0)));
        all.push(("fingerprint", "<=", Value::Bytes(last.0)));
    }
    if let Some(prefix) = said(&search.serial) {
        // Behind all hexadecimal digits comes `g`.
        let behind = format!("{prefix}g");
        all.push(("serial", ">=", Value::Text(prefix)));
        all.push(("serial", "<", Value::Text(behind)));
    }
    if let Some(device) = &search.device {
        let id = device.as_str().to_owned();
        all.push(("device_id", "=", Value::Text(id)));
    }
    if let Some(profile) = search.profile {
        let code = profile.as_str().to_owned();
        all.push((PROFILE, "=", Value::Text(code)));
    }
    if let Some(end) = search.ends_before {
        all.push((END, "<", Value::Number(number(END, end.0)?)));
    }
    if let Some(at) = search.not_ended_at {
        all.push((END, ">=", Value::Number(number(END, at.0)?)));
    }
    Ok(Some(all))
}

/// The digest that begins with `prefix` and goes on with `digit`; none where no digest begins so.
fn filled(prefix: &str, digit: char) -> Option<Digest> {
    let missing = 64_usize.checked_sub(prefix.len())?;
    let lower = prefix
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let rest: String = std::iter::repeat_n(digit, missing).collect();
    if lower {
        format!("{prefix}{rest}").parse().ok()
    } else {
        None
    }
}

const PROFILE: &str = "profile";
const END: &str = "not_after";
