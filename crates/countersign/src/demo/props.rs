//! What the story needs: a folder, images, and the lines to try by hand.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use countersign_images::check_image;
use countersign_provision::layout::FlashLayout;
use countersign_virtual_node::compose::{App, app_image_of};
use esp_formats::app_image::ChipId;

use super::cast::Server;
use crate::files::{self, Mode};

/// The folder in which everything happens.
#[derive(Debug)]
pub(super) struct Stage {
    root: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Stage {
    /// A folder that is there, or a temporary one that goes with the stage.
    pub(super) fn set(folder: Option<&Path>) -> Result<Self> {
        if let Some(folder) = folder {
            fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
            if fs::read_dir(folder)?.next().is_some() {
                bail!("{} is not empty; name another folder", folder.display());
            }
            return Ok(Self {
                root: folder.to_owned(),
                _temporary: None,
            });
        }
        let temporary = tempfile::Builder::new()
            .prefix("countersign-demo-")
            .tempdir()?;
        Ok(Self {
            root: temporary.path().to_owned(),
            _temporary: Some(temporary),
        })
    }

    pub(super) fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    pub(super) fn author_key(&self) -> PathBuf {
        self.root.join("author").join("author.key")
    }

    pub(super) fn device(&self) -> PathBuf {
        self.root.join("device")
    }

    /// The device of whoever tries by hand.
    pub(super) fn by_hand(&self) -> PathBuf {
        self.root.join("by-hand")
    }

    pub(super) fn impostor(&self) -> PathBuf {
        self.root.join("impostor")
    }

    /// A folder or file of the second act.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn releases(&self) -> PathBuf {
        self.root.join("releases")
    }

    pub(super) fn server_log(&self) -> PathBuf {
        self.root.join("server.log")
    }
}

/// The images of the story, as files.
#[derive(Debug)]
pub(super) struct Images {
    /// The chip that all are for.
    pub(super) chip: ChipId,
    /// What the device runs when the story begins.
    pub(super) factory: Prop,
    /// What it is updated to.
    pub(super) update: Prop,
    /// What starts and is never confirmed.
    pub(super) hangs: Prop,
    /// What its server's owner changes afterwards.
    pub(super) forged: Prop,
    /// What a device takes from a thief, since it is its author's. Small, as are those below.
    pub(super) next: Prop,
    /// What it is offered after that.
    pub(super) later: Prop,
    /// The same for another chip.
    pub(super) other_chip: Prop,
    /// The device's flash, in MiB: the smallest that takes them all.
    pub(super) flash_mib: String,
}

/// An image.
#[derive(Clone, Debug)]
pub(super) struct Prop {
    pub(super) path: PathBuf,
    pub(super) version: String,
    pub(super) size: u64,
}

impl Images {
    /// Composes the images, or takes `own` as the update and composes the others for its chip.
    pub(super) fn make(stage: &Stage, own: Option<&Path>) -> Result<Self> {
        let folder = stage.releases();
        fs::create_dir_all(&folder)?;
        let (chip, secure_version, update) = if let Some(path) = own {
            taken(&folder, path)?
        } else {
            let chip = ChipId::ESP32_C3;
            (chip, 0, composed(&folder, "update", &of(chip, "1.1.0"), 0)?)
        };
        // A device that runs the update takes nothing of a lower secure version.
        let later_one = |name: &str, app| composed(&folder, name, &app, secure_version);
        let base = &update.version;
        // A version has room for 32 bytes.
        let version = |end: &str| format!("{}{end}", &base[..base.floor_char_boundary(20)]);
        let [factory, hangs, forged, next, later] = match own {
            Some(_) => [
                "factory".to_owned(),
                version("-hangs"),
                version("-forged"),
                version("-next"),
                version("-later"),
            ],
            None => ["1.0.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0"].map(str::to_owned),
        };
        let other_chip = if chip == ChipId::ESP32_C3 {
            ChipId::ESP32_S3
        } else {
            ChipId::ESP32_C3
        };
        let layout = u32::try_from(update.size.max(IMAGE_SIZE.into()))
            .ok()
            .and_then(FlashLayout::for_image);
        let layout = layout.context("no virtual ESP32 has a slot for so large an image")?;
        Ok(Self {
            chip,
            flash_mib: (layout.flash_size() / (1024 * 1024)).to_string(),
            factory: composed(&folder, "factory", &of(chip, &factory), 0)?,
            hangs: later_one(
                "hangs",
                App {
                    hangs: true,
                    ..of(chip, &hangs)
                },
            )?,
            forged: later_one("forged", of(chip, &forged))?,
            next: later_one("next", small(chip, &next))?,
            later: later_one("later", small(chip, &later))?,
            other_chip: later_one("other-chip", small(other_chip, &later))?,
            update,
        })
    }
}

/// Takes an image that somebody else made; gives its chip and its secure version too.
fn taken(folder: &Path, path: &Path) -> Result<(ChipId, u32, Prop)> {
    let bytes = files::read(path)?;
    let image = check_image(&bytes).with_context(|| path.display().to_string())?;
    let own = folder.join("update.bin");
    files::write(&own, &bytes, Mode::Public)?;
    let size = u64::from(image.size);
    Ok((
        ChipId(image.chip),
        image.secure_version,
        Prop {
            path: own,
            version: image.version,
            size,
        },
    ))
}

/// An image for a chip.
fn of(chip: ChipId, version: &str) -> App<'_> {
    App {
        chip,
        version,
        project: "countersign-demo",
        hangs: false,
        size: IMAGE_SIZE,
    }
}

fn small(chip: ChipId, version: &str) -> App<'_> {
    App {
        size: SMALL_SIZE,
        ..of(chip, version)
    }
}

fn composed(folder: &Path, name: &str, app: &App<'_>, secure_version: u32) -> Result<Prop> {
    let bytes = app_image_of(app, secure_version)?;
    let path = folder.join(format!("{name}.bin"));
    files::write(&path, &bytes, Mode::Public)?;
    Ok(Prop {
        path,
        version: app.version.to_owned(),
        size: bytes.len() as u64,
    })
}

/// Prints what a person can try while the servers are up.
pub(super) fn by_hand(stage: &Stage, server: &Server, json: bool) {
    let (state, device) = (stage.state(), stage.by_hand().display().to_string());
    let program = std::env::current_exe().unwrap_or_else(|_| "countersign".into());
    let url = &server.view.device_url;
    let at = url.trim_start_matches("https://");
    let text = format!(
        "\nThe servers are up until Ctrl-C. In another shell:

  # what a stock ESP-IDF client does: ask with its version, follow to the image (here, its address ends in seconds)
  curl -L --cert {device}/device.pem --key {device}/device.key --cacert {device}/server-root.pem \\
       -o image.bin '{url}/ota?v=0'

  # who is there, and what he asks of us
  openssl s_client -connect {at} -servername localhost -CAfile {device}/server-root.pem \\
       -cert {device}/device.pem -key {device}/device.key </dev/null

  # the virtual ESP32, the fleet, the operator plane
  {program} --state {state} node run {device} --once
  {program} --state {state} device list
  curl --unix-socket {state}/operator.sock http://countersign/v1/devices",
        state = state.display(),
        program = program.display(),
    );
    if json {
        eprintln!("{text}");
    } else {
        println!("{text}");
    }
}

/// About what a small ESP-IDF application with Wi-Fi and TLS comes to, in bytes.
const IMAGE_SIZE: u32 = 900 * 1024;
/// What suffices where an image is only there to be refused, in bytes.
const SMALL_SIZE: u32 = 64 * 1024;
