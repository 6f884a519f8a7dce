//! Surveys of chains made here; the releases' own rules have their tests beside them.

use countersign_x509::Certificate;

use super::*;
use crate::chain::Roots;
use crate::device::DEFAULT_MAX_ENTRIES;
use crate::mint::Ca;
use crate::{IdfRelease, bundle};

fn releases(names: &[&str]) -> Vec<&'static Release> {
    names
        .iter()
        .map(|name| Release::find(name).unwrap())
        .collect()
}

fn ask<'a>(sent: &[Vec<u8>], roots: &[Certificate], host: &str, own: &'a [Own]) -> Vec<Row<'a>> {
    let roots = Roots {
        trusted: roots,
        known: &[],
    };
    let chain = Chain::new(sent, roots);
    let mut carried: Vec<Carried<'a>> = own.iter().map(Carried::Own).collect();
    if own.is_empty() {
        carried.extend(DEFAULT_LISTS);
    }
    survey(&Survey {
        chain: &chain,
        host,
        clock: Clock::Ignored,
        releases: &releases(&["v5.2.1", "v5.2.2", "v5.5"]),
        max_entries: DEFAULT_MAX_ENTRIES,
        carried: &carried,
    })
}

#[test]
fn releases_that_say_the_same_stand_in_one_row() {
    let root = Ca::root("root");
    let own = [Own::Certificates(vec![root.certificate.clone()])];
    let roots = [root.certificate.clone()];
    let rows = ask(&[root.leaf(&["a.test"])], &roots, "a.test", &own);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].releases.to_string(), "v5.2.1..v5.2.2 v5.5");
    let Outcome::Accepted { anchor_subject, .. } = &rows[0].outcome else {
        panic!("{rows:?}");
    };
    assert_eq!(anchor_subject, root.certificate.subject());

    // No default list has it; what would help was tried.
    let rows = ask(&[root.leaf(&["a.test"])], &roots, "a.test", &[]);
    assert_eq!(rows.len(), 2);
    for row in rows {
        let Outcome::Refused { mends, .. } = row.outcome else {
            panic!("accepted");
        };
        assert_eq!(mends, [Mend::AddRoot(root.certificate.clone())]);
    }
}

#[test]
fn a_surplus_cross_certificate_is_mended_on_the_server_or_by_the_older_root() {
    let (old, new) = (Ca::root("old"), Ca::root("new"));
    let issuing = Ca::root("issuing");
    let sent = [
        issuing.leaf(&["a.test"]),
        issuing.under(&new),
        new.under(&old),
    ];
    let roots = [new.certificate.clone(), old.certificate.clone()];
    let own = [Own::Certificates(vec![new.certificate.clone()])];
    let rows = ask(&sent, &roots, "a.test", &own);
    let Outcome::Refused { mends, .. } = &rows[0].outcome else {
        panic!("{rows:?}");
    };
    assert_eq!(
        mends[..],
        [
            Mend::Drop { positions: vec![2] },
            Mend::AddRoot(old.certificate.clone())
        ]
    );

    // A list that has neither takes both: less from the server, and the newer root.
    let rows = ask(&sent, &roots[..1], "a.test", &[]);
    let Outcome::Refused { mends, .. } = &rows[0].outcome else {
        panic!("{rows:?}");
    };
    assert_eq!(
        mends[..],
        [Mend::DropAndAdd {
            positions: vec![2],
            root: new.certificate.clone()
        }]
    );

    // Sent in the wrong order it takes an order, too.
    let sent = [sent[0].clone(), sent[2].clone(), sent[1].clone()];
    let own = [Own::Certificates(vec![old.certificate.clone()])];
    let rows = ask(&sent, &roots[1..], "a.test", &own);
    let Outcome::Refused { mends, .. } = &rows[0].outcome else {
        panic!("{rows:?}");
    };
    let send = vec![0, 2, 1];
    assert_eq!(mends[0], Mend::Order { send });

    // A wrong name is mended by nothing of this.
    let rows = ask(&sent, &roots, "b.test", &own);
    let Outcome::Refused { mends, .. } = &rows[0].outcome else {
        panic!("{rows:?}");
    };
    assert_eq!(mends[..], []);
}

#[test]
fn a_bundle_file_is_good_for_the_releases_that_read_its_format() {
    let root = Ca::root("root");
    let roots = [root.certificate.clone()];
    let legacy = bundle::format_for(IdfRelease::new(5, 3, 0));
    let own = [Own::Bundle(bundle::build(&roots, legacy).unwrap())];
    let rows = ask(&[root.leaf(&["a.test"])], &roots, "a.test", &own);
    assert_eq!(rows.len(), 2);
    assert!(rows[0].outcome.is_accepted());
    assert_eq!(rows[1].outcome, Outcome::OtherFormat);
    assert_eq!(rows[1].releases.to_string(), "v5.5");
}

#[test]
fn a_survey_says_of_each_release_what_it_says_by_itself() {
    let (root, namesake, old) = (Ca::root("root"), Ca::root("root"), Ca::root("old"));
    let issuing = Ca::root("issuing");
    let way = [issuing.leaf(&["a.test"]), issuing.under(&root)];
    let across = [way.as_slice(), &[root.under(&old)]].concat();
    let all: Vec<&'static Release> = Release::all().iter().collect();
    for (sent, trusted) in [
        (&way[..], &[&root][..]),
        (&way, &[&namesake]),
        (&way, &[&root, &namesake]),
        (&way, &[&namesake, &root]),
        (&across, &[&root]),
        (&across, &[&old]),
        (&way[..1], &[&root]),
    ] {
        let trusted = trusted.iter().map(|ca| ca.certificate.clone());
        let own = Own::Certificates(trusted.collect());
        let roots = [root.certificate.clone(), old.certificate.clone()];
        let roots = Roots {
            trusted: &roots,
            known: &[],
        };
        let chain = Chain::new(sent, roots);
        let carried = Carried::Own(&own);
        let rows = survey(&Survey {
            chain: &chain,
            host: "a.test",
            clock: Clock::Ignored,
            releases: &all,
            carried: &[carried],
            max_entries: DEFAULT_MAX_ENTRIES,
        });
        let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
        for &release in &all {
            let row = rows.iter().find(|row| row.releases.contains(release));
            let across = release.settings().cross_signed;
            let bundle = carried.bundle(release, across, false, &[]).unwrap();
            let [major, minor, patch] = release.numbers();
            let device = Device {
                release: IdfRelease::new(major, minor, patch),
                bundle: &bundle,
                clock: Clock::Ignored,
                cross_signed: across,
                max_entries: DEFAULT_MAX_ENTRIES,
            };
            match (
                &row.unwrap().outcome,
                crate::judge(&sent, "a.test", &device).outcome,
            ) {
                (Outcome::Accepted { anchor_key, .. }, Ok(accepted)) => {
                    assert_eq!(*anchor_key, accepted.anchor_key);
                }
                (Outcome::Refused { refusal, .. }, Err(by_itself)) => {
                    assert_eq!(*refusal, by_itself);
                }
                (said, by_itself) => panic!("{release}: {said:?} {by_itself:?}"),
            }
        }
    }
}
