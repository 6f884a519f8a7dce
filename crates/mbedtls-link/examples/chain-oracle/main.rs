//! What Mbed TLS itself makes of chains, with the certificate bundle's callback as ESP-IDF has it.
//!
//! ```text
//! chain-oracle legacy|offsets < CASES > ANSWERS
//! ```
//!
//! It speaks the lines of `acceptance/tools/chain_oracle`, which is the same for Mbed TLS 2.28 and says what they are. The
//! time in a case is not looked at, since this library is built without dates, as ESP-IDF builds it by default; and the
//! bundle's format is found by its structure.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program: what it has to say goes there"
)]

#[path = "../tls-pipe/random.rs"]
mod random;

use std::{
    io::{self, BufRead as _},
    process::ExitCode,
};

use countersign_mbedtls_link::{Error, Library};
use esp_formats::bundle::Bundle;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("chain-oracle: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let random = random::System::open().map_err(|error| error.to_string())?;
    let library = Library::new(Box::leak(Box::new(random))).map_err(|error| error.to_string())?;
    for (at, line) in io::stdin().lock().lines().enumerate() {
        let line = line.map_err(|error| error.to_string())?;
        let number = at.saturating_add(1);
        let answer = answer(&library, &line).ok_or_else(|| format!("line {number} is no case"))?;
        println!("{answer}");
    }
    Ok(())
}

fn answer(library: &Library, line: &str) -> Option<String> {
    let [number, _, host, bundle, chain] = *line.split(' ').collect::<Vec<_>>() else {
        return None;
    };
    let bundle = unhex(bundle)?;
    let bundle = Bundle::parse(&bundle).ok()?;
    let chain = chain.split(',').map(unhex).collect::<Option<Vec<_>>>()?;
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    Some(match library.check_chain(&chain, host, bundle) {
        Ok(()) => format!("{number} accepted"),
        Err(Error::Handshake { code, flags, .. }) => {
            format!("{number} refused {} {}", code.get(), flags.bits())
        }
        Err(Error::Certificate(code)) => format!("{number} unreadable {}", code.get()),
        Err(_) => return None,
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}
