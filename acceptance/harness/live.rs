//! A connection that stays open.

use std::{
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use super::Server;

/// openssl as a client whose connection stays open; killed with its handle.
pub(crate) struct Live {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl Live {
    /// Connects as the device of `folder`.
    pub(crate) fn connect(server: &Server, folder: &Path, version: &str) -> Self {
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let mut openssl = Command::new("openssl");
        openssl
            .args(["s_client", "-connect", server.device_address()])
            .args([version, "-CAfile", &file("server-root.pem")])
            .args(["-verify_return_error", "-servername", "localhost"])
            .args(["-cert", &file("device.pem"), "-key", &file("device.key")])
            .args(["-cert_chain", &file("device.pem")]);
        Self::open(openssl)
    }

    /// Connects as an `openssl s_client` that is told all but to be quiet.
    pub(crate) fn open(mut openssl: Command) -> Self {
        let mut child = openssl
            .arg("-quiet")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, to, from }
    }

    /// Polls as a stock client does; gives status and body.
    pub(crate) fn poll(&mut self) -> (String, String) {
        self.to
            .write_all(b"GET /ota?v=1.0.0 HTTP/1.1\r\nHost: countersign\r\n\r\n")
            .unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let mut byte = [0];
            self.from
                .read_exact(&mut byte)
                .unwrap_or_else(|error| panic!("{error} after {head:?}"));
            head.push(byte[0].into());
        }
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.from.read_exact(&mut body).unwrap();
        let status = head.split(' ').nth(1).unwrap().to_owned();
        (status, String::from_utf8(body).unwrap())
    }

    /// Demands that the server ends the connection, though nothing is asked: far sooner than one that is idle.
    pub(crate) fn demand_cut(mut self) {
        let (ended, hears) = mpsc::channel();
        thread::scope(|scope| {
            let from = &mut self.from;
            scope.spawn(move || ended.send(from.read(&mut [0]).unwrap()));
            let read = hears.recv_timeout(CUT_WITHIN);
            // Whatever came of it, nothing is waited for any more.
            let _ = self.child.kill();
            assert_eq!(read, Ok(0));
        });
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long a connection may live on: ten times what it should, as machines that test are slow.
pub(crate) const CUT_WITHIN: Duration = Duration::from_secs(10);
