//! How the stock client asks for parts, for what is left, and for a length, against scripted servers.

use super::{
    script::{Reply, Script},
    wire::fetch,
};
use crate::{
    esp_idf::{EspErr, Failure, Mode},
    harness::image,
};

#[test]
fn resumption_goes_on_begins_anew_or_splices() {
    let image = image("1.1.0").bytes;
    let resumed = |tag: &str, written: usize, reply: fn(&[u8], &str) -> Reply| {
        let served = image.clone();
        let script = Script::plain(move |asked, _| reply(&served, &asked.bytes));
        let update = fetch(&script, tag, "/", |config| {
            config.mode = Mode::Resumed;
            config.written = served_prefix(&image, written);
        });
        let asked = script.asked();
        let ranges: Vec<_> = asked
            .iter()
            .map(|asked| asked.header("Range").unwrap_or("none").to_owned())
            .collect();
        (update, ranges)
    };
    let no_ranges = |image: &[u8], _: &str| Reply::image(image);
    let beyond = |image: &[u8], request: &str| {
        if request.contains("Range: ") {
            return Reply::status(416);
        }
        Reply::image(image)
    };
    for tag in ["v5.5", "v5.5.3", "v5.5.4", "v5.5.5", "v6.0", "v6.1"] {
        let always = !matches!(tag, "v5.5" | "v5.5.3");
        // What is left comes, and is what the app is told as the image's size.
        let (update, ranges) = resumed(tag, 100_000, Reply::part);
        assert_eq!(update.result, Ok(()), "{tag}");
        assert!(update.slot.bytes == image, "{tag}");
        assert_eq!(ranges, ["bytes=100000-"], "{tag}");
        let left = i64::try_from(image.len() - 100_000).unwrap();
        assert_eq!(update.image_size, left, "{tag}");

        // From the beginning, and where less is there than counts.
        for written in [0, 1023] {
            let (update, ranges) = resumed(tag, written, Reply::part);
            assert_eq!(update.result, Ok(()), "{tag}");
            let first = if always { "bytes=0-" } else { "none" };
            assert_eq!(ranges, [first], "{tag}");
        }

        // A server that knows no ranges.
        let (update, ranges) = resumed(tag, 100_000, no_ranges);
        assert_eq!(update.result.is_ok(), always, "{tag}");
        let wanted: &[&str] = if always {
            &["bytes=100000-", "none"]
        } else {
            &["bytes=100000-"]
        };
        assert_eq!(ranges, wanted, "{tag}");

        // A server that has less than was written.
        let (update, ranges) = resumed(tag, 100_000, beyond);
        assert_eq!(update.result, Ok(()), "{tag}");
        assert_eq!(ranges, ["bytes=100000-", "none"], "{tag}");
    }
    let (update, _) = resumed("v5.4.4", 100_000, Reply::part);
    assert_eq!(update.result, Err(Failure::NoSuchMode("ota_resumption")));
}

fn served_prefix(image: &[u8], length: usize) -> Vec<u8> {
    image[..length].to_vec()
}

#[test]
fn flash_encryption_resumes_at_a_block_of_16() {
    let image = image("1.1.0").bytes;
    let served = image.clone();
    let script = Script::plain(move |asked, _| Reply::part(&served, &asked.bytes));
    let update = fetch(&script, "v5.5.5", "/", |config| {
        config.mode = Mode::Resumed;
        config.written = served_prefix(&image, 100_001);
        config.encrypted = true;
    });
    assert_eq!(update.result, Ok(()));
    assert_eq!(script.asked()[0].header("Range"), Some("bytes=100000-"));
    assert!(update.slot.bytes == image);
}

#[test]
fn a_head_that_is_refused_ends_parts_before_v6_and_is_asked_by_range_after() {
    let image = image("1.1.0").bytes;
    let refusing = |total: &'static str| {
        let served = image.clone();
        Script::plain(move |asked, _| {
            if asked.line().starts_with("HEAD") {
                return Reply::status(403);
            }
            if asked.header("Range") == Some("bytes=0-0") {
                let total = total.replace("ALL", &served.len().to_string());
                let range = format!("Content-Range: bytes 0-0/{total}");
                let head = ["HTTP/1.1 206 X", &range, "Content-Length: 1"];
                return Reply::new(&head, &served[..1]);
            }
            Reply::part(&served, &asked.bytes)
        })
    };
    for (tag, total, good) in [
        ("v4.4.8", "ALL", false),
        ("v5.5.5", "ALL", false),
        ("v6.0", "ALL", true),
        ("v6.1", "ALL", true),
        ("v6.0", "*", false),
    ] {
        let script = refusing(total);
        let update = fetch(&script, tag, "/", |config| {
            config.mode = Mode::Parts;
            config.describes = true;
        });
        assert_eq!(
            update.result.is_ok(),
            good,
            "{tag} {total}: {:?}",
            update.result
        );
        let asked = script.asked();
        let probed = asked.get(1).and_then(|asked| asked.header("Range"));
        assert_eq!(probed.is_some(), tag.starts_with("v6"), "{tag}");
    }
}

#[test]
fn a_head_without_a_length_selects_nothing() {
    let image = image("1.1.0").bytes;
    for (tag, failure) in [
        ("v4.4.8", Failure::NotSelected),
        ("v5.5.5", Failure::NotSelected),
        (
            "v6.1",
            EspErr::Fail.because("Failed to get image length from http response"),
        ),
    ] {
        let served = image.clone();
        let script = Script::plain(move |asked, _| {
            if asked.line().starts_with("HEAD") {
                return Reply::new(&["HTTP/1.1 200 OK"], b"");
            }
            Reply::image(&served)
        });
        let update = fetch(&script, tag, "/", |config| {
            config.mode = Mode::Parts;
            config.describes = true;
        });
        assert_eq!(update.result, Err(failure), "{tag}");
    }
}
