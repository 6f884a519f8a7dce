//! `/ota` itself.

use std::{process::Command, thread::sleep, time::Duration};

use super::{Stock, curl_is_there};
use crate::harness::{DEVICE, House, REVOKED, ask, barred, built_with, curl, image, run};

#[test]
fn a_device_is_redirected_as_stock_clients_take_it() {
    if !curl_is_there("stock_redirect") {
        return;
    }
    let stock = Stock::new();
    let answer = stock.ask(&[&stock.url("1.0.0")]);
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("content-length"), Some("0"));
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("transfer-encoding"), None);
    assert_eq!(answer.body, b"");
    let location = answer.location();
    assert!(location.starts_with("https://localhost:"), "{location}");
    let (_, path) = location.split_at("https://localhost:".len());
    let (_, path) = path.split_once('/').unwrap();
    assert!(path.len() < 459, "{}: {location}", path.len() + 1);
    // What else a team's firmware may say is passed over.
    let more = stock.ask(&[&format!("{}&v2=7&serial=a%20b", stock.url("1.0.0"))]);
    assert_eq!(more.status, 302);
}

#[test]
fn head_says_what_the_get_after_it_means() {
    if !curl_is_there("stock_head") {
        return;
    }
    let stock = Stock::new();
    let head = stock.ask(&["--head", &stock.url("1.0.0")]);
    assert_eq!(head.status, 200);
    let size = stock.newest.bytes.len().to_string();
    assert_eq!(head.header("content-length"), Some(&*size));
    assert_eq!(head.header("location"), None);
    assert_eq!(head.body, b"");
    let etag = head.header("etag").unwrap().to_owned();

    // A newer release comes in between, and is not what was spoken of.
    stock.house.publish(&image("1.2.0"), 2);
    let again = stock.ask(&["--head", &stock.url("1.0.0")]);
    assert_eq!(again.header("etag"), Some(&*etag));
    let image = stock.ask(&[&stock.location()]);
    assert_eq!(image.status, 200);
    assert_eq!(image.header("etag"), Some(&*etag));
    assert!(image.body == stock.newest.bytes, "another image");
    // Once it runs, the newer one is next.
    let next = stock.ask(&["--head", &stock.url("1.1.0")]);
    assert_eq!(next.status, 200);
    assert_ne!(next.header("etag"), Some(&*etag));
}

#[test]
fn curl_follows_to_the_image_bit_for_bit() {
    if !curl_is_there("stock_curl") {
        return;
    }
    let stock = Stock::new();
    for version in ["--tls-max=1.2", "--tlsv1.3"] {
        let out = stock.house.path("fetched.bin");
        let mut command = Command::new("curl");
        command.args(curl(&stock.house.path("device")));
        command
            .args(version.split('='))
            .args(["--fail", "-L", "-o"]);
        let output = run(command.arg(&out).arg(stock.url("1.0.0")));
        assert!(
            output.status.success(),
            "{version}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let fetched = std::fs::read(&out).unwrap();
        assert!(fetched == stock.newest.bytes, "{version}: another image");
    }
}

#[test]
fn a_poll_with_the_offered_version_is_its_confirmation() {
    if !curl_is_there("stock_confirmation") {
        return;
    }
    let stock = Stock::new();
    stock.location();
    let state = |state: &str| [("1.1.0".to_owned(), state.to_owned())];
    assert_eq!(stock.house.offers(), state("open"));
    // Asking again with the old version is one more try, not an end, and not a second offer.
    stock.location();
    assert_eq!(stock.house.offers(), state("open"));
    stock.ask(&[&stock.url("1.1.0")]);
    assert_eq!(stock.house.offers(), state("confirmed"));
    // What devices said last is written in batches.
    let running = || stock.house.json(&["device", "list"])[0]["running"]["version"].clone();
    let said = (0..50).any(|_| {
        sleep(Duration::from_millis(200));
        running() == "1.1.0"
    });
    assert!(said, "{}", running());
}

#[test]
fn nothing_new_is_said_as_each_esp_idf_release_understands_it() {
    if !curl_is_there("stock_nothing_new") {
        return;
    }
    let house = House::new();
    let server = house.serve();
    house.enroll();
    let url = |version: &str| format!("{}/ota?v={version}", server.device_url);
    let device = house.path("device");
    let nothing = ask(&device, &[&url("1")]).unwrap();
    assert_eq!(nothing.status, 404, "no release yet");
    // An image that is none of ours may say what it was built with.
    for (idf, status) in [("v5.5", 304), ("v4.2.1", 302), ("v5.0", 404), ("mine", 404)] {
        let said = format!("{}&idf={idf}", url("1"));
        assert_eq!(ask(&device, &[&said]).unwrap().status, status, "{idf}");
    }
    let cases = [
        ("v4.2", 302),
        ("v5.4.3", 404),
        ("v5.5", 304),
        ("v5.5.1-dirty", 304),
        ("v6.0.2", 304),
        ("v4.2.5", 302),
        ("v4.3", 404),
        ("my own fork", 404),
        ("", 404),
    ];
    for (n, (idf, status)) in (1..).zip(cases) {
        let version = format!("{n}.0");
        house.publish(&built_with(&version, idf), n);
        for method in ["--get", "--head"] {
            let answer = ask(&device, &[method, &url(&version)]).unwrap();
            assert_eq!(answer.status, status, "{method} {idf:?}");
            assert_eq!(answer.body, b"", "{method} {idf:?}");
            assert_eq!(answer.header("location"), None);
        }
    }
    // What a device says itself goes before what we know of its release, here the last one.
    let said = format!("{}&idf=v4.2.1", url(&format!("{}.0", cases.len())));
    assert_eq!(ask(&device, &[&said]).unwrap().status, 302);
}

#[test]
fn who_does_not_say_what_it_runs_is_told_how() {
    if !curl_is_there("stock_version_missing") {
        return;
    }
    let stock = Stock::new();
    let long = format!("/ota?v={}", "9".repeat(33));
    for path in ["/ota", "/ota?", "/ota?version=1.0.0", "/ota?v=", &long] {
        let answer = stock.ask(&[&format!("{}{path}", stock.server.device_url)]);
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.code(), "version-missing", "{path}");
    }
    assert!(stock.house.offers().is_empty());
    let other = format!("{}/other", stock.server.device_url);
    assert_eq!(stock.refused(&other), (404, "not-found".to_owned()));
}

#[test]
fn without_a_certificate_there_is_no_connection() {
    if !curl_is_there("stock_no_certificate") {
        return;
    }
    let stock = Stock::new();
    let image = stock.location();
    let root = stock.house.path("device").join("server-root.pem");
    for version in ["--tls-max=1.2", "--tlsv1.3"] {
        for url in [&stock.url("1.0.0"), &image] {
            let mut command = Command::new("curl");
            command.args(["-sS", "--include", "--cacert"]).arg(&root);
            let output = run(command.args(version.split('=')).arg(url));
            assert!(!output.status.success(), "{version} {url}");
            assert_eq!(output.stdout, b"", "{version} {url}");
        }
    }
    let refusals = stock.house.operator("/v1/refusals");
    let planes = refusals.as_array().unwrap().iter().map(|refusal| {
        assert_eq!(refusal["reason"], "no-certificate", "{refusal}");
        refusal["plane"].as_str().unwrap()
    });
    let planes: Vec<_> = planes.collect();
    assert_eq!(planes, ["download", "device", "download", "device"]);
}

#[test]
fn a_revoked_device_is_refused_on_both_planes() {
    if !curl_is_there("stock_revoked") {
        return;
    }
    let stock = Stock::new();
    let image = stock.location();
    assert_eq!(stock.ask(&[&image]).status, 200);
    stock.house.ok(&["device", "revoke", DEVICE]);
    for url in [&stock.url("1.0.0"), &image] {
        barred(&stock.house, "device", url, REVOKED);
    }
}
