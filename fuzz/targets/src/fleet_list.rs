//! A list of devices in CSV ([`countersign_operations::import::list`]).

use countersign_operations::import::{Entry, list};

use crate::plain::assert_plain_error;

/// What is wrong is said without moving a terminal; entries are read again as they are written.
pub fn run(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    match list::read(text, "fleet.csv") {
        Err(error) => assert_plain_error(&error),
        Ok(entries) => {
            let again = list::read(&written(&entries), "fleet.csv").unwrap();
            assert_eq!(again.len(), entries.len());
            for (one, other) in entries.into_iter().zip(again) {
                let from = one.from.clone();
                assert_eq!(one, Entry { from, ..other });
            }
        }
    }
}

fn written(entries: &[Entry]) -> String {
    let mut text = "id,product,certificate,fingerprint,pin\n".to_owned();
    for entry in entries {
        let fields = [
            &entry.id,
            &entry.product,
            &entry.certificate,
            &entry.fingerprint,
            &entry.pin,
        ];
        let fields = fields.map(|field| {
            let field = field.as_deref().unwrap_or_default();
            format!("\"{}\"", field.replace('"', "\"\""))
        });
        text.push_str(&fields.join(","));
        text.push('\n');
    }
    text
}
