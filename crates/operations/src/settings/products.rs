//! The products, which may be changed under a running server, and where that is kept.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use countersign_fleet::ProductName;

use super::Product;
use crate::Error;

/// The products, by name. A clone is another hold on the same ones.
#[derive(Clone, Debug)]
pub struct Products {
    all: Arc<RwLock<BTreeMap<ProductName, Arc<Product>>>>,
    kept: Arc<dyn ProductSettings>,
}

/// Where products' settings are kept: the program, in `countersign.toml`. There is no other place.
pub trait ProductSettings: fmt::Debug + Send + Sync {
    /// Changes settings of a product, all of them or none, and gives all products as they are then. Each change is a
    /// setting's name and its value as a person writes it; an empty one takes the setting out.
    ///
    /// # Errors
    /// Where a setting, a value, or what they come to together is not right, or cannot be kept.
    fn change(
        &self,
        product: &ProductName,
        changes: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<ProductName, Product>, SettingError>;
}

/// What is wrong with a setting, with its causes, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(pub String);

/// Keeps nothing: of products that stay what they are.
#[derive(Clone, Copy, Debug)]
struct Fixed;

impl ProductSettings for Fixed {
    fn change(
        &self,
        _: &ProductName,
        _: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<ProductName, Product>, SettingError> {
        Err(SettingError("no settings are kept here".to_owned()))
    }
}

impl Products {
    /// These products, whose settings are kept there.
    #[must_use]
    pub fn kept_in(self, kept: Arc<dyn ProductSettings>) -> Self {
        Self { kept, ..self }
    }

    /// The product of that name.
    ///
    /// # Errors
    /// [`Error::UnknownProduct`], with the names that there are.
    pub fn one(&self, name: &ProductName) -> Result<Arc<Product>, Error> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(name).cloned().ok_or_else(|| Error::UnknownProduct {
            name: name.clone(),
            known: all.keys().cloned().collect(),
        })
    }

    /// Their names, in order.
    pub fn names(&self) -> Vec<ProductName> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.keys().cloned().collect()
    }

    /// Changes settings of a product where they are kept, and goes by them from then on.
    pub(crate) fn change(
        &self,
        name: &ProductName,
        changes: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        self.one(name)?;
        // Held meanwhile: of two changes at once, the later one is what counts here as there.
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let changed = self.kept.change(name, changes).map_err(Error::BadSetting)?;
        *all = shared(changed);
        Ok(())
    }
}

impl FromIterator<(ProductName, Product)> for Products {
    fn from_iter<T: IntoIterator<Item = (ProductName, Product)>>(products: T) -> Self {
        Self {
            all: Arc::new(RwLock::new(shared(products))),
            kept: Arc::new(Fixed),
        }
    }
}

fn shared(
    products: impl IntoIterator<Item = (ProductName, Product)>,
) -> BTreeMap<ProductName, Arc<Product>> {
    let shared = |(name, product)| (name, Arc::new(product));
    products.into_iter().map(shared).collect()
}
