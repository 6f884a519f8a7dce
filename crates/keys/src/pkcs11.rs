//! Keys on tokens, by PKCS#11 (OASIS, version 2.40): P-256, by `CKM_ECDSA` over a SHA-256 that is made here; for images also
//! P-384 by the same, and RSA-3072 by `CKM_RSA_PKCS_PSS`.
//!
//! The key never leaves the token. What the token answers is checked with the public key before it is handed on: a token
//! that is broken, or was exchanged for another of the same name, gives an error and no wrong signature.
//!
//! A token may go away and come back. A signature that fails is tried again in a new session, and then with the module set up
//! anew, which is what most modules need to see a token that has come back; a PIN that was refused is never tried again by
//! itself, since tokens lock after a few wrong ones.

mod module;
mod object;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use countersign_pki::{SignError, Signer, der_signature};
use countersign_x509::sha256;

use self::module::{Login, Module, Open};
use crate::{
    Cause, Error, Passphrases, Uri,
    image::{self, Algorithm, ImageSigner},
    stored::in_words,
};

/// A P-256 key on a token. Many threads may sign with it; one at a time does.
#[derive(Debug)]
pub struct TokenKey(Held);

/// A key on a token that signs images.
#[derive(Debug)]
pub struct TokenImageKey(Held);

/// A key on a token, of one of the kinds that are wanted.
struct Held {
    uri: Uri,
    module: Arc<Module>,
    login: Login,
    /// Its place among the module's sessions.
    number: u64,
    wanted: &'static [Algorithm],
    algorithm: Algorithm,
    public_key: Vec<u8>,
}

impl TokenKey {
    /// Finds a key on a token, and logs in where the token wants that; `name` is what the key is called to people.
    ///
    /// # Errors
    /// [`Error::NoToken`], [`Error::NoObject`], [`Error::Ambiguous`], [`Error::UnfitKey`], [`Error::PinRefused`],
    /// [`Error::PinLocked`], those of the PIN ([`Error::NoSecret`] ...), and [`Error::Token`] for all else.
    pub fn open(uri: &Uri, name: &str, passphrases: &Passphrases) -> Result<Self, Error> {
        Held::begin(uri, name, passphrases, P256, |open, uri| {
            open.private_key(uri, P256)
        })
        .map(Self)
    }

    /// Makes a key on a token: P-256, not to be read out, found by the URI's `object` and, where it has one, its `id`.
    ///
    /// # Errors
    /// [`Error::ObjectThere`] where anything of that label or that id is there already; those of [`TokenKey::open`].
    pub fn generate(uri: &Uri, name: &str, passphrases: &Passphrases) -> Result<Self, Error> {
        Held::begin(uri, name, passphrases, P256, |open, uri| {
            open.generate(uri)?;
            open.private_key(uri, P256)
        })
        .map(Self)
    }
}

impl TokenImageKey {
    /// Finds a key of RSA-3072, P-256 or P-384 on a token, and logs in where the token wants that; `name` is what the key is
    /// called to people.
    ///
    /// # Errors
    /// Those of [`TokenKey::open`].
    pub fn open(uri: &Uri, name: &str, passphrases: &Passphrases) -> Result<Self, Error> {
        Held::begin(uri, name, passphrases, IMAGES, |open, uri| {
            open.private_key(uri, IMAGES)
        })
        .map(Self)
    }
}

impl Held {
    fn begin(
        uri: &Uri,
        name: &str,
        passphrases: &Passphrases,
        wanted: &'static [Algorithm],
        work: impl Fn(&mut Open, &Uri) -> Result<(Algorithm, Vec<u8>), Error>,
    ) -> Result<Self, Error> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let module = Module::of(uri)?;
        let mut state = module.state();
        let login = state.retried(|state| state.login(uri, name, passphrases))?;
        let mut open = state.open(uri, &login).inspect_err(|error| {
            if let Error::PinRefused { .. } = error {
                passphrases.forget_pin(&module::token_of(uri));
            }
        })?;
        let (algorithm, public_key) = work(&mut open, uri)?;
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        state.keep(number, open);
        drop(state);
        Ok(Self {
            uri: uri.clone(),
            module,
            login,
            number,
            wanted,
            algorithm,
            public_key,
        })
    }

    /// Signs a digest, and makes sure that this key did.
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let answered = self.answered(digest);
        let answered = answered.map_err(|error| SignError(in_words(&error)))?;
        if !image::verifies(&self.public_key, digest, &answered) {
            return Err(SignError(format!(
                "{}: what the token answered is no signature of the key that was there before",
                self.uri
            )));
        }
        Ok(answered)
    }

    fn answered(&self, digest: &[u8]) -> Result<Vec<u8>, Error> {
        let mut state = self.module.state();
        state.retried(|state| {
            // A session that was kept may have gone with its token.
            let kept = state.kept(self.number);
            if let Some(Ok(signature)) = kept.map(|open| open.sign(self.algorithm, digest)) {
                return Ok(signature);
            }
            state.close(self.number);
            let mut open = state.open(&self.uri, &self.login)?;
            open.private_key(&self.uri, self.wanted)?;
            let signature = open.sign(self.algorithm, digest);
            let signature = signature.map_err(failed(&self.uri, "signing"))?;
            state.keep(self.number, open);
            Ok(signature)
        })
    }
}

impl Signer for TokenKey {
    fn public_key(&self) -> &[u8] {
        &self.0.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let fixed = self.0.sign_digest(&sha256(message))?;
        match <&[u8; 64]>::try_from(&*fixed) {
            Ok(fixed) => Ok(der_signature(fixed)),
            Err(_) => Err(SignError(format!("{}: a short signature", self.0.uri))),
        }
    }
}

impl ImageSigner for TokenImageKey {
    fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    fn public_key(&self) -> &[u8] {
        &self.0.public_key
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign_digest(digest)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.module.state().close(self.number);
    }
}

/// Shows no secret.
impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("uri", &self.uri.to_string())
            .finish_non_exhaustive()
    }
}

/// Says in what the module failed.
fn failed(uri: &Uri, doing: &'static str) -> impl FnOnce(cryptoki::error::Error) -> Error {
    let uri = uri.to_string();
    move |cause| Error::Token {
        uri,
        doing,
        cause: Cause::new(cause),
    }
}

/// What authorities and authors sign with.
const P256: &[Algorithm] = &[Algorithm::EcdsaP256];
/// What images are signed with.
const IMAGES: &[Algorithm] = &[
    Algorithm::RsaPss3072,
    Algorithm::EcdsaP256,
    Algorithm::EcdsaP384,
];
