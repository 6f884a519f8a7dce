//! `openssl s_server`, which gives out the files of its folder.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use crate::authority::Place;

/// A running server; killed with its handle.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts one that has the key `KEY.key`, shows the certificates of these names, and demands one of a client.
    pub(crate) fn start(place: &Place, key: &str, chain: &[&str], more: &[&str]) -> Self {
        let certificates: Vec<u8> = chain
            .iter()
            .flat_map(|name| fs::read(place.path(&format!("{name}.pem"))).unwrap())
            .collect();
        fs::write(place.path("chain.pem"), certificates).unwrap();
        let mut child = Command::new("openssl")
            .current_dir(place.path(""))
            .args(["s_server", "-accept", "127.0.0.1:0", "-WWW"])
            .args(["-cert", "chain.pem", "-cert_chain", "chain.pem"])
            .args(["-key", &format!("{key}.key"), "-no-CAfile", "-no-CApath"])
            .args([
                "-CAfile",
                "devices.pem",
                "-Verify",
                "2",
                "-verify_return_error",
            ])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = told
            .find_map(|line| line.unwrap().strip_prefix("ACCEPT ")?.parse().ok())
            .unwrap_or_else(|| panic!("openssl does not listen"));
        // What it says later is nobody's business, but it must be able to say it.
        std::thread::spawn(move || told.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
