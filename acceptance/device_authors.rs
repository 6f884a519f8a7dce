//! Which author set each device goes by, as the operator sees it.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{DEVICE, House, ask, image};

fn sets(house: &House) -> (Value, Value) {
    let device = house.device();
    (
        device["running"]["author_set"].clone(),
        device["newest_author_set"].clone(),
    )
}

fn line(house: &House, name: &str) -> Option<String> {
    let shown = house.ok(&["device", "show", DEVICE]);
    let line = shown.lines().find(|line| line.starts_with(name))?;
    Some(line.trim_start_matches(name).trim().to_owned())
}

#[test]
fn the_operator_sees_which_author_set_a_device_said_it_goes_by_and_how_far_behind_it_is() {
    let house = House::new();
    let server = house.serve();
    house.enroll();
    assert_eq!(line(&house, "authors"), None);
    let checks_in = || house.node("device", &image("1.0.0"), &[]);
    checks_in();
    assert_eq!(sets(&house), (json!(0), Value::Null));
    assert_eq!(line(&house, "authors").unwrap(), "the factory's keys");
    assert!(!house.ok(&["device", "list"]).contains("AUTHORS"));

    let (author, other) = (house.text("author.key"), House::new());
    let (first, second) = (house.text("1.cset"), house.text("2.cset"));
    let by = ["--key", &author, "--out"];
    house.ok(&[&["author", "init", "--product", "demo"][..], &by, &[&first]].concat());
    house.ok(&["author", "publish", &first]);
    let comes = other.state().join("authors/demo.pem");
    let comes = ["author", "add", &first, "--author", comes.to_str().unwrap()];
    house.ok(&[&comes[..], &by, &[&second]].concat());
    house.ok(&["author", "publish", &second]);
    assert_eq!(sets(&house), (json!(0), json!(2)));
    let behind = line(&house, "authors").unwrap();
    assert!(
        behind.starts_with("the factory's keys, 2 behind the newest, set 2"),
        "{behind}"
    );
    // What it has followed it says when it comes the next time.
    for (goes_by, says) in [
        (0, "the factory"),
        (1, "set 1, 1 behind"),
        (2, "set 2, the newest"),
    ] {
        checks_in();
        assert_eq!(sets(&house), (json!(goes_by), json!(2)));
        let line = line(&house, "authors").unwrap();
        assert!(line.starts_with(says), "{line}");
        let listed = house.ok(&["device", "list"]);
        assert!(listed.contains(&format!("set {goes_by} of 2")), "{listed}");
    }

    // A stock client follows nobody.
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    ask(&house.path("device"), &[&url]).unwrap();
    assert_eq!(sets(&house), (Value::Null, json!(2)));
    let stock = line(&house, "authors").unwrap();
    assert!(stock.starts_with("follows no author sets"), "{stock}");
    // A database from before, in the place of this one's.
    checks_in();
    server.stop();
    let script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('DELETE FROM author_sets'); db.commit()";
    let database = house.state().join("countersign.db");
    assert!(fs::exists(&database).unwrap());
    let mut python = std::process::Command::new("python3");
    if crate::harness::need("device_authors", "python3", "apt-get install python3") {
        crate::harness::run(python.args(["-c", script]).arg(database));
        let unknown = line(&house, "authors").unwrap();
        assert!(
            unknown.starts_with("set 2, of which nothing is known here"),
            "{unknown}"
        );
    }
}
