//! The boot loader, by `esp-boot`'s rules, on a chip that can lose its power under it too.

use countersign_esp_boot::{Layout, OtaData, Slot, Write, boot, fallbacks};
use embedded_storage_async::nor_flash::{NorFlash, ReadNorFlash};
use esp_formats::{app_image::AppImage, otadata::SelectEntry};

use crate::{
    author::sha256,
    chip::Chip,
    device::{OTADATA, SLOT, SLOTS},
};

/// Chooses and starts a slot; panics where there is none that holds a whole image.
pub(crate) async fn start(mut chip: Chip, rollback: bool) -> u8 {
    let layout = Layout {
        ota_slots: 2,
        factory: false,
        rollback,
    };
    let mut entries = [[0; SelectEntry::LEN]; 2];
    for (entry, at) in entries.iter_mut().zip(SECTORS) {
        chip.read(at, entry).await.unwrap();
    }
    let [first, second] = &entries;
    let boot = boot(&layout, &OtaData::parse([first, second]));
    for write in boot.writes.into_iter().flatten() {
        apply(&mut chip, &write).await;
    }
    let candidates = std::iter::once(boot.slot).chain(fallbacks(&layout, boot.slot));
    let mut slots = candidates.filter_map(|slot| match slot {
        Slot::Ota(slot) => Some(slot),
        Slot::Factory => None,
    });
    slots
        .find(|slot| holds_image(&chip, *slot))
        .expect("a slot to boot")
}

async fn apply(chip: &mut Chip, write: &Write) {
    let at = SECTORS[usize::from(write.index)];
    chip.erase(at, at + 0x1000).await.unwrap();
    chip.write(at, &write.entry.encode()).await.unwrap();
}

fn holds_image(chip: &Chip, slot: u8) -> bool {
    let bytes = chip.peek(SLOTS[usize::from(slot)], usize::try_from(SLOT).unwrap());
    AppImage::parse_in_slot(&bytes, sha256).is_ok()
}

const SECTORS: [u32; 2] = [OTADATA, OTADATA + 0x1000];
