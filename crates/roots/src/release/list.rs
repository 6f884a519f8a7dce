//! The known releases.

use super::{CrossSigned, Release};
use crate::Date;

/// Oldest first, branches last: ranges in `data/roots.csv` go by this order.
///
/// The date is the one that `components/mbedtls/esp_crt_bundle/cacrt_all.pem` states in its head.
/// Source: ESP-IDF's repository at each tag; the branches on [`ESP_IDF_DATE`](crate::ESP_IDF_DATE).
pub(super) static RELEASES: &[Release] = &[
    tag("v4.2", [4, 2, 0], Date::new(2019, 1, 23)),
    tag("v4.2.1", [4, 2, 1], Date::new(2019, 1, 23)),
    tag("v4.2.2", [4, 2, 2], Date::new(2019, 1, 23)),
    tag("v4.2.3", [4, 2, 3], Date::new(2019, 1, 23)),
    tag("v4.2.4", [4, 2, 4], Date::new(2019, 1, 23)),
    tag("v4.2.5", [4, 2, 5], Date::new(2019, 1, 23)),
    tag("v4.3", [4, 3, 0], Date::new(2019, 1, 23)),
    tag("v4.3.1", [4, 3, 1], Date::new(2019, 1, 23)),
    tag("v4.3.2", [4, 3, 2], Date::new(2019, 1, 23)),
    tag("v4.3.3", [4, 3, 3], Date::new(2019, 1, 23)),
    tag("v4.3.4", [4, 3, 4], Date::new(2022, 4, 26)),
    tag("v4.3.5", [4, 3, 5], Date::new(2022, 4, 26)),
    tag("v4.3.6", [4, 3, 6], Date::new(2022, 4, 26)),
    tag("v4.3.7", [4, 3, 7], Date::new(2022, 4, 26)),
    tag("v4.4", [4, 4, 0], Date::new(2021, 10, 5)),
    tag("v4.4.1", [4, 4, 1], Date::new(2021, 10, 5)),
    tag("v4.4.2", [4, 4, 2], Date::new(2022, 4, 26)),
    tag("v4.4.3", [4, 4, 3], Date::new(2022, 4, 26)),
    tag("v4.4.4", [4, 4, 4], Date::new(2022, 4, 26)),
    tag("v4.4.5", [4, 4, 5], Date::new(2022, 4, 26)),
    tag("v4.4.6", [4, 4, 6], Date::new(2022, 4, 26)),
    tag("v4.4.7", [4, 4, 7], Date::new(2022, 4, 26)),
    tag("v4.4.8", [4, 4, 8], Date::new(2022, 4, 26)),
    tag("v5.0", [5, 0, 0], Date::new(2022, 7, 19)),
    tag("v5.0.1", [5, 0, 1], Date::new(2022, 7, 19)),
    tag("v5.0.2", [5, 0, 2], Date::new(2022, 7, 19)),
    tag("v5.0.3", [5, 0, 3], Date::new(2022, 7, 19)),
    tag("v5.0.4", [5, 0, 4], Date::new(2022, 7, 19)),
    tag("v5.0.5", [5, 0, 5], Date::new(2022, 7, 19)),
    tag("v5.0.6", [5, 0, 6], Date::new(2022, 7, 19)),
    tag("v5.0.7", [5, 0, 7], Date::new(2022, 7, 19)),
    tag("v5.0.8", [5, 0, 8], Date::new(2022, 7, 19)),
    tag("v5.0.9", [5, 0, 9], Date::new(2022, 7, 19)),
    tag("v5.1", [5, 1, 0], Date::new(2023, 1, 10)),
    tag("v5.1.1", [5, 1, 1], Date::new(2023, 1, 10)),
    tag("v5.1.2", [5, 1, 2], Date::new(2023, 1, 10)),
    tag("v5.1.3", [5, 1, 3], Date::new(2023, 1, 10)),
    tag("v5.1.4", [5, 1, 4], Date::new(2023, 1, 10)),
    tag("v5.1.5", [5, 1, 5], Date::new(2023, 1, 10)),
    tag("v5.1.6", [5, 1, 6], Date::new(2023, 1, 10)),
    tag("v5.1.7", [5, 1, 7], Date::new(2023, 1, 10)),
    tag("v5.2", [5, 2, 0], Date::new(2023, 1, 10)),
    tag("v5.2.1", [5, 2, 1], Date::new(2023, 1, 10)),
    tag("v5.2.2", [5, 2, 2], Date::new(2023, 1, 10)),
    tag("v5.2.3", [5, 2, 3], Date::new(2023, 1, 10)),
    tag("v5.2.4", [5, 2, 4], Date::new(2023, 1, 10)),
    tag("v5.2.5", [5, 2, 5], Date::new(2023, 1, 10)),
    tag("v5.2.6", [5, 2, 6], Date::new(2023, 1, 10)),
    tag("v5.2.7", [5, 2, 7], Date::new(2023, 1, 10)),
    tag("v5.3", [5, 3, 0], Date::new(2024, 3, 11)),
    tag("v5.3.1", [5, 3, 1], Date::new(2024, 3, 11)),
    tag("v5.3.2", [5, 3, 2], Date::new(2024, 3, 11)),
    tag("v5.3.3", [5, 3, 3], Date::new(2024, 3, 11)),
    tag("v5.3.4", [5, 3, 4], Date::new(2024, 3, 11)),
    tag("v5.3.5", [5, 3, 5], Date::new(2024, 3, 11)),
    tag("v5.4", [5, 4, 0], Date::new(2024, 9, 24)),
    tag("v5.4.1", [5, 4, 1], Date::new(2024, 9, 24)),
    tag("v5.4.2", [5, 4, 2], Date::new(2024, 9, 24)),
    tag("v5.4.3", [5, 4, 3], Date::new(2024, 9, 24)),
    tag("v5.4.4", [5, 4, 4], Date::new(2024, 9, 24)),
    tag("v5.5", [5, 5, 0], Date::new(2025, 2, 25)),
    tag("v5.5.1", [5, 5, 1], Date::new(2025, 2, 25)),
    tag("v5.5.2", [5, 5, 2], Date::new(2025, 2, 25)),
    tag("v5.5.3", [5, 5, 3], Date::new(2025, 2, 25)),
    tag("v5.5.4", [5, 5, 4], Date::new(2025, 2, 25)),
    tag("v5.5.5", [5, 5, 5], Date::new(2025, 2, 25)),
    tag("v6.0", [6, 0, 0], Date::new(2025, 12, 2)),
    tag("v6.0.1", [6, 0, 1], Date::new(2025, 12, 2)),
    tag("v6.0.2", [6, 0, 2], Date::new(2025, 12, 2)),
    branch(
        "release/v6.1",
        [6, 1, 0],
        Date::new(2026, 2, 11),
        CrossSigned::OffByDefault,
    ),
    branch(
        "master",
        [6, 2, 0],
        Date::new(2026, 5, 14),
        CrossSigned::OnByDefault,
    ),
];

const fn tag(name: &'static str, numbers: [u16; 3], mozilla: Date) -> Release {
    Release {
        name,
        numbers,
        branch: false,
        mozilla,
        // `components/mbedtls/Kconfig`, v6.0 to v6.0.2.
        cross_signed: if numbers[0] >= 6 {
            CrossSigned::OffByDefault
        } else {
            CrossSigned::Absent
        },
    }
}

const fn branch(
    name: &'static str,
    numbers: [u16; 3],
    mozilla: Date,
    cross_signed: CrossSigned,
) -> Release {
    Release {
        name,
        numbers,
        branch: true,
        mozilla,
        cross_signed,
    }
}
