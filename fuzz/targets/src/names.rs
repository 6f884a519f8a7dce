//! Names that people and certificates give: devices' ids, products' names ([`countersign_fleet`]), and the URNs that are
//! made of them ([`countersign_pki::urn`]).

use countersign_fleet::{DeviceId, ProductName};
use countersign_pki::urn::{device_urn, with_enterprise_number};

/// A name that is taken is safe in a path, a URL and a URN.
pub fn run(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let urn = device_urn(&text);
    let digits = urn.strip_prefix("urn:dev:mac:").unwrap();
    assert!(digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let harmless = |c: u8| c.is_ascii_alphanumeric() || b"._:-".contains(&c);
    if let Ok(id) = text.parse::<DeviceId>() {
        assert!(id.as_str() == text && text.bytes().all(harmless) && !text.starts_with('.'));
    }
    if let Ok(name) = text.parse::<ProductName>() {
        assert!(name.to_string() == text && text.bytes().all(harmless) && text.len() <= 32);
    }
    if let Ok(urn) = with_enterprise_number(32473, "p", &text) {
        assert!(urn.is_ascii() && !urn.contains('%') && urn.ends_with(&*text));
    }
}
