//! Tells the linker where the app lies, and writes its descriptor.

use std::{env, error::Error, fs, path::Path};

use esp_formats::app_image::AppDescriptor;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "cargo:rustc-link-arg-bins=-T{}/link.x",
        env!("CARGO_MANIFEST_DIR")
    );
    println!("cargo:rerun-if-changed=link.x");
    println!("cargo:rerun-if-env-changed={VERSION}");
    let version = env::var(VERSION).unwrap_or_else(|_| "1.0.0".to_owned());
    let descriptor = AppDescriptor {
        // So that there is a lower one, which a device has to refuse.
        secure_version: 1,
        version: &version,
        project_name: "qemu-virt",
        // Always the same, so that the same sources give the same image. The node takes it for the earliest that now can
        // be.
        time: "00:00:00",
        date: "Jan  2 2026",
        // Of ESP-IDF there is nothing in it.
        idf_version: "none",
        // The packer's to fill in, which has the ELF file.
        app_elf_sha256: &[0; 32],
        min_efuse_blk_rev: 0,
        max_efuse_blk_rev: u16::MAX,
        mmu_page_size_log2: 16,
    };
    let bytes = descriptor.encode()?;
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("descriptor.bin"), bytes)?;
    println!("cargo:rustc-env={VERSION}={version}");
    Ok(())
}

/// The version that the app says it is.
const VERSION: &str = "QEMU_VIRT_VERSION";
