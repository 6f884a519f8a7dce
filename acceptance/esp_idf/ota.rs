//! `esp_https_ota`: begin, perform, finish (`components/esp_https_ota/src/esp_https_ota.c`).

mod begin;
mod perform;

use std::{fmt, time::Duration};

use esp_formats::app_image::ChipId;

use super::{
    client::{Exchange, HttpClient, NotRead},
    link::Dial,
    outcome::{EspErr, Failure},
    quirk::Quirk,
    release::Release,
    slot::Slot,
};

/// How an app has its image downloaded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// By one request.
    Whole,
    /// `partial_http_download`.
    Parts,
    /// `ota_resumption`, and `ota_image_bytes_written` of what [`Config::written`] holds.
    Resumed,
    /// Both.
    ResumedParts,
}

/// `esp_https_ota_config_t`, `esp_http_client_config_t`, and the device.
#[derive(Clone)]
pub(crate) struct Config<'a> {
    /// What it was built with.
    pub(crate) release: Release,
    /// What carries its bytes where the URL is `https`.
    pub(crate) dial: &'a dyn Dial,
    pub(crate) url: String,
    pub(crate) mode: Mode,
    /// Whether the app calls `esp_https_ota_get_img_desc` before it goes on, as `advanced_https_ota` does.
    pub(crate) describes: bool,
    /// `max_http_request_size`; 0 for its default.
    pub(crate) max_http_request_size: usize,
    /// 0 for its default.
    pub(crate) buffer_size: usize,
    /// 0 for its default.
    pub(crate) buffer_size_tx: usize,
    pub(crate) timeout: Duration,
    pub(crate) user_agent: Option<String>,
    pub(crate) common_name: Option<String>,
    /// What its `http_client_init_cb` sets.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) chip: ChipId,
    /// Major × 100 + minor.
    pub(crate) chip_revision: u16,
    /// The slot's size, in bytes.
    pub(crate) slot_size: usize,
    /// What an earlier try left in the slot.
    pub(crate) written: Vec<u8>,
    /// Whether flash encryption is on.
    pub(crate) encrypted: bool,
    /// The power fails when so much is written.
    pub(crate) cut_after: Option<usize>,
    /// Called before each request, with its number.
    pub(crate) before_request: Option<&'a dyn Fn(usize)>,
}

impl<'a> Config<'a> {
    /// An app with nothing but the defaults.
    pub(crate) fn new(release: Release, dial: &'a dyn Dial, url: impl Into<String>) -> Self {
        Self {
            release,
            dial,
            url: url.into(),
            mode: Mode::Whole,
            describes: false,
            max_http_request_size: 0,
            buffer_size: 0,
            buffer_size_tx: 0,
            timeout: Duration::from_secs(30),
            user_agent: None,
            common_name: None,
            headers: Vec::new(),
            chip: ChipId::ESP32_C3,
            chip_revision: 100,
            slot_size: 0x1E_0000,
            written: Vec::new(),
            encrypted: false,
            cut_after: None,
            before_request: None,
        }
    }
}

impl fmt::Debug for Config<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("release", &self.release)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// What an update came to.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) result: Result<(), Failure>,
    pub(crate) slot: Slot,
    /// All requests.
    pub(crate) asked: Vec<Exchange>,
    /// `esp_https_ota_get_image_size`.
    pub(crate) image_size: i64,
}

/// Updates a device, as `esp_https_ota` does in one call, or an app by begin, perform and finish.
pub(crate) fn update(config: &Config<'_>) -> Update {
    let slot = Slot::new(config.chip, config.slot_size, config.written.clone());
    let client = match HttpClient::new(config) {
        Ok(client) => client,
        Err(failure) => {
            return Update {
                result: Err(failure),
                slot,
                asked: Vec::new(),
                image_size: -1,
            };
        }
    };
    let mut ota = Ota {
        config,
        release: config.release,
        client,
        slot,
        state: State::Begin,
        head: Vec::new(),
        counted: 0,
        image_size: -1,
        part: match config.max_http_request_size {
            0 => PART,
            size => i64::try_from(size).unwrap(),
        },
        resumes: matches!(config.mode, Mode::Resumed | Mode::ResumedParts),
        unauthorized: 0,
        timeouts: 0,
    };
    let result = ota.run();
    Update {
        result,
        slot: ota.slot,
        asked: ota.client.asked,
        image_size: ota.image_size,
    }
}

/// `esp_https_ota_state`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Begin,
    InProgress,
    Resume,
    Success,
}

/// `struct esp_https_ota_handle`.
#[derive(Debug)]
struct Ota<'a> {
    config: &'a Config<'a>,
    release: Release,
    client: HttpClient<'a>,
    slot: Slot,
    state: State,
    /// The image's head, where it was read and is not written yet.
    head: Vec<u8>,
    /// `binary_file_len`.
    counted: i64,
    /// `image_length`.
    image_size: i64,
    /// `max_http_request_size`.
    part: i64,
    /// `ota_resumption`.
    resumes: bool,
    unauthorized: usize,
    timeouts: usize,
}

impl Ota<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        self.begin()?;
        if self.config.describes {
            self.describe()?;
        }
        while self.perform()? {
            let written = self.slot.bytes.len();
            if self.config.cut_after.is_some_and(|most| written >= most) {
                return Err(Failure::PowerCut);
            }
        }
        self.finish()
    }

    fn in_parts(&self) -> bool {
        matches!(self.config.mode, Mode::Parts | Mode::ResumedParts)
    }

    /// `_http_connect`.
    fn http_connect(&mut self) -> Result<(), Failure> {
        for _ in 0..=ROUNDS {
            // Compiled in by the option only, which is where partial mode is.
            let keeps = self.release.has(Quirk::PartialByOption) && self.in_parts();
            if keeps && self.client.is_persistent() && self.state == State::InProgress {
                self.client.open_without_connecting()?;
            } else {
                self.client.open()?;
            }
            self.client.fetch_headers()?;
            let status = self.client.inbox.status.unwrap_or_default();
            if !self.answered(status)? {
                return Ok(());
            }
            // What is left of the answer is read and thrown away.
            while self.client.read(256).is_ok_and(|read| !read.is_empty()) {}
        }
        Err(Failure::LoopsForEver)
    }

    /// `_http_handle_response_code`; gives whether it is asked again.
    fn answered(&mut self, status: u16) -> Result<bool, Failure> {
        let knows = self.release.has(Quirk::KnowsNotModified);
        let fails = if self.release.has(Quirk::AnyStatus) {
            false
        } else if self.release.has(Quirk::FewStatuses) {
            matches!(status, 403 | 404 | 500)
        } else {
            status >= 400
        };
        match status {
            _ if self.client.follows(status) => {
                self.client.set_redirection()?;
                Ok(true)
            }
            304 if knows => Err(EspErr::HttpNotModified.because("OTA image not modified")),
            416 if knows => {
                Err(EspErr::HttpRangeNotSatisfiable.because("Requested range is incorrect"))
            }
            401 => {
                if !self.release.has(Quirk::UnauthorizedForEver)
                    && self.unauthorized == AUTHORIZATION_RETRIES
                {
                    return Err(EspErr::Fail.because("Reached max_authorization_retries"));
                }
                self.unauthorized += 1;
                self.client.add_auth()?;
                Ok(true)
            }
            _ if fails => Err(EspErr::Fail.because(format!("status {status}"))),
            // Where partial mode is not an option, this is asked of parts too.
            _ if self.resumes
                && self.release.has(Quirk::AlwaysByRange)
                && !(self.in_parts() && self.release.has(Quirk::PartialByOption))
                && status != 206 =>
            {
                Err(EspErr::HttpRangeNotSatisfiable
                    .because("Server ignored the requested Range header"))
            }
            _ => Ok(false),
        }
    }

    /// `esp_https_ota_finish`.
    fn finish(&mut self) -> Result<(), Failure> {
        self.slot.end()?;
        self.slot.selected = self.state == State::Success;
        if !self.slot.selected {
            return Err(Failure::NotSelected);
        }
        Ok(())
    }
}

/// `DEFAULT_REQUEST_SIZE`.
const PART: i64 = 64 * 1024;

/// `DEFAULT_MAX_AUTH_RETRIES`.
const AUTHORIZATION_RETRIES: usize = 10;

/// After so many redirects in a row we take it that it never ends. Ours: `esp_https_ota` has no bound.
const ROUNDS: usize = 50;

/// After so many timeouts in a row we take it that it never ends. Ours: `esp_https_ota` has no bound.
const PATIENCE: usize = 3;
