use std::{sync::Arc, time::SystemTime};

use countersign_keys::FileKey;
use countersign_operations::{Clock, Entropy, found};
use countersign_pki::{Authority, Profile, Signer, Validity, urn::device_urn};
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, ServerConnection,
    client::Resumption,
    version::{TLS12, TLS13},
};
use rustls_pki_types::ServerName;
use zeroize::Zeroizing;

use super::*;

/// Both hierarchies, a plane, and the chain of one device with its key.
struct World {
    plane: PlaneTls,
    server_root: Certificate,
    chain: Vec<CertificateDer<'static>>,
    key: Zeroizing<Vec<u8>>,
}

impl World {
    fn new() -> Self {
        let (devices, device_issuing) = hierarchy("device");
        let (servers, server_issuing) = hierarchy("server");
        let server_key = FileKey::generate().unwrap();
        let names = ["localhost".to_owned()];
        let public = server_key.public_key();
        let leaf = found::server_certificate(&server_issuing, &names, public, &Fixed, &Fixed);
        let identity = Identity {
            chain: server_issuing.chain_of(leaf.unwrap()),
            key: server_key.to_pkcs8_der().unwrap(),
        };
        let key = FileKey::generate().unwrap();
        let profile = Profile::Device {
            id: "d1".to_owned(),
            urn: device_urn("d1"),
        };
        let validity = Validity {
            not_before: countersign_protocol::UnixTime(Fixed.now().0 - 60),
            not_after: None,
        };
        let leaf = device_issuing.issue(&profile, key.public_key(), validity, [7; 16]);
        let chain = device_issuing.chain_of(leaf.unwrap());
        let der = |one: &Certificate| CertificateDer::from(one.der().to_vec());
        Self {
            plane: PlaneTls::new(&identity, &devices.root).unwrap(),
            server_root: servers.root,
            chain: chain.iter().map(der).collect(),
            key: key.to_pkcs8_der().unwrap(),
        }
    }

    /// Shakes hands with the plane, showing the device's chain and holding `key`.
    fn shake(&self, version: ProtocolVersion, key: &[u8]) -> Result<(), rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from(self.server_root.der().to_vec());
        roots.add(root).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_vec()));
        let key = provider.key_provider.load_private_key(key).unwrap();
        let certified = CertifiedKey::new(self.chain.clone(), key);
        let versions = if version == ProtocolVersion::TLSv1_2 {
            [&TLS12]
        } else {
            [&TLS13]
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let (_, config) = self.plane.connection().unwrap();
        let mut server = ServerConnection::new(config).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut sent = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut sent).unwrap();
            }
            let mut sent = sent.as_slice();
            while !sent.is_empty() {
                server.read_tls(&mut sent).unwrap();
                server.process_new_packets()?;
            }
            let mut sent = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut sent).unwrap();
            }
            let mut sent = sent.as_slice();
            while !sent.is_empty() {
                client.read_tls(&mut sent).unwrap();
                client.process_new_packets()?;
            }
        }
        assert_eq!(server.protocol_version(), Some(version));
        Ok(())
    }

    fn knows_the_chain(&self) -> bool {
        let paths = &self.plane.paths;
        paths.know(&self.chain[0], &self.chain[1..], UnixTime::now())
    }
}

#[test]
fn a_chain_is_known_once_its_key_was_proved_and_never_stands_for_the_key() {
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3] {
        let world = World::new();
        let stolen = FileKey::generate().unwrap().to_pkcs8_der().unwrap();
        // Chains are no secret: who shows one without its key gets nowhere, and teaches us nothing.
        assert!(world.shake(version, &stolen).is_err());
        assert!(!world.knows_the_chain());
        for _ in 0..2 {
            world.shake(version, &world.key).unwrap();
            assert!(world.knows_the_chain());
        }
        assert!(world.shake(version, &stolen).is_err());
    }
}

#[test]
fn a_chain_that_is_not_ours_is_never_known() {
    let (ours, strangers) = (World::new(), World::new());
    let stranger = World {
        plane: ours.plane,
        server_root: ours.server_root,
        ..strangers
    };
    for _ in 0..2 {
        let refused = stranger.shake(ProtocolVersion::TLSv1_3, &stranger.key);
        assert!(matches!(refused, Err(rustls::Error::InvalidCertificate(_))));
        assert!(!stranger.knows_the_chain());
    }
}

fn hierarchy(what: &str) -> (found::Hierarchy, Authority) {
    let key = || -> Arc<dyn Signer> { Arc::new(FileKey::generate().unwrap()) };
    let (root, issuing) = (key(), key());
    let made = found::hierarchy("Test", what, &root, &issuing, &Fixed, &Fixed).unwrap();
    let above = vec![made.root.clone()];
    let authority = Authority::new(made.issuing.clone(), above, issuing).unwrap();
    (made, authority)
}

/// A clock that tests may read, and numbers that need not be random.
#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    #[expect(
        clippy::disallowed_methods,
        reason = "rustls verifies by the system's time"
    )]
    fn now(&self) -> countersign_protocol::UnixTime {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        countersign_protocol::UnixTime(since.unwrap().as_secs())
    }
}

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(5);
    }
}
