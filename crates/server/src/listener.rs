//! Takes connections of a plane: the handshake, then its requests, within limits.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use countersign_operations::Context;
use countersign_protocol::Digest;
use countersign_x509::Certificate;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt;

use crate::{
    Limits,
    peer::{Peer, refuse},
    stats::Stats,
    tls::{self, PlaneTls},
};

/// One plane: what it shows, whom it serves, and within which limits.
#[derive(Debug)]
pub(crate) struct Plane {
    pub(crate) name: &'static str,
    pub(crate) tls: PlaneTls,
    pub(crate) router: Router,
    pub(crate) context: Arc<Context>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) limits: Limits,
}

/// Serves a plane until told to stop, then lets open requests end for a moment.
pub(crate) async fn run(plane: Arc<Plane>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(plane.limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: waiting a little beats spinning.
                tracing::warn!(plane = plane.name, %error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(
                plane = plane.name,
                most = plane.limits.connections,
                "all connections are taken"
            );
            continue;
        };
        let (plane, stop) = (Arc::clone(&plane), stop.clone());
        connections.spawn(async move {
            serve(&plane, stream, from, stop).await;
            drop(place);
        });
    }
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if timeout(plane.limits.farewell, all_ended).await.is_err() {
        connections.shutdown().await;
    }
}

async fn serve(
    plane: &Plane,
    stream: TcpStream,
    from: SocketAddr,
    mut stop: watch::Receiver<bool>,
) {
    // Answers are short: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let Some((tls, peer)) = handshake(plane, stream, from).await else {
        return;
    };
    plane.stats.count_handshake();
    let router = plane.router.clone();
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(plane.limits.header)
        .max_buf_size(plane.limits.header_bytes)
        .serve_connection(TokioIo::new(tls), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = async { drop(stop.wait_for(|stop| *stop).await) } => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        connection.as_mut().graceful_shutdown();
        connection.await
    };
    if let Err(error) = ended {
        tracing::debug!(plane = plane.name, %from, %error, "a connection ended early");
    }
}

/// Completes the handshake. Who fails is remembered, with the reason.
async fn handshake(
    plane: &Plane,
    stream: TcpStream,
    from: SocketAddr,
) -> Option<(TlsStream<TcpStream>, Peer)> {
    let (presented, config) = match plane.tls.connection() {
        Ok(made) => made,
        Err(error) => {
            tracing::error!(plane = plane.name, %error, "no TLS for a connection");
            return None;
        }
    };
    let refuse = |code: &'static str, reason: String| {
        let claimed = presented.claimed();
        refuse(&plane.context, plane.name, from.ip(), claimed, code, reason);
    };
    let accepted = timeout(
        plane.limits.handshake,
        TlsAcceptor::from(config).accept(stream),
    )
    .await;
    let tls = match accepted {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => {
            let found = presented.refused().or_else(|| {
                let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
                Some(tls::describe(inner))
            });
            let (code, reason) = found.unwrap_or_else(|| ("handshake-failed", error.to_string()));
            refuse(code, reason);
            return None;
        }
        Err(_) => {
            refuse(
                "handshake-too-slow",
                format!("no handshake within {:?}", plane.limits.handshake),
            );
            return None;
        }
    };
    let leaf = tls.get_ref().1.peer_certificates()?.first()?;
    let leaf = Certificate::from_der(leaf).ok()?;
    let peer = Peer {
        plane: plane.name,
        address: from.ip(),
        fingerprint: Digest(leaf.fingerprint()),
        common_name: leaf.common_name().map(str::to_owned),
    };
    Some((tls, peer))
}
