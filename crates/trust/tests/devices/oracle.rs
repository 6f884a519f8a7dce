//! The engine says what a device does: random chains and bundles, judged by mbedTLS itself.
//!
//! The judges are programs that are built elsewhere; where one is missing, its test is skipped, loudly:
//!
//! | variable                     | program                                                          | stands for |
//! |------------------------------|------------------------------------------------------------------|------------|
//! | `COUNTERSIGN_ORACLE_2_28`    | `acceptance/tools/chain_oracle`, with Debian's mbedTLS 2.28      | v4.4       |
//! | `COUNTERSIGN_ORACLE_3_6`     | `crates/mbedtls-link/examples/chain-oracle`, mbedTLS 3.6, no dates | v5.x     |
//!
//! For v4.2, v4.3 before 4.3.3 (2.16) and v6.x (4.x) there is no judge.
//! `COUNTERSIGN_ORACLE_CASES` says how many cases (default 2500), `COUNTERSIGN_ORACLE_FIRST` the number of the first
//! (default 0): every number is another case, the same in every run but for its keys.

mod ask;
mod cases;
pub mod random;

use std::collections::BTreeMap;

use countersign_protocol::UnixTime;
use countersign_skips::skip;
use countersign_trust::{
    Clock, Device, IdfRelease, Refusal, Step, device::DEFAULT_MAX_ENTRIES, judge,
};

use crate::{
    NOW,
    bundle::{Format, bundle},
};
use ask::Answer;
use cases::{Case, Material};

/// A judge, and the device that it stands for.
struct Judge {
    variable: &'static str,
    release: IdfRelease,
    format: Format,
    clock: Clock,
}

#[test]
fn a_device_with_mbedtls_2_28_does_what_we_say() {
    compare(&Judge {
        variable: "COUNTERSIGN_ORACLE_2_28",
        release: IdfRelease::new(4, 4, 5),
        format: Format::Legacy,
        clock: Clock::At(UnixTime(NOW)),
    });
}

#[test]
fn a_device_with_mbedtls_3_6_does_what_we_say() {
    compare(&Judge {
        variable: "COUNTERSIGN_ORACLE_3_6",
        release: IdfRelease::new(5, 5, 4),
        format: Format::Offsets,
        clock: Clock::Ignored,
    });
}

fn compare(judge: &Judge) {
    let Some(program) = std::env::var_os(judge.variable) else {
        let program = format!("a program in {}", judge.variable);
        skip("trust::oracle", &program, "cargo xtask test --only mbedtls");
        return;
    };
    let number = |name, default| std::env::var(name).map_or(default, |n| n.parse().unwrap());
    let count: u64 = number("COUNTERSIGN_ORACLE_CASES", 2500);
    let first: u64 = number("COUNTERSIGN_ORACLE_FIRST", 0);
    let material = Material::new();
    let cases: Vec<Case> = (first..first + count)
        .map(|n| cases::case(&material, n))
        .collect();
    let answers = ask::ask(&program, judge.format, &cases);
    assert_eq!(answers.len(), cases.len());

    let (mut accepted, mut unchecked, mut wrong) = (0, 0, Vec::new());
    let mut reasons = BTreeMap::<&str, usize>::new();
    for (number, (case, theirs)) in (first..).zip(cases.iter().zip(&answers)) {
        accepted += usize::from(*theirs == Answer::Accepted);
        let Some((ours, why)) = answer(judge, case) else {
            unchecked += 1;
            continue;
        };
        let reason = why.as_ref().map_or("accepted", Refusal::code);
        *reasons.entry(reason).or_default() += 1;
        if ours != *theirs {
            wrong.push(format!(
                "case {number}: {ours:?} ({why:?}), but it is {theirs:?}"
            ));
        }
    }
    eprintln!(
        "{}: {} cases, {accepted} accepted, {unchecked} that we cannot check, {} wrong: {reasons:?}",
        judge.variable,
        cases.len(),
        wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(accepted > cases.len() / 10, "{accepted} accepted");
    assert!(reasons.len() > 14, "{reasons:?}");
    assert!(unchecked < cases.len() / 50, "{unchecked} unchecked");
}

/// What we say, and why; nothing where we cannot check a signature.
fn answer(judge: &Judge, case: &Case) -> Option<(Answer, Option<Refusal>)> {
    let bundle = bundle(judge.format, &case.roots);
    let device = Device {
        release: judge.release,
        bundle: &bundle,
        clock: judge.clock,
        cross_signed: false,
        max_entries: DEFAULT_MAX_ENTRIES,
    };
    let chain: Vec<&[u8]> = case.chain.iter().map(Vec::as_slice).collect();
    let verdict = self::judge(&chain, &case.host, &device);
    let unknown = |step: &Step| step.what.contains("cannot be checked here");
    if verdict.steps.iter().any(unknown) {
        return None;
    }
    let refused = |code| Answer::Refused {
        code,
        flags: verdict.log.flags,
    };
    Some(match verdict.outcome {
        Ok(_) => (Answer::Accepted, None),
        Err(why) => (
            verdict.log.code.map_or(Answer::Unreadable, refused),
            Some(why),
        ),
    })
}
