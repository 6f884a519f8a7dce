//! The parties, each a process of its own: this same program.

use std::{
    fs::File,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use countersign_server::ServerView;
use indicatif::ProgressBar;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
};

use super::props::{Images, Stage};
use crate::{files, operator::Operator, output};

/// A running `countersign serve`. It ends with its handle.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pub(super) view: ServerView,
}

impl Server {
    /// Starts it on ports that the system gives, and waits until it answers.
    pub(super) async fn start(stage: &Stage) -> Result<Self> {
        let log = File::create(stage.server_log())?;
        let any = "127.0.0.1:0";
        let mut child = this_program()?
            .arg("--state")
            .arg(stage.state())
            .args(["serve", "--device-listen", any, "--download-listen", any])
            .args(["--operator-listen", any])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the server cannot be started")?;
        for _ in 0..TRIES {
            if let Some(ended) = child.try_wait()? {
                let log = files::read_text(&stage.server_log()).unwrap_or_default();
                bail!("the server ended at once ({ended}): {}", log.trim());
            }
            if let Ok(Operator::Server(sender)) = Operator::running(&stage.state()).await
                && let Ok(view) = Operator::Server(sender).get("/v1/server").await
            {
                return Ok(Self { child, view });
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!(
            "the server did not come up; its log is {}",
            stage.server_log().display()
        )
    }

    /// How it is now.
    pub(super) async fn look(&self, stage: &Stage) -> Result<ServerView> {
        Operator::running(&stage.state())
            .await?
            .get("/v1/server")
            .await
    }

    /// Asks it to end, and waits.
    pub(super) async fn stop(mut self) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let pid = rustix::process::Pid::from_raw(pid);
            let asked =
                pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
            if matches!(asked, Some(Ok(()))) {
                let _ = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
            }
        }
    }
}

/// What a virtual ESP32 said in one run: its events, in order.
#[derive(Debug)]
pub(super) struct Told(pub(super) Vec<Value>);

impl Told {
    /// The last event of a kind.
    pub(super) fn last(&self, kind: &str) -> Option<&Value> {
        self.0.iter().rev().find(|event| event["event"] == kind)
    }

    /// The last event of a kind, which the story does not go on without.
    pub(super) fn must(&self, kind: &str) -> Result<&Value> {
        self.last(kind).with_context(|| {
            format!(
                "the device never came to `{kind}`; it said {}",
                self.words()
            )
        })
    }

    /// All of it in one line.
    pub(super) fn words(&self) -> String {
        let all: Vec<_> = self.0.iter().map(Value::to_string).collect();
        all.join(" ")
    }
}

/// Runs a virtual ESP32 until it has nothing more to do.
pub(super) async fn device(
    stage: &Stage,
    folder: &Path,
    images: &Images,
    more: &[&str],
    bar: bool,
) -> Result<Told> {
    let mut child = this_program()?
        .arg("--state")
        .arg(stage.state())
        .args(["--json", "node", "run", "--once", "--image"])
        .arg(&images.factory.path)
        .args(["--flash-size", &images.flash_mib])
        .args(more)
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("the virtual ESP32 cannot be started")?;
    let stdout = child.stdout.take().context("no output")?;
    let mut stderr = child.stderr.take().context("no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let bar = if bar {
        output::download_bar(0)
    } else {
        ProgressBar::hidden()
    };
    let mut told = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let event: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        if event["event"] == "progress" {
            bar.set_length(event["total"].as_u64().unwrap_or(0));
            bar.set_position(event["done"].as_u64().unwrap_or(0));
            continue;
        }
        told.push(event);
    }
    bar.finish_and_clear();
    let mut errors = String::new();
    stderr.read_to_string(&mut errors).await?;
    let ended = child.wait().await?;
    // A device that is refused ends with a failure, and that is as it should be: the events say what happened.
    if told.is_empty() {
        bail!("the virtual ESP32 ended ({ended}): {}", errors.trim());
    }
    Ok(Told(told))
}

/// Now, so that a step can say how long it took.
#[expect(
    clippy::disallowed_methods,
    reason = "the demonstration says how long things took"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

fn this_program() -> Result<Command> {
    Ok(Command::new(
        std::env::current_exe().context("the program does not know where it is")?,
    ))
}

/// How often the new server is asked whether it is up.
const TRIES: u32 = 200;
/// How long to wait between two times.
const PAUSE: Duration = Duration::from_millis(50);
