//! `countersign ca`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use countersign_operations::authorities::Kind;

use super::Authority;

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// Each authority: its certificate, where its key is, what it issued, its newest CRL; or the certificates themselves
    Show(CaShow),
    /// Certify the key of a certificate request; nothing else is taken of it
    Issue(CaIssue),
    /// Make the CRLs where anything was revoked since, and show the newest of each authority
    Crl(CaCrl),
    /// Have another authority issue from now on; what the old one issued is good until its end
    Replace(CaReplace),
    /// Certify an issuing authority where the root's key is; needs no server and no state
    Sign(CaSign),
    /// Take a root's key away from here, into a file that is encrypted
    Offline(CaOffline),
    /// Write roots, chains and CRLs for servers of others
    Export(CaExport),
    /// Make the certificate by which AWS and Azure let one register an authority
    Prove(CaProve),
    /// Revoke one certificate that is no device's newest: a server's, or one that was superseded
    Revoke(CaRevoke),
    #[command(flatten)]
    Registered(Authority),
}

/// Which hierarchy.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Hierarchy {
    /// The one that certifies devices
    Device,
    /// The one that certifies our servers
    Server,
}

impl From<Hierarchy> for Kind {
    fn from(hierarchy: Hierarchy) -> Self {
        match hierarchy {
            Hierarchy::Device => Self::Device,
            Hierarchy::Server => Self::Server,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct CaShow {
    /// Certificates that were issued, in place of the authorities: those that end first at the head
    #[arg(long)]
    pub(crate) certificates: bool,
    /// Whose serial number begins so
    #[arg(long, value_name = "HEX", requires = "certificates")]
    pub(crate) serial: Option<String>,
    /// Of this device
    #[arg(long, value_name = "ID", requires = "certificates")]
    pub(crate) device: Option<String>,
    /// Whose SHA-256 begins so
    #[arg(long, value_name = "HEX", requires = "certificates")]
    pub(crate) fingerprint: Option<String>,
    /// Issued as this: device, device-in-service, server, authority, proof, registered
    #[arg(long, value_name = "PROFILE", requires = "certificates")]
    pub(crate) profile: Option<String>,
    /// Which end before this time, for example 2027-06-30T00:00:00Z
    #[arg(long, value_name = "TIME", requires = "certificates")]
    pub(crate) ends_before: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: u32,
}

#[derive(Args, Debug)]
pub(crate) struct CaIssue {
    /// What it is for
    #[arg(long, value_enum)]
    pub(crate) profile: IssueProfile,
    /// The certificate request (PKCS#10, PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) csr: PathBuf,
    /// A name or address of the server, or the device's id. A device that is known gets a further certificate
    #[arg(long = "name", value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    /// The product of a device that is not known yet; may be left out where there is one only
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// Where to write the certificate and the issuing authority's; without it, to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum IssueProfile {
    /// A server of ours
    Server,
    /// A device from the factory: without an end
    Device,
    /// A device in service: it ends, and is renewed
    DeviceInService,
}

impl IssueProfile {
    /// As the operator plane has it.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Device => "device",
            Self::DeviceInService => "device-in-service",
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct CaCrl {
    /// A folder to write them to as well, in DER and PEM
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Make the CRL of this hierarchy's root too, whose key must be at hand
    #[arg(long, value_name = "HIERARCHY")]
    pub(crate) root: Option<Hierarchy>,
    /// The root's key: a file, or a PKCS#11 URI; without it, the one in the state directory
    #[arg(long, value_name = "FILE|URI", requires = "root")]
    pub(crate) root_key: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct CaReplace {
    /// Which hierarchy's
    pub(crate) hierarchy: Hierarchy,
    /// A key on a token as a PKCS#11 URI, which is made where the token has none of that name; without it, one is made in a file
    #[arg(long, value_name = "URI", conflicts_with = "certificate")]
    pub(crate) key: Option<String>,
    /// The root's key: a file, or a PKCS#11 URI; without it, the one in the state directory
    #[arg(long, value_name = "FILE|URI", conflicts_with_all = ["request", "certificate"])]
    pub(crate) root_key: Option<String>,
    /// Where the root's key is elsewhere: write a request for `ca sign` there, and replace nothing yet
    #[arg(long, value_name = "OUT.csr", conflicts_with = "certificate")]
    pub(crate) request: Option<PathBuf>,
    /// What `ca sign` made of that request: replace
    #[arg(long, value_name = "NEW.pem")]
    pub(crate) certificate: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct CaSign {
    /// The root's key: a file, or a PKCS#11 URI
    #[arg(long, value_name = "FILE|URI")]
    pub(crate) root_key: String,
    /// The root's certificate
    #[arg(long, value_name = "FILE")]
    pub(crate) root: PathBuf,
    /// The request of `ca replace --request`
    #[arg(long, value_name = "FILE")]
    pub(crate) csr: PathBuf,
    /// Where to write the certificate
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct CaOffline {
    /// Which hierarchy's root
    pub(crate) hierarchy: Hierarchy,
    /// The file to make, on a disk that goes into a drawer
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct CaExport {
    /// The folder to write them to; what is there of the same names is replaced
    #[arg(long, value_name = "DIR", default_value = "countersign-authorities")]
    pub(crate) out: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct CaProve {
    /// The code that the service gave: AWS calls it registration code, Azure verification code
    #[arg(long, value_name = "CODE")]
    pub(crate) code: String,
    /// The authority that is to be registered: device-issuing, or device-root
    #[arg(long, value_name = "NAME", default_value = "device-issuing")]
    pub(crate) authority: String,
    /// A root's key: a file, or a PKCS#11 URI; without it, the one in the state directory
    #[arg(long, value_name = "FILE|URI")]
    pub(crate) root_key: Option<String>,
    /// Where to write the certificate; without it, to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct CaRevoke {
    /// Its serial number, or as much of its beginning as tells it apart
    pub(crate) serial: String,
    /// Why, as the CRL says it
    #[arg(long, value_enum, default_value = "unspecified")]
    pub(crate) reason: Reason,
}

/// Why a certificate is revoked (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Reason {
    /// Nothing is said
    Unspecified,
    /// Its key is in wrong hands, or may be
    KeyCompromise,
    /// Another took its place
    Superseded,
    /// It is out of service
    CessationOfOperation,
}

impl Reason {
    /// As the operator plane has it.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
        }
    }
}
