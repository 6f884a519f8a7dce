//! `esp_https_ota_perform`: what comes is written, part after part.

use super::{EspErr, Failure, NotRead, Ota, PATIENCE, Quirk, State};
use esp_formats::app_image::Header;

impl Ota<'_> {
    /// One step; gives whether there is more to do.
    pub(super) fn perform(&mut self) -> Result<bool, Failure> {
        match self.state {
            State::Begin => {
                if self.release.has(Quirk::ErasesFirst) {
                    self.slot.erase();
                }
                self.state = State::InProgress;
                let described = !self.head.is_empty();
                if !described && self.release.has(Quirk::UncheckedHead) {
                    return self.receive();
                }
                if !described {
                    self.read_head()?;
                }
                if described || !self.release.has(Quirk::CountsHeadTwice) {
                    self.counted = 0;
                }
                let head = std::mem::take(&mut self.head);
                self.check_head(&head)?;
                self.write(&head)?;
                Ok(true)
            }
            State::Resume => {
                self.state = State::InProgress;
                self.receive()
            }
            State::InProgress | State::Success => self.receive(),
        }
    }

    /// `esp_https_ota_get_img_desc`, before anything is written.
    pub(super) fn describe(&mut self) -> Result<(), Failure> {
        if self.state == State::Resume {
            return Ok(());
        }
        self.read_head()?;
        let magic = self.head.get(32..36);
        if !self.release.has(Quirk::ShortHead) && magic != Some(&DESCRIPTOR_MAGIC) {
            return Err(EspErr::Fail.because("Incorrect app descriptor magic"));
        }
        Ok(())
    }

    /// `read_header`.
    fn read_head(&mut self) -> Result<(), Failure> {
        let wanted = self.release.image_head();
        while self.head.len() < wanted && !self.client.inbox.is_complete() {
            match self.client.read(wanted - self.head.len()) {
                Ok(read) => self.head.extend(read),
                Err(NotRead::Timeout) => self.wait()?,
                Err(NotRead::Fail) => break,
            }
        }
        if self.head.len() < wanted {
            return Err(EspErr::Fail.because("Complete headers were not received"));
        }
        self.counted = i64::try_from(wanted).unwrap();
        Ok(())
    }

    /// `esp_ota_verify_chip_id`, `esp_ota_verify_chip_revision`: of what lies where the header has it, be it one or not.
    fn check_head(&self, head: &[u8]) -> Result<(), Failure> {
        if self.release.has(Quirk::UncheckedHead) {
            return Ok(());
        }
        let word = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let (found, wanted) = (word(12), self.config.chip.0);
        if found != wanted {
            let words = format!("Mismatch chip id, expected {wanted}, found {found}");
            return Err(EspErr::InvalidVersion.because(words));
        }
        if !self.release.has(Quirk::ChecksRevision) {
            return Ok(());
        }
        let revision = self.config.chip_revision;
        let (least, most) = (word(Header::LEN - 9), word(Header::LEN - 7));
        if revision < least || (!matches!(most, 0 | u16::MAX) && revision > most) {
            let words = format!("chip revision {revision} is not of {least} to {most}");
            return Err(EspErr::InvalidVersion.because(words));
        }
        Ok(())
    }

    /// Takes what comes; at a part's end asks for the next one.
    fn receive(&mut self) -> Result<bool, Failure> {
        let most = self.config.buffer_size.max(self.release.image_head());
        match self.client.read(most) {
            Err(NotRead::Timeout) => {
                self.wait()?;
                return Ok(true);
            }
            Err(NotRead::Fail) => {
                return Err(EspErr::Fail.because("the connection ended within the body"));
            }
            Ok(read) if !read.is_empty() => {
                self.timeouts = 0;
                self.write(&read)?;
                return Ok(true);
            }
            Ok(_) if !self.client.inbox.is_complete() => {
                let words = "Connection closed before complete data was received!";
                return Err(EspErr::Fail.because(words));
            }
            Ok(_) => {}
        }
        if !self.in_parts() || self.image_size == self.counted {
            self.state = State::Success;
        }
        if self.in_parts() && self.state == State::InProgress && self.image_size > self.counted {
            self.next_part()?;
            return Ok(true);
        }
        Ok(false)
    }

    fn next_part(&mut self) -> Result<(), Failure> {
        let keeps = self.release.has(Quirk::KeepsConnection);
        if !keeps || !self.client.is_persistent() {
            self.client.close();
        }
        let first = self.counted;
        // The last part has no end.
        let range = if self.image_size - first > self.part {
            format!("bytes={first}-{}", first + self.part - 1)
        } else {
            format!("bytes={first}-")
        };
        self.client.set_header("Range", &range);
        self.http_connect().map_err(|failure| match failure {
            Failure::Err(_, words) => EspErr::Fail.because(words),
            other => other,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.slot.write(bytes)?;
        self.counted += i64::try_from(bytes.len()).unwrap();
        Ok(())
    }

    fn wait(&mut self) -> Result<(), Failure> {
        self.timeouts += 1;
        if self.timeouts > PATIENCE {
            return Err(Failure::WaitsForEver);
        }
        Ok(())
    }
}

/// `ESP_APP_DESC_MAGIC_WORD`, as it lies in the image.
const DESCRIPTOR_MAGIC: [u8; 4] = 0xABCD_5432_u32.to_le_bytes();
