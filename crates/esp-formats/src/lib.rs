//! What ESP-IDF keeps in flash and in files, one module per format: bytes in, values out.
//!
//! Nothing here does I/O, allocates or panics; every value that a parser returns borrows from the bytes it was given.
//! Digests other than MD5 and CRC-32 are arguments, because the device and the host have their own SHA-256.
//!
//! | module              | what                                              | ESP-IDF's name               |
//! |---------------------|---------------------------------------------------|------------------------------|
//! | [`app_image`]       | what is flashed into an app partition             | `esp_image_header_t`         |
//! | [`bundle`]          | root certificates as the device searches them     | `x509_crt_bundle`            |
//! | [`nvs`]             | settings by namespace and key                     | `nvs_flash`                  |
//! | [`otadata`]         | which slot boots, and whether it proved itself    | `esp_ota_select_entry_t`     |
//! | [`partition_table`] | what lies where in flash                          | `esp_partition_info_t`       |
//! | [`sealed_image`]    | an image that only a key's holder can read        | `esp_encrypted_img`          |
//! | [`secure_boot`]     | who signed an image, for chips that ask           | `ets_secure_boot_signature_t` |
//! | [`secure_cert`]     | a device's key and certificates                   | `esp_secure_cert_tlv_header_t` |

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::alloc_instead_of_core,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::indexing_slicing,
        clippy::std_instead_of_alloc,
        clippy::std_instead_of_core,
        clippy::string_slice
    )
)]

#[cfg(test)]
extern crate std;

pub mod app_image;
pub mod bundle;
mod bytes;
mod error;
pub mod nvs;
pub mod otadata;
pub mod partition_table;
pub mod sealed_image;
pub mod secure_boot;
pub mod secure_cert;
#[cfg(test)]
mod testing;

pub use error::{Error, ErrorKind};
