//! A session that the server did not give, or not so.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, HandshakeKind,
    client::Resumption,
    pki_types::ServerName,
    version::{TLS12, TLS13},
};

use super::Attack;
use crate::hostile::clients::ground::{Ground, Version, device_config, over, rest, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a session of the other plane, or one that was changed on the way",
    would_win: "a connection in a device's name without its key",
    stopped_by: "sessions are each plane's own, and kept by the server: a ticket is a number",
    codes: &[],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        let mut seen = Vec::new();
        for version in [&TLS12, &TLS13] {
            let config = config(&ground, version);
            // A session, to begin with.
            let stream = ground.connect(ground.device).await.ok()?;
            let mut stream = over(stream, &config).await.ok()?;
            let request = b"GET /ota?v=1.0.0 HTTP/1.1\r\nHost: x\r\n\r\n";
            stream.write_all(request).await.ok()?;
            let mut some = [0; 1];
            stream.read_exact(&mut some).await.ok()?;
            // One bit of it changed: nobody takes it for the device.
            let changed = changed(&ground, &config, version).await?;
            // At the other plane it is no session at all.
            let stream = ground.connect(ground.download).await.ok()?;
            let other = over(stream, &config).await.ok()?;
            let kind = other.get_ref().1.handshake_kind();
            let resumed = kind == Some(HandshakeKind::Resumed);
            seen.push(match (resumed, changed) {
                (false, false) => "a whole handshake at the other plane, none with a changed one",
                (true, _) => "resumed at the other plane",
                (_, true) => "resumed by a changed one",
            });
        }
        seen.dedup();
        Some(seen.join(", "))
    })
    .await
}

/// Offers the session with one bit changed; whether the server speaks HTTP then.
async fn changed(ground: &Ground, config: &Arc<ClientConfig>, version: Version) -> Option<bool> {
    let name = ServerName::try_from("localhost").ok()?;
    let mut client = ClientConnection::new(Arc::clone(config), name).ok()?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello).ok()?;
    // In 1.3 the ticket is in the last extension, with the binder of 32 or 48 bytes behind it; in 1.2 the session's id is
    // behind the random (RFC 5246 §7.4.1.2: record 5, header 4, version 2, random 32, length 1).
    let at = if version.version == TLS13.version {
        hello.len().checked_sub(70)?
    } else {
        5 + 4 + 2 + 32 + 1 + 8
    };
    *hello.get_mut(at)? ^= 1;
    let mut stream = ground.connect(ground.device).await.ok()?;
    stream.write_all(&hello).await.ok()?;
    // The client does not know of the change: what it hears makes no sense to it, or to the server.
    loop {
        let mut some = vec![0; 4096];
        let count = stream.read(&mut some).await.unwrap_or(0);
        if count == 0 {
            return Some(false);
        }
        client.read_tls(&mut &some[..count]).ok()?;
        if client.process_new_packets().is_err() {
            break;
        }
        while client.wants_write() {
            let mut flight = Vec::new();
            client.write_tls(&mut flight).ok()?;
            stream.write_all(&flight).await.ok()?;
        }
        if !client.is_handshaking() {
            break;
        }
    }
    // Whatever it is taken for: it is not admitted.
    let admitted =
        !client.is_handshaking() && client.handshake_kind() == Some(HandshakeKind::Resumed);
    drop(stream.shutdown().await);
    rest(&mut stream).await;
    Some(admitted)
}

fn config(ground: &Ground, version: Version) -> Arc<ClientConfig> {
    let mut config = device_config(&ground.folder, &[version]);
    config.resumption = Resumption::in_memory_sessions(8);
    Arc::new(config)
}
