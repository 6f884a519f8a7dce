//! Products with Secure Boot: images that espsecure signed, and such as nobody did whom the chip knows.

use countersign_node::{Blocks, Error, Event, Scheme, SecureBoot};
use countersign_protocol::{Outcome, Reason};

use crate::{
    author::{Signer, image, image_of, manifest},
    chip::SECTOR,
    device::{Device, End, OTADATA},
    world::World,
};

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../../../esp-formats/tests/data/", $name, ".bin"))
    };
}

const RSA: &[u8] = vector!("ok_signed_rsa");
const RSA_4: &[u8] = vector!("ok_signed_rsa_espsecure4");
const THREE: &[u8] = vector!("ok_signed_rsa_three");
const TWICE: &[u8] = vector!("ok_signed_rsa_twice");
const OTHER: &[u8] = vector!("ok_signed_rsa_other");
const P256: &[u8] = vector!("ok_signed_p256");
const P256_4: &[u8] = vector!("ok_signed_p256_espsecure4");
const P384: &[u8] = vector!("ok_signed_p384");
const MIXED: &[u8] = vector!("ok_signed_rsa_p256");

/// SHA-256 of the keys that signed the vectors; `espsecure` calls them so, too.
const A: [u8; 32] = *b"\x61\xa1\x0a\xf8\x46\xeb\xdf\x7a\xf6\xa3\x89\x37\xdd\xf7\xb4\xd0\x2c\x19\x48\xa4\x1d\xa7\x31\xfd\x7f\x2f\x38\x40\xbe\x48\xdb\xf6";
const B: [u8; 32] = *b"\x8b\xe0\x4e\x11\xa4\x5d\x3b\x87\x42\xc0\x2e\xc6\x12\x88\xf1\x28\xbb\xd3\x65\xa2\xca\xd0\xc7\x6d\x35\x74\xb7\x0d\xad\x92\xae\x40";
const P: [u8; 32] = *b"\xdb\x6b\x90\x36\x9f\x96\xc2\x91\x9d\x70\x8f\x46\x95\xce\xec\xd6\x65\x86\x5e\x68\xe7\x54\xc3\x17\xcc\xe6\xdb\x6b\x5c\x74\xad\x2b";

const fn rsa(keys: &'static [[u8; 32]]) -> SecureBoot<'static> {
    SecureBoot {
        scheme: Scheme::Rsa3072,
        keys,
        blocks: Blocks::Any,
    }
}

const fn p256(keys: &'static [[u8; 32]]) -> SecureBoot<'static> {
    SecureBoot {
        scheme: Scheme::EcdsaP256,
        ..rsa(keys)
    }
}

/// Offers an image, honestly signed by its author, to a device with these keys; tells how the offer ended.
fn offered(new: &[u8], keys: SecureBoot<'static>) -> (Outcome, Option<Reason>) {
    let (world, author) = (World::new(), Signer::new());
    let mut device = Device::new(&image("1.0", 9_000), &world, &author);
    device.secure_boot = Some(keys);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, new)), new);
    let otadata = device.chip.peek(OTADATA, 2 * SECTOR);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let reports = world.inner().reports.clone();
    assert_eq!((reports.len(), reports[0].0), (1, id));
    if reports[0].1 != Outcome::Confirmed {
        assert_eq!(device.chip.peek(OTADATA, 2 * SECTOR), otadata);
        assert!(device.state(0).pending.is_none());
        let selected = |event: &Event<'_>| matches!(event, Event::Selected { .. });
        assert!(!device.events().iter().any(selected));
        // An image that the chip would not boot costs the device nothing more: the next good one is taken.
        let good = image_signed_by_a();
        world.offer(2, author.sign(&manifest("2.0", 6, good)), good);
        device.secure_boot = Some(rsa(&[A]));
        assert!(matches!(device.settle(), End::Asleep { .. }));
        assert_eq!(device.state(1).counter, 6);
    }
    (reports[0].1, reports[0].2)
}

fn image_signed_by_a() -> &'static [u8] {
    RSA_4
}

const TAKEN: (Outcome, Option<Reason>) = (Outcome::Confirmed, None);
const REFUSED: (Outcome, Option<Reason>) = (Outcome::Refused, Some(Reason::UntrustedImage));

#[test]
fn takes_what_a_key_of_the_chip_signed() {
    for image in [RSA, RSA_4, THREE, TWICE, MIXED] {
        assert_eq!(offered(image, rsa(&[A])), TAKEN);
        assert_eq!(offered(image, rsa(&[P, A])), TAKEN);
    }
    for image in [P256, P256_4, MIXED] {
        assert_eq!(offered(image, p256(&[P])), TAKEN);
    }
}

#[test]
fn a_signature_that_could_not_be_checked_is_no_refusal_for_good() {
    // That of the manifest, which is looked at first; that of the image.
    for (keys, short) in [
        (None, 0..1),
        (Some(rsa(&[A])), 0..1),
        (Some(rsa(&[A])), 1..2),
    ] {
        let (world, author) = (World::new(), Signer::new());
        let mut device = Device::new(&image("1.0", 9_000), &world, &author);
        device.secure_boot = keys;
        let id = world.offer(1, author.sign(&manifest("2.0", 5, RSA)), RSA);
        device.shortage.of(short);
        assert!(matches!(device.boot(1), End::Asleep { .. }));
        let put_off = (id, Outcome::Failed, Some(Reason::Connection));
        assert_eq!(world.inner().reports, [put_off]);
        assert!(device.state(0).pending.is_none());

        assert_eq!(device.boot(1), End::Reboot);
        assert!(matches!(device.settle(), End::Asleep { .. }));
        assert_eq!(device.state(1).counter, 5);
    }
}

/// One block that could not be checked is as good as none; another counts.
#[test]
fn a_block_that_could_not_be_checked_leaves_the_others() {
    let (world, author) = (World::new(), Signer::new());
    let mut device = Device::new(&image("1.0", 9_000), &world, &author);
    device.secure_boot = Some(rsa(&[A, B]));
    world.offer(1, author.sign(&manifest("2.0", 5, THREE)), THREE);
    device.shortage.of(1..2);
    assert_eq!(device.boot(1), End::Reboot);
}

#[test]
fn refuses_what_strangers_signed() {
    for image in [RSA, RSA_4, TWICE, MIXED] {
        assert_eq!(offered(image, rsa(&[B])), REFUSED);
    }
    assert_eq!(offered(THREE, rsa(&[P])), REFUSED);
    assert_eq!(offered(P256, p256(&[A])), REFUSED);
}

#[test]
fn a_signature_of_another_kind_than_the_chips_does_not_count() {
    assert_eq!(offered(RSA, p256(&[A, P])), REFUSED);
    assert_eq!(offered(P256, rsa(&[A, P])), REFUSED);
    assert_eq!(offered(P384, p256(&[P])), REFUSED);
}

#[test]
fn where_the_first_block_counts_the_others_do_not() {
    let first = |keys| SecureBoot {
        blocks: Blocks::First,
        ..rsa(keys)
    };
    assert_eq!(offered(THREE, first(&[B])), TAKEN);
    assert_eq!(offered(THREE, first(&[A])), REFUSED);
    assert_eq!(offered(MIXED, first(&[A])), TAKEN);
}

#[test]
fn refuses_an_image_without_a_signature() {
    assert_eq!(offered(&image("2.0", 9_000), rsa(&[A])), REFUSED);
    // Padded, and the sector blank.
    let mut blank = RSA[..SECTOR].to_vec();
    assert_eq!(offered(&blank, rsa(&[A])), REFUSED);
    blank.resize(2 * SECTOR, 0xFF);
    assert_eq!(offered(&blank, rsa(&[A])), REFUSED);
}

#[test]
fn refuses_a_sector_that_is_cut() {
    for len in [SECTOR + 32, SECTOR + 1216, 2 * SECTOR - 32, 2 * SECTOR - 1] {
        assert_eq!(offered(&RSA[..len], rsa(&[A])), REFUSED, "{len}");
    }
}

#[test]
fn refuses_the_signature_of_another_image() {
    // Both are signed by the same key; each sector stands behind the other's image.
    let swapped = [&RSA[..SECTOR], &OTHER[SECTOR..]].concat();
    assert_eq!(offered(&swapped, rsa(&[A])), REFUSED);
}

#[test]
fn refuses_a_signature_that_is_not_where_the_boot_loader_looks() {
    let blank = [0xFF; SECTOR];
    let behind = [&RSA[..SECTOR], &blank, &RSA[SECTOR..]].concat();
    assert_eq!(offered(&behind, rsa(&[A])), REFUSED);
}

#[test]
fn refuses_a_block_with_any_part_changed_though_its_crc_is_put_right() {
    // Version, digest, modulus, exponent, signature.
    for at in [1, 2, 4, 35, 36, 419, 420, 812, 1195] {
        let mut image = RSA.to_vec();
        image[SECTOR + at] ^= 1;
        let crc = crc32(&image[SECTOR..SECTOR + 1196]);
        image[SECTOR + 1196..SECTOR + 1200].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(offered(&image, rsa(&[A])), REFUSED, "{at}");
    }
    // Numbers that save the chip work are part of the key's digest, too; a CRC that is wrong spoils the block.
    for at in [500, 1197] {
        let mut image = RSA.to_vec();
        image[SECTOR + at] ^= 1;
        assert_eq!(offered(&image, rsa(&[A])), REFUSED, "{at}");
    }
}

#[test]
fn a_damaged_block_says_nothing_of_the_others() {
    let mut image = THREE.to_vec();
    image[SECTOR + 100] ^= 1;
    image[SECTOR + 1216] = 0;
    assert_eq!(offered(&image, rsa(&[A])), TAKEN);
    assert_eq!(offered(&image, rsa(&[B])), REFUSED);
}

#[test]
fn an_image_whose_signature_is_right_still_needs_its_author() {
    let (world, author) = (World::new(), Signer::new());
    let mut device = Device::new(&image("1.0", 9_000), &world, &author);
    device.secure_boot = Some(rsa(&[A]));
    world.offer(1, Signer::new().sign(&manifest("2.0", 5, RSA)), RSA);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let report = world.inner().reports[0];
    assert_eq!(
        (report.1, report.2),
        (Outcome::Refused, Some(Reason::UnknownAuthor))
    );
    assert!(world.inner().asked.is_empty());
}

#[test]
fn a_product_with_secure_boot_and_no_key_is_a_mistake() {
    let (world, author) = (World::new(), Signer::new());
    let mut device = Device::new(&image("1.0", 9_000), &world, &author);
    device.secure_boot = Some(rsa(&[]));
    assert_eq!(
        device.boot(1),
        End::Stopped(Error::Setting("secure_boot.keys"))
    );
}

#[test]
fn refuses_a_secure_version_below_the_chips_though_it_is_the_running_apps() {
    let (world, author) = (World::new(), Signer::new());
    let mut device = Device::new(&image("1.0", 9_000), &world, &author);
    device.secure_version = 2;
    let new = image("2.0", 9_000);
    world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let report = world.inner().reports[0];
    assert_eq!(report.2, Some(Reason::LowSecureVersion));
    assert!(world.inner().asked.is_empty());

    let c3 = esp_formats::app_image::ChipId::ESP32_C3;
    let new = image_of(c3, "2.0", "lamp-fw", 2, 9_000);
    let honest = countersign_protocol::Manifest {
        secure_version: 2,
        ..manifest("2.0", 5, &new)
    };
    world.offer(2, author.sign(&honest), &new);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(device.state(1).counter, 5);
}

#[test]
fn refuses_a_secure_version_that_only_the_image_gives_away() {
    // The manifest says 1, as the device has; the image itself says 0.
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let c3 = esp_formats::app_image::ChipId::ESP32_C3;
    let new = image_of(c3, "2.0", "lamp-fw", 0, 9_000);
    world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    let before = device.slot(1, SECTOR);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let report = world.inner().reports[0];
    assert_eq!(
        (report.1, report.2),
        (Outcome::Refused, Some(Reason::WrongImage))
    );
    assert_eq!(device.slot(1, SECTOR), before, "nothing was erased for it");
}

/// CRC-32 as zlib's, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
