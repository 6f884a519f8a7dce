//! Where one attack takes place: an address at which now the attacker listens, now our server.

use std::{
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use countersign_virtual_node::Time;
use rustls::ServerConfig;

use super::Script;

/// A release: what its author signed, and its image.
pub(super) struct Release {
    pub(super) manifest: Vec<u8>,
    pub(super) image: Vec<u8>,
}

/// Every release that an attacker has, and the ways in which he can prove himself.
pub(super) struct Props {
    /// The release that our server offers as well.
    pub(super) newest: Release,
    /// Another one, as newer.
    pub(super) other: Release,
    /// Manifests that a device must refuse, by name.
    pub(super) refused: Vec<(&'static str, Release)>,
    /// Our server's chain and key.
    pub(super) ours: Arc<ServerConfig>,
    /// A stranger's chain of a megabyte.
    pub(super) endless: Arc<ServerConfig>,
    /// Servers that cannot prove that they are ours, by name.
    pub(super) impostors: Vec<(&'static str, Arc<ServerConfig>)>,
}

/// Who listens.
#[derive(Clone, Copy)]
pub(super) enum Cast {
    /// Nobody: connections are taken and dropped.
    Nobody,
    Hostile,
    Honest,
}

/// What a script knows of the attack that it is.
pub(super) struct Scene {
    props: Arc<Props>,
    time: Time,
    port: u16,
    cast: AtomicU8,
    asked: AtomicUsize,
    checked_in: AtomicUsize,
    over: AtomicBool,
}

impl Scene {
    pub(super) fn props(&self) -> &Props {
        &self.props
    }

    pub(super) fn release(&self) -> &Release {
        &self.props.newest
    }

    /// The release that a device must refuse for this.
    pub(super) fn refused(&self, which: &str) -> &Release {
        let mut all = self.props.refused.iter();
        let found = all.find_map(|(name, release)| (*name == which).then_some(release));
        found.unwrap()
    }

    /// Who passes himself off as our server in this way.
    pub(super) fn impostor(&self, how: &str) -> Arc<ServerConfig> {
        let mut all = self.props.impostors.iter();
        let found = all.find_map(|(name, tls)| (*name == how).then_some(tls));
        Arc::clone(found.unwrap())
    }

    pub(super) fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.props.ours)
    }

    /// The device's time.
    pub(super) fn time(&self) -> &Time {
        &self.time
    }

    /// A URL at this address.
    pub(super) fn url(&self, target: &str) -> String {
        format!("https://localhost:{}{target}", self.port)
    }

    /// Counts a request for the image; gives how many came before.
    pub(super) fn asked(&self) -> usize {
        self.asked.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a check-in; gives how many came before.
    pub(super) fn checked_in(&self) -> usize {
        self.checked_in.fetch_add(1, Ordering::Relaxed)
    }

    /// Check-ins that came.
    pub(super) fn check_ins(&self) -> usize {
        self.checked_in.load(Ordering::Relaxed)
    }
}

/// An address, and the thread that listens there.
pub(super) struct Address {
    pub(super) scene: Arc<Scene>,
    listener: Option<JoinHandle<()>>,
}

impl Address {
    /// Listens, as nobody at first. `honest` is where our server is.
    pub(super) fn listen(
        props: Arc<Props>,
        time: Time,
        script: Arc<Script>,
        honest: SocketAddr,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let scene = Arc::new(Scene {
            props,
            time,
            port: listener.local_addr().unwrap().port(),
            cast: AtomicU8::new(Cast::Nobody as u8),
            asked: AtomicUsize::new(0),
            checked_in: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&scene);
        let listener = thread::spawn(move || {
            let mut connections: Vec<JoinHandle<()>> = Vec::new();
            for tcp in listener.incoming().map_while(Result::ok) {
                if shared.over.load(Ordering::Relaxed) {
                    break;
                }
                connections.retain(|connection| !connection.is_finished());
                let (scene, script) = (Arc::clone(&shared), Arc::clone(&script));
                connections.push(thread::spawn(move || {
                    // How a connection ends is the attack's affair.
                    let _ = serve(&scene, &script, tcp, honest);
                }));
            }
            for connection in connections {
                connection.join().unwrap();
            }
        });
        Self {
            scene,
            listener: Some(listener),
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.scene.port
    }

    /// Has somebody else listen from now on.
    pub(super) fn cast(&self, cast: Cast) {
        self.scene.cast.store(cast as u8, Ordering::Relaxed);
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        self.scene.over.store(true, Ordering::Relaxed);
        let woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.scene.port));
        let ended = self.listener.take().map(JoinHandle::join);
        if !thread::panicking() {
            woken.unwrap();
            ended.unwrap().unwrap();
        }
    }
}

fn serve(scene: &Scene, script: &Script, tcp: TcpStream, honest: SocketAddr) -> io::Result<()> {
    // No script outlives its device by more than this.
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.set_write_timeout(Some(PATIENCE))?;
    tcp.set_nodelay(true)?;
    match scene.cast.load(Ordering::Relaxed) {
        cast if cast == Cast::Hostile as u8 => script(scene, tcp),
        cast if cast == Cast::Honest as u8 => relay(tcp, TcpStream::connect(honest)?),
        _ => Ok(()),
    }
}

/// Passes on what either says, until both are done.
fn relay(device: TcpStream, server: TcpStream) -> io::Result<()> {
    let (mut from_device, mut to_device) = (device.try_clone()?, device);
    let (mut from_server, mut to_server) = (server.try_clone()?, server);
    let answers = thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_device);
        let _ = to_device.shutdown(Shutdown::Both);
    });
    let _ = io::copy(&mut from_device, &mut to_server);
    let _ = to_server.shutdown(Shutdown::Both);
    answers.join().unwrap();
    Ok(())
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the attackers' clock")]
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs()
}

const PATIENCE: Duration = Duration::from_secs(20);
