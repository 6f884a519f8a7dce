//! A release of ESP-IDF, as an app descriptor has it ([`countersign_trust::IdfRelease`]).

use countersign_trust::IdfRelease;

/// A release that is read can be written, and reads the same.
pub fn run(text: &[u8]) {
    if let Ok(release) = String::from_utf8_lossy(text).parse::<IdfRelease>() {
        assert_eq!(release.to_string().parse(), Ok(release));
        assert!((3..=5).contains(&release.redirect_codes().len()));
    }
}
