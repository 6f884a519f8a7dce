//! Signed addresses: good for one image, one device, a while, and in one spelling; told to nobody else.

use std::{fs, thread::sleep, time::Duration};

use super::{Stock, curl_is_there};
use crate::harness::{House, ask, image};

/// Base, digest, end, key and signature of an address.
fn parts(url: &str) -> [&str; 5] {
    let (base, rest) = url.split_once("/d/").unwrap();
    let (digest, query) = rest.split_once('?').unwrap();
    let value = |name: &str| {
        let found = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap()
    };
    [base, digest, value("e"), value("k"), value("s")]
}

/// The same text with another character at a place.
fn changed(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_changed_address_is_good_for_nothing() {
    if !curl_is_there("stock_changed_url") {
        return;
    }
    let stock = Stock::new();
    let url = stock.location();
    let [base, digest, end, key, signature] = parts(&url);
    // A second image, which the device would be offered later: it must not reach it by itself.
    let other = {
        stock.house.publish(&image("1.2.0"), 2);
        stock.house.enroll_as("7cdfa1000002", "second");
        let answer = ask(&stock.house.path("second"), &[&stock.url("1.0.0")]).unwrap();
        answer.location()
    };
    let [_, other_digest, _, _, other_signature] = parts(&other);
    assert_ne!(other_digest, digest);
    let later = (end.parse::<u64>().unwrap() + 3600).to_string();
    let make = |digest: &str, end: &str, key: &str, signature: &str| {
        format!("{base}/d/{digest}?e={end}&k={key}&s={signature}")
    };
    assert_eq!(make(digest, end, key, signature), url);
    assert_eq!(stock.ask(&[&url]).status, 200);
    let changes = [
        (
            "first of signature",
            make(digest, end, key, &changed(signature, 0)),
        ),
        (
            "middle of signature",
            make(digest, end, key, &changed(signature, 20)),
        ),
        ("digest", make(&changed(digest, 7), end, key, signature)),
        ("another image", make(other_digest, end, key, signature)),
        (
            "another's signature",
            make(digest, end, key, other_signature),
        ),
        ("raised end", make(digest, &later, key, signature)),
        (
            "end with a zero",
            make(digest, &format!("0{end}"), key, signature),
        ),
        ("unknown key", make(digest, end, "2", signature)),
        ("no signature", make(digest, end, key, "")),
        ("cut signature", make(digest, end, key, &signature[..42])),
        ("end twice", format!("{url}&e={later}")),
        ("end first", url.replace("?e=", &format!("?e={later}&e="))),
        ("signature twice", format!("{url}&s={signature}")),
        ("something more", format!("{url}&x=1")),
        (
            "another order",
            format!("{base}/d/{digest}?k={key}&e={end}&s={signature}"),
        ),
        ("escaped", url.replace("&k=", "&%6B=")),
        ("no query", format!("{base}/d/{digest}")),
        (
            "no digest",
            format!("{base}/d/x?e={end}&k={key}&s={signature}"),
        ),
    ];
    for (what, url) in changes {
        let answer = stock.ask(&[&url]);
        assert_eq!(answer.status, 403, "{what}");
        let code = answer.code();
        let wanted = ["bad-url-signature", "malformed-url", "unknown-url-key"];
        assert!(wanted.contains(&&*code), "{what}: {code}");
    }
    assert_eq!(
        stock.refused(&make(digest, &later, key, signature)).1,
        "bad-url-signature"
    );
}

#[test]
fn an_address_is_good_for_its_device_only() {
    if !curl_is_there("stock_others_url") {
        return;
    }
    let stock = Stock::new();
    let url = stock.location();
    stock.house.enroll_as("7cdfa1000002", "second");
    let answer = ask(&stock.house.path("second"), &[&url]).unwrap();
    assert_eq!((answer.status, &*answer.code()), (403, "bad-url-signature"));
    let refusal = &stock.house.operator("/v1/refusals")[0];
    assert_eq!(refusal["claimed"], "7cdfa1000002");
    assert_eq!(refusal["from"], "127.0.0.1");
    assert_eq!(refusal["reason"], "bad-url-signature");
}

#[test]
fn an_address_ends() {
    if !curl_is_there("stock_ended_url") {
        return;
    }
    let house = House::new();
    let settings = house.state().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let short = text
        .replace("slowest_rate = 4096 ", "slowest_rate = 1000000000 ")
        .replace("patience_s = 120 ", "patience_s = 1 ");
    assert_ne!(short, text);
    fs::write(&settings, short).unwrap();
    let stock = Stock::with(house);
    let url = stock.location();
    sleep(Duration::from_millis(3500));
    assert_eq!(stock.refused(&url), (403, "url-ended".to_owned()));
    // A fresh one is had by asking again.
    assert_eq!(stock.ask(&[&stock.location()]).status, 200);
    // That an address has ended is told of good ones only.
    let [_, _, _, _, signature] = parts(&url);
    let wrong = url.replace(signature, &changed(signature, 0));
    assert_eq!(stock.refused(&wrong).1, "bad-url-signature");
}

#[test]
fn no_address_stands_in_a_log() {
    if !curl_is_there("stock_no_url_in_log") {
        return;
    }
    let stock = Stock::new();
    let url = stock.location();
    stock.ask(&[&url]);
    stock.ask(&["-H", "Range: bytes=99999999-", &url]);
    stock.refused(&format!("{url}&x=1"));
    stock.house.enroll_as("7cdfa1000002", "second");
    ask(&stock.house.path("second"), &[&url]).unwrap();
    stock.ask(&[&stock.url("1.1.0")]);
    let [_, _, _, _, signature] = parts(&url);
    let told = [
        ("log", stock.server.log()),
        ("audit", stock.house.operator("/v1/audit").to_string()),
        ("refusals", stock.house.operator("/v1/refusals").to_string()),
        ("device", stock.house.device().to_string()),
    ];
    for (what, text) in told {
        assert!(!text.contains(signature), "{what}: {text}");
        assert!(!text.contains("&s="), "{what}: {text}");
        assert!(!text.contains("/d/"), "{what}: {text}");
    }
    // Not even where the database keeps what it will write.
    for entry in fs::read_dir(stock.house.state()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            let found = bytes
                .windows(signature.len())
                .any(|window| window == signature.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}
