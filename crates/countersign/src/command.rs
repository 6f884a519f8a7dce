//! One file per command.

mod author;
mod authority;
mod ca;
mod device_enroll;
mod device_import;
mod device_look;
mod device_state;
mod image_diff;
mod image_digest_key;
mod image_inspect;
mod image_keys;
mod image_open;
mod image_seal;
mod image_seal_key;
mod image_sign;
mod image_verify;
mod init;
pub(crate) mod node_run;
mod product;
mod release_look;
mod release_publish;
mod release_sign;
mod sealing;
pub(crate) mod serve;
mod trust_bundle;
mod trust_check;
mod trust_diff;
mod trust_inspect;
mod trust_roots;
mod trust_show;
mod trust_verify;

use std::{future::Future, process::ExitCode};

use anyhow::Result;

pub(crate) use self::{
    device_enroll::{Extra as DeviceExtra, enroll, write as write_device},
    release_publish::publish,
    release_sign::sign,
};
use crate::cli::{Cli, Command, Device, Image, Node, Release, Trust};

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let global = cli.global;
    match cli.command {
        Command::Demo(demo) => return block_on(crate::demo::run(&global, &demo)),
        Command::Init(init) => block_on(init::run(&global, &init))?,
        Command::Serve(serve) => serve::run(&global, &serve)?,
        Command::Release(Release::Sign(sign)) => release_sign::run(&global, &sign)?,
        Command::Release(Release::Publish(publish)) => {
            block_on(release_publish::run(&global, &publish))?;
        }
        Command::Release(Release::List) => block_on(release_look::list(&global))?,
        Command::Release(Release::Show { release }) => {
            block_on(release_look::show(&global, &release))?;
        }
        Command::Product(verb) => block_on(product::run(&global, &verb))?,
        Command::Author(verb) => author::run(&global, &verb)?,
        Command::Device(Device::Enroll(enroll)) => block_on(device_enroll::run(&global, &enroll))?,
        Command::Device(Device::List) => block_on(device_look::list(&global))?,
        Command::Device(Device::Show { id }) => block_on(device_look::show(&global, &id))?,
        Command::Device(Device::Revoke { id, reason }) => {
            block_on(device_state::revoke(&global, &id, reason.as_deref()))?;
        }
        Command::Device(Device::Retire { id, reason }) => {
            block_on(device_state::retire(&global, &id, reason.as_deref()))?;
        }
        Command::Device(Device::Suspend { id, reason }) => {
            block_on(device_state::suspend(&global, &id, reason.as_deref()))?;
        }
        Command::Device(Device::Import(import)) => block_on(device_import::run(&global, &import))?,
        Command::Device(Device::Repin(asked)) => block_on(device_state::repin(&global, &asked))?,
        Command::Device(Device::Resume { id }) => block_on(device_state::resume(&global, &id))?,
        Command::Ca(ca) => return ca::run(&global, &ca),
        Command::Node(Node::Run(run)) => return block_on(node_run::run(&global, &run)),
        Command::Image(Image::Inspect(asked)) => return image_inspect::run(&global, &asked),
        Command::Image(Image::Sign(sign)) => image_sign::run(&global, &sign)?,
        Command::Image(Image::Verify(verify)) => return image_verify::run(&global, &verify),
        Command::Image(Image::DigestKey(asked)) => image_digest_key::run(&global, &asked)?,
        Command::Image(Image::Diff(diff)) => image_diff::run(&global, &diff)?,
        Command::Image(Image::Seal(seal)) => image_seal::run(&global, &seal)?,
        Command::Image(Image::Open(open)) => image_open::run(&global, &open)?,
        Command::Image(Image::SealKey(key)) => image_seal_key::run(&global, &key)?,
        Command::Trust(Trust::Inspect(inspect)) => {
            return block_on(trust_inspect::run(&global, &inspect));
        }
        Command::Trust(Trust::Show { bundle }) => trust_show::run(&global, &bundle)?,
        Command::Trust(Trust::Diff(diff)) => return trust_diff::run(&global, &diff),
        Command::Trust(Trust::Verify(verify)) => {
            return block_on(trust_verify::run(&global, &verify));
        }
        Command::Trust(Trust::Bundle(bundle)) => trust_bundle::run(&global, &bundle)?,
        Command::Trust(Trust::Check(check)) => return trust_check::run(&global, &check),
        Command::Trust(Trust::Roots(roots)) => trust_roots::run(&global, &roots)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs one command's work on a runtime of its own.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
