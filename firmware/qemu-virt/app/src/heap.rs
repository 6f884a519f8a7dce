//! The heap, and how much of it was ever in use.

#![expect(unsafe_code, reason = "an allocator gives out memory")]

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::RefCell,
    ptr::{self, NonNull},
};

use critical_section::Mutex;
use linked_list_allocator::Heap;

/// How much of the heap is in use.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    /// Bytes now.
    pub(crate) now: usize,
    /// The most that there ever were.
    pub(crate) peak: usize,
    /// Bytes that there are.
    pub(crate) size: usize,
}

/// Gives the heap its memory: all that is left of RAM. To be called once, before anything is allocated.
pub(crate) fn init() {
    unsafe extern "C" {
        static mut _heap: u8;
        static mut _heap_end: u8;
    }
    let (start, end) = (&raw mut _heap, &raw mut _heap_end);
    let size = end.addr() - start.addr();
    critical_section::with(|section| {
        let mut inner = ALLOCATOR.0.borrow_ref_mut(section);
        // SAFETY: the memory is nobody's: the linker put everything else before it.
        unsafe { inner.heap.init(start, size) };
        inner.used.size = size;
    });
}

/// Says how much is in use.
pub(crate) fn used() -> Use {
    critical_section::with(|section| ALLOCATOR.0.borrow_ref(section).used)
}

struct Inner {
    heap: Heap,
    used: Use,
}

struct Allocator(Mutex<RefCell<Inner>>);

// SAFETY: it is the heap's own first fit, one caller at a time.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        critical_section::with(|section| {
            let mut inner = self.0.borrow_ref_mut(section);
            let Ok(place) = inner.heap.allocate_first_fit(layout) else {
                return ptr::null_mut();
            };
            inner.used.now = inner.heap.used();
            inner.used.peak = inner.used.peak.max(inner.used.now);
            place.as_ptr()
        })
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let Some(place) = NonNull::new(place) else {
            return;
        };
        critical_section::with(|section| {
            let mut inner = self.0.borrow_ref_mut(section);
            // SAFETY: callers give back what they were given, as the trait demands.
            unsafe { inner.heap.deallocate(place, layout) };
            inner.used.now = inner.heap.used();
        });
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(Mutex::new(RefCell::new(Inner {
    heap: Heap::empty(),
    used: Use {
        now: 0,
        peak: 0,
        size: 0,
    },
})));
