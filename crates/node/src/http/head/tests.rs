use std::format;

use super::*;

fn parse(text: &str) -> Result<Head<'_>, Fault> {
    Head::parse(text.as_bytes())
}

#[test]
fn reads_what_a_range_answer_says() {
    let head = parse(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\ncontent-range: bytes 5-14/90\r\nETag: \"x\"\r\n\r\n",
    )
    .unwrap();
    assert_eq!(head.status, 206);
    assert_eq!(head.length, Some(10));
    assert_eq!(
        head.range,
        Some(ContentRange {
            first: 5,
            last: 14,
            whole: 90
        })
    );
    assert_eq!(head.etag, Some(&b"\"x\""[..]));
    assert!(head.keeps);
}

#[test]
fn knows_when_the_connection_ends() {
    for (text, keeps) in [
        ("HTTP/1.1 200 OK\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\n\r\n", false),
    ] {
        assert_eq!(parse(text).unwrap().keeps, keeps, "{text}");
    }
}

#[test]
fn reads_seconds_and_no_date_after_which_to_retry() {
    for (value, seconds) in [
        ("120", Some(120)),
        ("Mon, 23 Nov 2026 00:00:00 GMT", None),
        ("-1", None),
    ] {
        let text = format!("HTTP/1.1 503 Busy\r\nRetry-After: {value}\r\n\r\n");
        assert_eq!(parse(&text).unwrap().retry_after_s, seconds, "{value}");
    }
}

#[test]
fn refuses_what_could_be_read_in_two_ways() {
    for headers in [
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: +1",
        "Content-Length: 1, 1",
        "Content-Length: ",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked",
        "Content-Encoding: gzip",
        "Content-Range: bytes */90",
        "Content-Range: bytes 0-1/*",
        "Content-Range: items 0-1/2",
        "Location: /a\r\nLocation: /b",
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
        assert_eq!(parse(&text), Err(Fault::Rules), "{headers}");
    }
    assert_eq!(parse("HTTP/1.1 100 Continue\r\n\r\n"), Err(Fault::Rules));
}

#[test]
fn no_bytes_make_it_panic() {
    let whole =
        b"HTTP/1.1 206 P\r\nContent-Length: 10\r\nContent-Range: bytes 5-14/90\r\nETag: x\r\n\
        Location: https://a/b\r\nRetry-After: 7\r\nConnection: close\r\n\r\n";
    assert!(Head::parse(whole).is_ok());
    for at in 0..whole.len() {
        let _ = Head::parse(&whole[..at]);
        for value in 0..=u8::MAX {
            let mut bytes = *whole;
            bytes[at] = value;
            let _ = Head::parse(&bytes);
        }
    }
    let mut random = 7_u32;
    for _ in 0..20_000 {
        let mut bytes = *whole;
        for byte in &mut bytes[9..] {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            if random.is_multiple_of(8) {
                *byte = random.to_le_bytes()[1];
            }
        }
        let _ = Head::parse(&bytes);
    }
}
