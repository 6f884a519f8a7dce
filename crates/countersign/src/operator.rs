//! How the program reaches the operator plane: the running server's socket, or the same router in this process.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use axum::Router;
use bytes::Bytes;
use countersign_keys::Passphrases;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tower::ServiceExt;

use crate::{
    cli::Global,
    state::{Journal, Keys, Layout, State},
};

/// The operator plane of one state directory.
#[derive(Debug)]
pub(crate) enum Operator {
    /// A server runs: its socket.
    Server(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    /// None runs: the verb is done here, under the state directory's lock.
    Here(Box<(Router, State)>),
}

impl Operator {
    /// Reaches the server of a state directory, or takes the directory where none runs.
    pub(crate) async fn reach(global: &Global) -> Result<Self> {
        Self::reach_with(global, global.passphrases()).await
    }

    /// The same, with the passphrases that this run has already.
    pub(crate) async fn reach_with(global: &Global, passphrases: Arc<Passphrases>) -> Result<Self> {
        if let Ok(server) = Self::running(&global.state).await {
            return Ok(server);
        }
        let state = State::open(&global.state, passphrases, Keys::WhenNeeded)?;
        let (device, download) = (state.toml.device.listen, state.toml.download.listen);
        let context = state.context(device, download, Journal::Demanded).await?;
        let router = countersign_server::local_router(context.into());
        Ok(Self::Here(Box::new((router, state))))
    }

    /// Reaches the server of a state directory.
    pub(crate) async fn running(root: &Path) -> Result<Self> {
        let socket = Layout::new(root).socket();
        let stream = countersign_server::socket::connect(&socket).await;
        let stream =
            stream.with_context(|| format!("no server answers at {}", socket.display()))?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self::Server(sender))
    }

    /// Reads something.
    pub(crate) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T> {
        self.call(request(Method::GET, path).body(Full::default())?)
            .await
    }

    /// Does something that JSON describes.
    pub(crate) async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let body = Bytes::from(serde_json::to_vec(body)?);
        let request = request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        self.call(request.body(Full::new(body))?).await
    }

    /// Does one request.
    pub(crate) async fn call<T: DeserializeOwned>(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<T> {
        let (status, body) = match self {
            Self::Server(sender) => {
                let answer = sender.send_request(request).await;
                let answer = answer.context("the running server did not answer")?;
                (
                    answer.status(),
                    answer.into_body().collect().await?.to_bytes(),
                )
            }
            Self::Here(here) => {
                let answer = here.0.clone().oneshot(request).await?;
                (
                    answer.status(),
                    answer.into_body().collect().await?.to_bytes(),
                )
            }
        };
        if !status.is_success() {
            bail!(Failure::of(status, &body));
        }
        serde_json::from_slice(&body).context("the answer is not what was expected")
    }
}

/// A request to the operator plane.
pub(crate) fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "countersign")
}

/// A path with one part that came from a person.
pub(crate) fn path(before: &str, part: &str, after: &str) -> String {
    let escaped: String = part
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{before}{escaped}{after}")
}

/// The operator plane said no.
#[derive(Debug, thiserror::Error)]
#[error("{message} ({code}){}", hint(code))]
pub(crate) struct Failure {
    /// The stable code.
    pub(crate) code: String,
    /// What is said to people.
    pub(crate) message: String,
}

impl Failure {
    fn of(status: StatusCode, body: &[u8]) -> Self {
        let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| {
            answer
                .get(name)
                .and_then(|text| text.as_str())
                .map(str::to_owned)
        };
        Self {
            code: text("error").unwrap_or_else(|| status.as_u16().to_string()),
            message: text("message")
                .unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned()),
        }
    }
}

/// What a person can do about it.
fn hint(code: &str) -> &'static str {
    match code {
        "unsigned-image" => {
            "; sign it, or admit it by `unsigned_images = true` under its product in countersign.toml"
        }
        "first-block" | "strange-image-key" => {
            "; the keys are named under the product in countersign.toml, and `countersign image verify` shows whose blocks there are"
        }
        "unknown-author" => "; the authors are named under the product in countersign.toml",
        "old-counter" => "; sign it again, with a higher --counter",
        "journal-unreliable" => "; nothing was changed",
        "nothing-requested" => "; `countersign ca replace` does it in one, or its --request does",
        "key-elsewhere" => "; bring it for this with --root-key",
        "disk-full" => "; nothing was changed: make room, and do it again",
        "product-not-named" => "; name it with --product",
        _ => "",
    }
}
