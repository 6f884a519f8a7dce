//! A release of ESP-IDF, as an app descriptor has it ([`countersign_trust::IdfRelease`]), or as a lock file and a person
//! have it ([`countersign_roots::Release`]).

use countersign_roots::{Release, ReleaseSet};
use countersign_trust::IdfRelease;

/// A release that is read can be written, and reads the same.
pub fn run(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    if let Ok(release) = text.parse::<IdfRelease>() {
        assert_eq!(release.to_string().parse(), Ok(release));
        assert!((3..=5).contains(&release.redirect_codes().len()));
    }
    if let Some(release) = Release::find(&text) {
        assert_eq!(Release::find(release.name()), Some(release));
        assert!(ReleaseSet::from_iter([release]).contains(release));
    }
    if let Some(set) = ReleaseSet::parse(&text) {
        assert_eq!(ReleaseSet::parse(&set.to_string()), Some(set));
    }
}
