//! The server as a whole: its listeners are had first, then it serves until told to stop.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use countersign_operations::{Context, seen};
use countersign_x509::Certificate;
use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
};
use zeroize::Zeroizing;

use crate::{
    Error, device, download,
    listener::{self, Plane},
    operator::{self, Operator},
    peer::Shared,
    socket,
    stats::Stats,
    tls::PlaneTls,
};

/// Where to listen.
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

/// Who we are to devices.
#[derive(Clone)]
pub struct Identity {
    /// The server's certificate and those above it, without the root.
    pub chain: Vec<Certificate>,
    /// Its key, PKCS#8 DER.
    pub key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}

/// What one plane of devices bears. Each limit says what it stops.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once: stops one who opens ever more of them from taking all memory.
    pub connections: usize,
    /// For a handshake: stops one who connects and says nothing. A slow chip needs two seconds.
    pub handshake: Duration,
    /// For a request's head, also on an idle connection: stops one who sends a byte a second.
    pub header: Duration,
    /// Bytes of a request's head: stops endless headers. hyper wants 8 KiB at least.
    pub header_bytes: usize,
    /// For open requests at the end of the server.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            handshake: Duration::from_secs(15),
            header: Duration::from_secs(30),
            header_bytes: 16 * 1024,
            farewell: Duration::from_secs(5),
        }
    }
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
}

/// Takes all addresses, or none.
///
/// # Errors
/// [`Error::Listen`] names the plane, the address and the setting; [`Error::Socket`].
pub async fn bind(config: &Config) -> Result<Bound, Error> {
    let device = listen("device", config.device, "[device] listen").await?;
    let download = listen("download", config.download, "[download] listen").await?;
    let operator = match config.operator {
        Some(address) => Some(listen("operator", address, "[operator] listen").await?),
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
    })
}

impl Bound {
    /// Where it listens: with port 0 in the configuration, what the system gave.
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves all planes until `stop` says so, then lets open requests end for a moment.
    ///
    /// # Errors
    /// [`Error::Tls`] or [`Error::ChainTooLarge`] before anything is served.
    pub async fn serve(
        self,
        context: Arc<Context>,
        identity: &Identity,
        device_root: &Certificate,
        token: Arc<str>,
        limits: Limits,
        stop: watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let stats = Arc::<Stats>::default();
        let shared = Shared {
            context: Arc::clone(&context),
            stats: Arc::clone(&stats),
        };
        let plane = |name, router| {
            let tls = PlaneTls::new(identity, device_root)?;
            let (context, stats) = (Arc::clone(&context), Arc::clone(&stats));
            Ok(Arc::new(Plane {
                name,
                tls,
                router,
                context,
                stats,
                limits,
            }))
        };
        let device = plane("device", device::router(shared.clone()))?;
        let download = plane("download", download::router(shared))?;
        let operator = Operator {
            context: Arc::clone(&context),
            stats,
            addresses: Some(self.addresses),
        };
        let local = operator::router(operator.clone());
        let remote = operator::router_with_token(operator, token);
        let until = |mut stop: watch::Receiver<bool>| async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let socket = axum::serve(self.socket, local).with_graceful_shutdown(until(stop.clone()));
        let loopback = async {
            if let Some(listener) = self.operator {
                let stop = until(stop.clone());
                let _ = axum::serve(listener, remote)
                    .with_graceful_shutdown(stop)
                    .await;
            }
        };
        tokio::join!(
            listener::run(device, self.device, stop.clone()),
            listener::run(download, self.download, stop.clone()),
            async {
                let _ = socket.await;
            },
            loopback,
            write_seen(&context, stop.clone()),
        );
        let _ = std::fs::remove_file(&self.socket_path);
        Ok(())
    }
}

async fn listen(
    plane: &'static str,
    address: SocketAddr,
    setting: &'static str,
) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .await
        .map_err(|cause| Error::Listen {
            plane,
            address,
            setting,
            cause,
        })
}

/// Writes what devices last said once a second, and at the end.
async fn write_seen(context: &Context, mut stop: watch::Receiver<bool>) {
    loop {
        let stopped = tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        if let Err(error) = seen::flush(context).await {
            tracing::warn!(%error, "what devices last said could not be written");
        }
        if stopped {
            return;
        }
    }
}
