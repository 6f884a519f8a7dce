//! A heap that counts what one thread has of it, the C library's share and ours, and that can refuse an allocation.

#![expect(unsafe_code, reason = "an allocator, and the C library's way to it")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    ffi::c_void,
    ops::Range,
    ptr,
};

use mbedtls_rs::sys::mbedtls_platform_set_calloc_free;

/// What a thread has of the heap, from when it began to count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    /// Bytes that are allocated and were not freed. What was allocated before and freed since makes it less.
    pub(crate) bytes: isize,
    /// In so many blocks.
    pub(crate) blocks: isize,
    /// The most bytes there ever were.
    pub(crate) peak: isize,
    /// In so many blocks.
    pub(crate) peak_blocks: isize,
    /// How often something was allocated, or refused.
    pub(crate) allocations: u64,
    /// The first of these that is refused, if any is.
    first: u64,
    /// The first after it that is not.
    end: u64,
    /// How many were.
    pub(crate) refused: u64,
}

/// The allocator of the program.
#[derive(Debug)]
pub(crate) struct Counting;

/// Has the C library allocate here. It must not have allocated anything before.
pub(crate) fn count_the_library() {
    // SAFETY: the functions allocate and free as their names have it.
    let code = unsafe { mbedtls_platform_set_calloc_free(Some(calloc), Some(free)) };
    assert_eq!(
        code, 0,
        "the library is compiled with its own functions alone"
    );
}

/// Counts what `run` allocates, but for what it does within [`uncounted`], and refuses these of its allocations, the first of
/// which is 1.
pub(crate) fn counted<R>(refuse: Range<u64>, run: impl FnOnce() -> R) -> (R, Use) {
    let Range { start: first, end } = refuse;
    USE.set(Use {
        first,
        end,
        ..Use::default()
    });
    COUNTS.set(true);
    let done = run();
    COUNTS.set(false);
    (done, USE.get())
}

/// Leaves out what the machine around the node allocates.
pub(crate) fn uncounted<R>(run: impl FnOnce() -> R) -> R {
    let counts = COUNTS.replace(false);
    let done = run();
    COUNTS.set(counts);
    done
}

/// What was counted so far; the peak is counted anew from now on.
pub(crate) fn so_far() -> Use {
    let used = USE.get();
    USE.set(Use {
        peak: used.bytes,
        peak_blocks: used.blocks,
        ..used
    });
    used
}

/// Counts one allocation, or refuses it.
fn takes(size: usize) -> bool {
    if !COUNTS.get() {
        return true;
    }
    let mut used = USE.get();
    used.allocations += 1;
    if (used.first..used.end).contains(&used.allocations) {
        used.refused += 1;
        USE.set(used);
        return false;
    }
    used.bytes += size.cast_signed();
    used.blocks += 1;
    if used.bytes > used.peak {
        (used.peak, used.peak_blocks) = (used.bytes, used.blocks);
    }
    USE.set(used);
    true
}

fn gives(size: usize) {
    if COUNTS.get() {
        let mut used = USE.get();
        used.bytes -= size.cast_signed();
        used.blocks -= 1;
        USE.set(used);
    }
}

// SAFETY: all is the system's allocator's, and what is refused is null.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !takes(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: the same conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        gives(layout.size());
        // SAFETY: the same conditions.
        unsafe { System.dealloc(place, layout) }
    }
}

/// # Safety
/// None; what it gives is for [`free`] alone.
unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some((size, layout)) = count
        .checked_mul(size)
        .filter(|size| *size > 0)
        .and_then(|size| Some((size, block(size)?)))
    else {
        return ptr::null_mut();
    };
    if !takes(size) {
        return ptr::null_mut();
    }
    // SAFETY: the layout is larger than nothing; its beginning has room for a number.
    unsafe {
        let place = System.alloc_zeroed(layout);
        if place.is_null() {
            return ptr::null_mut();
        }
        place.cast::<[u8; WORD]>().write(size.to_ne_bytes());
        place.add(HEAD).cast()
    }
}

/// # Safety
/// [`calloc`] gave it, or it is null.
unsafe extern "C" fn free(place: *mut c_void) {
    if place.is_null() {
        return;
    }
    // SAFETY: a block's size stands at its beginning.
    unsafe {
        let place = place.cast::<u8>().sub(HEAD);
        let size = usize::from_ne_bytes(place.cast::<[u8; WORD]>().read());
        if let Some(layout) = block(size) {
            gives(size);
            System.dealloc(place, layout);
        }
    }
}

/// The layout of a block of the library's; nothing where there is no such size.
fn block(size: usize) -> Option<Layout> {
    Layout::from_size_align(HEAD.checked_add(size)?, HEAD).ok()
}

/// What stands before a block of the library's: its size, and room that keeps it aligned.
const HEAD: usize = 16;

const WORD: usize = size_of::<usize>();

thread_local! {
    static USE: Cell<Use> = const { Cell::new(Use {
        bytes: 0,
        blocks: 0,
        peak: 0,
        peak_blocks: 0,
        allocations: 0,
        first: 0,
        end: 0,
        refused: 0,
    }) };
    static COUNTS: Cell<bool> = const { Cell::new(false) };
}
