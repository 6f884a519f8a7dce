//! TLS and HTTP as a server speaks them that need not keep to either.

use std::{
    io::{self, Read as _, Write},
    net::TcpStream,
    sync::Arc,
    thread,
    time::Duration,
};

use countersign_protocol::{CheckInReply, CoSignatures, MAX_REPLY, Offer, OfferId, UnixTime};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{
    Script,
    scene::{Scene, now},
};

/// A connection on which TLS stands.
pub(crate) type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A request of the device.
pub(crate) struct Ask {
    /// Path and query.
    pub(crate) target: String,
    /// The bytes that it wants, where it wants bytes: the first and the last.
    pub(crate) range: Option<(usize, usize)>,
}

/// What becomes of a connection.
pub(super) enum Next {
    Keep,
    Close,
}

/// A script that speaks TLS with our server's key and answers requests.
pub(super) fn script(
    answer: impl Fn(&Scene, &Ask, &mut Tls) -> io::Result<Next> + Send + Sync + 'static,
) -> Script {
    Box::new(move |scene, tcp| {
        let mut tls = shake_hands(scene.tls(), tcp)?;
        loop {
            let ask = read(&mut tls)?;
            if let Next::Close = answer(scene, &ask, &mut tls)? {
                return close(tls);
            }
        }
    })
}

/// A script that is honest in all, by somebody who is not our server.
pub(super) fn impostor(how: &'static str) -> Script {
    Box::new(move |scene, tcp| {
        let mut tls = shake_hands(scene.impostor(how), tcp)?;
        loop {
            let ask = read(&mut tls)?;
            if let Next::Close = honest(scene, &ask, &mut tls)? {
                return close(tls);
            }
        }
    })
}

/// A script that is honest in all but its answer to the check-in.
pub(super) fn at_check_in(
    evil: impl Fn(&Scene, &mut Tls) -> io::Result<()> + Send + Sync + 'static,
) -> Script {
    script(move |scene, ask, tls| {
        if ask.target != CHECK_IN {
            return honest(scene, ask, tls);
        }
        scene.checked_in();
        evil(scene, tls)?;
        Ok(Next::Close)
    })
}

/// A script that is honest in all but its answers to the requests for the image, which come with their number.
pub(super) fn at_image(
    evil: impl Fn(&Scene, usize, (usize, usize), &mut Tls) -> io::Result<Next> + Send + Sync + 'static,
) -> Script {
    script(move |scene, ask, tls| match ask.range {
        Some(range) => evil(scene, scene.asked(), range, tls),
        None => honest(scene, ask, tls),
    })
}

/// Does what our server would: offers the release at this server, and gives its bytes.
pub(super) fn honest(scene: &Scene, ask: &Ask, tls: &mut Tls) -> io::Result<Next> {
    if let Some(range) = ask.range {
        bytes(scene, range, tls)?;
        return Ok(Next::Keep);
    }
    if ask.target == CHECK_IN {
        scene.checked_in();
        let url = scene.url("/image");
        let reply = reply(now(), Some((1, &scene.release().manifest, &url)));
        answer(tls, "200 OK", "", &reply)?;
    } else {
        answer(tls, "204 No Content", "", b"")?;
    }
    Ok(Next::Close)
}

/// The bytes of the image that were asked for.
pub(super) fn bytes(scene: &Scene, range: (usize, usize), tls: &mut Tls) -> io::Result<()> {
    let (head, body) = part(scene, range);
    send(tls, &[head.as_bytes(), &body].concat())
}

/// Head and body of the honest answer to a request for bytes of the image.
pub(super) fn part(scene: &Scene, range: (usize, usize)) -> (String, Vec<u8>) {
    part_of(&scene.release().image, range)
}

/// The same for an image.
pub(crate) fn part_of(image: &[u8], (first, last): (usize, usize)) -> (String, Vec<u8>) {
    let body = image[first..=last].to_vec();
    let whole = image.len();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\n\
         Content-Range: bytes {first}-{last}/{whole}\r\nETag: \"one\"\r\n\r\n"
    );
    (head, body)
}

/// A check-in reply: the time, and an offer's number, manifest and URL.
pub(crate) fn reply(time: u64, offer: Option<(u8, &[u8], &str)>) -> Vec<u8> {
    let mut bytes = vec![0; MAX_REPLY];
    let reply = CheckInReply {
        time: UnixTime(time),
        next_check_in_s: 60,
        offer: offer.map(|(number, manifest, url)| Offer {
            id: OfferId([number; 16]),
            manifest,
            url,
            co_signatures: CoSignatures::NONE,
        }),
        authors: None,
    };
    let length = reply.encode(&mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

/// An answer with a length; `more` is header lines, each with its end.
pub(crate) fn answer(tls: &mut Tls, status: &str, more: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{more}Content-Length: {length}\r\n\r\n");
    send(tls, &[head.as_bytes(), body].concat())
}

/// Sends bytes at once.
pub(crate) fn send(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(bytes)?;
    out.flush()
}

/// Sends the same bytes until the device hangs up.
pub(super) fn flood(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    loop {
        send(out, bytes)?;
    }
}

/// Sends byte by byte, and has a second of the device's time pass before each.
pub(super) fn drip(
    scene: &Scene,
    out: &mut impl Write,
    bytes: impl IntoIterator<Item = u8>,
) -> io::Result<()> {
    for byte in bytes {
        send(out, &[byte])?;
        thread::sleep(SECOND);
        scene.time().skip(Duration::from_secs(1));
    }
    Ok(())
}

/// Says nothing until the device hangs up; its time passes as if it were dripped upon.
pub(super) fn silence(scene: &Scene, tcp: &mut TcpStream) -> io::Result<()> {
    tcp.set_read_timeout(Some(SECOND))?;
    loop {
        match tcp.read(&mut [0; 1024]) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            _ => scene.time().skip(Duration::from_secs(1)),
        }
    }
}

/// Ends the connection as a host does that lost its power: by a reset.
pub(super) fn reset(tcp: TcpStream) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _entered = runtime.enter();
    tcp.set_nonblocking(true)?;
    tokio::net::TcpStream::from_std(tcp)?.set_zero_linger()
}

/// Completes a handshake with a server's key.
pub(crate) fn shake_hands(server: Arc<ServerConfig>, tcp: TcpStream) -> io::Result<Tls> {
    let connection = ServerConnection::new(server).map_err(io::Error::other)?;
    let mut tls = Tls::new(connection, tcp);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock)?;
    }
    Ok(tls)
}

/// Reads a request.
pub(crate) fn read(tls: &mut Tls) -> io::Result<Ask> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        tls.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let header = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| line.strip_prefix(name).map(str::to_owned))
    };
    let length = header("Content-Length: ").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    tls.read_exact(&mut body)?;
    let range = header("Range: bytes=").map(|range| {
        let (first, last) = range.split_once('-').unwrap();
        (first.parse().unwrap(), last.parse().unwrap())
    });
    let target = head.split(' ').nth(1).unwrap().to_owned();
    Ok(Ask { target, range })
}

fn close(mut tls: Tls) -> io::Result<()> {
    tls.conn.send_close_notify();
    tls.flush()
}

/// How long a second of the device's takes when somebody has it pass. The device, on the same computer and perhaps
/// busy, must be there to see it.
const SECOND: Duration = Duration::from_millis(8);

/// Where a device checks in.
pub(crate) const CHECK_IN: &str = "/v1/checkin";
