//! The listeners and their planes. Each plane has its own router, its own TLS sessions and its own rule of who may come.

mod body;
mod device;
mod download;
mod error;
mod listener;
mod operator;
mod peer;
mod range;
mod serving;
pub mod socket;
mod stats;
mod tls;

pub use error::{ApiError, Error};
pub use operator::{MANIFEST_HEADER, ServerView, local_router};
pub use serving::{Addresses, Bound, Config, Identity, Limits, bind};
pub use stats::Stats;
