//! Dates in certificates.

use countersign_protocol::UnixTime;

/// A date and a time of the Gregorian calendar in UTC, as the library reads them from a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Date {
    pub(crate) year: i32,
    pub(crate) month: i32,
    pub(crate) day: i32,
    pub(crate) hour: i32,
    pub(crate) minute: i32,
    pub(crate) second: i32,
}

impl Date {
    /// The same as a number; what was before 1970 is 1970.
    pub(crate) fn unix(self) -> UnixTime {
        let [year, month, day, hour, minute, second] = [
            self.year,
            self.month,
            self.day,
            self.hour,
            self.minute,
            self.second,
        ]
        .map(i64::from);
        // Years begin in March, so that the leap day comes last.
        let (year, month) = if month < 3 {
            (year - 1, month + 9)
        } else {
            (year, month - 3)
        };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468;
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
        UnixTime(u64::try_from(seconds).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use countersign_protocol::UnixTime;

    use super::Date;

    #[test]
    fn dates_are_counted_from_1970() {
        // By GNU date.
        for ((year, month, day), [hour, minute, second], seconds) in [
            ((1970, 1, 1), [0, 0, 1], 1),
            ((1969, 12, 31), [23, 59, 59], 0),
            ((2000, 2, 29), [12, 0, 0], 951_825_600),
            ((2026, 11, 23), [15, 30, 1], 1_795_447_801),
            ((2100, 3, 1), [0, 0, 0], 4_107_542_400),
            ((9999, 12, 31), [23, 59, 59], 253_402_300_799),
        ] {
            let date = Date {
                year,
                month,
                day,
                hour,
                minute,
                second,
            };
            assert_eq!(date.unix(), UnixTime(seconds), "{date:?}");
        }
    }
}
