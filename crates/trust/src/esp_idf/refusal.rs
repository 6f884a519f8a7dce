//! Why a device refuses a server.

use countersign_protocol::UnixTime;

use crate::{MessageRefusal, text::times};

/// Why a device refuses, which certificate is to blame, and what would mend it.
///
/// Positions count from 0, the server's own certificate, in the order sent.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The certificate is for this address, and the release does not compare addresses (mbedTLS before 3.5).
    #[error(
        "the server's certificate is for the address {host}, and this release of ESP-IDF does not compare addresses: call the server by a name"
    )]
    AddressNotCompared {
        /// The address that was meant.
        host: String,
    },

    /// The root in the bundle would end the path, but the device takes it for expired: v6.0 to v6.0.2 make up
    /// a certificate without dates for it.
    #[error(
        "this release of ESP-IDF takes `{subject}` in its bundle for expired where it verifies across signatures and looks at dates: use v6.0.3 or later, or switch one of the two off"
    )]
    AnchorExpired {
        /// The root.
        subject: String,
    },

    /// The bundle's root for this certificate has a key that the device cannot read, or finds too weak or too long.
    #[error(
        "the bundle's root for certificate {position} has a key of kind {kind}, which the device does not take"
    )]
    AnchorKey {
        /// Which certificate.
        position: usize,
        /// The kind of the root's key.
        kind: String,
    },

    /// Two roots in the bundle bear the issuer's name, and the search meets the one that did not sign.
    #[error(
        "certificate {position} was signed by a `{issuer}` that is in the bundle, but a device tries only one root of that name and meets another: leave only the right one in"
    )]
    AnchorShadowed {
        /// Which certificate.
        position: usize,
        /// The name of both roots.
        issuer: String,
    },

    /// The device does not take the bundle.
    #[error(
        "the device does not take its bundle ({cause}), and then trusts nobody: give it a whole one, of its release's format"
    )]
    Bundle {
        /// What is wrong with it.
        #[source]
        cause: esp_formats::Error,
    },

    /// The bundle is cut short, which the device does not notice: the search goes beyond its end.
    #[error(
        "the bundle is cut short: the search for `{issuer}`, the issuer of certificate {position}, goes beyond its end"
    )]
    BundleCut {
        /// Which certificate.
        position: usize,
        /// The name under which the bundle was searched.
        issuer: String,
    },

    /// The bundle has the root, but is not sorted, and the search misses it.
    #[error(
        "the bundle has `{issuer}`, the issuer of certificate {position}, but is not sorted, and the device's search misses it: make it anew"
    )]
    BundleUnsorted {
        /// Which certificate.
        position: usize,
        /// The name under which the bundle was searched.
        issuer: String,
    },

    /// A critical extension that mbedTLS does not know, such as name constraints (2.5.29.30).
    #[error(
        "certificate {position} has the critical extension {oid}, which mbedTLS cannot read: do not send it, or have it reissued without"
    )]
    CriticalExtension {
        /// Which certificate.
        position: usize,
        /// Which extension, in dotted form.
        oid: String,
    },

    /// The top certificate is a root's cross-certificate under an older root, which is missing.
    #[error(
        "certificate {position} is `{subject}`, which the bundle has, but as certified by `{issuer}`, which it has not: put `{issuer}` into the bundle, or stop sending certificate {position}"
    )]
    CrossSigned {
        /// Which certificate.
        position: usize,
        /// The newer root.
        subject: String,
        /// The older one.
        issuer: String,
    },

    /// It ended before the earliest time that now can be.
    #[error("certificate {position} expired on {}, and the device's clock says {}: renew it", times(*.not_after, *.floor)[0], times(*.not_after, *.floor)[1])]
    Expired {
        /// Which certificate.
        position: usize,
        /// Its last second.
        not_after: UnixTime,
        /// The earliest time that now can be.
        floor: UnixTime,
    },

    /// A key that mbedTLS does not read, that its default profile refuses, or that is longer than most chips compute with.
    #[error(
        "certificate {position} has a key of kind {kind}: use P-256, P-384, P-521, or RSA of 2048 to 4096 bits"
    )]
    Key {
        /// Which certificate.
        position: usize,
        /// The kind of its key.
        kind: String,
    },

    /// Nothing was sent.
    #[error("the server sent no certificate")]
    NoCertificate,

    /// What bears the issuer's name is no CA, or may not sign certificates.
    #[error("certificate {position} has issued another and is not a CA's: have it reissued as one")]
    NotACa {
        /// Which certificate.
        position: usize,
    },

    /// The server's own certificate is not for servers.
    #[error(
        "the server's certificate is not for servers: it needs the extended key usage serverAuth, and digitalSignature"
    )]
    NotAServers,

    /// It begins after what the device takes for now.
    #[error("certificate {position} is not valid before {}, and the device's clock says {}: set the clock, unless it is right", times(*.not_before, *.now)[0], times(*.not_before, *.now)[1])]
    NotYetValid {
        /// Which certificate.
        position: usize,
        /// Its first second.
        not_before: UnixTime,
        /// What the device takes for now.
        now: UnixTime,
    },

    /// The issuer was sent before what it issued.
    #[error(
        "certificate {position} was issued by certificate {issuer_position}, which is sent before it: send each issuer behind what it issued"
    )]
    OutOfOrder {
        /// Which certificate.
        position: usize,
        /// Its issuer.
        issuer_position: usize,
    },

    /// A CA with more CAs below it than it allows.
    #[error("certificate {position} does not allow so many CAs below it: shorten the chain")]
    PathTooLong {
        /// Which certificate.
        position: usize,
    },

    /// A signature algorithm that is not SHA-2 with RSA or ECDSA.
    #[error("certificate {position} is signed with {oid}: have it reissued with SHA-256")]
    Signature {
        /// Which certificate.
        position: usize,
        /// The algorithm, in dotted form.
        oid: String,
    },

    /// The certificates do not get into the device.
    #[error("{message}: send only the certificates that are needed")]
    TooLarge {
        /// Why not.
        message: MessageRefusal,
    },

    /// More than eight intermediates.
    #[error("the server sends more than eight intermediates: send only those that are needed")]
    TooMany,

    /// A signature that a device can check, and we cannot.
    #[error(
        "certificate {position} is signed with {oid}, by a kind of key or with parameters that cannot be checked here"
    )]
    Unchecked {
        /// Which certificate.
        position: usize,
        /// The algorithm, in dotted form.
        oid: String,
    },

    /// The issuer is not in the bundle, and nothing else that was sent is it.
    #[error("certificate {position} {}", unknown(issuer, *.itself))]
    UnknownIssuer {
        /// Which certificate.
        position: usize,
        /// Its issuer's name.
        issuer: String,
        /// Whether that is its own: it vouches for itself.
        itself: bool,
    },

    /// Not a certificate that can be read.
    #[error("certificate {position} cannot be read")]
    Unreadable {
        /// Which certificate.
        position: usize,
        /// What is wrong with it.
        #[source]
        cause: countersign_x509::Error,
    },

    /// The bundle's entry of that name has another key.
    #[error(
        "certificate {position} was not signed by the key that the bundle has for `{issuer}`: put the right `{issuer}` into the bundle, and only that one"
    )]
    WrongAnchor {
        /// Which certificate.
        position: usize,
        /// The name under which the bundle was searched.
        issuer: String,
    },

    /// What bears the issuer's name was sent, and another key signed: a device tries the first of that name alone.
    #[error(
        "certificate {position} was not signed by the key of certificate {issuer_position}, which bears its issuer's name: send the issuer that signed it, and no other of that name"
    )]
    WrongIssuer {
        /// Which certificate.
        position: usize,
        /// The one that bears its issuer's name.
        issuer_position: usize,
    },

    /// The certificate is for other hosts.
    #[error("the server's certificate is for {}, not for {host}", names.join(", "))]
    WrongName {
        /// The host that was meant.
        host: String,
        /// What it is for.
        names: Vec<String>,
    },
}

fn unknown(issuer: &str, itself: bool) -> String {
    if itself {
        return format!(
            "is `{issuer}`, which vouches for itself and is not in the bundle: put it into the bundle, if you know it"
        );
    }
    format!(
        "was issued by `{issuer}`, which is neither in the bundle nor sent: put it into the bundle if it is a root, or have the server send it if it is an intermediate"
    )
}
