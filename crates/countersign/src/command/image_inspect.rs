//! `countersign image inspect`: all that an image says, and what a device would refuse. Exit: 0 only where nothing is.

mod json;
mod slots;
mod text;

use std::{path::Path, process::ExitCode};

use anyhow::{Context, Result, anyhow};
use countersign_images::{
    FileKind,
    inspect::{ImageKind, Inspected, inspect},
};
use esp_formats::app_image::Signature;

use self::slots::Slot;
use super::image_keys;
use crate::{
    cli::{Global, ImageInspect},
    output, streams,
};

/// All that is shown.
struct Shown<'a> {
    file: &'a [u8],
    found: Inspected<'a>,
    /// Where a partition table was given.
    slots: Option<Vec<Slot>>,
    /// Why a device, or whoever publishes, would refuse the image, in words.
    refusals: Vec<String>,
}

pub(super) fn run(global: &Global, asked: &ImageInspect) -> Result<ExitCode> {
    let bytes = streams::read(&asked.image, image_keys::LONGEST)?;
    let found = look(&asked.image, &bytes)?;
    let len = found.flash_len();
    let slots = asked
        .partition_table
        .as_deref()
        .map(|path| slots::read(path, len));
    let slots = slots.transpose()?;
    let mut refusals: Vec<_> = found.refusals.iter().map(ToString::to_string).collect();
    if let Some(slots) = &slots
        && len.is_some()
        && found.kind != ImageKind::Loader
        && !slots.iter().any(|slot| slot.fits)
    {
        refusals.push("it fits in no app partition of the table".to_owned());
    }
    let shown = Shown {
        file: &bytes,
        found,
        slots,
        refusals,
    };
    if global.json {
        output::json(&json::value(&shown))?;
    } else {
        text::print(&shown);
    }
    Ok(if shown.refusals.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn look<'a>(path: &Path, bytes: &'a [u8]) -> Result<Inspected<'a>> {
    match FileKind::of(bytes) {
        FileKind::Image | FileKind::Unknown => inspect(bytes).with_context(|| streams::name(path)),
        // What it begins with is an image, as a rule; it is shown, and what lies behind it is told.
        FileKind::Flash => inspect(bytes)
            .with_context(|| format!("{} is {}", streams::name(path), FileKind::Flash)),
        other => Err(anyhow!("{} is {other}", streams::name(path))),
    }
}

/// What an image is, in a word.
fn kind(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::App => "app",
        ImageKind::Loader => "boot loader",
        ImageKind::Bare => "app without a descriptor",
    }
}

/// Which signature follows an image.
fn signature(found: &Inspected<'_>) -> &'static str {
    match found.survey.signature() {
        Signature::None => "none",
        Signature::V1(_) => "secure boot v1",
        Signature::V2(_) => "secure boot v2",
    }
}

/// The drive strengths of the flash's pins, each four bits.
fn drives(pins: [u8; 3]) -> [(&'static str, u8); 6] {
    let [first, second, third] = pins;
    [
        ("clk", first & 15),
        ("q", first >> 4),
        ("d", second & 15),
        ("cs0", second >> 4),
        ("hd", third & 15),
        ("wp", third >> 4),
    ]
}

/// A revision as people write it: 203 is v2.3.
fn revision(full: u16) -> String {
    format!("v{}.{}", full / 100, full % 100)
}
