use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::*;

/// What is set and what is typed, and how often somebody was asked.
#[derive(Clone, Default)]
struct Around {
    variables: HashMap<&'static str, &'static str>,
    answers: Option<Vec<&'static str>>,
    asked: Arc<AtomicUsize>,
}

impl Surroundings for Around {
    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        let value = self.variables.get(name)?;
        Some(Zeroizing::new((*value).to_owned()))
    }

    fn ask(&self, _: &str) -> Option<io::Result<Zeroizing<String>>> {
        let answers = self.answers.as_ref()?;
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = answers.get(nth).ok_or_else(|| io::Error::other("no more"));
        Some(answer.map(|answer| Zeroizing::new((*answer).to_owned())))
    }
}

fn set(variables: &[(&'static str, &'static str)]) -> Around {
    Around {
        variables: variables.iter().copied().collect(),
        ..Around::default()
    }
}

fn typed(answers: &[&'static str]) -> Around {
    Around {
        answers: Some(answers.to_vec()),
        ..Around::default()
    }
}

/// A key that `right` opens.
fn unlock(passphrases: &Passphrases, key: &str, right: &str) -> Result<(), Error> {
    passphrases.unlock(key, |tried| Ok((tried == right).then_some(())))
}

#[cfg(unix)]
fn secret(folder: &Path, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("passphrase");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn what_is_set_for_one_key_goes_before_what_is_set_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = secret(folder.path(), "of the file\n");
    let around = set(&[
        ("COUNTERSIGN_PASSPHRASE", "of all"),
        ("COUNTERSIGN_PASSPHRASE_DEVICE_ISSUING_1", "its own"),
    ]);
    let with_file = Passphrases::with(Some(&file), around.clone());
    unlock(&with_file, "device-issuing.1", "its own").unwrap();
    unlock(&with_file, "device-issuing", "of the file").unwrap();
    let without = Passphrases::with(None, around);
    unlock(&without, "device-issuing", "of all").unwrap();
    let named_file = set(&[
        ("COUNTERSIGN_PASSPHRASE_FILE", "/a"),
        ("COUNTERSIGN_PASSPHRASE", "b"),
    ]);
    unlock(&Passphrases::with(None, named_file), "file", "b").unwrap();
}

#[test]
fn a_wrong_one_is_said_to_be_so_with_its_key_and_its_place() {
    let passphrases = Passphrases::with(None, set(&[("COUNTERSIGN_PASSPHRASE", "x")]));
    match unlock(&passphrases, "server-root", "y").unwrap_err() {
        Error::WrongPassphrase { key, from } => {
            assert_eq!(key, "server-root");
            assert_eq!(from, Source::Variable("COUNTERSIGN_PASSPHRASE".to_owned()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_nobody_can_be_asked_the_other_ways_are_named() {
    let passphrases = Passphrases::with(None, Around::default());
    for refused in [
        unlock(&passphrases, "device-issuing", "x").unwrap_err(),
        passphrases.choose("device-issuing").map(drop).unwrap_err(),
        passphrases
            .pin("device-issuing", "t", None)
            .map(drop)
            .unwrap_err(),
    ] {
        assert!(matches!(refused, Error::NoSecret { .. }), "{refused:?}");
        let said = refused.to_string();
        assert!(
            said.contains("_DEVICE_ISSUING") && said.contains("file"),
            "{said}"
        );
    }
}

#[test]
fn somebody_is_asked_once_for_all_keys_and_three_times_for_one() {
    let around = typed(&["mistyped", "right", "another"]);
    let asked = Arc::clone(&around.asked);
    let passphrases = Passphrases::with(None, around);
    unlock(&passphrases, "a", "right").unwrap();
    unlock(&passphrases, "b", "right").unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    unlock(&passphrases, "c", "another").unwrap();
    unlock(&passphrases, "d", "right").unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 3);

    let passphrases = Passphrases::with(None, typed(&["1", "2", "3", "right"]));
    let refused = unlock(&passphrases, "a", "right").unwrap_err();
    assert!(matches!(
        refused,
        Error::WrongPassphrase {
            from: Source::Terminal,
            ..
        }
    ));
}

#[test]
fn a_new_passphrase_is_typed_twice_and_once_for_all() {
    let around = typed(&["new", "new"]);
    let asked = Arc::clone(&around.asked);
    let passphrases = Passphrases::with(None, around);
    for key in ["a", "b"] {
        assert_eq!(*passphrases.choose(key).unwrap(), "new");
    }
    unlock(&passphrases, "a", "new").unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let passphrases = Passphrases::with(None, typed(&["new", "nwe"]));
    assert!(matches!(passphrases.choose("a"), Err(Error::NotTheSame)));
}

#[cfg(unix)]
#[test]
fn a_file_is_its_owners_and_holds_one_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = secret(folder.path(), text);
        unlock(
            &Passphrases::with(Some(&file), Around::default()),
            "a",
            "two words",
        )
    };
    for text in ["two words", "two words\n", "two words\r\n"] {
        check(text).unwrap();
    }
    for text in ["", "\n"] {
        assert!(
            matches!(check(text), Err(Error::EmptySecret { .. })),
            "{text:?}"
        );
    }
    for text in ["two words\n\n", "two\nwords", &"x".repeat(1025)] {
        assert!(
            matches!(check(text), Err(Error::NotOneLine { .. })),
            "{text:?}"
        );
    }
    assert!(matches!(
        check(" two words"),
        Err(Error::WrongPassphrase { .. })
    ));
    let file = secret(folder.path(), "two words");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let open = unlock(
        &Passphrases::with(Some(&file), Around::default()),
        "a",
        "two words",
    );
    assert!(matches!(open, Err(Error::TooOpen { .. })));
    let none = folder.path().join("none");
    let missing = unlock(&Passphrases::with(Some(&none), Around::default()), "a", "x");
    assert!(matches!(missing, Err(Error::Read { .. })));
}

#[cfg(unix)]
#[test]
fn a_pin_is_none_of_the_passphrases() {
    let folder = tempfile::tempdir().unwrap();
    let file = secret(folder.path(), "1234\n");
    let around = set(&[
        ("COUNTERSIGN_PASSPHRASE", "x"),
        ("COUNTERSIGN_PIN", "of all"),
        ("COUNTERSIGN_PIN_A", "its own"),
    ]);
    let passphrases = Passphrases::with(Some(&file), around);
    let pin = |key: &str, file: Option<&Path>| passphrases.pin(key, "t", file).unwrap().0;
    assert_eq!(*pin("a", Some(&file)), "1234");
    assert_eq!(*pin("a", None), "its own");
    assert_eq!(*pin("b", None), "of all");
}

#[test]
fn debug_shows_no_secret() {
    let passphrases = Passphrases::with(None, typed(&["hush"]));
    unlock(&passphrases, "a", "hush").unwrap();
    assert!(!format!("{passphrases:?}").contains("hush"));
}
