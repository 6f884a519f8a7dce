//! Who keeps the authorities' keys and certificates, and what others read of them: the program, in files and on tokens.

use std::{fmt, sync::Arc};

use countersign_pki::Signer;
use countersign_x509::{Certificate, Crl};

use super::Kind;

/// Keeps keys, certificates and CRLs. Its methods wait for disks and tokens.
pub trait Custody: fmt::Debug + Send + Sync {
    /// Where an authority's private key lies.
    ///
    /// # Errors
    /// Where its file is there and cannot be read.
    fn place(&self, name: &str) -> Result<KeyPlace, CustodyError>;

    /// The key that waits to become an issuing authority's: the one that waits already, or a new one. With `token`, a
    /// PKCS#11 URI, the one there, in place of any that waits.
    ///
    /// # Errors
    /// Where the key cannot be made, or had.
    fn prepare(&self, kind: Kind, token: Option<&str>) -> Result<Arc<dyn Signer>, CustodyError>;

    /// The key that waits, if one does.
    ///
    /// # Errors
    /// Where it cannot be had.
    fn prepared(&self, kind: Kind) -> Result<Option<Arc<dyn Signer>>, CustodyError>;

    /// Puts the key that waits, and its certificate, in the place of the issuing authority's, whose own are kept under the
    /// number that this gives. Done whole or not at all, also where the power goes.
    ///
    /// # Errors
    /// Where the files cannot be written.
    fn install(&self, kind: Kind, certificate: &Certificate) -> Result<u32, CustodyError>;

    /// Removes a root's key from here.
    ///
    /// # Errors
    /// Where there is none, or it cannot be removed.
    fn remove_root_key(&self, kind: Kind) -> Result<(), CustodyError>;

    /// The CRL of an authority that lies where others read it.
    ///
    /// # Errors
    /// Where there is something that is no CRL, or that is cut.
    fn published(&self, name: &str) -> Result<Option<Crl>, CustodyError>;

    /// Puts a CRL where others read it, whole.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn publish(&self, name: &str, crl: &Crl) -> Result<(), CustodyError>;
}

/// Where a private key lies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyPlace {
    /// In this file.
    File(String),
    /// In this file, encrypted.
    EncryptedFile(String),
    /// On a token, by this URI, without a PIN.
    Token(String),
    /// Not here.
    Elsewhere,
}

/// What stands in the custody's way, with its causes, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CustodyError(pub String);

/// Keeps nothing: for those who only need somebody to issue.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

impl Custody for Nowhere {
    fn place(&self, _: &str) -> Result<KeyPlace, CustodyError> {
        Ok(KeyPlace::Elsewhere)
    }

    fn prepare(&self, _: Kind, _: Option<&str>) -> Result<Arc<dyn Signer>, CustodyError> {
        Err(nothing())
    }

    fn prepared(&self, _: Kind) -> Result<Option<Arc<dyn Signer>>, CustodyError> {
        Ok(None)
    }

    fn install(&self, _: Kind, _: &Certificate) -> Result<u32, CustodyError> {
        Err(nothing())
    }

    fn remove_root_key(&self, _: Kind) -> Result<(), CustodyError> {
        Err(nothing())
    }

    fn published(&self, _: &str) -> Result<Option<Crl>, CustodyError> {
        Ok(None)
    }

    fn publish(&self, _: &str, _: &Crl) -> Result<(), CustodyError> {
        Ok(())
    }
}

fn nothing() -> CustodyError {
    CustodyError("no keys are kept here".to_owned())
}
