//! The server or the device is killed, at any moment.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::harness::{House, Image, Server, image, large};

/// Address options with free ports, so that a server can come back where it was.
fn free_ports() -> Vec<String> {
    let ports: Vec<u16> = (0..2)
        .map(|_| {
            std::net::TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        })
        .collect();
    ["--device-listen", "--download-listen"]
        .iter()
        .zip(ports)
        .flat_map(|(flag, port)| [(*flag).to_owned(), format!("127.0.0.1:{port}")])
        .collect()
}

fn start(house: &House, ports: &[String]) -> Server {
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    Server::start(house, &ports)
}

/// A virtual ESP32 under way, whose events are read one by one.
struct Running {
    child: Child,
    events: Box<dyn Iterator<Item = Value>>,
}

impl Running {
    fn start(house: &House, factory: &Image) -> Self {
        let mut command = house.node_command("device", factory, &[]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let events = lines
            .map_while(Result::ok)
            .map(|line| serde_json::from_str(&line).unwrap());
        Self {
            child,
            events: Box::new(events),
        }
    }

    /// Reads on until an event holds.
    fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Option<Value> {
        self.events.by_ref().find(holds)
    }

    fn end(mut self) -> Vec<Value> {
        let events = self.events.by_ref().collect();
        self.child.wait().unwrap();
        events
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn is(event: &Value, kind: &str) -> bool {
    event["event"] == kind
}

/// A download of which at least a quarter is there.
fn is_under_way(event: &Value) -> bool {
    is(event, "progress") && event["done"].as_u64() > event["total"].as_u64().map(|total| total / 4)
}

/// Tries until the blow fell in the middle: on a busy machine a download may be over before it falls.
fn until_hit(attempt: impl Fn() -> bool) {
    assert!(
        (0..5).any(|_| attempt()),
        "the download was always over before"
    );
}

#[test]
fn a_device_in_mid_download_resumes_when_the_server_comes_back() {
    until_hit(|| {
        let house = House::new();
        let ports = free_ports();
        let mut server = start(&house, &ports);
        house.enroll();
        house.publish(&large("2.0.0"), 1);
        let mut device = Running::start(&house, &image("1.0.0"));
        let under_way = device.until(is_under_way).unwrap();
        server.kill();
        thread::sleep(Duration::from_millis(200));
        let _server = start(&house, &ports);
        let rest = device.end();
        let done = under_way["done"].as_u64().unwrap();
        for event in rest.iter().filter(|event| is(event, "progress")) {
            assert!(
                event["done"].as_u64().unwrap() >= done,
                "it began anew: {event}"
            );
        }
        assert!(rest.iter().any(|event| is(event, "confirmed")), "{rest:?}");
        assert_eq!(
            house.offers(),
            [("2.0.0".to_owned(), "confirmed".to_owned())]
        );
        rest.iter().any(|event| is(event, "retrying"))
    });
}

#[test]
fn a_device_that_lost_its_power_in_mid_download_resumes() {
    until_hit(|| {
        let house = House::new();
        let _server = house.serve();
        house.enroll();
        house.publish(&large("2.0.0"), 1);
        let factory = image("1.0.0");
        let mut device = Running::start(&house, &factory);
        device.until(is_under_way).unwrap();
        device.kill();
        let rest = Running::start(&house, &factory).end();
        let resumed = rest.iter().find(|event| is(event, "resumed"));
        if let Some(resumed) = resumed {
            assert!(resumed["done"].as_u64().unwrap() > 0, "{resumed}");
        }
        assert_eq!(
            house.offers(),
            [("2.0.0".to_owned(), "confirmed".to_owned())]
        );
        resumed.is_some()
    });
}

#[test]
fn a_server_killed_at_any_moment_comes_back_consistent() {
    let house = House::new();
    house.enroll();
    let factory = image("1.0.0");
    for round in 0..6_u64 {
        let image = image(&format!("2.{round}.0"));
        let path = house.sign(&image, round + 1);
        let mut server = house.serve();
        // The moment wanders through the publishing.
        let mut publish = house.command(&["release", "publish", path.to_str().unwrap()]);
        let mut publish = publish
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(round * 9));
        server.kill();
        let published = publish.wait().unwrap().success();
        let list = house.json(&["release", "list"]);
        let versions: BTreeSet<&str> = list
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|release| release["version"].as_str())
            .collect();
        if published {
            assert!(
                versions.contains(image.version.as_str()),
                "an answer was given and is forgotten"
            );
        }
        check_images(&house, &list);
        if !versions.contains(image.version.as_str()) {
            house.ok(&["release", "publish", path.to_str().unwrap()]);
        }
    }
    let _server = house.serve();
    // The device was enrolled while no server ran: it was told the ports of the settings. Another is told these.
    house.enroll_as("7cdfa1000002", "second");
    let events = house.node("second", &factory, &[]);
    assert!(
        events.iter().any(|event| is(event, "confirmed")),
        "{events:?}"
    );
}

/// Whatever release is visible, its image is there, whole.
fn check_images(house: &House, releases: &Value) {
    for release in releases.as_array().unwrap() {
        let name = release["image"].as_str().unwrap();
        let bytes = fs::read(Path::new(&house.state()).join("images").join(name)).unwrap();
        assert_eq!(bytes.len() as u64, release["size"].as_u64().unwrap());
        let digest: String = countersign_images::sha256(&bytes).to_string();
        assert_eq!(digest, name);
    }
}
