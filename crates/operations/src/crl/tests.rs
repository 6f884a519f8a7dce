use super::*;

#[test]
fn serials_are_read_whatever_their_length() {
    for (hex, wanted) in [
        ("0a", &[0x0a][..]),
        ("a", &[0x0a]),
        ("00ff", &[0x00, 0xff]),
        ("abc", &[0x0a, 0xbc]),
    ] {
        assert_eq!(bytes(hex), wanted, "{hex}");
    }
}

#[test]
fn a_number_grows_by_the_clock_and_without_it() {
    let number = |now, numbers| next(UnixTime(now), numbers, 7, Vec::new()).number;
    assert_eq!(number(1_000, [None, None]), 1_000);
    assert_eq!(number(1_000, [Some(900), None]), 1_000);
    // The clock went back.
    assert_eq!(number(1_000, [Some(2_000), None]), 2_001);
    // The database is a backup's, and what others read is not.
    assert_eq!(number(1_000, [Some(2_000), Some(3_000)]), 3_001);
    assert_eq!(number(0, [None, None]), 1);
    let list = next(UnixTime(1_000), [None, None], 7, Vec::new());
    assert_eq!(list.next_update, UnixTime(1_000 + 7 * 86_400));
}

#[test]
fn one_is_due_when_something_changed_or_half_its_life_is_over() {
    let known = Known {
        this_update: UnixTime(10_000),
        next_update: UnixTime(20_000),
        ..Known::default()
    };
    for (now, changed, due) in [
        (10_059, true, false),
        (10_060, true, true),
        (10_060, false, false),
        (14_999, false, false),
        (15_000, false, true),
        (99_999, false, true),
        // The clock went back: a little is borne, more is not.
        (9_950, false, false),
        (9_950, true, false),
        (9_000, false, true),
    ] {
        let is = Known { changed, ..known }.is_due(UnixTime(now), 60);
        assert_eq!(is, due, "{now} {changed}");
    }
    let failed = Known {
        not_before: UnixTime(16_060),
        ..known
    };
    assert!(!failed.is_due(UnixTime(16_030), 60));
    assert!(failed.is_due(UnixTime(16_060), 60));
    assert!(failed.is_due(UnixTime(15_500), 60), "the clock went back");
}
