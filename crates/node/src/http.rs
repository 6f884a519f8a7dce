//! As much HTTP/1.1 as the node speaks (RFC 9110, RFC 9112): one request, one head, one body of known length.

use core::{fmt::Write as _, ops::Range};

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
    /// Sends the request and reads the head of the answer. `buffer` holds first the one, then the other; of the body it
    /// has then what came with the head, in the range that is given.
    ///
    /// The buffer's length bounds the head: a peer that sends headers without end is told from one that does not.
    pub(crate) async fn exchange<'b, C>(
        &self,
        connection: &mut C,
        buffer: &'b mut [u8],
    ) -> Result<(Head<'b>, Range<usize>), Fault>
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
        let head = Head::parse(buffer.get(..end).ok_or(Fault::Rules)?)?;
        Ok((head, end..filled))
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

/// Fills the first `len` bytes of `buffer` with a body's: those that came with the head lie in it already, at `early`.
///
/// No more than that may have come with the head: the answer to the next request has not been asked for.
pub(crate) async fn read_body<C: Read<Error = LinkError>>(
    connection: &mut C,
    buffer: &mut [u8],
    early: Range<usize>,
    len: usize,
) -> Result<(), Fault> {
    let came = early.len();
    if buffer.get(early.clone()).is_none() {
        return Err(Fault::Rules);
    }
    buffer.copy_within(early, 0);
    let body = buffer.get_mut(..len).ok_or(Fault::Rules)?;
    let mut back = body.get_mut(came..).ok_or(Fault::Rules)?;
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
