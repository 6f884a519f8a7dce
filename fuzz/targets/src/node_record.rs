//! The node's own records in flash ([`countersign_node::fuzz::decode_record`]).

use countersign_node::fuzz::{RECORD_LEN, change_state, decode_record, encode_record};

use crate::seal;

/// A record that is read can be written, and reads the same. After whatever lies in the partition, what is saved is
/// found again.
pub fn run(bytes: &[u8]) {
    let mut partition = seal::flash::<8192>(bytes);
    for record in partition.chunks_exact_mut(RECORD_LEN) {
        let Some((body, crc)) = record.split_last_chunk_mut::<4>() else {
            return;
        };
        *crc = crc32fast::hash(body).to_le_bytes();
        let Some((sequence, state)) = decode_record(record.as_array().unwrap()) else {
            continue;
        };
        let again = encode_record(sequence, &state);
        assert_eq!(decode_record(&again), Some((sequence, state)));
    }
    let saved = change_state(&mut partition, |state| state.counter ^= 1);
    assert!(saved.is_some());
    assert_eq!(change_state(&mut partition, |_| {}), saved);
}
