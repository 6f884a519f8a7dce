//! nginx beside us: the same certificates, and an answer that is always the same.

use std::{
    fs,
    io::{ErrorKind, Read as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::process::Process;

/// A running nginx with one worker.
#[derive(Debug)]
pub(crate) struct Nginx {
    /// Where it makes full handshakes alone.
    pub(crate) full: SocketAddr,
    /// Where it resumes sessions, kept on its side as ours are.
    pub(crate) resuming: SocketAddr,
    /// The worker's process.
    pub(crate) worker: u32,
    _master: Process,
}

/// What nginx and its OpenSSL call themselves; none where there is no nginx.
///
/// # Errors
/// It is there and does not say.
pub fn version() -> Result<Option<String>> {
    let output = match Command::new(PROGRAM).arg("-V").output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("nginx -V"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let line = |begin: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(begin));
        line.map(str::trim).map(str::to_owned)
    };
    let own = line("nginx version:").context("nginx does not say its version")?;
    let library = line("built with ").context("nginx does not say its OpenSSL")?;
    Ok(Some(format!("{own}, {library}")))
}

impl Nginx {
    /// Starts it in `folder` with the certificates of the state directory `state`.
    pub(crate) fn start(folder: &Path, state: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let [full, resuming] = [free_port()?, free_port()?];
        let conf = folder.join("nginx.conf");
        fs::write(&conf, text(state, full, resuming))?;
        let mut command = Command::new(PROGRAM);
        command.arg("-p").arg(folder).arg("-c").arg(&conf);
        command.args(["-e", "error.log"]).stderr(Stdio::null());
        let master = Process::start(&mut command, false)?;
        let worker = worker_of(master.pid(), full)
            .with_context(|| fs::read_to_string(folder.join("error.log")).unwrap_or_default())?;
        Ok(Self {
            full,
            resuming,
            worker,
            _master: master,
        })
    }
}

/// Waits until it listens, and finds the process that does the work.
fn worker_of(master: u32, at: SocketAddr) -> Result<u32> {
    for _ in 0..500 {
        if let Some(worker) = child_of(master)?
            && let Ok(mut stream) = TcpStream::connect(at)
        {
            // One who says nothing and goes: it answers with nothing.
            stream.shutdown(Shutdown::Write)?;
            stream.read_to_end(&mut Vec::new())?;
            return Ok(worker);
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("nginx does not come up")
}

fn child_of(parent: u32) -> Result<Option<u32>> {
    let line = format!("PPid:\t{parent}");
    for process in fs::read_dir("/proc")? {
        let Ok(number) = process?.file_name().to_string_lossy().parse() else {
            continue;
        };
        let status = fs::read_to_string(format!("/proc/{number}/status"));
        if status.is_ok_and(|status| status.lines().any(|one| one == line)) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// An address that was free a moment ago: nginx takes none from the system and tells.
fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn text(state: &Path, full: SocketAddr, resuming: SocketAddr) -> String {
    let state = state.display();
    let server = |at: SocketAddr, sessions: &str| {
        format!(
            "server {{
    listen {at} ssl;
    ssl_certificate {state}/server/server.pem;
    ssl_certificate_key {state}/server/server.key;
    ssl_client_certificate {state}/authorities/device-root.pem;
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ecdh_curve X25519:prime256v1;
    ssl_session_tickets off;
    {sessions}
    location / {{ default_type text/plain; return 200 \"nothing new\"; }}
  }}"
        )
    };
    let never = server(
        full,
        "ssl_session_cache off; ssl_conf_command NumTickets 0;",
    );
    let kept = server(
        resuming,
        "ssl_session_cache shared:kept:32m; ssl_conf_command NumTickets 1;",
    );
    format!(
        "user root;
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid nginx.pid;
error_log error.log error;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 1000000; keepalive_timeout 600s;
  {never}
  {kept}
}}
"
    )
}

const PROGRAM: &str = "nginx";
