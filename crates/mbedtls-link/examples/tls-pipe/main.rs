//! A device's TLS as a pipe: standard input to the server, and what the server says to standard output.
//!
//! ```text
//! tls-pipe --connect IP:PORT --name HOST --bundle FILE --cert PEM --key PEM [--tls13]
//! ```
//!
//! After the handshake one line of JSON on standard error says what was agreed on, or why there is no connection (exit 1).
//! A failure after that is one more line (exit 2). When standard input ends, what the server has to say is still taken, for
//! 30 seconds at most. Acceptance tests speak HTTP through it, as a device would.

#![expect(
    clippy::print_stderr,
    reason = "a program: what it has to say goes to standard error"
)]

mod arguments;
mod json;
mod link;
mod pipe;
mod random;

use std::process::ExitCode;

use countersign_mbedtls_link::Error;

use self::json::Line;

fn main() -> ExitCode {
    let fault = match pipe::run(&arguments::own()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(fault) => fault,
    };
    eprintln!("{}", fault.line());
    ExitCode::from(fault.exit)
}

/// Why the program ends otherwise than by the end of the conversation.
struct Fault {
    /// At what: `handshake`, `read` ...
    at: &'static str,
    /// The library's number, where there is one.
    code: Option<String>,
    detail: String,
    exit: u8,
}

impl Fault {
    /// There was no connection.
    fn before(at: &'static str, detail: &impl ToString) -> Self {
        Self {
            at,
            code: None,
            detail: detail.to_string(),
            exit: 1,
        }
    }

    /// There was one.
    fn after(at: &'static str, detail: &impl ToString) -> Self {
        Self {
            exit: 2,
            ..Self::before(at, detail)
        }
    }

    /// The same with the library's number.
    fn of(mut self, error: &Error) -> Self {
        // Mbed TLS has a number for this too, and says 0 instead.
        self.code = match error {
            Error::CutOff => Some("-0x7280".to_owned()),
            error => error.code().map(|code| code.to_string()),
        };
        self
    }

    fn line(&self) -> String {
        let line = Line::new().text("error", self.at);
        let line = match &self.code {
            Some(code) => line.text("code", code),
            None => line,
        };
        line.text("detail", &self.detail).end()
    }
}
