//! A token of `SoftHSM` 2, in a folder of its own.

use std::{path::Path, process::Command, sync::Arc};

use anyhow::Result;
use countersign_pki::Signer;
use tempfile::TempDir;

/// A token that was made for a run, and goes with it.
#[derive(Debug)]
pub struct Token(TempDir);

#[cfg(feature = "pkcs11")]
mod soft_hsm {
    use std::{env, fs, path::PathBuf};

    use anyhow::ensure;
    use countersign_keys::{Passphrases, Uri, pkcs11::TokenKey};

    use super::{Arc, CONF, FOLDER, Path, Result, Signer, TempDir, Token};

    impl Token {
        /// Makes one, where there is `SoftHSM` and this process has none yet.
        ///
        /// # Errors
        /// `SoftHSM` is there and makes no token.
        pub fn make() -> Result<Option<Self>> {
            if env::var_os(FOLDER).is_some() || module().is_none() {
                return Ok(None);
            }
            let folder = TempDir::with_prefix("countersign-bench-")?;
            let tokens = folder.path().join("tokens");
            fs::create_dir(&tokens)?;
            let text = format!(
                "directories.tokendir = {}\nlog.level = ERROR\n",
                tokens.display()
            );
            fs::write(folder.path().join(CONF), text)?;
            let pin = folder.path().join(PIN);
            fs::write(&pin, "1234\n")?;
            fs::set_permissions(&pin, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            let token = Self(folder);
            let mut util = token.command(Path::new("softhsm2-util"));
            util.args(["--init-token", "--free", "--label", "bench"]);
            let output = util
                .args(["--pin", "1234", "--so-pin", "12345678"])
                .output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "softhsm2-util: {said}");
            Ok(Some(token))
        }
    }

    /// The key on the token that this process was started with.
    pub(in crate::issue) fn key() -> Result<Option<Arc<dyn Signer>>> {
        let (Some(folder), Some(module)) = (env::var_os(FOLDER), module()) else {
            return Ok(None);
        };
        let (module, pin) = (module.display(), Path::new(&folder).join(PIN));
        let pin = pin.display();
        let uri =
            format!("pkcs11:token=bench;object=issuing?module-path={module}&pin-source=file:{pin}");
        let uri: Uri = uri.parse()?;
        let key = TokenKey::generate(&uri, "issuing", &Passphrases::new(None))?;
        Ok(Some(Arc::new(key)))
    }

    fn module() -> Option<PathBuf> {
        let places = [
            "/usr/lib/softhsm",
            "/usr/lib64/softhsm",
            "/usr/local/lib/softhsm",
        ];
        let libraries = places.map(|place| Path::new(place).join("libsofthsm2.so"));
        libraries.into_iter().find(|library| library.exists())
    }

    const PIN: &str = "pin";
}

#[cfg(feature = "pkcs11")]
pub(super) use self::soft_hsm::key;

#[cfg(not(feature = "pkcs11"))]
impl Token {
    /// None: this was built without tokens.
    ///
    /// # Errors
    /// None either.
    pub fn make() -> Result<Option<Self>> {
        Ok(None)
    }
}

#[cfg(not(feature = "pkcs11"))]
#[expect(clippy::unnecessary_wraps, reason = "with tokens it may fail")]
pub(super) fn key() -> Result<Option<Arc<dyn Signer>>> {
    Ok(None)
}

impl Token {
    /// A command that finds it.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.0.path().join(CONF));
        command.env(FOLDER, self.0.path());
        command
    }
}

/// What is said where there is no token.
pub(super) const MISSING: &str =
    "no key on a token: build with --features pkcs11, and apt-get install softhsm2";

const FOLDER: &str = "COUNTERSIGN_BENCH_TOKEN";
const CONF: &str = "softhsm2.conf";
