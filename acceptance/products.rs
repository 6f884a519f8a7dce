//! What must hold for a product's releases, looked at and changed by the program: in `countersign.toml`, and in the server that
//! runs.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{House, Server, image, run};

fn settings(house: &House) -> String {
    fs::read_to_string(house.state().join("countersign.toml")).unwrap()
}

fn set(house: &House, settings: &[&str]) -> Value {
    house.json(&[&["product", "set", "demo"][..], settings].concat())
}

fn refused(house: &House, settings: &[&str]) -> String {
    house.fails(&[&["product", "set", "demo"][..], settings].concat())
}

fn signed(house: &House, version: &str, counter: u64) -> String {
    let path = house.sign(&image(version), counter);
    path.to_str().unwrap().to_owned()
}

fn sets_and_shows(house: &House, serve: impl FnOnce() -> Option<Server>) {
    let before = settings(house);
    let server = serve();
    let is_there = server.is_some();
    let shown = house.json(&["product", "show", "demo"]);
    assert_eq!(shown["unsigned_images"], true, "{shown}");
    assert_eq!(shown["newest_release"], Value::Null, "{shown}");
    let mut later = shown;
    let after = set(house, &["project=lamp", "supported_until=2031-12-31"]);
    later["project"] = json!("lamp");
    later["supported_until"] = json!("2031-12-31");
    assert_eq!(after, later);
    // Two lines more, and every other one as it was.
    let text = settings(house);
    let lines = text
        .lines()
        .filter(|line| !before.lines().any(|old| old == *line));
    let mut lines: Vec<_> = lines.collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["project = \"lamp\"", "supported_until = \"2031-12-31\""]
    );
    assert_eq!(text.lines().count(), before.lines().count() + 2);

    // It counts at once, whoever does the verb.
    let path = signed(house, "2.0.0", 1);
    let said = house.fails(&["release", "publish", &path]);
    assert!(
        said.contains("product `demo` is of project `lamp`"),
        "{said}"
    );
    assert_eq!(set(house, &["project="])["project"], Value::Null);
    house.ok(&["release", "publish", &path]);
    let shown = house.ok(&["product", "show", "demo"]);
    assert!(
        shown.contains("2.0.0: the next one has a counter above 1"),
        "{shown}"
    );
    assert!(house.ok(&["product", "list"]).contains("2031-12-31"));
    // And what was taken out is as if it had never been there.
    set(house, &["supported_until="]);
    assert_eq!(settings(house), before);
    let audit = fs::metadata(house.state().join("operator.sock")).is_ok();
    assert_eq!(audit, is_there);
    if is_there {
        let audit = house.operator("/v1/audit");
        let named = audit
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["action"] == "product.set");
        assert_eq!(named.unwrap()["detail"], "supported_until=", "{audit}");
    }
}

#[test]
fn a_product_is_changed_under_a_running_server() {
    let house = House::new();
    sets_and_shows(&house, || Some(house.serve()));
}

#[test]
fn a_product_is_changed_where_no_server_runs() {
    let house = House::new();
    sets_and_shows(&house, || None);
}

#[test]
fn a_bad_value_changes_nothing_and_says_what_would_do() {
    let house = House::new();
    let _server = house.serve();
    let before = settings(&house);
    for (settings, says) in [
        (&["supported_until=soon"][..], "write it as 2031-12-31"),
        (&["chip=esp9"], "no chip that is known here"),
        (&["project=lamp", "chip=esp9"], "no chip that is known here"),
        (
            &["colour=red"],
            "`colour` is no setting; there is authors, unsigned_images",
        ),
        (&["project"], "write it as KEY=VALUE"),
        (&["project=a", "project=b"], "is set twice"),
        (&["unsigned_images=perhaps"], "is true or false"),
        (&["authors="], "cannot be taken out"),
        (&["authors=authors/nobody.pem"], "nobody.pem cannot be read"),
        (&["secure_boot_blocks=last"], "unknown variant `last`"),
        (&["secure_boot_blocks=first"], "without `secure_boot_keys`"),
        (
            &["unsigned_images=false", "secure_boot_keys=authors/none.pem"],
            "64 hexadecimal digits",
        ),
        (&["partition_table=countersign.toml"], "no partition table"),
    ] {
        let said = refused(&house, settings);
        assert!(said.contains(says), "{says} in: {said}");
    }
    let said = house.fails(&["product", "set", "oven", "chip=esp32"]);
    assert!(
        said.contains("no product `oven`; there is `demo`"),
        "{said}"
    );
    assert!(house.fails(&["product", "show", "oven"]).contains("`oven`"));
    let said = house.fails(&["product", "show", "o v e n"]);
    assert!(!said.contains("not-found"), "{said}");
    assert_eq!(settings(&house), before);
    assert_eq!(
        house.json(&["product", "show", "demo"])["chip"],
        Value::Null
    );
    // What a person broke meanwhile is not written over.
    let path = house.state().join("countersign.toml");
    fs::write(&path, format!("{before}\n[oven")).unwrap();
    let said = refused(&house, &["chip=esp32c3"]);
    assert!(
        said.contains("is not right") || said.contains("TOML"),
        "{said}"
    );
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(settings(&house), format!("{before}\n[oven"));
}

#[test]
fn a_token_does_not_change_products() {
    let house = House::new();
    let server = house.serve();
    let token = fs::read_to_string(house.state().join("secrets/operator.token")).unwrap();
    let ask = |path: &str, more: &[&str]| {
        let header = format!("Authorization: Bearer {}", token.trim());
        let url = format!("{}{path}", server.operator);
        let mut curl = std::process::Command::new("curl");
        curl.args([
            "-sS",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            &header,
        ]);
        String::from_utf8(run(curl.args(more).arg(url)).stdout).unwrap()
    };
    assert_eq!(ask("/v1/products/demo", &[]), "200");
    let change = [
        "-H",
        "Content-Type: application/json",
        "-d",
        "{\"settings\": {\"chip\": \"esp32\"}}",
    ];
    assert_eq!(ask("/v1/products/demo/set", &change), "404");
    assert_eq!(
        house.json(&["product", "show", "demo"])["chip"],
        Value::Null
    );
}

#[test]
fn a_release_after_the_end_of_support_is_published_with_a_note() {
    let house = House::new();
    set(&house, &["supported_until=2020-02-29"]);
    let shown = house.ok(&["product", "show", "demo"]);
    assert!(shown.contains("2020-02-29, which is over"), "{shown}");
    let path = signed(&house, "2.0.0", 1);
    let output = run(&mut house.command(&["release", "publish", &path]));
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("note: support of `demo` ended on 2020-02-29"),
        "{said}"
    );
    let release = house.json(&["release", "show", "2.0.0"]);
    assert_eq!(release["after_support"], true, "{release}");
    assert_eq!(release["supported_until"], "2020-02-29", "{release}");
    let shown = house.ok(&["release", "show", "2.0.0"]);
    assert!(shown.contains("2020-02-29: published after it"), "{shown}");
    set(&house, &["supported_until=2999-12-31"]);
    let release = house.json(&["release", "show", "2.0.0"]);
    assert_eq!(release["after_support"], false, "{release}");
}

#[test]
fn neither_a_sealed_image_nor_a_plain_one_where_sealed_ones_are_demanded_is_published() {
    let house = House::new();
    let (plain, sealed) = (signed(&house, "2.0.0", 1), house.text("sealed.bin"));
    let keys = house.text("keys");
    let public = house.text("keys/rsa_pub_key.pem");
    house.ok(&["image", "seal-key", "--scheme", "rsa3072", "--out", &keys]);
    house.ok(&["image", "seal", "--key", &public, "--out", &sealed, &plain]);
    let (author, manifest) = (house.text("author.key"), house.text("2.0.0.cose"));
    let sign = [
        "release",
        "sign",
        "--product",
        "demo",
        "--key",
        &author,
        &sealed,
    ];
    let said = house.fails(&sign);
    assert!(said.contains("a sealed image"), "{said}");
    let publish = ["release", "publish", &sealed, "--manifest", &manifest];
    let said = house.fails(&publish);
    assert!(said.contains("none can be published yet"), "{said}");
    assert!(said.contains("(sealed-image)"), "{said}");

    let shown = set(&house, &["sealed=true"]);
    assert_eq!(shown["sealed"], true);
    let said = house.fails(&["release", "publish", &plain]);
    assert!(
        said.contains("demands sealed images, and this one is plain"),
        "{said}"
    );
    assert!(house.fails(&publish).contains("(sealed-image)"));
    assert_eq!(house.json(&["release", "list"]), json!([]));
    set(&house, &["sealed=false"]);
    house.ok(&["release", "publish", &plain]);
}
