//! What to do about a device that is turned away: a sentence for each reason.

use countersign_fleet::{CertificateRecord, Device, DeviceState, RefusalRecord};
use countersign_protocol::UnixTime;

use crate::{Refusal, text::rfc3339};

/// What an operator can do about a refusal, by its code; none of a code that has nothing to do with the device.
pub fn advice(code: &str) -> Option<&'static str> {
    let (_, advice) = ADVICE.iter().find(|(of, _)| *of == code)?;
    Some(advice)
}

/// Why a device was refused, as its code and in words. A retired device's certificates are revoked, and in the handshake
/// no more is known of them.
pub fn why<'a>(device: &Device, refusal: &'a RefusalRecord) -> (&'a str, String) {
    let is_retired = device.state == DeviceState::Retired && refusal.proved;
    if is_retired && refusal.code == Refusal::Revoked.code() {
        return (Refusal::Retired.code(), Refusal::Retired.to_string());
    }
    (&refusal.code, refusal.reason.clone())
}

/// A refusal of a device as a sentence, with what to do: what `device show` says.
pub fn sentence(
    device: &Device,
    certificates: &[CertificateRecord],
    refusal: &RefusalRecord,
    now: UnixTime,
) -> String {
    let ago = ago(refusal.last_at, now);
    let (plane, from) = (&refusal.plane, &refusal.from);
    let (code, reason) = why(device, refusal);
    let often = match refusal.times {
        0 | 1 => String::new(),
        times => format!(" ({times} times)"),
    };
    let who = if refusal.proved {
        "turned away"
    } else {
        "somebody in its name was turned away"
    };
    let reason = match ended(certificates, refusal) {
        Some(end) => format!("its certificate ended on {}", rfc3339(end)),
        None => reason,
    };
    let advice = advice(code).unwrap_or("docs/protocol.md has what that means");
    let since = match device.last_seen {
        Some(seen) if seen > refusal.last_at => ". It came in since",
        _ => "",
    };
    format!(
        "{who} {ago} at the {plane} plane, coming from {from}{often}: {reason}; {advice}{since}"
    )
}

/// When the certificate ended for which a device was turned away: the last one of its own that had ended then.
fn ended(certificates: &[CertificateRecord], refusal: &RefusalRecord) -> Option<UnixTime> {
    if !refusal.proved || refusal.code != Refusal::Ended.code() {
        return None;
    }
    let ends = certificates.iter().map(|one| one.not_after);
    ends.filter(|end| *end < refusal.last_at).max()
}

/// How long ago something was, in one unit.
fn ago(at: UnixTime, now: UnixTime) -> String {
    let Some(seconds) = now.0.checked_sub(at.0) else {
        return "in the future, by this clock,".to_owned();
    };
    let (number, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural} ago")
}

/// What to do, by the code of the refusal.
const ADVICE: &[(&str, &str)] = &[
    (
        "authority-ended",
        "have its authority's certificate renewed (`ca set --certificate`), or let it vouch for known devices after its end",
    ),
    (
        "authority-withdrawn",
        "let its authority vouch again, or give the device a certificate of ours",
    ),
    (
        "bad-certificate",
        "have its issuer certify it anew; of a device of ours, flash the whole `device.pem` of its enrollment again",
    ),
    ("certificate-ended", "give it a new certificate"),
    (
        "certificate-not-begun",
        "look at this server's clock: it is behind that of whoever issued the certificate",
    ),
    (
        "chain-too-long",
        "flash the `device.pem` of its enrollment again: it is to show its certificate and the issuing CA's, and no more",
    ),
    (
        "device-retired",
        "it is out of service for good; enroll it under another id if it shall come back",
    ),
    (
        "device-revoked",
        "it is revoked for good; enroll it under another id, with a new key, if it is yours again",
    ),
    (
        "device-suspended",
        "`countersign device resume` lets it in again",
    ),
    (
        "handshake-failed",
        "if it goes on, look whether it takes this server's certificate: its server root, its clock, the name that it asks for",
    ),
    (
        "no-certificate",
        "have its client show its certificate and key: in ESP-IDF `client_cert_pem` and `client_key_pem`",
    ),
    (
        "not-yet-known",
        "import it, or let its authority bring in new devices",
    ),
    (
        "other-authority",
        "find out why another authority certified it: a certificate counts in its own authority's namespace only",
    ),
    (
        "other-key",
        "find out who has its name: if it was given a new key on purpose, retire this one and import it anew",
    ),
    (
        "too-many-certificates",
        "find out why it shows ever new certificates; it comes in again by one that is known, or in the next hour",
    ),
    (
        "too-many-new-devices",
        "import the devices (`countersign device import`), or wait for the next hour; if they are not yours, withdraw their authority",
    ),
    (
        "unknown-certificate",
        "the certificate is not on record here: was it issued by another installation, or since a backup that was restored? \
         Enroll it again under another id",
    ),
    (
        "unknown-issuer",
        "flash the whole `device.pem` of its enrollment here, with the issuing CA's certificate in it",
    ),
    (
        "wrong-name",
        "look at how its authority's certificates name devices, and at the mapping that is registered for it",
    ),
    (
        "wrong-product",
        "its firmware is for another product than it was enrolled as: flash the right one",
    ),
    (
        "wrong-purpose",
        "have it show its device certificate; that one is not for clients",
    ),
];

#[cfg(test)]
mod tests {
    use countersign_fleet::{
        AuthorityName,
        conformance::{certificate, device},
    };

    use super::*;

    /// Every reason for not admitting a device. A new one does not compile until it is here.
    fn refusals() -> Vec<Refusal> {
        let acme: AuthorityName = "acme".parse().unwrap();
        let all = vec![
            Refusal::UnknownCertificate,
            Refusal::Revoked,
            Refusal::Suspended,
            Refusal::Retired,
            Refusal::Ended,
            Refusal::NotYetKnown(acme.clone()),
            Refusal::OtherKey,
            Refusal::AuthorityEnded(acme.clone()),
            Refusal::AuthorityWithdrawn(acme.clone()),
            Refusal::WrongName {
                authority: acme,
                what: String::new(),
            },
            Refusal::OtherAuthority,
            Refusal::TooManyCertificates,
            Refusal::TooManyNewDevices("acme".parse().unwrap()),
            Refusal::WrongProduct,
        ];
        for refusal in &all {
            match refusal {
                Refusal::UnknownCertificate
                | Refusal::Revoked
                | Refusal::Suspended
                | Refusal::Retired
                | Refusal::Ended
                | Refusal::NotYetKnown(_)
                | Refusal::OtherKey
                | Refusal::AuthorityEnded(_)
                | Refusal::AuthorityWithdrawn(_)
                | Refusal::WrongName { .. }
                | Refusal::OtherAuthority
                | Refusal::TooManyCertificates
                | Refusal::TooManyNewDevices(_)
                | Refusal::WrongProduct => {}
            }
        }
        all
    }

    #[test]
    fn there_is_advice_for_every_refusal() {
        let of_admission = refusals();
        let of_handshakes = [
            "no-certificate",
            "unknown-issuer",
            "certificate-ended",
            "certificate-not-begun",
            "wrong-purpose",
            "bad-certificate",
            "chain-too-long",
            "handshake-failed",
        ];
        let codes = of_admission.iter().map(Refusal::code).chain(of_handshakes);
        for code in codes {
            let words = advice(code);
            assert!(words.is_some_and(|words| words.len() > 20), "{code}");
        }
        assert!(ADVICE.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn a_refusal_is_told_in_a_sentence() {
        let mut device = device("d1");
        let certificates = [50, 900, 5000].map(|end| CertificateRecord {
            not_after: UnixTime(end),
            ..certificate(&device.id, 1)
        });
        let mut refusal = RefusalRecord {
            device: device.id.clone(),
            plane: "device".to_owned(),
            code: "certificate-ended".to_owned(),
            reason: "the certificate has ended".to_owned(),
            from: "192.0.2.7".to_owned(),
            proved: true,
            first_at: UnixTime(0),
            last_at: UnixTime(1000),
            times: 3,
        };
        let now = UnixTime(1000 + 12 * 60 + 59);
        assert_eq!(
            sentence(&device, &certificates, &refusal, now),
            "turned away 12 minutes ago at the device plane, coming from 192.0.2.7 (3 times): \
             its certificate ended on 1970-01-01T00:15:00Z; give it a new certificate"
        );
        refusal.proved = false;
        refusal.times = 1;
        device.last_seen = Some(UnixTime(1001));
        assert_eq!(
            sentence(&device, &certificates, &refusal, UnixTime(1000)),
            "somebody in its name was turned away just now at the device plane, coming from 192.0.2.7: \
             the certificate has ended; give it a new certificate. It came in since"
        );
        // What a device is told in the handshake depends on its certificates; what an operator is told, on the device too.
        refusal.code = Refusal::Revoked.code().to_owned();
        refusal.reason = Refusal::Revoked.to_string();
        for (proved, state, code) in [
            (true, DeviceState::Revoked, "device-revoked"),
            (true, DeviceState::Retired, "device-retired"),
            (false, DeviceState::Retired, "device-revoked"),
        ] {
            (device.state, refusal.proved) = (state, proved);
            assert_eq!(why(&device, &refusal).0, code);
            let told = sentence(&device, &certificates, &refusal, now);
            assert!(told.contains(advice(code).unwrap()), "{told}");
        }
        for (seconds, words) in [(0, "just now"), (3600, "1 hour ago"), (90_000, "1 day ago")] {
            assert_eq!(ago(UnixTime(7), UnixTime(7 + seconds)), words);
        }
        assert_eq!(
            ago(UnixTime(8), UnixTime(7)),
            "in the future, by this clock,"
        );
    }
}
