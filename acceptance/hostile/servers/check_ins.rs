//! What our server's owner may answer to a check-in.

use std::io;

use super::{
    Attack,
    Attacker::Server,
    CHECK_IN_WAITED_FOR, attack,
    scene::{Scene, now},
    wire::{Tls, answer, at_check_in, flood, reply, send, silence},
};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        evil(
            "a check-in answered with 1 MB",
            "the device's memory",
            |_, tls| answer(tls, "200 OK", "", &vec![0; 1 << 20]),
        ),
        evil(
            "a check-in answered with no CBOR",
            "a crash in the reader of messages",
            |_, tls| answer(tls, "200 OK", "", b"{\"time\": 1900000000}"),
        ),
        evil(
            "arrays in arrays, a thousand deep",
            "the device's stack",
            |_, tls| answer(tls, "200 OK", "", &[0x81; 1000]),
        ),
        evil(
            "a map of indefinite length",
            "two readings of one message",
            |_, tls| {
                // {_ 0: 1, 1: 1900000000, 2: 600}
                answer(
                    tls,
                    "200 OK",
                    "",
                    b"\xbf\0\x01\x01\x1a\x71\x3f\xb3\0\x02\x19\x02\x58\xff",
                )
            },
        ),
        evil(
            "a check-in answer that is shorter than promised",
            "a message of the buffer's old bytes",
            |_, tls| {
                let reply = reply(now(), None);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                    reply.len() + 1
                );
                send(tls, &[head.as_bytes(), &reply].concat())
            },
        ),
        evil(
            "a check-in answer that is longer than promised",
            "bytes that the next reader takes for his",
            |_, tls| {
                let reply = reply(now(), None);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", reply.len());
                send(tls, &[head.as_bytes(), &reply, &[0; 4096]].concat())
            },
        ),
        evil(
            "a check-in answered without end",
            "a device that is kept awake",
            |_, tls| {
                send(tls, b"HTTP/1.1 200 OK\r\n\r\n")?;
                flood(tls, &[0; 4096])
            },
        ),
        evil(
            "a chunked check-in answer without end",
            "two readings of one message",
            |_, tls| {
                send(
                    tls,
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                )?;
                flood(tls, b"1\r\n\0\r\n")
            },
        ),
        evil(
            "1xx answers without end",
            "a device that is kept awake",
            |_, tls| flood(tls, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        ),
        evil(
            "headers without end in a check-in answer",
            "the device's memory",
            |_, tls| {
                send(tls, b"HTTP/1.1 200 OK\r\n")?;
                flood(tls, b"X-And-One-More: yes\r\n")
            },
        ),
        evil(
            "one header without end in a check-in answer",
            "the device's memory",
            |_, tls| {
                send(tls, b"HTTP/1.1 200 OK\r\nX: ")?;
                flood(tls, &[b'x'; 1024])
            },
        ),
        evil(
            "silence in place of a check-in answer",
            "a device that waits for ever",
            |scene, tls| silence(scene, &mut tls.sock),
        )
        .within(CHECK_IN_WAITED_FOR),
        evil(
            "a check-in that is redirected",
            "a device that checks in elsewhere",
            |scene, tls| {
                let location = format!("Location: {}\r\n", scene.url("/v1/checkin"));
                answer(tls, "307 Temporary Redirect", &location, b"")
            },
        ),
        evil(
            "503 with a Retry-After of 136 years",
            "a device that never comes again",
            |_, tls| {
                answer(
                    tls,
                    "503 Service Unavailable",
                    "Retry-After: 4294967295\r\n",
                    b"",
                )
            },
        ),
        evil(
            "403 to each check-in",
            "a device that gives its server up",
            |_, tls| answer(tls, "403 Forbidden", "", b""),
        ),
    ]
}

fn evil(
    name: &'static str,
    wins: &'static str,
    answer: impl Fn(&Scene, &mut Tls) -> io::Result<()> + Send + Sync + 'static,
) -> Attack {
    attack(name, Server, wins, at_check_in(answer))
}
