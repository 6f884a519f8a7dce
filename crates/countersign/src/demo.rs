//! `countersign demo`: the product in small, on real sockets, with real bytes, each party a process of its own.

mod act;
mod cast;
mod client;
mod forger;
mod impostor;
mod loot;
mod props;
mod report;
mod story;
mod thief;

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Demo, Global};

/// Plays the story and shows how it went. `Ctrl-C` ends it early, and cleans up.
pub(crate) async fn run(global: &Global, asked: &Demo) -> Result<ExitCode> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let stage = props::Stage::set(asked.dir.as_deref())?;
    let mut interrupted = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let played = tokio::select! {
        played = story::play(&stage, asked, global.json) => played,
        () = interrupted() => {
            // What was started ends with its handle, and the folder with the stage.
            eprintln!("interrupted; everything that was started is stopped");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    let (report, server) = played.context("the demonstration failed")?;
    report.print(global.json)?;
    if asked.keep {
        props::by_hand(&stage, &server, global.json);
        interrupted().await;
    }
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// As shells have it for a process that SIGINT ended.
const INTERRUPTED: u8 = 130;
