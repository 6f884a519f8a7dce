//! `esp_https_ota_begin`: the requests until the image comes.

use super::{EspErr, Failure, Mode, Ota, Quirk, State};

impl Ota<'_> {
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        let missing = match self.config.mode {
            Mode::Parts | Mode::ResumedParts if self.release.has(Quirk::NoPartialDownload) => {
                Some("partial_http_download")
            }
            Mode::Resumed | Mode::ResumedParts if self.release.has(Quirk::NoResumption) => {
                Some("ota_resumption")
            }
            _ => None,
        };
        if let Some(mode) = missing {
            return Err(Failure::NoSuchMode(mode));
        }
        self.count_what_is_written();
        let init_first = !self.release.has(Quirk::InitAfterHead);
        if init_first {
            self.init_callback();
        }
        let by_range = self.counted > 0 || self.release.has(Quirk::AlwaysByRange);
        if self.resumes && by_range && !self.in_parts() {
            let range = format!("bytes={}-", self.counted);
            self.client.set_header("Range", &range);
        }
        if self.in_parts() {
            self.ask_for_the_length()?;
            self.client.close();
            self.first_part();
            self.client.method = "GET";
        }
        if !init_first {
            self.init_callback();
        }
        match self.http_connect() {
            Err(Failure::Err(EspErr::HttpRangeNotSatisfiable, _)) if self.may_start_again() => {
                self.start_again()?;
            }
            other => other?,
        }
        if !self.in_parts() {
            self.image_size = self.client.inbox.length;
        }
        self.state = if self.counted > 0 {
            State::Resume
        } else {
            State::Begin
        };
        Ok(())
    }

    fn init_callback(&mut self) {
        if self.release.has(Quirk::NoInitCallback) {
            return;
        }
        for (name, value) in &self.config.headers {
            self.client.set_header(name, value);
        }
    }

    /// What was written before counts from 1024 bytes on; with flash encryption in blocks of 16.
    fn count_what_is_written(&mut self) {
        let mut written = self.slot.bytes.len();
        if !self.resumes || written < 1024 {
            self.slot.bytes.clear();
            return;
        }
        if self.config.encrypted {
            written &= !0xF;
        }
        self.slot.bytes.truncate(written);
        self.counted = i64::try_from(written).unwrap();
    }

    fn may_start_again(&self) -> bool {
        self.resumes && (self.release.has(Quirk::AlwaysByRange) || self.counted > 0)
    }

    fn start_again(&mut self) -> Result<(), Failure> {
        self.counted = 0;
        self.slot.bytes.clear();
        self.client.delete_header("Range");
        if self.in_parts() {
            self.first_part();
        }
        if self.release.has(Quirk::AlwaysByRange) {
            self.resumes = false;
            self.client.close();
            self.client.inbox.forget_cached();
        }
        self.http_connect()
    }

    /// By `HEAD`; where it is not answered, and the release knows how, by a range of one byte.
    fn ask_for_the_length(&mut self) -> Result<(), Failure> {
        let wrong =
            |status: u16| EspErr::Fail.because(format!("Received incorrect http status {status}"));
        self.client.method = "HEAD";
        self.client.perform()?;
        let status = self.client.inbox.status.unwrap_or_default();
        self.image_size = self.client.inbox.length;
        if status != 200 {
            if !self.release.has(Quirk::PartialByOption) {
                return Err(wrong(status));
            }
            let tells = self.release.has(Quirk::HeadNotModified);
            if tells && status == 304 {
                return Err(EspErr::HttpNotModified.because("no new image"));
            }
            self.client.set_header("Range", "bytes=0-0");
            self.client.method = "GET";
            self.client.perform()?;
            let status = self.client.inbox.status.unwrap_or_default();
            if tells {
                self.answered(status)?;
            }
            self.image_size = match status {
                200 => self.client.inbox.length,
                206 => self.client.inbox.total,
                _ => return Err(wrong(status)),
            };
            self.client.delete_header("Range");
        }
        if self.image_size == -1 && self.release.has(Quirk::PartialByOption) {
            let words = "Failed to get image length from http response";
            return Err(EspErr::Fail.because(words));
        }
        Ok(())
    }

    /// The first part's range; none where one part is all.
    fn first_part(&mut self) {
        let first = self.counted;
        let last = if self.image_size > first + self.part {
            first + self.part - 1
        } else {
            self.image_size
        };
        if last - first < self.image_size {
            let range = format!("bytes={first}-{last}");
            self.client.set_header("Range", &range);
        }
    }
}
