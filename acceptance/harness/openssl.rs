//! `openssl s_server`, a server that we did not write.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
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
        Self::start(
            port,
            Command::new("openssl").args(["s_server", "-www"]),
            args,
        )
    }

    /// The same, with the files of this folder.
    pub(crate) fn serve(folder: &Path, args: &[&str]) -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-WWW"]).current_dir(folder);
        Self::start(0, &mut command, args)
    }

    fn start(port: u16, command: &mut Command, args: &[&str]) -> Self {
        let mut child = command
            .arg("-accept")
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
