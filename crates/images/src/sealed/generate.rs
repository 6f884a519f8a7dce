//! New keys.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand,
    rsa::{KeySize, PrivateDecryptingKey},
};
use esp_formats::sealed_image::Scheme;
use zeroize::Zeroizing;

use super::{Error, OpeningKey, SealingKey, text};

/// A new key, in the forms and under the names of files that `esp_enc_img_gen.py` gives it.
#[non_exhaustive]
pub struct NewKey {
    /// The public half.
    pub public: SealingKey,
    /// The name of the file for the public half, in PEM.
    pub public_name: &'static str,
    /// What opens: `RSA PRIVATE KEY` in PEM, or the 32 bytes of the HMAC key for eFuse.
    pub secret: Zeroizing<Vec<u8>>,
    /// The name of its file.
    pub secret_name: &'static str,
}

/// Makes a new key.
///
/// # Errors
/// [`Error::Library`].
pub fn generate(scheme: Scheme) -> Result<NewKey, Error> {
    match scheme {
        Scheme::Rsa3072 => {
            let key =
                PrivateDecryptingKey::generate(KeySize::Rsa3072).map_err(|_| Error::Library)?;
            let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| Error::Library)?;
            let secret = text::encode("RSA PRIVATE KEY", &text::of_pkcs8(der.as_ref())?);
            Ok(NewKey {
                public: OpeningKey::from_rsa(key).sealing_key()?,
                public_name: "rsa_pub_key.pem",
                secret: Zeroizing::new(secret.as_bytes().to_vec()),
                secret_name: "rsa_priv_key.pem",
            })
        }
        Scheme::EciesP256 => {
            // The curve's numbers are nearly all that 32 bytes make: this ends in the first round.
            let mut unfit = Error::Library;
            for _ in 0..8 {
                let mut secret = Zeroizing::new(vec![0; 32]);
                rand::fill(&mut secret).map_err(|_| Error::Library)?;
                match OpeningKey::from_hmac_key(&secret) {
                    Ok(key) => {
                        return Ok(NewKey {
                            public: key.sealing_key()?,
                            public_name: "device_pub_key.pem",
                            secret,
                            secret_name: "device_hmac_key.bin",
                        });
                    }
                    Err(error) => unfit = error,
                }
            }
            Err(unfit)
        }
    }
}

/// Shows the public half only.
impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}
