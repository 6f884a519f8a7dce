//! The workflows that cross rooms, one file per verb. The operator plane, the device plane and the program all call these.
//!
//! Whatever a verb needs is in its [`Context`]: the fleet's store, the image store, the issuing authority, the settings,
//! a clock and a source of randomness. No verb here knows of HTTP, of flags or of files.

pub mod admit;
pub mod advice;
pub mod author_publish;
pub mod author_sets;
pub mod authorities;
pub mod authority_list;
pub mod authority_register;
pub mod authority_set;
pub mod certify;
pub mod check_in;
pub mod context;
pub mod crl;
mod device_state;
pub mod devices;
pub mod download;
pub mod enroll;
pub mod error;
pub mod find_certificates;
pub mod found;
pub mod gate;
pub mod health;
pub mod import;
pub mod link;
pub mod naming;
mod next;
pub mod offline;
pub mod policy;
pub mod product_set;
pub mod products;
pub mod prove;
pub mod publish;
pub mod record;
pub mod refusals;
pub mod releases;
pub mod repin;
pub mod replace;
pub mod report;
pub mod resume;
pub mod retire;
pub mod revoke;
pub mod revoke_certificate;
pub mod seen;
pub mod server_certificate;
pub mod settings;
pub mod show_authorities;
pub mod sign;
pub mod source;
pub mod stock;
pub mod suspend;
pub mod text;
pub mod unfit;
pub mod view;

pub use authorities::Authorities;
pub use context::{Clock, Context, Entropy};
pub use error::{Error, Refusal};
pub use gate::Gate;
pub use settings::{Product, Settings};
