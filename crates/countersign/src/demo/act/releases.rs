//! Releases that our device should turn away, though they come from a server with our own server's chain and key.

use std::path::Path;

use anyhow::{Result, bail};
use bytes::Bytes;
use countersign_keys::{FileKey, Passphrases};
use countersign_operations::{Clock as _, text::rfc3339};
use countersign_protocol::UnixTime;

use super::{Attack, Cast, DEVICE, Ended};
use crate::{
    cli::ReleaseSign,
    command,
    demo::{
        cast, forger, loot,
        props::Prop,
        story::{PRODUCT, Story},
        thief::Bait,
    },
    files,
    system::SystemClock,
};

impl Story<'_> {
    pub(super) async fn attacking_releases(&mut self, cast: &Cast) -> Result<()> {
        cast.thief.show(&loot::our_server(self.stage)?)?;
        self.believed_server(cast).await?;
        self.changed_image(cast).await?;
        self.forger().await?;
        self.older_release(cast).await?;
        self.ended_manifest(cast).await?;
        self.unknown_author(cast).await?;
        self.other_product(cast).await?;
        self.other_chip(cast).await
    }

    /// What a server with our chain and key can do: offer what an author signed. So that what follows is refused for
    /// what it is, and not for whom it comes from.
    async fn believed_server(&mut self, cast: &Cast) -> Result<()> {
        let start = cast::now();
        let image = self.images.next.clone();
        let bait = honest(&image, &self.signed(&image)?)?;
        let told = self.offer_victim(&cast.thief, bait).await?;
        let confirmed = told.must("confirmed")?;
        if confirmed["version"] != image.version {
            bail!("the device took {confirmed}, not {}", image.version)
        }
        let detail = format!(
            "had our server's key, and gave a device {}, its author's: taken",
            image.version
        );
        self.done(start, "thief", detail, Some(image.size));
        Ok(())
    }

    /// One bit of the image is changed on its way from the author; the manifest is the author's.
    async fn changed_image(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "changed-image",
            what: "an image with one bit changed",
            by: DEVICE,
            place: "image",
            reason: "wrong-digest",
        };
        let image = self.images.later.clone();
        let mut bait = honest(&image, &self.signed(&image)?)?;
        bait.image = forger::one_bit_changed(&bait.image).into();
        let told = self.offer_victim(&cast.thief, bait).await?;
        self.turned_away(&attack, [Ended::told(&told, "refused")])
    }

    /// The server's owner changes an image, its digest and its row: all fits but the author's signature.
    async fn forger(&mut self) -> Result<()> {
        let attack = Attack {
            name: "forger",
            what: "a release forged by the server's owner",
            reason: "bad-signature",
            ..MANIFEST
        };
        let image = self.images.forged.clone();
        let release = self.publish(&image).await?;
        let honest = forger::forge(self.stage, &image, &release).await?;
        let told = self.device(&[]).await?;
        forger::repent(self.stage, &honest).await?;
        self.turned_away(&attack, [Ended::told(&told, "refused")])?;
        self.expect_offer(&image.version, "refused").await
    }

    /// The release of the first act, good and published, on a device that has a newer one.
    async fn older_release(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "older-release",
            what: "an older release, offered again",
            reason: "old-counter",
            ..MANIFEST
        };
        let image = self.images.update.clone();
        let manifest = image.path.with_extension("cose");
        self.offer_manifest(cast, &attack, &image, &manifest).await
    }

    /// A release whose author said until when it may be accepted, an hour after that.
    async fn ended_manifest(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "ended-manifest",
            what: "a release past its manifest's end",
            reason: "ended",
            ..MANIFEST
        };
        let image = self.images.later.clone();
        let an_hour_ago = UnixTime(SystemClock.now().0.saturating_sub(3600));
        let terms = ReleaseSign {
            not_after: Some(rfc3339(an_hour_ago)),
            ..self.terms(&image)
        };
        self.offer_manifest(
            cast,
            &attack,
            &image,
            &command::sign(&terms, &Passphrases::new(None))?,
        )
        .await
    }

    /// A release that somebody signed who is no author of the device's product.
    async fn unknown_author(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "unknown-author",
            what: "a manifest by an unknown author",
            reason: "unknown-author",
            ..MANIFEST
        };
        let key = self.stage.folder("stranger.key");
        FileKey::create_new(&key)?;
        let image = self.images.later.clone();
        let terms = ReleaseSign {
            key,
            ..self.terms(&image)
        };
        self.offer_manifest(
            cast,
            &attack,
            &image,
            &command::sign(&terms, &Passphrases::new(None))?,
        )
        .await
    }

    /// A release that the author signed for another product.
    async fn other_product(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "other-product",
            what: "a release for another product",
            reason: "wrong-product",
            ..MANIFEST
        };
        let image = self.images.later.clone();
        let terms = ReleaseSign {
            product: format!("not-{PRODUCT}"),
            ..self.terms(&image)
        };
        self.offer_manifest(
            cast,
            &attack,
            &image,
            &command::sign(&terms, &Passphrases::new(None))?,
        )
        .await
    }

    /// A release that the author signed for another chip.
    async fn other_chip(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "other-chip",
            what: "a release for another chip",
            reason: "wrong-chip",
            ..MANIFEST
        };
        let image = self.images.other_chip.clone();
        let manifest = self.signed(&image)?;
        self.offer_manifest(cast, &attack, &image, &manifest).await
    }

    /// Offers a release whose manifest alone should be enough to refuse it: nothing of it is downloaded.
    async fn offer_manifest(
        &mut self,
        cast: &Cast,
        attack: &Attack,
        image: &Prop,
        manifest: &Path,
    ) -> Result<()> {
        let bait = honest(image, manifest)?;
        let told = self.offer_victim(&cast.thief, bait).await?;
        let asked = cast.thief.heard();
        let ended = if asked.iter().any(|path| path == "/image") {
            Ended::Passed("the device fetched the image".to_owned())
        } else {
            Ended::told(&told, "refused")
        };
        self.turned_away(attack, [ended])
    }
}

/// A release as it should come.
pub(super) fn honest(image: &Prop, manifest: &Path) -> Result<Bait> {
    Ok(Bait {
        manifest: files::read(manifest)?,
        image: Bytes::from(files::read(&image.path)?),
        redirect: None,
    })
}

/// What is the same for every release that is refused by its manifest.
const MANIFEST: Attack = Attack {
    name: "",
    what: "",
    by: DEVICE,
    place: "manifest",
    reason: "",
};
