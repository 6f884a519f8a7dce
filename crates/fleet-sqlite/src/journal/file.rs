//! The journal as a file: made whole, and then only added to.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use countersign_fleet::StoreError;

use super::{Entry, Position, fault::unwritten, header};

/// Where a store's journal is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether a new one is begun where it is missing, damaged or another's.
    pub(crate) accept: bool,
}

/// A journal that is open, and stands at its end.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    at: Position,
    /// The file's length in bytes.
    length: u64,
    /// Lines, with their numbers, that no transaction has done yet.
    waiting: Vec<(u64, Entry)>,
    /// Whether it is unknown what is on the disk.
    broken: bool,
}

/// A journal that is being made, under another name until it is whole.
#[derive(Debug)]
pub(super) struct NewJournal {
    path: PathBuf,
    unfinished: PathBuf,
    out: BufWriter<File>,
    at: Position,
    length: u64,
}

impl Journal {
    /// Takes up a journal that was read up to `at`, `length` bytes, and cuts off what is behind.
    pub(crate) fn take_up(path: &Path, at: Position, length: u64) -> Result<Self, StoreError> {
        let open = OpenOptions::new().append(true).open(path);
        let file = open.map_err(unwritten)?;
        if file.metadata().map_err(unwritten)?.len() > length {
            file.set_len(length).map_err(unwritten)?;
            file.sync_all().map_err(unwritten)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            at,
            length,
            waiting: Vec::new(),
            broken: false,
        })
    }

    /// Where it stands.
    pub(crate) const fn position(&self) -> Position {
        self.at
    }

    /// Adds lines and waits until they are on the disk. From then on they count, whatever becomes of the database's
    /// transaction.
    ///
    /// # Errors
    /// [`StoreError::Journal`], [`StoreError::Full`], [`StoreError::ReadOnly`]; nothing was added then, or it is cut off
    /// or done when the store is next opened.
    pub(crate) fn append(&mut self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.check()?;
        let (mut text, mut at) = (String::new(), self.at);
        let mut numbered = Vec::with_capacity(entries.len());
        for entry in entries {
            at = push_line(&mut text, at, &entry);
            numbered.push((at.lines, entry));
        }
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            self.broken = self.file.set_len(self.length).is_err();
            return Err(unwritten(error));
        }
        if let Err(error) = self.file.sync_data() {
            // What a failed sync left on the disk nobody knows, and a second one would not tell.
            self.broken = true;
            return Err(unwritten(error));
        }
        self.at = at;
        self.length = self.length.saturating_add(length(&text));
        self.waiting.extend(numbered);
        Ok(())
    }

    /// The lines behind `done` that no transaction has done yet.
    pub(crate) fn waiting(&self, done: u64) -> Vec<Entry> {
        let behind = self.waiting.iter().filter(|(line, _)| *line > done);
        behind.map(|(_, entry)| entry.clone()).collect()
    }

    /// Whether there are lines that no transaction may have done yet.
    pub(crate) const fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A transaction has done all lines up to `done`.
    pub(crate) fn settle(&mut self, done: u64) {
        self.waiting.retain(|(line, _)| *line > done);
    }

    fn check(&self) -> Result<(), StoreError> {
        let wrong = |what: &str| {
            let path = self.path.display();
            Err(StoreError::Journal(format!("{path} {what}")))
        };
        if self.broken {
            return wrong(
                "could not be written before; mend the disk, and start the program again",
            );
        }
        if self.waiting.len() >= MOST_WAITING {
            return wrong("is ahead of the database, which cannot be written; mend that first");
        }
        match (fs::metadata(&self.path), self.file.metadata()) {
            (Ok(there), Ok(ours)) if !same(&there, &ours) => {
                wrong("was put in place of ours; start the program again")
            }
            (Ok(there), Ok(_)) if there.len() != self.length => {
                wrong("was changed by somebody else; start the program again")
            }
            (Ok(_), Ok(_)) => Ok(()),
            (Err(error), _) | (_, Err(error)) => wrong(&format!("was taken away: {error}")),
        }
    }
}

impl NewJournal {
    pub(super) fn begin(path: &Path, id: &[u8; 16]) -> Result<Self, StoreError> {
        let unfinished = with_ending(path, "new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&unfinished).map_err(unwritten)?;
        let header = header(id);
        let at = Position::start(&header);
        let mut new = Self {
            path: path.to_owned(),
            unfinished,
            out: BufWriter::new(file),
            at,
            length: 0,
        };
        new.write(&format!("{header}\n"))?;
        Ok(new)
    }

    pub(super) fn push(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let mut text = String::new();
        self.at = push_line(&mut text, self.at, entry);
        self.write(&text)
    }

    /// Puts it in its place, when it is on the disk. What was there is kept under another name.
    pub(super) fn finish(self) -> Result<Journal, StoreError> {
        let file = self.out.into_inner();
        let file = file.map_err(|error| unwritten(error.into_error()))?;
        file.sync_all().map_err(unwritten)?;
        if fs::symlink_metadata(&self.path).is_ok() {
            let kept = kept_as(&self.path);
            fs::rename(&self.path, &kept).map_err(unwritten)?;
            tracing::warn!(kept = %kept.display(), "the journal of revocations that was there is kept");
        }
        fs::rename(&self.unfinished, &self.path).map_err(unwritten)?;
        sync_folder(&self.path).map_err(unwritten)?;
        Journal::take_up(&self.path, self.at, self.length)
    }

    fn write(&mut self, text: &str) -> Result<(), StoreError> {
        self.length = self.length.saturating_add(length(text));
        self.out.write_all(text.as_bytes()).map_err(unwritten)
    }
}

fn push_line(text: &mut String, at: Position, entry: &Entry) -> Position {
    let fields = entry.fields();
    let after = at.after(&fields);
    text.push_str(&fields);
    text.push(' ');
    text.push_str(&after.checksum.to_string());
    text.push('\n');
    after
}

/// The first of `PATH.1`, `PATH.2` … that is not there.
fn kept_as(path: &Path) -> PathBuf {
    let mut n = 1_u32;
    loop {
        let name = with_ending(path, &n.to_string());
        if fs::symlink_metadata(&name).is_err() {
            return name;
        }
        n = n.saturating_add(1);
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(ending);
    name.into()
}

/// Has the folder's new entry on the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(unix)]
fn same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same(_: &Metadata, _: &Metadata) -> bool {
    true
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// How many lines may wait for a transaction that does them. Stops a database that cannot be written from filling the
/// journal with what is tried again and again.
const MOST_WAITING: usize = 1000;
