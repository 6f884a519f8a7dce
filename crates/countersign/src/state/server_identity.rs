//! Who our servers are to devices: found at the start, and kept current while they serve.

mod files;
mod own;

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use countersign_operations::{Clock, Context, server_certificate::renews_at};
use countersign_protocol::UnixTime;
use countersign_server::{About, Identity, IdentityHandle, Origin};
use countersign_x509::Certificate;

use self::{files::Files, own::Own};
use super::State;

/// An identity that was read, and is still to be made sure of.
#[derive(Debug)]
pub(crate) struct Prepared(Source);

/// The identity that is shown, and whoever keeps it current.
#[derive(Debug)]
pub(crate) struct Keeper {
    source: Source,
    shown: IdentityHandle,
    about: About,
    context: Arc<Context>,
}

/// Where an identity is from.
#[derive(Debug)]
enum Source {
    Files(Box<Files>),
    Own(Box<Own>),
}

/// What a look came to.
#[derive(Debug)]
enum Look {
    /// Another identity is to be shown.
    Another(Box<Identity>),
    /// The one that is shown stays; there may be something wrong.
    Stays(Option<String>),
}

impl Prepared {
    /// Reads what the settings name; nothing is changed.
    pub(crate) fn read(state: &State, clock: &dyn Clock) -> Result<Self> {
        Ok(Self(match state.toml.server.files(&state.layout.root) {
            Some(pair) => Source::Files(Box::new(Files::open(state, pair, clock.now())?)),
            None => Source::Own(Box::new(Own::open(state)?)),
        }))
    }

    /// Makes sure of it: ours is issued anew where that is due, and is in the store before it is shown.
    pub(crate) async fn begin(self, context: Arc<Context>) -> Result<Keeper> {
        let mut source = self.0;
        let (identity, from, file) = match &mut source {
            Source::Files(files) => (files.identity()?, Origin::Files, files.certificate()),
            Source::Own(own) => (own.begin(&context).await?, Origin::Own, own.chain_file()),
        };
        let shown = IdentityHandle::new(&identity);
        let shown = shown.with_context(|| format!("{} cannot be shown", file.display()))?;
        let about = About {
            from,
            file,
            written_at: None,
            shown_since: context.clock.now(),
            renews_at: None,
            problem: source.problem(),
        };
        let mut keeper = Keeper {
            source,
            shown,
            about,
            context,
        };
        keeper.tell(&identity.chain);
        Ok(keeper)
    }
}

impl Keeper {
    /// What the planes show.
    pub(crate) const fn shown(&self) -> &IdentityHandle {
        &self.shown
    }

    /// Looks whether another one is to be shown, and shows it. Waits for files, and for keys that sign.
    pub(crate) async fn look(&mut self) {
        let now = self.context.clock.now();
        let look = match &mut self.source {
            Source::Files(files) => files.look(now),
            Source::Own(own) => {
                let chain = self.shown.chain();
                own.look(&self.context, chain.first()).await
            }
        };
        match look {
            Look::Stays(problem) => {
                if self.about.problem != problem {
                    self.about.problem = problem;
                    self.shown.set_about(self.about.clone());
                }
            }
            Look::Another(identity) => match self.shown.replace(&identity) {
                Ok(()) => {
                    self.about.shown_since = now;
                    self.about.problem = None;
                    self.tell(&identity.chain);
                }
                // It was tried before it came here.
                Err(error) => tracing::error!(%error, "the server's certificate cannot be shown"),
            },
        }
    }

    /// Has the planes tell of the identity that they show now.
    fn tell(&mut self, chain: &[Certificate]) {
        self.about.written_at = written_at(&self.about.file);
        self.about.renews_at = match self.source {
            Source::Own(_) => chain
                .first()
                .map(|leaf| renews_at(UnixTime(leaf.not_before()), UnixTime(leaf.not_after()))),
            Source::Files(_) => None,
        };
        self.shown.set_about(self.about.clone());
    }
}

impl Source {
    fn problem(&self) -> Option<String> {
        match self {
            Self::Files(_) => None,
            Self::Own(own) => own.problem(),
        }
    }
}

/// Words that count only where they are true twice in a row: of files that somebody is replacing one after the other, some
/// are old and some are new for a moment.
#[derive(Debug, Default)]
struct Settled {
    seen: Option<String>,
    stands: Option<String>,
}

impl Settled {
    /// Takes what a look found wrong; gives it where it was not said before.
    fn hear(&mut self, words: Option<String>) -> Option<&str> {
        let before = std::mem::replace(&mut self.seen, words);
        if self.seen.is_none() {
            self.stands = None;
        } else if self.seen == before && self.stands != before {
            self.stands = before;
            return self.stands.as_deref();
        }
        None
    }

    /// What is wrong.
    fn stands(&self) -> Option<String> {
        self.stands.clone()
    }
}

/// When a file was written, as the system has it.
fn written_at(path: &Path) -> Option<UnixTime> {
    let written = fs::metadata(path).ok()?.modified().ok()?;
    let since = written.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixTime(since.as_secs()))
}

/// How often it is looked whether another identity is to be shown.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
