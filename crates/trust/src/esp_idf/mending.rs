//! What would mend a refusal.

use super::Refusal;

impl Refusal {
    /// A name for it that does not change, for programs: `unknown-issuer`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AddressNotCompared { .. } => "address-not-compared",
            Self::AnchorExpired { .. } => "anchor-expired",
            Self::AnchorKey { .. } => "anchor-key",
            Self::AnchorShadowed { .. } => "anchor-shadowed",
            Self::Bundle { .. } => "bundle-refused",
            Self::BundleCut { .. } => "bundle-cut",
            Self::BundleUnsorted { .. } => "bundle-unsorted",
            Self::CriticalExtension { .. } => "critical-extension",
            Self::CrossSigned { .. } => "cross-signed",
            Self::Expired { .. } => "expired",
            Self::Key { .. } => "key",
            Self::NoCertificate => "no-certificate",
            Self::NotACa { .. } => "not-a-ca",
            Self::NotAServers => "not-a-servers",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::OutOfOrder { .. } => "out-of-order",
            Self::PathTooLong { .. } => "path-too-long",
            Self::Signature { .. } => "signature",
            Self::TooLarge { .. } => "too-large",
            Self::TooMany => "too-many",
            Self::Unchecked { .. } => "unchecked",
            Self::UnknownIssuer { .. } => "unknown-issuer",
            Self::Unreadable { .. } => "unreadable",
            Self::WrongAnchor { .. } => "wrong-anchor",
            Self::WrongIssuer { .. } => "wrong-issuer",
            Self::WrongName { .. } => "wrong-name",
        }
    }

    /// The certificate that is to blame, by its position in what was sent, if one is.
    pub const fn position(&self) -> Option<usize> {
        match self {
            Self::AnchorKey { position, .. }
            | Self::AnchorShadowed { position, .. }
            | Self::BundleCut { position, .. }
            | Self::BundleUnsorted { position, .. }
            | Self::CriticalExtension { position, .. }
            | Self::CrossSigned { position, .. }
            | Self::Expired { position, .. }
            | Self::Key { position, .. }
            | Self::NotACa { position, .. }
            | Self::NotYetValid { position, .. }
            | Self::OutOfOrder { position, .. }
            | Self::PathTooLong { position, .. }
            | Self::Signature { position, .. }
            | Self::Unchecked { position, .. }
            | Self::UnknownIssuer { position, .. }
            | Self::Unreadable { position, .. }
            | Self::WrongAnchor { position, .. }
            | Self::WrongIssuer { position, .. } => Some(*position),
            Self::AddressNotCompared { .. } | Self::NotAServers | Self::WrongName { .. } => Some(0),
            Self::AnchorExpired { .. }
            | Self::Bundle { .. }
            | Self::NoCertificate
            | Self::TooLarge { .. }
            | Self::TooMany => None,
        }
    }

    /// What would mend it on the device: any one of these. Nothing where the device cannot help it.
    pub fn on_device(&self) -> Vec<String> {
        let one = |text: String| vec![text];
        match self {
            Self::AddressNotCompared { .. } => one(
                "call the server by a name, or use ESP-IDF v5.0.5, v5.1.2, v5.2 or later".to_owned(),
            ),
            Self::AnchorExpired { .. } => vec![
                "use ESP-IDF v6.0.3 or later".to_owned(),
                "switch CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY off, and add the older root".to_owned(),
                "switch CONFIG_MBEDTLS_HAVE_TIME_DATE off".to_owned(),
            ],
            Self::AnchorKey { .. } => one("take another root".to_owned()),
            Self::AnchorShadowed { issuer, .. } => one(format!(
                "leave only the root `{issuer}` in the bundle that signed this chain"
            )),
            Self::Bundle { .. } | Self::BundleCut { .. } | Self::BundleUnsorted { .. } => {
                one("make the bundle anew, in the format of the device's release".to_owned())
            }
            Self::CrossSigned {
                subject, issuer, ..
            } => vec![
                format!("add the root `{issuer}`"),
                format!(
                    "use ESP-IDF v6.0 or later with CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY, so that `{subject}` is enough"
                ),
            ],
            Self::Expired { .. } | Self::NotYetValid { .. } => {
                one("set the device's clock, if it is wrong".to_owned())
            }
            Self::UnknownIssuer {
                issuer,
                itself: true,
                ..
            } => one(format!("add the root `{issuer}`")),
            Self::UnknownIssuer { issuer, .. } => {
                one(format!("add the root `{issuer}`, if it is one"))
            }
            Self::WrongAnchor { issuer, .. } => one(format!(
                "replace the root `{issuer}` by the one of that name that signed this chain"
            )),
            Self::WrongName { .. } => {
                one("call the server by a name that its certificate is for".to_owned())
            }
            _ => Vec::new(),
        }
    }

    /// What would mend it on the server: any one of these. Nothing where the server cannot help it.
    pub fn on_server(&self) -> Vec<String> {
        let one = |text: String| vec![text];
        match self {
            Self::AddressNotCompared { host } => one(format!(
                "have the server's certificate reissued with `{host}` as a dNSName too"
            )),
            Self::CriticalExtension { position: 0, .. } => {
                one("have the server's certificate reissued without that extension".to_owned())
            }
            Self::CriticalExtension { position, .. } => one(format!(
                "do not send certificate {position}, or have it reissued without that extension"
            )),
            Self::CrossSigned { position, .. } => {
                one(format!("drop the surplus cross-certificate {position}"))
            }
            Self::Expired { position, .. } => one(format!("renew certificate {position}")),
            Self::Key { position, .. } => one(format!(
                "have certificate {position} reissued for a key that is P-256, P-384, P-521, or RSA of 2048 to 4096 bits"
            )),
            Self::NoCertificate => one("have the server send its certificate".to_owned()),
            Self::NotACa { position } => one(format!("have certificate {position} reissued as a CA's")),
            Self::NotAServers => one(
                "have the server's certificate reissued for serverAuth and digitalSignature".to_owned(),
            ),
            Self::NotYetValid { position, .. } => {
                one(format!("send a certificate {position} that has begun"))
            }
            Self::OutOfOrder { .. } => {
                one("send each certificate behind the one that it issued".to_owned())
            }
            Self::PathTooLong { .. } => one("take a shorter chain".to_owned()),
            Self::Signature { position: 0, .. } => one(
                "have the server's certificate reissued, signed by RSA (PKCS#1 v1.5) or ECDSA with SHA-256"
                    .to_owned(),
            ),
            Self::Signature { position, .. } => one(format!(
                "do not send certificate {position} if it is a root, or have it reissued, signed by RSA (PKCS#1 v1.5) or ECDSA with SHA-256"
            )),
            Self::TooLarge { .. } | Self::TooMany => {
                one("send only the certificates that are needed".to_owned())
            }
            Self::UnknownIssuer {
                issuer,
                itself: false,
                ..
            } => {
                one(format!("send `{issuer}` too, if it is an intermediate"))
            }
            Self::Unreadable { position: 0, .. } => {
                one("have the server's certificate reissued".to_owned())
            }
            Self::Unreadable { position, .. } => {
                one(format!("do not send certificate {position}, or have it reissued"))
            }
            Self::WrongIssuer { position, .. } => one(format!(
                "send the issuer that signed certificate {position}, and no other of that name"
            )),
            Self::WrongName { host, .. } => {
                one(format!("have the server's certificate reissued for `{host}`"))
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_protocol::UnixTime;

    use super::*;

    /// One of each kind.
    fn all() -> Vec<Refusal> {
        let text = || "x".to_owned();
        let [position, issuer_position] = [2, 1];
        let (issuer, subject, oid, kind, host) = (text, text, text, text, text);
        let (now, floor) = (UnixTime(1), UnixTime(1));
        let cause = countersign_x509::Error::BadSignature;
        let refused = esp_formats::bundle::Bundle::parse(&[]).unwrap_err();
        vec![
            Refusal::AddressNotCompared { host: host() },
            Refusal::AnchorExpired { subject: subject() },
            Refusal::AnchorKey {
                position,
                kind: kind(),
            },
            Refusal::AnchorShadowed {
                position,
                issuer: issuer(),
            },
            Refusal::Bundle { cause: refused },
            Refusal::BundleCut {
                position,
                issuer: issuer(),
            },
            Refusal::BundleUnsorted {
                position,
                issuer: issuer(),
            },
            Refusal::CriticalExtension {
                position,
                oid: oid(),
            },
            Refusal::CrossSigned {
                position,
                subject: subject(),
                issuer: issuer(),
            },
            Refusal::Expired {
                position,
                not_after: UnixTime(0),
                floor,
            },
            Refusal::Key {
                position,
                kind: kind(),
            },
            Refusal::NoCertificate,
            Refusal::NotACa { position },
            Refusal::NotAServers,
            Refusal::NotYetValid {
                position,
                not_before: UnixTime(2),
                now,
            },
            Refusal::OutOfOrder {
                position,
                issuer_position,
            },
            Refusal::PathTooLong { position },
            Refusal::Signature {
                position,
                oid: oid(),
            },
            Refusal::TooLarge {
                message: crate::MessageRefusal::TooLong { len: 2, max: 1 },
            },
            Refusal::TooMany,
            Refusal::Unchecked {
                position,
                oid: oid(),
            },
            Refusal::UnknownIssuer {
                position,
                issuer: issuer(),
                itself: false,
            },
            Refusal::Unreadable { position, cause },
            Refusal::WrongAnchor {
                position,
                issuer: issuer(),
            },
            Refusal::WrongIssuer {
                position,
                issuer_position,
            },
            Refusal::WrongName {
                host: host(),
                names: vec![],
            },
        ]
    }

    #[test]
    fn every_refusal_can_be_mended_somewhere() {
        let mut codes: Vec<_> = all().iter().map(Refusal::code).collect();
        for refusal in all() {
            let advice = [refusal.on_device(), refusal.on_server()].concat();
            // What we cannot check, we cannot mend.
            let known = !matches!(refusal, Refusal::Unchecked { .. });
            assert_eq!(!advice.is_empty(), known, "{}", refusal.code());
            assert!(!refusal.to_string().is_empty());
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all().len());
    }
}
