//! What must hold for a product's releases, beside its authors' word.

use countersign_fleet::{ProductName, Release};
use countersign_images::{
    Checked,
    check::Signed,
    kind::FileKind,
    secure_boot::{self, BlockReport, Image},
};
use countersign_protocol::{Digest, UnixTime};

use crate::text::chip_name;

/// What must hold for a product's releases. Nothing that devices would refuse is to become visible: it would cost each of
/// them a download.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Whether images without a Secure Boot signature are admitted. Their manifests are signed all the same.
    pub unsigned_images: bool,
    /// Whose Secure Boot signatures devices take; `None`: there must be one, whoever's it is.
    pub secure_boot: Option<SecureBoot>,
    /// The chip that all its devices have, by its ESP-IDF `esp_chip_id_t`; `None`: that of its newest release.
    pub chip: Option<u16>,
    /// The project's name in the app descriptor; `None`: any.
    pub project: Option<String>,
    /// The length of its smallest OTA slot in bytes; `None`: not asked.
    pub slot: Option<u32>,
    /// Whether what is stored must be a sealed image (`esp_encrypted_img`), and not a plain one.
    pub sealed: bool,
    /// Until when its devices get updates, as its maker has promised.
    pub supported_until: Option<UnixTime>,
}

/// Whose Secure Boot v2 signatures devices take.
#[derive(Clone, Debug)]
pub struct SecureBoot {
    /// SHA-256 of the keys as they lie in signature blocks: what devices have in eFuse, or run by.
    pub keys: Vec<Digest>,
    /// Which blocks they compare.
    pub blocks: Blocks,
}

/// Which signature blocks of an update a device compares with the keys that it knows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Blocks {
    /// All: a chip with Secure Boot v2.
    #[default]
    Any,
    /// The first alone: an app with `CONFIG_SECURE_SIGNED_APPS_NO_SECURE_BOOT`, whatever other blocks there are.
    First,
}

/// What a release breaks of its product's policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// A signature block is damaged, or signs something else.
    #[error("signature block {number} {fault}; devices of `{product}` take no such image")]
    Block {
        /// The block, from 0.
        number: usize,
        /// What is wrong with it.
        fault: secure_boot::Fault,
        /// The product.
        product: ProductName,
    },
    /// The first block is by a key that the devices do not compare it with.
    #[error(
        "signature block 0 is by key {found}{}, and devices of `{product}` compare block 0 alone, with the key that they run \
         by: {}. They would download it and refuse it. Sign it so that their key comes first, and publish that; only what \
         runs then knows the keys behind",
         elsewhere(*known_at), listed(wanted)
    )]
    FirstBlock {
        /// The key of block 0.
        found: Digest,
        /// In which other block there is a key that they know.
        known_at: Option<usize>,
        /// The keys that they know.
        wanted: Vec<Digest>,
        /// The product.
        product: ProductName,
    },
    /// The file is a plain image, and the product demands sealed ones.
    #[error(
        "product `{0}` demands sealed images, and this one is plain: whoever has it can read it; and a sealed one cannot be \
         published yet"
    )]
    Plain(ProductName),
    /// The file is a sealed image, which can be held against nothing.
    #[error(
        "the file is a sealed image, and none can be published yet: it is opened by nobody but its devices, so that neither its \
         manifest nor what `{0}` demands can be held against it here, and our node, which has no key, would refuse it. Plain \
         images are published here; a stock ESP-IDF client with `esp_encrypted_img` fetches sealed ones from elsewhere"
    )]
    Sealed(ProductName),
    /// The secure version is below that of a release before.
    #[error(
        "the image's secure version is {image}, below the {newest} of `{product}` {version}: a device that ran that one \
         refuses it"
    )]
    LowSecureVersion {
        /// The image's.
        image: u32,
        /// The newest release's.
        newest: u32,
        /// Its version.
        version: String,
        /// The product.
        product: ProductName,
    },
    /// The image cannot be read for its signatures.
    #[error("{0}")]
    Signatures(String),
    /// No block is by a key that the devices know.
    #[error(
        "the image is signed by {}, and devices of `{product}` know {} alone",
        listed(found),
        listed(wanted)
    )]
    StrangeKeys {
        /// Whose blocks there are.
        found: Vec<Digest>,
        /// The keys that they know.
        wanted: Vec<Digest>,
        /// The product.
        product: ProductName,
    },
    /// The image is longer than a slot.
    #[error("the image has {size} bytes, and the smallest OTA slot of `{product}` has {slot}")]
    TooLarge {
        /// The image's length in bytes.
        size: u32,
        /// The slot's.
        slot: u32,
        /// The product.
        product: ProductName,
    },
    /// The product wants images with a Secure Boot signature.
    #[error("the image carries no Secure Boot v2 signature, which product `{0}` demands")]
    Unsigned(ProductName),
    /// The image is for another chip than the product's devices have.
    #[error(
        "the image is for {image} (byte 12), and product `{product}` is for {wanted}, {because}"
    )]
    WrongChip {
        /// The image's chip.
        image: String,
        /// The product's chip.
        wanted: String,
        /// The product.
        product: ProductName,
        /// What says so.
        because: String,
    },
    /// The image is of another project.
    #[error(
        "the image is of project `{image}` (byte 0x50), and product `{product}` is of project `{wanted}`, as countersign.toml says"
    )]
    WrongProject {
        /// The image's.
        image: String,
        /// The product's.
        wanted: String,
        /// The product.
        product: ProductName,
    },
}

impl Breach {
    /// The stable code, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Block { .. } | Self::Signatures(_) => "bad-image-signature",
            Self::FirstBlock { .. } => "first-block",
            Self::LowSecureVersion { .. } => "low-secure-version",
            Self::Plain(_) => "plain-image",
            Self::Sealed(_) => "sealed-image",
            Self::StrangeKeys { .. } => "strange-image-key",
            Self::TooLarge { .. } => "too-large",
            Self::Unsigned(_) => "unsigned-image",
            Self::WrongChip { .. } => "wrong-chip",
            Self::WrongProject { .. } => "wrong-project",
        }
    }
}

impl Policy {
    /// Tells whether a file is of a kind that may be stored, before anything in it is looked at.
    ///
    /// # Errors
    /// [`Breach::Sealed`], [`Breach::Plain`].
    pub fn check_file(&self, name: &ProductName, file: &[u8]) -> Result<(), Breach> {
        if FileKind::of(file) == FileKind::Sealed {
            return Err(Breach::Sealed(name.clone()));
        }
        if self.sealed {
            return Err(Breach::Plain(name.clone()));
        }
        Ok(())
    }

    /// Whether at that time the day until which devices get updates is over.
    pub fn has_ended(&self, at: UnixTime) -> bool {
        self.supported_until.is_some_and(|end| end < at)
    }

    /// Tells whether an image may become a release of the product, whose newest one is given.
    ///
    /// # Errors
    /// The first [`Breach`].
    pub fn check(
        &self,
        name: &ProductName,
        file: &[u8],
        checked: &Checked,
        newest: Option<&Release>,
    ) -> Result<(), Breach> {
        self.check_kind(name, checked, newest)?;
        if let Some(slot) = self.slot.filter(|slot| *slot < checked.size) {
            return Err(Breach::TooLarge {
                size: checked.size,
                slot,
                product: name.clone(),
            });
        }
        match (checked.signed, &self.secure_boot) {
            (Signed::V2, None) => Ok(()),
            (Signed::No | Signed::V1, None) if self.unsigned_images => Ok(()),
            (Signed::V2, Some(demanded)) => {
                let image =
                    Image::read(file).map_err(|error| Breach::Signatures(error.to_string()))?;
                demanded.check(name, &image.blocks())
            }
            _ => Err(Breach::Unsigned(name.clone())),
        }
    }

    fn check_kind(
        &self,
        name: &ProductName,
        checked: &Checked,
        newest: Option<&Release>,
    ) -> Result<(), Breach> {
        let product = name.clone();
        let wanted = self
            .chip
            .map(|chip| (chip, "as countersign.toml says".to_owned()))
            .or_else(|| {
                newest.map(|newest| (newest.chip, format!("as its release {} is", newest.version)))
            });
        if let Some((chip, because)) = wanted.filter(|(chip, _)| *chip != checked.chip) {
            return Err(Breach::WrongChip {
                image: chip_name(checked.chip),
                wanted: chip_name(chip),
                product,
                because,
            });
        }
        if let Some(wanted) = self.project.as_ref().filter(|one| **one != checked.project) {
            return Err(Breach::WrongProject {
                image: checked.project.clone(),
                wanted: wanted.clone(),
                product,
            });
        }
        if let Some(newest) = newest.filter(|one| one.secure_version > checked.secure_version) {
            return Err(Breach::LowSecureVersion {
                image: checked.secure_version,
                newest: newest.secure_version,
                version: newest.version.clone(),
                product,
            });
        }
        Ok(())
    }
}

impl SecureBoot {
    /// Tells whether devices take an image with these blocks, as ESP-IDF v5.5.5 compares them
    /// (`components/bootloader_support/src/secure_boot_v2/secure_boot_signatures_app.c`).
    fn check(&self, product: &ProductName, blocks: &[BlockReport]) -> Result<(), Breach> {
        let product = || product.clone();
        let known = |block: &&BlockReport| {
            let key = block.key_digest.as_ref();
            block.fault.is_none() && key.is_some_and(|key| self.keys.contains(key))
        };
        let found = || blocks.iter().filter_map(|block| block.key_digest).collect();
        let counted = match (self.blocks, blocks) {
            (Blocks::Any, all) => all,
            (Blocks::First, [first, ..]) if first.number == 0 => std::slice::from_ref(first),
            (Blocks::First, _) => &[],
        };
        if counted.iter().any(|block| known(&block)) {
            return Ok(());
        }
        if let (Blocks::First, [first, ..]) = (self.blocks, blocks)
            && let (Some(found), None, 0) = (first.key_digest, first.fault, first.number)
        {
            return Err(Breach::FirstBlock {
                found,
                known_at: blocks.iter().find(known).map(|block| block.number),
                wanted: self.keys.clone(),
                product: product(),
            });
        }
        let broken = counted
            .iter()
            .find_map(|block| Some((block.number, block.fault?)));
        Err(match broken {
            Some((number, fault)) => Breach::Block {
                number,
                fault,
                product: product(),
            },
            None => Breach::StrangeKeys {
                found: found(),
                wanted: self.keys.clone(),
                product: product(),
            },
        })
    }
}

fn elsewhere(known_at: Option<usize>) -> String {
    known_at.map_or_else(String::new, |number| {
        format!(" (the key that they know signed block {number})")
    })
}

fn listed(keys: &[Digest]) -> String {
    if keys.is_empty() {
        return "nobody".to_owned();
    }
    let texts: Vec<_> = keys.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests;
