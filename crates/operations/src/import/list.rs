//! A list of devices as text in columns: CSV (RFC 4180).
//!
//! | column        | what                                                                                        |
//! |---------------|---------------------------------------------------------------------------------------------|
//! | `id`          | the device's name; may be left out, or empty, where the certificate is there                |
//! | `certificate` | PEM in quotes, or the base64 within                                                         |
//! | `fingerprint` | SHA-256 of the certificate's DER, hexadecimal                                               |
//! | `pin`         | SHA-256 of the public key (`SubjectPublicKeyInfo`), hexadecimal                             |
//! | `product`     | its product; may be left out, or empty                                                      |
//!
//! The first line names the columns, in any order. Each line fills one of the three in the middle.

use countersign_trust::csv;
use countersign_x509::name::escaped;

use super::Entry;

/// Why a text is no list of devices.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// It ends within a quoted field.
    #[error(transparent)]
    Cut(#[from] csv::Cut),
    /// There is nothing in it.
    #[error("it has no first line, with the names of the columns")]
    Empty,
    /// A column that is not known, or twice there.
    #[error(
        "line 1: column `{0}`: the columns are id, certificate, fingerprint, pin and product, each once"
    )]
    Column(String),
    /// There is nothing by which a device could be known.
    #[error("line 1: there is no column certificate, fingerprint or pin")]
    NoKey,
    /// A line has another number of fields than the first.
    #[error("line {line}: there are {fields} fields, and {columns} columns")]
    Fields {
        /// Which line, from 1.
        line: usize,
        /// How many it has.
        fields: usize,
        /// How many the first line has.
        columns: usize,
    },
}

/// The entries of a list, of which `name` is said with the line. Empty lines are passed over.
///
/// # Errors
/// [`ListError`]: then nothing of it is believed.
pub fn read(text: &str, name: &str) -> Result<Vec<Entry>, ListError> {
    let mut records = csv::records(text)?.into_iter();
    let head = records.next().ok_or(ListError::Empty)?;
    let columns: Vec<String> = head
        .fields
        .iter()
        .map(|column| column.trim().to_ascii_lowercase())
        .collect();
    for (at, column) in columns.iter().enumerate() {
        let known = COLUMNS.contains(&column.as_str());
        if !known || columns.iter().position(|one| one == column) != Some(at) {
            let shown: String = column.chars().take(40).collect();
            return Err(ListError::Column(escaped(&shown)));
        }
    }
    if !columns.iter().any(|column| KEYS.contains(&column.as_str())) {
        return Err(ListError::NoKey);
    }
    let mut entries = Vec::new();
    for record in records {
        if record.fields.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if record.fields.len() != columns.len() {
            return Err(ListError::Fields {
                line: record.line,
                fields: record.fields.len(),
                columns: columns.len(),
            });
        }
        let mut entry = Entry {
            from: format!("{name} line {}", record.line),
            ..Entry::default()
        };
        for (column, field) in columns.iter().zip(&record.fields) {
            let field = Some(field.trim()).filter(|field| !field.is_empty());
            let field = field.map(str::to_owned);
            match column.as_str() {
                "id" => entry.id = field,
                "certificate" => entry.certificate = field,
                "fingerprint" => entry.fingerprint = field,
                "pin" => entry.pin = field,
                _ => entry.product = field,
            }
        }
        entries.push(entry);
    }
    Ok(entries)
}

const COLUMNS: [&str; 5] = ["id", "certificate", "fingerprint", "pin", "product"];

/// Those by which a device is known.
const KEYS: [&str; 3] = ["certificate", "fingerprint", "pin"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order_and_fields_may_be_empty() {
        let text = "Product, pin ,id\r\n,aa,d1\r\n\r\ndemo,\"bb\",\n";
        let entries = read(text, "fleet.csv").unwrap();
        let entry = |line, id: Option<&str>, pin: &str, product: Option<&str>| Entry {
            from: format!("fleet.csv line {line}"),
            id: id.map(str::to_owned),
            pin: Some(pin.to_owned()),
            product: product.map(str::to_owned),
            ..Entry::default()
        };
        let wanted = [
            entry(2, Some("d1"), "aa", None),
            entry(4, None, "bb", Some("demo")),
        ];
        assert_eq!(entries, wanted);
        assert_eq!(read("id,pin\n", "x"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        let column = |name: &str| ListError::Column(name.to_owned());
        for (text, error) in [
            ("", ListError::Empty),
            ("id,product\n", ListError::NoKey),
            ("id,pin,prodcut\n", column("prodcut")),
            ("pin,pin\n", column("pin")),
            ("id,pin,\u{202e}\n", column("\\u{202e}")),
            (
                "id,pin\nd1,aa\nd2\n",
                ListError::Fields {
                    line: 3,
                    fields: 1,
                    columns: 2,
                },
            ),
            ("id,pin\nd1,\"aa\n", ListError::Cut(csv::Cut { line: 2 })),
        ] {
            assert_eq!(read(text, "x"), Err(error), "{text}");
        }
    }
}
