//! Answers to a request for bytes of the image that are not those bytes.

use super::{
    Attack,
    Attacker::Store,
    Budget, NINE_TRIES, ONE_ANSWER, attack,
    wire::{Next, at_image, bytes, flood, part, send},
};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        lies(
            "a download that never ends",
            "the device's flash, or its time",
            |(first, last), whole| head(u64::MAX, first, last, whole),
        ),
        lies(
            "a Content-Length that is too small",
            "an image with a hole",
            |(first, last), whole| head(4095, first, last, whole),
        ),
        lies(
            "no Content-Length",
            "bytes until he ends",
            |(first, last), whole| {
                format!("HTTP/1.1 206 P\r\nContent-Range: bytes {first}-{last}/{whole}\r\n\r\n")
            },
        ),
        lies(
            "an image in chunks without end",
            "bytes until he ends",
            |(first, last), whole| {
                let range = format!("Content-Range: bytes {first}-{last}/{whole}");
                format!("HTTP/1.1 206 P\r\nTransfer-Encoding: chunked\r\n{range}\r\n\r\n")
            },
        ),
        lies(
            "headers without end in an image's answer",
            "the device's memory",
            |_, _| "HTTP/1.1 206 P\r\n".to_owned() + &"X: y\r\n".repeat(2000),
        ),
        lies(
            "a Content-Range at another offset",
            "an image put together in another order",
            |(first, last), whole| head(length(first, last), first + 4096, last + 4096, whole),
        ),
        lies(
            "a Content-Range of another total",
            "an image of another length",
            |(first, last), whole| head(length(first, last), first, last, whole + 1),
        ),
        lies_from(
            1,
            "a Content-Range that overlaps what is there",
            "bytes that are written twice",
            |(first, last), whole| head(length(first - 4096, last), first - 4096, last, whole),
        ),
        lies_from(
            1,
            "200 with the whole image in mid-download",
            "its first bytes in the place of others",
            |_, whole| format!("HTTP/1.1 200 OK\r\nContent-Length: {whole}\r\n\r\n"),
        ),
        attack(
            "more bytes than promised, on a connection that stays",
            Store,
            "bytes that the next answer begins with",
            at_image(|scene, _, range, tls| {
                let (head, body) = part(scene, range);
                send(
                    tls,
                    &[head.as_bytes(), &body, b"HTTP/1.1 206 P\r\n"].concat(),
                )?;
                Ok(Next::Keep)
            }),
        )
        .within(ONE_ANSWER),
        attack(
            "the bytes of another release in mid-download",
            Store,
            "an image of two",
            at_image(|scene, number, range, tls| {
                let (head, body) = part(scene, range);
                let other = &scene.props().other.image;
                let body = if number == 0 {
                    &body
                } else {
                    &other[range.0..=range.1]
                };
                send(tls, &[head.as_bytes(), body].concat())?;
                Ok(Next::Keep)
            }),
        )
        .within(Budget {
            kib: 512,
            ..ONE_ANSWER
        }),
        attack(
            "another ETag with every range",
            Store,
            "a download that is begun for ever",
            at_image(|scene, number, range, tls| {
                let (head, body) = part(scene, range);
                let head = head.replace("\"one\"", &format!("\"{number}\""));
                send(tls, &[head.as_bytes(), &body].concat())?;
                Ok(Next::Keep)
            }),
        )
        .within(Budget {
            connections: 6,
            kib: 512,
            ..ONE_ANSWER
        }),
        attack(
            "a connection that ends after every range",
            Store,
            "a connection for every range",
            at_image(|scene, _, range, tls| {
                bytes(scene, range, tls)?;
                Ok(Next::Close)
            }),
        )
        .within(Budget {
            connections: 16,
            kib: 512,
            ..NINE_TRIES
        })
        .that_updates(),
    ]
}

/// Sends a head of his, and then bytes until the device hangs up.
fn lies(
    name: &'static str,
    wins: &'static str,
    head: impl Fn((usize, usize), usize) -> String + Send + Sync + 'static,
) -> Attack {
    lies_from(0, name, wins, head)
}

/// The same after so many honest answers.
fn lies_from(
    honest: usize,
    name: &'static str,
    wins: &'static str,
    head: impl Fn((usize, usize), usize) -> String + Send + Sync + 'static,
) -> Attack {
    let script = at_image(move |scene, number, range, tls| {
        if number < honest {
            bytes(scene, range, tls)?;
            return Ok(Next::Keep);
        }
        let head = head(range, scene.release().image.len());
        let (_, body) = part(scene, range);
        send(tls, head.as_bytes())?;
        flood(tls, &body)?;
        Ok(Next::Close)
    });
    attack(name, Store, wins, script).within(Budget {
        kib: 256,
        ..ONE_ANSWER
    })
}

fn head(length: u64, first: usize, last: usize, whole: usize) -> String {
    format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\n\
         Content-Range: bytes {first}-{last}/{whole}\r\n\r\n"
    )
}

fn length(first: usize, last: usize) -> u64 {
    u64::try_from(last - first + 1).unwrap()
}
