//! The reader of answers, which tells what it finds piece by piece as the bytes come in (`http_parser.c`).
//!
//! Where a read ends within a header's name or value, that piece is told as it is; that is what the client's quirks with
//! long headers come from.

/// What the reader finds.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// A piece of a header's name.
    Name(&'a [u8]),
    /// A piece of a header's value.
    Value(&'a [u8]),
    /// The head is read: its status, and its length where it has one.
    Head { status: u16, length: Option<u64> },
    /// A piece of the body, and with it what lies behind it in the client's buffer.
    Body { piece: &'a [u8], rest: &'a [u8] },
    /// All of it was read.
    End,
}

/// Who is told. On [`Event::Head`] he says whether there is a body: none follows a `HEAD`.
pub(super) trait Sink {
    fn event(&mut self, event: Event<'_>) -> bool;
}

/// The reader.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are the parser's flags")]
pub(super) struct Parser {
    state: State,
    read: usize,
    line: Vec<u8>,
    name: Vec<u8>,
    value: Vec<u8>,
    version_1_1: bool,
    status: u16,
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    without_body: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    #[default]
    StatusLine,
    NameStart,
    Name,
    ValueStart,
    Value,
    ValueEnd,
    HeadEnd,
    Body(u64),
    BodyToTheEnd,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    Done,
    Broken,
}

impl Parser {
    /// Reads some more; nothing means that the connection has ended.
    pub(super) fn execute(&mut self, data: &[u8], sink: &mut dyn Sink) {
        if data.is_empty() {
            if self.state == State::BodyToTheEnd {
                self.finish(sink);
            }
            return;
        }
        let mut at = 0;
        while at < data.len() {
            at = self.step(data, at, sink);
            if self.in_head() && self.read > MAX_HEAD {
                self.state = State::Broken;
            }
        }
    }

    /// Whether the answer breaks HTTP.
    pub(super) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// `http_should_keep_alive`.
    pub(super) fn should_keep_alive(&self) -> bool {
        let asked = if self.version_1_1 {
            !self.close
        } else {
            self.keep_alive
        };
        asked && !self.needs_the_end()
    }

    fn needs_the_end(&self) -> bool {
        let bodiless = matches!(self.status, 100..200 | 204 | 304) || self.without_body;
        !bodiless && !self.chunked && self.length.is_none()
    }

    fn in_head(&self) -> bool {
        !matches!(
            self.state,
            State::Body(_)
                | State::BodyToTheEnd
                | State::ChunkSize
                | State::ChunkData(_)
                | State::ChunkEnd
                | State::Done
                | State::Broken
        )
    }

    /// Reads from `at` on; gives where to go on.
    fn step(&mut self, data: &[u8], at: usize, sink: &mut dyn Sink) -> usize {
        let byte = data[at];
        let from = &data[at..];
        match self.state {
            State::StatusLine => {
                self.read += 1;
                if byte != b'\n' {
                    self.line.push(byte);
                    return at + 1;
                }
                self.state = self
                    .status_line()
                    .map_or(State::Broken, |()| State::NameStart);
                self.line.clear();
            }
            State::NameStart => {
                self.read += 1;
                if byte == b'\r' {
                    self.state = State::HeadEnd;
                } else {
                    self.name.clear();
                    self.value.clear();
                    self.state = State::Name;
                    self.read -= 1;
                    return at;
                }
            }
            State::Name => {
                let end = from.iter().position(|byte| *byte == b':');
                let piece = &from[..end.unwrap_or(from.len())];
                if piece.iter().any(|byte| *byte <= b' ') {
                    self.state = State::Broken;
                    return data.len();
                }
                self.read += piece.len() + usize::from(end.is_some());
                self.name.extend_from_slice(piece);
                sink.event(Event::Name(piece));
                if end.is_none() {
                    return data.len();
                }
                self.state = State::ValueStart;
                return at + piece.len() + 1;
            }
            State::ValueStart => {
                self.read += 1;
                if !matches!(byte, b' ' | b'\t') {
                    self.state = State::Value;
                    self.read -= 1;
                    return at;
                }
            }
            State::Value => {
                let end = from.iter().position(|byte| *byte == b'\r');
                let piece = &from[..end.unwrap_or(from.len())];
                self.read += piece.len() + usize::from(end.is_some());
                self.value.extend_from_slice(piece);
                sink.event(Event::Value(piece));
                if end.is_none() {
                    return data.len();
                }
                self.state = if self.header() {
                    State::ValueEnd
                } else {
                    State::Broken
                };
                return at + piece.len() + 1;
            }
            State::ValueEnd => {
                self.read += 1;
                self.state = if byte == b'\n' {
                    State::NameStart
                } else {
                    State::Broken
                };
            }
            State::HeadEnd => {
                if self.chunked && self.length.is_some() {
                    self.state = State::Broken;
                    return data.len();
                }
                self.without_body = !sink.event(Event::Head {
                    status: self.status,
                    length: self.length,
                });
                self.body(sink);
            }
            State::Body(left) => {
                let length = shorter(left, from.len());
                self.state = State::Body(left - u64::try_from(length).unwrap());
                piece(from, length, sink);
                if self.state == State::Body(0) {
                    self.finish(sink);
                }
                return at + length;
            }
            State::BodyToTheEnd => {
                piece(from, from.len(), sink);
                return data.len();
            }
            State::ChunkSize => {
                if byte != b'\n' {
                    self.line.push(byte);
                    return at + 1;
                }
                self.state = match self.chunk_size() {
                    None => State::Broken,
                    Some(0) => State::Trailer,
                    Some(size) => State::ChunkData(size),
                };
                self.line.clear();
            }
            State::ChunkData(left) => {
                let length = shorter(left, from.len());
                let left = left - u64::try_from(length).unwrap();
                self.state = State::ChunkData(left);
                piece(from, length, sink);
                if left == 0 {
                    self.state = State::ChunkEnd;
                }
                return at + length;
            }
            State::ChunkEnd => {
                if byte == b'\n' {
                    self.state = State::ChunkSize;
                }
            }
            // Trailers are passed over; the empty line ends them.
            State::Trailer => {
                if byte != b'\n' {
                    self.line.push(byte);
                    return at + 1;
                }
                if self.line == b"\r" {
                    self.finish(sink);
                }
                self.line.clear();
            }
            // What follows an answer is nobody's.
            State::Done | State::Broken => return data.len(),
        }
        at + 1
    }

    fn body(&mut self, sink: &mut dyn Sink) {
        match self.length {
            _ if self.without_body => self.finish(sink),
            _ if self.chunked => self.state = State::ChunkSize,
            Some(0) => self.finish(sink),
            Some(length) => self.state = State::Body(length),
            None if self.needs_the_end() => self.state = State::BodyToTheEnd,
            None => self.finish(sink),
        }
    }

    fn finish(&mut self, sink: &mut dyn Sink) {
        self.state = State::Done;
        sink.event(Event::End);
    }

    fn status_line(&mut self) -> Option<()> {
        let line = std::str::from_utf8(&self.line).ok()?.trim_end_matches('\r');
        let rest = line.strip_prefix("HTTP/")?;
        let (version, rest) = rest.split_once(' ')?;
        self.version_1_1 = version == "1.1";
        self.status = rest.get(..3)?.parse().ok()?;
        Some(())
    }

    /// What the reader itself wants of a header; `false` where it makes no sense.
    fn header(&mut self) -> bool {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_ascii_lowercase();
        let value = text(&self.value);
        match text(&self.name).as_str() {
            "content-length" => match value.parse() {
                Ok(length) => self.length = Some(length),
                Err(_) => return false,
            },
            "transfer-encoding" => self.chunked = value.ends_with("chunked"),
            "connection" => {
                self.close |= value.contains("close");
                self.keep_alive |= value.contains("keep-alive");
            }
            _ => {}
        }
        true
    }

    fn chunk_size(&self) -> Option<u64> {
        let line = std::str::from_utf8(&self.line).ok()?;
        let size = line.split([';', '\r']).next()?;
        u64::from_str_radix(size.trim(), 16).ok()
    }
}

fn piece(from: &[u8], length: usize, sink: &mut dyn Sink) {
    let (piece, _) = from.split_at(length);
    sink.event(Event::Body { piece, rest: from });
}

fn shorter(left: u64, have: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(have)
}

/// `HTTP_MAX_HEADER_SIZE`: a longer head breaks HTTP, in the client's eyes.
const MAX_HEAD: usize = 80 * 1024;
