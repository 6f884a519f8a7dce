//! Talking to a judge: a line for each case, a line for each answer.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
    thread,
};

use super::cases::Case;
use crate::{
    NOW,
    bundle::{Format, bundle},
};

/// What a device makes of a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    Accepted,
    Refused { code: i32, flags: u32 },
    Unreadable,
}

/// Has all cases judged.
pub fn ask(program: &OsStr, format: Format, cases: &[Case]) -> Vec<Answer> {
    let mut lines = String::new();
    for (number, case) in cases.iter().enumerate() {
        let chain: Vec<_> = case.chain.iter().map(|der| hex(der)).collect();
        let bundle = hex(&bundle(format, &case.roots));
        let (host, chain) = (&case.host, chain.join(","));
        writeln!(lines, "{number} {NOW} {host} {bundle} {chain}").unwrap();
    }
    let word = match format {
        Format::Legacy => "legacy",
        Format::Offsets => "offsets",
    };
    let mut child = Command::new(program)
        .arg(word)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", program.display());
    let text = String::from_utf8(output.stdout).unwrap();
    let answers = text.lines().enumerate().map(|(number, line)| {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[0], number.to_string(), "{line}");
        match words[1..] {
            ["accepted"] => Answer::Accepted,
            ["refused", code, flags] => Answer::Refused {
                code: code.parse().unwrap(),
                flags: flags.parse().unwrap(),
            },
            ["unreadable", _] => Answer::Unreadable,
            _ => panic!("{line}"),
        }
    });
    answers.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
