//! What is asked with each request of a device.

use countersign_fleet::{Standing, StoreError};
use countersign_protocol::Digest;
use sqlx::{SqlitePool, sqlite::SqliteRow};

use crate::{
    certificates, devices, offers, releases,
    row::{self, Row},
};

/// One statement of four look-ups by unique keys: what a statement costs is its way to the connection's thread and
/// back, not what it reads.
pub(crate) async fn by_certificate(
    readers: &SqlitePool,
    fingerprint: &Digest,
) -> Result<Option<Standing>, StoreError> {
    let query = sqlx::query(
        "SELECT certificates.*, devices.*, 0 AS of_offer, offers.*, 0 AS of_release, releases.* \
         FROM certificates JOIN devices ON devices.id = certificates.device_id \
         LEFT JOIN offers ON offers.device_id = devices.id AND offers.state = 'open' \
         LEFT JOIN releases ON releases.id = (SELECT newest.id FROM releases AS newest \
         WHERE newest.product = devices.product ORDER BY newest.counter DESC LIMIT 1) \
         WHERE certificates.fingerprint = $1",
    )
    .bind(fingerprint.0.as_slice());
    row::one(query, readers, read).await
}

fn read(row: &SqliteRow) -> Result<Standing, StoreError> {
    let open = Row::behind("of_offer", "offers", row);
    let newest = Row::behind("of_release", "releases", row);
    Ok(Standing {
        // No column name is in both tables.
        device: devices::read(row)?,
        certificate: certificates::read(row)?,
        open: if open.is_there()? {
            Some(offers::cells(open)?)
        } else {
            None
        },
        newest: if newest.is_there()? {
            Some(releases::cells(newest)?)
        } else {
            None
        },
    })
}
