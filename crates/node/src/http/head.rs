//! The head of an answer: what the node wants to know of it, and nothing else.

use super::Fault;

/// The head of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Head<'b> {
    /// The status code.
    pub(crate) status: u16,
    /// `Content-Length`. The node reads no body that has none.
    pub(crate) length: Option<u64>,
    /// `Content-Range`, where it is one of bytes with a known whole.
    pub(crate) range: Option<ContentRange>,
    /// `ETag`, quotes and all.
    pub(crate) etag: Option<&'b [u8]>,
    /// `Location`.
    pub(crate) location: Option<&'b str>,
    /// `Retry-After`, in seconds; a date is not read, as the node has no clock that it would trust with one.
    pub(crate) retry_after_s: Option<u32>,
    /// Whether the peer keeps the connection open.
    pub(crate) keeps: bool,
}

/// `Content-Range: bytes first-last/whole` (RFC 9110 §14.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ContentRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) whole: u64,
}

impl<'b> Head<'b> {
    /// Parses a whole head.
    ///
    /// Refused are a transfer coding and a header that says a second time what must be said once: they are how one
    /// stream of bytes is read in two ways.
    pub(crate) fn parse(head: &'b [u8]) -> Result<Self, Fault> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(head) {
            Ok(httparse::Status::Complete(len)) if len == head.len() => {}
            _ => return Err(Fault::Rules),
        }
        let status = response
            .code
            .filter(|code| *code >= 200)
            .ok_or(Fault::Rules)?;
        let mut parsed = Self {
            status,
            length: None,
            range: None,
            etag: None,
            location: None,
            retry_after_s: None,
            keeps: response.version == Some(1),
        };
        for header in response.headers.iter() {
            parsed.take(header.name, header.value)?;
        }
        Ok(parsed)
    }

    fn take(&mut self, name: &str, value: &'b [u8]) -> Result<(), Fault> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("transfer-encoding") || is("content-encoding") {
            return Err(Fault::Rules);
        } else if is("content-length") {
            once(&mut self.length, number(value))?;
        } else if is("content-range") {
            once(&mut self.range, ContentRange::parse(value))?;
        } else if is("etag") {
            once(&mut self.etag, Some(value))?;
        } else if is("location") {
            once(&mut self.location, core::str::from_utf8(value).ok())?;
        } else if is("retry-after") {
            self.retry_after_s = number(value).and_then(|seconds| u32::try_from(seconds).ok());
        } else if is("connection") {
            self.keeps &= !value
                .split(|byte| *byte == b',')
                .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"));
        }
        Ok(())
    }
}

impl ContentRange {
    fn parse(value: &[u8]) -> Option<Self> {
        let (unit, spec) = core::str::from_utf8(value).ok()?.split_once(' ')?;
        let (range, whole) = spec.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let number = |text: &str| number(text.as_bytes());
        unit.eq_ignore_ascii_case("bytes").then_some(())?;
        Some(Self {
            first: number(first)?,
            last: number(last)?,
            whole: number(whole)?,
        })
    }
}

/// Sets what must be well-formed and said once.
fn once<T>(field: &mut Option<T>, value: Option<T>) -> Result<(), Fault> {
    if field.is_some() || value.is_none() {
        return Err(Fault::Rules);
    }
    *field = value;
    Ok(())
}

/// A number in decimal digits and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// S3 answers with about fifteen headers; more than twice that is no answer that we asked for.
const MAX_HEADERS: usize = 32;

#[cfg(test)]
mod tests;
