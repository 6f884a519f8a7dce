//! Client certificates of every kind of wrongness, by name. None gets in, each is refused for its own reason, and an honest
//! device is served all the while.
//!
//! They are made by whoever holds all keys of the installation, so that nothing is wrong but what their names say: what is
//! refused for being unknown only passes the handshake, and would be somebody's if its CA were registered.

mod chains;
mod dates;
mod encodings;
mod issuers;
mod keys;
mod names;
mod purposes;

use std::collections::BTreeMap;

use super::{
    client::{Client, Heard, VERSIONS},
    forge::{Forge, Shown},
};
use crate::harness::{House, Server, Table, image, need, wait_until};

/// A chain that somebody shows.
#[derive(Clone)]
struct Case {
    name: &'static str,
    shown: Shown,
    /// The code that it is refused with; [`SERVED`] where nothing is wrong with it.
    code: &'static str,
}

/// What cases are made of.
struct Ground {
    house: House,
    forge: Forge,
    /// A device that is enrolled.
    honest: Shown,
}

impl Case {
    const fn new(name: &'static str, shown: Shown, code: &'static str) -> Self {
        Self { name, shown, code }
    }
}

impl Ground {
    /// How often somebody was refused, by code.
    fn refused(&self) -> BTreeMap<String, u64> {
        let told = self.house.operator("/v1/server");
        serde_json::from_value(told["refused"].clone()).unwrap()
    }

    /// The newest refusal, in words.
    fn newest(&self) -> String {
        let told = self.house.operator("/v1/refusals");
        told[0]["reason_text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Shows a chain; gives what was heard, and the code that was kept.
    fn show(&self, server: &Server, client: &Client) -> (Heard, String) {
        let before = self.refused();
        let heard = client.poll(server.device_address());
        if heard == served() {
            return (heard, SERVED.to_owned());
        }
        // Who is refused may hear it before it is noted.
        let noted = wait_until(|| self.refused() != before);
        assert!(noted, "{heard:?}, and nothing is kept of it");
        let mut now = self.refused();
        now.retain(|code, times| before.get(code) != Some(times));
        let codes: Vec<_> = now.into_keys().collect();
        (heard, codes.join("; "))
    }
}

#[test]
fn no_wrong_certificate_gets_in_table() {
    for (program, install) in [
        ("curl", "apt-get install curl"),
        ("openssl", "apt-get install openssl"),
    ] {
        if !need("wrong_certificates", program, install) {
            return;
        }
    }
    let house = House::new();
    let server = house.serve();
    house.enroll();
    house.publish(&image("1.1.0"), 1);
    let forge = Forge::new(&house);
    let honest = Shown::of_folder(&forge, &house.path("device"), "device");
    let ground = Ground {
        house,
        forge,
        honest,
    };
    let root = ground.house.state().join("authorities/server-root.pem");
    let come = |shown: &Shown| VERSIONS.map(|version| Client::new(shown, &root, version));
    let honest = come(&ground.honest);

    let columns = ["certificate", "the client hears", "refused as"];
    let mut docs = Table::new(&columns);
    let mut seen = Table::new(&["certificate", "the client hears", "refused as", "in words"]);
    let mut wrong = Vec::new();
    for case in all(&ground) {
        let [tls12, tls13] = come(&case.shown).map(|client| ground.show(&server, &client));
        assert_eq!(tls12.1, tls13.1, "{}: TLS 1.2, TLS 1.3", case.name);
        if tls12.1 != case.code {
            wrong.push(format!("{}: {}, not {}", case.name, tls12.1, case.code));
        }
        let heard = if tls12.0 == tls13.0 {
            tls12.0.in_words()
        } else {
            let [one, other] = [tls12.0, tls13.0].map(|heard| heard.in_words());
            format!("{one}; in TLS 1.3 {other}")
        };
        docs.row([case.name, &heard, case.code]);
        let words = if case.code == SERVED {
            String::new()
        } else {
            ground.newest()
        };
        seen.row([case.name, &heard, &tls13.1, &words]);
        for client in &honest {
            assert_eq!(
                client.poll(server.device_address()),
                served(),
                "{}",
                case.name
            );
        }
    }
    seen.print("Wrong certificates");
    assert!(wrong.is_empty(), "{wrong:#?}");
    ground.everything_is_told(&server);
    docs.stands_in("gate.md", "wrong-certificates");
}

impl Ground {
    /// Each reason stands in the log, and nothing that a stranger says gets into it as it is.
    fn everything_is_told(&self, server: &Server) {
        let log = server.log();
        assert!(!log.contains("panicked"), "{log}");
        for code in self.refused().into_keys() {
            assert!(log.contains(&code), "no {code} in {log}");
        }
        let harmless = |text: &str| !text.contains(|c: char| c.is_control() && c != '\n');
        assert!(harmless(&log), "{log:?}");
        let told = self.house.operator("/v1/refusals");
        for one in told.as_array().unwrap() {
            for text in ["reason", "reason_text", "claimed"] {
                assert!(harmless(one[text].as_str().unwrap_or_default()), "{one}");
            }
            // In words for people, not in those of a library.
            let words = one["reason_text"].as_str().unwrap();
            assert!(!words.contains("Error(") && !words.contains("::"), "{one}");
        }
    }
}

impl Heard {
    fn in_words(&self) -> String {
        match self {
            Self::Alert(alert) => alert.clone(),
            Self::Nothing => "the end".to_owned(),
            Self::Answer(status, code) if code.is_empty() => status.to_string(),
            Self::Answer(status, code) => format!("{status} {code}"),
        }
    }
}

/// All cases.
fn all(ground: &Ground) -> Vec<Case> {
    let groups = [
        dates::cases(&ground.forge),
        purposes::cases(ground),
        issuers::cases(ground),
        keys::cases(ground),
        names::cases(&ground.forge),
        encodings::cases(&ground.forge),
        chains::cases(ground),
    ];
    let all: Vec<_> = groups.into_iter().flatten().collect();
    let names: std::collections::BTreeSet<_> = all.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), all.len(), "two of one name");
    all
}

/// What an honest device hears: there is something to fetch.
fn served() -> Heard {
    Heard::Answer(302, String::new())
}

/// No code at all.
const SERVED: &str = "-";
const BAD: &str = "bad-certificate";
const ENDED: &str = "certificate-ended";
const NOT_BEGUN: &str = "certificate-not-begun";
const NOT_PROVED: &str = "handshake-failed";
const PURPOSE: &str = "wrong-purpose";
const TOO_LONG: &str = "chain-too-long";
const UNKNOWN: &str = "unknown-certificate";
const UNKNOWN_ISSUER: &str = "unknown-issuer";
