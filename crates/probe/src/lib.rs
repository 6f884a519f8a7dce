//! Looks outward: which certificates a host shows, at each address of its name.
//!
//! [`fetch`] resolves a name, connects to all its addresses side by side, does one TLS handshake with each and writes
//! down what was sent. It **believes nobody**: every chain is accepted, since it is to be looked at, and no data is ever
//! sent. What a chain is worth is decided elsewhere (`countersign-trust`).
//!
//! [`download`] fetches one file, such as a list of roots, and believes a server only under the roots that it is given.

mod bounded;
mod download;
mod handshake;
mod identity;
mod options;
mod recorder;
mod seen;
mod target;

use std::net::SocketAddr;

use tokio::{
    net::lookup_host,
    task::JoinSet,
    time::{Instant, timeout_at},
};

pub use download::{DownloadError, Downloaded, Downloading, NotAUrl, Url, download};
pub use identity::{ClientIdentity, IdentityError};
pub use options::{Options, Versions};
pub use seen::{AskedFor, Failure, Seen, Tls};
pub use target::{NotATarget, Place, Target};

/// The name has no address, so that nobody could be asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unresolved {
    /// Nobody knows the name, or the resolver does not answer.
    #[error("`{host}` has no address: {reason}")]
    NoAddress {
        /// What was looked up.
        host: String,
        /// What the system said of it.
        reason: String,
    },
    /// The resolver took longer than [`Options::timeout`].
    #[error("`{host}` could not be looked up in time")]
    TooSlow {
        /// What was looked up.
        host: String,
    },
}

/// Asks every address of a host for its certificates, all at once, and gives what each sent, sorted by address, IPv4 first.
///
/// What goes wrong at one address stands in its [`Seen::failure`]; what it had sent until then is kept. Takes no longer
/// than three times [`Options::timeout`].
///
/// # Errors
/// [`Unresolved`]: there is no address to ask.
pub async fn fetch(target: &Target, options: &Options) -> Result<Vec<Seen>, Unresolved> {
    let addresses = resolve(target, options).await?;
    let name = options.sni.clone().unwrap_or_else(|| target.host.clone());
    let mut asking = JoinSet::new();
    for address in addresses {
        let (name, options) = (name.clone(), options.clone());
        asking.spawn(async move { handshake::at(address, &name, &options).await });
    }
    let mut seen = asking.join_all().await;
    seen.sort_by_key(|seen| seen.address);
    Ok(seen)
}

/// All addresses of a target, each once; those of [`Options::connect`], where it names some.
///
/// # Errors
/// [`Unresolved`].
pub async fn resolve(target: &Target, options: &Options) -> Result<Vec<SocketAddr>, Unresolved> {
    let own = [Place {
        host: target.host.clone(),
        port: None,
    }];
    let places = match &options.connect[..] {
        [] => &own,
        places => places,
    };
    let end = Instant::now() + options.timeout;
    let mut addresses = Vec::new();
    for place in places {
        let host = || place.host.clone();
        let port = place.port.unwrap_or(target.port);
        let found = timeout_at(end, lookup_host((place.host.as_str(), port))).await;
        let found = found.map_err(|_| Unresolved::TooSlow { host: host() })?;
        let before = addresses.len();
        addresses.extend(found.map_err(|error| Unresolved::NoAddress {
            host: host(),
            reason: error.to_string(),
        })?);
        if addresses.len() == before {
            return Err(Unresolved::NoAddress {
                host: host(),
                reason: "the answer is empty".to_owned(),
            });
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(options.max_addresses);
    Ok(addresses)
}
