//! `countersign.cddl` against the frozen literals, by a validator of others: what is written down is what is sent.

use std::{
    env,
    fmt::Write as _,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use countersign_protocol::*;

use crate::hex;
use crate::sets::*;
use crate::v1::*;

/// What stands for each literal in the CDDL, and what our reader and writer make of its bytes.
const LITERALS: [(&str, &str, Rewrite); 20] = [
    ("check-in", CHECK_IN, check_in),
    ("check-in", FIRST_CHECK_IN, check_in),
    ("check-in-reply", REPLY, reply),
    ("check-in-reply", REPLY_WITH_OFFER, reply),
    ("report", REPORT, report),
    ("report", REPORT_REFUSED, report),
    ("report", REPORT_UNTRUSTED_IMAGE, report),
    ("manifest", MANIFEST, manifest),
    ("manifest", MANIFEST_WITH_END, manifest),
    ("sig-structure", TO_BE_SIGNED, nothing),
    ("signed-manifest", SIGNED, signed),
    ("check-in", CHECK_IN_OF_SET_1, check_in),
    ("check-in-reply", REPLY_WITH_SUCCESSOR, reply),
    ("check-in-reply", REPLY_WITH_CO_SIGNATURES, reply),
    ("report", REPORT_AUTHORS_ENDED, report),
    ("co-signatures", CO_SIGNATURES, co_signatures),
    ("author-set", AUTHOR_SET, author_set),
    ("author-set", SUCCESSOR, author_set),
    ("signed-author-set", SIGNED_AUTHOR_SET, signed_set),
    ("signed-author-set", SIGNED_SUCCESSOR, signed_set),
];

/// Reads bytes and writes what they say; `None` where they are refused.
type Rewrite = fn(&[u8]) -> Option<Vec<u8>>;

fn check_in(bytes: &[u8]) -> Option<Vec<u8>> {
    let value = CheckIn::decode(bytes).ok()?;
    Some(encoded(|out| value.encode(out)))
}

fn reply(bytes: &[u8]) -> Option<Vec<u8>> {
    let value = CheckInReply::decode(bytes).ok()?;
    Some(encoded(|out| value.encode(out)))
}

fn report(bytes: &[u8]) -> Option<Vec<u8>> {
    let value = Report::decode(bytes).ok()?;
    Some(encoded(|out| value.encode(out)))
}

fn manifest(bytes: &[u8]) -> Option<Vec<u8>> {
    let value = Manifest::decode(bytes).ok()?;
    Some(encoded(|out| value.encode(out)))
}

fn signed(bytes: &[u8]) -> Option<Vec<u8>> {
    let said = SignedManifest::parse(bytes).ok()?;
    // An author's key decides in earnest; here it is the form that counts.
    said.unverified().ok().map(|_| bytes.to_vec())
}

fn co_signatures(bytes: &[u8]) -> Option<Vec<u8>> {
    CoSignatures::parse(bytes)
        .ok()
        .map(|others| others.as_bytes().to_vec())
}

fn author_set(bytes: &[u8]) -> Option<Vec<u8>> {
    let value = AuthorSet::decode(bytes).ok()?;
    Some(encoded(|out| value.encode(out)))
}

fn signed_set(bytes: &[u8]) -> Option<Vec<u8>> {
    let said = SignedAuthorSet::parse(bytes).ok()?;
    said.unverified().ok().map(|_| bytes.to_vec())
}

fn nothing(_: &[u8]) -> Option<Vec<u8>> {
    None
}

/// What zcbor says of each item, by its type's name; `None` where it is not there, which is a skip.
fn zcbor(test: &str, items: &[(&str, Vec<u8>)]) -> Option<Vec<bool>> {
    let python = env::var_os("COUNTERSIGN_TEST_TOOLS").map(|bin| PathBuf::from(bin).join("python"));
    let Some(python) = python.filter(|python| python.is_file()) else {
        countersign_skips::skip(test, "python with zcbor", "cargo xtask test --only tools");
        return None;
    };
    let mut lines = String::new();
    for (name, bytes) in items {
        lines += name;
        lines += " ";
        for byte in bytes {
            write!(lines, "{byte:02x}").unwrap();
        }
        lines += "\n";
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/validate.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let words = String::from_utf8(output.stdout).unwrap();
    let verdicts: Vec<bool> = words.lines().map(|word| word == "taken").collect();
    assert_eq!(verdicts.len(), items.len());
    Some(verdicts)
}

#[test]
fn every_frozen_literal_is_what_is_written_down() {
    let mut items: Vec<_> = LITERALS.map(|(name, text, _)| (name, hex(text))).into();
    // A later version, and keys that a later one may add: a reader of version 1 tells the one apart and passes over the
    // others, and no writer of version 1 sends either.
    items.push(("check-in", hex(CHECK_IN_VERSION_2)));
    items.push(("check-in-reply", hex(REPLY_LATER)));
    let Some(verdicts) = zcbor("every_frozen_literal_is_what_is_written_down", &items) else {
        return;
    };
    for ((name, text, _), taken) in LITERALS.iter().zip(&verdicts) {
        assert!(taken, "{name}: {text}");
    }
    assert_eq!(verdicts[LITERALS.len()..], [false, false]);
}

#[test]
fn what_breaks_the_text_is_refused_by_a_foreign_validator_too() {
    // A map's first key is 0; `key` follows it with its value.
    let swap = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        hex(&text.replacen(from, to, 1))
    };
    let cut = |text: &str| hex(&text[..text.len() - 2]);
    let wrong: Vec<(&str, Vec<u8>)> = vec![
        // No product, an empty one, one of 33 bytes.
        (
            "check-in",
            swap(FIRST_CHECK_IN, "016a746865726d6f73746174", "0160"),
        ),
        (
            "check-in",
            swap(
                FIRST_CHECK_IN,
                "016a746865726d6f73746174",
                &format!("017821{}", "61".repeat(33)),
            ),
        ),
        (
            "check-in",
            swap(FIRST_CHECK_IN, "a80001016a746865726d6f73746174", "a70001"),
        ),
        // A chip beyond 16 bits; a slot beyond 8; a state that is none; a digest of 31 bytes.
        ("check-in", swap(FIRST_CHECK_IN, "0200", "021a00010000")),
        ("check-in", swap(FIRST_CHECK_IN, "07000801", "071901000801")),
        ("check-in", swap(FIRST_CHECK_IN, "0801", "0802")),
        ("check-in", swap(CHECK_IN, "045820ab", "04581f")),
        ("check-in", cut(CHECK_IN)),
        // A time as text; seconds beyond 32 bits; an offer without its URL.
        ("check-in-reply", swap(REPLY, "011a6ab13be4", "01636e6f77")),
        (
            "check-in-reply",
            swap(REPLY, "02190e10", "021b0000000100000000"),
        ),
        ("check-in-reply", swap(REPLY_WITH_OFFER, "03a300", "03a200")),
        // An outcome that is none; a reason that is none; a reason where there is nothing to explain.
        ("report", swap(REPORT, "0f0201", "0f0205")),
        ("report", swap(REPORT_REFUSED, "040a", "0416")),
        ("report", swap(REPORT_REFUSED, "0f0203", "0f0201")),
        ("report", swap(REPORT, "0150", "014f")),
        // A manifest of version 2; with a key more; without a counter; an image of 4 GiB.
        ("manifest", swap(MANIFEST, "aa0001", "aa0002")),
        (
            "manifest",
            [swap(MANIFEST, "aa0001", "ab0001"), hex("1863f5")].concat(),
        ),
        ("manifest", swap(MANIFEST, "07182a", "")),
        (
            "manifest",
            swap(MANIFEST, "061a00100000", "061b0000000100000000"),
        ),
        // Untagged, another algorithm, a signature of 63 bytes, an unprotected header.
        ("signed-manifest", swap(SIGNED, "d284", "84")),
        ("signed-manifest", swap(SIGNED, "a30126", "a30127")),
        ("signed-manifest", swap(SIGNED, "584022", "583f")),
        (
            "signed-manifest",
            swap(SIGNED, "9ae9eda058", "9ae9eda1012658"),
        ),
        // A set with a key more, without keys, with a threshold of 9, of sequence 0, with a key of 64 bytes.
        (
            "author-set",
            [swap(AUTHOR_SET, "a60001", "a70001"), hex("1863f5")].concat(),
        ),
        (
            "author-set",
            swap(SUCCESSOR, "020203010481", "020203010480"),
        ),
        ("author-set", swap(AUTHOR_SET, "0201030204", "0201030904")),
        ("author-set", swap(AUTHOR_SET, "0201030204", "0200030204")),
        ("author-set", swap(AUTHOR_SET, "5841", "5840")),
        // Untagged, as one signer's, another algorithm, signed by nobody.
        ("signed-author-set", swap(SIGNED_AUTHOR_SET, "d86284", "84")),
        (
            "signed-author-set",
            swap(SIGNED_AUTHOR_SET, "d86284", "d284"),
        ),
        (
            "signed-author-set",
            swap(SIGNED_AUTHOR_SET, "a20126", "a20127"),
        ),
        (
            "signed-author-set",
            swap(SIGNED_AUTHOR_SET, "82834da201", "80834da201"),
        ),
        // Eight co-signatures, and none.
        ("co-signatures", swap(CO_SIGNATURES, "828248", "888248")),
        ("co-signatures", vec![0x80]),
        (
            "sig-structure",
            swap(TO_BE_SIGNED, "5369676e617475726531", "5369676e617475726532"),
        ),
    ];
    let Some(verdicts) = zcbor("what_breaks_the_text_is_refused", &wrong) else {
        return;
    };
    for ((name, bytes), taken) in wrong.iter().zip(verdicts) {
        assert!(!taken, "{name}: {bytes:02x?}");
    }
}

#[test]
fn what_we_would_write_is_always_what_is_written_down() {
    // Each byte of each literal changed in three ways: where that is still a message of ours, bit for bit as we would write it,
    // the foreign validator must find it in the CDDL.
    let mut ours = Vec::new();
    let mut tried = 0;
    for (name, text, rewrite) in LITERALS {
        let good = hex(text);
        for at in 0..good.len() {
            for mask in [0x01, 0x20, 0x80] {
                let mut bytes = good.clone();
                bytes[at] ^= mask;
                tried += 1;
                if rewrite(&bytes).is_some_and(|again| again == bytes) {
                    ours.push((name, bytes));
                }
            }
        }
    }
    assert!(tried > 3000 && ours.len() > 500, "{tried}, {}", ours.len());
    let Some(verdicts) = zcbor("what_we_would_write_is_written_down", &ours) else {
        return;
    };
    for ((name, bytes), taken) in ours.iter().zip(verdicts) {
        assert!(taken, "{name}: {bytes:02x?}");
    }
}
