//! Clients that our server should turn away.

use anyhow::{Result, bail};
use countersign_operations::view::{DeviceView, EnrolledView, RefusedView};
use rustls::version::{TLS12, TLS13};
use serde_json::json;

use super::{Attack, Cast, Ended, SERVER, messages};
use crate::{
    demo::{
        client::{Answer, Begun, Client, Connection},
        impostor,
        story::Story,
    },
    operator,
};

/// A device that is revoked while it is connected, once by TLS 1.2, which ESP-IDF speaks by default, and once by 1.3.
struct Lost {
    /// Nothing is known of them yet.
    strangers: Vec<Client>,
    /// They have sessions of before.
    known: Vec<Client>,
    /// They were open when it was revoked.
    live: Vec<Connection>,
    /// They were under way.
    downloads: Vec<Begun>,
    /// How many had been refused before it was revoked.
    before: usize,
}

impl Story<'_> {
    pub(super) async fn attacking_clients(
        &mut self,
        cast: &Cast,
        enrolled: &EnrolledView,
    ) -> Result<()> {
        self.no_certificate(cast).await?;
        self.impostor(enrolled).await?;
        let mut lost = self.lose_a_device(cast).await?;
        self.revoked_live_connection(&mut lost).await?;
        self.revoked_download(&mut lost).await?;
        self.revoked_new_connection(cast, &lost).await?;
        self.revoked_resumed_session(cast, &lost).await?;
        self.suspended(cast).await
    }

    /// Somebody without a certificate gets through no handshake, at neither plane.
    async fn no_certificate(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "no-certificate",
            what: "a device without a certificate",
            by: SERVER,
            place: "device-plane",
            reason: "no-certificate",
        };
        let mut tried = Vec::new();
        for version in [&TLS12, &TLS13] {
            let nobody = Client::nobody(&self.stage.device(), version)?;
            for url in [&cast.device_url, &self.download_url] {
                let before = self.refusals().await?.len();
                tried.push(match nobody.get(&format!("{url}/ota?v=0")).await {
                    Ok(answer) => Ended::Passed(format!("it was answered {}", answer.status)),
                    Err(_) => self.refused_since(before, 1).await?,
                });
            }
        }
        self.turned_away(&attack, tried)
    }

    /// Somebody else's CA, under the names of ours, certified a device under our device's name.
    async fn impostor(&mut self, enrolled: &EnrolledView) -> Result<()> {
        let attack = Attack {
            name: "impostor",
            what: "a device of another CA, named as ours",
            by: SERVER,
            place: "device-plane",
            reason: "unknown-issuer",
        };
        impostor::make(self.stage, enrolled)?;
        let before = self.refusals().await?.len();
        let told = self.run(&self.stage.impostor(), &[]).await?;
        let ended = match told.last("checked-in") {
            Some(_) => Ended::Passed("it was answered".to_owned()),
            None => self.refused_since(before, 1).await?,
        };
        self.turned_away(&attack, [ended])
    }

    /// Enrolls a device, has it connect, and revokes it.
    async fn lose_a_device(&self, cast: &Cast) -> Result<Lost> {
        self.enroll_as(LOST, self.stage.folder("lost")).await?;
        let folder = self.stage.folder("lost");
        let mut lost = Lost {
            strangers: Vec::new(),
            known: Vec::new(),
            live: Vec::new(),
            downloads: Vec::new(),
            before: 0,
        };
        for version in [&TLS12, &TLS13] {
            let client = Client::device(&folder, version)?;
            let mut connection = client.connect(&cast.device_url).await?;
            self.check_in(&mut connection).await?.must(200)?;
            lost.strangers.push(Client::device(&folder, version)?);
            lost.known.push(client);
            lost.live.push(connection);
            lost.downloads
                .push(download(cast, &Client::device(&folder, version)?).await?);
        }
        lost.before = self.refusals().await?.len();
        let path = operator::path("/v1/devices/", LOST, "/revoke");
        let body = json!({ "reason": "lost" });
        let _: DeviceView = self.operator().await?.post(&path, &body).await?;
        Ok(lost)
    }

    /// The connections that a revoked device had are ended at once; it says one thing more.
    async fn revoked_live_connection(&mut self, lost: &mut Lost) -> Result<()> {
        let attack = Attack {
            name: "revoked-live-connection",
            what: "a revoked device, on a live connection",
            ..REVOKED
        };
        let mut tried = Vec::new();
        for (nth, connection) in (1..).zip(&mut lost.live) {
            tried.push(self.cut(connection, lost.before, nth).await?);
        }
        self.turned_away(&attack, tried)
    }

    /// The downloads that a revoked device had begun end too.
    async fn revoked_download(&mut self, lost: &mut Lost) -> Result<()> {
        let attack = Attack {
            name: "revoked-download",
            what: "a revoked device, in mid-download",
            place: "download-plane",
            ..REVOKED
        };
        let cut = lost.live.len();
        let mut tried = Vec::new();
        for (nth, download) in (1..).zip(lost.downloads.drain(..)) {
            tried.push(match download.end().await {
                Ok(bytes) => Ended::Passed(format!("it had all of its {bytes} bytes")),
                Err(_) => self.refused_since(lost.before, cut + nth).await?,
            });
        }
        self.turned_away(&attack, tried)
    }

    /// A revoked device comes anew, with its whole chain.
    async fn revoked_new_connection(&mut self, cast: &Cast, lost: &Lost) -> Result<()> {
        let attack = Attack {
            name: "revoked-new-connection",
            what: "a revoked device, on a new connection",
            ..REVOKED
        };
        let mut tried = Vec::new();
        for client in &lost.strangers {
            tried.push(self.come(cast, client).await?);
        }
        self.turned_away(&attack, tried)
    }

    /// A revoked device wants to go on with a session of before, in which it shows no certificate. The session is gone.
    async fn revoked_resumed_session(&mut self, cast: &Cast, lost: &Lost) -> Result<()> {
        let attack = Attack {
            name: "revoked-resumed-session",
            what: "a revoked device, on a resumed session",
            ..REVOKED
        };
        let mut tried = Vec::new();
        for client in &lost.known {
            tried.push(self.come(cast, client).await?);
        }
        self.turned_away(&attack, tried)
    }

    /// A suspended device comes, on a live connection and on a new one; when it is resumed, it is served again.
    async fn suspended(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "suspended",
            what: "a suspended device",
            by: SERVER,
            place: "device-plane",
            reason: "device-suspended",
        };
        self.enroll_as(LENT, self.stage.folder("lent")).await?;
        let client = Client::device(&self.stage.folder("lent"), &TLS12)?;
        let mut live = client.connect(&cast.device_url).await?;
        self.check_in(&mut live).await?.must(200)?;
        let path = |verb| operator::path("/v1/devices/", LENT, verb);
        let mut operator = self.operator().await?;
        let before = self.refusals().await?.len();
        let body = json!({ "reason": "lent" });
        let _: DeviceView = operator.post(&path("/suspend"), &body).await?;
        let mut tried = vec![self.cut(&mut live, before, 1).await?];
        tried.push(self.come(cast, &client).await?);
        let _: DeviceView = operator.post(&path("/resume"), &json!({})).await?;
        let mut again = client.connect(&cast.device_url).await?;
        self.check_in(&mut again).await?.must(200)?;
        self.turned_away(&attack, tried)
    }

    /// Somebody comes over a new connection and says what an honest device says. By TLS 1.2 he hears in the handshake that he
    /// is refused, by TLS 1.3 after it.
    async fn come(&self, cast: &Cast, client: &Client) -> Result<Ended> {
        let before = self.refusals().await?.len();
        let answer = match client.connect(&cast.device_url).await {
            Ok(connection) if connection.resumed => {
                return Ok(Ended::Passed("its session was resumed".to_owned()));
            }
            Ok(mut connection) => self.check_in(&mut connection).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => Ok(Ended::Passed(format!("it was answered {}", answer.status))),
            Err(_) => self.refused_since(before, 1).await,
        }
    }

    /// Somebody says one thing more on a connection that should be gone: one of `count` that were refused after `before`.
    async fn cut(&self, connection: &mut Connection, before: usize, count: usize) -> Result<Ended> {
        match self.check_in(connection).await {
            Ok(answer) => Ok(Ended::Passed(format!("it was answered {}", answer.status))),
            Err(_) => self.refused_since(before, count).await,
        }
    }

    /// Says what an honest device says.
    async fn check_in(&self, connection: &mut Connection) -> Result<Answer> {
        let message = messages::check_in(self.images.chip.0, &self.images.factory.version)?;
        connection.post("/v1/checkin", &message).await
    }

    /// Why the server ended a handshake or a connection, as it says to operators: the client is told little or nothing.
    /// `before` refusals were known before, and `count` should be since.
    async fn refused_since(&self, before: usize, count: usize) -> Result<Ended> {
        for _ in 0..TRIES {
            let refusals = self.refusals().await?;
            let since = refusals.len().saturating_sub(before);
            if let Some(newest) = refusals.first().filter(|_| since >= count) {
                return Ok(Ended::refused(&newest.reason, &newest.reason_text));
            }
            // The client may know before the server has written down what it was about.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Ok(Ended::Passed(
            "nobody was let in, and the server does not say why".to_owned(),
        ))
    }

    /// Who was turned away so far, the newest first.
    async fn refusals(&self) -> Result<Vec<RefusedView>> {
        self.operator().await?.get("/v1/refusals").await
    }
}

/// Begins a download, as a stock client does, and leaves it under way.
async fn download(cast: &Cast, client: &Client) -> Result<Begun> {
    let poll = format!("{}/ota?v=0", cast.device_url);
    for _ in 0..TRIES {
        let url = client.get(&poll).await?.redirects_to()?;
        let begun = client.begin(&url).await?;
        // On a machine that is very busy the URL may have ended.
        if begun.status == 200 {
            return Ok(begun);
        }
    }
    bail!("signed URLs end before they can be used")
}

/// What is the same for every way in which a revoked device comes.
const REVOKED: Attack = Attack {
    name: "",
    what: "",
    by: SERVER,
    place: "device-plane",
    reason: "device-revoked",
};
/// The device that is revoked.
const LOST: &str = "7cdfa1000004";
/// The device that is suspended.
const LENT: &str = "7cdfa1000005";
/// How often the server is asked whom it refused.
const TRIES: u32 = 250;
