//! Keys on tokens, by PKCS#11 (OASIS, version 2.40): P-256, by `CKM_ECDSA` over a SHA-256 that is made here.
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

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use countersign_pki::{SignError, Signer, der_signature};
use countersign_x509::sha256;

use self::module::{Login, Module, Open};
use crate::{Cause, Error, Passphrases, Uri, stored::in_words};

/// A key on a token. Many threads may sign with it; one at a time does.
pub struct TokenKey {
    uri: Uri,
    module: Arc<Module>,
    login: Login,
    /// Its place among the module's sessions.
    number: u64,
    public_key: Vec<u8>,
}

impl TokenKey {
    /// Finds a key on a token, and logs in where the token wants that; `name` is what the key is called to people.
    ///
    /// # Errors
    /// [`Error::NoToken`], [`Error::NoObject`], [`Error::Ambiguous`], [`Error::UnfitKey`], [`Error::PinRefused`],
    /// [`Error::PinLocked`], those of the PIN ([`Error::NoSecret`] ...), and [`Error::Token`] for all else.
    pub fn open(uri: &Uri, name: &str, passphrases: &Passphrases) -> Result<Self, Error> {
        Self::begin(uri, name, passphrases, Open::private_key)
    }

    /// Makes a key on a token: P-256, not to be read out, found by the URI's `object` and, where it has one, its `id`.
    ///
    /// # Errors
    /// [`Error::ObjectThere`] where anything of that label or that id is there already; those of [`TokenKey::open`].
    pub fn generate(uri: &Uri, name: &str, passphrases: &Passphrases) -> Result<Self, Error> {
        Self::begin(uri, name, passphrases, |open, uri| {
            open.generate(uri)?;
            open.private_key(uri)
        })
    }

    fn begin(
        uri: &Uri,
        name: &str,
        passphrases: &Passphrases,
        work: impl Fn(&mut Open, &Uri) -> Result<Vec<u8>, Error>,
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
        let public_key = work(&mut open, uri)?;
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        state.keep(number, open);
        drop(state);
        Ok(Self {
            uri: uri.clone(),
            module,
            login,
            number,
            public_key,
        })
    }

    fn fixed(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let mut state = self.module.state();
        state.retried(|state| {
            // A session that was kept may have gone with its token.
            if let Some(Ok(signature)) = state.kept(self.number).map(|open| open.sign(digest)) {
                return Ok(signature);
            }
            state.close(self.number);
            let mut open = state.open(&self.uri, &self.login)?;
            open.private_key(&self.uri)?;
            let signature = open.sign(digest).map_err(failed(&self.uri, "signing"))?;
            state.keep(self.number, open);
            Ok(signature)
        })
    }
}

impl Signer for TokenKey {
    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let fixed = self.fixed(&sha256(message));
        let fixed = fixed.map_err(|error| SignError(in_words(&error)))?;
        let point = self
            .public_key
            .get(object::SPKI.len()..)
            .unwrap_or_default();
        let own = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        let der = <&[u8; 64]>::try_from(&*fixed).ok().map(der_signature);
        match (own.verify(message, &fixed), der) {
            (Ok(()), Some(der)) => Ok(der),
            _ => Err(SignError(format!(
                "{}: what the token answered is no signature of the key that was there before",
                self.uri
            ))),
        }
    }
}

impl Drop for TokenKey {
    fn drop(&mut self) {
        self.module.state().close(self.number);
    }
}

/// Shows no secret.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
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
