//! How hosts are asked: the same for every command that asks some.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Clone, Debug)]
pub(crate) struct Asking {
    /// Seconds that looking up a name may take, and then each address
    #[arg(long, value_name = "SECONDS", default_value_t = SECONDS, help_heading = HEADING)]
    pub(crate) timeout: f64,
    /// Connect there, whatever the host is called; if given several times, all of them are asked. For one host alone: HOST=ADDR
    #[arg(long, value_name = "[HOST=]ADDR[:PORT]", help_heading = HEADING)]
    pub(crate) connect: Vec<String>,
    /// Send this server name, and check for it, as a device with `common_name` does. For one host alone: HOST=NAME
    #[arg(long, value_name = "[HOST=]NAME", help_heading = HEADING)]
    pub(crate) sni: Vec<String>,
    /// A client certificate (PEM), for hosts that ask for one; what they show does not depend on it, as a rule
    #[arg(long, value_name = "FILE", requires = "key", help_heading = HEADING)]
    pub(crate) cert: Option<PathBuf>,
    /// The private key to it (PEM)
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = HEADING)]
    pub(crate) key: Option<PathBuf>,
    /// The roots that are known, in place of Mozilla's and ESP-IDF's: PEM, or the CCADB's report (CSV)
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            timeout: SECONDS,
            connect: Vec::new(),
            sni: Vec::new(),
            cert: None,
            key: None,
            roots: None,
        }
    }
}

const SECONDS: f64 = 10.0;
const HEADING: &str = "How hosts are asked";
