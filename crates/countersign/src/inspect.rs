//! Looking at chains: what the commands `trust inspect`, `trust verify`, `trust show` and `trust diff` share.

pub(crate) mod asked;
pub(crate) mod bundle_file;
pub(crate) mod gather;
pub(crate) mod known;
pub(crate) mod report;
pub(crate) mod source;
pub(crate) mod text;
pub(crate) mod words;
