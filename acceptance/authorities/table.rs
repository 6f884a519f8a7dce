//! What an authority's word is worth, as the docs say it.

use countersign_fleet::{
    DeviceState, Known, NameMapping, Question, RegisteredAuthority, Unvouched, Verdict, VouchesFor,
    vouch,
};
use countersign_protocol::{Digest, UnixTime};

use crate::harness::Table;

const NOW: UnixTime = UnixTime(1000);

/// What an authority of this kind says of each device.
fn row(authority: &RegisteredAuthority, ends: UnixTime) -> [&'static str; 5] {
    let known = |state, same_key| Some(Known { state, same_key });
    let devices = [
        None,
        known(DeviceState::Active, true),
        known(DeviceState::Active, false),
        known(DeviceState::Suspended, true),
        known(DeviceState::Revoked, true),
    ];
    devices.map(|device| {
        let question = Question {
            authority,
            authority_ends: ends,
            now: NOW,
            device,
        };
        match vouch(&question) {
            Verdict::Admit => "comes in",
            Verdict::BringIn(_) => "comes in, and is known by its key",
            Verdict::Refuse(why) => code(why),
        }
    })
}

/// The codes by which a device is refused. A new one does not compile until it is here.
const fn code(why: Unvouched) -> &'static str {
    match why {
        Unvouched::Revoked => "`device-revoked`",
        Unvouched::Retired => "`device-retired`",
        Unvouched::Suspended => "`device-suspended`",
        Unvouched::Withdrawn => "`authority-withdrawn`",
        Unvouched::Ended => "`authority-ended`",
        Unvouched::OtherKey => "`other-key`",
        Unvouched::NotYetKnown => "`not-yet-known`",
    }
}

#[test]
fn vouching_table() {
    let mut table = Table::new(&[
        "vouches for",
        "its own certificate",
        "a new device",
        "a known one, by its key",
        "by another key",
        "a suspended one",
        "a revoked one",
    ]);
    for (vouches_for, new_until, name) in [
        (VouchesFor::New, None, "`new`"),
        (
            VouchesFor::New,
            Some(UnixTime(999)),
            "`new`, until yesterday",
        ),
        (VouchesFor::Known, None, "`known`"),
        (VouchesFor::Nobody, None, "`nobody`"),
    ] {
        for (ends, known_after_end, of_it) in [
            (UnixTime(1000), false, "good"),
            (UnixTime(999), false, "ended"),
            (UnixTime(999), true, "ended, known after end"),
        ] {
            let authority = RegisteredAuthority {
                name: "b".parse().unwrap(),
                der: Vec::new(),
                key: Digest([0; 32]),
                mapping: NameMapping::CommonName,
                product: Some("theirs".parse().unwrap()),
                vouches_for,
                new_until,
                known_after_end,
                registered_at: UnixTime(0),
            };
            let [new, known, other, suspended, revoked] = row(&authority, ends);
            table.row([name, of_it, new, known, other, suspended, revoked]);
        }
    }
    table.print("What a registered authority's word is worth");
    table.stands_in("authorities.md", "vouching");
}
