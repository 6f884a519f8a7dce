//! How many roots a device takes.

use std::fs;

use countersign_roots::all;
use countersign_x509::pem;

use super::ground::{Ca, write};
use crate::harness::{House, run};

/// So many roots that are known, as a file.
fn roots(house: &House, count: usize) -> String {
    let roots = all()
        .iter()
        .take(count)
        .map(|root| root.certificate().clone());
    let roots: Vec<_> = roots.collect();
    assert_eq!(roots.len(), count);
    write(house, &format!("{count}.pem"), pem::to_pem(&roots))
}

#[test]
fn a_bundle_of_more_roots_than_a_device_takes_is_refused_with_the_reason() {
    let house = House::empty();
    let out = house.text("out");
    let bundle = |pem: &str, more: &[&str]| {
        let args = ["trust", "bundle", "--pem", pem, "--out", &out, "--idf"];
        [&args[..], more]
            .concat()
            .iter()
            .map(|&arg| arg.to_owned())
            .collect::<Vec<_>>()
    };
    let fails = |args: Vec<String>| {
        let stderr = house.fails(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!house.path("out").exists(), "{stderr}");
        stderr
    };
    let many = roots(&house, 201);
    let stderr = fails(bundle(&many, &["v5.3", "v5.5"]));
    for part in [
        "201 roots are too many",
        "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_MAX_CERTS=200, as by default",
        "ESP-IDF v5.3 v5.5",
        "--max-certs 201",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    // A project may have a lower limit.
    let few = roots(&house, 6);
    let stderr = fails(bundle(&few, &["v5.5", "--max-certs", "5"]));
    for part in [
        "6 roots are too many",
        "=5, as you say",
        "in your project too",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    for bad in ["0", "70000"] {
        let stderr = fails(bundle(&few, &["v5.5", "--max-certs", bad]));
        assert!(stderr.contains("1 to 65535 roots"), "{stderr}");
    }
    // With the needed root it is one too many.
    let own = Ca::new("Own");
    let list = write(&house, "own.pem", &own.root);
    let chain = write(&house, "chain.pem", own.server("a.example", &[]).chain);
    let more = [
        "v5.5",
        "--max-certs",
        "6",
        "--chain",
        &chain,
        "--roots",
        &list,
    ];
    let stderr = fails(bundle(&few, &more));
    assert!(stderr.contains("no room for its root"), "{stderr}");

    // What the project raises, the files raise, and the proof is made with it.
    let more = ["v5.5", "--max-certs", "201", "--chain", &chain];
    let both = write(
        &house,
        "both.pem",
        fs::read_to_string(roots(&house, 200)).unwrap() + &own.root,
    );
    let args = bundle(&both, &more);
    house.ok(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let sdkconfig = fs::read_to_string(house.path("out/sdkconfig.defaults")).unwrap();
    assert!(sdkconfig.contains("\nCONFIG_MBEDTLS_CERTIFICATE_BUNDLE_MAX_CERTS=201\n"));
    // The check knows it from the lock file; verify is told.
    let lock = house.text("out/trust.lock");
    let output = run(&mut house.command(&["trust", "check", &lock, "--offline"]));
    // Some of these roots have ended, which is a warning; an alarm would be 5.
    assert_eq!(output.status.code(), Some(4));
    let file = house.text("out/x509_crt_bundle");
    let verify = [
        "trust",
        "verify",
        &file,
        &chain,
        "--host",
        "a.example",
        "--idf",
        "v5.5",
    ];
    house.ok(&[&verify[..], &["--max-certs", "201"]].concat());
    let stderr = house.fails(&[&verify[..], &["--max-certs", "100"]].concat());
    assert!(stderr.contains("does not take its bundle"), "{stderr}");
}

#[test]
fn releases_that_do_not_count_take_any_number_and_a_file_can_say_the_limit() {
    let house = House::empty();
    roots(&house, 201);
    let bundle = |idf: &str, policy: &str, out: &str| {
        let text = format!("idf = [\"{idf}\"]\npem = [\"201.pem\"]\n{policy}");
        let config = write(&house, "trust.toml", text);
        let out = house.text(out);
        ["trust", "bundle", "--config", &config, "--out", &out].map(str::to_owned)
    };
    let args = bundle("v4.2", "", "old");
    house.ok(&args.each_ref().map(String::as_str));
    let args = bundle("v5.5", "[policy]\nmax_certs = 200\n", "new");
    assert!(
        house
            .fails(&args.each_ref().map(String::as_str))
            .contains("=200, as you say")
    );
    let args = bundle("v5.5", "[policy]\nmax_certs = 300\n", "new");
    house.ok(&args.each_ref().map(String::as_str));
    let sdkconfig = fs::read_to_string(house.path("new/sdkconfig.defaults")).unwrap();
    assert!(sdkconfig.contains("MAX_CERTS=300\n"), "{sdkconfig}");
}
