//! Where products' settings are kept: `countersign.toml`, whose other lines and comments stay as they are.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _};

use anyhow::{Context as _, Result};
use countersign_fleet::ProductName;
use countersign_operations::{
    Product,
    settings::{ProductSettings, SettingError},
};

use super::{Layout, toml};
use crate::files::{self, Mode};

/// Keeps them in the file of a state directory that this process holds.
#[derive(Debug)]
pub(super) struct ProductFile(pub(super) Layout);

impl ProductFile {
    fn change(
        &self,
        product: &ProductName,
        changes: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<ProductName, Product>> {
        // What it is a link to, and not the link, is replaced.
        let settings = self.0.settings();
        let path = settings
            .canonicalize()
            .with_context(|| format!("{} cannot be read", settings.display()))?;
        let mut text = files::read_text(&path)?;
        for (key, value) in changes {
            let value = toml::Product::value(key, value)?;
            text = toml::edited(&text, product.as_str(), key, value.as_ref())?;
        }
        // What `serve` would not take is not kept.
        let products = toml::File::parse(&text, &path)?.products(&self.0.root)?;
        let mode = path
            .metadata()
            .map_or(0o600, |there| there.permissions().mode());
        let others = mode & 0o077 != 0;
        let mode = if others { Mode::Public } else { Mode::Secret };
        files::write(&path, text.as_bytes(), mode)?;
        Ok(products)
    }
}

impl ProductSettings for ProductFile {
    fn change(
        &self,
        product: &ProductName,
        changes: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<ProductName, Product>, SettingError> {
        Self::change(self, product, changes).map_err(|error| SettingError(format!("{error:#}")))
    }
}
