//! Keys on a token of `SoftHSM` 2.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{check, enroll, verifies};
use crate::harness::{DEVICE, House, Server, image, need, run, skip, wait_until};

const INSTALL: &str = "apt-get install softhsm2 opensc openssl";

/// A house with a token beside it.
struct Ground {
    house: House,
    module: PathBuf,
}

impl Ground {
    /// `None`, said loudly, where there is no `SoftHSM`.
    fn new(test: &str) -> Option<Self> {
        let places = [
            "/usr/lib/softhsm",
            "/usr/lib64/softhsm",
            "/usr/local/lib/softhsm",
        ];
        let libraries = places.map(|place| Path::new(place).join("libsofthsm2.so"));
        let Some(module) = libraries.into_iter().find(|library| library.exists()) else {
            skip(test, "SoftHSM 2", INSTALL);
            return None;
        };
        if !need(test, "openssl", INSTALL) || !need(test, "softhsm2-util", INSTALL) {
            return None;
        }
        let ground = Self {
            house: House::empty(),
            module,
        };
        let tokens = ground.tokens();
        fs::create_dir(&tokens).unwrap();
        let text = format!("directories.tokendir = {}\n", tokens.display());
        fs::write(ground.house.path("softhsm2.conf"), text).unwrap();
        let mut util = Command::new("softhsm2-util");
        util.args(["--init-token", "--free", "--label", "ours"]);
        util.args(["--pin", "1234", "--so-pin", "12345678"]);
        check(&run(ground.with(&mut util)), None);
        Some(ground)
    }

    fn tokens(&self) -> PathBuf {
        self.house.path("tokens")
    }

    fn uri(&self, object: &str) -> String {
        let module = self.module.display();
        format!("pkcs11:token=ours;object={object}?module-path={module}")
    }

    /// The token's folder and its PIN, in a command's environment.
    fn with<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("SOFTHSM2_CONF", self.house.path("softhsm2.conf"))
            .env("COUNTERSIGN_PIN", "1234")
    }

    fn init(&self, more: &[&str]) -> std::process::Output {
        let author = self.house.text("author.key");
        let mut args = vec!["init", "--product", "demo", "--unsigned-images"];
        args.extend(["--author-key", &author]);
        args.extend(more);
        run(self.with(&mut self.house.command(&args)))
    }
}

#[test]
fn a_key_on_a_token_certifies_devices_that_openssl_accepts() {
    let Some(ground) = Ground::new("keys::token") else {
        return;
    };
    let house = &ground.house;
    let uri = ground.uri("device-issuing");
    check(&ground.init(&["--device-issuing-key", &uri]), None);
    let kept = house.state().join("authorities/device-issuing.key");
    assert_eq!(fs::read_to_string(&kept).unwrap(), format!("{uri}\n"));

    check(&run(ground.with(&mut enroll(house, DEVICE))), None);
    assert!(verifies(house, DEVICE));
    // Who looks needs no PIN and no token.
    house.ok(&["device", "list"]);
    let mut without = enroll(house, "without");
    without.env("SOFTHSM2_CONF", house.path("softhsm2.conf"));
    let ways = ["pin-source", "COUNTERSIGN_PIN_DEVICE_ISSUING"];
    check(&run(&mut without), Some(&ways));
    let mut wrong = enroll(house, "wrong");
    ground.with(&mut wrong).env("COUNTERSIGN_PIN", "4321");
    check(
        &run(&mut wrong),
        Some(&["refuses the PIN from COUNTERSIGN_PIN"]),
    );
    assert!(!house.path("wrong").exists(), "nothing half done");

    // The author's key on the token as well: a file with one line that says so.
    let author = house.path("hsm-author.key");
    super::secret(&author, &format!("{}\n", ground.uri("device-issuing")));
    let app = house.path("1.1.bin");
    fs::write(&app, image("1.1").bytes).unwrap();
    let mut sign = house.command(&["release", "sign", "--product", "demo", "--key"]);
    check(&run(ground.with(sign.arg(&author).arg(&app))), None);
}

#[test]
fn a_token_that_goes_away_under_a_server_is_said_to_be_gone_and_used_when_it_is_back() {
    let Some(ground) = Ground::new("keys::token") else {
        return;
    };
    let house = &ground.house;
    let (devices, servers) = (ground.uri("device-issuing"), ground.uri("server-issuing"));
    let flags = [
        "--device-issuing-key",
        &*devices,
        "--server-issuing-key",
        &servers,
    ];
    check(&ground.init(&flags), None);
    let mut command = house.command(&[]);
    ground.with(&mut command);
    let server = Server::start_by(house, command, &[]);
    check(&run(&mut enroll(house, "first")), None);

    let away = house.path("away");
    fs::rename(ground.tokens(), &away).unwrap();
    fs::create_dir(ground.tokens()).unwrap();
    let gone = ["could not sign", "no such token", "token=ours"];
    check(&run(&mut enroll(house, DEVICE)), Some(&gone));
    assert!(!house.path(DEVICE).exists(), "nothing half done");
    assert_eq!(house.json(&["device", "list"]).as_array().unwrap().len(), 1);
    fs::remove_dir(ground.tokens()).unwrap();
    fs::rename(&away, ground.tokens()).unwrap();
    check(&run(&mut enroll(house, DEVICE)), None);
    assert!(verifies(house, DEVICE));
    server.stop();
}

#[test]
fn an_installation_that_is_made_again_takes_the_key_that_is_there() {
    let Some(ground) = Ground::new("keys::token") else {
        return;
    };
    let house = &ground.house;
    let uri = ground.uri("device-issuing");
    let public = || {
        let certificate = house.state().join("authorities/device-issuing.pem");
        let mut openssl = Command::new("openssl");
        openssl
            .args(["x509", "-noout", "-pubkey", "-in"])
            .arg(certificate);
        run(&mut openssl).stdout
    };
    for bad in [
        uri.replace("ours", "theirs"),
        uri.replace("?module-path", "?module-pth"),
        format!("{uri}&pin-value=1234"),
        uri.replace("libsofthsm2", "nothing"),
    ] {
        let refused = ground.init(&["--device-issuing-key", &bad]);
        check(&refused, Some(&["error: "]));
        assert!(!house.state().exists(), "nothing half done");
    }
    check(&ground.init(&["--device-issuing-key", &uri]), None);
    let first = public();
    fs::remove_dir_all(house.state()).unwrap();
    check(&ground.init(&["--device-issuing-key", &uri]), None);
    assert_eq!(public(), first);
    assert!(!first.is_empty());
}

#[test]
fn a_token_that_is_away_when_the_server_s_certificate_is_due_keeps_nobody_from_serving() {
    let Some(ground) = Ground::new("keys::token") else {
        return;
    };
    let house = &ground.house;
    let uri = ground.uri("server-issuing");
    check(&ground.init(&["--server-issuing-key", &uri]), None);
    let settings = house.state().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let more = text.replace("\"127.0.0.1\"]", "\"127.0.0.1\", \"ota.example.com\"]");
    assert_ne!(more, text);
    fs::write(&settings, more).unwrap();

    let away = house.path("away");
    fs::rename(ground.tokens(), &away).unwrap();
    fs::create_dir(ground.tokens()).unwrap();
    let mut command = house.command(&[]);
    ground.with(&mut command);
    let server = Server::start_by(house, command, &[]);
    let log = server.log();
    for said in [
        "cannot be renewed until its authority's token is back",
        "it is for other names than `hosts` has",
        "no such token",
        "the one that is there stays",
        "again_s=10",
    ] {
        assert!(log.contains(said), "no `{said}` in {log}");
    }
    let certificate = || house.operator("/v1/server")["certificate"].clone();
    assert_eq!(certificate()["serial"], server.certificate["serial"]);
    let problem = certificate()["problem"].clone();
    assert!(
        problem
            .as_str()
            .unwrap()
            .contains("see that the token is there")
    );
    check(&run(&mut enroll(house, DEVICE)), None);

    fs::remove_dir(ground.tokens()).unwrap();
    fs::rename(&away, ground.tokens()).unwrap();
    let renewed = || certificate()["serial"] != server.certificate["serial"];
    assert!((0..12).any(|_| wait_until(renewed)), "{}", server.log());
    let names = certificate()["names"].clone();
    assert_eq!(
        names,
        serde_json::json!(["localhost", "ota.example.com", "127.0.0.1"])
    );
    assert!(certificate()["problem"].is_null());
    server.stop();
}

/// Whether openssl takes a device's chain by the CRL of the issuing authority called so.
fn verifies_by_crl(house: &House, id: &str, authority: &str) -> (bool, String) {
    let chain = house.path(id).join("device.pem");
    let mut openssl = Command::new("openssl");
    openssl.args(["verify", "-crl_check", "-CAfile"]);
    openssl.arg(house.state().join("authorities/device-root.pem"));
    openssl.arg("-CRLfile");
    openssl.arg(house.state().join(format!("crl/{authority}.pem")));
    let output = run(openssl.arg("-untrusted").arg(&chain).arg(&chain));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), told)
}

#[test]
fn a_key_on_a_token_signs_crls_and_takes_over_from_a_file_under_a_running_server() {
    let Some(ground) = Ground::new("keys::token") else {
        return;
    };
    let house = &ground.house;
    check(&ground.init(&[]), None);
    let mut command = house.command(&[]);
    ground.with(&mut command);
    let server = Server::start_by(house, command, &[]);
    check(&run(&mut enroll(house, "old")), None);
    let uri = ground.uri("device-issuing-2");
    let replace = |uri: &str| run(&mut house.command(&["ca", "replace", "device", "--key", uri]));
    let names = || {
        let folder = fs::read_dir(house.state().join("authorities")).unwrap();
        let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    check(
        &replace(&uri.replace("ours", "theirs")),
        Some(&["authority-unusable", "token=theirs", "no such token"]),
    );
    assert_eq!(names(), before);

    check(&replace(&uri), None);
    let key = house.state().join("authorities/device-issuing.key");
    assert_eq!(fs::read_to_string(key).unwrap(), format!("{uri}\n"));
    let shown = house.ok(&["ca", "show"]);
    assert!(shown.contains(&format!("on a token, {uri}")), "{shown}");
    check(&run(&mut enroll(house, "new")), None);
    assert!(verifies(house, "old") && verifies(house, "new"));
    house.ok(&["ca", "crl"]);
    for (id, authority) in [("old", "device-issuing.1"), ("new", "device-issuing")] {
        let (good, told) = verifies_by_crl(house, id, authority);
        assert!(good, "{told}");
    }
    house.ok(&["device", "revoke", "new"]);

    // Without the token no CRL is made, the other authorities' are, and the old one stays.
    let away = house.path("away");
    fs::rename(ground.tokens(), &away).unwrap();
    fs::create_dir(ground.tokens()).unwrap();
    let crl = || run(&mut house.command(&["ca", "crl"]));
    check(
        &crl(),
        Some(&["device-issuing: the key could not sign", "no such token"]),
    );
    let request = house.text("gone.csr");
    let told = house.fails(&[
        "ca",
        "replace",
        "device",
        "--key",
        &ground.uri("third"),
        "--request",
        &request,
    ]);
    assert!(told.contains("no such token"), "{told}");
    assert!(!house.path("gone.csr").exists());
    let (good, told) = verifies_by_crl(house, "new", "device-issuing");
    assert!(good, "{told}");
    fs::remove_dir(ground.tokens()).unwrap();
    fs::rename(&away, ground.tokens()).unwrap();
    check(&crl(), None);
    let (good, told) = verifies_by_crl(house, "new", "device-issuing");
    assert!(!good && told.contains("certificate revoked"), "{told}");
    server.stop();
}
