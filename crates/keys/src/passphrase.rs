//! Passphrases of encrypted keys, and PINs of tokens: from a file, from the environment, or from a terminal.
//!
//! What is set for one key alone is taken before what is set for all. A secret that is set is the only one that is tried; at a
//! terminal one is asked for again, and what was typed for one key is tried on the next before anybody is asked again.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use zeroize::Zeroizing;

use crate::{Error, file::store};

/// Where secrets come from. One for each run of the program.
pub struct Passphrases {
    file: Option<PathBuf>,
    around: Box<dyn Surroundings>,
    /// What was typed, and was right.
    typed: Mutex<Vec<Zeroizing<String>>>,
    /// What was typed for tokens.
    pins: Mutex<BTreeMap<String, Zeroizing<String>>>,
}

/// The environment and the terminal of a process.
pub trait Surroundings: Send + Sync {
    /// A variable of the environment, if it is set and is text.
    fn variable(&self, name: &str) -> Option<Zeroizing<String>>;

    /// Asks at the terminal, without showing what is typed; `None` where there is no terminal.
    fn ask(&self, question: &str) -> Option<io::Result<Zeroizing<String>>>;
}

/// Those of this process.
#[derive(Clone, Copy, Debug)]
pub struct Process;

/// Where a secret came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// This file.
    File(PathBuf),
    /// Whoever sits at the terminal.
    Terminal,
    /// This variable of the environment.
    Variable(String),
}

impl Passphrases {
    /// Takes them from `file` where one is named, and from this process's environment and terminal.
    pub fn new(file: Option<&Path>) -> Self {
        Self::with(file, Process)
    }

    /// The same in other surroundings.
    pub fn with(file: Option<&Path>, around: impl Surroundings + 'static) -> Self {
        Self {
            file: file.map(Path::to_owned),
            around: Box::new(around),
            typed: Mutex::default(),
            pins: Mutex::default(),
        }
    }

    /// Has `open` try the passphrase of the key `key` until it opens it; it gives `None` where the passphrase is another.
    ///
    /// # Errors
    /// [`Error::NoSecret`], [`Error::EmptySecret`], [`Error::WrongPassphrase`]; those of reading the file; those of `open`.
    pub fn unlock<T>(
        &self,
        key: &str,
        open: impl Fn(&str) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let wrong = |from| Error::WrongPassphrase {
            key: key.to_owned(),
            from,
        };
        if let Some((passphrase, from)) = self.set(PASSPHRASE, key)? {
            return open(&passphrase)?.ok_or_else(|| wrong(from));
        }
        let typed = self.typed().clone();
        for passphrase in &typed {
            if let Some(opened) = open(passphrase)? {
                return Ok(opened);
            }
        }
        let mut question = format!("Passphrase of {key}: ");
        for _ in 0..TRIES {
            let passphrase = self.asked(PASSPHRASE, key, &question)?;
            if let Some(opened) = open(&passphrase)? {
                self.typed().push(passphrase);
                return Ok(opened);
            }
            question = format!("That is not it. Passphrase of {key}: ");
        }
        Err(wrong(Source::Terminal))
    }

    /// The passphrase with which the new key `key` shall be encrypted. At a terminal one is asked for, twice, for all new keys.
    ///
    /// # Errors
    /// [`Error::NoSecret`], [`Error::EmptySecret`], [`Error::NotTheSame`], and those of reading the file.
    pub fn choose(&self, key: &str) -> Result<Zeroizing<String>, Error> {
        if let Some((passphrase, _)) = self.set(PASSPHRASE, key)? {
            return Ok(passphrase);
        }
        if let Some(typed) = self.typed().first() {
            return Ok(typed.clone());
        }
        let passphrase = self.asked(PASSPHRASE, key, "A passphrase for the new keys: ")?;
        if self.asked(PASSPHRASE, key, "The same again: ")? != passphrase {
            return Err(Error::NotTheSame);
        }
        self.typed().push(passphrase.clone());
        Ok(passphrase)
    }

    /// The PIN of the token on which the key `key` lies. `file` is the URI's own `pin-source`. At a terminal it is asked for
    /// once for each token.
    ///
    /// # Errors
    /// [`Error::NoSecret`], [`Error::EmptySecret`], and those of reading the file.
    pub fn pin(
        &self,
        key: &str,
        token: &str,
        file: Option<&Path>,
    ) -> Result<(Zeroizing<String>, Source), Error> {
        if let Some(file) = file {
            return from_file(PIN, file);
        }
        if let Some(set) = self.variables(PIN, key)? {
            return Ok(set);
        }
        if let Some(pin) = self.pins().get(token) {
            return Ok((pin.clone(), Source::Terminal));
        }
        let pin = self.asked(PIN, key, &format!("PIN of the token with {key}: "))?;
        self.pins().insert(token.to_owned(), pin.clone());
        Ok((pin, Source::Terminal))
    }

    /// Forgets the PIN that was typed for a token: it was wrong.
    #[cfg(feature = "pkcs11")]
    pub(crate) fn forget_pin(&self, token: &str) {
        self.pins().remove(token);
    }

    /// What is set for a key: its own variable, the file, the variable for all.
    fn set(&self, kind: &Kind, key: &str) -> Result<Option<(Zeroizing<String>, Source)>, Error> {
        if let Some(own) = self.in_variable(kind, kind.variable_of(key))? {
            return Ok(Some(own));
        }
        match &self.file {
            Some(file) => from_file(kind, file).map(Some),
            None => self.in_variable(kind, kind.variable.to_owned()),
        }
    }

    fn variables(
        &self,
        kind: &Kind,
        key: &str,
    ) -> Result<Option<(Zeroizing<String>, Source)>, Error> {
        match self.in_variable(kind, kind.variable_of(key))? {
            None => self.in_variable(kind, kind.variable.to_owned()),
            own => Ok(own),
        }
    }

    fn in_variable(
        &self,
        kind: &Kind,
        name: String,
    ) -> Result<Option<(Zeroizing<String>, Source)>, Error> {
        // A key that is called `file` has no variable of its own: that one names the file.
        let value = Some(&name).filter(|name| *name != NAMES_THE_FILE);
        let value = value.and_then(|name| self.around.variable(name));
        value
            .map(|value| kind.not_empty(value, Source::Variable(name)))
            .transpose()
    }

    fn asked(&self, kind: &Kind, key: &str, question: &str) -> Result<Zeroizing<String>, Error> {
        let answer = self.around.ask(question).ok_or_else(|| Error::NoSecret {
            what: kind.what,
            key: key.to_owned(),
            file: kind.file,
            for_all: kind.variable,
            variable: kind.variable_of(key),
        })?;
        let answer = answer.map_err(Error::Prompt)?;
        Ok(kind.not_empty(answer, Source::Terminal)?.0)
    }

    fn pins(&self) -> MutexGuard<'_, BTreeMap<String, Zeroizing<String>>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn typed(&self) -> MutexGuard<'_, Vec<Zeroizing<String>>> {
        self.typed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        std::env::var(name).ok().map(Zeroizing::new)
    }

    fn ask(&self, question: &str) -> Option<io::Result<Zeroizing<String>>> {
        // A service may have a terminal and nobody at it; one whose input is that terminal has somebody.
        if !io::stdin().is_terminal() {
            return None;
        }
        Some(rpassword::prompt_password(question).map(Zeroizing::new))
    }
}

/// Shows no secret.
impl fmt::Debug for Passphrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passphrases")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Terminal => f.write_str("the terminal"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// Passphrases or PINs.
struct Kind {
    what: &'static str,
    /// The variable for all keys; one for a key alone has `_` and the key's name behind it.
    variable: &'static str,
    /// How a file is named for it.
    file: &'static str,
}

impl Kind {
    /// The variable for a key alone: `COUNTERSIGN_PASSPHRASE_DEVICE_ISSUING`.
    fn variable_of(&self, key: &str) -> String {
        let name = key.chars().map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => c.to_ascii_uppercase(),
            _ => '_',
        });
        format!("{}_{}", self.variable, name.collect::<String>())
    }

    fn not_empty(
        &self,
        secret: Zeroizing<String>,
        from: Source,
    ) -> Result<(Zeroizing<String>, Source), Error> {
        if secret.is_empty() {
            let what = self.what;
            return Err(Error::EmptySecret { what, from });
        }
        Ok((secret, from))
    }
}

/// A file that only its owner may read, with one line.
fn from_file(kind: &Kind, path: &Path) -> Result<(Zeroizing<String>, Source), Error> {
    let text = store::read(path)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\r', '\0']) || line.len() > LONGEST {
        let path = path.to_owned();
        return Err(Error::NotOneLine { path });
    }
    kind.not_empty(
        Zeroizing::new(line.to_owned()),
        Source::File(path.to_owned()),
    )
}

const PASSPHRASE: &Kind = &Kind {
    what: "passphrase",
    variable: "COUNTERSIGN_PASSPHRASE",
    file: "a file (--passphrase-file)",
};
const PIN: &Kind = &Kind {
    what: "PIN",
    variable: "COUNTERSIGN_PIN",
    file: "a file (`?pin-source=file:/PATH` in the URI)",
};
/// The program's variable for the flag `--passphrase-file`.
const NAMES_THE_FILE: &str = "COUNTERSIGN_PASSPHRASE_FILE";
/// How often somebody at a terminal may mistype.
const TRIES: usize = 3;
/// Nobody types more; a key or an image that was named by mistake has more.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests;
