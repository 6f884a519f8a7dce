//! Reads a journal from its beginning to its end, once, in little memory.

use std::io::{BufRead, Read as _};

use countersign_protocol::Digest;

use super::{Entry, Fault, MAGIC, Position};

/// A journal that is read line by line. Each line's checksum is checked.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    id: [u8; 16],
    at: Position,
    /// How many bytes there are up to the end of the last good line.
    good: u64,
    /// How many bytes there are behind it, once the end was reached.
    torn: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// [`Fault::NotAJournal`], [`Fault::Io`].
    pub fn new(from: R) -> Result<Self, Fault> {
        let mut reader = Self {
            from,
            id: [0; 16],
            at: Position::start(""),
            good: 0,
            torn: 0,
            line: Vec::new(),
        };
        reader.read_line()?;
        let header = reader.line.strip_suffix(b"\n").unwrap_or_default();
        let header = std::str::from_utf8(header).map_err(|_| Fault::NotAJournal)?;
        let digits = header.strip_prefix(MAGIC).ok_or(Fault::NotAJournal)?;
        reader.id = id(digits).ok_or(Fault::NotAJournal)?;
        reader.at = Position::start(header);
        reader.good = length(&reader.line);
        Ok(reader)
    }

    /// The journal's id.
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Where it stands: behind the last line that was read.
    pub const fn position(&self) -> Position {
        self.at
    }

    /// How many bytes there are up to the end of the last line that was read.
    pub const fn good(&self) -> u64 {
        self.good
    }

    /// How many bytes there are behind the last line, of one that never got its end: a power cut. Known once
    /// [`Self::advance`] gave `false`.
    pub const fn torn(&self) -> u64 {
        self.torn
    }

    /// Reads one line more, and gives `false` where there is none.
    ///
    /// # Errors
    /// [`Fault::Checksum`], [`Fault::Malformed`], [`Fault::Io`]. What was read before stays good.
    pub fn advance(&mut self) -> Result<bool, Fault> {
        // In the file, the first line is number 1.
        let line = self.at.lines.saturating_add(2);
        self.read_line()?;
        let Some(text) = self.line.strip_suffix(b"\n") else {
            if length(&self.line) > LONGEST_LINE {
                let field = "length";
                return Err(Fault::Malformed { line, field });
            }
            self.torn = length(&self.line);
            self.line.clear();
            return Ok(false);
        };
        let damaged = |field| Fault::Malformed { line, field };
        let text = std::str::from_utf8(text).map_err(|_| damaged("text"))?;
        let (fields, checksum) = text.rsplit_once(' ').ok_or(damaged("checksum"))?;
        let after = self.at.after(fields);
        // One text for each checksum: what reads as it in other digits is not it.
        if after.checksum.to_string() != checksum {
            return Err(Fault::Checksum { line });
        }
        self.at = after;
        self.good = self.good.saturating_add(length(&self.line));
        Ok(true)
    }

    /// What the line says that was read last.
    ///
    /// # Errors
    /// [`Fault::Malformed`].
    pub fn entry(&self) -> Result<Entry, Fault> {
        let line = self.at.lines.saturating_add(1);
        let damaged = |field| Fault::Malformed { line, field };
        let text = std::str::from_utf8(&self.line).map_err(|_| damaged("text"))?;
        let (fields, _) = text.rsplit_once(' ').ok_or(damaged("checksum"))?;
        Entry::read(fields).map_err(damaged)
    }

    /// Reads up to the next end of a line, or to the end, or a little more than a line may have.
    fn read_line(&mut self) -> Result<(), Fault> {
        self.line.clear();
        let mut most = (&mut self.from).take(LONGEST_LINE.saturating_add(1));
        most.read_until(b'\n', &mut self.line)?;
        Ok(())
    }
}

/// An id as the first line has it: 32 lower-case digits.
fn id(digits: &str) -> Option<[u8; 16]> {
    // Read as the first half of a digest is.
    let digest: Digest = format!("{digits}{digits}").parse().ok()?;
    let id = *digest.0.first_chunk()?;
    (super::hex(&id) == digits).then_some(id)
}

fn length(line: &[u8]) -> u64 {
    u64::try_from(line.len()).unwrap_or(u64::MAX)
}

/// The longest line, in bytes: 32 certificates with their issuers, an id and a reason need less. Stops a file that is
/// something else from being taken into memory.
pub const LONGEST_LINE: u64 = 16 * 1024;
