//! What is fuzzed: one module for each parser of bytes that come from elsewhere, and the list of them.
//!
//! A target takes any bytes and panics where it found something: the parser did, or what it read is not what it writes.
//! The libFuzzer programs in `fuzz/fuzz_targets/` call nothing but these; so do this crate's tests, on stable Rust, with
//! the corpora in `fuzz/corpus/` and with damaged copies of them. `fuzz/README.md` says of each target where its bytes
//! come from.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target says what it found by a panic"
)]

pub mod app_image;
pub mod author_set;
pub mod boot;
pub mod build_time;
pub mod bundle;
pub mod certificate;
pub mod certificate_request;
pub mod chain_file;
pub mod chain_paths;
pub mod check_in;
pub mod check_in_reply;
pub mod crl;
pub mod digests;
pub mod download_url;
pub mod fleet_list;
pub mod identity;
pub mod idf_release;
pub mod journal;
pub mod key_file;
pub mod manifest;
pub mod names;
pub mod node_address;
pub mod node_answer;
pub mod node_places;
pub mod node_record;
pub mod otadata;
pub mod partition_table;
pub mod pem;
mod plain;
pub mod private_key;
pub mod probe_target;
pub mod public_key;
pub mod range;
pub mod release_image;
pub mod report;
pub mod root_list;
mod seal;
pub mod seal_key;
pub mod sealed_image;
pub mod secure_cert;
pub mod server_chain;
pub mod server_url;
pub mod settings;
pub mod shown_text;
pub mod signature;
pub mod signature_sector;
pub mod signed_manifest;
pub mod time;
pub mod trust_config;
pub mod trust_lock;

/// A target: it takes any bytes, and panics where it found something.
pub type Target = fn(&[u8]);

/// All targets by their names, which are those of their modules, of their programs and of their corpora's folders.
pub const TARGETS: &[(&str, Target)] = &[
    ("app_image", app_image::run),
    ("author_set", author_set::run),
    ("boot", boot::run),
    ("build_time", build_time::run),
    ("bundle", bundle::run),
    ("certificate", certificate::run),
    ("certificate_request", certificate_request::run),
    ("chain_file", chain_file::run),
    ("chain_paths", chain_paths::run),
    ("check_in", check_in::run),
    ("check_in_reply", check_in_reply::run),
    ("crl", crl::run),
    ("digests", digests::run),
    ("download_url", download_url::run),
    ("fleet_list", fleet_list::run),
    ("identity", identity::run),
    ("idf_release", idf_release::run),
    ("journal", journal::run),
    ("key_file", key_file::run),
    ("manifest", manifest::run),
    ("names", names::run),
    ("node_address", node_address::run),
    ("node_answer", node_answer::run),
    ("node_places", node_places::run),
    ("node_record", node_record::run),
    ("otadata", otadata::run),
    ("partition_table", partition_table::run),
    ("pem", pem::run),
    ("private_key", private_key::run),
    ("probe_target", probe_target::run),
    ("public_key", public_key::run),
    ("range", range::run),
    ("release_image", release_image::run),
    ("report", report::run),
    ("root_list", root_list::run),
    ("seal_key", seal_key::run),
    ("sealed_image", sealed_image::run),
    ("secure_cert", secure_cert::run),
    ("server_chain", server_chain::run),
    ("server_url", server_url::run),
    ("settings", settings::run),
    ("shown_text", shown_text::run),
    ("signature", signature::run),
    ("signature_sector", signature_sector::run),
    ("signed_manifest", signed_manifest::run),
    ("time", time::run),
    ("trust_config", trust_config::run),
    ("trust_lock", trust_lock::run),
];
