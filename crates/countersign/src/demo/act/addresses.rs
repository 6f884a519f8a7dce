//! Addresses of images: signed ones that are used by whom, for what or when they should not be, and redirects to where
//! a device should not go.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use countersign_operations::{Clock as _, view::ReleaseView};
use countersign_protocol::Digest;
use tokio::net::TcpListener;

use super::{Attack, Cast, DEVICE, Ended, SERVER, releases};
use crate::{
    demo::{props::Prop, story::Story},
    system::SystemClock,
};

/// An address that our server signed for the neighbour.
pub(super) struct Signed {
    url: String,
    /// The last second in which it is good.
    end: u64,
}

impl Story<'_> {
    pub(super) async fn attacking_addresses(&mut self, cast: &Cast, signed: &Signed) -> Result<()> {
        self.url_ended(cast, signed).await?;
        self.url_other_image(cast).await?;
        self.url_other_device(cast).await?;
        self.redirect_to_http(cast).await?;
        self.redirect_to_stranger(cast).await
    }

    /// Asks for an update as a stock client does. What the neighbour gets is good, for it, now.
    pub(super) async fn take_address(&self, cast: &Cast) -> Result<Signed> {
        for _ in 0..TRIES {
            let poll = format!("{}/ota?v=0", cast.device_url);
            let url = cast.neighbour.get(&poll).await?.redirects_to()?;
            let end = url.split_once("?e=").and_then(|(_, rest)| {
                let (end, _) = rest.split_once('&')?;
                end.parse().ok()
            });
            let end = end.context("a signed URL without its end")?;
            let answer = cast.neighbour.get(&url).await?;
            // On a machine that is very busy it may be over already.
            if answer.status == 403 && SystemClock.now().0 > end {
                continue;
            }
            answer.must(206)?;
            return Ok(Signed { url, end });
        }
        bail!("signed URLs end before they can be used")
    }

    /// A signed URL is used after its end, by the device that it was made for.
    async fn url_ended(&mut self, cast: &Cast, signed: &Signed) -> Result<()> {
        let attack = Attack {
            name: "url-ended",
            what: "a signed URL after its end",
            reason: "url-ended",
            ..URL
        };
        // By the same clock as the server's.
        while SystemClock.now().0 <= signed.end {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let answer = cast.neighbour.get(&signed.url).await?;
        self.turned_away(&attack, [answer.into()])
    }

    /// In a signed URL, the image's name is replaced by that of another that is there.
    async fn url_other_image(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "url-other-image",
            what: "a signed URL, naming another image",
            reason: "bad-url-signature",
            ..URL
        };
        let other = self.images.update.version.clone();
        let releases: Vec<ReleaseView> = self.operator().await?.get("/v1/releases").await?;
        let other = releases.iter().find(|release| release.version == other);
        let other: Digest = other.context("no such release")?.image.parse()?;
        let signed = self.take_address(cast).await?;
        let (before, after) = signed.url.split_once("/d/").context("another URL")?;
        let (_, query) = after.split_once('?').context("another URL")?;
        let name = Base64UrlUnpadded::encode_string(&other.0);
        let url = format!("{before}/d/{name}?{query}");
        if url == signed.url {
            bail!("the neighbour was sent to the image that it should not get")
        }
        self.turned_away(&attack, [cast.neighbour.get(&url).await?.into()])
    }

    /// A signed URL is used by another device than the one that it was made for.
    async fn url_other_device(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "url-other-device",
            what: "a signed URL, from another device",
            reason: "bad-url-signature",
            ..URL
        };
        let signed = self.take_address(cast).await?;
        self.turned_away(&attack, [cast.device.get(&signed.url).await?.into()])
    }

    /// The address of a good release leads to the same image, without TLS.
    async fn redirect_to_http(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "redirect-to-http",
            what: "a redirect to http",
            ..REDIRECT
        };
        let plain = TcpListener::bind("127.0.0.1:0").await?;
        let to = format!("http://localhost:{}/image", plain.local_addr()?.port());
        let ended = tokio::select! {
            biased;
            _ = plain.accept() => Ended::Passed("the device went there".to_owned()),
            ended = self.redirect_victim(cast, to) => ended?,
        };
        self.turned_away(&attack, [ended])
    }

    /// The address of a good release leads to the same image at another host: one of ours by its certificate, and none
    /// that the device was told of.
    async fn redirect_to_stranger(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "redirect-to-stranger",
            what: "a redirect to a host not allowed",
            ..REDIRECT
        };
        let ended = self.redirect_victim(cast, cast.thief.elsewhere()).await?;
        self.turned_away(&attack, [ended])
    }

    async fn redirect_victim(&mut self, cast: &Cast, to: String) -> Result<Ended> {
        let image: Prop = self.images.later.clone();
        let mut bait = releases::honest(&image, &self.signed(&image)?)?;
        bait.redirect = Some(to);
        let told = self.offer_victim(&cast.thief, bait).await?;
        let asked = cast.thief.heard();
        let asked = |wanted: &str| asked.iter().any(|path| path == wanted);
        Ok(if !asked("/image") {
            Ended::Passed("the device never asked for the image".to_owned())
        } else if asked("/elsewhere") {
            Ended::Passed("the device went there".to_owned())
        } else {
            Ended::told(&told, "refused")
        })
    }
}

/// What is the same for every signed URL.
const URL: Attack = Attack {
    name: "",
    what: "",
    by: SERVER,
    place: "download-plane",
    reason: "",
};
/// What is the same for every redirect.
const REDIRECT: Attack = Attack {
    name: "",
    what: "",
    by: DEVICE,
    place: "address",
    reason: "forbidden-address",
};
/// How often an address is asked for that has not ended when it comes.
const TRIES: u32 = 5;
