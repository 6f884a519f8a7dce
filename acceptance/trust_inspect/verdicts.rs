//! What differs between releases, chain by chain, as the program says it.

use std::fs;

use rcgen::date_time_ymd;

use super::trust;
use crate::harness::{
    House, Table,
    ca::{Ca, named, pems},
};

/// What it is called, what is sent, what the device calls the server, more arguments.
type Case<'a> = (&'a str, Vec<Vec<u8>>, &'a str, &'a [&'a str]);

#[test]
fn releases_differ_where_their_rules_do_table() {
    let house = House::empty();
    let (root, older) = (Ca::root("a root"), Ca::root("an older root"));
    let issuing = Ca::root("an issuing CA");
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let leaf = issuing.leaf(&["ota.test", "192.0.2.7"]);
    let (own, middle, cross) = (leaf.der, issuing.under(&root), root.under(&older));
    let bare = root.leaf_with(&[], |params| {
        params.distinguished_name = named("ota.test");
    });
    let ended = root.leaf_with(&["ota.test"], |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let plain = vec![own.clone(), middle.clone()];
    let clock = ["--clock", "2026-11-23T00:00:00Z"];
    let cases: [Case<'_>; 8] = [
        ("plain", plain.clone(), "ota.test", &[]),
        ("plain, called by its address", plain, "192.0.2.7", &[]),
        (
            "with a surplus cross-certificate",
            vec![own.clone(), middle.clone(), cross.clone()],
            "ota.test",
            &[],
        ),
        (
            "the same, on devices that look at dates",
            vec![own.clone(), middle.clone(), cross],
            "ota.test",
            &clock,
        ),
        (
            "with its root",
            vec![own.clone(), middle, root.der.clone()],
            "ota.test",
            &[],
        ),
        ("without its intermediate", vec![own], "ota.test", &[]),
        ("a common name only", vec![bare.der], "ota.test", &[]),
        (
            "ended, on devices that look at dates",
            vec![ended.der],
            "ota.test",
            &clock,
        ),
    ];
    let mut table = Table::new(&["chain", "releases", "verdict", "mend"]);
    for (name, chain, host, more) in cases {
        let file = house.text("chain.pem");
        fs::write(&file, pems(&chain)).unwrap();
        let root = house.text("root.pem");
        let args = ["inspect", "--json", "--roots", &root, "--host", host, &file];
        let report = trust(&house, &[&args[..], more].concat()).json();
        let rows = report["targets"][0]["chains"][0]["devices"]["rows"].clone();
        for row in rows.as_array().unwrap() {
            if row["bundle"] != "own" {
                continue;
            }
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let verdict = if row["accepted"] == true {
                format!("accept, by {}", text("why"))
            } else {
                format!("refuse: {}", text("why"))
            };
            let mends: Vec<&str> = row["mends"]
                .as_array()
                .unwrap()
                .iter()
                .map(|mend| mend.as_str().unwrap())
                .collect();
            table.row([name, &text("releases"), &verdict, &mends.join("; or ")]);
        }
    }
    table.print("what releases make of a chain, with its root as their bundle");
    table.stands_in("trust.md", "verdicts");
}
