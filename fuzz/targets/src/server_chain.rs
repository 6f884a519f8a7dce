//! The chain of a server, as a device judges it ([`countersign_trust::verify`], and [`judge`] by the rules of each line of
//! releases): certificates in DER one behind the other, the first the server's own, the last the one that the device trusts.

use countersign_protocol::UnixTime;
use countersign_trust::{
    Clock, Device, IdfRelease, bundle, device::DEFAULT_MAX_ENTRIES, judge, verify,
};
use countersign_x509::{Certificate, der};
use esp_formats::bundle::{Bundle, Format};

/// A path that is accepted goes upwards through what was sent, from the server's own.
pub fn run(bytes: &[u8]) {
    let mut reader = der::Reader::new(bytes);
    let next = || {
        reader
            .expect(der::SEQUENCE, "chain")
            .ok()
            .map(|der| der.der())
    };
    let sent: Vec<&[u8]> = std::iter::from_fn(next).take(12).collect();
    let anchor = sent.last().and_then(|der| Certificate::from_der(der).ok());
    let Ok(bundle) = bundle::build(anchor.as_slice(), Format::Offsets) else {
        return;
    };
    let bundle = Bundle::parse(&bundle).unwrap();
    for floor in [None, Some(UnixTime(1_800_000_000))] {
        match verify(&sent, &bundle, "s3.example", floor) {
            Ok(accepted) => {
                let path = accepted.path();
                assert!(path.first() == Some(&0) && path.is_sorted_by(|low, high| low < high));
            }
            Err(refusal) => assert!(!refusal.to_string().is_empty()),
        }
    }
    for (major, minor, patch) in RELEASES {
        let release = IdfRelease::new(major, minor, patch);
        let Ok(bundle) = bundle::build(anchor.as_slice(), bundle::format_for(release)) else {
            return;
        };
        for clock in [Clock::Ignored, Clock::At(UnixTime(1_800_000_000))] {
            let device = Device {
                release,
                bundle: &bundle,
                clock,
                cross_signed: patch == 0,
                max_entries: DEFAULT_MAX_ENTRIES,
            };
            match judge(&sent, "s3.example", &device).outcome {
                Ok(accepted) => assert!(accepted.path.is_sorted_by(|low, high| low < high)),
                Err(refusal) => assert!(!refusal.to_string().is_empty()),
            }
        }
    }
}

/// mbedTLS 2.16, 2.28, 3.2, 3.6, 4.0 and 4.1; where the patch is 0, and there is such a thing, across signatures.
const RELEASES: [(u16, u16, u16); 6] = [
    (4, 2, 5),
    (4, 4, 8),
    (5, 0, 0),
    (5, 3, 5),
    (6, 0, 0),
    (6, 2, 0),
];
