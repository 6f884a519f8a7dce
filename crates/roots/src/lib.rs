//! The root certificates that matter to an ESP32: those that Mozilla trusts for servers today, and
//! those that some release of ESP-IDF ships.
//!
//! The second set is larger. A board in the field holds what its release held, and servers still end
//! their chains in roots that Mozilla has dropped since (Starfield Class 2 behind Amazon S3).
//!
//! | what                                     | from                                                        |
//! |------------------------------------------|-------------------------------------------------------------|
//! | certificates that Mozilla has            | crate `webpki-root-certs` ([`MOZILLA_SOURCE`], [`MOZILLA_DATE`]) |
//! | certificates that it dropped             | `data/kept.pem`                                             |
//! | which release ships which, in which list | `data/roots.csv`, read by [`table`]                         |
//! | what differs between releases            | [`Release`]                                                 |
//!
//! ```
//! use countersign_roots::{Release, by_name};
//!
//! let root = by_name("starfield class 2 ca")[0];
//! assert!(!root.is_trusted_by_mozilla());
//! let release = Release::find("v5.3.5").unwrap();
//! assert!(release.roots(release.settings()).any(|shipped| shipped == root));
//! ```
//!
//! Data and look-ups, no more: what a root is worth is decided elsewhere. `README.md` says how the
//! data is renewed; [`audit()`] says what is wrong with it.

pub mod audit;
mod date;
pub mod release;
mod root;
mod successor;
pub mod table;

pub use audit::{Audit, audit};
pub use date::Date;
pub use release::{BundleSettings, CrossSigned, DefaultList, Release, ReleaseSet};
pub use root::{Root, all, by_name, by_sha256, by_subject, mozilla};
pub use successor::{Succession, successions};

/// The crate that [`mozilla`]'s certificates come from, with the version that [`MOZILLA_DATE`] is of.
pub const MOZILLA_SOURCE: &str = "webpki-root-certs 1.0.11";

/// When that version was made of the list that Mozilla publishes by the CCADB.
pub const MOZILLA_DATE: Date = Date::new(2026, 10, 23);

/// Up to when NSS's `certdata.txt` was read for [`Root::distrust_after`].
pub const DISTRUST_DATE: Date = Date::new(2026, 5, 1);

/// When ESP-IDF's repository was read; its branches ([`Release::is_branch`]) may have moved since.
pub const ESP_IDF_DATE: Date = Date::new(2026, 7, 23);
