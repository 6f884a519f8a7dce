//! From files that another program keeps current.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use countersign_operations::text::from_rfc3339;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, date_time_ymd,
};

use super::*;

/// A public CA: a root, an intermediate, and what it sends to whoever asks.
struct Foreign {
    root: rcgen::Certificate,
    intermediate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with those above it, and a key.
struct Issued {
    chain: String,
    key: KeyPair,
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

impl Foreign {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = named("Public Root");
        let root_key = KeyPair::generate().unwrap();
        let root = params.self_signed(&root_key).unwrap();
        let above = Issuer::new(params.clone(), root_key);
        params.distinguished_name = named("Public R1");
        let key = KeyPair::generate().unwrap();
        let intermediate = params.signed_by(&key, &above).unwrap();
        Self {
            root,
            intermediate,
            issuer: Issuer::new(params, key),
        }
    }

    fn issue(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = named("a server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            chain: leaf.pem() + &self.intermediate.pem(),
            key,
        }
    }

    fn good(&self) -> Issued {
        self.issue(&["ota.example.com"], |_| {})
    }
}

impl Ground {
    /// Settings that name files, and the files themselves: links into a folder of generations, as certbot has them.
    fn with_files(&self, root: &str) {
        let settings = self.layout().settings();
        let text = fs::read_to_string(&settings).unwrap();
        let own = format!(
            "[server]\ncertificate = \"../live/fullchain.pem\"\nkey = \"../live/privkey.pem\"\n{root}"
        );
        let (before, rest) = text.split_once("[server]").unwrap();
        fs::write(&settings, format!("{before}{own}{rest}")).unwrap();
        for folder in ["live", "archive"] {
            fs::create_dir(self.path(folder)).unwrap();
        }
    }

    /// The next generation, links put in their places one after the other; `between` runs in between.
    async fn swap(&self, n: u32, issued: &Issued, between: impl AsyncFnOnce()) {
        let put = |name: &str, text: &str| {
            let file = self.path(&format!("archive/{name}{n}.pem"));
            files_write_secret(&file, text);
        };
        put("fullchain", &issued.chain);
        put("privkey", &issued.key.serialize_pem());
        let link = |name: &str| {
            let beside = self.path("live/beside");
            symlink(format!("../archive/{name}{n}.pem"), &beside).unwrap();
            fs::rename(beside, self.path(&format!("live/{name}.pem"))).unwrap();
        };
        link("fullchain");
        between().await;
        link("privkey");
    }
}

#[tokio::test]
async fn files_are_taken_up_as_they_are_swapped_and_their_clocks_are_watched() {
    let ground = Ground::new().await;
    let foreign = Foreign::new();
    ground.with_files("");
    let first = foreign.good();
    ground.swap(1, &first, async || {}).await;
    let mut running = ground.begin().await.unwrap();
    let issued = running.recorded().await;
    let chain = pem::certificates(first.chain.as_bytes()).unwrap();
    assert_eq!(running.keeper.shown().chain(), chain);
    let view = running.view();
    assert_eq!((view.from.as_str(), view.problem), ("files", None));
    assert_eq!(
        (view.names, view.renews_at),
        (vec!["ota.example.com".to_owned()], None)
    );
    assert!(view.file.ends_with("live/fullchain.pem") && view.renewed_at.is_some());
    assert!(!running.look().await);

    // Seen with one link new and one old, nothing is said and nothing changed.
    let second = foreign.good();
    let seen = tokio::sync::Mutex::new(&mut running);
    let between = async || {
        let mut running = seen.lock().await;
        assert!(!running.look().await);
        assert_eq!(running.view().problem, None);
    };
    ground.swap(2, &second, between).await;
    assert!(running.look().await);
    let chain = pem::certificates(second.chain.as_bytes()).unwrap();
    assert_eq!(running.keeper.shown().chain(), chain);

    // Nothing of ours was issued, and the own key is as it was.
    assert_eq!(running.recorded().await, issued);
    let third = foreign.issue(&["ota.example.com"], |params| {
        params.not_before = date_time_ymd(2040, 1, 1);
        params.not_after = date_time_ymd(2040, 4, 1);
    });
    let day = |day: &str| from_rfc3339(&format!("2040-{day}T12:00:00Z")).unwrap().0;
    ground.clock.set(day("01-02"));
    ground.swap(3, &third, async || {}).await;
    assert!(running.look().await);
    for (at, said) in [
        ("03-10", None),
        ("03-20", Some("ends soon")),
        ("04-02", Some("has ended")),
        ("01-02", None),
    ] {
        ground.clock.set(day(at));
        assert!(!running.look().await);
        let problem = running.view().problem;
        assert_eq!(problem.is_some(), said.is_some(), "{at} {problem:?}");
        assert!(
            said.is_none_or(|said| problem.unwrap().contains(said)),
            "{at}"
        );
    }
}

#[tokio::test]
async fn what_is_not_fit_is_refused_at_the_start_and_the_old_one_stays_while_serving() {
    let ground = Ground::new().await;
    let foreign = Foreign::new();
    ground.with_files("");
    let good = foreign.good();
    ground.swap(1, &good, async || {}).await;
    let shown = pem::certificates(good.chain.as_bytes()).unwrap();
    let (chain, key) = (
        ground.path("live/fullchain.pem"),
        ground.path("live/privkey.pem"),
    );
    let mended = || {
        files_write_secret(&chain, &good.chain);
        files_write_secret(&key, &good.key.serialize_pem());
    };
    mended();

    let dated = |from: i32, to: i32| {
        foreign.issue(&["ota.example.com"], |params| {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(to, 1, 1);
        })
    };
    let text = |issued: &Issued| issued.key.serialize_pem();
    let (ended, to_come) = (dated(2020, 2021), dated(2090, 2091));
    let stranger = foreign.issue(&["example.org", "*.ota.example.com"], |_| {});
    let of_clients = foreign.issue(&["ota.example.com"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let names: Vec<String> = (0..110)
        .map(|n| format!("a-long-name-{n:03}.example.com"))
        .collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("ota.example.com");
    let large = foreign.issue(&names, |_| {});
    let large = Issued {
        chain: large.chain + &foreign.root.pem(),
        key: large.key,
    };
    let blocks: Vec<&str> = good
        .chain
        .split_inclusive("-----END CERTIFICATE-----\n")
        .collect();
    let odd = |text: &str| text.to_owned();
    for (name, a_chain, a_key, said) in [
        (
            "mismatch",
            odd(&good.chain),
            text(&ended),
            &["is not that of the certificate", "privkey"][..],
        ),
        (
            "ended",
            odd(&ended.chain),
            text(&ended),
            &["fullchain", "ended at", "CN=a server"],
        ),
        (
            "to come",
            odd(&to_come.chain),
            text(&to_come),
            &["begins at", "clock"],
        ),
        (
            "names",
            odd(&stranger.chain),
            text(&stranger),
            &["none of ota.example.com, 127.0.0.1", "example.org"],
        ),
        (
            "clients",
            odd(&of_clients.chain),
            text(&of_clients),
            &["not for servers"],
        ),
        (
            "large",
            odd(&large.chain),
            text(&large),
            &["fullchain", "needs up to", "take 4091", "its root is in it"],
        ),
        (
            "order",
            blocks[1].to_owned() + blocks[0],
            text(&good),
            &["stands behind", "order"],
        ),
        (
            "no certificate",
            odd(""),
            text(&good),
            &["fullchain.pem is not right"],
        ),
        (
            "cut",
            odd(&good.chain[..900]),
            text(&good),
            &["fullchain.pem is not right"],
        ),
        (
            "no key",
            odd(&good.chain),
            odd("nothing"),
            &["privkey.pem is not right", "no private key"],
        ),
        (
            "encrypted",
            odd(&good.chain),
            odd(ENCRYPTED),
            &["privkey.pem", "encrypted"],
        ),
        (
            "endless",
            "x".repeat(70_000),
            text(&good),
            &["more than 65536 bytes"],
        ),
    ] {
        mended();
        let mut running = ground.begin().await.unwrap();
        files_write_secret(&chain, &a_chain);
        files_write_secret(&key, &a_key);
        for looks in 0..3 {
            assert!(!running.look().await, "{name}");
            let problem = running.view().problem;
            assert_eq!(problem.is_some(), looks > 0, "{name}");
        }
        let problem = running.view().problem.unwrap();
        assert_eq!(running.keeper.shown().chain(), shown, "{name}");
        drop(running);
        let refused = ground.begin().await.map(|_| ()).unwrap_err();
        let refused = format!("{refused:#}");
        for said in said {
            assert!(refused.contains(said), "{name}: no `{said}` in {refused}");
            assert!(problem.contains(said), "{name}: no `{said}` in {problem}");
        }
    }
    // Files that are none, and a key that everybody may read.
    mended();
    let mut running = ground.begin().await.unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    for _ in 0..2 {
        assert!(!running.look().await);
    }
    let problem = running.view().problem.unwrap();
    assert!(problem.contains("chmod o-rwx"), "{problem}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(!running.look().await);
    assert_eq!(running.view().problem, None);
    fs::remove_file(&chain).unwrap();
    fs::create_dir(&chain).unwrap();
    for _ in 0..2 {
        assert!(!running.look().await);
    }
    let problem = running.view().problem.unwrap();
    assert!(problem.contains("is no file"), "{problem}");
}

#[tokio::test]
async fn keys_are_taken_as_every_client_writes_them() {
    let ground = Ground::new().await;
    let foreign = Foreign::new();
    ground.with_files("");
    ground.swap(1, &foreign.good(), async || {}).await;
    let mut running = ground.begin().await.unwrap();
    // RFC 5915, as lego and acme.sh write keys, with the parameters of openssl before it.
    let issued = foreign.good();
    let key = issued.key.serialize_der();
    let inner = countersign_sec1(&key);
    let text = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        .to_owned()
        + &pem::encode("EC PRIVATE KEY", inner);
    files_write_secret(&ground.path("live/fullchain.pem"), &issued.chain);
    files_write_secret(&ground.path("live/privkey.pem"), &text);
    assert!(running.look().await);
    assert_eq!(running.view().problem, None);
}

/// RFC 5915's key in a PKCS#8 one of rcgen's: its last field.
fn countersign_sec1(pkcs8: &[u8]) -> &[u8] {
    let at = pkcs8
        .windows(5)
        .position(|five| five[0] == 0x30 && five[2..] == [2, 1, 1]);
    let at = at.unwrap();
    &pkcs8[at..at + 2 + usize::from(pkcs8[at + 1])]
}

#[tokio::test]
async fn a_root_that_devices_are_given_is_the_one_that_the_chain_leads_to() {
    let ground = Ground::new().await;
    let foreign = Foreign::new();
    ground.with_files("root = \"../root.pem\"\n");
    fs::write(ground.path("root.pem"), foreign.root.pem()).unwrap();
    ground.swap(1, &foreign.good(), async || {}).await;
    let mut running = ground.begin().await.unwrap();
    assert_eq!(running.context.server_root.der(), &**foreign.root.der());
    let other = Foreign::new();
    ground.swap(2, &other.good(), async || {}).await;
    for _ in 0..2 {
        assert!(!running.look().await);
    }
    let problem = running.view().problem.unwrap();
    assert!(
        problem.contains("does not lead to `CN=Public Root`"),
        "{problem}"
    );
    drop(running);
    for (text, said) in [
        (
            foreign.root.pem() + &foreign.intermediate.pem(),
            "more than one",
        ),
        (
            foreign
                .good()
                .chain
                .split_inclusive("-----END CERTIFICATE-----\n")
                .next()
                .unwrap()
                .to_owned(),
            "is no CA",
        ),
        (String::new(), "root.pem"),
    ] {
        fs::write(ground.path("root.pem"), text).unwrap();
        let refused = ground.begin().await.map(|_| ()).unwrap_err();
        let refused = format!("{refused:#}");
        assert!(refused.contains(said), "{refused}");
    }
}

const ENCRYPTED: &str =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
