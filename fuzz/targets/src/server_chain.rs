//! The chain of a server, as a device judges it ([`countersign_trust::verify`]): certificates in DER one behind the other,
//! the first the server's own, the last the one that the device trusts.

use countersign_protocol::UnixTime;
use countersign_trust::{bundle, verify};
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
}
