//! `openssl s_server`, a server that we did not write.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// A server by openssl, which ends with its handle.
pub(crate) struct OpenSsl {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
}

impl OpenSsl {
    /// Listens on loopback, at any port where `port` is 0, with these arguments: certificates, key and what else.
    pub(crate) fn listen(port: u16, args: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-www", "-accept"])
            .arg(format!("127.0.0.1:{port}"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let words = BufReader::new(child.stdout.take().unwrap());
        // It says which port it took, if that was left to it.
        let accepts = words.lines().map_while(Result::ok).find_map(|line| {
            let address = line.strip_prefix("ACCEPT")?.trim();
            Some(match address {
                "" => format!("127.0.0.1:{port}"),
                address => address.to_owned(),
            })
        });
        let address = accepts.unwrap_or_else(|| {
            let _ = child.kill();
            panic!("openssl s_server did not start at {port}: {args:?}");
        });
        Self { child, address }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
