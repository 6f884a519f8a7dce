//! Running a future, the only one.

use core::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use critical_section::Mutex;
use qemu_virt_machine::timer;

/// Runs it to its end. Whatever it waits for is looked at again every millisecond; the watchdog is put off each time, so
/// that it bites where a future neither ends nor waits.
pub(crate) fn block_on<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let before = timer::instructions();
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let looked = timer::instructions();
        timer::rest(WATCHDOG_MS);
        // QEMU counts what it rests, too.
        let rested = timer::instructions() - looked;
        let took = Some(looked - before).filter(|took| *took < A_LOOK);
        critical_section::with(|section| {
            let idle = IDLE.borrow(section);
            idle.set(idle.get() + rested + took.unwrap_or_default());
        });
    }
}

/// Instructions that were executed for anything but looking whether there is something to do.
pub(crate) fn worked() -> u64 {
    let idle = critical_section::with(|section| IDLE.borrow(section).get());
    timer::instructions().saturating_sub(idle)
}

/// Instructions that went into looking and finding nothing, and into rest.
static IDLE: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

/// What a look takes at most; a frame that has come takes more, with what it brings for TLS.
const A_LOOK: u64 = 10_000;

/// How long the app may be busy without waiting for anything, in milliseconds. The longest that it is: a handshake's
/// arithmetic, about a second on a slow computer.
pub(crate) const WATCHDOG_MS: u32 = 30_000;
