//! An image as the body of an answer, read in pieces as the client takes them.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use countersign_images::{ImageRead, StoreError};
use hyper::body::{Body, Frame, SizeHint};

/// The bytes of an image from `at` up to `end`.
pub(crate) struct ImageBody {
    image: Arc<dyn ImageRead>,
    at: u64,
    end: u64,
    /// Called once, with the last piece.
    at_end: Option<Box<dyn FnOnce() + Send>>,
}

impl ImageBody {
    /// `first` and `last` are offsets, both included.
    pub(crate) fn new(image: Arc<dyn ImageRead>, first: u64, last: u64) -> Self {
        Self {
            image,
            at: first,
            end: last.saturating_add(1),
            at_end: None,
        }
    }

    /// Has something done once the last byte is handed over.
    pub(crate) fn and_then(self, done: impl FnOnce() + Send + 'static) -> Self {
        Self {
            at_end: Some(Box::new(done)),
            ..self
        }
    }
}

impl fmt::Debug for ImageBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageBody")
            .field("at", &self.at)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl Body for ImageBody {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        let left = self.end.saturating_sub(self.at);
        if left == 0 {
            return Poll::Ready(None);
        }
        // A piece is small, and lies in the page cache or a local disk's next read: handing it to another thread costs
        // more than reading it here.
        let piece = usize::try_from(left.min(PIECE)).unwrap_or(0);
        let mut buffer = vec![0; piece];
        let read = self.image.read_at(self.at, &mut buffer);
        self.at = self.at.saturating_add(left.min(PIECE));
        if self.at >= self.end
            && read.is_ok()
            && let Some(done) = self.at_end.take()
        {
            done();
        }
        Poll::Ready(Some(read.map(|()| Frame::data(Bytes::from(buffer)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end.saturating_sub(self.at))
    }
}

/// How much is read at once, in bytes.
const PIECE: u64 = 32 * 1024;
