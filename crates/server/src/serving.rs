//! The server as a whole: its listeners are had first, then it serves until told to stop.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use countersign_operations::{Context, crl, gate::Cut, refusals, seen};
use tokio::{
    net::{TcpListener, TcpSocket, UnixListener},
    sync::watch,
    task::JoinSet,
};

use crate::{
    Error, IdentityHandle, Limits, device, download,
    listener::{self, Plane},
    operator::{self, Operator},
    peer::Shared,
    places::{Most, Places},
    socket,
    stats::Stats,
    tls::PlaneTls,
};

/// Where to listen, and what to say there.
#[derive(Clone, Debug)]
pub struct Config {
    /// The device plane.
    pub device: SocketAddr,
    /// The download plane.
    pub download: SocketAddr,
    /// The operator plane, beside its socket; `None`: the socket only.
    pub operator: Option<SocketAddr>,
    /// The operator plane's socket, which is made with mode 0600.
    pub socket: PathBuf,
    /// Whether the planes of devices name the authorities whose certificates they take (RFC 5246 §7.4.4).
    pub name_authorities: bool,
}

/// Where the server listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The device plane.
    pub device: SocketAddr,
    /// The download plane.
    pub download: SocketAddr,
    /// The operator plane, beside its socket.
    pub operator: Option<SocketAddr>,
}

/// The listeners, had and not yet served.
#[derive(Debug)]
pub struct Bound {
    device: TcpListener,
    download: TcpListener,
    operator: Option<TcpListener>,
    socket: UnixListener,
    socket_path: PathBuf,
    addresses: Addresses,
    name_authorities: bool,
}

/// Takes all addresses, or none. For a runtime's threads, as sockets belong to one.
///
/// # Errors
/// [`Error::Listen`] names the plane, the address and the setting; [`Error::Socket`].
pub fn bind(config: &Config, limits: &Limits) -> Result<Bound, Error> {
    let device = listen("device", config.device, "[device] listen", limits)?;
    let download = listen("download", config.download, "[download] listen", limits)?;
    let operator = match config.operator {
        Some(address) => Some(listen("operator", address, "[operator] listen", limits)?),
        None => None,
    };
    let socket = socket::bind(&config.socket).map_err(|cause| Error::Socket {
        path: config.socket.clone(),
        cause,
    })?;
    let at = |listener: &TcpListener, wanted| listener.local_addr().unwrap_or(wanted);
    let addresses = Addresses {
        device: at(&device, config.device),
        download: at(&download, config.download),
        operator: operator
            .as_ref()
            .zip(config.operator)
            .map(|(had, wanted)| at(had, wanted)),
    };
    Ok(Bound {
        device,
        download,
        operator,
        socket,
        socket_path: config.socket.clone(),
        addresses,
        name_authorities: config.name_authorities,
    })
}

impl Bound {
    /// Where it listens: with port 0 in the configuration, what the system gave.
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves all planes until `stop` says so, then lets open requests end for a moment. Meanwhile the context's gate ends the
    /// connections of devices that it bars, and `identity` may be replaced.
    ///
    /// # Errors
    /// [`Error::Tls`] before anything is served.
    pub async fn serve(
        self,
        context: Arc<Context>,
        identity: &IdentityHandle,
        token: Arc<str>,
        limits: Limits,
        stop: watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let stats = Arc::<Stats>::default();
        let shared = Shared {
            context: Arc::clone(&context),
            stats: Arc::clone(&stats),
        };
        let plane = |name, tls, router, largest_body: usize, places| {
            let (context, stats) = (Arc::clone(&context), Arc::clone(&stats));
            let largest_body = u64::try_from(largest_body).unwrap_or(u64::MAX);
            Arc::new(Plane {
                name,
                tls,
                router,
                largest_body,
                context,
                stats,
                limits,
                places,
            })
        };
        let of_devices = |name, router, largest_body| {
            let names = self.name_authorities;
            let tls = PlaneTls::new(name, identity, names, &context, &stats)?;
            let places = Places::new(Most::of_devices(&limits));
            let plane = plane(name, Some(tls), router, largest_body, places);
            context.gate.guard(&(Arc::clone(&plane) as Arc<dyn Cut>));
            Ok::<_, Error>(plane)
        };
        let device = device::router(shared.clone());
        let device = of_devices("device", device, device::LARGEST_BODY)?;
        let download = of_devices("download", download::router(shared), 0)?;
        let places = Places::new(Most::of_operators(&limits));
        let of_plane = |plane: &Plane| (plane.name, Arc::clone(&plane.places));
        let operator = Operator {
            context: Arc::clone(&context),
            stats: Arc::clone(&stats),
            addresses: Some(self.addresses),
            identity: Some(identity.clone()),
            planes: vec![
                of_plane(&device),
                of_plane(&download),
                ("operator", Arc::clone(&places)),
            ],
        };
        let local = operator::router(operator.clone());
        let remote = operator::router_with_token(operator, token);
        let until = |mut stop: watch::Receiver<bool>| async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let socket = axum::serve(self.socket, local).with_graceful_shutdown(until(stop.clone()));
        let remote = plane("operator", None, remote, operator::LARGEST_BODY, places);
        // On the runtime's threads, where connections are served: from the thread that waits for this, each connection would be
        // handed over twice. Whoever gives up on this ends them.
        let mut listening = JoinSet::new();
        listening.spawn(listener::run(device, self.device, stop.clone()));
        listening.spawn(listener::run(download, self.download, stop.clone()));
        if let Some(listener) = self.operator {
            listening.spawn(listener::run(remote, listener, stop.clone()));
        }
        // A task of its own: a list of a million takes a while to read.
        let crls = tokio::spawn(publish_crls(Arc::clone(&context), stop.clone()));
        tokio::join!(
            listening.join_all(),
            async {
                let _ = socket.await;
            },
            write_seen(&context, stop.clone()),
            async {
                let _ = crls.await;
            },
        );
        let _ = std::fs::remove_file(&self.socket_path);
        Ok(())
    }
}

fn listen(
    plane: &'static str,
    address: SocketAddr,
    setting: &'static str,
    limits: &Limits,
) -> Result<TcpListener, Error> {
    let listen = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        // Every connection has what its listener had.
        socket.set_send_buffer_size(limits.send_buffer)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|cause| Error::Listen {
        plane,
        address,
        setting,
        cause,
    })
}

/// Writes what devices last said, and which of them were turned away, once a second, and at the end.
async fn write_seen(context: &Context, mut stop: watch::Receiver<bool>) {
    loop {
        let stopped = tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        if let Err(error) = seen::flush(context).await {
            tracing::warn!(%error, "what devices last said could not be written");
        }
        if let Err(error) = refusals::flush(context).await {
            tracing::warn!(%error, "who was turned away could not be written");
        }
        if stopped {
            return;
        }
    }
}

/// Looks once a second whether a CRL is due.
async fn publish_crls(context: Arc<Context>, mut stop: watch::Receiver<bool>) {
    loop {
        crl::look(&context).await;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// How many connections wait in the system until we take them.
const BACKLOG: u32 = 1024;
