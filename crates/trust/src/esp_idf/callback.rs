//! The bundle's callback (`esp_crt_verify_callback`).

use esp_formats::bundle::{Bundle, Entry, Search};

use super::handshake::Settings;
use crate::{
    Step,
    mbedtls::{
        Certificate, Digest, Key, SignatureKind, flags,
        path::{Link, Who},
        signature::Check,
    },
};

/// What the callback makes of one link.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer<'b> {
    /// Nothing: what was found wrong with it, stays.
    Left(u32),
    /// The entry's key signed it; all is forgiven.
    Vouched(Entry<'b>),
    /// It ends the handshake.
    Refused(Reason<'b>),
}

/// Why a look-up does not vouch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reason<'b> {
    /// The search met no entry of the issuer's name.
    Missing,
    /// The search met an entry that lies beyond the bundle's end.
    Beyond,
    /// The entry's key did not sign it.
    OtherKey(Entry<'b>),
    /// The entry's key cannot be read, or is longer than the device can compute with.
    UnusableKey(Entry<'b>),
    /// The entry's key may have, but the device cannot check such signatures.
    Uncheckable,
    /// We cannot check such signatures, though the device can.
    Unknown,
}

/// Asks the callback about one link.
pub(super) fn ask<'b>(
    link: &Link<'_, '_>,
    bundle: &Bundle<'b>,
    settings: &Settings<'_>,
    steps: &mut Vec<Step>,
) -> Answer<'b> {
    let rules = &settings.rules;
    let certificate = match link.who {
        Who::Sent(certificate) => certificate,
        Who::Root(root) => {
            // The made-up root's dates are forgiven where its name is found again.
            let found = bundle.find(root.name).is_some();
            let forgiven = !rules.cross_signed_flawed && found;
            return Answer::Left(if forgiven { 0 } else { link.flags });
        }
    };
    let mut weighed = link.flags;
    if rules.forgives_weak_hash {
        weighed &= !flags::BAD_MD;
    }
    if weighed != flags::NOT_TRUSTED {
        return Answer::Left(link.flags);
    }
    let name = crate::text::name(certificate.issuer_raw);
    let position = Some(certificate.position);
    let mut say = |what: String| steps.push(Step { position, what });
    let (entry, index) = match bundle.search(certificate.issuer_raw) {
        Search::Found { entry, index } => (entry, index),
        Search::Missing => {
            say(format!("the bundle is searched for `{name}`, in vain"));
            return Answer::Refused(Reason::Missing);
        }
        Search::Beyond { index } => {
            say(format!(
                "the bundle is searched for `{name}`: entry {index} lies beyond its end"
            ));
            return Answer::Refused(Reason::Beyond);
        }
    };
    let count = bundle.len();
    let reason = match check(certificate, entry, settings) {
        Ok(()) => {
            say(format!(
                "the bundle is searched for `{name}`: entry {index} of {count}, and its key signed this"
            ));
            return Answer::Vouched(entry);
        }
        Err(reason) => reason,
    };
    say(format!(
        "the bundle is searched for `{name}`: entry {index} of {count}, whose key {}",
        match reason {
            Reason::UnusableKey(_) => "cannot be read, or not computed with",
            Reason::Uncheckable => "is tried in vain: the device cannot check such signatures",
            Reason::Unknown => "is tried; such signatures cannot be checked here",
            _ => "did not sign this; no other is tried",
        }
    ));
    Answer::Refused(reason)
}

/// `esp_crt_check_signature`.
fn check<'b>(
    certificate: &Certificate<'_>,
    entry: Entry<'b>,
    settings: &Settings<'_>,
) -> Result<(), Reason<'b>> {
    let rules = &settings.rules;
    let Ok(key) = Key::parse(entry.key, rules) else {
        return Err(Reason::UnusableKey(entry));
    };
    let algorithm = certificate.algorithm;
    let rsa = matches!(key, Key::Rsa { .. });
    if rsa != (algorithm.kind != SignatureKind::Ecdsa) {
        return Err(Reason::OtherKey(entry));
    }
    // From v6.0 on by PSA, which is told PKCS#1 v1.5 for every RSA key, and four digests.
    let known = matches!(
        algorithm.digest,
        Digest::Sha1 | Digest::Sha256 | Digest::Sha384 | Digest::Sha512
    );
    if rules.psa && (!known || algorithm.kind == SignatureKind::RsaPss) {
        return Err(Reason::Uncheckable);
    }
    if !key.is_computable() {
        return Err(Reason::UnusableKey(entry));
    }
    match settings.signatures.check(certificate, entry.key) {
        Check::Good => Ok(()),
        Check::Bad => Err(Reason::OtherKey(entry)),
        Check::Unknown => Err(Reason::Unknown),
    }
}
