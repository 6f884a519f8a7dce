//! From files, as an ACME client keeps them.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
};

use super::{Node, OPENSSL, VERSIONS, connect, s_client, serial, told, verifies};
use crate::{
    esp_idf::{Config, Release, Rustls, update},
    harness::{
        House, Server,
        ca::{Ca, Pair, pem},
        curl, image, need, run, wait_until,
    },
};

/// A public CA, which has nothing to do with ours: a root, and the intermediate that issues.
struct Public {
    root: Ca,
    issuing: Ca,
}

impl Public {
    fn new() -> Self {
        Self {
            root: Ca::root("Public Root X9"),
            issuing: Ca::root("Public E9"),
        }
    }

    /// A chain of two.
    fn chain(&self, leaf: &Pair) -> String {
        leaf.pem.clone() + &pem(&self.issuing.under(&self.root))
    }
}

/// Where an ACME client keeps what it got: `live/*.pem` are links into `archive`, as certbot has them.
struct Acme<'a> {
    house: &'a House,
    n: u32,
}

impl<'a> Acme<'a> {
    /// A house whose settings name the client's files, and the CA's root.
    fn at(house: &'a House, public: &Public) -> Self {
        fs::write(house.path("root.pem"), &public.root.pem).unwrap();
        let settings = house.state().join("countersign.toml");
        let text = fs::read_to_string(&settings).unwrap();
        let files = "[server]\ncertificate = \"../live/fullchain.pem\"\nkey = \"../live/privkey.pem\"\nroot = \"../root.pem\"\n";
        let changed = text.replacen("[server]", files, 1);
        assert_ne!(changed, text);
        fs::write(&settings, changed).unwrap();
        for folder in ["live", "archive"] {
            fs::create_dir(house.path(folder)).unwrap();
        }
        Self { house, n: 0 }
    }

    fn chain(&self) -> PathBuf {
        self.house.path("live/fullchain.pem")
    }

    /// Renews: new files, then the links, one after the other.
    fn put(&mut self, chain: &str, key: &str) {
        self.n += 1;
        for (name, text) in [("fullchain", chain), ("privkey", key)] {
            let file = format!("archive/{name}{}.pem", self.n);
            fs::write(self.house.path(&file), text).unwrap();
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(self.house.path(&file), mode).unwrap();
            let beside = self.house.path("live/.beside");
            symlink(format!("../{file}"), &beside).unwrap();
            fs::rename(&beside, self.house.path(&format!("live/{name}.pem"))).unwrap();
        }
    }
}

/// Demands that a stock client of each of these releases, enrolled in folders of their own, updates itself.
fn stock_clients_update(house: &House, server: &Server, newest: &[u8]) {
    for tag in ["v4.4.8", "v5.5.4", "v6.1"] {
        let release = Release::named(tag);
        let idf = release.idf().to_string();
        let folder = format!("stock-{idf}");
        if !house.path(&folder).exists() {
            let digits: String = idf.chars().filter(char::is_ascii_digit).collect();
            let id = format!("7cdfa12{digits:0>5}");
            let out = house.text(&folder);
            house.ok(&["device", "enroll", &id, "--out", &out, "--idf", &idf]);
        }
        let tls = Rustls::of_folder(release, &house.path(&folder));
        let url = format!("{}/ota?v=1.0.0", server.device_url);
        let updated = update(&Config::new(release, &tls, url));
        assert_eq!(updated.result, Ok(()), "{tag}");
        assert!(updated.slot.bytes == newest, "{tag}");
    }
}

#[test]
fn a_pair_of_an_acme_client_is_taken_up_as_it_is_swapped_and_stock_clients_go_on() {
    if !need("server_files", "openssl", OPENSSL)
        || !need("server_files", "curl", "apt-get install curl")
    {
        return;
    }
    let (house, public) = (House::new(), Public::new());
    let mut acme = Acme::at(&house, &public);
    let names = ["localhost", "ota.example.com"];
    let first = public.issuing.leaf(&names);
    acme.put(&public.chain(&first), &first.key.serialize_pem());
    let server = house.serve();
    assert_eq!(server.certificate["from"], "files");
    assert!(
        server.log().contains("not for 127.0.0.1"),
        "{}",
        server.log()
    );
    house.enroll();
    let newest = image("1.1.0");
    house.publish(&newest, 1);
    // Devices are given the root of that CA, and nothing of ours.
    let device = house.path("device");
    let given = fs::read_to_string(device.join("server-root.pem")).unwrap();
    assert_eq!(given, public.root.pem.replace("\r\n", "\n"));
    stock_clients_update(&house, &server, &newest.bytes);
    let node = Node::start(&house, "device", true);
    assert!(wait_until(|| node.check_ins() > 0));

    let root = house.path("root.pem");
    let shown = |version: &str, more: &[&str]| {
        let words = connect(s_client(&server, &device, &root, version, more));
        assert!(
            words.contains("Verify return code: 0 (ok)"),
            "{version}: {words}"
        );
        words
    };
    let session = |version: &str| house.text(&format!("session{version}"));
    let serial_of = |pair: &Pair| serial(&house, &pair.pem);
    for version in VERSIONS {
        let words = shown(version, &["-sess_out", &session(version)]);
        assert_eq!(serial(&house, &words), serial_of(&first));
    }
    verifies(&root, &acme.chain(), &[]);

    let second = public.issuing.leaf(&names);
    assert_ne!(serial_of(&first), serial_of(&second));
    acme.put(&public.chain(&second), &second.key.serialize_pem());
    assert!(
        wait_until(|| told(&house)["serial"] == *serial_of(&second)),
        "{}",
        server.log()
    );
    for version in VERSIONS {
        assert_eq!(serial(&house, &shown(version, &[])), serial_of(&second));
        let words = connect(s_client(
            &server,
            &device,
            &root,
            version,
            &["-sess_in", &session(version)],
        ));
        assert!(words.contains("Reused, TLSv1."), "{version}: {words}");
    }
    verifies(&root, &acme.chain(), &[]);
    stock_clients_update(&house, &server, &newest.bytes);
    let url = format!("{}/ota?v=1.1.0", server.device_url);
    let asked = run(std::process::Command::new("curl")
        .args(curl(&device))
        .args(["-w", "%{http_code}", &url]));
    assert!(asked.stdout.ends_with(b"304"), "{asked:?}");

    // A pair that is none: said, and nothing changes; mended, it is taken up.
    let third = public.issuing.leaf(&names);
    acme.put(&public.chain(&third), &second.key.serialize_pem());
    assert!(
        wait_until(|| !told(&house)["problem"].is_null()),
        "{}",
        server.log()
    );
    let log = server.log();
    for said in [
        "live/privkey.pem is not that of the certificate",
        "the certificate of before stays",
    ] {
        assert_eq!(log.matches(said).count(), 1, "{log}");
    }
    assert_eq!(serial(&house, &shown(VERSIONS[0], &[])), serial_of(&second));
    acme.put(&public.chain(&third), &third.key.serialize_pem());
    assert!(
        wait_until(|| told(&house)["serial"] == *serial_of(&third)),
        "{}",
        server.log()
    );
    assert!(told(&house)["problem"].is_null());
    let count = node.check_ins();
    assert!(wait_until(|| node.check_ins() > count + 2));
    eprintln!(
        "{} check-ins over three certificates, none lost",
        node.check_ins()
    );
}

#[test]
fn a_start_with_files_that_are_not_fit_names_the_file_and_the_figure() {
    let (house, public) = (House::new(), Public::new());
    let mut acme = Acme::at(&house, &public);
    let refused = |said: &[&str]| {
        let any = "127.0.0.1:0";
        let words = house.fails(&[
            "serve",
            "--device-listen",
            any,
            "--download-listen",
            any,
            "--operator-listen",
            any,
        ]);
        for said in said {
            assert!(words.contains(said), "no `{said}` in {words}");
        }
        assert!(!house.state().join("operator.sock").exists());
    };
    refused(&["live/privkey.pem cannot be read"]);
    let leaf = public.issuing.leaf(&["localhost"]);
    let key = leaf.key.serialize_pem();
    let many: Vec<String> = (0..130)
        .map(|n| format!("host-{n:03}-of-many.example.com"))
        .collect();
    let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
    many.push("localhost");
    let large = public.issuing.leaf(&many);
    acme.put(&public.chain(&large), &large.key.serialize_pem());
    refused(&[
        "live/fullchain.pem",
        "needs up to ",
        "small buffers take 4091",
    ]);
    acme.put(&public.chain(&public.issuing.leaf(&["localhost"])), &key);
    refused(&["live/privkey.pem", "not that of the certificate"]);
    let ended = public.issuing.leaf_with(&["localhost"], |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    acme.put(&public.chain(&ended), &ended.key.serialize_pem());
    refused(&["live/fullchain.pem", "ended at 2020-01-01T00:00:00Z"]);
    let other = public.issuing.leaf(&["example.org"]);
    acme.put(&public.chain(&other), &other.key.serialize_pem());
    refused(&[
        "live/fullchain.pem",
        "none of localhost, 127.0.0.1",
        "example.org",
    ]);
    acme.put(&(public.chain(&leaf) + &Public::new().root.pem), &key);
    refused(&[
        "live/fullchain.pem",
        "`CN=Public Root X9` stands behind `CN=Public E9`",
    ]);
    acme.put(&public.chain(&leaf), &key);
    house.serve().stop();
}
