//! When an image was built.

use countersign_protocol::UnixTime;

/// Reads the date ("Nov 23 2026") and time ("03:06:07") of an app descriptor, as a C compiler writes them.
///
/// They are local times of a machine whose zone nobody wrote down, so a day is taken off: it is later than that for
/// sure.
pub(super) fn build_time(date: &str, time: &str) -> Option<UnixTime> {
    let mut date = date.split_ascii_whitespace();
    let month = date.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let day: u64 = date
        .next()?
        .parse()
        .ok()
        .filter(|day| (1..=31).contains(day))?;
    let year: u64 = date
        .next()?
        .parse()
        .ok()
        .filter(|year| (1970..=9999).contains(year))?;
    let mut seconds = 0;
    for (part, limit) in time.split(':').zip([24, 60, 60]) {
        let part: u64 = part.parse().ok().filter(|part| *part < limit)?;
        seconds = seconds * 60 + part;
    }
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let before = year - 1;
    // 477 leap days lie before 1970.
    let leap_days = before / 4 - before / 100 + before / 400 - 477;
    let into_year = DAYS_BEFORE.get(month)? + u64::from(leap && month > 1) + day - 1;
    let days = (year - 1970) * 365 + leap_days + into_year;
    (days * DAY + seconds).checked_sub(DAY).map(UnixTime)
}

const DAY: u64 = 24 * 60 * 60;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// Days of a common year before each month.
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_a_day_old_at_most() {
        // Seconds by `date -u -d ... +%s`.
        for (date, time, seconds) in [
            ("Jan  2 1970", "00:00:00", 86_400),
            ("Feb 29 2000", "12:34:56", 951_827_696),
            ("Mar  1 2100", "00:00:00", 4_107_542_400),
            ("Nov 23 2026", "03:06:07", 1_795_403_167),
            ("Dec 31 2028", "23:59:59", 1_861_919_999),
        ] {
            assert_eq!(
                build_time(date, time),
                Some(UnixTime(seconds - DAY)),
                "{date}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for (date, time) in [
            ("", ""),
            ("23 Nov 2026", "00:00:00"),
            ("Nov 0 2026", "00:00:00"),
            ("Nov 23 2026", "24:00:00"),
            ("Jan 1 1970", "0:0:0"),
        ] {
            assert_eq!(build_time(date, time), None, "{date} {time}");
        }
    }
}
