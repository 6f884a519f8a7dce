//! The conversation.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use countersign_mbedtls_link::{
    Config, IN_CONTENT_LEN, Identity, LIBRARY, Library, OUT_CONTENT_LEN, Progress, Session,
    TransportError, UnixTime, Versions,
};
// The library keeps other threads out by it.
use critical_section as _;
use esp_formats::bundle::Bundle;

use crate::{Fault, arguments::Arguments, json::Line, link::Link, random::System};

/// What the threads that read have to say.
pub(crate) enum Event {
    /// From the server.
    Received(Vec<u8>),
    /// The server sends no more: 0 bytes, or why.
    Ended(Result<usize, TransportError>),
    /// From standard input.
    Typed(Vec<u8>),
    /// Standard input ended.
    TypedAll,
}

/// Runs the program.
pub(crate) fn run(words: &[String]) -> Result<(), Fault> {
    let arguments = Arguments::parse(words)?;
    let read = |path: &Path| {
        fs::read(path)
            .map_err(|error| Fault::before("setup", &format!("{}: {error}", path.display())))
    };
    let (bundle, chain, key) = (
        read(&arguments.bundle)?,
        read(&arguments.cert)?,
        read(&arguments.key)?,
    );
    let bundle = Bundle::parse(&bundle).map_err(|error| {
        let path = arguments.bundle.display();
        Fault::before(
            "setup",
            &format!("{path} is no certificate bundle: {error}"),
        )
    })?;
    let random = System::open().map_err(|error| Fault::before("setup", &error))?;
    let library = Library::new(Box::leak(Box::new(random)))
        .map_err(|error| Fault::before("setup", &error).of(&error))?;

    let (sender, events) = sync_channel(EVENTS);
    let link = Link::connect(arguments.connect, CONNECT, IDLE, sender.clone())
        .map_err(|error| Fault::before("connect", &format!("{}: {error}", arguments.connect)))?;
    let config = Config {
        bundle: Some(bundle),
        identity: Some(Identity {
            chain: &chain,
            key: &key,
        }),
        versions: if arguments.tls13 {
            Versions::UpTo13
        } else {
            Versions::Tls12
        },
        floor: UnixTime(0),
        keep: false,
    };
    let mut session = Session::new(&library, &arguments.name, &config, link)
        .map_err(|error| Fault::before("setup", &error).of(&error))?;
    shake_hands(&mut session, &events)?;
    let agreed = Line::new()
        .text("tls", session.version())
        .text("suite", session.suite())
        .text("library", LIBRARY)
        .number("in_content_len", IN_CONTENT_LEN)
        .number("out_content_len", OUT_CONTENT_LEN);
    eprintln!("{}", agreed.end());

    thread::spawn(move || type_all(&sender));
    let ended = converse(&mut session, &events);
    // Whoever is gone need not hear it.
    let _ = session.close();
    ended
}

fn shake_hands(session: &mut Session<'_, Link>, events: &Receiver<Event>) -> Result<(), Fault> {
    let until = now() + CONNECT;
    loop {
        match session.handshake() {
            Ok(Progress::Done(())) => return Ok(()),
            Ok(Progress::WantRead | Progress::WantWrite) => {}
            Err(error) => return Err(Fault::before("handshake", &error).of(&error)),
        }
        match events.recv_timeout(until.saturating_duration_since(now())) {
            Ok(Event::Received(bytes)) => session.transport_mut().push(&bytes),
            Ok(Event::Ended(how)) => session.transport_mut().end(how),
            // Nobody reads it yet.
            Ok(Event::Typed(_) | Event::TypedAll) => {}
            Err(_) => return Err(Fault::before("handshake", &"it took too long")),
        }
    }
}

fn converse(session: &mut Session<'_, Link>, events: &Receiver<Event>) -> Result<(), Fault> {
    let mut buffer = [0; 16384];
    let mut typed = Vec::new();
    // Known once standard input has ended.
    let mut until = None::<Instant>;
    loop {
        while !typed.is_empty() {
            match session.write(&typed) {
                Ok(Progress::Done(len)) => drop(typed.drain(..len.min(typed.len()))),
                Ok(Progress::WantRead | Progress::WantWrite) => break,
                Err(error) => return Err(Fault::after("write", &error).of(&error)),
            }
        }
        loop {
            match session.read(&mut buffer) {
                Ok(Progress::Done(0)) => return Ok(()),
                Ok(Progress::Done(len)) => {
                    let mut out = io::stdout().lock();
                    out.write_all(buffer.get(..len).unwrap_or_default())
                        .and_then(|()| out.flush())
                        .map_err(|error| Fault::after("output", &error))?;
                }
                Ok(Progress::WantRead | Progress::WantWrite) => break,
                Err(error) => return Err(Fault::after("read", &error).of(&error)),
            }
        }
        let left = until.map(|until| until.saturating_duration_since(now()));
        match events.recv_timeout(left.unwrap_or(IDLE).min(IDLE)) {
            Ok(Event::Received(bytes)) => session.transport_mut().push(&bytes),
            Ok(Event::Ended(how)) => session.transport_mut().end(how),
            Ok(Event::Typed(bytes)) => typed.extend(bytes),
            Ok(Event::TypedAll) => until = Some(now() + AFTER_ALL),
            Err(RecvTimeoutError::Timeout) if until.is_some() => return Ok(()),
            Err(_) => return Err(Fault::after("read", &"nothing came for too long")),
        }
    }
}

/// Reads standard input to its end.
fn type_all(events: &SyncSender<Event>) {
    let mut buffer = [0; 4096];
    while let Ok(len @ 1..) = io::stdin().lock().read(&mut buffer) {
        let bytes = buffer.get(..len).unwrap_or_default().to_vec();
        if events.send(Event::Typed(bytes)).is_err() {
            return;
        }
    }
    let _ = events.send(Event::TypedAll);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program's own clock: it must not hang for ever"
)]
fn now() -> Instant {
    Instant::now()
}

/// How long connecting may take, and the handshake.
const CONNECT: Duration = Duration::from_secs(30);

/// How long nothing may happen.
const IDLE: Duration = Duration::from_mins(1);

/// How long the server may go on after standard input ended.
const AFTER_ALL: Duration = Duration::from_secs(30);

/// How many events may wait, of 16 KiB at most each: who reads faster than we do waits.
const EVENTS: usize = 16;
