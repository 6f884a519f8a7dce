//! Days, as the data states them.

use std::fmt;

/// A day of the Gregorian calendar, in UTC; earlier is less.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day; `month` and `day` count from 1. Nothing is checked.
    pub const fn new(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }

    /// Reads `2026-10-23`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let date = Self {
            year: digits(parts.next()?, 4)?,
            month: u8::try_from(digits(parts.next()?, 2)?).ok()?,
            day: u8::try_from(digits(parts.next()?, 2)?).ok()?,
        };
        let plausible =
            date.year >= 1970 && (1..=12).contains(&date.month) && (1..=31).contains(&date.day);
        plausible.then_some(date)
    }

    /// The day in which a second lies that is counted from 1970; the last of the year 9999 for all behind it.
    pub fn of_unix(seconds: u64) -> Self {
        // The other way round: eras of 400 years, in them years that begin in March.
        let days = (seconds / 86_400).min(LAST_DAY) + DAYS_TO_1970;
        let (era, of_era) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        let small = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
        Self {
            year: u16::try_from(400 * era + year + next).unwrap_or(u16::MAX),
            month: small(month),
            day: small(day),
        }
    }

    /// Its first second, since 1970; 0 for a day before.
    pub fn unix_seconds(self) -> u64 {
        // Years that begin in March have their leap day at the end, so months add up evenly.
        let (month, year) = match self.month {
            1 | 2 => (u64::from(self.month) + 9, u64::from(self.year) - 1),
            month => (u64::from(month) - 3, u64::from(self.year)),
        };
        let days = 365 * year + year / 4 - year / 100
            + year / 400
            + (153 * month + 2) / 5
            + u64::from(self.day)
            - 1;
        days.saturating_sub(DAYS_TO_1970) * 86_400
    }
}

/// `2026-10-23`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Reads `2024-11-30T23:59:59Z` as seconds since 1970.
pub(crate) fn moment(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = time
        .splitn(3, ':')
        .map(|part| digits(part, 2).map(u64::from));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let plausible = hours < 24 && minutes < 60 && seconds < 60;
    let start = Date::parse(date)?.unix_seconds();
    plausible.then_some(start + hours * 3600 + minutes * 60 + seconds)
}

fn digits(text: &str, len: usize) -> Option<u16> {
    let all = text.len() == len && text.bytes().all(|c| c.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// From the 1st of March of year 0.
const DAYS_TO_1970: u64 = 719_468;
/// 400 years.
const DAYS_OF_ERA: u64 = 146_097;
/// 9999-12-31, from 1970.
const LAST_DAY: u64 = 2_932_896;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970() {
        for (date, seconds) in [
            (Date::new(1970, 1, 1), 0),
            (Date::new(2000, 2, 29), 951_782_400),
            (Date::new(2000, 3, 1), 951_868_800),
            (Date::new(2026, 10, 23), 1_792_713_600),
        ] {
            assert_eq!(date.unix_seconds(), seconds, "{date}");
            assert_eq!(Date::parse(&date.to_string()), Some(date));
        }
        let mut day = Date::new(1970, 1, 1);
        for at in 0..200 * 366 {
            let next = Date::of_unix((at + 1) * 86_400);
            assert_eq!(Date::of_unix(at * 86_400 + 86_399), day);
            assert!(
                day < next && next.unix_seconds() == (at + 1) * 86_400,
                "{next}"
            );
            day = next;
        }
        assert_eq!(Date::of_unix(u64::MAX), Date::new(9999, 12, 31));
    }

    #[test]
    fn only_whole_moments_are_read() {
        assert_eq!(moment("2024-11-30T23:59:59Z"), Some(1_733_011_199));
        for bad in [
            "",
            "2024-11-30",
            "2024-13-30T00:00:00Z",
            "2024-11-30T24:00:00Z",
            "x",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
