//! The hostile clients, a file for each.

mod alert_in_mid_stream;
mod answer_by_the_byte;
mod answer_never_read;
mod answers_never_read;
mod body_by_the_byte;
mod crowd;
mod crowd_of_one;
mod endless_handshakes;
mod endless_headers;
mod endless_requests;
mod garbage;
mod head_by_the_byte;
mod hello_by_the_byte;
mod hello_then_silence;
mod hidden_request;
mod huge_chain;
mod line_ends;
mod lying_chunks;
mod lying_length;
mod old_versions;
mod other_host;
mod plain_http;
mod range_lists;
mod renegotiation;
mod stolen_session;
mod swarm_of_one_device;
mod two_lengths;

use std::{io, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use super::ground::Ground;

/// A hostile client.
pub(crate) struct Attack {
    /// What it does.
    pub(crate) name: &'static str,
    /// What it would win, if nothing stopped it.
    pub(crate) would_win: &'static str,
    /// The setting, or what else stops it.
    pub(crate) stopped_by: &'static str,
    /// What the operator hears of it, each at least once.
    pub(crate) codes: &'static [&'static str],
    /// Does it at full force for a few seconds, until the server has cut all of its connections; gives what came of it.
    pub(crate) run: fn(Arc<Ground>) -> Running,
}

/// An attack under way.
pub(crate) type Running = Pin<Box<dyn Future<Output = String> + Send>>;

/// All of them: strangers first, then those who have a device.
pub(crate) const ALL: &[&Attack] = &[
    &garbage::ATTACK,
    &plain_http::ATTACK,
    &old_versions::ATTACK,
    &hello_then_silence::ATTACK,
    &hello_by_the_byte::ATTACK,
    &huge_chain::ATTACK,
    &crowd_of_one::ATTACK,
    &crowd::ATTACK,
    &endless_handshakes::ATTACK,
    &stolen_session::ATTACK,
    &renegotiation::ATTACK,
    &alert_in_mid_stream::ATTACK,
    &swarm_of_one_device::ATTACK,
    &head_by_the_byte::ATTACK,
    &endless_headers::ATTACK,
    &body_by_the_byte::ATTACK,
    &lying_length::ATTACK,
    &two_lengths::ATTACK,
    &lying_chunks::ATTACK,
    &line_ends::ATTACK,
    &hidden_request::ATTACK,
    &other_host::ATTACK,
    &range_lists::ATTACK,
    &answer_never_read::ATTACK,
    &answer_by_the_byte::ATTACK,
    &answers_never_read::ATTACK,
    &endless_requests::ATTACK,
];

/// Waits until the other end resets a connection of which nothing is read.
async fn reset_of(stream: &TcpStream) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        let told = stream.take_error();
        if !matches!(told, Ok(None)) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the server keeps the connection");
}

/// Whether the other end has not closed a connection. What it sent is thrown away: a session's ticket may wait.
fn is_open(stream: &mut TcpStream) -> bool {
    let mut some = [0; 4096];
    match stream.try_read(&mut some) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}
