//! What is written.

use std::{fs, process::Command};

use countersign_roots::{BundleSettings, DefaultList, Release};
use countersign_x509::{pem, sha256};

use super::ground::{Ca, count, openssl, write};
use crate::harness::{House, judge, need, python, run};

#[test]
fn two_hosts_and_an_own_ca_make_files_that_others_read() {
    if !need("trust_bundle_outputs", "openssl", "apt-get install openssl") {
        return;
    }
    let house = House::empty();
    let [own, public, other] = ["Our CA", "Public Root", "Other Root"].map(Ca::new);
    let middle = Ca::new("Public Intermediate");
    let api = openssl(&house, "api", &own.server("api.example", &[]));
    let behind = [middle.by(&public)];
    let store = middle.server("store.example", &[&behind[0]]);
    let chain = write(&house, "store.pem", &store.chain);
    let pem = write(&house, "own.pem", &own.root);
    let list = [other.root.as_str(), &public.root].concat();
    let list = write(&house, "list.pem", list);
    let out = house.text("trust");
    let args = [
        "trust",
        "bundle",
        "--pem",
        &pem,
        "--host",
        "api.example",
        "store.example",
        "--chain",
        &format!("store.example={chain}"),
        "--connect",
        &format!("api.example={}", api.address),
        "--roots",
        &list,
        "--idf",
        "v4.4.8",
        "v5.3.x",
        "v5.5.1",
        "v6.0",
        "--out",
        &out,
    ]
    .map(str::to_owned);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = house.ok(&args);
    for part in [
        "Our CA",
        "given for api.example",
        "Public Root",
        "needed for store.example",
        "api.example, 1 chain: ESP-IDF v4.4.8 v5.3..v5.3.5 v5.5.1 v6.0, under Our CA",
        "the lists of v6.0 are 67532 (full) and 16738 (common)",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("Other Root"), "{said}");

    // openssl reads the PEM, and finds it enough for both.
    let ca_cert = format!("{out}/ca_cert.pem");
    let listed = run(Command::new("openssl").args(["storeutl", "-certs", "-noout", &ca_cert]));
    assert!(String::from_utf8_lossy(&listed.stdout).contains("Total found: 2"));
    for (host, chain) in [
        ("api.example", house.text("api.chain.pem")),
        ("store.example", chain),
    ] {
        let verified = run(Command::new("openssl").args([
            "verify",
            "-CAfile",
            &ca_cert,
            "-no-CApath",
            "-verify_hostname",
            host,
            "-untrusted",
            &chain,
            &chain,
        ]));
        assert!(verified.status.success(), "{host}: {verified:?}");
    }
    // Both formats, each by the other maker's bytes.
    let legacy = fs::read(format!("{out}/x509_crt_bundle.before-v5.4")).unwrap();
    let offsets = fs::read(format!("{out}/x509_crt_bundle.since-v5.4")).unwrap();
    assert_eq!(&legacy[..2], [0, 2]);
    assert_eq!(&offsets[..4], [8, 0, 0, 0]);
    if let Some(python) = python("trust_bundle_bytes") {
        for (layout, ours) in [("legacy", legacy), ("offsets", offsets)] {
            let theirs = house.text("theirs");
            judge(&python, "crt_bundle.py", &[layout, &theirs, &ca_cert]);
            assert_eq!(fs::read(theirs).unwrap(), ours, "{layout}");
        }
    }
    let sdkconfig = fs::read_to_string(format!("{out}/sdkconfig.defaults")).unwrap();
    for line in [
        "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEFAULT_NONE=y",
        "CONFIG_MBEDTLS_CUSTOM_CERTIFICATE_BUNDLE_PATH=\"trust/ca_cert.pem\"",
        "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY=n",
    ] {
        assert!(sdkconfig.lines().any(|known| known == line), "{line}");
    }
    let cmake = fs::read_to_string(format!("{out}/trust.cmake")).unwrap();
    assert!(
        cmake.contains("IDF_VERSION_MINOR GREATER 3") && cmake.contains("target_add_binary_data")
    );
}

#[test]
fn a_second_run_is_the_same_to_the_byte_anywhere() {
    let [here, there] = [House::empty(), House::empty()];
    let [own, public] = ["Our CA", "Public Root"].map(Ca::new);
    let chain = public.server("store.example", &[]).chain;
    let texts: Vec<Vec<(String, Vec<u8>)>> = [&here, &there]
        .map(|house| {
            write(house, "own.pem", &own.root);
            write(house, "list.pem", &public.root);
            write(house, "store.pem", &chain);
            write(
                house,
                "trust.toml",
                "idf = [\"v5.3\", \"v5.5\"]\npem = [\"own.pem\"]\nchoose_from = \"list.pem\"\n\
                [chains]\n\"store.example\" = [\"store.pem\"]\n",
            );
            let once = || {
                let mut command = house.command(&["trust", "bundle", "--out", "trust"]);
                let output = run(command.current_dir(house.path("")));
                assert!(output.status.success(), "{output:?}");
                String::from_utf8(output.stdout).unwrap()
            };
            assert_eq!(count(&once(), "  written\n"), 6);
            assert_eq!(count(&once(), "  as it was\n"), 6);
            let mut files: Vec<_> = fs::read_dir(house.path("trust"))
                .unwrap()
                .map(|entry| {
                    let entry = entry.unwrap();
                    let name = entry.file_name().into_string().unwrap();
                    (name, fs::read(entry.path()).unwrap())
                })
                .collect();
            files.sort();
            files
        })
        .into();
    assert_eq!(texts[0].len(), 6);
    assert!(texts[0] == texts[1]);
    // Fewer releases need one bundle only, and the others are taken away.
    let out = here.text("trust");
    let args = [
        "trust",
        "bundle",
        "--pem",
        &here.text("own.pem"),
        "--idf",
        "v5.5",
        "--out",
        &out,
    ];
    here.ok(&args);
    assert!(here.path("trust/x509_crt_bundle").is_file());
    assert!(!here.path("trust/x509_crt_bundle.since-v5.4").exists());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 5);
}

#[test]
fn whole_lists_of_releases_are_espressifs_bundles_to_the_byte() {
    let house = House::empty();
    // Of `gen_crt_bundle.py` of each release, with the release's own lists.
    for (release, list, digest) in [
        (
            "v4.2",
            DefaultList::Full,
            "de541cbade1253338641b06aa37b99f2f6f112925b2d49b160976427831c18b8",
        ),
        (
            "v5.4.4",
            DefaultList::Full,
            "85a40d3a53f7c25ab90168b03eb00c1316ee1be23fb088daa0631bfeb2416c3f",
        ),
        (
            "v5.5.5",
            DefaultList::Full,
            "d47b6376ca09b7c17d379e1e828aff8e28c4c0fb689e9e3128c7a3c063912592",
        ),
        (
            "v5.5.5",
            DefaultList::Common,
            "b7291710ad2e81e005b418a0f785fca54126911882af77d4c78cd7653af197ff",
        ),
        (
            "v6.0.2",
            DefaultList::Full,
            "c52c35c3ae9b98694cf99d1626d08e22e4ad925ce6bfd4a8f8217b72f5a889fc",
        ),
    ] {
        let known = Release::find(release).unwrap();
        let settings = BundleSettings {
            list,
            ..known.settings()
        };
        let roots: Vec<_> = known
            .roots(settings)
            .map(|root| root.certificate().clone())
            .collect();
        let file = write(&house, "list.pem", pem::to_pem(&roots));
        let out = house.text(&format!("{release}-{list:?}"));
        house.ok(&[
            "trust", "bundle", "--pem", &file, "--idf", release, "--out", &out,
        ]);
        let bundle = fs::read(format!("{out}/x509_crt_bundle")).unwrap();
        assert_eq!(
            countersign_roots::table::to_hex(&sha256(&bundle)),
            digest,
            "{release} {list:?}"
        );
    }
}

#[test]
fn what_espressifs_generator_loses_or_hides_is_kept_or_said() {
    let house = House::empty();
    let [a, b, c] = ["a", "b", "c"].map(Ca::new);
    let folder = house.path("certs");
    fs::create_dir(&folder).unwrap();
    // No newline at the end, blanks behind the last line, a suffix in capitals, another suffix, CRLF, a mark of the byte order.
    fs::write(folder.join("a.PEM"), a.root.trim_end()).unwrap();
    fs::write(
        folder.join("b.crt"),
        format!("\u{feff}{}  ", b.root.trim_end().replace('\n', "\r\n")),
    )
    .unwrap();
    let der = pem::blocks(c.root.as_bytes(), pem::CERTIFICATE).unwrap();
    fs::write(folder.join("c.DER"), &der[0]).unwrap();
    fs::write(folder.join("notes.txt"), "nothing").unwrap();
    let out = house.text("out");
    let args = [
        "trust",
        "bundle",
        "--pem",
        folder.to_str().unwrap(),
        "--idf",
        "v5.5",
        "--out",
        &out,
    ];
    let output = run(&mut house.command(&args));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("notes.txt was passed over"), "{stderr}");
    let shown = house.json(&["trust", "show", &format!("{out}/x509_crt_bundle")]);
    assert_eq!(shown["entries"].as_array().unwrap().len(), 3);

    // Two roots of one name, and one root twice.
    let same = Ca::new("a");
    let all = [a.root.as_str(), &same.root, &a.root].concat();
    let all = write(&house, "same.pem", all);
    let out = house.text("same");
    let output = run(&mut house.command(&[
        "trust", "bundle", "--pem", &all, "--idf", "v5.3", "--out", &out,
    ]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("two roots are called `a`") && stderr.contains("never reaches"),
        "{stderr}"
    );
    assert!(stderr.contains("was given before"), "{stderr}");
    let shown = house.json(&["trust", "show", &format!("{out}/x509_crt_bundle")]);
    assert_eq!(shown["entries"].as_array().unwrap().len(), 2);
}

#[test]
fn roots_are_put_in_by_name() {
    let house = House::empty();
    let names = write(
        &house,
        "names.txt",
        "# for S3\nAmazon Root CA 1\n\nStarfield Class 2 CA  # on top of its chain\n",
    );
    let out = house.text("out");
    house.ok(&[
        "trust",
        "bundle",
        "--only",
        "isrg root x1",
        "--from-file",
        &names,
        "--idf",
        "v5.5",
        "--out",
        &out,
    ]);
    let text = fs::read_to_string(format!("{out}/ca_cert.pem")).unwrap();
    for name in [
        "# ISRG Root X1\n",
        "# Amazon Root CA 1\n",
        "# Starfield Class 2 CA\n",
    ] {
        assert_eq!(count(&text, name), 1, "{name}");
    }
    assert_eq!(count(&text, "BEGIN CERTIFICATE"), 3);
}

#[test]
fn the_policy_adds_parents_and_successors() {
    let house = House::empty();
    let [new, old] = ["New Root", "Old Root"].map(Ca::new);
    let cross = new.by(&old);
    let chain = write(
        &house,
        "chain.pem",
        new.server("s3.example", &[&cross]).chain,
    );
    let list = write(&house, "list.pem", [new.root.as_str(), &old.root].concat());
    let bundle = |more: &[&str], out: &str| {
        let out = house.text(out);
        let mut args = vec![
            "trust", "bundle", "--chain", &chain, "--roots", &list, "--idf", "v5.5", "--out", &out,
        ];
        args.extend(more);
        house.ok(&args);
        fs::read_to_string(format!("{out}/ca_cert.pem")).unwrap()
    };
    let plain = bundle(&[], "plain");
    assert!(
        plain.contains("# Old Root\n") && !plain.contains("# New Root\n"),
        "{plain}"
    );
    let both = bundle(&["--cross-sign-parents"], "both");
    assert!(
        both.contains("# Old Root\n") && both.contains("# New Root\n"),
        "{both}"
    );

    let out = house.text("successors");
    let args = [
        "trust",
        "bundle",
        "--only",
        "DigiCert Global Root CA",
        "--successors",
        "--idf",
        "v5.5",
        "--out",
        &out,
    ];
    assert!(house.ok(&args).contains("DigiCert Global Root G2"));
}
