//! The data, and finding things in it.

use super::*;
use crate::{MOZILLA_SOURCE, Release, audit};

fn names(roots: &[&Root]) -> Vec<String> {
    let hex = |root: &&Root| table::to_hex(root.sha256())[..8].to_owned();
    roots.iter().map(hex).collect()
}

/// The only one that is called so.
fn root(name: &str) -> &'static Root {
    let [root] = by_name(name)[..] else {
        panic!("{name}");
    };
    root
}

#[test]
fn mozillas_list_the_kept_ones_and_the_table_agree() {
    assert_eq!(audit(), crate::Audit::default());
    assert!(audit().is_clean());
    assert_eq!(all().len(), table::rows().len());
    let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.len();
    assert_eq!(mozilla + kept_certificates().len(), all().len());
}

#[test]
fn the_date_is_that_of_the_version_in_the_lock_file() {
    let lock = include_str!("../../../../Cargo.lock");
    let (name, version) = MOZILLA_SOURCE.split_once(' ').unwrap();
    assert!(
        lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")),
        "set MOZILLA_SOURCE and MOZILLA_DATE; see README.md"
    );
}

#[test]
fn every_kept_certificate_says_where_it_is_from() {
    let comments = KEPT.lines().filter(|line| line.contains("; certifi "));
    assert_eq!(comments.count(), kept_certificates().len());
    for root in all().iter().filter(|root| !root.mozilla) {
        assert!(KEPT.contains(&format!("\n# {}; certifi ", root.name())));
    }
}

#[test]
fn every_root_is_found_by_fingerprint_subject_and_name() {
    for root in all() {
        assert_eq!(root.sha256, countersign_x509::sha256(root.der()));
        assert_eq!(by_sha256(root.sha256()), Some(root));
        assert!(by_subject(root.certificate().subject()).any(|found| found == root));
        assert!(by_name(root.name()).contains(&root), "{}", root.name());
        assert!(root.certificate().is_self_issued(), "{}", root.name());
    }
    assert_eq!(by_sha256(&[0; 32]), None);
    assert_eq!(by_subject(&[]).count(), 0);
    assert_eq!(by_name(""), Vec::<&Root>::new());
}

#[test]
fn a_label_goes_before_a_common_name_in_letters_of_either_case() {
    assert_eq!(names(&by_name(" isrg root x1 ")), ["96bcec06"]);
    assert_eq!(names(&by_name("Comodo AAA Services root")), ["d7a7a0fb"]);
    assert_eq!(names(&by_name("aaa certificate services")), ["d7a7a0fb"]);
    let arany = "NETLOCK ARANY (CLASS GOLD) FŐTANÚSÍTVÁNY";
    assert_eq!(names(&by_name(arany)), ["6c61dac3"]);
    // Two of a name: the first is the one that older releases ship.
    assert_eq!(names(&by_name("GTS Root R1")), ["2a575471", "d947432a"]);
    let gts = by_name("GTS Root R1");
    let subject = gts[0].certificate().subject();
    assert_eq!(by_subject(subject).count(), 2);
}

#[test]
fn a_root_says_who_ships_it() {
    let class_2 = root("Starfield Class 2 CA");
    assert!(!class_2.is_trusted_by_mozilla());
    assert_eq!(class_2.in_full().to_string(), "v4.2..master");
    assert_eq!(class_2.in_common().to_string(), "v4.2..master");
    assert!(class_2.in_deprecated().is_empty());
    let x1 = root("ISRG Root X1");
    assert!(x1.is_trusted_by_mozilla());
    assert_eq!(x1.in_common().to_string(), "v5.1..master");
    let secom = root("Security Communication Root CA");
    assert_eq!(secom.in_full().to_string(), "v4.2..v5.2.7");
    assert_eq!(secom.in_deprecated().to_string(), "v5.3..v5.5.5");
}

#[test]
fn distrust_dates_outlive_the_root() {
    let entrust = root("Entrust Root Certification Authority - G2");
    // Sat Nov 30 23:59:59 2024.
    assert_eq!(entrust.distrust_after(), Some(1_733_011_199));
    assert_eq!(root("TrustCor ECA-1").distrust_after(), Some(1_669_766_400));
    assert_eq!(root("Amazon Root CA 1").distrust_after(), None);
}

#[test]
fn the_table_is_written_as_it_is_read() {
    let comments = table::CSV.lines().take_while(|line| line.starts_with('#'));
    let lines = comments
        .map(str::to_owned)
        .chain([table::COLUMNS.to_owned()]);
    let lines: Vec<String> = lines
        .chain(table::rows().iter().map(ToString::to_string))
        .collect();
    assert_eq!(lines, table::CSV.lines().collect::<Vec<_>>());
}

#[test]
fn the_lists_of_a_release_fit_together() {
    for row in table::rows() {
        assert_eq!(row.full | row.common, row.full, "{}", row.name);
        for release in Release::all() {
            let twice = row.full.contains(release) && row.local.contains(release);
            assert!(!twice, "{} in {release}", row.name);
            let deprecated = row.deprecated.contains(release);
            assert!(!deprecated || release.has_deprecated_list(), "{release}");
        }
    }
}

#[test]
fn fingerprints_are_read_in_either_case_and_whole() {
    let sha256 = *root("ISRG Root X1").sha256();
    let text = table::to_hex(&sha256);
    assert_eq!(table::from_hex(&text), Some(sha256));
    assert_eq!(table::from_hex(&text.to_uppercase()), Some(sha256));
    for bad in [
        "",
        &text[1..],
        &text[2..],
        &format!("{text}00"),
        &text.replace('9', "g"),
    ] {
        assert_eq!(table::from_hex(bad), None, "{bad}");
    }
}
