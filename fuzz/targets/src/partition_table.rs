//! A partition table ([`esp_formats::partition_table`]).

use esp_formats::partition_table::{LEN, MAX_PARTITIONS, PartitionTable, encode};

/// What is read can be written, where it fits, and reads the same.
pub fn run(bytes: &[u8]) {
    let Ok(table) = PartitionTable::parse(bytes) else {
        return;
    };
    let _ = (table.check_fits(4 << 20), table.ota_slots());
    let partitions: Vec<_> = table.iter().take(MAX_PARTITIONS).collect();
    let mut out = [0; LEN];
    if encode(&partitions, &mut out).is_ok() {
        assert!(PartitionTable::parse(&out).unwrap().iter().eq(partitions));
    }
}
