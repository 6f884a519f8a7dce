//! Authorities.

use clap::Subcommand;

use super::Authority;

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    #[command(flatten)]
    Registered(Authority),
}
