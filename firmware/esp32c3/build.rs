//! How the image is linked, and what it says of itself in its app descriptor, from the environment of the build.
//!
//! | variable                     | default              | becomes                                                    |
//! |------------------------------|----------------------|------------------------------------------------------------|
//! | `COUNTERSIGN_VERSION`        | the package's        | the version that the manifest must name, at most 31 bytes  |
//! | `COUNTERSIGN_PROJECT`        | the package's name   | the project's name, at most 31 bytes                       |
//! | `COUNTERSIGN_SECURE_VERSION` | 0                    | the secure version, below which a device does not go back  |
//! | `SOURCE_DATE_EPOCH`          | now                  | the time of the build (UTC), which a device takes for past |

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<(), Box<dyn Error>> {
    // esp-hal's linker script, here and not in a flag that another flag would replace.
    println!("cargo::rustc-link-arg-bins=-Tlinkall.x");
    let version = variable("COUNTERSIGN_VERSION", env!("CARGO_PKG_VERSION"));
    let project = variable("COUNTERSIGN_PROJECT", env!("CARGO_PKG_NAME"));
    let secure_version: u32 = variable("COUNTERSIGN_SECURE_VERSION", "0")
        .parse()
        .map_err(|_| "COUNTERSIGN_SECURE_VERSION: a number from 0 to 4294967295 is wanted")?;
    for (name, text) in [
        ("COUNTERSIGN_VERSION", &version),
        ("COUNTERSIGN_PROJECT", &project),
    ] {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_TEXT || !plain {
            return Err(format!(
                "{name}: `{text}` is not 1 to {MAX_TEXT} characters of ASCII, without blanks"
            )
            .into());
        }
    }
    let built: u64 = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds
            .parse()
            .map_err(|_| format!("SOURCE_DATE_EPOCH: `{seconds}` is not a number of seconds"))?,
        Err(_) => now()?,
    };
    let (date, time) = written(built);
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rustc-env=APP_VERSION={version}");
    println!("cargo::rustc-env=APP_PROJECT={project}");
    println!("cargo::rustc-env=APP_SECURE_VERSION={secure_version}");
    println!("cargo::rustc-env=APP_BUILT={built}");
    println!("cargo::rustc-env=APP_DATE={date}");
    println!("cargo::rustc-env=APP_TIME={time}");
    Ok(())
}

fn variable(name: &str, default: &str) -> String {
    println!("cargo::rerun-if-env-changed={name}");
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time of the build is what is asked for"
)]
fn now() -> Result<u64, Box<dyn Error>> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// Date and time as a C compiler writes them (`__DATE__`, `__TIME__`), in UTC.
fn written(seconds: u64) -> (String, String) {
    let (mut day, rest) = (seconds / DAY, seconds % DAY);
    let mut year = 1970;
    while day >= year_len(year) {
        day -= year_len(year);
        year += 1;
    }
    let mut month = 0;
    for (index, len) in MONTHS.iter().map(|(_, len)| *len).enumerate() {
        let len = len + u64::from(index == 1 && year_len(year) == 366);
        if day < len {
            month = index;
            break;
        }
        day -= len;
    }
    let date = format!("{} {:2} {year}", MONTHS[month].0, day + 1);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    (date, format!("{hour:02}:{minute:02}:{second:02}"))
}

fn year_len(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    365 + u64::from(leap)
}

const DAY: u64 = 24 * 60 * 60;

const MONTHS: [(&str, u64); 12] = [
    ("Jan", 31),
    ("Feb", 28),
    ("Mar", 31),
    ("Apr", 30),
    ("May", 31),
    ("Jun", 30),
    ("Jul", 31),
    ("Aug", 31),
    ("Sep", 30),
    ("Oct", 31),
    ("Nov", 30),
    ("Dec", 31),
];

/// The descriptor's fields have 32 bytes, a NUL among them.
const MAX_TEXT: usize = 31;
