//! Keys on a token of `SoftHSM` 2, which keeps tokens in a folder; beside it `pkcs11-tool`, and `openssl` as the judge.
//!
//! `SoftHSM` takes its folder from the environment of its process. So each test runs in a process of its own: this same program,
//! asked for that one test.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are tests"
)]

mod crl;
mod image;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use countersign_keys::{Error, Passphrases, Uri, passphrase::Surroundings, pkcs11::TokenKey};
use countersign_pki::Signer as _;
use zeroize::Zeroizing;

/// A folder with a token.
struct Ground {
    folder: PathBuf,
    module: PathBuf,
}

/// Nobody to ask, and this PIN in the environment.
struct Pin(&'static str);

impl Surroundings for Pin {
    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (name == "COUNTERSIGN_PIN").then(|| Zeroizing::new(self.0.to_owned()))
    }

    fn ask(&self, _: &str) -> Option<io::Result<Zeroizing<String>>> {
        None
    }
}

fn pin(pin: &'static str) -> Passphrases {
    Passphrases::with(None, Pin(pin))
}

impl Ground {
    fn uri(&self, object: &str) -> Uri {
        self.uri_text(object).parse().unwrap()
    }

    fn uri_text(&self, object: &str) -> String {
        let module = self.module.display();
        format!("pkcs11:token=ours;object={object}?module-path={module}")
    }

    fn generate(&self, object: &str) -> TokenKey {
        TokenKey::generate(&self.uri(object), object, &pin("1234")).unwrap()
    }

    fn open(&self, object: &str) -> Result<TokenKey, Error> {
        TokenKey::open(&self.uri(object), object, &pin("1234"))
    }

    /// `pkcs11-tool` on the token, logged in; it must succeed.
    fn tool(&self, args: &[&str]) -> String {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(&self.module);
        command.args(["--token-label", "ours", "--login", "--pin", "1234"]);
        done(command.args(args))
    }

    /// A key that another tool makes on the token.
    fn make(&self, label: &str, id: &str, kind: &str) {
        let key = ["--keypairgen", "--key-type", kind, "--label", label];
        self.tool(&[&key[..], &["--id", id]].concat());
    }

    /// Whether `openssl` takes a signature for that of a key.
    fn judge(&self, key: &TokenKey, message: &[u8], signature: &[u8]) -> bool {
        let path = |name: &str| self.folder.join(name);
        let text = countersign_x509::pem::encode("PUBLIC KEY", key.public_key());
        fs::write(path("public"), text).unwrap();
        fs::write(path("message"), message).unwrap();
        fs::write(path("signature"), signature).unwrap();
        let mut openssl = Command::new("openssl");
        openssl
            .args(["dgst", "-sha256", "-verify"])
            .arg(path("public"));
        openssl
            .arg("-signature")
            .arg(path("signature"))
            .arg(path("message"));
        run(&mut openssl).status.success()
    }
}

/// Runs a test where its token is, or has it run there.
fn on_a_token(test: &str, body: fn(&Ground)) {
    let Some(module) = module() else {
        return skip(test, "SoftHSM 2", "apt-get install softhsm2 opensc");
    };
    for (program, args) in [("pkcs11-tool", "--version"), ("openssl", "version")] {
        if Command::new(program).arg(args).output().is_err() {
            return skip(test, program, "apt-get install softhsm2 opensc openssl");
        }
    }
    if let Some(folder) = std::env::var_os("COUNTERSIGN_TEST_TOKENS") {
        let folder = PathBuf::from(folder);
        return body(&Ground { folder, module });
    }
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let conf = folder.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&conf, text).unwrap();
    let mut util = Command::new("softhsm2-util");
    util.args(["--init-token", "--free", "--label", "ours"]);
    util.args(["--pin", "1234", "--so-pin", "12345678"]);
    done(util.env("SOFTHSM2_CONF", &conf));
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args([test, "--exact", "--nocapture"]);
    again.env("SOFTHSM2_CONF", &conf);
    again.env("COUNTERSIGN_TEST_TOKENS", folder.path());
    let said = done(&mut again);
    assert!(said.contains("1 passed"), "{said}");
}

fn module() -> Option<PathBuf> {
    let places = [
        "/usr/lib/softhsm",
        "/usr/lib64/softhsm",
        "/usr/local/lib/softhsm",
    ];
    let libraries = places.map(|place| Path::new(place).join("libsofthsm2.so"));
    libraries.into_iter().find(|library| library.exists())
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

fn done(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{errors}");
    said
}

fn skip(test: &str, program: &str, install: &str) {
    let line = format!("SKIPPED: {test}: needs {program}; install it with: {install}\n");
    eprint!("{line}");
    if let Some(file) = std::env::var_os("COUNTERSIGN_SKIP_FILE") {
        let mut options = fs::OpenOptions::new();
        let mut file = options.append(true).create(true).open(file).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

#[test]
fn a_key_made_on_a_token_signs_and_is_never_overwritten() {
    on_a_token(
        "a_key_made_on_a_token_signs_and_is_never_overwritten",
        |ground| {
            let key = ground.generate("issuing");
            // Enough for a number with a leading zero or a sign byte to occur.
            for round in 0..300_u32 {
                let signature = key.sign(&round.to_be_bytes()).unwrap();
                if round % 100 == 0 {
                    assert!(ground.judge(&key, &round.to_be_bytes(), &signature));
                    assert!(!ground.judge(&key, b"another", &signature));
                }
            }
            let there = TokenKey::generate(&ground.uri("issuing"), "k", &pin("1234")).unwrap_err();
            assert!(matches!(there, Error::ObjectThere { .. }), "{there:?}");
            let again = ground.open("issuing").unwrap();
            assert_eq!(again.public_key(), key.public_key());
            let listed = ground.tool(&["--list-objects", "--type", "privkey"]);
            for word in ["issuing", "sensitive", "never extractable", "sign"] {
                assert!(listed.contains(word), "{listed}");
            }
            assert_eq!(listed.matches("Private Key Object").count(), 1, "{listed}");
        },
    );
}

#[test]
fn a_key_that_another_tool_made_is_read() {
    on_a_token("a_key_that_another_tool_made_is_read", |ground| {
        ground.make("theirs", "01", "EC:prime256v1");
        let key = ground.open("theirs").unwrap();
        let signature = key.sign(b"message").unwrap();
        assert!(ground.judge(&key, b"message", &signature));
        // By the id alone, and by both.
        for name in ["id=%01", "object=theirs;id=%01"] {
            let uri = ground
                .uri_text("x")
                .replace("object=x", name)
                .parse()
                .unwrap();
            let same = TokenKey::open(&uri, "k", &pin("1234")).unwrap();
            assert_eq!(same.public_key(), key.public_key());
        }
        ground.make("p384", "02", "EC:secp384r1");
        ground.make("rsa", "03", "RSA:2048");
        for label in ["p384", "rsa"] {
            let unfit = ground.open(label).unwrap_err();
            assert!(matches!(unfit, Error::UnfitKey { .. }), "{unfit:?}");
        }
        ground.make("twice", "04", "EC:prime256v1");
        ground.make("twice", "05", "EC:prime256v1");
        let two = ground.open("twice").unwrap_err();
        assert!(matches!(two, Error::Ambiguous { .. }), "{two:?}");
        // Two pairs of one id: whose the public half is cannot be told.
        ground.make("other", "01", "EC:prime256v1");
        let two = ground.open("theirs").unwrap_err();
        assert!(matches!(two, Error::UnfitKey { .. }), "{two:?}");
        ground.tool(&[
            "--delete-object",
            "--type",
            "pubkey",
            "--label",
            "twice",
            "--id",
            "04",
        ]);
        let uri = ground
            .uri_text("x")
            .replace("object=x", "id=%04")
            .parse()
            .unwrap();
        let hidden = TokenKey::open(&uri, "k", &pin("1234")).unwrap_err();
        assert!(matches!(hidden, Error::UnfitKey { .. }), "{hidden:?}");
    });
}

#[test]
fn what_is_not_there_is_named() {
    on_a_token("what_is_not_there_is_named", |ground| {
        let none = ground.open("none").unwrap_err();
        assert!(matches!(none, Error::NoObject { .. }), "{none:?}");
        let open = |text: String| TokenKey::open(&text.parse().unwrap(), "k", &pin("1234"));
        let elsewhere = open(ground.uri_text("x").replace("ours", "theirs")).unwrap_err();
        match elsewhere {
            Error::NoToken { there, .. } => assert_eq!(there, ["ours"]),
            other => panic!("{other:?}"),
        }
        let serial = open(
            ground
                .uri_text("x")
                .replace("token=ours", "token=ours;serial=0"),
        );
        assert!(matches!(serial.unwrap_err(), Error::NoToken { .. }));
        // No library, and libraries that know no tokens.
        let text = ground.folder.join("softhsm2.conf");
        for module in [
            "/no/such/library.so",
            text.to_str().unwrap(),
            "/usr/lib/ssl",
            "/bin/sh",
        ] {
            let text = format!("pkcs11:token=a;object=b?module-path={module}");
            let refused = open(text).unwrap_err();
            assert!(
                matches!(refused, Error::Token { .. }),
                "{module}: {refused:?}"
            );
        }
    });
}

#[test]
fn a_wrong_pin_is_said_to_be_so_and_is_not_tried_again() {
    on_a_token(
        "a_wrong_pin_is_said_to_be_so_and_is_not_tried_again",
        |ground| {
            let key = ground.generate("issuing");
            drop(key);
            let wrong = TokenKey::open(&ground.uri("issuing"), "k", &pin("4321")).unwrap_err();
            assert!(matches!(wrong, Error::PinRefused { .. }), "{wrong:?}");
            let none = TokenKey::open(&ground.uri("issuing"), "k", &pin("")).unwrap_err();
            assert!(matches!(none, Error::EmptySecret { .. }), "{none:?}");

            // From a file that the URI names, which only its owner may read.
            let file = ground.folder.join("pin");
            fs::write(&file, "1234\n").unwrap();
            let text = format!(
                "{}&pin-source=file://{}",
                ground.uri_text("issuing"),
                file.display()
            );
            let uri: Uri = text.parse().unwrap();
            let mode = |mode| {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
                fs::set_permissions(&file, mode).unwrap();
            };
            mode(0o644);
            let open = TokenKey::open(&uri, "k", &pin("4321")).unwrap_err();
            assert!(matches!(open, Error::TooOpen { .. }), "{open:?}");
            mode(0o600);
            let key = TokenKey::open(&uri, "k", &pin("4321")).unwrap();
            key.sign(b"message").unwrap();

            // The PIN is changed under a running program: it is tried once, not with every signature.
            let mut util = Command::new("pkcs11-tool");
            util.arg("--module").arg(&ground.module);
            util.args(["--token-label", "ours", "--login", "--pin", "1234"]);
            done(util.args(["--change-pin", "--new-pin", "9876"]));
            away_and_back(ground, &key);
            for _ in 0..3 {
                let refused = key.sign(b"message").unwrap_err().to_string();
                assert!(refused.contains("not tried again"), "{refused}");
            }
        },
    );
}

/// Takes the tokens away for one signature.
fn away_and_back(ground: &Ground, key: &TokenKey) {
    let (there, away) = (ground.folder.join("tokens"), ground.folder.join("away"));
    fs::rename(&there, &away).unwrap();
    fs::create_dir(&there).unwrap();
    let gone = key.sign(b"message").unwrap_err().to_string();
    assert!(
        gone.contains("pkcs11:token=ours") && gone.contains("no such token"),
        "{gone}"
    );
    fs::remove_dir(&there).unwrap();
    fs::rename(&away, &there).unwrap();
}

#[test]
fn a_token_that_comes_back_signs_at_once() {
    on_a_token("a_token_that_comes_back_signs_at_once", |ground| {
        let (one, two) = (ground.generate("one"), ground.generate("two"));
        for round in 0..3 {
            one.sign(b"message").unwrap();
            two.sign(b"message").unwrap();
            away_and_back(ground, &one);
            // And so does another key of the same module, whose session ended with the first one's.
            for key in [&two, &one] {
                let signature = key.sign(b"message").unwrap();
                assert!(ground.judge(key, b"message", &signature), "{round}");
            }
        }
        // Another token of that name with another key of that name is not the same.
        let (there, away) = (ground.folder.join("tokens"), ground.folder.join("away"));
        fs::rename(&there, &away).unwrap();
        fs::create_dir(&there).unwrap();
        let mut util = Command::new("softhsm2-util");
        util.args(["--init-token", "--free", "--label", "ours"]);
        done(util.args(["--pin", "1234", "--so-pin", "12345678"]));
        ground.tool(&[
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--label",
            "one",
            "--id",
            "01",
        ]);
        let refused = one.sign(b"message").unwrap_err().to_string();
        assert!(refused.contains("no signature of the key"), "{refused}");
    });
}

#[test]
fn many_threads_sign_with_one_key_and_with_several() {
    on_a_token(
        "many_threads_sign_with_one_key_and_with_several",
        |ground| {
            let keys = [ground.generate("one"), ground.generate("two")];
            let one_again = ground.open("one").unwrap();
            thread::scope(|scope| {
                for n in 0..8_u32 {
                    let (keys, one_again) = (&keys, &one_again);
                    scope.spawn(move || {
                        for round in 0..25_u32 {
                            let key = [&keys[0], &keys[1], one_again][(n as usize) % 3];
                            key.sign(&round.to_be_bytes()).unwrap();
                        }
                    });
                }
            });
            // The end of one leaves the others their session and their login.
            let [one, two] = keys;
            drop(one);
            one_again.sign(b"message").unwrap();
            two.sign(b"message").unwrap();
        },
    );
}
