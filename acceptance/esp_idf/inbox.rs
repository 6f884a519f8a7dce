//! What the client keeps of an answer (`esp_http_client.c`, the `http_on_…` callbacks).

use super::{
    parser::{Event, Sink},
    quirk::Quirk,
    release::Release,
};

/// An answer under way.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are the client's own")]
pub(super) struct Inbox {
    release: Release,
    /// `None` until the head is read.
    pub(super) status: Option<u16>,
    /// −1 where it has none.
    pub(super) length: i64,
    /// How much of the body came.
    pub(super) processed: i64,
    /// Whether the end is told by the parser alone: chunked, or without a length.
    pub(super) chunked: bool,
    /// Whether the parser told the end.
    pub(super) complete: bool,
    pub(super) location: Option<String>,
    /// The total that a `Content-Range` names, for releases that read it.
    pub(super) total: i64,
    /// Whether the request was a `HEAD`.
    pub(super) head_only: bool,
    /// What came of the body with the head, and is still to be handed out.
    pub(super) cached: Vec<u8>,
    /// Where the body goes now; without it, with the head.
    pub(super) out: Option<Vec<u8>>,
    /// Whether what comes of the body with the head is kept (`cache_data_in_fetch_hdr`).
    pub(super) caching: bool,
    name: Option<String>,
    value: Option<String>,
    raw: usize,
}

impl Inbox {
    pub(super) fn new(release: Release) -> Self {
        Self {
            release,
            status: None,
            length: 0,
            processed: 0,
            chunked: false,
            complete: false,
            location: None,
            total: -1,
            head_only: false,
            cached: Vec::new(),
            out: None,
            caching: true,
            name: None,
            value: None,
            raw: 0,
        }
    }

    /// Makes room for the next answer; what is kept from the one before is the release's affair.
    pub(super) fn prepare(&mut self, head_only: bool) {
        self.processed = 0;
        self.head_only = head_only;
        if !self.release.has(Quirk::LocationStays) {
            self.location = None;
        }
    }

    /// `esp_http_client_is_complete_data_received`.
    pub(super) fn is_complete(&self) -> bool {
        if self.chunked {
            self.complete
        } else {
            self.processed == self.length
        }
    }

    /// Whether more of the body is to come.
    pub(super) fn remains(&self) -> bool {
        if self.chunked {
            !self.complete
        } else {
            self.processed < self.length
        }
    }

    /// Drops what came with the head.
    pub(super) fn forget_cached(&mut self) {
        self.cached.clear();
        self.raw = 0;
    }

    fn name(&mut self, piece: &str) {
        if self.release.has(Quirk::PiecesReplace) {
            self.name = Some(piece.to_owned());
            return;
        }
        if !self.release.has(Quirk::ValueCut) && self.value.is_some() {
            self.name = None;
            self.value = None;
        }
        self.name.get_or_insert_default().push_str(piece);
    }

    fn value(&mut self, piece: &str) {
        let Some(name) = self.name.clone() else {
            return;
        };
        let name = name.to_ascii_lowercase();
        if name == "content-range" && self.release.has(Quirk::PartialByOption) {
            let so_far = self.value.get_or_insert_default();
            so_far.push_str(piece);
            let total = so_far.split_once('/').map(|(_, total)| total);
            self.total = total.and_then(|total| total.parse().ok()).unwrap_or(-1);
            return;
        }
        match name.as_str() {
            "location" if self.release.has(Quirk::PiecesReplace) => {
                self.location = Some(piece.to_owned());
            }
            "location" => self.location.get_or_insert_default().push_str(piece),
            // `memcmp` over the piece's own length: a piece of it does as well.
            "transfer-encoding" if "chunked".starts_with(piece) => self.chunked = true,
            _ => {}
        }
        self.value.get_or_insert_default().push_str(piece);
        if self.release.has(Quirk::ValueCut) {
            self.name = None;
            self.value = None;
        }
    }

    fn body(&mut self, piece: &[u8], rest: &[u8]) {
        if let Some(out) = &mut self.out {
            out.extend_from_slice(piece);
        } else if self.caching && self.release.has(Quirk::RawInPlace) {
            // The last piece's place, and the length of all: what is not there is whatever the buffer held.
            self.raw += piece.len();
            self.cached = rest.to_vec();
            self.cached.resize(self.raw, 0);
        } else if self.caching {
            self.cached.extend_from_slice(piece);
        }
        self.processed += i64::try_from(piece.len()).unwrap();
    }
}

impl Sink for Inbox {
    fn event(&mut self, event: Event<'_>) -> bool {
        match event {
            Event::Name(piece) => self.name(&String::from_utf8_lossy(piece)),
            Event::Value(piece) => self.value(&String::from_utf8_lossy(piece)),
            Event::Head { status, length } => {
                self.name = None;
                self.value = None;
                self.status = Some(status);
                let length = length.map(i64::try_from);
                self.length = length.and_then(Result::ok).unwrap_or(-1);
                self.processed = 0;
                return !self.head_only;
            }
            Event::Body { piece, rest } => self.body(piece, rest),
            Event::End => self.complete = true,
        }
        true
    }
}
