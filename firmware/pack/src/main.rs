//! Makes of an ESP32-C3's program the files that are flashed: what `espflash save-image` does, by the same code.
//!
//! ```text
//! countersign-pack ELF PARTITIONS OUT
//! ```
//!
//! ELF is what cargo built, PARTITIONS the partition table (CSV, or as it is flashed), OUT a folder:
//!
//! | file             | what                                                                                        |
//! |------------------|---------------------------------------------------------------------------------------------|
//! | `app.bin`        | the app image: what `release sign` and `release publish` take                                |
//! | `merged.bin`     | all of a 4 MiB flash: boot loader, partition table, the app in `ota_0`, 0xFF elsewhere        |
//! | `bootloader.bin` | espflash's second-stage boot loader for the chip, by ESP-IDF's default settings: no rollback |
//!
//! Installing `espflash` compiles all of its terminal program, which takes minutes; its library is the part that packs.

#![expect(
    clippy::print_stderr,
    reason = "a program for a terminal: it says what is wrong there"
)]

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use espflash::flasher::{FlashData, FlashSettings, FlashSize};
use espflash::image_format::{
    Segment,
    idf::{IdfBootloaderFormat, check_idf_bootloader},
};
use espflash::target::Chip;

fn main() -> ExitCode {
    match run(&std::env::args_os().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[OsString]) -> Result<()> {
    let [elf, partitions, out] = args else {
        bail!("usage: countersign-pack ELF PARTITIONS OUT");
    };
    let (partitions, out) = (Path::new(partitions), Path::new(out));
    let elf = fs::read(elf).with_context(|| format!("reading {}", elf.display()))?;
    check_idf_bootloader(&elf)
        .map_err(|error| anyhow::anyhow!("{error:?}"))
        .context("the program has no app descriptor")?;
    let settings = FlashSettings::new(None, Some(FLASH), None);
    let flash = FlashData::new(settings, 0, None, CHIP, CHIP.default_xtal_frequency());
    let image = IdfBootloaderFormat::new(&elf, &flash, Some(partitions), None, None, Some(SLOT))
        .with_context(|| format!("packing with {}", partitions.display()))?;

    fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let put = |name: &str, bytes: &[u8]| {
        let path = out.join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
    };
    let app: Vec<Segment<'_>> = image.clone().ota_segments().collect();
    let [app] = app.as_slice() else {
        bail!("the app image came out in {} parts", app.len());
    };
    put("app.bin", &app.data)?;
    let parts: Vec<Segment<'_>> = image.flash_segments().collect();
    if let Some(bootloader) = parts.first().filter(|part| part.addr == BOOTLOADER) {
        put("bootloader.bin", &bootloader.data)?;
    }
    put("merged.bin", &merge(&parts)?)
}

/// All of the flash, each part at its address.
fn merge(parts: &[Segment<'_>]) -> Result<Vec<u8>> {
    let mut flash = vec![0xFF; usize::try_from(FLASH.size())?];
    for Segment { addr, data } in parts {
        let data: &Cow<'_, [u8]> = data;
        let place = flash
            .get_mut(usize::try_from(*addr)?..)
            .and_then(|rest| rest.get_mut(..data.len()))
            .with_context(|| format!("{} bytes at {addr:#x} are beyond the flash", data.len()))?;
        place.copy_from_slice(data);
    }
    Ok(flash)
}

const CHIP: Chip = Chip::Esp32c3;
/// What the module of the smallest boards has; a device whose flash is larger uses no more of it.
const FLASH: FlashSize = FlashSize::_4Mb;
/// The slot that a new device boots.
const SLOT: &str = "ota_0";
/// Where the ESP32-C3's boot ROM looks for the second-stage boot loader.
const BOOTLOADER: u32 = 0;
