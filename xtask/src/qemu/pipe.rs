//! `cargo xtask pipe`: what QEMU starts for each connection that leads out of its network.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
};

use anyhow::{Context as _, Result};

/// Joins stdin and stdout with a connection, until either ends.
pub(super) fn run(address: &str) -> Result<()> {
    let stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true)?;
    let (mut to, mut from) = (stream.try_clone()?, stream);
    thread::spawn(move || {
        let _ = copy(&mut io::stdin().lock(), &mut to);
        // Ends the other half, too: the machine is gone, or has no more to say, and TLS says goodbye before.
        let _ = to.shutdown(Shutdown::Both);
    });
    // A machine that is switched off takes nothing any more.
    let _ = copy(&mut from, &mut io::stdout().lock());
    Ok(())
}

/// Hands on what comes, at once.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let len = from.read(&mut buffer)?;
        let came = buffer.get(..len).unwrap_or_default();
        if came.is_empty() {
            return Ok(());
        }
        to.write_all(came)?;
        to.flush()?;
    }
}
