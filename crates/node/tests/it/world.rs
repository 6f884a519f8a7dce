//! Everything that the device can reach: a server, its store, and how they misbehave.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use countersign_node::{Link, LinkError, Peer};
use countersign_protocol::{
    CheckIn, CheckInReply, CoSignatures, Digest, Offer, OfferId, Outcome, Reason, SignedRelease,
    UnixTime,
};
use embedded_io_async::{ErrorType, Read, Write};

use crate::device::Uptime;

#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<Inner>>);

/// What a check-in said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) version: String,
    pub(crate) image: Option<Digest>,
    pub(crate) counter: u64,
    pub(crate) slot: u8,
    pub(crate) state: countersign_protocol::SlotState,
    pub(crate) authors: Option<u32>,
}

/// A request for bytes of an image.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    pub(crate) peer: Peer,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) target: String,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

type OnCheckIn = Box<dyn FnMut(&mut Inner) + Send>;
type Serve = Box<dyn FnMut(&Ask, &[u8]) -> Answer + Send>;

pub(crate) struct Inner {
    pub(crate) time: u64,
    pub(crate) next_check_in_s: u32,
    /// The server's certificate's end: to a device that knows of a later time it cannot prove itself.
    pub(crate) ends: UnixTime,
    /// Offer id, manifest, URL.
    pub(crate) offer: Option<(OfferId, Vec<u8>, String)>,
    /// What follows the manifest in the release's file.
    pub(crate) co_signatures: Vec<u8>,
    /// The signed successors of set 0, 1, ...
    pub(crate) successors: Vec<Vec<u8>>,
    /// A reply instead of the server's own.
    pub(crate) check_in: Option<Vec<u8>>,
    pub(crate) report: Option<Vec<u8>>,
    /// Called before a check-in is answered.
    pub(crate) on_check_in: Option<OnCheckIn>,
    /// A clock, and how far it goes on with every read.
    pub(crate) drip: Option<(Uptime, u64)>,
    pub(crate) image: Vec<u8>,
    pub(crate) serve: Serve,
    /// What `connect` meets, by host.
    pub(crate) unreachable: Vec<(String, LinkError)>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) asked: Vec<Ask>,
    pub(crate) reports: Vec<(OfferId, Outcome, Option<Reason>)>,
    pub(crate) connections: Vec<(Peer, String, u16, UnixTime)>,
}

/// What goes over the wire, and whether the connection then ends.
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: bool,
}

impl Answer {
    pub(crate) fn open(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            ends: false,
        }
    }

    pub(crate) fn ends(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            ends: true,
        }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Inner {
            time: 1_800_000_000,
            next_check_in_s: 600,
            ends: UnixTime(1_900_000_000),
            offer: None,
            co_signatures: Vec::new(),
            successors: Vec::new(),
            check_in: None,
            report: None,
            on_check_in: None,
            drip: None,
            image: Vec::new(),
            serve: Box::new(honest),
            unreachable: Vec::new(),
            seen: Vec::new(),
            asked: Vec::new(),
            reports: Vec::new(),
            connections: Vec::new(),
        })))
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Offers an image under a manifest; the id is the image's first digest bytes and the counter.
    pub(crate) fn offer(&self, id: u8, manifest: Vec<u8>, image: &[u8]) -> OfferId {
        let id = OfferId([id; 16]);
        let mut inner = self.inner();
        inner.offer = Some((id, manifest, URL.to_owned()));
        inner.co_signatures.clear();
        inner.image = image.to_vec();
        id
    }

    /// Offers an image under a release's file.
    pub(crate) fn offer_release(&self, id: u8, release: &[u8], image: &[u8]) -> OfferId {
        let parsed = SignedRelease::parse(release).unwrap();
        let id = self.offer(id, parsed.manifest_bytes().to_vec(), image);
        self.inner().co_signatures = parsed.others().as_bytes().to_vec();
        id
    }

    pub(crate) fn serve(&self, serve: impl FnMut(&Ask, &[u8]) -> Answer + Send + 'static) {
        self.inner().serve = Box::new(serve);
    }
}

pub(crate) const URL: &str = "https://ota.example:8445/images/1?sig=x";

/// A server that does what it should.
pub(crate) fn honest(ask: &Ask, image: &[u8]) -> Answer {
    let last = ask.last.min(image.len() - 1);
    let body = &image[ask.first..=last];
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {}-{last}/{}\r\nETag: \"e1\"\r\n\r\n",
        body.len(),
        ask.first,
        image.len()
    );
    Answer::open([head.as_bytes(), body].concat())
}

/// An answer without a body.
pub(crate) fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

impl Inner {
    fn answer(&mut self, peer: Peer, host: &str, port: u16, request: &[u8]) -> Answer {
        let end = request
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        let head = std::str::from_utf8(&request[..end]).unwrap();
        let body = &request[end..];
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        match (method, target) {
            ("POST", "/v1/checkin") => Answer::ends(self.checked_in(body)),
            ("POST", "/v1/report") => {
                if let Some(answer) = &self.report {
                    return Answer::ends(answer.clone());
                }
                let report = countersign_protocol::Report::decode(body).unwrap();
                self.reports
                    .push((report.offer, report.outcome, report.reason));
                Answer::ends("HTTP/1.1 204 No Content\r\n\r\n")
            }
            ("GET", _) => {
                let range = head
                    .split("Range: bytes=")
                    .nth(1)
                    .unwrap()
                    .split("\r\n")
                    .next()
                    .unwrap();
                let (first, last) = range.split_once('-').unwrap();
                let ask = Ask {
                    peer,
                    host: host.to_owned(),
                    port,
                    target: target.to_owned(),
                    first: first.parse().unwrap(),
                    last: last.parse().unwrap(),
                };
                let answer = (self.serve)(&ask, &self.image);
                self.asked.push(ask);
                answer
            }
            other => panic!("{other:?}"),
        }
    }

    fn checked_in(&mut self, body: &[u8]) -> Vec<u8> {
        let said = CheckIn::decode(body).unwrap();
        self.seen.push(Seen {
            version: said.version.to_owned(),
            image: said.image,
            counter: said.counter,
            slot: said.slot,
            state: said.state,
            authors: said.authors,
        });
        if let Some(mut act) = self.on_check_in.take() {
            act(self);
            self.on_check_in = Some(act);
        }
        if let Some(answer) = &self.check_in {
            return answer.clone();
        }
        let offer = self
            .offer
            .as_ref()
            .filter(|_| said.image != Some(digest_of(&self.image)));
        let reply = CheckInReply {
            time: UnixTime(self.time),
            next_check_in_s: self.next_check_in_s,
            offer: offer.map(|(id, manifest, url)| Offer {
                id: *id,
                manifest,
                url,
                co_signatures: CoSignatures::parse(&self.co_signatures).unwrap(),
            }),
            authors: said
                .authors
                .and_then(|of| self.successors.get(usize::try_from(of).unwrap()))
                .map(Vec::as_slice),
        };
        let mut bytes = [0; 4096];
        let len = reply.encode(&mut bytes).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n");
        [head.as_bytes(), &bytes[..len]].concat()
    }
}

fn digest_of(image: &[u8]) -> Digest {
    Digest(crate::author::sha256(image))
}

pub(crate) struct Connection {
    world: World,
    peer: Peer,
    host: String,
    port: u16,
    request: Vec<u8>,
    answer: VecDeque<u8>,
    ended: bool,
}

impl Link for World {
    type Connection<'a> = Connection;

    async fn connect(
        &mut self,
        peer: Peer,
        host: &str,
        port: u16,
        floor: UnixTime,
    ) -> Result<Connection, LinkError> {
        let mut inner = self.inner();
        inner.connections.push((peer, host.to_owned(), port, floor));
        if let Some((_, error)) = inner.unreachable.iter().find(|(name, _)| name == host) {
            return Err(*error);
        }
        if peer == Peer::Server && floor > inner.ends {
            return Err(LinkError::Untrusted);
        }
        Ok(Connection {
            world: self.clone(),
            peer,
            host: host.to_owned(),
            port,
            request: Vec::new(),
            answer: VecDeque::new(),
            ended: false,
        })
    }
}

impl ErrorType for Connection {
    type Error = LinkError;
}

impl Read for Connection {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, LinkError> {
        let drip = self.world.inner().drip.clone();
        if let Some((clock, ms)) = drip {
            clock.pass(ms).await;
        }
        // Odd pieces, so that heads and sectors come apart.
        let len = self.answer.len().min(into.len()).min(997);
        if len == 0 && !self.ended {
            return Err(LinkError::TimedOut);
        }
        for (byte, sent) in into.iter_mut().zip(self.answer.drain(..len)) {
            *byte = sent;
        }
        Ok(len)
    }
}

impl Write for Connection {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, LinkError> {
        if self.ended {
            return Err(LinkError::Broken);
        }
        self.request.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), LinkError> {
        let request = std::mem::take(&mut self.request);
        let answer = self
            .world
            .inner()
            .answer(self.peer, &self.host, self.port, &request);
        self.answer.extend(answer.bytes);
        self.ended = answer.ends;
        Ok(())
    }
}
