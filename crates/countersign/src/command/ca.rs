//! `countersign ca`: one file per verb.

mod crl;
mod export;
mod issue;
mod offline;
mod prove;
mod replace;
mod revoke;
mod root;
mod show;
mod sign;

use std::process::ExitCode;

use anyhow::Result;

use super::{authority, block_on};
use crate::cli::{Ca, Global};

/// Does what `ca` was asked for.
pub(super) fn run(global: &Global, ca: &Ca) -> Result<ExitCode> {
    match ca {
        Ca::Show(asked) => block_on(show::run(global, asked))?,
        Ca::Issue(asked) => block_on(issue::run(global, asked))?,
        Ca::Crl(asked) => return block_on(crl::run(global, asked)),
        Ca::Replace(asked) => block_on(replace::run(global, asked))?,
        Ca::Sign(asked) => sign::run(global, asked)?,
        Ca::Offline(asked) => block_on(offline::run(global, asked))?,
        Ca::Export(asked) => block_on(export::run(global, asked))?,
        Ca::Prove(asked) => block_on(prove::run(global, asked))?,
        Ca::Revoke(asked) => block_on(revoke::run(global, asked))?,
        Ca::Registered(verb) => block_on(authority::run(global, verb))?,
    }
    Ok(ExitCode::SUCCESS)
}
