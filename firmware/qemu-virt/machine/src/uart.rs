//! The serial line, on which boot stage and app tell what they do, and may be told something.

use core::fmt::{self, Write};

use crate::mmio;

/// The serial line.
#[derive(Clone, Copy, Debug)]
pub struct Uart;

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while mmio::read8(BASE + LINE_STATUS) & TRANSMITTER_EMPTY == 0 {}
            mmio::write8(BASE, byte);
        }
        Ok(())
    }
}

/// Writes a line. The serial line cannot fail.
pub fn line(text: fmt::Arguments<'_>) {
    let _ = Uart.write_fmt(text);
    let _ = Uart.write_str("\n");
}

/// A byte that came, if one did.
pub fn take() -> Option<u8> {
    let came = mmio::read8(BASE + LINE_STATUS) & DATA_READY != 0;
    came.then(|| mmio::read8(BASE))
}

/// Writes a line, as `println!`.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::uart::line(format_args!($($text)*)) };
}

const BASE: usize = 0x1000_0000;
/// Register 5 of a 16550.
const LINE_STATUS: usize = 5;
const DATA_READY: u8 = 0x01;
const TRANSMITTER_EMPTY: u8 = 0x20;
