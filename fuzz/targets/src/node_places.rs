//! The partition table of the flash that a node runs from ([`countersign_node::fuzz::places`]): the running slot, then
//! the table.

use countersign_node::fuzz::places;
use esp_formats::partition_table::LEN;

use crate::seal;

/// What the node writes to lies within the flash, and is not what runs.
pub fn run(bytes: &[u8]) {
    let Some((slot, table)) = bytes.split_first() else {
        return;
    };
    let mut table = seal::flash::<LEN>(table);
    let running = (*slot < 16).then_some(*slot);
    if let Some([otadata, state, running, target]) = places(&mut table, FLASH, running) {
        let all = [otadata, state, running, target];
        let end = |(offset, len): (u32, u32)| offset.checked_add(len).unwrap();
        assert!(
            all.iter()
                .all(|place| usize::try_from(end(*place)).unwrap() <= FLASH)
        );
        for writes in [otadata, state, target] {
            assert!(
                end(writes) <= running.0 || end(running) <= writes.0,
                "{all:x?}"
            );
        }
    }
}

const FLASH: usize = 16 << 20;
