//! What stands in a chip's flash and eFuse, and what its server cannot change: signatures, secure versions, damaged slots.

use std::fs;

use countersign_esp_boot::Slot;
use countersign_node::{Blocks, Scheme};
use countersign_protocol::Reason;
use countersign_provision::layout::FlashLayout;
use countersign_virtual_node::{Event, Options, TrustedKeys};

use crate::harness::{FLASH_LEN, House, Image, Link, espressif, over_each_link, python};

over_each_link! {
    a_chip_with_secure_boot_takes_what_its_key_signed_and_nothing_else,
    a_chip_is_sent_nothing_below_the_secure_version_in_its_efuse,
    a_chip_whose_chosen_slot_is_damaged_starts_the_other_and_is_updated_again,
}

fn a_chip_with_secure_boot_takes_what_its_key_signed_and_nothing_else(link: Link) {
    let Some(python) = python("chip_secure_boot") else {
        return;
    };
    let espsecure = |args: &[&str]| espressif(&python, "espsecure", args);
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    // The small Mbed TLS has no RSA.
    let scheme = ["--version", "2", "--scheme", "ecdsa256"];
    for key in ["ours.pem", "stranger.pem"] {
        let path = house.text(key);
        espsecure(&[&["generate-signing-key"], &scheme[..], &[&path]].concat());
    }
    let (key, digest) = (house.text("ours.pem"), house.text("digest"));
    espsecure(&["digest-sbv2-public-key", "--keyfile", &key, "-o", &digest]);
    let digest = fs::read(digest).unwrap().try_into().unwrap();
    let signed = |version: &str, key: &str| {
        let (path, out) = (house.text("unsigned"), house.text("signed"));
        fs::write(&path, link.image(version).bytes).unwrap();
        let by = ["--version", "2", "--keyfile", &house.text(key)];
        espsecure(&[&["sign-data"], &by[..], &["-o", &out, &path]].concat());
        Image {
            version: version.to_owned(),
            bytes: fs::read(out).unwrap(),
        }
    };
    let options = Options {
        secure_boot: Some(TrustedKeys {
            scheme: Scheme::EcdsaP256,
            digests: vec![digest],
            blocks: Blocks::Any,
        }),
        ..Options::new(house.make_flash("device", &link.image("1.0.0"), |_| {}))
    };
    let foreign = signed("2.1.0", "stranger.pem");
    for (counter, image) in [(1, link.image("2.0.0")), (2, foreign)] {
        house.publish(&image, counter);
        let (events, ended) = link.power_on(options.clone());
        assert_eq!(refused(&events), Some(Reason::UntrustedImage), "{events:?}");
        assert_eq!((&*ended.version, ended.resets), ("1.0.0", 0));
    }
    house.publish(&signed("2.2.0", "ours.pem"), 3);
    let (events, ended) = link.power_on(options);
    assert_eq!(refused(&events), None, "{events:?}");
    assert_eq!((&*ended.version, ended.resets), ("2.2.0", 1));
}

fn a_chip_is_sent_nothing_below_the_secure_version_in_its_efuse(link: Link) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let options = |secure_version| Options {
        secure_version,
        ..Options::new(house.path("device/flash.bin"))
    };
    house.make_flash("device", &link.image("1.0.0"), |_| {});
    house.publish(&link.image("2.0.0"), 1);
    // It says at its check-in what was burnt. What it does where it is sent one all the same is among the hostile servers.
    let (events, ended) = link.power_on(options(2));
    let up_to_date = |event: &Event| matches!(event, Event::UpToDate { .. });
    assert!(events.iter().any(up_to_date), "{events:?}");
    assert_eq!((&*ended.version, ended.resets), ("1.0.0", 0));
    // As long as nothing is burnt it is a release like any other.
    let (_, ended) = link.power_on(options(0));
    assert_eq!(ended.version, "2.0.0");
}

fn a_chip_whose_chosen_slot_is_damaged_starts_the_other_and_is_updated_again(link: Link) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let flash = house.make_flash("device", &link.image("1.0.0"), |_| {});
    let options = || Options::new(flash.clone());
    house.publish(&link.image("2.0.0"), 1);
    let (_, ended) = link.power_on(options());
    assert_eq!((ended.slot, &*ended.version), (Slot::Ota(1), "2.0.0"));

    let layout = FlashLayout::of_flash(FLASH_LEN).unwrap();
    let slot = layout.partition("ota_1").unwrap().offset;
    let mut bytes = fs::read(&flash).unwrap();
    bytes[usize::try_from(slot).unwrap() + 100_000] ^= 1;
    fs::write(&flash, bytes).unwrap();
    let (events, ended) = link.power_on(options());
    let damaged = |event: &&Event| {
        matches!(
            event,
            Event::Unbootable {
                slot: Slot::Ota(1),
                ..
            }
        )
    };
    assert!(events.iter().any(|event| damaged(&event)), "{events:?}");
    assert_eq!((ended.slot, &*ended.version), (Slot::Ota(0), "1.0.0"));

    house.publish(&link.image("2.1.0"), 2);
    let (_, ended) = link.power_on(options());
    assert_eq!((ended.slot, &*ended.version), (Slot::Ota(1), "2.1.0"));
}

fn refused(events: &[Event]) -> Option<Reason> {
    events.iter().find_map(|event| match event {
        Event::Refused { reason } => Some(*reason),
        _ => None,
    })
}
