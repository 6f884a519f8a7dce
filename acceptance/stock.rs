//! The stock path: what an unmodified ESP-IDF client asks and is answered, by curl and by a client that is
//! `esp_https_ota` in all but its language ([`crate::esp_idf`]).

mod answers;
mod bodies;
mod ranges;
mod redirects;
mod resumption;
mod script;
mod shapes;
mod table;
mod trials;
mod urls;
mod wire;

use crate::harness::{Answer, House, Image, Server, ask, image, need};

/// A house whose device runs 1.0.0, and whose newest release is 1.1.0.
struct Stock {
    house: House,
    server: Server,
    newest: Image,
}

impl Stock {
    fn new() -> Self {
        Self::with(House::new())
    }

    fn with(house: House) -> Self {
        let server = house.serve();
        house.enroll();
        let newest = image("1.1.0");
        house.publish(&newest, 1);
        Self {
            house,
            server,
            newest,
        }
    }

    /// The address at which a device that runs a version asks.
    fn url(&self, version: &str) -> String {
        format!("{}/ota?v={version}", self.server.device_url)
    }

    /// Asks as the house's device.
    fn ask(&self, args: &[&str]) -> Answer {
        ask(&self.house.path("device"), args).unwrap()
    }

    /// Where the device is sent from 1.0.0 on.
    fn location(&self) -> String {
        let answer = self.ask(&[&self.url("1.0.0")]);
        assert_eq!(answer.status, 302);
        answer.location()
    }

    /// Status and code of a refusal.
    fn refused(&self, url: &str) -> (u16, String) {
        let answer = self.ask(&[url]);
        (answer.status, answer.code())
    }
}

/// Whether curl is there.
fn curl_is_there(test: &str) -> bool {
    need(test, "curl", "apt-get install curl")
}
