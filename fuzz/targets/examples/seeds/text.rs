//! What is text: names, times, addresses, heads of answers, journals.

use std::fmt::Write as _;

use countersign_fleet_sqlite::journal::{Position, header};
use countersign_images::url::{UrlKey, sign};
use countersign_protocol::{Digest, UnixTime};

use crate::Seeds;

/// One or more of each kind of text.
pub(crate) fn seeds() -> Seeds {
    let text: [(&str, &str, &str); 35] = [
        ("build_time", "november", "Nov 23 2026\n03:06:07"),
        ("build_time", "leap", "Feb 29 2000\n23:59:59"),
        (
            "digests",
            "digest",
            "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF",
        ),
        ("digests", "offer", "00112233445566778899aabbccddeeff"),
        ("digests", "author", "2fc2558f359ae9ed"),
        ("fleet_list", "pins", PINS),
        ("fleet_list", "quoted", QUOTED),
        ("fleet_list", "mark", "\u{feff}fingerprint,id\nAB:CD,d1"),
        ("fleet_list", "err_cut", "id,pin\nd1,\"aa\n"),
        ("idf_release", "patch", "v5.5.1"),
        ("idf_release", "bare", "4.4"),
        ("idf_release", "dev", "v5.4-dev-2194-g1a2b3c4d5e-dirty"),
        ("names", "mac", "7cdfa1000001"),
        ("names", "mac_colons", "A4:CF:12:00:00:01"),
        ("names", "eui_64", "00-24-be-ff-ff-80-4f-f1"),
        ("names", "board", "board-7_rev.b"),
        ("names", "product", "thermostat-2"),
        (
            "node_address",
            "server",
            "https://ota.example:8445/d/x?e=1&k=k1&s=y",
        ),
        (
            "node_address",
            "store",
            "HTTPS://S3.example/key?X-Amz-Expires=60",
        ),
        ("node_answer", "whole", WHOLE),
        ("node_answer", "part", PART),
        (
            "node_answer",
            "redirect",
            "HTTP/1.1 302 Found\r\nLocation: https://s3.example/k\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "node_answer",
            "busy",
            "HTTP/1.0 503 Busy\r\nretry-after: 120\r\nconnection: keep-alive, Close\r\n\r\n",
        ),
        ("range", "part", "\x64\0\0\0\0\0\0\0bytes=0-99"),
        ("range", "from", "\0\0\x10\0\0\0\0\0bytes=4096-"),
        ("range", "last", "\x64\0\0\0\0\0\0\0bytes=-10"),
        ("range", "two", "\x64\0\0\0\0\0\0\0bytes=0-1,5-6"),
        ("server_url", "port", "https://ota.example.com:8443/"),
        ("server_url", "name", "https://ota.example.com"),
        ("server_url", "address", "https://127.0.0.1:1?x#y"),
        ("time", "utc", "2026-11-23T03:05:00Z"),
        ("time", "offset", "2026-11-23 05:05:00.25+02:00"),
        ("time", "leap_second", "2016-12-31T23:59:60Z"),
        ("time", "last", "9999-12-31T23:59:59Z"),
        ("time", "first", "1970-01-01T00:00:00Z"),
    ];
    let key = UrlKey::new("k1", [7; 32].into()).unwrap();
    let url = sign(&key, "", &Digest([0xAB; 32]), "d1", UnixTime(1_800_000_000));
    let url = url.trim_start_matches("/d/").as_bytes().to_vec();
    let mut seeds: Seeds = vec![("download_url", "signed", url)];
    let torn = format!("{}1700000009 revo", journal(&CHANGES[..2]));
    seeds.push(("journal", "empty", journal(&[]).into_bytes()));
    seeds.push(("journal", "changes", journal(&CHANGES).into_bytes()));
    seeds.push(("journal", "torn", torn.into_bytes()));
    seeds.extend(text.map(|(target, name, text)| (target, name, text.as_bytes().to_vec())));
    seeds
}

/// A journal with these changes.
fn journal(changes: &[&str]) -> String {
    let first = header(&[1; 16]);
    let mut at = Position::start(&first);
    let mut journal = format!("{first}\n");
    for fields in changes {
        at = at.after(fields);
        writeln!(journal, "{fields} {}", at.checksum).unwrap();
    }
    journal
}

/// A journal's lines without their checksums.
const CHANGES: [&str; 5] = [
    "1700000001 suspended d1 - 1111111111111111111111111111111111111111111111111111111111111111/5a01/\
     0707070707070707070707070707070707070707070707070707070707070707/1800000000 lent%20for%20a%20day",
    "1700000002 active d1 - - -",
    "1700000003 revoked acme/b7 0909090909090909090909090909090909090909090909090909090909090909 \
     2222222222222222222222222222222222222222222222222222222222222222/00/-/253402300799,\
     3333333333333333333333333333333333333333333333333333333333333333/c0ffee/-/0 %2D",
    "1700000004 retired A4:CF:12:00:00:01 - - ",
    "1700000005 certificate:superseded - - \
     4444444444444444444444444444444444444444444444444444444444444444/ab/-/1800000000 -",
];

const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.countersign+cbor\r\nContent-Length: 5\r\n\
                     Date: Mon, 23 Nov 2026 03:05:00 GMT\r\n\r\nhello";
const PART: &str = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4095/1048576\r\nContent-Length: 4096\r\n\
                    ETag: \"abc\"\r\nAccept-Ranges: bytes\r\n\r\n";

const PINS: &str = "id,pin,product\r\nboard-7,0909090909090909090909090909090909090909090909090909090909090909,demo\r\n\r\n\
                    board-8,0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A,\r\n";
const QUOTED: &str = "Certificate, ID\n\"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\",\
                      \"say \"\"7\"\"\"\nBBBB,\n";
