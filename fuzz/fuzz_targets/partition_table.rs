#![no_main]
use esp_formats::partition_table::{LEN, MAX_PARTITIONS, PartitionTable, encode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(table) = PartitionTable::parse(bytes) else {
        return;
    };
    let partitions: Vec<_> = table.iter().take(MAX_PARTITIONS).collect();
    let mut out = [0; LEN];
    if encode(&partitions, &mut out).is_ok() {
        assert!(PartitionTable::parse(&out).unwrap().iter().eq(partitions));
    }
});
