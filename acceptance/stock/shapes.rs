//! Shapes of requests that only the stock client makes, against our real servers.

use std::{process::Command, time::Duration};

use super::Stock;
use crate::{
    esp_idf::{Config, Dial as _, EspErr, Failure, Mode, Peer, Received, Release, Rustls, update},
    harness::{House, Server, built_with, image, large, need, run},
};

/// The TLS of the house's device, as a release has it; both formats of bundle are in folders of their own.
fn device(house: &House, release: Release) -> Rustls {
    let idf = release.idf().to_string();
    let folder = format!("device-{idf}");
    if !house.path(&folder).exists() {
        let digits: String = idf.chars().filter(char::is_ascii_digit).collect();
        let id = format!("7cdfa12{digits:0>5}");
        let out = house.text(&folder);
        house.ok(&["device", "enroll", &id, "--out", &out, "--idf", &idf]);
    }
    Rustls::of_folder(release, &house.path(&folder))
}

#[test]
fn a_fresh_start_with_resumption_asks_for_all_by_range() {
    let stock = Stock::new();
    for (tag, range) in [
        ("v5.5", None),
        ("v5.5.4", Some("bytes=0-")),
        ("v6.1", Some("bytes=0-")),
    ] {
        let release = Release::named(tag);
        let tls = device(&stock.house, release);
        let mut config = Config::new(release, &tls, stock.url("1.0.0"));
        config.mode = Mode::Resumed;
        let update = update(&config);
        assert_eq!(update.result, Ok(()), "{tag}");
        assert!(update.slot.bytes == stock.newest.bytes, "{tag}");
        let told: Vec<_> = update.asked.iter().map(|asked| asked.status).collect();
        let image = if range.is_some() { 206 } else { 200 };
        assert_eq!(told, [Some(302), Some(image)], "{tag}");
        for asked in &update.asked {
            assert_eq!(asked.header("Range").as_deref(), range, "{tag}");
        }
    }
}

#[test]
fn a_download_goes_on_after_a_power_cut_and_a_restart_of_the_server() {
    let mut stock = Stock::new();
    let image = large("2.0.0");
    stock.house.publish(&image, 2);
    for (tag, mode) in [
        ("v5.5", Mode::Resumed),
        ("v5.5.5", Mode::Resumed),
        ("v6.1", Mode::ResumedParts),
    ] {
        let release = Release::named(tag);
        let tls = device(&stock.house, release);
        let mut config = Config::new(release, &tls, stock.url("1.0.0"));
        config.mode = mode;
        config.cut_after = Some(700_000);
        let cut = update(&config);
        assert_eq!(cut.result, Err(Failure::PowerCut), "{tag}");
        let written = cut.slot.bytes.len();
        assert!((700_000..image.bytes.len()).contains(&written), "{tag}");

        stock.server.kill();
        stock.server = stock.house.serve();
        let mut config = Config::new(release, &tls, stock.url("1.0.0"));
        config.mode = mode;
        config.written = cut.slot.bytes;
        let update = update(&config);
        assert_eq!(update.result, Ok(()), "{tag}");
        assert!(update.slot.bytes == image.bytes, "{tag}: spliced");
        let first = update.asked.last().unwrap().header("Range").unwrap();
        assert!(first.starts_with("bytes="), "{tag}");
        if mode == Mode::Resumed {
            assert_eq!(first, format!("bytes={written}-"), "{tag}");
            let left = i64::try_from(image.bytes.len() - written).unwrap();
            assert_eq!(update.image_size, left, "{tag}");
        }
    }
}

#[test]
fn what_was_written_of_more_than_there_is_begins_anew() {
    let stock = Stock::new();
    for tag in ["v5.5", "v5.5.5", "v6.1"] {
        let release = Release::named(tag);
        let tls = device(&stock.house, release);
        let mut config = Config::new(release, &tls, stock.url("1.0.0"));
        config.mode = Mode::Resumed;
        config.written = vec![0xE9; stock.newest.bytes.len() + 1];
        let update = update(&config);
        assert_eq!(update.result, Ok(()), "{tag}");
        assert!(update.slot.bytes == stock.newest.bytes, "{tag}");
        let told: Vec<_> = update.asked.iter().map(|asked| asked.status).collect();
        // The second try goes to the image's own address: the redirect is followed for good.
        assert_eq!(told, [Some(302), Some(416), Some(200)], "{tag}");
    }
}

#[test]
fn a_release_that_is_published_meanwhile_is_not_mixed_in() {
    // Before the first GET, and before a later part.
    for (tag, number) in [("v4.4.8", 1), ("v5.5.5", 1), ("v5.5", 4)] {
        let stock = Stock::new();
        let release = Release::named(tag);
        let tls = device(&stock.house, release);
        let publish = |request: usize| {
            if request == number {
                stock.house.publish(&image("1.2.0"), 2);
            }
        };
        let mut config = Config::new(release, &tls, stock.url("1.0.0"));
        config.mode = Mode::Parts;
        config.describes = true;
        config.before_request = Some(&publish);
        let first = update(&config);
        assert_eq!(first.result, Ok(()), "{tag}");
        assert!(
            first.slot.bytes == stock.newest.bytes,
            "{tag}: another image"
        );
        // Once it runs, the newer one is next.
        let next = update(&Config::new(release, &tls, stock.url("1.1.0")));
        assert_eq!(next.result, Ok(()), "{tag}");
        assert!(next.slot.bytes == image("1.2.0").bytes, "{tag}");
    }
}

#[test]
fn a_server_that_is_reached_by_its_address_is_believed_from_mbedtls_3_5_on() {
    let house = House::empty();
    let key = house.text("author.key");
    let init = [
        "init",
        "--host",
        "127.0.0.1",
        "--product",
        "demo",
        "--unsigned-images",
    ];
    house.ok(&[&init[..], &["--author-key", &key]].concat());
    let server = house.serve();
    assert!(
        server.device_url.starts_with("https://127.0.0.1:"),
        "{}",
        server.device_url
    );
    let newest = image("1.1.0");
    house.publish(&newest, 1);
    for (tag, believes) in [
        ("v4.2", false),
        ("v4.4.8", false),
        ("v5.0.4", false),
        ("v5.0.5", true),
        ("v5.1.1", false),
        ("v5.1.2", true),
        ("v5.2", true),
        ("v5.5.5", true),
    ] {
        let release = Release::named(tag);
        let tls = device(&house, release);
        let url = format!("{}/ota?v=1.0.0", server.device_url);
        let update = update(&Config::new(release, &tls, url));
        if believes {
            assert_eq!(update.result, Ok(()), "{tag}");
            assert!(update.slot.bytes == newest.bytes, "{tag}");
        } else {
            let failure = update.result.unwrap_err();
            assert_eq!(failure.err(), Some(EspErr::HttpConnect), "{tag}: {failure}");
            assert!(failure.to_string().contains("-0x2700"), "{tag}: {failure}");
        }
    }
}

#[test]
fn an_address_in_the_place_of_a_server_name_does_no_harm() {
    if !need(
        "stock_sni_of_an_address",
        "openssl",
        "apt-get install openssl",
    ) {
        return;
    }
    let stock = Stock::new();
    let address = stock
        .server
        .device_address()
        .replace("localhost", "127.0.0.1");
    let file = |name: &str| stock.house.path("device").join(name);
    // ESP-IDF sends what stands in the URL as the name, an address too (RFC 6066 §3 forbids it).
    let mut command = Command::new("openssl");
    command
        .args(["s_client", "-tls1_2", "-brief", "-connect", &address])
        .args(["-servername", "127.0.0.1", "-verify_return_error"])
        .arg("-CAfile")
        .arg(file("server-root.pem"))
        .arg("-cert")
        .arg(file("device.pem"))
        .arg("-cert_chain")
        .arg(file("device.pem"))
        .arg("-key")
        .arg(file("device.key"));
    let output = run(&mut command);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert!(words.contains("CONNECTION ESTABLISHED"), "{words}");
}

#[test]
fn the_room_for_an_address_is_what_the_client_has_behind_its_user_agent() {
    for tag in ["v4.4.8", "v5.5.5"] {
        let stock = Stock::new();
        let release = Release::named(tag);
        let tls = device(&stock.house, release);
        let longest = update(&Config::new(release, &tls, stock.url("1.0.0")));
        assert_eq!(longest.result, Ok(()));
        let line = longest.asked[1].request();
        let address = line.split(' ').nth(1).unwrap().len();
        // By as much as the address is shorter than the room, the agent may be longer.
        let fits = "ESP32 HTTP Client/1.0".len() + 459 - address;
        let warned = || {
            stock
                .server
                .log()
                .contains("longer than the client's buffer")
        };
        for (agent, well) in [(fits, true), (fits + 1, false)] {
            let mut config = Config::new(release, &tls, stock.url("1.0.0"));
            config.user_agent = Some("x".repeat(agent));
            if well {
                assert_eq!(update(&config).result, Ok(()), "{tag}");
                assert!(!warned(), "{tag}");
                continue;
            }
            config.timeout = Duration::from_secs(2);
            let update = update(&config);
            let failure = update.result.unwrap_err();
            let silent = if tag == "v4.4.8" {
                EspErr::Fail
            } else {
                EspErr::MinusHttpEagain
            };
            assert_eq!(failure.err(), Some(silent), "{tag}: {failure}");
            assert_eq!(update.asked[1].request(), "", "{tag}");
            assert!(warned(), "{tag}");
        }
    }
}

#[test]
fn where_a_device_is_sent_stands_whole_in_its_first_read() {
    let stock = Stock::new();
    let release = Release::named("v5.2");
    let tls = device(&stock.house, release);
    let port = stock.server.device_address().rsplit(':').next().unwrap();
    let peer = Peer {
        port: port.parse().unwrap(),
        name: "localhost",
        timeout: Duration::from_secs(30),
    };
    let mut link = tls.connect(&peer).unwrap();
    link.write(b"GET /ota?v=1.0.0 HTTP/1.1\r\nUser-Agent: x\r\nHost: localhost\r\n\r\n")
        .unwrap();
    // Releases that read 512 bytes at a time cut a Location that does not end within them.
    let mut buffer = [0; 512];
    let Received::Data(length) = link.read(&mut buffer) else {
        panic!("no answer");
    };
    let head = String::from_utf8_lossy(&buffer[..length]).into_owned();
    let (before, location) = head.split_once("location: ").unwrap();
    let (location, _) = location.split_once("\r\n").unwrap();
    let longest_name = 253 - "localhost".len();
    assert!(
        before.len() + "location: ".len() + location.len() + longest_name + 2 <= 512,
        "{head}"
    );
}

#[test]
fn a_stock_client_with_tls_1_3_updates_too() {
    let stock = Stock::new();
    for (tag, mode) in [("v5.5.5", Mode::Whole), ("v6.1", Mode::Parts)] {
        let release = Release::named(tag);
        let mut tls = device(&stock.house, release);
        tls.tls13 = true;
        tls.in_content_len = 4096;
        let mut config = Config::new(release, &tls, stock.url("1.0.0"));
        config.mode = mode;
        let update = update(&config);
        assert_eq!(update.result, Ok(()), "{tag}");
        assert!(update.slot.bytes == stock.newest.bytes, "{tag}");
    }
}

#[test]
fn nothing_new_does_not_erase_the_slot_of_a_v4_2_device() {
    let house = House::new();
    let server: Server = house.serve();
    let release = Release::named("v4.2.5");
    let tls = device(&house, release);
    for (number, idf, said, erased) in [
        (1, "v4.2.5", "", false),
        (2, "no release", "", true),
        (3, "no release", "&idf=v4.2.5", false),
    ] {
        let version = format!("{number}.0");
        house.publish(&built_with(&version, idf), number);
        let url = format!("{}/ota?v={version}{said}", server.device_url);
        let update = update(&Config::new(release, &tls, url));
        assert!(update.result.is_err(), "{idf}");
        // What nobody tells us we cannot know: 404 is an image to it.
        assert_eq!(update.slot.erased, erased, "{idf}{said}");
    }
}
