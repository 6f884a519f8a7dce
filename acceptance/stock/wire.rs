//! What the stock client sends, byte for byte, against a scripted server.

use std::time::Duration;

use super::script::{Asked, Reply, Script};
use crate::{
    esp_idf::{Config, EspErr, Mode, Release, Rustls, Trust, Update, lines, update},
    harness::image,
};

/// A device of a release that speaks no TLS.
pub(super) fn without_tls(release: Release) -> Rustls {
    Rustls::new(release, Trust::Bundle(Vec::new()))
}

/// Updates a device of a release from a script over TCP alone.
pub(super) fn fetch(
    script: &Script,
    tag: &str,
    path: &str,
    set: impl FnOnce(&mut Config<'_>),
) -> Update {
    let release = Release::named(tag);
    let tls = without_tls(release);
    let mut config = Config::new(release, &tls, script.url(path));
    set(&mut config);
    update(&config)
}

#[test]
fn the_request_of_each_release_is_these_bytes() {
    let image = image("1.1.0").bytes;
    for line in lines() {
        let served = image.clone();
        let script = Script::plain(move |_, _| Reply::image(&served));
        let tag = format!("v{}", line.first.idf().to_string().trim_start_matches('v'));
        let update = fetch(&script, &tag, "/ota?v=1.0.0", |_| ());
        assert_eq!(update.result, Ok(()), "{line}");
        let (port, (major, minor)) = (
            script.port,
            (line.first.idf().major, line.first.idf().minor),
        );
        let host = match (major, minor) {
            (4, 2) => "localhost".to_owned(),
            _ => format!("localhost:{port}"),
        };
        let length = if (major, minor) < (5, 4) {
            "Content-Length: 0\r\n"
        } else {
            ""
        };
        let wanted = format!(
            "GET /ota?v=1.0.0 HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: {host}\r\n{length}\r\n"
        );
        let asked = script.asked();
        assert_eq!(asked.len(), 1, "{line}");
        assert_eq!(asked[0].bytes, wanted, "{line}");
        assert_eq!(update.asked[0].writes.len(), 1, "{line}");
    }
}

#[test]
fn a_long_address_is_sent_or_swallowed_or_refused() {
    let served = image("1.1.0").bytes;
    let script = Script::plain(move |_, _| Reply::image(&served));
    // Path and query of so many bytes, by the size of the transmit buffer.
    for (buffer, sent, swallowed, refused) in [
        (0, 459, [460, 496], 497),
        (512, 459, [460, 496], 497),
        (1024, 971, [972, 1008], 1009),
    ] {
        for tag in ["v4.2", "v4.4.8", "v5.5.5", "v6.1"] {
            let go = |length: usize, patience| {
                let path = format!("/{}", "x".repeat(length - 1));
                let before = script.asked().len();
                let update = fetch(&script, tag, &path, |config| {
                    config.buffer_size_tx = buffer;
                    config.timeout = patience;
                });
                let came: String = script.asked()[before..]
                    .iter()
                    .map(|asked| asked.bytes.clone())
                    .collect();
                (update, came)
            };
            let (update, came) = go(sent, Duration::from_secs(30));
            assert_eq!(update.result, Ok(()), "{tag} {buffer} {sent}");
            assert!(came.ends_with("\r\n\r\n"), "{tag}");
            // Request line and `User-Agent` fill the buffer; the rest is a second write.
            assert_eq!(update.asked[0].writes.len(), 2, "{tag}");
            let first = &update.asked[0].writes[0];
            assert!(first.ends_with("User-Agent: ESP32 HTTP Client/1.0\r\n"));

            let silent = match tag {
                "v4.2" | "v4.4.8" => EspErr::Fail,
                "v6.1" => EspErr::HttpHeaderTooLong,
                _ => EspErr::MinusHttpEagain,
            };
            for length in swallowed {
                let (update, came) = go(length, Duration::from_millis(200));
                let failure = update.result.unwrap_err();
                assert_eq!(failure.err(), Some(silent), "{tag} {length}: {failure}");
                assert_eq!(came, "", "{tag} {length}");
            }
            let (update, came) = go(refused, Duration::from_secs(30));
            let failure = update.result.unwrap_err();
            assert_eq!(failure.to_string(), "ESP_FAIL: Out of buffer", "{tag}");
            assert_eq!(came, "", "{tag}");
        }
    }
}

#[test]
fn a_header_longer_than_the_buffer_cuts_the_request() {
    let served = image("1.1.0").bytes;
    let script = Script::plain(move |_, _| Reply::image(&served));
    for (tag, wanted) in [
        ("v4.3", EspErr::Fail),
        ("v5.5.5", EspErr::MinusHttpEagain),
        ("v6.1", EspErr::HttpHeaderTooLong),
    ] {
        let update = fetch(&script, tag, "/", |config| {
            config.headers = vec![("X-Long".to_owned(), "x".repeat(600))];
            config.timeout = Duration::from_millis(200);
        });
        assert_eq!(update.result.unwrap_err().err(), Some(wanted), "{tag}");
        // The headers before it went out; the empty line did not.
        let request = update.asked[0].request();
        assert!(
            request.ends_with(&format!("Host: localhost:{}\r\n", script.port)),
            "{tag}: {request}"
        );
        assert!(!request.contains("X-Long"), "{tag}");
    }
}

#[test]
fn the_app_s_own_headers_and_agent_are_sent_where_the_release_knows_them() {
    let image = image("1.1.0").bytes;
    for (tag, agent, own) in [
        ("v4.2", false, false),
        ("v4.2.1", true, false),
        ("v4.3", true, true),
        ("v5.5.5", true, true),
    ] {
        let served = image.clone();
        let script = Script::plain(move |_, _| Reply::image(&served));
        let update = fetch(&script, tag, "/", |config| {
            config.user_agent = Some("board/7".to_owned());
            config.headers = vec![("X-Serial".to_owned(), "12".to_owned())];
        });
        assert_eq!(update.result, Ok(()), "{tag}");
        let asked = script.asked();
        let wanted = if agent {
            "board/7"
        } else {
            "ESP32 HTTP Client/1.0"
        };
        assert_eq!(asked[0].header("User-Agent"), Some(wanted), "{tag}");
        assert_eq!(asked[0].header("X-Serial"), own.then_some("12"), "{tag}");
    }
    // In parts, the headers are not in the HEAD of the first releases.
    for (tag, in_head) in [("v4.4.2", false), ("v4.4.3", true)] {
        let served = image.clone();
        let script = Script::plain(move |asked, _| Reply::part(&served, &asked.bytes));
        let update = fetch(&script, tag, "/", |config| {
            config.mode = Mode::Parts;
            config.describes = true;
            config.headers = vec![("X-Serial".to_owned(), "12".to_owned())];
        });
        assert_eq!(update.result, Ok(()), "{tag}");
        let with: Vec<bool> = script
            .asked()
            .iter()
            .map(|asked| asked.header("X-Serial").is_some())
            .collect();
        assert_eq!(with, [in_head, true, true, true, true], "{tag}");
    }
}

#[test]
fn parts_are_asked_for_one_after_the_other_and_the_last_has_no_end() {
    let image = image("1.1.0").bytes;
    for (tag, connections) in [
        ("v4.4.8", [0, 1, 2, 3, 4]),
        ("v5.4.3", [0, 1, 2, 3, 4]),
        // HEAD's is closed; then one for all.
        ("v5.4.4", [0, 1, 1, 1, 1]),
        ("v5.5", [0, 1, 2, 3, 4]),
        ("v5.5.2", [0, 1, 1, 1, 1]),
        ("v6.0", [0, 1, 1, 1, 1]),
    ] {
        let served = image.clone();
        let script = Script::plain(move |asked, _| {
            if asked.line().starts_with("HEAD") {
                let length = format!("Content-Length: {}", served.len());
                return Reply::new(&["HTTP/1.1 200 OK", &length], b"");
            }
            Reply::part(&served, &asked.bytes)
        });
        let update = fetch(&script, tag, "/ota?v=1", |config| {
            config.mode = Mode::Parts;
            config.describes = true;
        });
        assert_eq!(update.result, Ok(()), "{tag}");
        assert!(update.slot.bytes == image && update.slot.selected, "{tag}");
        let asked = script.asked();
        let lines: Vec<&str> = asked.iter().map(Asked::line).collect();
        assert_eq!(lines[0], "HEAD /ota?v=1 HTTP/1.1", "{tag}");
        assert!(
            lines[1..]
                .iter()
                .all(|line| *line == "GET /ota?v=1 HTTP/1.1")
        );
        let ranges: Vec<_> = asked.iter().map(|asked| asked.header("Range")).collect();
        let wanted = [
            None,
            Some("bytes=0-65535"),
            Some("bytes=65536-131071"),
            Some("bytes=131072-196607"),
            Some("bytes=196608-"),
        ];
        assert_eq!(ranges, wanted, "{tag}");
        let used: Vec<_> = asked.iter().map(|asked| asked.connection).collect();
        assert_eq!(used, connections, "{tag}");
    }
}

#[test]
fn a_part_that_is_all_of_it_is_asked_for_without_a_range() {
    let image = image("1.1.0").bytes;
    for tag in ["v4.4.8", "v5.5.5", "v6.1"] {
        let served = image.clone();
        let script = Script::plain(move |asked, _| Reply::part(&served, &asked.bytes));
        let update = fetch(&script, tag, "/", |config| {
            config.mode = Mode::Parts;
            config.describes = true;
            config.max_http_request_size = 1 << 20;
        });
        assert_eq!(update.result, Ok(()), "{tag}");
        let asked = script.asked();
        assert_eq!(asked.len(), 2, "{tag}");
        assert_eq!(asked[1].header("Range"), None, "{tag}");
    }
}

#[test]
fn the_second_part_begins_too_late_where_the_head_is_counted_twice() {
    let image = image("1.1.0").bytes;
    for (tag, second) in [
        ("v4.4", "bytes=65536-131071"),
        ("v4.4.1", "bytes=65825-131360"),
        ("v5.0.5", "bytes=66560-132095"),
        ("v5.0.6", "bytes=65536-131071"),
        ("v5.1.2", "bytes=66560-132095"),
        ("v5.1.3", "bytes=65536-131071"),
    ] {
        let served = image.clone();
        let script = Script::plain(move |asked, _| Reply::part(&served, &asked.bytes));
        let update = fetch(&script, tag, "/", |config| config.mode = Mode::Parts);
        let right = second.starts_with("bytes=65536");
        assert_eq!(update.result.is_ok(), right, "{tag}: {:?}", update.result);
        assert_eq!(script.asked()[2].header("Range"), Some(second), "{tag}");
    }
}
