//! What Mbed TLS wants of a C library and the compiler does not bring: memory from the heap, and a few functions on texts.
//!
//! What would print prints nothing: the library calls it for its own debugging and for words that nobody reads here.

#![expect(unsafe_code, reason = "the C library's functions take pointers")]

use alloc::alloc::{alloc_zeroed, dealloc};
use core::{
    alloc::Layout,
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
};

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(layout) = count.checked_mul(size).and_then(with_header) else {
        return ptr::null_mut();
    };
    // SAFETY: the layout is larger than nothing.
    let place = unsafe { alloc_zeroed(layout) };
    if place.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the block begins with room for the header.
    unsafe {
        place.cast::<[u8; 4]>().write(layout.size().to_ne_bytes());
        place.add(HEADER).cast()
    }
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(place: *mut c_void) {
    if place.is_null() {
        return;
    }
    // SAFETY: it came from `calloc`, which wrote the length before it.
    unsafe {
        let start = place.cast::<u8>().sub(HEADER);
        let size = usize::from_ne_bytes(start.cast::<[u8; 4]>().read());
        dealloc(start, Layout::from_size_align_unchecked(size, HEADER));
    }
}

fn with_header(len: usize) -> Option<Layout> {
    Layout::from_size_align(len.checked_add(HEADER)?, HEADER).ok()
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn strchr(text: *const c_char, wanted: c_int) -> *const c_char {
    let mut at = text;
    loop {
        // SAFETY: the text ends with a NUL, at which we stop.
        let byte = unsafe { *at };
        if c_int::from(byte) == wanted & 0xFF {
            return at;
        }
        if byte == 0 {
            return ptr::null();
        }
        at = at.wrapping_add(1);
    }
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn strcmp(left: *const c_char, right: *const c_char) -> c_int {
    // SAFETY: both end with a NUL.
    let (left, right) = unsafe { (CStr::from_ptr(left), CStr::from_ptr(right)) };
    order(left.to_bytes(), right.to_bytes())
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn strncmp(left: *const c_char, right: *const c_char, most: usize) -> c_int {
    for index in 0..most {
        // SAFETY: we stop at the first NUL of either, and after `most`.
        let (a, b) = unsafe { (*left.add(index), *right.add(index)) };
        if a != b || a == 0 {
            return c_int::from(a) - c_int::from(b);
        }
    }
    0
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn strstr(text: *const c_char, wanted: *const c_char) -> *const c_char {
    // SAFETY: both end with a NUL.
    let (bytes, wanted) = unsafe { (CStr::from_ptr(text), CStr::from_ptr(wanted)) };
    let (bytes, wanted) = (bytes.to_bytes(), wanted.to_bytes());
    if wanted.is_empty() {
        return text;
    }
    let found = bytes
        .windows(wanted.len())
        .position(|window| window == wanted);
    found.map_or(ptr::null(), |index| text.wrapping_add(index))
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn strncpy(into: *mut c_char, text: *const c_char, most: usize) -> *mut c_char {
    let mut ended = false;
    for index in 0..most {
        // SAFETY: the text is read up to its NUL, and `most` bytes are there to be written.
        unsafe {
            let byte = if ended { 0 } else { *text.add(index) };
            ended |= byte == 0;
            *into.add(index) = byte;
        }
    }
    into
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn memchr(bytes: *const c_void, wanted: c_int, len: usize) -> *const c_void {
    let start = bytes.cast::<u8>();
    for index in 0..len {
        // SAFETY: within the first `len` bytes.
        if c_int::from(unsafe { *start.add(index) }) == wanted & 0xFF {
            return start.wrapping_add(index).cast();
        }
    }
    ptr::null()
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn snprintf(into: *mut c_char, room: usize, _format: *const c_char) -> c_int {
    // SAFETY: as below.
    unsafe { vsnprintf(into, room, ptr::null(), ptr::null_mut()) }
}

/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn vsnprintf(
    into: *mut c_char,
    room: usize,
    _format: *const c_char,
    _values: *mut c_void,
) -> c_int {
    if room > 0 {
        // SAFETY: there is room for a byte.
        unsafe { *into = 0 };
    }
    0
}

#[unsafe(no_mangle)]
extern "C" fn printf(_format: *const c_char) -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn puts(_text: *const c_char) -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn putchar(byte: c_int) -> c_int {
    byte
}

fn order(left: &[u8], right: &[u8]) -> c_int {
    match left.cmp(right) {
        core::cmp::Ordering::Less => -1,
        core::cmp::Ordering::Equal => 0,
        core::cmp::Ordering::Greater => 1,
    }
}

/// Before each block: its length; and the alignment of all.
const HEADER: usize = 8;
