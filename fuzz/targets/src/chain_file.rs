//! A chain in a file, or what `openssl s_client -showcerts` says ([`countersign_trust::chain::from_file`]).

use countersign_trust::chain::from_file;
use countersign_x509::pem;

use crate::plain::{assert_all_plain, assert_plain_error};

/// What is found is the same once it is written and read again; nothing of a key is.
pub fn run(bytes: &[u8]) {
    let key = pem::encode("PRIVATE KEY", SECRET).into_bytes();
    for bytes in [bytes, &[&key, bytes, &key, bytes, &key].concat()] {
        match from_file(bytes) {
            Err(error) => assert_plain_error(&error),
            Ok(read) => {
                assert_all_plain(&read.notes);
                assert!(!read.chain.is_empty());
                let holds = |der: &Vec<u8>| der.windows(SECRET.len()).any(|here| here == SECRET);
                assert!(!read.chain.iter().any(holds));
                let block = |der: &Vec<u8>| pem::encode(pem::CERTIFICATE, der);
                let text: String = read.chain.iter().map(block).collect();
                assert_eq!(from_file(text.as_bytes()).unwrap().chain, read.chain);
            }
        }
    }
}

const SECRET: &[u8] = b"what only the owner of a key knows, in three times 16 b";
