//! A device's identity and settings turned into the partitions that are flashed.
//!
//! | module          | makes                                                                                    |
//! |-----------------|------------------------------------------------------------------------------------------|
//! | [`author_set`]  | the author set that a device goes by from the start                                      |
//! | [`layout`]      | where each partition lies, for flashes of 4, 8 and 16 MiB                                |
//! | [`nvs`]         | the settings: which servers, which product and device, whose releases                    |
//! | [`secure_cert`] | key and certificates, as `esp_secure_cert_mgr` reads them                                |
//! | [`flash`]       | all of it in one image of the whole flash                                                |
//!
//! Nothing here makes keys or opens files; bytes with a private key in them are wiped when dropped.

pub mod author_set;
mod error;
pub mod flash;
pub mod layout;
pub mod nvs;
mod pem_text;
pub mod secure_cert;

pub use error::{Cause, Error};
