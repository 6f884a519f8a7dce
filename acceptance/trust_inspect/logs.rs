//! What a device's log says of a refusal, and what the program says that it says.

use std::fs;

use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use serde_json::Value;

use super::trust;
use crate::harness::{
    House,
    ca::{Ca, pems},
};

/// The row of the user's own roots, for a chain in a file.
fn own(house: &House, chain: &str, more: &[&str]) -> Value {
    fs::write(house.path("chain.pem"), chain).unwrap();
    let (file, roots) = (house.text("chain.pem"), house.text("root.pem"));
    let args = [
        "inspect", "--json", "--roots", &roots, "--host", "ota.test", &file,
    ];
    let report = trust(house, &[&args[..], more].concat()).json();
    let rows = report["targets"][0]["chains"][0]["devices"]["rows"].clone();
    let rows = rows.as_array().unwrap().iter();
    let mut own = rows.filter(|row| row["bundle"] == "own");
    own.next().unwrap().clone()
}

fn lines(row: &Value) -> Vec<(&str, &str)> {
    let log = row["log"].as_array().unwrap().iter();
    log.map(|line| {
        (
            line["line"].as_str().unwrap(),
            line["releases"].as_str().unwrap(),
        )
    })
    .collect()
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_devices_log() {
    let house = House::empty();
    let (root, stranger) = (Ca::root("a root"), Ca::root("a stranger"));
    fs::write(house.path("root.pem"), &root.pem).unwrap();

    // Nobody vouches: the line that people ask about, and the code behind it.
    let row = own(
        &house,
        &stranger.leaf(&["ota.test"]).pem,
        &["--idf", "v5.3.5,v5.5"],
    );
    let bundle = "esp-x509-crt-bundle: Failed to verify certificate";
    let handshake =
        |code: &str| format!("esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x{code}");
    let peer = "esp-tls-mbedtls: Failed to verify peer certificate!";
    assert_eq!(
        lines(&row),
        [
            (
                "esp-x509-crt-bundle: No matching trusted root certificate found",
                "v5.5"
            ),
            (bundle, "v5.3.5 v5.5"),
            (&handshake("3000"), "v5.3.5 v5.5"),
            (peer, "v5.3.5 v5.5"),
        ]
    );
    // Somebody of the root's name signed it.
    let impostor = Ca::root("a root").leaf(&["ota.test"]).pem;
    let row = own(&house, &impostor, &["--idf", "v5.5"]);
    let matched = "esp-x509-crt-bundle: Certificate matched but signature verification failed";
    assert_eq!(lines(&row)[0].0, matched);
    // The root was sent, and is a stranger's: nothing is missing but trust.
    let with_root = stranger.leaf(&["ota.test"]).pem + &stranger.pem;
    let row = own(&house, &with_root, &["--idf", "v5.5"]);
    let why = row["why"].as_str().unwrap();
    assert!(
        why.starts_with("certificate 1 is `CN=a stranger`, which vouches for itself"),
        "{why}"
    );
    // Another name: the bundle has nothing to say.
    let row = own(&house, &root.leaf(&["b.test"]).pem, &["--idf", "v4.2,v5.5"]);
    assert_eq!(
        lines(&row),
        [(handshake("2700").as_str(), "v4.2 v5.5"), (peer, "v5.5")]
    );
    // The bundle is not asked about what is wrong otherwise, so that nobody vouches for it, either.
    assert_eq!(
        row["flags"],
        serde_json::json!(["CN_MISMATCH", "NOT_TRUSTED"])
    );
    // For clients: the code has letters, which older releases write small.
    let client = root.leaf_with(&["ota.test"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let row = own(&house, &client.pem, &["--idf", "v4.3,v5.1"]);
    assert_eq!(
        lines(&row),
        [
            (handshake("7a00").as_str(), "v4.3"),
            (&handshake("7A00"), "v5.1")
        ]
    );
    // Who is accepted says nothing.
    let row = own(&house, &root.leaf(&["ota.test"]).pem, &["--idf", "v5.5"]);
    assert_eq!((lines(&row).len(), &row["accepted"]), (0, &true.into()));

    // In text, each line can be copied whole.
    let file = house.path("stranger.pem");
    fs::write(&file, stranger.leaf(&["ota.test"]).pem).unwrap();
    let args = ["inspect", file.to_str().unwrap(), "--idf", "v5.3.5,v5.5"];
    let said = trust(&house, &args).stdout;
    for line in [
        " log esp-x509-crt-bundle: No matching trusted root certificate found  (v5.5)\n".to_owned(),
        format!("     {bundle}\n"),
        format!("     {}\n", handshake("3000")),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
}

#[test]
fn a_refusal_about_dates_says_both() {
    let house = House::empty();
    let root = Ca::root("a root");
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let leaf = root.leaf_with(&["ota.test"], |params| {
        params.not_before = date_time_ymd(2026, 3, 1);
        params.not_after = date_time_ymd(2026, 6, 1);
    });
    let chain = pems(&[leaf.der]);
    for (clock, why, flag) in [
        (
            "2026-11-23T08:00:00Z",
            "certificate 0 expired on 2026-06-01, and the device's clock says 2026-11-23: renew it",
            "EXPIRED",
        ),
        (
            "2026-06-01T08:00:00Z",
            "certificate 0 expired on 2026-06-01T00:00:00Z, and the device's clock says 2026-06-01T08:00:00Z: renew it",
            "EXPIRED",
        ),
        (
            "1970-01-02T00:00:00Z",
            "certificate 0 is not valid before 2026-03-01, and the device's clock says 1970-01-02: set the clock, unless it is right",
            "FUTURE",
        ),
    ] {
        let row = own(&house, &chain, &["--idf", "v5.5", "--clock", clock]);
        assert_eq!(row["why"].as_str(), Some(why));
        assert!(
            row["flags"].as_array().unwrap().contains(&flag.into()),
            "{row}"
        );
    }
}
