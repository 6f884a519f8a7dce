//! `countersign serve`.

mod certificate;
mod descriptors;

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use countersign_server::{Limits, ServerCertificateView, bind};
use serde_json::json;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tracing_subscriber::filter::LevelFilter;

use crate::{
    cli::{Global, Serve},
    output,
    state::{Journal, Keys, Prepared, State},
    system::SystemClock,
};

pub(super) fn run(global: &Global, flags: &Serve) -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_max_level(LevelFilter::INFO)
        .with_ansi(std::env::var_os("NO_COLOR").is_none() && is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(serve(global, flags));
    // A token that hangs does not keep the process.
    runtime.shutdown_timeout(PATIENCE);
    served
}

async fn serve(global: &Global, flags: &Serve) -> Result<()> {
    // Signals are taken before anything is begun: who stops us early finds nothing half done.
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let state = State::open(&global.state, global.passphrases(), Keys::AtOnce)?;
    let prepared = Prepared::read(&state, &SystemClock)?;
    let token = state.operator_token()?;
    let limits = state.toml.limits();
    let bound = bind(&state.listen(flags), &limits)?;
    let limits = descriptors::make_room(limits)?;
    let at = bound.addresses();
    let journal = if flags.accept_journal {
        Journal::Accepted
    } else {
        Journal::Demanded
    };
    let context = state.context(at.device, at.download, journal).await?;
    let context = Arc::new(context);
    let keeper = prepared.begin(Arc::clone(&context)).await?;
    let identity = keeper.shown().clone();
    for (what, key) in state.roots_in_reach() {
        tracing::warn!(
            key = %key.display(),
            "the {what} root's key is within the server's reach, which never needs it: take it offline with `countersign ca \
             offline {what} --to FILE`"
        );
    }
    tracing::info!("{}", in_words(&limits));
    let settings = &context.settings;
    if global.json {
        output::json(&json!({
            "device_url": settings.device_url,
            "download_url": settings.download_url,
            "operator": at.operator,
            "certificate": ServerCertificateView::of(&identity),
            "pid": std::process::id(),
        }))?;
    } else {
        println!("device plane    {}", settings.device_url);
        println!("download plane  {}", settings.download_url);
        println!("operator plane  {}", state.layout.socket().display());
        if let Some(operator) = at.operator {
            println!(
                "                http://{operator}, with the token in {}",
                state.layout.operator_token().display()
            );
        }
        if let Some(shown) = ServerCertificateView::of(&identity) {
            for (name, line) in ["certificate", ""]
                .iter()
                .zip(certificate::in_words(&shown))
            {
                println!("{name:<16}{line}");
            }
        }
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(certificate::keep(keeper, stopped.clone()));
    let serving = bound.serve(Arc::clone(&context), &identity, token, limits, stopped);
    tokio::pin!(serving);
    tokio::select! {
        ended = serving.as_mut() => return Ok(ended?),
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    stop.send_replace(true);
    serving.await.context("while stopping")
}

/// The limits as an operator finds them in the log.
fn in_words(limits: &Limits) -> String {
    format!(
        "limits: {} connections a plane, {} of them in handshakes, {} from an address and {} new ones a second, {} of a \
         device; {:?} and {} bytes for a handshake, {:?}, {} bytes and {} headers for a request's head, {:?} for its body, \
         {:?} without a byte taken of an answer, {} bytes of it held by the system; {} operators",
        limits.connections,
        limits.handshakes,
        limits.per_address,
        limits.per_address_per_second,
        limits.per_device,
        limits.handshake,
        limits.handshake_bytes,
        limits.head,
        limits.head_bytes,
        limits.headers,
        limits.body,
        limits.stalled,
        limits.send_buffer,
        limits.operator_connections,
    )
}

/// How long what still runs at the end is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

fn is_terminal() -> bool {
    use std::io::IsTerminal as _;
    std::io::stderr().is_terminal()
}
