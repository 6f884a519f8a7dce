//! A client that says and does, byte for byte, what an unmodified ESP-IDF's `esp_https_ota` does, release by release.
//!
//! It is written after the source at each release's tag, and shares none of it: `components/esp_https_ota`,
//! `components/esp_http_client`, `components/tcp_transport`, `components/esp-tls`, `components/app_update` of
//! `espressif/esp-idf`, and the `http_parser` in `components/nghttp` (v4.x) or `components/http_parser`. A file here is
//! named for what it stands for there; how the releases differ is data, in `quirk.rs`.

mod client;
mod headers;
mod inbox;
mod link;
mod ota;
mod outcome;
mod parser;
mod pipe;
mod quirk;
mod records;
mod release;
mod slot;
mod tls;
mod url;

pub(crate) use self::{
    link::{Dial, Peer, Received},
    ota::{Config, Mode, Update, update},
    outcome::{EspErr, Failure},
    pipe::Program,
    quirk::Quirk,
    release::{Line, Release, lines, releases_with},
    tls::{Rustls, Trust},
};
