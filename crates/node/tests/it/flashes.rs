//! Flash that is not laid out as the node needs it, and a factory app.

use countersign_node::{Error, Partition};
use countersign_protocol::Outcome;
use esp_formats::partition_table as table;

use crate::{
    author::{Signer, image, manifest},
    device::{Device, End, NODE_STATE, OTADATA, SLOT, SLOTS, TABLE},
    world::World,
};

fn row(kind: u8, subtype: u8, offset: u32, size: u32, label: &str) -> table::Partition {
    let label = table::Label::new(label).unwrap();
    table::Partition {
        kind,
        subtype,
        offset,
        size,
        label,
        flags: 0,
    }
}

/// The rows of the usual table.
fn rows() -> Vec<table::Partition> {
    vec![
        row(
            table::KIND_DATA,
            table::SUBTYPE_DATA_OTA,
            OTADATA,
            0x2000,
            "otadata",
        ),
        row(0x40, 0, NODE_STATE, 0x2000, "node_state"),
        row(table::KIND_APP, 0x10, SLOTS[0], SLOT, "ota_0"),
        row(table::KIND_APP, 0x11, SLOTS[1], SLOT, "ota_1"),
    ]
}

fn device(rows: &[table::Partition]) -> Device {
    let device = Device::new(&image("1.0", 9_000), &World::new(), &Signer::new());
    let mut bytes = [0; table::LEN];
    table::encode(rows, &mut bytes).unwrap();
    device.chip.burn(TABLE, &bytes);
    device
}

#[test]
fn stops_where_a_partition_is_missing() {
    let check = |change: fn(&mut Vec<table::Partition>), missing| {
        let mut rows = rows();
        change(&mut rows);
        let end = device(&rows).node(0, 1);
        assert_eq!(end, End::Stopped(Error::MissingPartition(missing)));
    };
    check(
        |rows| rows.retain(|row| *row != self::rows()[0]),
        Partition::OtaData,
    );
    check(
        |rows| rows.retain(|row| *row != self::rows()[1]),
        Partition::NodeState,
    );
    check(|rows| rows[1].size = 0x1000, Partition::NodeState);
    // The label on otadata, or on a slot: what lies there is not to be written over.
    check(
        |rows| rows[0].label = rows.remove(1).label,
        Partition::NodeState,
    );
    check(
        |rows| rows[1].label = rows.remove(1).label,
        Partition::NodeState,
    );
    check(
        |rows| rows[2].label = rows.remove(1).label,
        Partition::NodeState,
    );
    check(
        |rows| rows[1].flags = table::FLAG_ENCRYPTED,
        Partition::NodeState,
    );
    check(
        |rows| rows.retain(|row| *row != self::rows()[2]),
        Partition::Running,
    );
    check(
        |rows| rows.retain(|row| *row != self::rows()[3]),
        Partition::SecondSlot,
    );
    check(|rows| rows[3].size = 0x100_0000, Partition::SecondSlot);
}

#[test]
fn stops_where_the_table_or_the_running_image_is_none() {
    let spoiled = device(&rows());
    spoiled.chip.burn(TABLE + 4, &[0; 8]);
    assert_eq!(
        spoiled.node(0, 1),
        End::Stopped(Error::PartitionTable { offset: TABLE })
    );
    let spoiled = device(&rows());
    spoiled.chip.burn(SLOTS[0], &[0; 64]);
    assert_eq!(spoiled.node(0, 1), End::Stopped(Error::RunningImage));
}

#[test]
fn stops_at_settings_that_would_stall_it() {
    let check = |change: fn(&mut Device), name| {
        let mut device = device(&rows());
        change(&mut device);
        assert_eq!(device.node(0, 1), End::Stopped(Error::Setting(name)));
    };
    check(|device| device.pace.range = 0, "pace.range");
    check(|device| device.pace.range = 4097, "pace.range");
    check(
        |device| device.pace.check_in_min_s = u32::MAX,
        "pace.check_in_min_s",
    );
}

#[test]
fn a_fault_of_the_nodes_own_record_stops_the_cycle_and_nothing_is_selected() {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let new = image("2.0", 9_000);
    world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    device.chip.inner().broken = Some(NODE_STATE..NODE_STATE + 0x2000);
    assert!(matches!(device.boot(1), End::Stopped(Error::Flash { .. })));
    assert_eq!(device.chip.peek(OTADATA + 0x1000, 32), [0xFF; 32]);
    device.chip.inner().broken = None;
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(device.state(1).counter, 5);
}

#[test]
fn updates_a_factory_app_into_the_first_slot() {
    let (world, author) = (World::new(), Signer::new());
    let mut device = Device::new(&image("1.0", 9_000), &world, &author);
    let factory = row(
        table::KIND_APP,
        table::SUBTYPE_APP_FACTORY,
        SLOTS[1],
        SLOT,
        "factory",
    );
    let rows = [rows()[0], rows()[1], rows()[2], factory];
    let mut bytes = [0; table::LEN];
    table::encode(&rows, &mut bytes).unwrap();
    device.chip.burn(TABLE, &bytes);
    device.chip.burn(SLOTS[1], &image("1.0", 9_000));
    device.chip.burn(OTADATA, &[0xFF; 32]);
    device.factory = true;
    let new = image("2.0", 9_000);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);

    assert_eq!(device.node(0, 1), End::Reboot);
    assert_eq!(world.inner().seen[0].slot, 255);
    assert_eq!(device.slot(0, new.len()), new);
    device.factory = false;
    assert_eq!(
        device.node(0, 1),
        End::Stopped(Error::MissingPartition(Partition::SecondSlot))
    );
    assert!(
        world
            .inner()
            .reports
            .iter()
            .all(|report| *report != (id, Outcome::Confirmed, None))
    );
}
