//! What the stock client makes of answers, against scripted servers.

use std::time::Duration;

use super::{
    script::{Reply, Script},
    wire::fetch,
};
use crate::{
    esp_idf::{Config, EspErr, Failure, Release, Update, update},
    harness::{composed, image},
};

/// What came of one answer to one request.
fn given(tag: &str, reply: Reply) -> Update {
    let script = Script::plain(move |_, _| reply.clone());
    fetch(&script, tag, "/", |_| ())
}

/// The same, of an answer that never becomes whole.
fn stalled(tag: &str, reply: Reply) -> Update {
    let script = Script::plain(move |_, _| reply.clone());
    fetch(&script, tag, "/", |config| {
        config.timeout = Duration::from_millis(500);
    })
}

#[test]
fn a_status_that_is_no_redirect_is_an_image_an_error_or_nothing_new() {
    use EspErr::{Fail, HttpNotModified, HttpRangeNotSatisfiable, InvalidArg};
    for (tag, errs) in [
        // 204 304 400 403 404 416 500 503
        ("v4.2.5", [InvalidArg; 8]),
        (
            "v4.3",
            [
                InvalidArg, InvalidArg, InvalidArg, Fail, Fail, InvalidArg, Fail, InvalidArg,
            ],
        ),
        (
            "v4.3.1",
            [InvalidArg, InvalidArg, Fail, Fail, Fail, Fail, Fail, Fail],
        ),
        ("v4.4.8", [Fail; 8]),
        ("v5.4.4", [Fail; 8]),
        (
            "v5.5",
            [
                Fail,
                HttpNotModified,
                Fail,
                Fail,
                Fail,
                HttpRangeNotSatisfiable,
                Fail,
                Fail,
            ],
        ),
    ] {
        for (status, err) in [204, 304, 400, 403, 404, 416, 500, 503]
            .into_iter()
            .zip(errs)
        {
            let update = given(tag, Reply::status(status));
            let failure = update.result.unwrap_err();
            assert_eq!(failure.err(), Some(err), "{tag} {status}: {failure}");
            // Only there the slot is gone, whatever was said.
            assert_eq!(update.slot.erased, tag == "v4.2.5", "{tag} {status}");
        }
    }
    // 206 and 203 are images; 300 too.
    let image = image("1.1.0").bytes;
    for tag in ["v4.2", "v5.5.5", "v6.2"] {
        for status in [203, 206, 300] {
            let length = format!("Content-Length: {}", image.len());
            let reply = Reply::new(&[&format!("HTTP/1.1 {status} X"), &length], &image);
            assert_eq!(given(tag, reply).result, Ok(()), "{tag} {status}");
        }
    }
}

#[test]
fn a_401_is_asked_again_for_ever_ten_times_or_not_at_all() {
    for (tag, asked) in [
        ("v4.2", 51),
        ("v5.0.9", 51),
        ("v5.1", 11),
        ("v5.4.4", 11),
        ("v5.5", 1),
    ] {
        let update = given(tag, Reply::status(401));
        assert_eq!(update.asked.len(), asked, "{tag}");
        let failure = update.result.unwrap_err();
        assert_eq!(failure == Failure::LoopsForEver, asked == 51, "{tag}");
    }
}

#[test]
fn a_body_that_ends_early_is_an_error() {
    let image = image("1.1.0").bytes;
    let length = format!("Content-Length: {}", image.len());
    let reply = Reply::new(&["HTTP/1.1 200 OK", &length], &image[..100_000]);
    for tag in ["v4.2", "v4.4.8", "v5.0", "v5.5.5", "v6.2"] {
        let update = given(tag, reply.clone().and_cut());
        assert_eq!(
            update.result.unwrap_err().err(),
            Some(EspErr::Fail),
            "{tag}"
        );
        assert!(!update.slot.selected, "{tag}");
    }
    // A server that says nothing more is waited for without end.
    for tag in ["v4.4.8", "v5.5.5"] {
        let update = stalled(tag, reply.clone());
        assert_eq!(update.result, Err(Failure::WaitsForEver), "{tag}");
    }
}

#[test]
fn a_body_without_a_length_ends_as_each_release_sees_it() {
    let image = image("1.1.0").bytes;
    let reply = Reply::new(&["HTTP/1.1 200 OK"], &image);
    for (tag, by_fin, by_alert) in [
        ("v4.2", true, false),
        ("v4.4.8", true, false),
        ("v5.0.7", true, false),
        ("v5.0.8", true, true),
        ("v5.2.3", true, false),
        ("v5.2.4", true, true),
        ("v5.3.3", true, true),
        ("v5.5.5", true, true),
    ] {
        let release = Release::named(tag);
        for (reply, well) in [
            (reply.clone().and_cut(), by_fin),
            (reply.clone().and_close(), by_alert),
        ] {
            let script = Script::tls(move |_, _| reply.clone());
            let tls = script.trusted(release);
            let update = update(&Config::new(release, &tls, script.url("/")));
            assert_eq!(update.result.is_ok(), well, "{tag}: {:?}", update.result);
            assert_eq!(update.image_size, -1, "{tag}");
            assert!(
                update.slot.bytes == image,
                "{tag}: the bytes came all the same"
            );
        }
    }
    // Where the last read finds nothing but the end.
    assert_eq!(image.len() % 16, 0);
    for (tag, well) in [("v4.2.1", false), ("v4.2.2", true)] {
        let reply = reply.clone().and_cut();
        let script = Script::plain(move |_, _| reply.clone());
        let update = fetch(&script, tag, "/", |config| {
            config.buffer_size = image.len() / 16;
        });
        assert_eq!(update.result.is_ok(), well, "{tag}: {:?}", update.result);
    }
}

#[test]
fn a_chunked_body_is_an_image_but_for_its_beginning_in_the_first_releases() {
    let image = image("1.1.0").bytes;
    for size in [64, 4000] {
        let mut body = Vec::new();
        for chunk in image.chunks(size) {
            body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\n\r\n");
        let reply = Reply::new(&["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"], &body);
        for (tag, good) in [
            ("v4.2", false),
            ("v4.3.2", false),
            ("v4.3.3", true),
            ("v4.4", false),
            ("v4.4.1", true),
            ("v5.5.5", true),
            ("v6.2", true),
        ] {
            let update = given(tag, reply.clone());
            // One piece, or several, came with the head.
            let good = good || size == 4000;
            assert_eq!(
                update.result.is_ok(),
                good,
                "{tag} {size}: {:?}",
                update.result
            );
        }
    }
}

#[test]
fn an_image_shorter_than_its_head_is_refused() {
    // Not one that boots; what counts is its length.
    let short = |length: usize| {
        let mut image = image("1.1.0").bytes;
        image.truncate(length);
        Reply::image(&image)
    };
    for (tag, head) in [
        ("v4.4.8", 289),
        ("v5.0", 1024),
        ("v5.5.5", 1024),
        ("v6.2", 1024),
    ] {
        let failure = given(tag, short(head - 1)).result.unwrap_err();
        let words = "ESP_FAIL: Complete headers were not received";
        assert_eq!(failure.to_string(), words, "{tag}");
        // What came with the answer's head, within the first 512 bytes, would count as all of it.
        let enough = short(head.max(600));
        let failure = given(tag, enough).result.unwrap_err();
        assert_eq!(failure.err(), Some(EspErr::OtaValidateFailed), "{tag}");
    }
}

#[test]
fn another_chip_s_image_is_refused_before_or_after_it_is_written() {
    let other = composed("1.1.0", "esp32s3", false).bytes;
    for (tag, err, written) in [
        ("v4.2", EspErr::OtaValidateFailed, other.len()),
        ("v4.3.2", EspErr::OtaValidateFailed, other.len()),
        ("v4.3.3", EspErr::InvalidVersion, 0),
        ("v4.4", EspErr::OtaValidateFailed, other.len()),
        ("v4.4.1", EspErr::InvalidVersion, 0),
        ("v5.5.5", EspErr::InvalidVersion, 0),
    ] {
        let update = given(tag, Reply::image(&other));
        assert_eq!(update.result.unwrap_err().err(), Some(err), "{tag}");
        assert_eq!(update.slot.bytes.len(), written, "{tag}");
        assert!(!update.slot.selected, "{tag}");
    }
}

#[test]
fn another_revision_s_image_is_refused_from_v5_5_on() {
    let mut image = image("1.1.0").bytes;
    // `min_chip_rev_full`: v2.0; the appended digest is then another image's.
    image[15..17].copy_from_slice(&200_u16.to_le_bytes());
    for (tag, err) in [
        ("v5.4.4", EspErr::OtaValidateFailed),
        ("v5.5", EspErr::InvalidVersion),
        ("v6.2", EspErr::InvalidVersion),
    ] {
        let update = given(tag, Reply::image(&image));
        assert_eq!(update.result.unwrap_err().err(), Some(err), "{tag}");
    }
}

#[test]
fn a_head_of_more_than_80_kib_is_not_taken() {
    let image = image("1.1.0").bytes;
    let length = format!("Content-Length: {}", image.len());
    for (size, good) in [(79 * 1024, true), (81 * 1024, false)] {
        let long = format!("X-Long: {}", "x".repeat(size));
        let reply = Reply::new(&["HTTP/1.1 200 OK", &long, &length], &image);
        for (tag, err) in [("v5.5.5", EspErr::MinusHttpEagain), ("v6.2", EspErr::Fail)] {
            if good {
                assert_eq!(given(tag, reply.clone()).result, Ok(()), "{tag}");
            } else {
                let failure = stalled(tag, reply.clone()).result.unwrap_err();
                assert_eq!(failure.err(), Some(err), "{tag}");
            }
        }
    }
}

#[test]
fn a_record_that_the_buffer_cannot_take_ends_the_download() {
    let image = image("1.1.0").bytes;
    for (size, reason) in [
        (16384, None),
        (
            4096,
            Some("-0x7200 (INVALID_RECORD): a record of 16384 bytes, 4096 fit"),
        ),
    ] {
        let served = image.clone();
        let script = Script::tls(move |_, _| Reply::image(&served));
        let release = Release::named("v5.5.5");
        let mut tls = script.trusted(release);
        tls.in_content_len = size;
        let update = update(&Config::new(release, &tls, script.url("/")));
        match reason {
            None => assert_eq!(update.result, Ok(())),
            Some(words) => {
                let failure = update.result.unwrap_err();
                assert_eq!(failure, EspErr::Fail.because(words));
            }
        }
    }
}

#[test]
fn a_common_name_is_demanded_of_every_host() {
    for (tag, good) in [("v5.0.9", true), ("v5.1", false), ("v6.2", false)] {
        let served = image("1.1.0").bytes;
        let script = Script::tls(move |_, _| Reply::image(&served));
        let release = Release::named(tag);
        let tls = script.trusted(release);
        let mut config = Config::new(release, &tls, script.url("/"));
        config.common_name = Some("api.example".to_owned());
        let result = update(&config).result;
        assert_eq!(result.is_ok(), good, "{tag}: {result:?}");
        if let Err(failure) = result {
            assert_eq!(failure.err(), Some(EspErr::HttpConnect), "{tag}");
        }
    }
}
