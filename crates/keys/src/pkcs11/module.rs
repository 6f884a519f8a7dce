//! The libraries that know tokens: each is loaded once in a process, and set up once for all keys that it knows.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as Failure, RvError},
    object::ObjectHandle,
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
    types::AuthPin,
};

use super::failed;
use crate::{Error, Passphrases, Uri, passphrase::Source};

/// A library that knows tokens, by its path.
pub(super) struct Module {
    state: Mutex<State>,
}

/// What a module has: all under one lock, since a session belongs to one thread at a time, and since to set the library up
/// anew ends all of them at once.
pub(super) struct State {
    library: Pkcs11,
    initialized: bool,
    /// By the numbers of their keys.
    sessions: BTreeMap<u64, Open>,
}

/// A session in which one may sign.
pub(super) struct Open {
    pub(super) session: Session,
    pub(super) key: Option<ObjectHandle>,
}

/// How one logs in.
pub(super) enum Login {
    /// Not at all.
    Free,
    /// At the token's own keys.
    OnToken,
    Pin {
        pin: AuthPin,
        from: Source,
        refused: AtomicBool,
    },
}

impl Module {
    /// The module of a URI, loaded where this is the first key that it is needed for.
    pub(super) fn of(uri: &Uri) -> Result<Arc<Self>, Error> {
        static MODULES: LazyLock<Mutex<BTreeMap<PathBuf, Arc<Module>>>> =
            LazyLock::new(Mutex::default);
        let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
        let path = uri.module_path();
        if let Some(module) = modules.get(path) {
            return Ok(Arc::clone(module));
        }
        let module = Arc::new(Self::load(path).map_err(failed(uri, "loading the module"))?);
        modules.insert(path.to_owned(), Arc::clone(&module));
        Ok(module)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            state: Mutex::new(State {
                library: Pkcs11::new(path)?,
                initialized: false,
                sessions: BTreeMap::new(),
            }),
        })
    }
}

impl State {
    /// Does something, and once more with the library set up anew where it failed in a way that this may mend.
    pub(super) fn retried<T>(
        &mut self,
        work: impl Fn(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match work(self) {
            Err(Error::Token { .. } | Error::NoToken { .. } | Error::NoObject { .. }) => {
                self.end();
                work(self)
            }
            done => done,
        }
    }

    /// Finds out how one logs in to the token of a URI.
    pub(super) fn login(
        &mut self,
        uri: &Uri,
        name: &str,
        passphrases: &Passphrases,
    ) -> Result<Login, Error> {
        let (_, info) = self.token(uri)?;
        Ok(if !info.login_required() {
            Login::Free
        } else if info.protected_authentication_path() {
            Login::OnToken
        } else {
            refuse_locked(uri, &info)?;
            let (pin, from) = passphrases.pin(name, &token_of(uri), uri.pin_source())?;
            Login::Pin {
                pin: pin.as_str().into(),
                from,
                refused: AtomicBool::new(false),
            }
        })
    }

    /// Opens a session, and logs in.
    pub(super) fn open(&mut self, uri: &Uri, login: &Login) -> Result<Open, Error> {
        let (slot, info) = self.token(uri)?;
        let session = self.library.open_rw_session(slot);
        let session = match session {
            // A token that cannot be written to can sign all the same.
            Err(Failure::Pkcs11(RvError::TokenWriteProtected, _)) => {
                self.library.open_ro_session(slot)
            }
            session => session,
        };
        let session = session.map_err(failed(uri, "opening a session"))?;
        login.to(&session, uri, &info)?;
        Ok(Open { session, key: None })
    }

    pub(super) fn kept(&self, number: u64) -> Option<&Open> {
        self.sessions.get(&number)
    }

    pub(super) fn keep(&mut self, number: u64, open: Open) {
        self.sessions.insert(number, open);
    }

    pub(super) fn close(&mut self, number: u64) {
        self.sessions.remove(&number);
    }

    /// Ends the library's work; it is set up again when it is next needed.
    fn end(&mut self) {
        // First, as long as their handles are theirs: afterwards they may be those of new sessions.
        self.sessions.clear();
        if self.initialized {
            let _ = self.library.clone().finalize();
            self.initialized = false;
        }
    }

    /// The one token that a URI names.
    fn token(&mut self, uri: &Uri) -> Result<(Slot, TokenInfo), Error> {
        self.begin(uri)?;
        let slots = self.library.get_slots_with_initialized_token();
        let slots = slots.map_err(failed(uri, "listing the tokens"))?;
        let (mut there, mut found) = (Vec::new(), None);
        for slot in slots {
            // One that is being pulled out is none of the others' business.
            let Ok(info) = self.library.get_token_info(slot) else {
                continue;
            };
            if is_named(&info, uri) && found.replace((slot, info.clone())).is_some() {
                let uri = uri.to_string();
                return Err(Error::Ambiguous { uri, what: "token" });
            }
            there.push(info.label().to_owned());
        }
        found.ok_or_else(|| Error::NoToken {
            uri: uri.to_string(),
            there,
        })
    }

    fn begin(&mut self, uri: &Uri) -> Result<(), Error> {
        if !self.initialized {
            let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
            match self.library.initialize(arguments) {
                Ok(()) | Err(Failure::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
                Err(error) => return Err(failed(uri, "setting the module up")(error)),
            }
            self.initialized = true;
        }
        Ok(())
    }
}

impl Login {
    fn to(&self, session: &Session, uri: &Uri, info: &TokenInfo) -> Result<(), Error> {
        let result = match self {
            Self::Free => return Ok(()),
            Self::OnToken => session.login(UserType::User, None),
            Self::Pin { pin, from, refused } => {
                let wrong = || Error::PinRefused {
                    uri: uri.to_string(),
                    from: from.clone(),
                };
                if refused.load(Ordering::Relaxed) {
                    return Err(wrong());
                }
                refuse_locked(uri, info)?;
                match session.login(UserType::User, Some(pin)) {
                    Err(Failure::Pkcs11(
                        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
                        _,
                    )) => {
                        refused.store(true, Ordering::Relaxed);
                        return Err(wrong());
                    }
                    result => result,
                }
            }
        };
        match result {
            // Another key's session did: a login is a process's, not a session's.
            Ok(()) | Err(Failure::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Failure::Pkcs11(RvError::PinLocked, _)) => Err(Error::PinLocked {
                uri: uri.to_string(),
            }),
            Err(error) => Err(failed(uri, "logging in")(error)),
        }
    }
}

/// What a token is called, so that its PIN is asked for once.
pub(super) fn token_of(uri: &Uri) -> String {
    let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
    let (token, serial) = (part(uri.token()), part(uri.serial()));
    format!("{}\n{token}\n{serial}", uri.module_path().display())
}

fn is_named(info: &TokenInfo, uri: &Uri) -> bool {
    let is = |asked: Option<&str>, has: &str| asked.is_none_or(|asked| asked == has);
    is(uri.token(), info.label())
        && is(uri.serial(), info.serial_number())
        && is(uri.manufacturer(), info.manufacturer_id())
        && is(uri.model(), info.model())
}

/// One wrong PIN more is not risked for anybody.
fn refuse_locked(uri: &Uri, info: &TokenInfo) -> Result<(), Error> {
    if info.user_pin_locked() || info.user_pin_final_try() {
        let uri = uri.to_string();
        return Err(Error::PinLocked { uri });
    }
    Ok(())
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").finish_non_exhaustive()
    }
}
