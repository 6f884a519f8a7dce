//! The listeners and their planes. Each plane has its own router, its own TLS sessions and its own rule of who may come.

mod body;
mod device;
mod download;
mod error;
mod limits;
mod listener;
mod operator;
mod paced;
mod peer;
mod places;
pub mod range;
mod requests;
mod serving;
pub mod socket;
mod stats;
mod tls;

pub use error::{ApiError, Error};
pub use limits::Limits;
pub use operator::{
    ConnectionsView, MANIFEST_HEADER, ServerCertificateView, ServerView, local_router,
};
pub use serving::{Addresses, Bound, Config, bind};
pub use stats::Stats;
pub use tls::{About, Identity, IdentityHandle, Origin};
