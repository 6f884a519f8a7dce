//! Dates that are past, to come, or none.

use super::{BAD, Case, ENDED, Forge, NOT_BEGUN, UNKNOWN};
use crate::gate::der::{general, utc};

pub(super) fn cases(forge: &Forge) -> Vec<Case> {
    let dated = |not_before: Vec<u8>, not_after: Vec<u8>| {
        forge.device(|spec| {
            spec.not_before = not_before;
            spec.not_after = not_after;
        })
    };
    let since = |not_before: Vec<u8>| dated(not_before, general("99991231235959Z"));
    let until = |not_after: Vec<u8>| dated(utc("000101000000Z"), not_after);
    let ended = forge.below(&forge.root, "An issuing CA of the past", |spec| {
        spec.not_after = utc("250102000000Z");
    });
    let later = forge.below(&forge.root, "An issuing CA to come", |spec| {
        spec.not_before = general("21000101000000Z");
    });
    let twisted = forge.below(&forge.root, "An issuing CA of no time", |spec| {
        spec.not_after = utc("200101000000Z");
    });
    vec![
        Case::new("has ended", until(utc("200101000000Z")), ENDED),
        Case::new(
            "has not begun",
            since(general("21000101000000Z")),
            NOT_BEGUN,
        ),
        Case::new(
            "ended in 1969",
            dated(utc("680101000000Z"), utc("691231235959Z")),
            BAD,
        ),
        Case::new("began in 1960", since(utc("600101000000Z")), BAD),
        Case::new(
            "began in the year 0",
            since(general("00000101000000Z")),
            BAD,
        ),
        Case::new(
            "ends before it begins, and both are past",
            dated(utc("200101000000Z"), utc("150101000000Z")),
            BAD,
        ),
        Case::new(
            "ends before it begins, and now is between",
            dated(general("21000101000000Z"), utc("150101000000Z")),
            BAD,
        ),
        Case::new(
            "an end of 2050 as UTCTime, with two digits, is one in 1950",
            until(utc("500101000000Z")),
            BAD,
        ),
        Case::new(
            "an end of 2050 as UTCTime, with four digits",
            until(utc("20500101000000Z")),
            BAD,
        ),
        Case::new(
            "an end of 2049 as GeneralizedTime (RFC 5280 §4.1.2.5: as UTCTime)",
            until(general("20490101000000Z")),
            UNKNOWN,
        ),
        Case::new("an end in month 13", until(general("20501301000000Z")), BAD),
        Case::new(
            "an end on 30 February",
            until(general("20500230000000Z")),
            BAD,
        ),
        Case::new("an end at 24:00:00", until(general("20500101240000Z")), BAD),
        Case::new("an end without seconds", until(utc("4901010000Z")), BAD),
        Case::new(
            "an end with a time zone",
            until(utc("490101000000+0100")),
            BAD,
        ),
        Case::new("an end without `Z`", until(general("20500101000000")), BAD),
        Case::new(
            "an end with tenths of a second",
            until(general("20500101000000.5Z")),
            BAD,
        ),
        Case::new(
            "an end that is no digits",
            until(general("2050-1-1 00:00Z")),
            BAD,
        ),
        Case::new("dates that are empty", dated(utc(""), utc("")), BAD),
        Case::new(
            "by an issuing CA that has ended",
            forge.device_of(&[&ended], |_| {}),
            ENDED,
        ),
        Case::new(
            "by an issuing CA that has not begun",
            forge.device_of(&[&later], |_| {}),
            NOT_BEGUN,
        ),
        Case::new(
            "by an issuing CA that ends before it begins",
            forge.device_of(&[&twisted], |_| {}),
            BAD,
        ),
    ]
}
