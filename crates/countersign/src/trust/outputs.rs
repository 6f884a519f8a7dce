//! The files that a bundle comes with. The same bundle gives the same bytes, wherever and whenever.

pub(crate) mod sizes;
pub(crate) mod texts;

use countersign_operations::text::{hex, rfc3339};
use countersign_protocol::UnixTime;
use countersign_trust::{
    choose::Why,
    lock::{
        Lock, LockedBundle, LockedCertificate, LockedDevice, LockedHost, LockedPolicy, LockedRoot,
        VERSION,
    },
};
use countersign_x509::{Certificate, pem, sha256};
use esp_formats::bundle::Format;

use crate::trust::{
    config::Plan,
    made::{Made, Root},
    releases::format_name,
};

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// All files, the lock file last. `folder` is what the folder is called in a project.
pub(crate) fn outputs(made: &Made, plan: &Plan, folder: &str) -> Vec<Output> {
    let file = |name: &str, text: String| Output {
        name: name.to_owned(),
        bytes: text.into_bytes(),
    };
    let mut all: Vec<Output> = made
        .packs
        .iter()
        .map(|(format, packed)| Output {
            name: bundle_name(made, *format).to_owned(),
            bytes: packed.bytes.clone(),
        })
        .collect();
    all.push(file(CA_CERT, texts::ca_cert(made)));
    all.push(file(SDKCONFIG, texts::sdkconfig(made, folder)));
    all.push(file(CMAKE, texts::cmake(made, folder)));
    all.push(file(LOCK, lock(made, plan).to_text()));
    all
}

/// What a bundle's file is called: by its format, where there are both.
pub(crate) fn bundle_name(made: &Made, format: Format) -> &'static str {
    match (made.packs.len(), format) {
        (1, _) => BUNDLES[0],
        (_, Format::Legacy) => BUNDLES[1],
        (_, Format::Offsets) => BUNDLES[2],
    }
}

/// In the words of the lock file.
pub(crate) const fn why_name(why: Why) -> &'static str {
    match why {
        Why::Given => "given",
        Why::Needed => "needed",
        Why::Parent => "parent",
        Why::Successor => "successor",
    }
}

fn lock(made: &Made, plan: &Plan) -> Lock {
    let time = |at: u64| rfc3339(UnixTime(at));
    let bundle = |(format, packed): &(Format, countersign_trust::bundle::Packed)| LockedBundle {
        file: bundle_name(made, *format).to_owned(),
        format: format_name(*format).to_owned(),
        bytes: packed.bytes.len(),
        roots: made.roots.len() - packed.repeated.len(),
        sha256: hex(&sha256(&packed.bytes)),
    };
    let root = |root: &Root| LockedRoot {
        name: root.name.clone(),
        subject: root.certificate.subject_text().to_owned(),
        sha256: root.sha256.clone(),
        not_before: time(root.certificate.not_before()),
        not_after: time(root.certificate.not_after()),
        distrust_after: root.distrust_after.map(time),
        from: root.from.clone(),
        why: why_name(root.why).to_owned(),
        hosts: root.hosts.clone(),
        pem: root.pem.clone(),
    };
    let digest = |der: &Vec<u8>| hex(&sha256(der));
    let mut seen: Vec<LockedCertificate> = made
        .hosts
        .iter()
        .flat_map(|host| host.chains.iter().flatten())
        .map(|der| {
            let read = Certificate::from_der(der).ok();
            LockedCertificate {
                sha256: digest(der),
                subject: read
                    .as_ref()
                    .map(|one| one.subject_text().to_owned())
                    .unwrap_or_default(),
                not_after: read.map(|one| time(one.not_after())).unwrap_or_default(),
                pem: pem::encode(pem::CERTIFICATE, der),
            }
        })
        .collect();
    seen.sort_by(|a, b| a.sha256.cmp(&b.sha256));
    seen.dedup();
    let hosts = made.hosts.iter().map(|host| LockedHost {
        host: host.label.clone(),
        name: host.name.clone(),
        chains: host
            .chains
            .iter()
            .map(|chain| chain.iter().map(digest).collect())
            .collect(),
    });
    let devices = made.targets.iter().map(|target| LockedDevice {
        idf: target.label.clone(),
        cross_signed_verify: target.cross_signed,
        dates: plan.dates,
    });
    Lock {
        version: VERSION,
        chosen_from: made.chosen_from.clone(),
        policy: LockedPolicy {
            cross_sign_parents: plan.policy.parents,
            successors: plan.policy.successors,
            mozilla_only: plan.mozilla_only,
            max_certs: made.max_entries,
        },
        bundle: made.packs.iter().map(bundle).collect(),
        device: devices.collect(),
        root: made.roots.iter().map(root).collect(),
        host: hosts.collect(),
        seen,
    }
}

/// What bundles are called: the only one, and where there are two, the older and the newer format.
pub(crate) const BUNDLES: [&str; 3] = [
    "x509_crt_bundle",
    "x509_crt_bundle.before-v5.4",
    "x509_crt_bundle.since-v5.4",
];
/// The roots as PEM.
pub(crate) const CA_CERT: &str = "ca_cert.pem";
/// What a project's `sdkconfig.defaults` needs.
pub(crate) const SDKCONFIG: &str = "sdkconfig.defaults";
/// What a component's `CMakeLists.txt` needs.
pub(crate) const CMAKE: &str = "trust.cmake";
/// What is proved later on.
pub(crate) const LOCK: &str = "trust.lock";
