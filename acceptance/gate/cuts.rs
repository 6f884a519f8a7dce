//! A device that is barred while it downloads and keeps another connection: both end, and it comes back by no way.

use std::{
    io::Read as _,
    process::{Child, Command, Stdio},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    harness::{
        CUT_WITHIN, DEVICE, House, Live, REVOKED, SUSPENDED, Server, ask, barred, curl, large, need,
    },
    pki::{identity, s_client},
};

/// curl in the midst of a download; killed with its handle.
///
/// Nobody reads what it writes, so that it stops reading too, and most of the image stays where it is.
struct Download(Child);

impl Download {
    /// Begins one, and waits until something of it is there.
    fn begin(house: &House, folder: &str, version: &[&str], url: &str) -> Self {
        let mut command = Command::new("curl");
        command
            .args(curl(&house.path(folder)))
            .args(version)
            .args(["--no-buffer", "--max-time", "300"])
            .arg(url)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut download = Self(command.spawn().unwrap());
        let first = download.0.stdout.as_mut().unwrap().read_exact(&mut [0]);
        first.unwrap_or_else(|error| panic!("nothing came of {url}: {error}"));
        download
    }

    /// Lets it read what its system has of the image, and end; gives how many bytes came, and curl's words.
    fn ended(mut self) -> (usize, String) {
        let (mut came, mut said) = (Vec::new(), String::new());
        let stdout = self.0.stdout.as_mut().unwrap();
        stdout.read_to_end(&mut came).unwrap();
        let stderr = self.0.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        assert!(!self.0.wait().unwrap().success(), "{said}");
        (1 + came.len(), said)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many connections a plane has.
fn open(house: &House, plane: &str) -> u64 {
    let told = house.operator("/v1/server");
    told["connections"][plane]["open"].as_u64().unwrap()
}

#[test]
fn who_is_barred_in_mid_download_is_cut_and_comes_back_neither_anew_nor_by_his_session() {
    for (program, install) in [
        ("curl", "apt-get install curl"),
        ("openssl", "apt-get install openssl"),
    ] {
        if !need("cut_download", program, install) {
            return;
        }
    }
    thread::scope(|scope| {
        for verb in ["revoke", "suspend"] {
            for versions in [
                ("-tls1_2", &["--tls-max", "1.2"][..]),
                ("-tls1_3", &["--tlsv1.3"]),
            ] {
                scope.spawn(move || is_cut(verb, versions));
            }
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "how long it took is told")]
fn is_cut(verb: &str, (version, for_curl): (&str, &[&str])) {
    let bar = if verb == "revoke" { REVOKED } else { SUSPENDED };
    let house = House::new();
    let server = house.serve();
    house.enroll();
    house.enroll_as("7cdfa1000002", "other");
    let image = large("1.1.0");
    house.publish(&image, 1);
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    let location = |folder| ask(&house.path(folder), &[&url]).unwrap().location();
    let (own, others) = (location("device"), location("other"));
    let session = house.text("session.pem");
    let come = |more: &str| by_openssl(&house, &server, version, [more, &session]);
    assert!(come("-sess_out").contains("HTTP/1.1 302"));
    assert!(come("-sess_in").contains("Reused, TLSv1."));

    let download = Download::begin(&house, "device", for_curl, &own);
    let of_another = Download::begin(&house, "other", for_curl, &others);
    let mut idle = Live::connect(&server, &house.path("device"), version);
    assert_eq!(idle.poll().0, "302");
    assert_eq!((open(&house, "download"), open(&house, "device")), (2, 1));

    let begun = Instant::now();
    house.ok(&["device", verb, DEVICE, "--reason", "stolen"]);
    let done = begun.elapsed();
    idle.demand_cut();
    let idle_gone = begun.elapsed();
    // Nobody else is cut.
    while open(&house, "download") != 1 {
        assert!(begun.elapsed() < CUT_WITHIN, "the download goes on");
        sleep(Duration::from_millis(5));
    }
    eprintln!(
        "{verb}, {version}: the command took {done:.1?}; the idle connection was gone after {idle_gone:.1?}, the download \
         after {:.1?}",
        begun.elapsed(),
    );
    let (came, said) = download.ended();
    assert!(said.contains("reset"), "{said}");
    assert!(came < image.bytes.len(), "all of it came");
    assert_eq!(house.operator("/v1/server")["cut"], 2);
    assert_eq!((open(&house, "download"), open(&house, "device")), (1, 0));
    drop(of_another);
    let whole = ask(&house.path("other"), &[&others]).unwrap();
    assert!(whole.body == image.bytes, "another image");

    // Anew, at both planes and by both versions; and by the session.
    for url in [&url, &own] {
        barred(&house, "device", url, bar);
    }
    let words = come("-sess_in");
    assert!(words.contains(bar.0), "{words}");
    for other in ["Reused, TLSv1.", "HTTP/1.1"] {
        assert!(!words.contains(other), "{words}");
    }
    let told = house.device();
    let refusals = told["refusals"].as_array().unwrap();
    for plane in ["device", "download"] {
        let at = |one: &Value| one["plane"] == plane && one["reason"] == bar.1;
        assert!(refusals.iter().any(at), "no {plane} in {told}");
    }
    let said = house.ok(&["device", "show", DEVICE]);
    assert!(said.contains("turned away"), "{said}");
    let state = if verb == "revoke" {
        "revoked"
    } else {
        "suspended"
    };
    assert!(said.contains(&format!("{state} (stolen)")), "{said}");

    if verb == "suspend" {
        house.ok(&["device", "resume", DEVICE]);
        // By a proof of its key: the session is gone for good.
        let words = come("-sess_in");
        assert!(words.contains("HTTP/1.1 302"), "{words}");
        assert!(!words.contains("Reused, TLSv1."), "{words}");
        let whole = ask(&house.path("device"), &[for_curl, &[&own]].concat());
        assert!(whole.unwrap().body == image.bytes, "another image");
    }
}

/// `openssl s_client` as the house's device; gives all its words.
fn by_openssl(house: &House, server: &Server, version: &str, session: [&str; 2]) -> String {
    let identity = identity(house);
    let mut options: Vec<&str> = identity.iter().map(String::as_str).collect();
    options.extend(session);
    s_client(house, server, version, &options)
}
