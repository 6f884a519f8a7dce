//! A chain of certificates that is larger than all devices' together.

use std::sync::Arc;

use tokio_rustls::rustls::{
    ClientConfig, SignatureScheme,
    client::ResolvesClientCert,
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};

use super::Attack;
use crate::hostile::clients::ground::{self, Ground, Version, over, rest, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a client's chain of 1 MB",
    would_win: "a megabyte of memory and a search through a thousand certificates, for each handshake",
    stopped_by: "`handshake_bytes`; rustls reads no message of more than 65,535",
    codes: &["handshake-too-large"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 10, |ground| async move {
        for version in [&TLS12, &TLS13] {
            let config = config(&ground, version);
            let stream = ground.connect(ground.device).await.ok()?;
            let Ok(mut stream) = over(stream, &config).await else {
                continue;
            };
            // In TLS 1.3 a client has done its part before it hears of any of it.
            let told = rest(&mut stream).await;
            assert!(told.is_empty(), "the server speaks to a chain of 1 MB");
        }
        Some("reset".to_owned())
    })
    .await
}

fn config(ground: &Ground, version: Version) -> Arc<ClientConfig> {
    let one = CertificateDer::from_pem_file(ground.folder.join("device.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(ground.folder.join("device.key")).unwrap();
    let key = any_supported_type(&key).unwrap();
    let count = 1_000_000 / one.len();
    let chain = Chain(Arc::new(CertifiedKey::new(vec![one; count], key)));
    let config = ground::config(&ground.folder, &[version]);
    Arc::new(config.with_client_cert_resolver(Arc::new(chain)))
}

#[derive(Debug)]
struct Chain(Arc<CertifiedKey>);

impl ResolvesClientCert for Chain {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
