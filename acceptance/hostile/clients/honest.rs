//! An honest device, by curl: it checks in, is sent to its image, and gets it.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use countersign_protocol::{CheckIn, CheckInReply, MAX_CHECK_IN, MEDIA_TYPE, SlotState};

use super::ground::Siege;
use crate::harness::{ask, image};

/// The device of most tests.
#[derive(Clone)]
pub(crate) struct Honest {
    folder: PathBuf,
    url: String,
    image: Vec<u8>,
}

impl Honest {
    /// The device of a siege's house.
    pub(crate) fn new(siege: &Siege) -> Self {
        let folder = siege.house.path("device");
        fs::write(folder.join("check-in.cbor"), check_in("1.0.0")).unwrap();
        Self {
            folder,
            url: siege.server.device_url.clone(),
            image: image("1.2.0").bytes,
        }
    }

    /// Does it all, as often as it takes, within ten seconds; gives how long it took.
    #[expect(clippy::disallowed_methods, reason = "says how long it took")]
    pub(crate) fn comes_through(&self) -> Duration {
        let begun = Instant::now();
        loop {
            let told = self.try_once();
            let took = begun.elapsed();
            match told {
                Ok(()) => return took,
                Err(error) => assert!(took < PATIENCE, "after {took:?}: {error}"),
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn try_once(&self) -> Result<(), String> {
        let body = format!("@{}", self.folder.join("check-in.cbor").display());
        let kind = format!("Content-Type: {MEDIA_TYPE}");
        let url = format!("{}/v1/checkin", self.url);
        let answer = ask(&self.folder, &["-H", &kind, "--data-binary", &body, &url])?;
        let reply = CheckInReply::decode(&answer.body).map_err(|error| error.to_string())?;
        let offer = reply.offer.ok_or("no offer")?;
        let answer = ask(&self.folder, &[offer.url])?;
        if answer.body != self.image {
            return Err(format!("another image: {}", answer.status));
        }
        Ok(())
    }
}

/// What a device says that runs a version.
pub(crate) fn check_in(version: &str) -> Vec<u8> {
    let said = CheckIn {
        product: "demo",
        chip: 5,
        version,
        image: None,
        counter: 0,
        secure_version: 0,
        slot: 0,
        state: SlotState::Confirmed,
        authors: None,
    };
    let mut body = vec![0; MAX_CHECK_IN];
    let length = said.encode(&mut body).unwrap();
    body.truncate(length);
    body
}

/// How long one try may take: a busy machine serves attackers, too.
const PATIENCE: Duration = Duration::from_secs(10);
