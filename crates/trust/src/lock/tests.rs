use super::*;
use crate::mint::Ca;

/// A lock file with one root, and a server with a chain of two.
fn lock() -> Lock {
    let (root, issuing) = (Ca::root("root"), Ca::root("issuing"));
    let chain = [issuing.leaf(&["a.test"]), issuing.under(&root)];
    let digest = |der: &[u8]| to_hex(&sha256(der));
    let text = |text: &str| text.to_owned();
    let seen = chain.iter().map(|der| LockedCertificate {
        sha256: digest(der),
        subject: text("CN=x"),
        not_after: text("2027-01-01T00:00:00Z"),
        pem: pem::encode(pem::CERTIFICATE, der),
    });
    Lock {
        version: VERSION,
        chosen_from: text("a list"),
        policy: LockedPolicy {
            cross_sign_parents: true,
            successors: false,
            mozilla_only: true,
            max_certs: 250,
        },
        bundle: vec![],
        device: vec![LockedDevice {
            idf: text("v5.5"),
            cross_signed_verify: false,
            dates: true,
        }],
        root: vec![LockedRoot {
            name: text("root"),
            subject: text("CN=root"),
            sha256: digest(root.der()),
            not_before: text("1970-01-01T00:00:00Z"),
            not_after: text("2027-01-01T00:00:00Z"),
            distrust_after: None,
            from: text("root.pem"),
            why: text("given"),
            hosts: vec![text("a.test")],
            pem: pem::encode(pem::CERTIFICATE, root.der()),
        }],
        seen: seen.collect(),
        host: vec![LockedHost {
            host: text("a.test:8443"),
            name: text("a.test"),
            chains: vec![chain.iter().map(|der| digest(der)).collect()],
        }],
    }
}

#[test]
fn what_is_written_is_read() {
    let lock = lock();
    let read = Lock::parse(&lock.to_text()).unwrap();
    assert_eq!(read, lock);
    assert_eq!(read.roots().unwrap().len(), 1);
    assert_eq!(read.hosts().unwrap()[0].chains[0].len(), 2);
}

#[test]
fn a_certificate_is_what_it_is_called_and_all_are_there() {
    let check = |change: fn(&mut Lock), expected: fn(&Error) -> bool| {
        let mut changed = lock();
        change(&mut changed);
        let error = Lock::parse(&changed.to_text()).unwrap_err();
        assert!(expected(&error), "{error}");
    };
    check(
        |lock| lock.seen[0].pem = lock.seen[1].pem.clone(),
        |error| matches!(error, Error::AnotherDigest { .. }),
    );
    check(
        |lock| lock.root[0].sha256 = lock.root[0].sha256.to_uppercase(),
        |error| matches!(error, Error::AnotherDigest { .. }),
    );
    check(
        |lock| drop(lock.seen.remove(1)),
        |error| matches!(error, Error::Missing { .. }),
    );
    check(
        |lock| lock.root[0].pem.truncate(100),
        |error| matches!(error, Error::Unreadable { .. }),
    );
    check(
        |lock| {
            lock.root[0].pem = pem::encode(pem::CERTIFICATE, b"0\0");
            lock.root[0].sha256 = to_hex(&sha256(b"0\0"));
        },
        |error| matches!(error, Error::Unreadable { .. }),
    );
    check(|lock| lock.root.clear(), |error| *error == Error::NoRoots);
    check(
        |lock| lock.version = 2,
        |error| *error == Error::Version { version: 2 },
    );
}

#[test]
fn a_lock_file_says_nothing_that_moves_the_terminal() {
    let mut odd = lock();
    odd.root[0].name = "ro\u{1b}[2Jot\u{202e}".to_owned();
    odd.host[0].host = "a\u{7}.test".to_owned();
    let read = Lock::parse(&odd.to_text()).unwrap();
    assert_eq!(read.root[0].name, "ro\\u{1b}[2Jot\\u{202e}");
    assert_eq!(read.host[0].host, "a\\u{7}.test");
    assert_eq!(Lock::parse(&read.to_text()), Ok(read));

    for text in [
        "\u{1b}[2J = 1",
        "\"\\u001B[2J\" = 1\nversion = 1",
        "x = \"\u{202e}\" y",
    ] {
        let error = Lock::parse(text).unwrap_err().to_string();
        let harmless = |line: &str| countersign_x509::name::is_harmless(line);
        assert!(error.lines().all(harmless), "{error:?}");
    }
}

#[test]
fn what_stands_around_a_certificate_is_left_out() {
    let mut odd = lock();
    let plain = odd.clone();
    let key = pem::encode("PRIVATE KEY", b"secret");
    odd.root[0].pem = format!("{key}and\n{}{key}", odd.root[0].pem);
    assert_eq!(Lock::parse(&odd.to_text()), Ok(plain));
}
