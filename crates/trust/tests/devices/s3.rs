//! A chain as Amazon S3 sends it: the real names, and keys of our own.

use countersign_protocol::UnixTime;
use countersign_roots::{DefaultList, by_name};
use countersign_trust::{
    Clock, Device, IdfRelease, Line, Refusal, Verdict, device::DEFAULT_MAX_ENTRIES, judge, lines,
};

use crate::{
    NOW, forge,
    servers::{Ca, bundle_for, common, same},
};

struct S3 {
    /// Amazon Root CA 1, Starfield Services Root G2, Starfield Class 2.
    roots: [Ca; 3],
    chain: Vec<Vec<u8>>,
}

impl S3 {
    fn new() -> Self {
        let roots = [
            "Amazon Root CA 1",
            "Starfield Services Root Certificate Authority - G2",
            "Starfield Class 2 CA",
        ]
        .map(|name| {
            let subject = by_name(name)[0].certificate().subject();
            Ca::named(forge::parse_name(subject))
        });
        let [amazon, starfield, class2] = &roots;
        let issuing = Ca::named(common("Amazon RSA 2048 M01"));
        let chain = vec![
            issuing.leaf(same),
            issuing.by(amazon, same),
            amazon.by(starfield, same),
            starfield.by(class2, same),
        ];
        Self { roots, chain }
    }

    /// The full bundle that a line has by itself, but for our keys, and less some roots.
    fn bundle(&self, line: &Line, cross_signed: bool, without: &[usize]) -> Vec<u8> {
        let shipped = line.bundle(DefaultList::Full, cross_signed).unwrap();
        let shipped = esp_formats::bundle::Bundle::parse(&shipped).unwrap();
        let ours: Vec<_> = self.roots.iter().map(Ca::entry).collect();
        let mut entries: Vec<_> = shipped
            .iter()
            .map(|entry| (entry.name.to_vec(), entry.key.to_vec()))
            .filter(|(name, _)| !ours.iter().any(|(own, _)| own == name))
            .collect();
        let kept = (0..3).filter(|root| !without.contains(root));
        entries.extend(kept.map(|root| ours[root].clone()));
        bundle_for(line.release(), entries)
    }

    fn judge(
        &self,
        release: IdfRelease,
        bundle: &[u8],
        cross_signed: bool,
        clock: Clock,
    ) -> Verdict {
        let chain: Vec<&[u8]> = self.chain.iter().map(Vec::as_slice).collect();
        let device = Device {
            release,
            bundle,
            clock,
            cross_signed,
            max_entries: DEFAULT_MAX_ENTRIES,
        };
        judge(&chain, "s3.example", &device)
    }
}

#[test]
fn s3_stands_on_starfield_class_2_and_without_it_on_v6_alone() {
    let s3 = S3::new();
    for line in lines() {
        let release = line.release();
        let whole = s3.bundle(line, false, &[]);
        let verdict = s3.judge(release, &whole, false, Clock::Ignored);
        let accepted = verdict.outcome.unwrap();
        assert_eq!(accepted.path, [0, 1, 2, 3], "{line}");
        assert_eq!(accepted.anchor_subject, s3.roots[2].entry().0);

        let cut = s3.bundle(line, false, &[2]);
        let verdict = s3.judge(release, &cut, false, Clock::Ignored);
        let Err(refusal) = verdict.outcome else {
            panic!("{line} accepts");
        };
        let Refusal::CrossSigned { position: 3, .. } = refusal else {
            panic!("{line}: {refusal}");
        };
        assert_eq!(verdict.log.code, Some(-0x3000));
        assert_eq!(
            refusal.on_server(),
            ["drop the surplus cross-certificate 3"]
        );
        assert!(refusal.on_device()[0].starts_with("add the root `"));

        // Told to, v6 stops at the first root that it has; older releases cannot be told.
        let verdict = s3.judge(release, &cut, true, Clock::Ignored);
        assert_eq!(
            verdict.outcome.is_ok(),
            line.can_be_cross_signed(),
            "{line}"
        );
        if let Ok(accepted) = verdict.outcome {
            assert_eq!(accepted.path, [0, 1], "{line}");
            assert_eq!(accepted.anchor_subject, s3.roots[0].entry().0);
        }
        // Without Amazon's root it stops one further up.
        let verdict = s3.judge(
            release,
            &s3.bundle(line, true, &[0, 2]),
            true,
            Clock::Ignored,
        );
        assert_eq!(
            verdict.outcome.is_ok(),
            line.can_be_cross_signed(),
            "{line}"
        );
    }
}

#[test]
fn with_a_clock_v6_0_takes_its_own_roots_for_expired() {
    let s3 = S3::new();
    let clock = Clock::At(UnixTime(NOW));
    for line in lines().iter().filter(|line| line.can_be_cross_signed()) {
        let cut = s3.bundle(line, true, &[2]);
        let verdict = s3.judge(line.release(), &cut, true, clock);
        if line.to_string() == "v6.0 to v6.0.2" {
            let refused = verdict.outcome.unwrap_err();
            assert_eq!(refused.code(), "anchor-expired");
            assert_eq!((verdict.log.code, verdict.log.flags), (Some(-0x2700), 1));
        } else {
            verdict.outcome.unwrap();
        }
        let whole = s3.bundle(line, false, &[]);
        s3.judge(line.release(), &whole, false, clock)
            .outcome
            .unwrap();
    }
}

#[test]
fn every_step_is_said() {
    let s3 = S3::new();
    let line = Line::of(IdfRelease::new(5, 5, 0)).unwrap();
    let verdict = s3.judge(
        line.release(),
        &s3.bundle(line, false, &[]),
        false,
        Clock::Ignored,
    );
    let steps: Vec<String> = verdict.steps.iter().map(ToString::to_string).collect();
    let says = |at: usize, words: &str| assert!(steps[at].contains(words), "{at}: {steps:#?}");
    says(
        0,
        "certificate 0: it is `CN=s3.example`, with a key EC P-256",
    );
    says(4, "certificate 0: it is for `s3.example`");
    says(
        5,
        "certificate 0: its issuer `CN=Amazon RSA 2048 M01` is certificate 1, whose key signed it",
    );
    says(8, "certificate 3: nothing behind it is its issuer `");
    says(9, "certificate 3: the bundle is searched for `");
    says(9, "of 150, and its key signed this");
    says(10, "trusted by `");
    assert_eq!(steps.len(), 11);
}
