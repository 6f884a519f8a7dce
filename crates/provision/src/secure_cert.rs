//! The `esp_secure_cert` partition: key, certificates, and the root that the device trusts.
//!
//! Entries, in Espressif's order: the server root's certificate (kind 0), the device's chain (kind 1), the private key
//! (kind 2), each as PEM with its closing NUL, which is what `esp_secure_cert_get_*` hands to esp-tls unchanged.
//!
//! - **The chain is whole.** mbedTLS sends every certificate of the PEM text; Espressif's own tool keeps only the
//!   first, and then a server that does not hold the issuing CA refuses the device.
//! - **The key stays as it is made**, PKCS#8 version 0 or `EC PRIVATE KEY`: `mbedtls_pk_parse_key` of every ESP-IDF
//!   release takes both. Espressif's tool writes the latter; its reader takes both. Encrypted keys are refused,
//!   since no device knows the password, and so is PKCS#8 version 1, which mbedTLS does not take.

use std::fmt;

use esp_formats::secure_cert::{Entries, Entry, Kind, Writer, find};
use zeroize::Zeroizing;

use crate::layout::SECURE_CERT;
use crate::{Error, pem_text};

/// What a device proves itself with, and whom it believes.
///
/// Its `Debug` output leaves out the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The device's certificate and those above it, DER, without the root.
    pub chain: Vec<Vec<u8>>,
    /// The device's private key, PEM.
    pub key_pem: Zeroizing<String>,
    /// The root of our servers, DER.
    pub server_root: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("chain", &self.chain)
            .field("server_root", &self.server_root)
            .finish_non_exhaustive()
    }
}

/// Makes a partition of `size` bytes; what the entries leave is 0xFF.
///
/// `chain` is DER, the device's certificate first.
///
/// # Errors
///
/// - [`Error::CertificateMissing`]: the chain is empty, or a certificate is.
/// - [`Error::KeyEncoding`]: the key is not one that mbedTLS takes.
/// - [`Error::Format`]: the entries do not fit.
pub fn build(
    chain: &[Vec<u8>],
    key_pem: &str,
    server_root: &[u8],
    size: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    if chain.is_empty() || chain.iter().any(Vec::is_empty) || server_root.is_empty() {
        return Err(Error::CertificateMissing);
    }
    let mut root = pem_text::encode_certificates([server_root]);
    let mut certificates = pem_text::encode_certificates(chain.iter().map(Vec::as_slice));
    let key = pem_text::normalize_key(key_pem)?;
    root.push('\0');
    certificates.push('\0');
    let mut key_data = Zeroizing::new(Vec::with_capacity(key.len() + 1));
    key_data.extend_from_slice(key.as_bytes());
    key_data.push(0);

    let mut out = Zeroizing::new(vec![0xFF; size]);
    let mut writer = Writer::new(&mut out);
    for (kind, data) in [
        (Kind::CA_CERTIFICATE, root.as_bytes()),
        (Kind::DEVICE_CERTIFICATE, certificates.as_bytes()),
        (Kind::PRIVATE_KEY, &key_data),
    ] {
        writer
            .append(&Entry {
                flags: 0,
                kind,
                subtype: 0,
                data,
            })
            .map_err(format_error)?;
    }
    Ok(out)
}

/// Reads a partition, made by us or by Espressif's tool.
///
/// # Errors
///
/// - [`Error::EntryMissing`]: no entry for root, certificate or key.
/// - [`Error::Format`]: any entry is damaged.
/// - [`Error::CertificateEncoding`], [`Error::CertificateMissing`]: a certificate is neither PEM nor DER.
/// - [`Error::KeyEncoding`]: the key is not PEM, or kept where only the chip can use it.
pub fn read(partition: &[u8]) -> Result<Identity, Error> {
    for entry in Entries::new(partition) {
        entry.map_err(format_error)?;
    }
    let entry = |kind| {
        let found = find(partition, kind, 0).map_err(format_error)?;
        found.ok_or(Error::EntryMissing { kind })
    };
    let chain = pem_text::decode_certificates(entry(Kind::DEVICE_CERTIFICATE)?.data)?;
    let roots = pem_text::decode_certificates(entry(Kind::CA_CERTIFICATE)?.data)?;
    if chain.is_empty() {
        return Err(Error::CertificateMissing);
    }
    let key = entry(Kind::PRIVATE_KEY)?;
    let text = key.data.strip_suffix(&[0]).unwrap_or(key.data);
    let text = str::from_utf8(text).map_err(|_| Error::KeyEncoding)?;
    if key.flags != 0 {
        return Err(Error::KeyEncoding);
    }
    Ok(Identity {
        chain,
        key_pem: pem_text::normalize_key(text)?,
        server_root: roots.into_iter().next().ok_or(Error::CertificateMissing)?,
    })
}

fn format_error(source: esp_formats::Error) -> Error {
    Error::Format {
        label: SECURE_CERT,
        source,
    }
}

#[cfg(test)]
mod tests;
