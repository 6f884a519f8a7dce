//! What a device reads of what the factory wrote.

use countersign_node::provisioned::{NVS, Provisioned, TRUST_STORES, Unfit, stores};
use countersign_provision::nvs::{self, Settings};
use countersign_virtual_node::{Ended, Event, Options};
use esp_formats::bundle::Format;

use crate::authority::Authority;
use crate::device::{Factory, image};
use crate::device_plane::DevicePlane;
use crate::tls::{Tls, scenarios};

scenarios! {
    a_device_without_a_place_for_stores_anchors_is_updated,
}

fn settings() -> Settings {
    Settings {
        server: "https://ota.example.com:8443/".to_owned(),
        product: "thermostat".to_owned(),
        device: "device-1".to_owned(),
        authors: (0..3).map(|number| vec![number; 91]).collect(),
        allowed_hosts: vec!["a.example".to_owned(), "b.example".to_owned()],
        wifi: None,
    }
}

#[test]
fn a_device_reads_what_the_factory_wrote() {
    let partition = nvs::write(&settings(), 0x4000).unwrap();
    let read = Provisioned::read(&partition).unwrap();
    assert_eq!(
        (read.server_host, read.server_port),
        ("ota.example.com", 8443)
    );
    assert_eq!((read.product, read.device), ("thermostat", "device-1"));
    assert!(read.authors().eq([[0; 91], [1; 91], [2; 91]]));
    assert_eq!(read.stores(), ["a.example", "b.example"]);
}

#[test]
fn a_device_says_what_is_wrong_with_its_settings() {
    let read = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        let partition = nvs::write(&settings, 0x4000).unwrap();
        Provisioned::read(&partition).map(|_| ()).unwrap_err()
    };
    let long = read(|settings| settings.authors.push(vec![1; 294]));
    assert!(matches!(
        long,
        Unfit::Damaged {
            what: "author3",
            ..
        }
    ));
    let address = read(|settings| "https://someone@ota.example".clone_into(&mut settings.server));
    assert_eq!(address, Unfit::Server);

    let blank = Provisioned::read(&[0xFF; 0x4000]);
    assert!(matches!(blank, Err(Unfit::Damaged { what: NVS, .. })));
    // Nothing that is left of a partition is more than was there.
    let whole = nvs::write(&settings(), 0x4000).unwrap();
    for len in (0..whole.len()).step_by(97) {
        if let Ok(read) = Provisioned::read(&whole[..len]) {
            assert_eq!(read.product, "thermostat");
        }
    }
    for at in 0..0x400 {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        if let Ok(read) = Provisioned::read(&damaged) {
            assert_eq!(read.server_host, "ota.example.com");
        }
    }
}

#[test]
fn nobody_vouches_for_stores_where_the_partition_is_blank() {
    assert!(stores(&[0xFF; 0x4000]).unwrap().is_none());
    assert!(stores(&[]).unwrap().is_none());
    let mut partition = Authority::new("stores").bundle(Format::Offsets);
    partition.resize(0x4000, 0xFF);
    assert_eq!(
        stores(&partition).unwrap().map(|bundle| bundle.len()),
        Some(1)
    );
    partition[0] = 0;
    assert!(matches!(
        stores(&partition),
        Err(Unfit::Damaged {
            what: TRUST_STORES,
            ..
        })
    ));
}

/// As those that were flashed before there was one.
async fn a_device_without_a_place_for_stores_anchors_is_updated(tls: &impl Tls) {
    let factory = Factory::new();
    let plane = DevicePlane::start(&factory).await;
    let (old, new) = (image("1.0.0", b""), image("1.1.0", b""));
    let options: Options = factory.device("dev", plane.port, &old);
    without(&options, TRUST_STORES);
    let manifest = factory.author.sign(&new, "1.1.0", 1);
    plane.memory.lock().unwrap().release = Some((manifest, new));
    let mut events: Vec<Event> = Vec::new();
    let ended: Ended = tls.run(options, |event| events.push(event)).await.unwrap();
    assert_eq!(ended.version, "1.1.0", "{events:?}");
}

/// Takes a partition out of a device's table.
fn without(options: &Options, label: &str) {
    use esp_formats::partition_table::{self, PartitionTable};

    let mut flash = std::fs::read(&options.flash).unwrap();
    let at = usize::try_from(partition_table::OFFSET).unwrap();
    let place = at..at + partition_table::LEN;
    let table = PartitionTable::parse(&flash[place.clone()]).unwrap();
    let mut rest: Vec<_> = table.iter().collect();
    rest.retain(|partition| partition.label.as_str() != label);
    let mut bytes = [0xFF; partition_table::LEN];
    partition_table::encode(&rest, &mut bytes).unwrap();
    flash[place].copy_from_slice(&bytes);
    std::fs::write(&options.flash, flash).unwrap();
}
