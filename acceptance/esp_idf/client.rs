//! The HTTP client (`esp_http_client.c`).

mod reading;
mod redirect;

use std::{fmt, time::Duration};

use super::{
    headers::Headers,
    inbox::Inbox,
    link::{Dial, Link, Peer, Plain},
    ota::Config,
    outcome::{EspErr, Failure},
    parser::Parser,
    quirk::Quirk,
    release::Release,
    url::{Parts, Target},
};

pub(super) use reading::NotRead;

/// One request, and what came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// What was handed to the transport, write by write.
    pub(crate) writes: Vec<String>,
    /// The status, where a head came back.
    pub(crate) status: Option<u16>,
}

impl Exchange {
    /// The whole request.
    pub(crate) fn request(&self) -> String {
        self.writes.concat()
    }

    /// A header as it was sent.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let line = format!("\r\n{name}: ");
        let request = self.request();
        let (_, rest) = request.split_once(&line)?;
        rest.split_once("\r\n").map(|(value, _)| value.to_owned())
    }
}

/// How far a request is (`esp_http_state_t`).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum State {
    Init,
    Connected,
    RequestSent,
    AnswerBegun,
    Data,
}

/// The client.
pub(super) struct HttpClient<'a> {
    release: Release,
    dial: &'a dyn Dial,
    before_request: Option<&'a dyn Fn(usize)>,
    timeout: Duration,
    common_name: Option<String>,
    transmit: usize,
    receive: usize,
    /// What is asked: `GET` or `HEAD`.
    pub(super) method: &'static str,
    target: Target,
    /// Whether the first connection was by TLS.
    began_with_tls: Option<bool>,
    headers: Headers,
    state: State,
    link: Option<Box<dyn Link>>,
    left_open: Vec<Box<dyn Link>>,
    parser: Parser,
    pub(super) inbox: Inbox,
    redirects: usize,
    again: bool,
    /// All requests so far.
    pub(super) asked: Vec<Exchange>,
}

impl<'a> HttpClient<'a> {
    /// `esp_http_client_init`.
    pub(super) fn new(config: &Config<'a>) -> Result<Self, Failure> {
        let release = config.release;
        let parts = Parts::of(&config.url)
            .ok_or_else(|| EspErr::Fail.because("Failed to initialise HTTP connection"))?;
        let nowhere = Target {
            scheme: "http".to_owned(),
            port: 80,
            ..Target::default()
        };
        let target = nowhere.then(&parts);
        let mut headers = Headers::default();
        let own = config.user_agent.as_deref();
        let own = own.filter(|_| !release.has(Quirk::FixedUserAgent));
        headers.set("User-Agent", own.unwrap_or(USER_AGENT));
        let host = if release.has(Quirk::HostWithoutPort) {
            target.host.clone()
        } else {
            target.host_header()
        };
        headers.set("Host", &host);
        let or_default = |size: usize| if size == 0 { BUFFER } else { size };
        let common_name = config.common_name.clone();
        Ok(Self {
            release,
            dial: config.dial,
            before_request: config.before_request,
            timeout: config.timeout,
            common_name: common_name.filter(|_| !release.has(Quirk::NoCommonName)),
            transmit: or_default(config.buffer_size_tx),
            receive: or_default(config.buffer_size),
            method: "GET",
            target,
            began_with_tls: None,
            headers,
            state: State::Init,
            link: None,
            left_open: Vec::new(),
            parser: Parser::default(),
            inbox: Inbox::new(release),
            redirects: 0,
            again: false,
            asked: Vec::new(),
        })
    }

    /// `esp_http_client_set_header`.
    pub(super) fn set_header(&mut self, name: &str, value: &str) {
        self.headers.set(name, value);
    }

    /// `esp_http_client_delete_header`.
    pub(super) fn delete_header(&mut self, name: &str) {
        self.headers.delete(name);
    }

    /// `esp_http_client_close`.
    pub(super) fn close(&mut self) {
        self.link = None;
        self.state = State::Init;
    }

    /// `esp_http_client_is_persistent_connection`.
    pub(super) fn is_persistent(&self) -> bool {
        self.parser.should_keep_alive()
    }

    /// `esp_http_client_open`: connects where there is no connection, and sends the request.
    pub(super) fn open(&mut self) -> Result<(), Failure> {
        self.connect()?;
        self.send()
    }

    /// Sends a request where there should be a connection (`esp_http_client_prepare`, `esp_http_client_request_send`).
    pub(super) fn open_without_connecting(&mut self) -> Result<(), Failure> {
        self.prepare();
        self.send()
    }

    fn prepare(&mut self) {
        self.again = false;
        self.inbox.prepare(self.method == "HEAD");
        self.parser = Parser::default();
    }

    fn connect(&mut self) -> Result<(), Failure> {
        self.prepare();
        if self.release.has(Quirk::ConnectsAnew) {
            self.left_open.extend(self.link.take());
            self.state = State::Init;
        }
        if self.state >= State::Connected {
            return Ok(());
        }
        let host = self.target.host.clone();
        let peer = Peer {
            port: self.target.port,
            name: self.common_name.as_deref().unwrap_or(&host),
            timeout: self.timeout,
        };
        let began = self.began_with_tls.get_or_insert(self.target.is_https());
        let tls = if self.release.has(Quirk::KeepsTransport) {
            *began
        } else {
            self.target.is_https()
        };
        let link = if tls {
            self.dial.connect(&peer)
        } else {
            peer.tcp().map(|stream| {
                let link: Box<dyn Link> = Box::new(Plain(stream));
                link
            })
        };
        self.link = Some(link.map_err(|words| EspErr::HttpConnect.because(words))?);
        self.state = State::Connected;
        Ok(())
    }

    /// `esp_http_client_request_send`: the request line and as many headers as fit behind it are one write; what does
    /// not fit follows in more.
    fn send(&mut self) -> Result<(), Failure> {
        if self.release.has(Quirk::ContentLengthZero) {
            self.headers.set("Content-Length", "0");
        }
        let path_and_query = self.target.path_and_query();
        let mut line = format!("{} {path_and_query} HTTP/1.1\r\n", self.method);
        if line.len() >= self.transmit {
            return Err(EspErr::Fail.because("Out of buffer"));
        }
        if let Some(before_request) = self.before_request {
            before_request(self.asked.len());
        }
        self.asked.push(Exchange::default());
        let strict = self.release.has(Quirk::StrictHeaderBuffer);
        let mut from = 0;
        loop {
            let room = self.transmit - line.len();
            let page = self.headers.page(from, room);
            let stuck = page.text.is_some() && page.next <= from;
            if strict && stuck {
                let words = "Header exceeds the transmit buffer";
                return Err(EspErr::HttpHeaderTooLong.because(words));
            }
            let text = page.text.unwrap_or_default();
            if page.next == 0 || text.is_empty() {
                break;
            }
            from = page.next;
            let write = std::mem::take(&mut line) + &text;
            self.write(write)?;
        }
        self.state = State::RequestSent;
        Ok(())
    }

    fn write(&mut self, text: String) -> Result<(), Failure> {
        let written = match &mut self.link {
            Some(link) => link.write(text.as_bytes()),
            None => Err("the connection is closed".to_owned()),
        };
        if let Err(words) = written {
            self.close();
            return Err(EspErr::HttpWriteData.because(format!("Error write request: {words}")));
        }
        if let Some(asked) = self.asked.last_mut() {
            asked.writes.push(text);
        }
        Ok(())
    }
}

impl fmt::Debug for HttpClient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("release", &self.release)
            .field("target", &self.target)
            .field("state", &self.state)
            .field("left_open", &self.left_open.len())
            .finish_non_exhaustive()
    }
}

/// `DEFAULT_HTTP_USER_AGENT`.
const USER_AGENT: &str = "ESP32 HTTP Client/1.0";

/// `DEFAULT_HTTP_BUF_SIZE`: of `buffer_size` and of `buffer_size_tx`.
const BUFFER: usize = 512;
