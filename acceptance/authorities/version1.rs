//! Certificates without extensions, as `openssl x509 -req` makes them and many fleets have them.

use std::{fs, path::Path, process::Command};

use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use super::{came_in, devices, house, poll, publish};
use crate::{
    gate::client::{Client, Heard},
    harness::{House, ask, image, need, run},
};

fn openssl(folder: &Path, args: &str) {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).args(args.split(' '));
    let made = run(&mut openssl);
    assert!(made.status.success(), "{args}: {made:?}");
}

/// A key of this kind, and the CA's certificate for it, in a folder like an enrolled device's.
fn certify(house: &House, name: &str, kind: &str, ca: &str, ends: &str) {
    let folder = house.path(name);
    fs::create_dir(&folder).unwrap();
    openssl(
        &folder,
        &format!("req -newkey {kind} -nodes -keyout device.key -out device.csr -subj /CN={name}"),
    );
    openssl(
        &folder,
        &format!(
            "x509 -req -in device.csr -CA ../{ca}.pem -CAkey ../{ca}.key -set_serial 7 {ends} -out device.pem"
        ),
    );
    let root = house.state().join("authorities/server-root.pem");
    fs::copy(root, folder.join("server-root.pem")).unwrap();
}

#[test]
fn certificates_of_version_1_are_taken_right_under_a_registered_authority_alone() {
    if !need("authorities_version_1", "curl", "apt-get install curl")
        || !need(
            "authorities_version_1",
            "openssl",
            "apt-get install openssl",
        )
    {
        return;
    }
    let house = house();
    let root = house.state().parent().unwrap().to_owned();
    let ca = "-subj /CN=Plant -days 30 -addext basicConstraints=critical,CA:true";
    openssl(
        &root,
        &format!("req -x509 -newkey {EC} -nodes -keyout plant.key -out plant.pem {ca}"),
    );
    openssl(
        &root,
        &format!("req -newkey {EC} -nodes -keyout line.key -out line.csr -subj /CN=Line"),
    );
    fs::write(root.join("ca.cnf"), "basicConstraints=critical,CA:true").unwrap();
    openssl(
        &root,
        "x509 -req -in line.csr -CA plant.pem -CAkey plant.key -set_serial 8 -days 30 -extfile ca.cnf -out line.pem",
    );
    for (name, kind, ca, ends) in [
        ("ec", EC, "plant", "-days 20"),
        ("rsa", "rsa:2048", "plant", "-days 20"),
        ("other", "rsa:2048", "plant", "-days 20"),
        ("ended", EC, "plant", "-days -1"),
        ("below", EC, "line", "-days 20"),
        // In our own CA's name and by its key it is of no use either: we make none.
        ("ours", EC, "device-issuing", "-days 20"),
    ] {
        if ca == "device-issuing" {
            for end in ["pem", "key"] {
                let from = house.state().join(format!("authorities/{ca}.{end}"));
                fs::copy(from, root.join(format!("{ca}.{end}"))).unwrap();
            }
        }
        certify(&house, name, kind, ca, ends);
    }
    let below = fs::read(house.path("below/device.pem")).unwrap();
    let line = fs::read(root.join("line.pem")).unwrap();
    fs::write(house.path("below/device.pem"), [below, line].concat()).unwrap();

    let server = house.serve();
    let file = house.text("plant.pem");
    let mut register = vec!["ca", "register", "plant", "--certificate", &*file];
    register.extend(["--product", "theirs", "--vouches-for", "new"]);
    house.ok(&register);
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    publish(&house, "theirs", &image("2.2.0"));
    for name in ["ec", "rsa"] {
        assert_eq!(poll(&house, name, &url), came_in(), "{name}");
    }
    assert_eq!(devices(&house), ["plant/ec", "plant/rsa"]);
    for (name, reason) in [
        ("ended", "ends before it begins"),
        ("below", "not of version 3"),
        ("ours", "not of version 3"),
    ] {
        ask(&house.path(name), &[&url]).unwrap_err();
        let newest = &house.operator("/v1/refusals")[0];
        let text = newest["reason_text"].as_str().unwrap();
        assert!(text.contains(reason), "{name}: {text}");
    }
    // Whoever has the certificate and not its key proves nothing.
    for (name, other) in [("ec", "ended"), ("rsa", "other")] {
        let chain = CertificateDer::from_pem_file(house.path(name).join("device.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(house.path(other).join("device.key")).unwrap();
        let key = any_supported_type(&key).unwrap();
        let stolen = CertifiedKey::new(vec![chain], key);
        for version in [&TLS12, &TLS13] {
            let trusts = house.path(name).join("server-root.pem");
            let heard =
                Client::with(stolen.clone(), &trusts, version).poll(server.device_address());
            assert!(matches!(heard, Heard::Alert(_)), "{heard:?}");
        }
    }
    let file = house.text("below/device.pem");
    let refused = house.fails(&["device", "import", &file, "--authority", "plant"]);
    assert!(refused.contains("1 of 1"), "{refused}");
    assert_eq!(devices(&house), ["plant/ec", "plant/rsa"]);
}

const EC: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
