//! What roots, chains and bundles come in.

use std::fmt::Write as _;

use countersign_keys::FileKey;
use countersign_pki::Profile;
use countersign_roots::table::to_hex;
use countersign_trust::{
    bundle,
    lock::{
        Lock, LockedBundle, LockedCertificate, LockedDevice, LockedHost, LockedPolicy, LockedRoot,
        VERSION,
    },
};
use countersign_x509::{Certificate, pem, sha256};
use esp_formats::bundle::Format;

use crate::{
    Seeds,
    identity::{hierarchy, issue},
};

/// One hierarchy and a server in each kind of file, and hosts as people type them.
pub(crate) fn seeds() -> Seeds {
    let (root, issuing) = hierarchy();
    let names = vec!["s3.example".to_owned()];
    let chain = issue(
        &issuing,
        &Profile::Server { names },
        &FileKey::generate().unwrap(),
    );
    let roots = [root.clone(), issuing.certificate().clone()];
    let [a, b] = [0, 1].map(|at| pem::to_pem(&roots[at..=at]));
    let key = pem::encode("PRIVATE KEY", &[7; 40]);
    let ders = |chain: &[Certificate]| chain.iter().flat_map(|one| one.der().to_vec()).collect();
    let text = |text: &str| text.as_bytes().to_vec();

    let mut seeds = vec![
        (
            "root_list",
            "pem",
            text(&format!(
                "\u{feff}## of today\r\nA\r\n===\r\n{}{key}{a}{}",
                b.replace('\n', "\r\n"),
                b.trim_end()
            )),
        ),
        ("root_list", "ccadb", text(&ccadb(&a, &b))),
        ("root_list", "err_cut", text(&ccadb(&a, &b)[..900])),
        (
            "root_list",
            "err_odd_block",
            text(&format!("{a}{}", pem::encode(pem::CERTIFICATE, b"0\0"))),
        ),
        ("trust_lock", "host", text(&lock(&root, &chain).to_text())),
        ("trust_config", "whole", text(CONFIG)),
        (
            "trust_config",
            "names",
            text("\u{feff}ISRG Root X1\r\n\n# all of Amazon's\nAmazon Root CA 1 # the first\n"),
        ),
        ("chain_file", "showcerts", text(&showcerts(&chain))),
        (
            "chain_file",
            "without_showcerts",
            text(&showcerts(&chain[..1])),
        ),
        ("chain_file", "der", chain[0].der().to_vec()),
        (
            "chain_file",
            "key",
            text(&format!("{key}{}", pem::to_pem(&chain)).replace('\n', "\r\n")),
        ),
        (
            "chain_file",
            "err_request",
            text(&pem::encode("CERTIFICATE REQUEST", b"0\0")),
        ),
        (
            "chain_file",
            "err_nothing_sent",
            text("CONNECTED(00000003)\n---\nno peer certificate available\n---\n"),
        ),
    ];
    let bundled = |format| bundle::build(&roots, format).unwrap();
    let (legacy, offsets) = (bundled(Format::Legacy), bundled(Format::Offsets));
    let changed = |bundle: &[u8], at: usize, byte: u8| {
        let mut bundle = bundle.to_vec();
        bundle[at] = byte;
        bundle
    };
    // Bytes 2 and 3, 8 and 9 are the length of the first entry's name.
    seeds.extend([
        (
            "bundle",
            "err_legacy_cut",
            legacy[..legacy.len() - 1].to_vec(),
        ),
        ("bundle", "err_legacy_count", changed(&legacy, 1, 200)),
        ("bundle", "err_legacy_unsorted", changed(&legacy, 20, 0xFF)),
        ("bundle", "err_legacy_overlong", changed(&legacy, 2, 0xFF)),
        (
            "bundle",
            "err_offsets_cut",
            offsets[..offsets.len() - 1].to_vec(),
        ),
        ("bundle", "err_offsets_count", changed(&offsets, 0, 12)),
        (
            "bundle",
            "err_offsets_unsorted",
            changed(&offsets, 26, 0xFF),
        ),
        ("bundle", "err_offsets_overlong", changed(&offsets, 9, 0xFF)),
        (
            "bundle",
            "err_more_behind",
            [offsets.clone(), vec![0xFF; 9]].concat(),
        ),
    ]);
    let targets = [
        ("name", "example.com"),
        ("port", "Example.COM.:8443"),
        ("v4", "127.0.0.1:1"),
        ("v6", "2001:DB8::1"),
        ("v6_port", "[::1]:8443"),
        (
            "presigned",
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=0&X-Amz-Expires=60",
        ),
        ("user", "HTTPS://user:pa:ss@h:1/p@x:9#f"),
        ("puny", "xn--bcher-kva.example"),
        ("err_idn", "b\u{fc}cher.example"),
        ("err_scheme", "s3://bucket/key"),
        ("err_http", "http://h/"),
    ];
    seeds.extend(targets.map(|(name, target)| ("probe_target", name, text(target))));
    // Trusted by its first CA: a server, and CAs in a plain chain, in a circle, and all of them.
    let all: Vec<u8> = [0x21]
        .into_iter()
        .chain(16..24)
        .chain(4..16)
        .chain(0..4)
        .collect();
    seeds.extend([
        ("chain_paths", "direct", vec![0x01, 16]),
        ("chain_paths", "crossed", vec![0x12, 16, 4, 5]),
        ("chain_paths", "circle", vec![0x00, 16, 4, 7]),
        ("chain_paths", "stranger", vec![0x02, 22, 20, 21]),
        ("chain_paths", "damaged", vec![0x0F, 16, 0x84, 90, 5]),
        (
            "chain_paths",
            "repeated",
            [vec![0x08, 17], vec![9; 40]].concat(),
        ),
        ("chain_paths", "thicket", all),
    ]);
    for (name, shown) in [
        ("plain", "\u{0}Z\u{fc}rich CA"),
        ("nul", "\u{0}good.example\0.evil.example"),
        ("escape", "\u{1}\u{1b}[2J\u{9b}2J"),
        ("turned", "\u{40}moc.\u{202e}live\u{2066}\u{61c}"),
    ] {
        seeds.push(("shown_text", name, text(shown)));
    }
    let named: Vec<u8> = ders(&chain[..1]);
    seeds.push(("shown_text", "der", named));
    for (name, release) in [
        ("branch", "release/v6.0"),
        ("range", "v4.2..v4.3.3 v5.5.1 master"),
    ] {
        seeds.push(("idf_release", name, text(release)));
    }
    seeds
}

fn ccadb(a: &str, b: &str) -> String {
    format!(
        "\"Owner\",\"Common Name or Certificate Name\",\"Trust Bits\",\"Distrust for TLS After Date\",\"PEM Info\"\n\
         \"O, \"\"Inc\"\"\",\"Root A\",\"Email;Websites\",\"2024.11.30\",\"'{a}'\"\r\n\
         \"O\",\"Root B\",\"Websites\",\"\",\"'{b}'\"\n\"O\",\"Root C\",\"Email\",\"\",\"'{b}'\""
    )
}

/// What `openssl s_client -showcerts` says, in short.
fn showcerts(chain: &[Certificate]) -> String {
    let mut text = "CONNECTED(00000003)\n---\nCertificate chain\n".to_owned();
    let own = pem::to_pem(&chain[..1]);
    if chain.len() > 1 {
        for (at, one) in chain.iter().enumerate() {
            let pem = pem::to_pem(std::slice::from_ref(one));
            let _ = write!(
                text,
                " {at} s:{}\n   i:{}\n{pem}",
                one.subject_text(),
                one.issuer_text()
            );
        }
        return format!(
            "{text}---\nServer certificate\nsubject=\n---\nNo client certificate CA names sent\n---\nDONE\n"
        );
    }
    format!("{text} 0 s:\n   i:\n---\nServer certificate\n{own}subject=\n---\n")
}

fn lock(root: &Certificate, chain: &[Certificate]) -> Lock {
    let text = |text: &str| text.to_owned();
    let digest = |one: &Certificate| to_hex(&sha256(one.der()));
    let pem = |one: &Certificate| pem::encode(pem::CERTIFICATE, one.der());
    let seen = chain.iter().map(|one| LockedCertificate {
        sha256: digest(one),
        subject: one.subject_text().to_owned(),
        not_after: text("2096-10-02T07:06:40Z"),
        pem: pem(one),
    });
    Lock {
        version: VERSION,
        chosen_from: text("a list"),
        policy: LockedPolicy {
            cross_sign_parents: false,
            successors: true,
            mozilla_only: false,
            max_certs: 200,
        },
        bundle: vec![LockedBundle {
            file: text("x509_crt_bundle"),
            format: text("offsets"),
            bytes: 500,
            roots: 1,
            sha256: "0".repeat(64),
        }],
        device: vec![LockedDevice {
            idf: text("v5.5.1"),
            cross_signed_verify: false,
            dates: true,
        }],
        root: vec![LockedRoot {
            name: text("Root \"A\""),
            subject: root.subject_text().to_owned(),
            sha256: digest(root),
            not_before: text("2023-11-14T22:13:20Z"),
            not_after: text("2096-10-02T07:06:40Z"),
            distrust_after: Some(text("2030-11-30T23:59:59Z")),
            from: text("mozilla"),
            why: text("needed"),
            hosts: vec![text("s3.example")],
            pem: pem(root),
        }],
        host: vec![LockedHost {
            host: text("s3.example:8443"),
            name: text("s3.example"),
            chains: vec![chain.iter().map(digest).collect()],
        }],
        seen: seen.collect(),
    }
}

const CONFIG: &str = "idf = [\"v5.3.x\", \"v4.4..v5.5\"]\nhosts = [\"a.example\"]\npem = [\"ca.pem\"]\nroots = [\"ISRG Root X1\"]\n\
                      only = false\nchoose_from = \"roots.pem\"\n[chains]\n\"b.example\" = [\"b.pem\"]\n[policy]\nsuccessors = true\n\
                      cross_sign_parents = false\nmozilla_only = true\npin = false\ndates = true\ncross_signed_verify = true\n";
