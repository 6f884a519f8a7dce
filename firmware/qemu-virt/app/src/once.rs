//! Memory that is given out once and for good.

#![expect(unsafe_code, reason = "a `static` is lent without end")]

use core::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, Ordering},
};

/// A value in a `static`, for its first taker.
pub(crate) struct Once<T> {
    value: UnsafeCell<T>,
    taken: AtomicBool,
}

// SAFETY: one caller at most ever gets at the value, and there is one hart, whose interrupts call nothing of this.
unsafe impl<T> Sync for Once<T> {}

impl<T> Once<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            value: UnsafeCell::new(value),
            taken: AtomicBool::new(false),
        }
    }

    /// Gives the value, to the first who asks.
    #[expect(clippy::mut_from_ref, reason = "a second caller gets nothing")]
    pub(crate) fn take(&'static self) -> Option<&'static mut T> {
        if self.taken.load(Ordering::Relaxed) {
            return None;
        }
        self.taken.store(true, Ordering::Relaxed);
        // SAFETY: nobody was given it before, and nobody will be.
        Some(unsafe { &mut *self.value.get() })
    }
}
