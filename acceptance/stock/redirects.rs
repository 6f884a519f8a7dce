//! How the stock client follows redirects, against scripted servers.

use std::time::Duration;

use super::{
    script::{Asked, Reply, Script},
    wire::{fetch, without_tls},
};
use crate::{
    esp_idf::{Config, EspErr, Failure, Mode, Release, lines, update},
    harness::image,
};

/// A server that sends each request for `/a` to a place, and has an image everywhere else.
fn sends_to(location: impl Fn() -> String + Send + Sync + 'static) -> Script {
    let served = image("1.1.0").bytes;
    Script::plain(move |asked, _| {
        if asked.line().contains(" /a ") {
            return Reply::redirect(302, &location());
        }
        Reply::part(&served, &asked.bytes)
    })
}

#[test]
fn statuses_that_are_followed_differ_by_release() {
    let followed = |tag: &str, status: u16| {
        let served = image("1.1.0").bytes;
        let script = Script::plain(move |asked, _| {
            if asked.line().contains(" /a ") {
                return Reply::redirect(status, "/b");
            }
            Reply::image(&served)
        });
        fetch(&script, tag, "/a", |_| ()).result.is_ok()
    };
    for (tag, all) in [
        ("v4.2.5", false),
        ("v4.3.2", false),
        ("v4.3.3", true),
        ("v4.4.1", false),
        ("v4.4.2", true),
        ("v5.0", true),
        ("v5.5.5", true),
        ("v6.2", true),
    ] {
        for status in [301, 302, 307] {
            assert!(followed(tag, status), "{tag} {status}");
        }
        for status in [303, 308] {
            assert_eq!(followed(tag, status), all, "{tag} {status}");
        }
    }
}

#[test]
fn the_url_is_replaced_for_good_and_the_method_stays() {
    for tag in ["v4.4.2", "v5.5.5", "v6.2"] {
        let script = sends_to(|| "/b?key=1".to_owned());
        let update = fetch(&script, tag, "/a", |config| {
            config.mode = Mode::Parts;
            config.describes = true;
        });
        assert_eq!(update.result, Ok(()), "{tag}");
        let asked = script.asked();
        let lines: Vec<_> = asked.iter().map(Asked::line).collect();
        // The HEAD is redirected, and from then on nobody asks for `/a` again.
        let mut wanted = vec!["HEAD /a HTTP/1.1", "HEAD /b?key=1 HTTP/1.1"];
        wanted.extend(["GET /b?key=1 HTTP/1.1"; 4]);
        assert_eq!(lines, wanted, "{tag}");
    }
}

#[test]
fn the_host_header_is_stale_after_another_port_and_bare_after_another_name() {
    for tag in ["v4.2", "v4.4.2", "v5.5.5", "v6.2"] {
        let served = image("1.1.0").bytes;
        let last = Script::plain(move |_, _| Reply::image(&served));
        for host in ["localhost", "LOCALHOST", "images.example"] {
            let before = last.asked().len();
            let location = format!("http://{host}:{}/b", last.port);
            let first = sends_to(move || location.clone());
            let update = fetch(&first, tag, "/a", |_| ());
            assert_eq!(update.result, Ok(()), "{tag} {host}");
            let wanted = match (host, tag) {
                ("images.example", _) => host.to_owned(),
                (_, "v4.2") => "localhost".to_owned(),
                _ => format!("localhost:{}", first.port),
            };
            let asked = &last.asked()[before];
            assert_eq!(asked.header("Host"), Some(&*wanted), "{tag} {host}");
        }
    }
}

#[test]
fn headers_go_along_to_the_other_host() {
    for (tag, authorization) in [
        ("v4.4.8", true),
        ("v5.5.5", true),
        ("v6.1", true),
        ("v6.2", false),
    ] {
        let served = image("1.1.0").bytes;
        let length = format!("Content-Length: {}", served.len());
        let store = Script::plain(move |asked, _| Reply::part(&served, &asked.bytes));
        let location = format!("http://store.example:{}/b", store.port);
        // HEAD is answered by the first server, as ours does.
        let first = Script::plain(move |asked, _| match asked.line() {
            "HEAD /a HTTP/1.1" => Reply::new(&["HTTP/1.1 200 X", &length], b""),
            _ => Reply::redirect(302, &location),
        });
        let update = fetch(&first, tag, "/a", |config| {
            config.mode = Mode::Parts;
            config.describes = true;
            config.headers = vec![
                ("Authorization".to_owned(), "Bearer 7".to_owned()),
                ("X-Serial".to_owned(), "12".to_owned()),
            ];
        });
        assert_eq!(update.result, Ok(()), "{tag}");
        let asked = &store.asked()[0];
        assert_eq!(asked.header("Range"), Some("bytes=0-65535"), "{tag}");
        assert_eq!(asked.header("X-Serial"), Some("12"), "{tag}");
        let sent = asked.header("Authorization").is_some();
        assert_eq!(sent, authorization, "{tag}");
    }
}

#[test]
fn a_relative_or_plain_location_is_followed_from_https_in_some_releases_only() {
    for (tag, follows) in [
        ("v4.2", true),
        ("v5.5.4", true),
        ("v5.5.5", false),
        ("v6.0.2", true),
        ("v6.0.3", false),
        ("v6.1", false),
    ] {
        let release = Release::named(tag);
        for location in ["/b", "https://localhost:PORT/b", "http://localhost:PORT/b"] {
            let served = image("1.1.0").bytes;
            let script = Script::tls(move |asked, _| {
                if asked.line().contains(" /a ") {
                    let here = asked.header("X-Port").unwrap_or_default();
                    return Reply::redirect(302, &location.replace("PORT", here));
                }
                Reply::image(&served)
            });
            let tls = script.trusted(release);
            let mut config = Config::new(release, &tls, script.url("/a"));
            config.headers = vec![("X-Port".to_owned(), script.port.to_string())];
            // v4.2 sends no headers of its own.
            if tag == "v4.2" && location != "/b" {
                continue;
            }
            let result = update(&config).result;
            // To the same host and port, `http` goes over the connection that is there: TLS.
            if follows || location.starts_with("https:") {
                assert_eq!(result, Ok(()), "{tag} {location}");
            } else {
                let err = result.unwrap_err().err();
                assert_eq!(err, Some(EspErr::HttpRedirectDowngrade), "{tag} {location}");
            }
        }
    }
}

#[test]
fn what_began_without_tls_stays_so_from_v6_0_2_on() {
    for (tag, stays) in [
        ("v5.5.5", false),
        ("v6.0.1", false),
        ("v6.0.2", true),
        ("v6.2", true),
    ] {
        let served = image("1.1.0").bytes;
        let last = Script::plain(move |_, _| Reply::image(&served));
        let location = format!("https://localhost:{}/b", last.port);
        let first = sends_to(move || location.clone());
        let result = fetch(&first, tag, "/a", |config| {
            config.timeout = Duration::from_secs(2);
        })
        .result;
        assert_eq!(result.is_ok(), stays, "{tag}: {result:?}");
        if let Err(failure) = result {
            assert_eq!(failure.err(), Some(EspErr::HttpConnect), "{tag}: {failure}");
        }
    }
}

#[test]
fn a_redirect_loop_never_ends_but_for_head() {
    for tag in ["v4.2", "v5.5.5", "v6.2"] {
        let script = Script::plain(|_, _| Reply::redirect(302, "/a"));
        let update = fetch(&script, tag, "/a", |_| ());
        assert_eq!(update.result, Err(Failure::LoopsForEver), "{tag}");
    }
    for tag in ["v4.4.2", "v5.5.5", "v6.2"] {
        let script = Script::plain(|_, _| Reply::redirect(302, "/a"));
        let update = fetch(&script, tag, "/a", |config| config.mode = Mode::Parts);
        let err = update.result.unwrap_err().err();
        assert_eq!(err, Some(EspErr::HttpMaxRedirect), "{tag}");
        assert_eq!(script.asked().len(), 11, "{tag}");
    }
}

#[test]
fn a_second_location_is_appended_to_the_first_in_some_releases() {
    for (tag, good) in [
        ("v4.2.2", true),
        ("v4.2.3", false),
        ("v4.3.2", false),
        ("v4.3.3", true),
        ("v4.4.1", false),
        ("v4.4.2", true),
        ("v5.5.5", true),
    ] {
        let served = image("1.1.0").bytes;
        let script = Script::plain(move |asked, _| match asked.line() {
            "GET /a HTTP/1.1" => Reply::redirect(302, "/b"),
            "GET /b HTTP/1.1" => Reply::redirect(302, "/c"),
            "GET /c HTTP/1.1" => Reply::image(&served),
            _ => Reply::status(404),
        });
        let update = fetch(&script, tag, "/a", |_| ());
        assert_eq!(update.result.is_ok(), good, "{tag}: {:?}", update.result);
        let last = if good {
            "GET /c HTTP/1.1"
        } else {
            "GET /b/c HTTP/1.1"
        };
        assert_eq!(script.asked()[2].line(), last, "{tag}");
    }
}

#[test]
fn a_location_is_cut_where_a_read_of_512_bytes_ends_in_some_releases() {
    for (tag, cut) in [
        ("v4.2.2", true),
        ("v4.2.3", false),
        ("v4.3", true),
        ("v4.4.6", false),
        ("v4.4.7", true),
        ("v4.4.8", false),
        ("v5.0.6", true),
        ("v5.1.2", true),
        ("v5.1.4", false),
        ("v5.2.1", true),
        ("v5.2.2", false),
        ("v5.5.5", false),
    ] {
        for (buffer, within) in [(0, false), (2048, true)] {
            let served = image("1.1.0").bytes;
            let script = Script::plain(move |asked, _| {
                if asked.line().starts_with("GET /a ") {
                    return Reply::redirect(302, &format!("/b?{}", "x".repeat(600)));
                }
                Reply::image(&served)
            });
            let update = fetch(&script, tag, "/a", |config| {
                config.buffer_size = buffer;
                config.buffer_size_tx = 2048;
            });
            assert_eq!(update.result, Ok(()), "{tag}");
            let asked = script.asked();
            let path = asked[1].line().split(' ').nth(1).unwrap();
            let head = "HTTP/1.1 302 X\r\nLocation: ".len();
            let wanted = if cut && !within { 512 - head } else { 603 };
            assert_eq!(path.len(), wanted, "{tag} {buffer}");
        }
    }
}

#[test]
fn a_redirect_to_nowhere_ends_every_release_before_anything_is_erased() {
    for line in lines() {
        let script = Script::plain(|_, _| Reply::status(302));
        let tls = without_tls(line.first);
        let update = update(&Config::new(line.first, &tls, script.url("/a")));
        let failure = update.result.unwrap_err();
        assert_eq!(failure.err(), Some(EspErr::InvalidArg), "{line}: {failure}");
        assert!(!update.slot.erased, "{line}");
        assert_eq!(script.asked().len(), 1, "{line}");
    }
}

#[test]
fn a_head_that_is_redirected_to_nowhere_is_asked_again_or_restarts_the_device() {
    for (tag, requests) in [("v4.4.8", 11), ("v5.0", 11), ("v5.0.2", 1), ("v5.5.5", 1)] {
        let script = Script::plain(|_, _| Reply::status(302));
        let update = fetch(&script, tag, "/a", |config| config.mode = Mode::Parts);
        assert!(update.result.unwrap_err().err().is_some(), "{tag}");
        assert_eq!(script.asked().len(), requests, "{tag}");
    }
    let script = Script::plain(|_, _| Reply::status(302));
    let update = fetch(&script, "v5.0.1", "/a", |config| config.mode = Mode::Parts);
    let failure = update.result.unwrap_err();
    assert!(matches!(failure, Failure::Aborts(_)), "{failure}");
}

#[test]
fn what_is_left_of_a_redirect_is_read_before_the_next_request() {
    for tag in ["v4.2", "v5.5.5", "v6.0", "v6.2"] {
        let served = image("1.1.0").bytes;
        let script = Script::plain(move |asked, _| {
            if asked.line().contains(" /a ") {
                let head = ["HTTP/1.1 302 X", "Location: /b", "Content-Length: 700"];
                return Reply::new(&head, &[b'x'; 700]);
            }
            Reply::image(&served)
        });
        let update = fetch(&script, tag, "/a", |_| ());
        assert_eq!(update.result, Ok(()), "{tag}");
        let asked = script.asked();
        // Over the same connection, but where each request opens its own.
        let second = usize::from(tag == "v6.0");
        assert_eq!(asked[1].connection, second, "{tag}");
    }
}
