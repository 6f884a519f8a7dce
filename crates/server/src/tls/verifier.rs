//! Whom a connection was shown, and whether to take him: the verifier of one connection, and its way to the plane's sessions.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use countersign_fleet::AuthorityName;
use countersign_operations::{admit::Shown, gate::Bar, naming};
use countersign_protocol::Digest;
use countersign_x509::{Certificate, sha256};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{verify_tls12_signature, verify_tls13_signature},
    server::{
        StoresServerSessions,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::{
    PlaneTls,
    anchors::{Anchored, Owner},
    paths::{Dates, Key, Path},
    refused::{self, ChainTooLong},
    rules,
    sessions::Session,
    version1,
};

/// The client verifier and the session storage of one connection: it knows whom it was shown, where the handshake fails too.
pub(crate) struct Presented {
    plane: Arc<PlaneTls>,
    /// The authorities that are named to the client.
    names: Arc<[DistinguishedName]>,
    seen: Mutex<Seen>,
}

/// What a client showed, and what was found of it.
#[derive(Debug, Default)]
struct Seen {
    /// The end entity's certificate, not to be believed before it is vouched for and proved.
    certificate: Option<Certificate>,
    refused: Option<rustls::Error>,
    /// The registered authority whose name is above the refused chain, whether or not it issued it.
    said_to_be_under: Option<AuthorityName>,
    /// What its chain, or its session, came to.
    vouched: Option<Vouched>,
    /// A chain that was found good and not remembered yet: that the client holds the key is yet to be proved.
    path: Option<(Key, Path)>,
    /// When the client proved that it holds the key, in seconds since 1970: in this handshake, or in that of its session.
    proved_at: Option<u64>,
    resumed: bool,
}

/// Who vouches for a certificate, and when.
#[derive(Clone, Debug)]
pub(super) struct Vouched {
    /// SHA-256 of the certificate.
    pub(super) fingerprint: Digest,
    /// The registered authority that it stands under; none under our own root.
    pub(super) authority: Option<AuthorityName>,
    pub(super) dates: Dates,
    /// The generation of the anchors of which this was found.
    pub(super) generation: u64,
}

impl Presented {
    pub(super) fn new(plane: Arc<PlaneTls>, names: Arc<[DistinguishedName]>) -> Self {
        Self {
            plane,
            names,
            seen: Mutex::default(),
        }
    }

    /// What the handshake proved, once it is over. `leaf` is the certificate that the connection stands on.
    pub(crate) fn shown(&self, leaf: &CertificateDer<'_>) -> Option<Shown> {
        let mut seen = self.seen();
        let vouched = seen.vouched.take()?;
        seen.proved_at?;
        // A session brings its certificate along; only its fingerprint was kept with it.
        let certificate = match seen.certificate.take() {
            Some(certificate) => certificate,
            None => Certificate::from_der(leaf).ok()?,
        };
        let is_it = certificate.der() == &**leaf;
        let resumed_its = !seen.resumed || Digest(sha256(leaf)) == vouched.fingerprint;
        (is_it && resumed_its).then_some(Shown {
            fingerprint: vouched.fingerprint,
            certificate,
            authority: vouched.authority,
        })
    }

    /// Whether the connection came of a session, without a proof of its own.
    pub(crate) fn resumed(&self) -> bool {
        self.seen().resumed
    }

    /// The name in the certificate that was shown, not to be believed: in the namespace of the registered authority that
    /// vouches for it, or whose name stands above it.
    pub(crate) fn claimed(&self) -> Option<String> {
        let seen = self.seen();
        let vouched = seen.vouched.as_ref();
        let authority = vouched.and_then(|vouched| vouched.authority.as_ref());
        let authority = authority.or(seen.said_to_be_under.as_ref());
        let anchors = self.plane.context.gate.anchors();
        naming::claimed(&anchors, seen.certificate.as_ref()?, authority)
    }

    /// The certificate that was shown, whether or not it was taken; not to be believed either.
    pub(crate) fn leaf(&self) -> Option<Certificate> {
        self.seen().certificate.clone()
    }

    /// Why a handshake failed, as a stable code and in words: for its certificate, where that was refused.
    pub(crate) fn describe(&self, error: Option<&rustls::Error>) -> Option<(&'static str, String)> {
        if let Some(refused) = &self.seen().refused {
            return Some(refused::describe(refused));
        }
        error.map(refused::describe_handshake)
    }

    /// Whether to take a chain. The order is that of cost: length, the barred, then what was remembered, and public keys last.
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let too_long = || CertificateError::Other(OtherError(Arc::new(ChainTooLong)));
        if end_entity.len() > CHAIN_BYTES {
            return Err(too_long().into());
        }
        let certificate = Certificate::from_der(end_entity);
        let certificate = certificate.map_err(|_| CertificateError::BadEncoding)?;
        let mut seen = self.seen();
        // Before anything is refused, so that what is refused is kept with the device that it was shown for.
        let certificate = &*seen.certificate.insert(certificate);
        let bytes: usize = others.iter().map(|der| der.len()).sum();
        if others.len() >= CHAIN || bytes.saturating_add(end_entity.len()) > CHAIN_BYTES {
            return Err(too_long().into());
        }
        let fingerprint = Digest(sha256(end_entity));
        let plane = &*self.plane;
        match plane.context.gate.bars(&fingerprint) {
            Some(Bar::Revoked) => return Err(CertificateError::Revoked.into()),
            Some(Bar::Suspended) => {
                return Err(CertificateError::ApplicationVerificationFailure.into());
            }
            None => {}
        }
        let anchored = plane.anchored();
        let key = Key::of(plane.name, anchored.generation, end_entity, others);
        let known = plane.paths.know(&key, now);
        let path = if let Some(path) = known {
            plane.stats.count_remembered_chain();
            path
        } else {
            plane.stats.count_validated_chain();
            validate(plane, &anchored, certificate, end_entity, others, now)?
        };
        let Owner(authority) = anchored
            .owner(path.anchor)
            .ok_or(CertificateError::UnknownIssuer)?;
        seen.vouched = Some(Vouched {
            fingerprint,
            authority: authority.clone(),
            dates: path.dates,
            generation: anchored.generation,
        });
        seen.path = known.is_none().then_some((key, path));
        Ok(())
    }

    /// The registered authority whose name is that of the issuer of one of these: so that a device of its own that is refused
    /// is not taken for one of ours. Our own name stands above all others.
    fn said_to_be_under(
        &self,
        leaf: &Certificate,
        others: &[CertificateDer<'_>],
    ) -> Option<AuthorityName> {
        let anchors = self.plane.context.gate.anchors();
        if anchors.all.len() < 2 {
            return None;
        }
        let others = others.iter().take(CHAIN);
        let others = others.filter(|der| der.len() <= CHAIN_BYTES);
        let others: Vec<Certificate> = others
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect();
        let is_issuer = |named: &Certificate| {
            let mut issued = std::iter::once(leaf).chain(&others);
            issued.any(|one| one.issuer() == named.subject())
        };
        let mut all = anchors.all.iter();
        let found = all.find(|anchor| is_issuer(&anchor.certificate))?;
        found.authority.clone()
    }

    /// Takes note that the client proved that it holds the key: only now its chain is remembered.
    fn proved(
        &self,
        proof: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let mut seen = self.seen();
        if proof.is_ok() {
            seen.proved_at = Some(self.plane.context.clock.now().0);
            if let Some((key, path)) = seen.path.take() {
                self.plane.paths.remember(key, path);
            }
        }
        proof
    }

    /// Gives a session back, if what it stands on still holds.
    fn resume(&self, session: Session) -> Option<Vec<u8>> {
        let plane = &*self.plane;
        let now = plane.context.clock.now().0;
        let is_good = session.is_good(plane.context.gate.anchors().generation, now);
        let barred = plane.context.gate.bars(&session.vouched.fingerprint);
        if !is_good || barred.is_some() {
            return None;
        }
        *self.seen() = Seen {
            vouched: Some(session.vouched),
            proved_at: Some(session.proved_at),
            resumed: true,
            ..Seen::default()
        };
        Some(session.value)
    }

    /// The certificate that was shown, where it is of version 1.
    fn of_version1(&self) -> Option<Certificate> {
        self.leaf().filter(version1::is_one)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Validates a chain up to one of the anchors.
fn validate(
    plane: &PlaneTls,
    anchored: &Anchored,
    leaf: &Certificate,
    end_entity: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Path, rustls::Error> {
    let anchor = if version1::is_one(leaf) {
        version1::validate(anchored, leaf, now)?
    } else {
        let entity = EndEntityCert::try_from(end_entity).map_err(refused::by_webpki)?;
        let path = entity.verify_for_usage(
            plane.provider.signature_verification_algorithms.all,
            &anchored.anchors,
            others,
            now,
            KeyUsage::client_auth(),
            None,
            None,
        );
        let found = path.map_err(refused::by_webpki)?;
        let place = anchored.place_of(found.anchor());
        let anchor = place.ok_or(CertificateError::UnknownIssuer)?;
        let above = found.intermediate_certificates();
        let above = above.map(|one| plane.issuers.read(&one.der()));
        let above: Vec<_> = above.collect::<Result<_, _>>()?;
        rules::check(leaf, &above, anchored.allows(anchor))?;
        anchor
    };
    // All that was shown counts, whether the path needs it or not.
    let mut dates = Dates::ALWAYS.and(leaf.not_before(), leaf.not_after());
    for der in others {
        let shown = plane.issuers.read(der)?;
        dates = dates.and(shown.not_before(), shown.not_after());
    }
    Ok(Path { dates, anchor })
}

impl ClientCertVerifier for Presented {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        // What a session said is void: the client proves itself anew.
        *self.seen() = Seen::default();
        let judged = self.judge(end_entity, intermediates, now);
        if let Err(refused) = &judged {
            let mut seen = self.seen();
            seen.refused = Some(refused.clone());
            let leaf = seen.certificate.as_ref();
            seen.said_to_be_under =
                leaf.and_then(|leaf| self.said_to_be_under(leaf, intermediates));
        }
        judged.map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.plane.provider.signature_verification_algorithms;
        self.proved(match self.of_version1() {
            Some(leaf) => version1::verify_tls12_signature(message, &leaf, signature, algorithms),
            None => verify_tls12_signature(message, certificate, signature, algorithms),
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.plane.provider.signature_verification_algorithms;
        self.proved(match self.of_version1() {
            Some(leaf) => version1::verify_tls13_signature(message, &leaf, signature, algorithms),
            None => verify_tls13_signature(message, certificate, signature, algorithms),
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = &self.plane.provider;
        provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl StoresServerSessions for Presented {
    fn put(&self, handle: Vec<u8>, value: Vec<u8>) -> bool {
        let seen = self.seen();
        let (Some(vouched), Some(proved_at)) = (seen.vouched.clone(), seen.proved_at) else {
            return false;
        };
        drop(seen);
        let session = Session {
            value,
            vouched,
            proved_at,
        };
        self.plane.sessions.put(handle, session);
        true
    }

    fn get(&self, handle: &[u8]) -> Option<Vec<u8>> {
        let session = self.plane.sessions.get(handle)?;
        let resumed = self.resume(session);
        if resumed.is_none() {
            drop(self.plane.sessions.take(handle));
        }
        resumed
    }

    fn take(&self, handle: &[u8]) -> Option<Vec<u8>> {
        self.resume(self.plane.sessions.take(handle)?)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").finish_non_exhaustive()
    }
}

/// The most certificates that a client may show, its own among them: stops chains that cost more than a device's is worth. A
/// device's has two, a registered authority's may have one more, and one that sends its root has that too.
const CHAIN: usize = 4;

/// The most bytes that they may have: stops keys and extensions of any size. Four large RSA certificates have less.
const CHAIN_BYTES: usize = 8192;
