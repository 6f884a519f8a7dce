use countersign_protocol::Digest;

use super::*;
use crate::NameMapping;

const END: UnixTime = UnixTime(2000);
const UNTIL: UnixTime = UnixTime(1000);

/// Every authority that there can be, as far as it matters here.
fn authorities() -> Vec<RegisteredAuthority> {
    let mut all = Vec::new();
    for vouches_for in VouchesFor::ALL {
        for new_until in [None, Some(UNTIL)] {
            for known_after_end in [false, true] {
                for product in [None, Some("demo")] {
                    all.push(RegisteredAuthority {
                        name: "acme".parse().unwrap(),
                        der: Vec::new(),
                        key: Digest([1; 32]),
                        mapping: NameMapping::CommonName,
                        product: product.map(|name| name.parse().unwrap()),
                        vouches_for,
                        new_until,
                        known_after_end,
                        registered_at: UnixTime(1),
                    });
                }
            }
        }
    }
    all
}

/// Every device that there can be, and none.
fn devices() -> Vec<Option<Known>> {
    let mut all = vec![None];
    for state in DeviceState::ALL {
        all.extend([true, false].map(|same_key| Some(Known { state, same_key })));
    }
    all
}

/// Each second on which something may turn, and those beside it.
const TIMES: [u64; 8] = [0, 999, 1000, 1001, 1999, 2000, 2001, u64::MAX];

/// Asks every question that there is.
fn ask_all(mut check: impl FnMut(&Question<'_>, Verdict<'_>)) {
    for authority in &authorities() {
        for device in devices() {
            for now in TIMES.map(UnixTime) {
                let question = Question {
                    authority,
                    authority_ends: END,
                    now,
                    device,
                };
                check(&question, vouch(&question));
            }
        }
    }
}

#[test]
fn a_new_device_comes_in_by_an_authority_that_may_bring_it_in_and_by_no_other() {
    ask_all(|question, verdict| {
        let authority = question.authority;
        let may = question.device.is_none()
            && authority.vouches_for == VouchesFor::New
            && question.now <= END
            && authority
                .new_until
                .is_none_or(|until| question.now <= until);
        let product = authority.product.as_ref().filter(|_| may);
        let brought_in = match verdict {
            Verdict::BringIn(product) => Some(product),
            _ => None,
        };
        assert_eq!(brought_in, product, "{question:?}");
    });
}

#[test]
fn a_known_device_comes_in_by_its_key_alone_and_where_it_may_come() {
    ask_all(|question, verdict| {
        let authority = question.authority;
        let its_own = Known {
            state: DeviceState::Active,
            same_key: true,
        };
        let may = question.device == Some(its_own)
            && authority.vouches_for != VouchesFor::Nobody
            && (question.now <= END || authority.known_after_end);
        assert_eq!(verdict == Verdict::Admit, may, "{question:?}");
    });
}

#[test]
fn what_was_refused_is_not_admitted_for_waiting() {
    for authority in &authorities() {
        for device in devices() {
            let verdicts = TIMES.map(|now| {
                let question = Question {
                    authority,
                    authority_ends: END,
                    now: UnixTime(now),
                    device,
                };
                !matches!(vouch(&question), Verdict::Refuse(_))
            });
            assert!(verdicts.is_sorted_by(|before, after| before >= after));
        }
    }
}

#[test]
fn a_refusal_says_the_first_thing_that_stands_in_the_way() {
    ask_all(|question, verdict| {
        let Verdict::Refuse(why) = verdict else {
            return;
        };
        let (authority, known) = (question.authority, question.device);
        let of_state = match known.map(|known| known.state) {
            Some(DeviceState::Revoked) => Some(Unvouched::Revoked),
            Some(DeviceState::Retired) => Some(Unvouched::Retired),
            Some(DeviceState::Suspended) => Some(Unvouched::Suspended),
            _ => None,
        };
        let of_authority = if authority.vouches_for == VouchesFor::Nobody {
            Some(Unvouched::Withdrawn)
        } else if question.now > END && (known.is_none() || !authority.known_after_end) {
            Some(Unvouched::Ended)
        } else {
            None
        };
        let of_key = match known {
            Some(_) => Unvouched::OtherKey,
            None => Unvouched::NotYetKnown,
        };
        let first = of_state.or(of_authority).unwrap_or(of_key);
        assert_eq!(why, first, "{question:?}");
    });
}
