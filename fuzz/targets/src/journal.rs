//! The journal of revocations ([`countersign_fleet_sqlite::journal`]).

use std::fmt::Write as _;

use countersign_fleet_sqlite::journal::{Entry, Position, Reader, header};

use crate::seal;

/// What is read is written the same, byte for byte, and what is torn at the end is all that is left of the file.
pub fn run(bytes: &[u8]) {
    for journal in [bytes, &seal::journal(bytes)] {
        let Ok(mut reader) = Reader::new(journal) else {
            continue;
        };
        let first = header(&reader.id());
        let mut at = Position::start(&first);
        let mut again = format!("{first}\n");
        let whole = loop {
            match reader.advance() {
                Ok(true) => {}
                Ok(false) => break true,
                Err(_) => break false,
            }
            let Ok(entry) = reader.entry() else {
                return;
            };
            let fields = entry.fields();
            assert_eq!(Entry::read(&fields), Ok(entry));
            at = at.after(&fields);
            writeln!(again, "{fields} {}", at.checksum).unwrap();
        };
        assert_eq!(reader.position(), at);
        assert_eq!(reader.good(), u64::try_from(again.len()).unwrap());
        assert!(journal.starts_with(again.as_bytes()));
        let left = u64::try_from(journal.len() - again.len()).unwrap();
        assert!(!whole || reader.torn() == left);
    }
}
