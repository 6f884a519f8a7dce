//! One image of the whole flash.

use esp_formats::partition_table;
use zeroize::Zeroizing;

use crate::Error;
use crate::layout::FlashLayout;

/// What goes into one partition.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The partition's label.
    pub label: &'a str,
    /// What lies at its start.
    pub data: &'a [u8],
}

impl core::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Part")
            .field("label", &self.label)
            .field("len", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// Makes an image of the whole flash: partition table and parts, 0xFF elsewhere.
///
/// The second-stage bootloader is the caller's to put below [`partition_table::OFFSET`]: its place depends on the chip.
///
/// # Errors
///
/// - [`Error::PartUnknown`], [`Error::PartRepeated`]: a label that is not in the layout, or twice among the parts.
/// - [`Error::PartTooLong`]: data longer than its partition.
/// - [`Error::Format`]: as of [`FlashLayout::encode_table`].
pub fn assemble(layout: &FlashLayout, parts: &[Part<'_>]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut flash = Zeroizing::new(vec![0xFF; to_usize(layout.flash_size())]);
    let table = layout.encode_table()?;
    put(&mut flash, partition_table::OFFSET, &table);
    for (index, part) in parts.iter().enumerate() {
        let label = || part.label.to_owned();
        if parts
            .iter()
            .take(index)
            .any(|other| other.label == part.label)
        {
            return Err(Error::PartRepeated { label: label() });
        }
        let partition = layout
            .partition(part.label)
            .ok_or_else(|| Error::PartUnknown { label: label() })?;
        if part.data.len() > to_usize(partition.size) {
            let (len, size) = (part.data.len(), partition.size);
            return Err(Error::PartTooLong {
                label: label(),
                len,
                size,
            });
        }
        put(&mut flash, partition.offset, part.data);
    }
    Ok(flash)
}

/// Copies data to its place; every place lies in the flash, since the layout does.
fn put(flash: &mut [u8], offset: u32, data: &[u8]) {
    let place = flash
        .get_mut(to_usize(offset)..)
        .and_then(|rest| rest.get_mut(..data.len()));
    if let Some(place) = place {
        place.copy_from_slice(data);
    }
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{NVS, OTA_0, OTA_1};

    #[test]
    fn puts_each_part_into_its_partition() {
        let layout = FlashLayout::of_flash(4 << 20).unwrap();
        let parts = [
            Part {
                label: NVS,
                data: b"settings",
            },
            Part {
                label: OTA_1,
                data: b"app",
            },
        ];
        let flash = assemble(&layout, &parts).unwrap();
        assert_eq!(flash.len(), 4 << 20);
        assert_eq!(flash[0x8000..0x8C00], layout.encode_table().unwrap());
        assert_eq!(flash[0x9000..0x9009], *b"settings\xFF");
        assert_eq!(flash[0x20_0000..0x20_0004], *b"app\xFF");
        let blank = flash.iter().filter(|byte| **byte != 0xFF).count();
        let table = layout.encode_table().unwrap();
        assert_eq!(
            blank,
            11 + table.iter().filter(|byte| **byte != 0xFF).count()
        );
    }

    #[test]
    fn refuses_parts_that_do_not_fit() {
        let layout = FlashLayout::of_flash(4 << 20).unwrap();
        let data = vec![0; 0x4001];
        let part = Part {
            label: NVS,
            data: &data[..0x4000],
        };
        assert!(assemble(&layout, &[part]).is_ok());
        assert!(matches!(
            assemble(
                &layout,
                &[Part {
                    data: &data,
                    ..part
                }]
            ),
            Err(Error::PartTooLong {
                len: 0x4001,
                size: 0x4000,
                ..
            })
        ));
        assert!(matches!(
            assemble(
                &layout,
                &[Part {
                    label: "factory",
                    ..part
                }]
            ),
            Err(Error::PartUnknown { .. })
        ));
        assert!(matches!(
            assemble(
                &layout,
                &[
                    part,
                    Part {
                        label: OTA_0,
                        ..part
                    },
                    part
                ]
            ),
            Err(Error::PartRepeated { .. })
        ));
    }
}
