//! Servers that our device should turn away. All have a name that it believes in, and its address of our server.

use anyhow::Result;
use countersign_server::Identity;

use super::{Attack, Cast, DEVICE, Ended};
use crate::demo::{
    loot,
    story::{NAME, Story},
};

impl Story<'_> {
    pub(super) async fn attacking_servers(&mut self, cast: &Cast) -> Result<()> {
        self.foreign_server(cast).await?;
        self.device_as_server(cast).await?;
        self.other_name_server(cast).await
    }

    /// A server that the device's bundle does not vouch for: its CA has all the names of ours.
    async fn foreign_server(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "foreign-server",
            what: "a server of another CA, named as ours",
            ..UNTRUSTED
        };
        let authority = loot::foreign_authority(NAME, "server")?;
        let shown = loot::server_of(&authority, "localhost")?;
        let wanted = "was not signed by the key that the bundle has";
        self.show_victim(cast, &attack, &shown, wanted).await
    }

    /// A device of ours that shows its own certificate as a server's.
    async fn device_as_server(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "device-as-server",
            what: "a device's certificate, as a server's",
            ..UNTRUSTED
        };
        let shown = loot::device(&self.stage.folder("neighbour"))?;
        self.show_victim(cast, &attack, &shown, "is not for servers")
            .await
    }

    /// A server that our own authority certified, for another name.
    async fn other_name_server(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "other-name-server",
            what: "a server of ours, for another name",
            ..UNTRUSTED
        };
        let shown = loot::our_server_as(self.stage, "ota.test")?;
        self.show_victim(cast, &attack, &shown, "is for ota.test, not for localhost")
            .await
    }

    /// The device comes to a server that shows this; it must find exactly this wrong with it, and say nothing there.
    async fn show_victim(
        &mut self,
        cast: &Cast,
        attack: &Attack,
        shown: &Identity,
        wanted: &str,
    ) -> Result<()> {
        cast.thief.show(shown)?;
        let told = self.victim().await?;
        let asked = cast.thief.heard();
        let found = told
            .last("connect-failed")
            .and_then(|event| event["detail"].as_str());
        let ended = match (Ended::told(&told, "check-in-failed"), found) {
            _ if !asked.is_empty() => Ended::Passed(format!("the device asked for {asked:?}")),
            (Ended::Refused { reason, .. }, Some(found)) if found.contains(wanted) => {
                Ended::refused(&reason, found)
            }
            (Ended::Refused { reason, .. }, found) => Ended::Passed(format!(
                "the device should have found that it {wanted}; it said {reason}: {}",
                found.unwrap_or("nothing")
            )),
            (passed, _) => passed,
        };
        self.turned_away(attack, [ended])
    }
}

/// What is the same for every server that cannot prove itself.
const UNTRUSTED: Attack = Attack {
    name: "",
    what: "",
    by: DEVICE,
    place: "connection",
    reason: "untrusted-server",
};
