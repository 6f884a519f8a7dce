//! As much HTTP/1.1 as the node speaks (RFC 9110, RFC 9112): one request, one head, one body of known length.

use core::fmt::Write as _;

use embedded_io_async::{Read, Write};

use crate::LinkError;

mod bounded;
mod head;

pub(crate) use bounded::Bounded;
pub(crate) use head::Head;

/// A request, written in one piece so that it is one TLS record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'r> {
    pub(crate) host: &'r str,
    pub(crate) port: u16,
    pub(crate) target: &'r str,
    pub(crate) content: Content<'r>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'r> {
    /// `GET` of the bytes from the first to the last, both included, on a connection that shall stay.
    Range { first: u32, last: u32 },
    /// `POST` of one of the protocol's messages, on a connection that shall end.
    Message(&'r [u8]),
}

/// Why an exchange did not come to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// The connection failed.
    Link(LinkError),
    /// The peer's bytes break HTTP, or the bounds that we set.
    Rules,
}

impl From<LinkError> for Fault {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl Request<'_> {
    /// Sends the request and reads the head of the answer. `buffer` holds first the one, then the other.
    ///
    /// The buffer's length bounds the head: a peer that sends headers without end is told from one that does not.
    pub(crate) async fn exchange<'b, C>(
        &self,
        connection: &mut C,
        buffer: &'b mut [u8],
    ) -> Result<Head<'b>, Fault>
    where
        C: Read<Error = LinkError> + Write<Error = LinkError>,
    {
        let mut page = Page {
            buffer: &mut *buffer,
            len: 0,
        };
        self.write_to(&mut page).map_err(|_| Fault::Rules)?;
        let len = page.len;
        connection
            .write_all(buffer.get(..len).ok_or(Fault::Rules)?)
            .await?;
        connection.flush().await?;

        let mut filled = 0_usize;
        let end = loop {
            let room = buffer.get_mut(filled..).filter(|room| !room.is_empty());
            let read = connection.read(room.ok_or(Fault::Rules)?).await?;
            if read == 0 {
                return Err(Fault::Link(LinkError::Broken));
            }
            // The end can lie across two reads.
            let from = filled.saturating_sub(3);
            filled = filled.saturating_add(read);
            let fresh = buffer.get(from..filled).ok_or(Fault::Rules)?;
            if let Some(at) = fresh.windows(4).position(|four| four == b"\r\n\r\n") {
                break from.saturating_add(at).saturating_add(4);
            }
        };
        let received = buffer.get(..filled).ok_or(Fault::Rules)?;
        let (head, rest) = received.split_at_checked(end).ok_or(Fault::Rules)?;
        Head::parse(head, rest)
    }

    fn write_to(&self, page: &mut Page<'_>) -> core::fmt::Result {
        let (method, body) = match self.content {
            Content::Range { .. } => ("GET", None),
            Content::Message(body) => ("POST", Some(body)),
        };
        write!(
            page,
            "{method} {} HTTP/1.1\r\nHost: {}",
            self.target, self.host
        )?;
        if self.port != 443 {
            write!(page, ":{}", self.port)?;
        }
        write!(page, "\r\nUser-Agent: {USER_AGENT}\r\n")?;
        if let Content::Range { first, last } = self.content {
            write!(page, "Range: bytes={first}-{last}\r\n\r\n")?;
        }
        if let Some(body) = body {
            let media = countersign_protocol::MEDIA_TYPE;
            write!(page, "Content-Type: {media}\r\nAccept: {media}\r\n")?;
            write!(
                page,
                "Connection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            )?;
            page.put(body)?;
        }
        Ok(())
    }
}

/// Fills `into` with body bytes: those that came with the head first.
pub(crate) async fn read_body<C: Read<Error = LinkError>>(
    connection: &mut C,
    rest: &mut &[u8],
    into: &mut [u8],
) -> Result<(), Fault> {
    let early = rest.len().min(into.len());
    let (now, later) = rest.split_at_checked(early).ok_or(Fault::Rules)?;
    let (front, mut back) = into.split_at_mut_checked(early).ok_or(Fault::Rules)?;
    front.copy_from_slice(now);
    *rest = later;
    while !back.is_empty() {
        let read = connection.read(back).await?;
        if read == 0 {
            return Err(Fault::Link(LinkError::Broken));
        }
        back = back.get_mut(read..).ok_or(Fault::Rules)?;
    }
    Ok(())
}

/// A buffer being written to from its start.
struct Page<'p> {
    buffer: &'p mut [u8],
    len: usize,
}

impl Page<'_> {
    fn put(&mut self, bytes: &[u8]) -> core::fmt::Result {
        let end = self.len.saturating_add(bytes.len());
        let room = self.buffer.get_mut(self.len..end).ok_or(core::fmt::Error)?;
        room.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }
}

impl core::fmt::Write for Page<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.put(text.as_bytes())
    }
}

const USER_AGENT: &str = concat!("countersign-node/", env!("CARGO_PKG_VERSION"));
