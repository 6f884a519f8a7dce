//! Proving to another service that we hold an authority's key.

use countersign_protocol::UnixTime;
use countersign_x509::Certificate;
use rcgen::{CertificateParams, IsCa};

use crate::{
    Authority, Error, ProfileRules, Serial,
    issue::{by_authority, named},
    profile::refused,
};

/// Makes the certificate by which AWS `IoT` and Azure DPS let one register `authority`: its common name is the code that the
/// service gave, letter by letter, and `authority` signed it.
///
/// | service | the code | its length |
/// |---|---|---|
/// | AWS `IoT`, `RegisterCACertificate` in mode `DEFAULT` | from `GetRegistrationCode`, one for an account | 64 |
/// | Azure DPS, `IoT` Hub | "generate verification code", one for each certificate | 48 as seen, not stated |
///
/// `spki` is the public half of a key that was made for this and is thrown away: the certificate then is good for nothing
/// else. It has no extended key usage, as those services' own instructions make it, and no alternative name.
///
/// # Errors
/// [`Error::Name`] where a code is empty, has more than 64 characters (RFC 5280 §A.1, `ub-common-name`) or others than
/// visible ASCII ones, such as a space or the end of the line that it was copied from; [`Error::OwnKey`] where the key is
/// the authority's; those of [`Authority::issue`].
pub fn prove(
    authority: &Authority,
    code: &str,
    spki: &[u8],
    now: UnixTime,
    serial: Serial,
) -> Result<Certificate, Error> {
    if !code.bytes().all(|c| c.is_ascii_graphic()) {
        let rule = "a code has visible ASCII characters only, and no space";
        return Err(refused(code, rule));
    }
    if spki == authority.certificate().public_key() {
        return Err(Error::OwnKey);
    }
    let mut template = CertificateParams::default();
    template.distinguished_name = named(code)?;
    template.is_ca = IsCa::ExplicitNoCa;
    let rules = ProfileRules::proof();
    by_authority(
        authority,
        template,
        &rules,
        spki,
        rules.validity(now),
        serial,
    )
}
