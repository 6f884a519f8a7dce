//! Reading an answer: its head, its body, and all of it at once.

use super::{EspErr, Failure, HttpClient, Parser, Quirk, Release, State};
use crate::esp_idf::link::Received;

/// Why `esp_http_client_read` gave no bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::esp_idf) enum NotRead {
    /// `-ESP_ERR_HTTP_EAGAIN`, or on v4.x nothing without an error: it is read again.
    Timeout,
    /// `ESP_FAIL`.
    Fail,
}

impl HttpClient<'_> {
    /// `esp_http_client_fetch_headers`.
    pub(in crate::esp_idf) fn fetch_headers(&mut self) -> Result<(), Failure> {
        if self.state < State::RequestSent {
            return Err(EspErr::Fail.because("no request was sent"));
        }
        self.state = State::AnswerBegun;
        self.inbox.status = None;
        self.inbox.chunked = false;
        self.inbox.complete = false;
        while self.inbox.status.is_none() {
            let mut buffer = vec![0; self.receive];
            match self.receive_into(&mut buffer) {
                Received::Data(length) => {
                    self.parser.execute(&buffer[..length], &mut self.inbox);
                }
                Received::Timeout if self.release.has(Quirk::SilentTimeouts) => {
                    return Err(EspErr::Fail.because(TIMED_OUT));
                }
                Received::Timeout => return Err(EspErr::MinusHttpEagain.because(TIMED_OUT)),
                Received::Closed { .. } => {
                    return Err(EspErr::Fail.because("the connection was closed before the head"));
                }
                Received::Failed(words) => return Err(EspErr::Fail.because(words)),
            }
            if self.parser.is_broken() && self.release.has(Quirk::FailsOnBadHttp) {
                return Err(EspErr::Fail.because("the answer breaks HTTP"));
            }
        }
        if let Some(asked) = self.asked.last_mut() {
            asked.status = self.inbox.status;
        }
        self.state = State::Data;
        if self.inbox.length <= 0 {
            self.inbox.chunked = true;
        }
        Ok(())
    }

    /// `esp_http_client_read`: at most `most` bytes; fewer only at the end, or where nothing more came in time.
    pub(in crate::esp_idf) fn read(&mut self, most: usize) -> Result<Vec<u8>, NotRead> {
        let cached = self.inbox.cached.len().min(most);
        let mut got: Vec<u8> = self.inbox.cached.drain(..cached).collect();
        if self.inbox.cached.is_empty() {
            self.inbox.forget_cached();
        }
        while got.len() < most && self.inbox.remains() {
            let mut buffer = vec![0; self.receive.min(most - got.len())];
            let received = self.receive_into(&mut buffer);
            let length = match received {
                Received::Data(length) => length,
                Received::Timeout if got.is_empty() => return Err(NotRead::Timeout),
                Received::Timeout => return Ok(got),
                Received::Closed { by_alert } => {
                    if self.inbox.chunked && sees_the_end(self.release, by_alert) {
                        self.parser.execute(&[], &mut self.inbox);
                    }
                    return self.ended(got);
                }
                Received::Failed(_) => return self.ended(got),
            };
            self.inbox.out = Some(Vec::new());
            self.parser.execute(&buffer[..length], &mut self.inbox);
            got.extend(self.inbox.out.take().unwrap_or_default());
            if self.parser.is_broken() && self.release.has(Quirk::FailsOnBadHttp) {
                return Err(NotRead::Fail);
            }
        }
        Ok(got)
    }

    /// What is told when no more will come.
    fn ended(&self, got: Vec<u8>) -> Result<Vec<u8>, NotRead> {
        let well = self.inbox.is_complete() && !self.release.has(Quirk::EndIsFailure);
        if got.is_empty() && !well {
            return Err(NotRead::Fail);
        }
        Ok(got)
    }

    /// `esp_http_client_perform`: a request, its redirects, and the whole answer.
    pub(in crate::esp_idf) fn perform(&mut self) -> Result<(), Failure> {
        loop {
            if self.again {
                self.prepare();
            }
            if self.state == State::Init {
                self.connect()?;
            } else {
                // A parser that has read one answer begins with the next by itself.
                self.parser = Parser::default();
                self.inbox.head_only = self.method == "HEAD";
            }
            self.send()?;
            self.inbox.caching = false;
            let fetched = self.fetch_headers();
            self.inbox.caching = true;
            fetched.map_err(|failure| match failure {
                Failure::Err(EspErr::MinusHttpEagain, words) => EspErr::HttpEagain.because(words),
                Failure::Err(_, words) => EspErr::HttpFetchHeader.because(words),
                other => other,
            })?;
            self.check_response()?;
            self.read_to_the_end()?;
            self.inbox.forget_cached();
            if !self.parser.should_keep_alive() {
                self.close();
            } else if self.state > State::Connected {
                self.state = State::Connected;
            }
            if !self.again {
                return Ok(());
            }
        }
    }

    fn read_to_the_end(&mut self) -> Result<(), Failure> {
        while !self.inbox.head_only && self.inbox.remains() {
            let mut buffer = vec![0; self.receive];
            let err = match self.receive_into(&mut buffer) {
                Received::Data(length) => {
                    self.inbox.out = Some(Vec::new());
                    self.parser.execute(&buffer[..length], &mut self.inbox);
                    self.inbox.out = None;
                    continue;
                }
                Received::Timeout => EspErr::HttpReadTimeout,
                Received::Closed { .. } => EspErr::HttpConnectionClosed,
                Received::Failed(_) => EspErr::HttpIncompleteData,
            };
            return Err(err.because("Incomplete data received"));
        }
        Ok(())
    }

    fn receive_into(&mut self, buffer: &mut [u8]) -> Received {
        match &mut self.link {
            Some(link) => link.read(buffer),
            None => Received::Failed("the connection is closed".to_owned()),
        }
    }
}

/// Whether the client notices that the connection's end is the body's. It asks for `errno`, which a bare FIN sets and
/// TLS's `close_notify` does not.
fn sees_the_end(release: Release, by_alert: bool) -> bool {
    !by_alert || !release.has(Quirk::EndByFinOnly)
}

/// What the client logs where no head comes in time.
const TIMED_OUT: &str = "Connection timed out before data was ready!";
