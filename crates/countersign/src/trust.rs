//! Making and checking trust bundles: what the commands `trust bundle`, `trust check` and `trust roots` share.

pub(crate) mod certificates;
pub(crate) mod checked;
pub(crate) mod config;
pub(crate) mod hosts;
pub(crate) mod lock;
pub(crate) mod made;
pub(crate) mod outputs;
pub(crate) mod place;
pub(crate) mod pool;
pub(crate) mod releases;
