//! Certificates in our names, by others.

use super::{Case, Ground, House, Shown, UNKNOWN, UNKNOWN_ISSUER};
use crate::gate::{
    der::{bits, sequence, tlv},
    forge::{Ca, Forge},
};

pub(super) fn cases(ground: &Ground) -> Vec<Case> {
    let Ground { forge, honest, .. } = ground;
    let (root, issuing) = (&forge.root, &forge.issuing);
    let by = |above: &[&Ca]| forge.device_of(above, |_| {});
    let (fake_root, fake_issuing) = (forge.stranger(&root.name), forge.stranger(&issuing.name));
    let below_fake = forge.below(&fake_root, "Countersign device issuing", |_| {});
    // Somebody else's key, shown with the certificate of the CA in whose name it signed.
    let in_its_name = Ca {
        der: issuing.der.clone(),
        ..fake_issuing.clone()
    };
    let in_the_root_s_name = Ca {
        der: root.der.clone(),
        ..fake_root.clone()
    };
    let other = House::new();
    other.enroll_as("7cdfa1000009", "device");
    let own = forge.key();
    let itself = Ca {
        der: Vec::new(),
        key: own.clone(),
        ..issuing.clone()
    };
    let itself = Shown::certified(own, &[&itself], |_| {});
    let signed =
        |change: fn(Vec<u8>) -> Vec<u8>| forge.device(|spec| spec.change_signature = change);
    // As far as lengths go, all is well.
    let last_byte = |mut whole: Vec<u8>| {
        let last = whole.len() - 1;
        whole[last] ^= 1;
        whole
    };
    let (one, two) = cross_signed(forge);
    let (three, four) = cross_signed(forge);
    vec![
        Case::new(
            "vouches for itself, under our CA's name",
            itself.showing(itself.chain[..1].to_vec()),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "vouches for itself, and shows our CA",
            itself.showing(vec![itself.chain[0].clone(), issuing.der.clone()]),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by a key that is not our CA's, in our CA's name",
            by(&[&in_its_name]),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by a key that is not our root's, in our root's name",
            by(&[&in_the_root_s_name]),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by a CA that vouches for itself, under our CA's name",
            by(&[&fake_issuing]),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by a CA below a root of our root's name",
            by(&[&below_fake, &fake_root]),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "of another installation, of whose CAs all have our names",
            Shown::of_folder(forge, &other.path("device"), "device"),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by the CA of our servers",
            by(&[&forge.servers]),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by a CA of which the device's chain says nothing",
            by(&[&issuing_only(forge)]).without_above(),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by two CAs that certify each other",
            by(&[&one, &two]),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by two CAs that certify each other, beside our own",
            by(&[&three, &four, issuing]),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "a signature with its last byte changed",
            signed(last_byte),
            UNKNOWN_ISSUER,
        ),
        Case::new("no signature", signed(|_| bits(&[])), UNKNOWN_ISSUER),
        Case::new(
            "a signature of two zeros (CVE-2022-21449)",
            signed(|_| bits(&sequence(&[&tlv(2, &[0]), &tlv(2, &[0])]))),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "of the enrolled device, with its serial number, for another key",
            forge.device(|spec| spec.serial = serial_of(honest)),
            UNKNOWN,
        ),
        Case::new(
            "never issued, though our CA's key signed it",
            by(&[issuing]),
            UNKNOWN,
        ),
    ]
}

/// Two CAs, each of which certified the other.
fn cross_signed(forge: &Forge) -> (Ca, Ca) {
    let (one, other) = (
        forge.stranger(&crate::gate::der::name(&[b"One"])),
        forge.stranger(&crate::gate::der::name(&[b"Other"])),
    );
    let certify = |subject: &Ca, by: &Ca, name: &str| {
        Ca::certified(subject.key.clone(), subject.how, by, name, |_| {})
    };
    (certify(&one, &other, "One"), certify(&other, &one, "Other"))
}

/// An issuing CA under our root that is not shown.
fn issuing_only(forge: &Forge) -> Ca {
    forge.below(&forge.root, "Never shown", |_| {})
}

fn serial_of(shown: &Shown) -> Vec<u8> {
    let leaf = countersign_x509::Certificate::from_der(&shown.chain[0]).unwrap();
    let hex = leaf.serial_hex();
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}
