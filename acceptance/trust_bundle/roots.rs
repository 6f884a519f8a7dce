//! The list of roots.

use std::fs;

use countersign_roots::mozilla;
use countersign_x509::pem;

use super::ground::{Ca, write};
use crate::harness::House;

#[test]
fn another_list_is_kept_and_counts_until_it_is_forgotten() {
    let house = House::empty();
    let before = house.json(&["trust", "roots"]);
    assert!(
        before["source"]
            .as_str()
            .unwrap()
            .starts_with("webpki-root-certs")
    );
    assert!(before["roots"].as_array().unwrap().len() > 200);
    let own = Ca::new("Brand New Root");
    let roots: Vec<_> = mozilla()
        .take(60)
        .map(|root| root.certificate().clone())
        .collect();
    let list = write(&house, "list.pem", pem::to_pem(&roots) + &own.root);
    let update = ["trust", "roots", "update", "--from", &list];
    assert!(house.fails(&update).contains("countersign init"));
    fs::create_dir(house.state()).unwrap();
    house.ok(&update);
    let now = house.json(&["trust", "roots"]);
    assert!(
        now["source"]
            .as_str()
            .unwrap()
            .starts_with("the list taken on ")
    );
    let current = |said: &serde_json::Value| {
        let roots = said["roots"].as_array().unwrap().iter();
        roots.filter(|root| root["mozilla"] == true).count()
    };
    assert_eq!(current(&now), 61);
    // It is chosen from.
    let chain = write(&house, "chain.pem", own.server("a.example", &[]).chain);
    let out = house.text("out");
    let bundle = [
        "trust", "bundle", "--chain", &chain, "--idf", "v5.5", "--out", &out,
    ];
    assert!(house.ok(&bundle).contains("Brand New Root"));
    // What does not fit its digest is not believed.
    fs::write(house.state().join("trust/roots.list"), pem::to_pem(&roots)).unwrap();
    assert!(
        house
            .fails(&["trust", "roots"])
            .contains("trust roots update")
    );
    house.ok(&["trust", "roots", "update", "--forget"]);
    assert_eq!(house.json(&["trust", "roots"]), before);
}

#[test]
fn what_is_no_list_of_mozillas_is_not_kept() {
    let house = House::empty();
    fs::create_dir(house.state()).unwrap();
    let few = write(&house, "few.pem", Ca::new("Root").root);
    let none = write(&house, "none.csv", "Owner,Name\nx,y\n");
    for (from, part) in [
        (few.as_str(), "has 1 roots"),
        (&none, "PEM Info"),
        ("https://example.com/list", "curl"),
        ("missing.pem", "cannot be read"),
    ] {
        let stderr = house.fails(&["trust", "roots", "update", "--from", from]);
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(!house.state().join("trust").exists());
}
