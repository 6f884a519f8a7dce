//! What lies in flash and in files.

use countersign_node::{
    State,
    fuzz::encode_record,
    state::{Barred, Ended, Installed, Pending, Progress},
};
use countersign_protocol::{Digest, OfferId, Outcome, Reason, UnixTime};
use countersign_provision::{layout::FlashLayout, nvs};
use countersign_x509::sha256;
use esp_formats::app_image::{ChipId, Composition, compose, composed_len};
use esp_formats::otadata::{OtaState, SelectEntry};
use esp_formats::sealed_image::{Header, KeyMaterial};

use crate::Seeds;

/// Images, tables, `otadata`, settings, the node's records.
pub(crate) fn seeds() -> Seeds {
    let image = image();
    let mut bare = image.clone();
    bare.truncate(bare.len() - 32);
    *bare.get_mut(23).unwrap() = 0;
    let table = unpadded(&table());
    // The MD5 row is the last one but for that of 0xFF.
    let mut without_md5 = table.clone();
    without_md5.truncate(table.len() - 32);
    without_md5.extend([0xFF; 32]);

    let entry = |seq, state| SelectEntry::new(seq, state).encode().to_vec();
    let active: Vec<u8> = [1, 2, 2, 0]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    vec![
        ("app_image", "composed", image.clone()),
        ("app_image", "no_digest", bare.clone()),
        ("release_image", "composed", image),
        ("release_image", "no_digest", bare),
        (
            "partition_table",
            "md5",
            [table.clone(), vec![0xFF; 32]].concat(),
        ),
        ("partition_table", "no_md5", without_md5.clone()),
        ("boot", "new", [active, without_md5.clone()].concat()),
        ("node_places", "ota_0", [vec![0], without_md5].concat()),
        ("node_places", "md5", [vec![1], table].concat()),
        ("signature_sector", "rsa_p256", signed(0..2432)),
        ("signature_sector", "p256", signed(1216..2432)),
        ("signature_sector", "err_cut", signed(1216..1916)),
        (
            "sealed_image",
            "rsa",
            sealed(KeyMaterial::Rsa3072(&[5; 384])),
        ),
        ("sealed_image", "ecies", sealed(ECIES)),
        ("sealed_image", "err_cut", sealed(ECIES)[..530].to_vec()),
        ("otadata", "valid", entry(1, OtaState::Valid)),
        ("otadata", "pending", entry(2, OtaState::PendingVerify)),
        ("otadata", "blank", SelectEntry::BLANK.encode().to_vec()),
        ("settings", "two_authors", unpadded(&settings())),
        (
            "node_record",
            "first",
            encode_record(1, &State::default()).to_vec(),
        ),
        ("node_record", "full", encode_record(7, &state()).to_vec()),
    ]
}

/// Bytes of a signature sector that espsecure made, with one block of RSA and one on P-256.
fn signed(bytes: std::ops::Range<usize>) -> Vec<u8> {
    let image = include_bytes!("../../../../crates/esp-formats/tests/data/ok_signed_rsa_p256.bin");
    image[4096..][bytes].to_vec()
}

/// A sealed image of 40 bytes, which no key opens.
fn sealed(key: KeyMaterial<'_>) -> Vec<u8> {
    let header = Header {
        key,
        iv: &[7; 16],
        plain_len: 40,
        tag: &[8; 16],
    };
    [&header.encode().unwrap()[..], &[9; 40]].concat()
}

const ECIES: KeyMaterial<'_> = KeyMaterial::EciesP256 {
    public_key: &[5; 64],
    salt: &[6; 32],
};

/// An app image of one kind of chip.
fn image() -> Vec<u8> {
    let composition = Composition {
        chip: ChipId::from_name("esp32c3").unwrap(),
        secure_version: 3,
        version: "1.4.0",
        project_name: "thermostat",
        time: "03:06:07",
        date: "Nov 23 2026",
        idf_version: "v5.5.1",
        payload: b"payload",
        filler_len: 16,
    };
    let mut image = vec![0; composed_len(&composition).unwrap()];
    let len = compose(&composition, &mut image, sha256).unwrap();
    image.truncate(len);
    image
}

fn table() -> Vec<u8> {
    let layout = FlashLayout::of_flash(4 << 20).unwrap();
    layout.encode_table().unwrap().to_vec()
}

fn settings() -> Vec<u8> {
    let settings = nvs::Settings {
        server: "https://ota.example:8443".to_owned(),
        product: "thermostat".to_owned(),
        device: "7cdfa1000001".to_owned(),
        authors: vec![vec![0x30; 91], vec![0x31; 40]],
        allowed_hosts: vec!["s3.example".to_owned()],
        wifi: None,
    };
    nvs::write(&settings, 0x4000).unwrap()
}

fn state() -> State {
    let image = Installed {
        slot: 1,
        digest: Digest([1; 32]),
        head: 0x0102_0304,
    };
    State {
        time: UnixTime(1_800_000_000),
        proven: UnixTime(1_790_000_000),
        counter: 41,
        confirmed: Some(image),
        pending: Some(Pending {
            offer: OfferId([2; 16]),
            counter: 42,
            image: Installed { slot: 0, ..image },
        }),
        progress: Some(Progress {
            slot: 0,
            digest: Digest([3; 32]),
            size: 1 << 20,
            written: 4096,
        }),
        barred: Some(Barred {
            digest: Digest([4; 32]),
            counter: 40,
        }),
        ended: Some(Ended {
            offer: OfferId([5; 16]),
            outcome: Outcome::Refused,
            reason: Some(Reason::WrongDigest),
            owed: true,
        }),
    }
}

/// Without the blank flash at its end.
fn unpadded(flash: &[u8]) -> Vec<u8> {
    let used = flash.iter().rposition(|byte| *byte != 0xFF);
    flash[..used.map_or(0, |last| last + 1)].to_vec()
}
