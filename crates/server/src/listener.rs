//! Takes connections of a plane: a place, the handshake, then its requests, within limits.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::Router;
use countersign_operations::{
    Context,
    gate::{Bar, Cut},
};
use countersign_protocol::Digest;
use rustix::io::Errno;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    Limits,
    paced::{Pace, Paced, let_hear, linger, reset},
    peer::{Peer, met_limit, refuse, refuse_shown},
    places::{Full, Lost, Place, Places},
    requests::answer_all,
    stats::Stats,
    tls::{PlaneTls, barred},
};

/// One plane: what it shows, whom it serves, and within which limits.
#[derive(Debug)]
pub(crate) struct Plane {
    pub(crate) name: &'static str,
    /// `None`: plain HTTP, for operators with a token.
    pub(crate) tls: Option<Arc<PlaneTls>>,
    pub(crate) router: Router,
    /// The largest body of a request that any route takes, in bytes.
    pub(crate) largest_body: u64,
    pub(crate) context: Arc<Context>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) limits: Limits,
    pub(crate) places: Arc<Places>,
}

/// Whose connection it is.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) address: IpAddr,
    place: Arc<Place>,
    /// Who it is, where there is TLS.
    peer: Option<Peer>,
}

impl Guest {
    /// Says in a request who asks.
    pub(crate) fn enter_into(&self, extensions: &mut http::Extensions) {
        match &self.peer {
            Some(peer) => drop(extensions.insert(peer.clone())),
            None => drop(extensions.insert(Arc::clone(&self.place))),
        }
    }

    /// Remembers that it met a limit.
    pub(crate) fn met_limit(&self, plane: &Plane, code: &'static str, reason: String) {
        let claimed = self.name(plane);
        met_limit(
            &plane.context,
            plane.name,
            self.address,
            claimed,
            code,
            reason,
        );
    }

    /// Remembers that it was refused.
    pub(crate) fn refused(&self, plane: &Plane, code: &'static str, reason: String) {
        let claimed = self.name(plane);
        refuse(
            &plane.context,
            plane.name,
            self.address,
            claimed,
            code,
            reason,
        );
    }

    fn name(&self, plane: &Plane) -> Option<String> {
        self.peer.as_ref()?.claimed(&plane.context)
    }
}

/// Serves a plane until told to stop, then lets open requests end for a moment.
pub(crate) async fn run(plane: Arc<Plane>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut warned = None;
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_ours(&error) => {
                // Waiting a little beats spinning.
                tokio::time::sleep(Duration::from_millis(100)).await;
                if warned.is_none_or(|at: Instant| at.elapsed() > Duration::from_mins(1)) {
                    tracing::warn!(plane = plane.name, %error, "connections cannot be taken");
                    warned = Some(Instant::now());
                }
                continue;
            }
            Err(_) => {
                // Linux hands on what went wrong with a connection that waited (accept(2)): nobody else waits long for that.
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
        };
        match plane.places.enter(from.ip(), plane.context.clock.now()) {
            Ok((place, lost)) => {
                let (plane, stop) = (Arc::clone(&plane), stop.clone());
                connections
                    .spawn(async move { serve(&plane, stream, from, place, lost, stop).await });
            }
            Err(full) => {
                reset(&stream);
                plane.met_limit(from.ip(), full);
            }
        }
    }
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if timeout(plane.limits.farewell, all_ended).await.is_err() {
        connections.shutdown().await;
    }
}

impl Cut for Plane {
    fn cut(&self, fingerprints: &[Digest]) {
        // Sessions first: who is cut comes again at once.
        if let Some(tls) = &self.tls {
            tls.forget(fingerprints);
        }
        self.places.cut(fingerprints);
    }
}

impl Plane {
    /// Remembers that a device was barred while it was connected.
    fn turned_away(&self, peer: &Peer) {
        self.stats.count_cut();
        // Where it is barred no longer, it was for a moment.
        let bar = self.context.gate.bars(&peer.shown.fingerprint);
        let refusal = barred(bar.unwrap_or(Bar::Suspended));
        peer.refused(&self.context, refusal.code(), refusal.to_string());
    }

    fn met_limit(&self, from: IpAddr, full: Full) {
        let reason = full.reason(self.places.most());
        met_limit(&self.context, self.name, from, None, full.code(), reason);
    }
}

/// Serves one connection. Its place is given back when nothing is left of it.
async fn serve(
    plane: &Plane,
    stream: TcpStream,
    from: SocketAddr,
    place: Place,
    mut lost: Lost,
    mut stop: watch::Receiver<bool>,
) {
    // Answers are short: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let (stream, pace, comes_back) = Paced::new(stream, &plane.limits);
    let place = Arc::new(place);
    let known = OnceLock::new();
    let mut refused = false;
    let mut taken = tokio::select! {
        biased;
        Ok(full) = &mut lost => Some(full),
        served = handshake_and_requests(plane, stream, from, &place, &pace, &known, stop.clone()) => {
            refused = !served;
            None
        }
    };
    let Ok(mut stream) = comes_back.await else {
        return;
    };
    if taken.is_none() && !pace.was_cut() && (refused || pace.taken() > LITTLE) {
        let farewell = async {
            if refused {
                let_hear(&mut stream).await;
            } else {
                linger(&mut stream, &plane.limits).await;
            }
        };
        taken = tokio::select! {
            Ok(full) = &mut lost, if !lost.is_terminated() => Some(full),
            () = farewell => None,
            _ = stop.wait_for(|stop| *stop) => None,
        };
    }
    match (taken, known.get()) {
        (Some(Full::Barred), Some(peer)) => plane.turned_away(peer),
        (Some(full), _) => plane.met_limit(from.ip(), full),
        (None, _) => {}
    }
    if taken.is_some() || pace.was_cut() {
        reset(&stream);
    }
}

/// Serves a connection's requests; `false` where there was no handshake.
async fn handshake_and_requests(
    plane: &Plane,
    mut stream: Paced,
    from: SocketAddr,
    place: &Arc<Place>,
    pace: &Arc<Pace>,
    known: &OnceLock<Peer>,
    stop: watch::Receiver<bool>,
) -> bool {
    let guest = |peer| Guest {
        address: from.ip(),
        place: Arc::clone(place),
        peer,
    };
    let Some(tls) = &plane.tls else {
        stream.proved();
        answer_all(plane, stream, &guest(None), pace, stop).await;
        return true;
    };
    let Some((mut stream, peer)) = handshake(plane, tls, stream, pace, from).await else {
        return false;
    };
    plane.stats.count_handshake();
    let fingerprint = peer.shown.fingerprint;
    let _ = known.set(peer.clone());
    place.prove(Some(fingerprint));
    // Who is barred from here on loses the place that was just proved; who was before that is seen here.
    if plane.context.gate.bars(&fingerprint).is_some() {
        plane.turned_away(&peer);
        pace.cut();
        return false;
    }
    let (socket, connection) = stream.get_mut();
    socket.proved();
    connection.set_buffer_limit(Some(TLS_BUFFER));
    // What came along with the end of the handshake is a request, or its beginning.
    let began = |state: rustls::IoState| state.plaintext_bytes_to_read() > 0;
    if !connection.process_new_packets().is_ok_and(began) {
        pace.answered();
    }
    answer_all(plane, stream, &guest(Some(peer)), pace, stop).await;
    true
}

/// Completes the handshake. Who fails is remembered, with the reason.
async fn handshake(
    plane: &Plane,
    tls: &Arc<PlaneTls>,
    stream: Paced,
    pace: &Pace,
    from: SocketAddr,
) -> Option<(TlsStream<Paced>, Peer)> {
    let (presented, config) = tls.connection();
    let (context, name, address) = (&plane.context, plane.name, from.ip());
    let accepted = timeout(
        plane.limits.handshake,
        TlsAcceptor::from(config).accept(stream),
    )
    .await;
    let tls = match accepted {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => {
            let claimed = presented.claimed();
            if let Some((code, reason)) = pace.limit() {
                met_limit(context, name, address, claimed, code, reason);
                return None;
            }
            let cause = error.get_ref().and_then(|inner| inner.downcast_ref());
            let found = presented.describe(cause);
            let (code, reason) = found.unwrap_or_else(|| ("handshake-failed", error.to_string()));
            let leaf = presented.leaf();
            let shown = (leaf.as_ref(), claimed);
            refuse_shown(context, name, address, shown, code, reason);
            return None;
        }
        Err(_) => {
            pace.cut();
            let reason = format!("no handshake within {:?}", plane.limits.handshake);
            let claimed = presented.claimed();
            met_limit(
                context,
                name,
                address,
                claimed,
                "handshake-too-slow",
                reason,
            );
            return None;
        }
    };
    let leaf = tls.get_ref().1.peer_certificates()?.first()?;
    let Some(shown) = presented.shown(leaf) else {
        tracing::error!(plane = name, from = %address, "a handshake is over, and nobody vouches for its peer");
        return None;
    };
    if presented.resumed() {
        plane.stats.count_resumed();
    }
    let peer = Peer {
        plane: plane.name,
        address,
        shown,
    };
    Some((tls, peer))
}

/// Whether it is for lack of descriptors or memory that no connection can be taken.
fn is_ours(error: &io::Error) -> bool {
    let lacks = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| lacks.contains(&errno))
}

/// What the system may give out by itself after a connection was closed, in bytes.
const LITTLE: u64 = 16 * 1024;

/// What TLS may hold of an answer, in bytes: four of our records.
const TLS_BUFFER: usize = 16 * 1024;
