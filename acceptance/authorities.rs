//! CAs that are not ours and vouch for devices: over TLS, by curl and openssl.

mod import;
mod other;
mod register;
mod table;
mod version1;

use std::fs;

use rcgen::{CertificateParams, KeyPair, SanType, date_time_ymd};
use serde_json::Value;

use self::other::Other;
use crate::harness::{DEVICE, House, Image, Live, ask, image, need, times_refused, wait_until};

/// A house with the products `demo` and `theirs`.
fn house() -> House {
    let house = House::new();
    let path = house.state().join("countersign.toml");
    let mut text = fs::read_to_string(&path).unwrap();
    let of_demo = text.split("[product.demo]").nth(1).unwrap().to_owned();
    text.extend(["\n[product.theirs]", &of_demo]);
    fs::write(&path, text).unwrap();
    house
}

/// Enrolls the device of ours, of the product `demo`, in the folder `device`.
fn enroll(house: &House) {
    let out = house.text("device");
    house.ok(&[
        "device",
        "enroll",
        DEVICE,
        "--out",
        &out,
        "--product",
        "demo",
    ]);
}

/// Publishes an image for a product.
fn publish(house: &House, product: &str, image: &Image) {
    let path = house.text(&format!("{product}.bin"));
    fs::write(&path, &image.bytes).unwrap();
    let key = house.text("author.key");
    house.ok(&[
        "release",
        "sign",
        "--key",
        &key,
        "--product",
        product,
        "--counter",
        "1",
        &path,
    ]);
    house.ok(&["release", "publish", &path]);
}

/// What a poll of the device of `folder` comes to, in each version of TLS: its status, and an error's code.
fn poll(house: &House, folder: &str, url: &str) -> Vec<(u16, String)> {
    let of = |version: &[&str]| {
        let answer = ask(&house.path(folder), &[version, &[url]].concat()).unwrap();
        let code = if answer.status == 403 {
            answer.code()
        } else {
            String::new()
        };
        (answer.status, code)
    };
    VERSIONS.map(of).to_vec()
}

fn came_in() -> Vec<(u16, String)> {
    vec![(302, String::new()); 2]
}

fn refused(code: &str) -> Vec<(u16, String)> {
    vec![(403, code.to_owned()); 2]
}

/// The ids of all devices.
fn devices(house: &House) -> Vec<String> {
    let all = house.json(&["device", "list"]);
    let ids = all.as_array().unwrap().iter();
    ids.map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Why a device was refused: each code, and whether it proved to be the device.
fn kept(house: &House, id: &str) -> Vec<(String, bool)> {
    let shown = house.json(&["device", "show", id]);
    let all = shown["refusals"].as_array().cloned().unwrap_or_default();
    let kind = |one: &Value| {
        let code = one["reason"].as_str().unwrap().to_owned();
        (code, one["proved"].as_bool().unwrap())
    };
    all.iter().map(kind).collect()
}

#[test]
fn under_another_s_ca_our_device_s_name_is_another_device() {
    if !need("authorities_names", "curl", "apt-get install curl") {
        return;
    }
    let (house, b) = (house(), Other::root("B"));
    let server = house.serve();
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    enroll(&house);
    let images = [("demo", image("1.1.0")), ("theirs", image("2.2.0"))];
    for (product, image) in &images {
        publish(&house, product, image);
    }
    b.device(DEVICE).install(&house, "namesake");
    b.device(DEVICE).install(&house, "second");
    let ours = fs::read_to_string(house.path("device").join("device.key")).unwrap();
    let ours = KeyPair::from_pem(&ours).unwrap();
    b.device_with("twin", &ours, |_| {}).install(&house, "twin");
    b.device_with(DEVICE, &ours, |_| {}).install(&house, "mask");
    b.sub("B 7").device("below").install(&house, "below");
    let all = ["namesake", "second", "twin", "mask", "below"];
    // Nobody's, as long as B is not registered.
    for folder in all {
        ask(&house.path(folder), &[&url]).unwrap_err();
    }
    assert!(wait_until(|| times_refused(&house, "unknown-issuer") == 5));

    b.register(&house, "new", &[]);
    assert_eq!(poll(&house, "namesake", &url), came_in());
    // The key of ours makes it no device of ours, and in a name that is known by another key nobody at all.
    assert_eq!(poll(&house, "twin", &url), came_in());
    assert_eq!(poll(&house, "below", &url), came_in());
    for folder in ["second", "mask"] {
        assert_eq!(poll(&house, folder, &url), refused("other-key"));
    }
    assert_eq!(poll(&house, "device", &url), came_in());
    let namesake = format!("b/{DEVICE}");
    assert_eq!(devices(&house), [DEVICE, &namesake, "b/below", "b/twin"]);
    // Why they were refused is with the device that they named, which is not ours.
    let other_key = ("other-key".to_owned(), false);
    assert!(kept(&house, &namesake).contains(&other_key));
    assert!(!kept(&house, DEVICE).contains(&other_key));
    // Each is offered what its own product has.
    for (folder, (_, image)) in ["device", "namesake"].into_iter().zip(&images) {
        let location = ask(&house.path(folder), &[&url]).unwrap().location();
        let got = ask(&house.path(folder), &[&location]).unwrap();
        assert_eq!(got.status, 200);
        assert!(got.body == image.bytes, "{folder}");
        let other = if folder == "device" {
            "namesake"
        } else {
            "device"
        };
        let stolen = ask(&house.path(other), &[&location]).unwrap();
        assert_eq!((stolen.status, &*stolen.code()), (403, "bad-url-signature"));
    }
    let told = house.ok(&["device", "show", &namesake]);
    assert!(told.contains("its key"), "{told}");
    assert!(
        told.contains("the device is known by another key"),
        "{told}"
    );
}

#[test]
fn what_is_changed_of_an_authority_counts_from_the_next_request_on() {
    if !need(
        "authorities_withdrawn",
        "openssl",
        "apt-get install openssl",
    ) || !need("authorities_withdrawn", "curl", "apt-get install curl")
    {
        return;
    }
    let (house, b) = (house(), Other::root("B"));
    let server = house.serve();
    publish(&house, "theirs", &image("2.2.0"));
    b.register(&house, "new", &[]);
    b.device("board-7").install(&house, "board");
    b.device("board-8").install(&house, "late");
    let folder = house.path("board");
    let mut live = ["-tls1_2", "-tls1_3"].map(|version| Live::connect(&server, &folder, version));
    for connection in &mut live {
        assert_eq!(connection.poll().0, "302");
    }
    house.ok(&["ca", "set", "b", "--vouches-for", "nobody"]);
    for connection in &mut live {
        let (status, body) = connection.poll();
        assert_eq!(status, "403");
        assert!(body.contains("authority-withdrawn"), "{body}");
    }
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    assert_eq!(poll(&house, "board", &url), refused("authority-withdrawn"));
    assert_eq!(
        kept(&house, "b/board-7"),
        [("authority-withdrawn".to_owned(), true)]
    );
    let told = house.ok(&["device", "show", "b/board-7"]);
    assert!(told.contains("let its authority vouch again"), "{told}");

    house.ok(&["ca", "set", "b", "--vouches-for", "known"]);
    assert_eq!(poll(&house, "board", &url), came_in());
    assert_eq!(poll(&house, "late", &url), refused("not-yet-known"));
    house.ok(&[
        "ca",
        "set",
        "b",
        "--vouches-for",
        "new",
        "--new-until",
        "2026-01-01T00:00:00Z",
    ]);
    assert_eq!(poll(&house, "late", &url), refused("not-yet-known"));
    house.ok(&["ca", "set", "b", "--new-until", "never"]);
    assert_eq!(poll(&house, "late", &url), came_in());
    // A device of B's is revoked as any other is.
    house.ok(&["device", "revoke", "b/board-7"]);
    ask(&folder, &[&url]).unwrap_err();
    b.device("board-7").install(&house, "again");
    assert_eq!(poll(&house, "again", &url), refused("device-revoked"));
    let told = house.ok(&["ca", "list"]);
    assert!(told.contains("CN=B") && told.contains("theirs"), "{told}");
    server.stop();
    // And all of it outlasts the server.
    let server = house.serve();
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    assert_eq!(poll(&house, "late", &url), came_in());
    assert_eq!(poll(&house, "again", &url), refused("device-revoked"));
}

#[test]
fn a_ca_that_has_ended_vouches_for_known_devices_where_it_may_and_for_no_new_one() {
    if !need("authorities_ended", "curl", "apt-get install curl") {
        return;
    }
    let (house, b) = (house(), Other::until("B", 2026));
    let server = house.serve();
    publish(&house, "theirs", &image("2.2.0"));
    let file = b.write(&house, "b.pem");
    let told = house.fails(&[
        "ca",
        "register",
        "b",
        "--certificate",
        &file,
        "--product",
        "theirs",
        "--vouches-for",
        "new",
    ]);
    assert!(told.contains("ended at 2026-01-01T00:00:00Z"), "{told}");
    b.register(&house, "known", &["--known-after-end"]);
    let mut known = b.device("known");
    fs::write(house.path("known.pem"), &known.chain).unwrap();
    house.ok(&[
        "device",
        "import",
        &house.text("known.pem"),
        "--authority",
        "b",
    ]);
    // That it sends the CA's certificate too, which has ended, makes no difference.
    known.install(&house, "known");
    known.chain += &b.pem;
    known.install(&house, "known-and-root");
    b.device("new").install(&house, "new");
    b.device("known").install(&house, "other");
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    for folder in ["known", "known-and-root", "known"] {
        assert_eq!(poll(&house, folder, &url), came_in());
    }
    assert_eq!(poll(&house, "new", &url), refused("authority-ended"));
    assert_eq!(poll(&house, "other", &url), refused("other-key"));
    house.ok(&["ca", "set", "b", "--known-after-end", "false"]);
    assert_eq!(poll(&house, "known", &url), refused("authority-ended"));
    let told = house.fails(&["ca", "set", "b", "--vouches-for", "new"]);
    assert!(told.contains("ended at"), "{told}");
    assert_eq!(devices(&house), ["b/known"]);
}

#[test]
fn a_certificate_without_the_one_name_is_nobody_s_and_the_reason_is_told() {
    if !need("authorities_names_odd", "curl", "apt-get install curl") {
        return;
    }
    let (house, b) = (house(), Other::root("B"));
    let server = house.serve();
    b.register(&house, "new", &[]);
    enroll(&house);
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    let uris = |uris: &[&str]| {
        let uri = |uri: &&str| SanType::URI((*uri).try_into().unwrap());
        let names: Vec<SanType> = uris.iter().map(uri).collect();
        move |params: &mut CertificateParams| params.subject_alt_names = names
    };
    let nothing = |_: &mut CertificateParams| {};
    let key = || KeyPair::generate().unwrap();
    let named = |name: &str| b.device_with(name, &key(), nothing);
    let long = "d".repeat(65);
    let cases = [
        (
            "cn",
            named(&format!("{DEVICE}\0.x")),
            "has not one common name",
        ),
        (
            "cn",
            named(&format!("{DEVICE}\n")),
            "has not one common name",
        ),
        (
            "cn",
            named(&format!("../{DEVICE}")),
            "no name that a device may have",
        ),
        (
            "cn",
            named(&format!("b/{DEVICE}")),
            "no name that a device may have",
        ),
        ("cn", named(&long), "of 65 characters"),
        (
            "uri",
            b.device_with(DEVICE, &key(), uris(&["urn:a", "urn:b"])),
            "it has 2 URIs",
        ),
        ("uri", named(DEVICE), "it has no URI"),
        ("dns", named(DEVICE), "it has no DNS name"),
    ];
    for (n, (names, leaf, reason)) in cases.into_iter().enumerate() {
        house.ok(&["ca", "set", "b", "--names", names]);
        let folder = format!("odd-{n}");
        leaf.install(&house, &folder);
        assert_eq!(poll(&house, &folder, &url), refused("wrong-name"));
        let newest = &house.operator("/v1/refusals")[0];
        assert_eq!(newest["reason"], "wrong-name");
        let text = newest["reason_text"].as_str().unwrap();
        assert!(text.contains(reason), "{text}");
        assert!(!text.contains(['\0', '\n']), "{text:?}");
    }
    // None of it is laid to our device.
    assert_eq!(kept(&house, DEVICE), []);
    assert_eq!(devices(&house), [DEVICE]);
    b.device_with(DEVICE, &key(), uris(&["urn:dev:mac:7cdfa1ffff000001"]))
        .install(&house, "good");
    house.ok(&["ca", "set", "b", "--names", "uri"]);
    ask(&house.path("good"), &[&url]).unwrap();
    assert_eq!(devices(&house), [DEVICE, "b/urn:dev:mac:7cdfa1ffff000001"]);
}

#[test]
fn what_fails_in_the_handshake_is_laid_to_nobody_s_namesake() {
    if !need("authorities_handshake", "curl", "apt-get install curl") {
        return;
    }
    let (house, b) = (house(), Other::root("B"));
    let server = house.serve();
    b.register(&house, "new", &[]);
    enroll(&house);
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    let key = KeyPair::generate().unwrap();
    b.device_with(DEVICE, &key, |_| {}).install(&house, "good");
    ask(&house.path("good"), &[&url]).unwrap();
    // Its old certificates, which were never shown here: one by B, one by a CA below.
    let ended = |params: &mut CertificateParams| params.not_after = date_time_ymd(2025, 1, 1);
    b.device_with(DEVICE, &key, ended).install(&house, "ended");
    let below = b.sub("B 7");
    below
        .device_with(DEVICE, &key, ended)
        .install(&house, "below");
    for folder in ["ended", "below"] {
        ask(&house.path(folder), &[&url]).unwrap_err();
    }
    assert!(wait_until(
        || times_refused(&house, "certificate-ended") == 2
    ));
    let namesake = format!("b/{DEVICE}");
    assert_eq!(
        kept(&house, &namesake),
        [("certificate-ended".to_owned(), false)]
    );
    assert_eq!(kept(&house, DEVICE), []);
    let newest = &house.operator("/v1/refusals")[0];
    assert_eq!(newest["claimed"], Value::from(namesake));
}

/// The options of curl for TLS 1.2 alone and for 1.3 alone.
const VERSIONS: [&[&str]; 2] = [&["--tls-max", "1.2"], &["--tlsv1.3"]];
