//! A device plane of a hundred lines: enough HTTP for the node, and no memory but what a test looks at.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use countersign_protocol::{
    CheckIn, CheckInReply, CoSignatures, MAX_REPLY, MEDIA_TYPE, Offer, OfferId, Outcome, Reason,
    Report, SlotState, UnixTime,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::device::{Factory, HOST};

/// What the plane offers and has heard.
#[derive(Default)]
pub(crate) struct Memory {
    /// A manifest and its image, until a report ends it.
    pub(crate) release: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) check_ins: Vec<(String, SlotState)>,
    pub(crate) reports: Vec<(Outcome, Option<Reason>, String)>,
}

pub(crate) struct DevicePlane {
    pub(crate) port: u16,
    pub(crate) memory: Arc<Mutex<Memory>>,
    task: JoinHandle<()>,
}

impl DevicePlane {
    pub(crate) async fn start(factory: &Factory) -> Self {
        let config = factory.servers.server_config(HOST, &factory.devices, false);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let memory = Arc::new(Mutex::new(Memory::default()));
        let shared = Arc::clone(&memory);
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                // Head and body are written apart, and nobody should wait for the second.
                let _ = tcp.set_nodelay(true);
                let (acceptor, memory) = (TlsAcceptor::from(config.clone()), shared.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(tcp).await {
                        let _ = serve(stream, port, &memory).await;
                    }
                });
            }
        });
        Self { port, memory, task }
    }
}

impl Drop for DevicePlane {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TlsStream<TcpStream>,
    port: u16,
    memory: &Mutex<Memory>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let header = |name: &str| {
            lines.iter().find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case(name).then(|| value.to_owned())
            })
        };
        let len = header("content-length").map_or(0, |len| len.parse().unwrap());
        let mut body = vec![0; len];
        stream.read_exact(&mut body).await?;
        let (head, body) = match lines.first().and_then(|line| line.split(' ').nth(1)) {
            Some("/v1/checkin") => (String::new(), check_in(&body, port, memory)),
            Some("/v1/report") => (String::new(), report(&body, memory)),
            _ => image(&header("range").unwrap(), memory),
        };
        let status = if head.is_empty() {
            "200 OK"
        } else {
            "206 Partial Content"
        };
        let len = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len}\r\n{head}\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.flush().await?;
    }
}

fn check_in(body: &[u8], port: u16, memory: &Mutex<Memory>) -> Vec<u8> {
    let check_in = CheckIn::decode(body).unwrap();
    let mut memory = memory.lock().unwrap();
    memory
        .check_ins
        .push((check_in.version.to_owned(), check_in.state));
    let url = format!("https://{HOST}:{port}/image");
    let offer = memory.release.as_ref().map(|(manifest, _)| Offer {
        id: OfferId([7; 16]),
        manifest,
        url: &url,
        co_signatures: CoSignatures::NONE,
    });
    let time = UnixTime(1_795_500_000);
    let mut reply = vec![0; MAX_REPLY];
    let len = CheckInReply {
        time,
        next_check_in_s: 60,
        offer,
        authors: None,
    }
    .encode(&mut reply)
    .unwrap();
    reply.truncate(len);
    reply
}

fn report(body: &[u8], memory: &Mutex<Memory>) -> Vec<u8> {
    let report = Report::decode(body).unwrap();
    let mut memory = memory.lock().unwrap();
    memory
        .reports
        .push((report.outcome, report.reason, report.version.to_owned()));
    if report.outcome != Outcome::Failed {
        memory.release = None;
    }
    Vec::new()
}

fn image(range: &str, memory: &Mutex<Memory>) -> (String, Vec<u8>) {
    let memory = memory.lock().unwrap();
    let (_, image) = memory.release.as_ref().unwrap();
    let (first, last) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let last = last.min(image.len() - 1);
    let head = format!(
        "Content-Range: bytes {first}-{last}/{}\r\nETag: \"1\"\r\n",
        image.len()
    );
    (head, image.get(first..=last).unwrap().to_vec())
}
