//! The one path that the library builds (`library/x509_crt.c`, `x509_crt_verify_chain`).

use super::{Certificate, KEY_CERT_SIGN, Key, Rules, Signatures, Time, flags, signature::Check};

/// One certificate of the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link<'c, 'a> {
    pub(crate) who: Who<'c, 'a>,
    /// What was found wrong with it.
    pub(crate) flags: u32,
    /// What came of checking its signature with the key of the next link, where there is one.
    pub(crate) signature: Option<Check>,
}

/// What a link is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who<'c, 'a> {
    /// A certificate that was sent.
    Sent(&'c Certificate<'a>),
    /// A root that the device made up of a name and a key in its bundle (`esp_crt_ca_cb_callback`).
    Root(Root<'c>),
}

/// A name and a key from a bundle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root<'c> {
    pub(crate) name: &'c [u8],
    pub(crate) public_key: &'c [u8],
}

/// Why no path was built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault<'c> {
    /// More than [`MAX_INTERMEDIATES`].
    TooMany,
    /// The key of the bundle's root for this certificate cannot be read.
    RootKey { position: usize, root: Root<'c> },
}

/// By what a path is built.
pub(crate) struct Builder<'r, R> {
    pub(crate) rules: &'r Rules,
    pub(crate) time: Time,
    pub(crate) signatures: &'r Signatures,
    /// Gives the bundle's root for a certificate, where paths may end at one anywhere.
    pub(crate) root_for: R,
}

impl<'c, R> Builder<'_, R>
where
    R: Fn(&Certificate<'_>) -> Option<Root<'c>>,
{
    /// Goes up from the first certificate, which must be there, until nothing vouches for the last.
    pub(crate) fn build<'a>(
        &self,
        sent: &'c [Certificate<'a>],
    ) -> Result<Vec<Link<'c, 'a>>, Fault<'c>> {
        let mut links: Vec<Link<'c, 'a>> = Vec::new();
        let mut at = 0;
        let mut self_issued = 0;
        while let Some(child) = sent.get(at) {
            let below = links.len();
            let mut link = Link {
                who: Who::Sent(child),
                flags: self.dates(child),
                signature: None,
            };
            if !child.algorithm.digest.suits_profile(self.rules) {
                link.flags |= flags::BAD_MD;
            }
            // A root in the bundle goes before what was sent.
            if let Some((root, key)) = self.root(child)? {
                link.signature = Some(Check::Good);
                if !key.suits_profile(self.rules) {
                    link.flags |= flags::BAD_KEY;
                }
                links.push(link);
                links.push(self.root_link(root));
                return Ok(links);
            }
            let behind = sent.get(at.saturating_add(1)..).unwrap_or_default();
            let Some((offset, signature)) = self.parent(child, behind, below, self_issued) else {
                link.flags |= flags::NOT_TRUSTED;
                links.push(link);
                return Ok(links);
            };
            if below > 0 && child.is_self_issued() {
                self_issued = self_issued.saturating_add(1);
            }
            if below >= MAX_INTERMEDIATES {
                return Err(Fault::TooMany);
            }
            link.signature = Some(signature);
            if signature != Check::Good {
                link.flags |= flags::NOT_TRUSTED;
            }
            at = at.saturating_add(1).saturating_add(offset);
            if sent
                .get(at)
                .is_some_and(|parent| !parent.key.suits_profile(self.rules))
            {
                link.flags |= flags::BAD_KEY;
            }
            links.push(link);
        }
        Ok(links)
    }

    fn dates(&self, certificate: &Certificate<'_>) -> u32 {
        let mut found = 0;
        if certificate.has_ended(self.time) {
            found |= flags::EXPIRED;
        }
        if certificate.has_not_begun(self.time) {
            found |= flags::FUTURE;
        }
        found
    }

    /// The made-up root has no dates, which reads as an end in the year 0.
    fn root_link<'a>(&self, root: Root<'c>) -> Link<'c, 'a> {
        let found = match self.time {
            Time::Ignored => 0,
            Time::At(_) | Time::AtLeast(_) => flags::EXPIRED,
        };
        Link {
            who: Who::Root(root),
            flags: found,
            signature: None,
        }
    }

    /// The bundle's root that signed this certificate.
    fn root(&self, child: &Certificate<'_>) -> Result<Option<(Root<'c>, Key)>, Fault<'c>> {
        let Some(root) = (self.root_for)(child) else {
            return Ok(None);
        };
        let key = Key::parse(root.public_key, self.rules);
        let position = child.position;
        let key = key.map_err(|_| Fault::RootKey { position, root })?;
        // The made-up name forgets which parts were in one set, and so is not the issuer's.
        let is_issuer = !(self.rules.cross_signed_flawed && child.issuer.has_merged());
        let good = is_issuer && self.signatures.check(child, root.public_key) == Check::Good;
        Ok(good.then_some((root, key)))
    }

    /// `x509_crt_find_parent_in`: the first that may have issued it, its signature good or not;
    /// rather one whose dates are good. Gives its place behind the child.
    fn parent(
        &self,
        child: &Certificate<'_>,
        behind: &[Certificate<'_>],
        below: usize,
        self_issued: usize,
    ) -> Option<(usize, Check)> {
        let cas_below = below.saturating_sub(self_issued);
        let mut ended = None;
        for (offset, candidate) in behind.iter().enumerate() {
            if !candidate.subject.is(&child.issuer)
                || !may_issue(candidate)
                || !has_room_for(candidate, cas_below)
            {
                continue;
            }
            if self.dates(candidate) == 0 {
                return Some((offset, self.signed_by(child, candidate)));
            }
            ended = ended.or(Some((offset, candidate)));
        }
        let (offset, candidate) = ended?;
        Some((offset, self.signed_by(child, candidate)))
    }

    fn signed_by(&self, child: &Certificate<'_>, parent: &Certificate<'_>) -> Check {
        if !parent.key.is_computable() {
            return Check::Bad;
        }
        self.signatures.check(child, parent.public_key)
    }
}

/// Whether it is a CA's, and its key may sign certificates.
pub(crate) const fn may_issue(candidate: &Certificate<'_>) -> bool {
    candidate.extensions.ca && candidate.extensions.allows(KEY_CERT_SIGN)
}

fn has_room_for(candidate: &Certificate<'_>, cas_below: usize) -> bool {
    let room = candidate.extensions.path_len.map(usize::try_from);
    room.is_none_or(|room| room.is_ok_and(|room| room >= cas_below))
}

/// `MBEDTLS_X509_MAX_INTERMEDIATE_CA`.
const MAX_INTERMEDIATES: usize = 8;
