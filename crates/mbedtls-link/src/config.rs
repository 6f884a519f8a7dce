//! What a session is configured with.

use countersign_node::provisioned::Identity;
use countersign_protocol::UnixTime;
use esp_formats::bundle::Bundle;

/// A client's configuration; all else is as `esp-tls` has it.
#[derive(Clone, Copy, Debug)]
#[doc(alias = "esp_tls_cfg_t")]
pub struct Config<'a> {
    /// Who may vouch for the server; nobody does where there is nothing.
    pub bundle: Option<Bundle<'a>>,
    /// What is shown where the server asks who we are.
    pub identity: Option<Identity<'a>>,
    /// What is offered.
    pub versions: Versions,
    /// The earliest that now can be: a certificate that ended before is refused. At 0 nothing is known of the time, and
    /// dates are not looked at, as in ESP-IDF's default build.
    pub floor: UnixTime,
    /// Whether tickets of TLS 1.3 are taken too, so that the session can be resumed. ESP-IDF's clients take none unless
    /// told otherwise.
    pub keep: bool,
}

/// Which versions of TLS are offered.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Versions {
    /// TLS 1.2 alone: every release of ESP-IDF, unless told otherwise.
    #[default]
    Tls12,
    /// TLS 1.3, and 1.2 where the server has no 1.3: ESP-IDF with `CONFIG_MBEDTLS_SSL_PROTO_TLS1_3`.
    UpTo13,
}
