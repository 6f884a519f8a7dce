//! Device URNs (RFC 9039).

use std::fmt::Write as _;

use countersign_x509::sha256;

/// An id, a product or an enterprise number that has no place in a device URN.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{part}` cannot stand in a device URN")]
pub struct NotRepresentable {
    /// The part that was given.
    pub part: String,
}

/// The URN of a device that is known by its MAC address, or by any other id.
///
/// | id | URN (RFC 9039 §4.1) |
/// |---|---|
/// | 12 hexadecimal digits, a MAC-48 | `urn:dev:mac:` and the EUI-64: the first three octets, `ffff`, the last three |
/// | 16 hexadecimal digits, an EUI-64 | `urn:dev:mac:` and those digits |
/// | any other | `urn:dev:mac:` and an EUI-64 of our making: the first 8 octets of the SHA-256 of the id, marked as locally administered and individual |
///
/// Octets may be parted by `:` or by `-`; letters come out in lower case. So the spellings of one
/// address have one URN, and whoever keeps ids apart must compare URNs as well.
pub fn device_urn(id: &str) -> String {
    let octets = hexadecimal(id)
        .and_then(|octets| eui_64(&octets))
        .unwrap_or_else(|| local_eui_64(id));
    octets
        .iter()
        .fold("urn:dev:mac:".to_owned(), |mut urn, octet| {
            let _ = write!(urn, "{octet:02x}");
            urn
        })
}

/// The URN of a device of a maker with an IANA private enterprise number (RFC 9039 §4.4):
/// `urn:dev:ops:<number>-<product>-<id>`.
///
/// RFC 9039 §3.2 allows letters, digits and `.` in the product, and `-` in the id too; it has no
/// percent-encoding. A `-` or `_` in a product is written as `.`, which cannot make two devices
/// one as long as ids are unique. `:` in an id parts identifiers, `_` begins a component; neither
/// may leave an empty one.
///
/// # Errors
/// [`NotRepresentable`] with the part that breaks these rules; the number 0.
pub fn with_enterprise_number(
    number: u32,
    product: &str,
    id: &str,
) -> Result<String, NotRepresentable> {
    let refuse = |part: &str| NotRepresentable {
        part: part.to_owned(),
    };
    if number == 0 {
        return Err(refuse("0"));
    }
    let product_octets = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    if product.is_empty() || !product.bytes().all(product_octets) {
        return Err(refuse(product));
    }
    let identifier = |part: &str| {
        let octets = |c: u8| c.is_ascii_alphanumeric() || b".-".contains(&c);
        !part.is_empty() && part.bytes().all(octets)
    };
    // Components come last: no `:` may follow the first `_`.
    let (serial, components) = id
        .split_once('_')
        .map_or((id, None), |(serial, rest)| (serial, Some(rest)));
    let in_order = components.is_none_or(|rest| rest.split('_').all(identifier));
    if !in_order || !serial.split(':').all(identifier) {
        return Err(refuse(id));
    }
    let product = product.replace(['-', '_'], ".");
    Ok(format!("urn:dev:ops:{number}-{product}-{id}"))
}

fn eui_64(octets: &[u8]) -> Option<[u8; 8]> {
    match octets.len() {
        6 => {
            let (organization, device) = octets.split_at_checked(3)?;
            let eui = [organization, &[0xff, 0xff], device].concat();
            eui.try_into().ok()
        }
        _ => octets.try_into().ok(),
    }
}

fn local_eui_64(id: &str) -> [u8; 8] {
    let mut octets = [0; 8];
    for (octet, sum) in octets.iter_mut().zip(sha256(id.as_bytes())) {
        *octet = sum;
    }
    if let Some(first) = octets.first_mut() {
        *first = (*first | LOCAL) & !GROUP;
    }
    octets
}

fn hexadecimal(id: &str) -> Option<Vec<u8>> {
    let pairs: Vec<&str> = if id.contains(':') {
        id.split(':').collect()
    } else if id.contains('-') {
        id.split('-').collect()
    } else {
        (0..id.len())
            .step_by(2)
            .map(|at| id.get(at..at.saturating_add(2)))
            .collect::<Option<_>>()?
    };
    let octet = |pair: &str| {
        let digits = pair.len() == 2 && pair.bytes().all(|c| c.is_ascii_hexdigit());
        digits.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
    };
    pairs.into_iter().map(octet).collect()
}

/// The U/L bit of a first octet: the address was given by whoever runs the device.
const LOCAL: u8 = 0x02;
/// The I/G bit of a first octet: the address is a group's.
const GROUP: u8 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_has_one_urn() {
        for id in [
            "0024be804ff1",
            "0024BE804FF1",
            "00:24:be:80:4f:f1",
            "00-24-BE-80-4F-F1",
            "0024beffff804ff1",
            "00:24:be:ff:ff:80:4f:f1",
        ] {
            assert_eq!(device_urn(id), "urn:dev:mac:0024beffff804ff1", "{id}");
        }
    }

    #[test]
    fn other_ids_get_a_local_individual_address() {
        let ids = [
            "",
            "x",
            "board-7",
            "0024be804ff",
            "0024be804ff1a",
            "00:24:be",
            "0024be80:4ff1",
            "00:24-be:80:4f:f1",
            "+024be804ff1",
            "é24be804ff1",
        ];
        let mut seen = std::collections::HashSet::new();
        for id in ids {
            let urn = device_urn(id);
            let digits = urn.strip_prefix("urn:dev:mac:").unwrap();
            assert_eq!(digits.len(), 16);
            let first = u8::from_str_radix(&digits[..2], 16).unwrap();
            assert_eq!(first & 3, 2, "{id}");
            assert!(seen.insert(urn), "{id}");
        }
        // SHA-256("x") starts 2d 71 16 42 b7 26 b0 44.
        assert_eq!(device_urn("x"), "urn:dev:mac:2e711642b726b044");
    }

    #[test]
    fn enterprise_urns_keep_to_the_grammar() {
        let check = |product: &str, id: &str| with_enterprise_number(32473, product, id).ok();
        for (product, id, urn) in [
            (
                "Refrigerator",
                "5002",
                "urn:dev:ops:32473-Refrigerator-5002",
            ),
            ("my-product_2", "a-b", "urn:dev:ops:32473-my.product.2-a-b"),
            ("p", "A4:CF:12", "urn:dev:ops:32473-p-A4:CF:12"),
            ("p", "a:b_c_d", "urn:dev:ops:32473-p-a:b_c_d"),
        ] {
            assert_eq!(check(product, id).as_deref(), Some(urn));
        }
        for (product, id) in [
            ("", "x"),
            ("p", ""),
            ("p q", "x"),
            ("p", "a::b"),
            ("p", ":a"),
            ("p", "a_"),
            ("p", "a_b:c"),
            ("p", "a%20"),
            ("é", "x"),
            ("p:q", "x"),
        ] {
            assert_eq!(check(product, id), None, "{product} {id}");
        }
        with_enterprise_number(0, "p", "x").unwrap_err();
    }
}
