//! The partition table of the flash that a node runs from ([`countersign_node::fuzz::places`]): the running slot, then
//! the table.

use countersign_node::fuzz::places;
use esp_formats::partition_table::LEN;

use crate::seal;

/// The four lie within the flash, and none in another.
pub fn run(bytes: &[u8]) {
    let Some((slot, table)) = bytes.split_first() else {
        return;
    };
    let mut table = seal::flash::<LEN>(table);
    let running = (*slot < 16).then_some(*slot);
    if let Some([otadata, state, running, target]) = places(&mut table, FLASH, running) {
        let mut all = [otadata, state, running, target];
        all.sort_unstable();
        let end = |(offset, len): (u32, u32)| offset.checked_add(len).unwrap();
        assert!(
            all.windows(2).all(|two| end(two[0]) <= two[1].0),
            "{all:x?}"
        );
        assert!(usize::try_from(end(all[3])).unwrap() <= FLASH);
    }
}

const FLASH: usize = 16 << 20;
