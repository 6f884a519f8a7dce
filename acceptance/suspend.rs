//! A device that shall not come for now, and one that shall never come again.

use std::process::Command;

use serde_json::Value;

use crate::harness::{
    DEVICE, House, Live, REVOKED, SUSPENDED, barred, image, need, times_refused, wait_until,
};

/// The audit lines about a device that was not enrolled only, oldest first: action and detail.
fn audited(house: &House) -> Vec<(String, String)> {
    let all = house.operator("/v1/audit");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = all.as_array().unwrap().iter().rev();
    lines
        .filter(|line| line["subject"] == DEVICE && line["action"] != "device.enroll")
        .map(|line| (text(&line["action"]), text(&line["detail"])))
        .collect()
}

fn line(action: &str, detail: &str) -> (String, String) {
    (action.to_owned(), detail.to_owned())
}

#[test]
fn a_suspended_device_s_connections_are_cut_and_it_works_again_when_resumed() {
    if !need("suspend_live", "openssl", "apt-get install openssl")
        || !need("suspend_live", "curl", "apt-get install curl")
    {
        return;
    }
    let house = House::new();
    let server = house.serve();
    house.enroll();
    house.publish(&image("1.1.0"), 1);
    let device = house.path("device");
    let mut live = VERSIONS.map(|version| Live::connect(&server, &device, version));
    for connection in &mut live {
        assert_eq!(connection.poll().0, "302");
    }
    let told = house.json(&["device", "suspend", DEVICE, "--reason", "lent out"]);
    assert_eq!(told["state"], "suspended");
    assert_eq!(told["state_reason"], "lent out");
    for connection in live {
        connection.demand_cut();
    }
    let (_, code) = SUSPENDED;
    assert!(wait_until(|| times_refused(&house, code) == 2));
    assert_eq!(house.operator("/v1/server")["cut"], 2);
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    barred(&house, "device", &url, SUSPENDED);
    let refused = &house.operator("/v1/refusals")[0];
    assert_eq!(refused["reason"], "device-suspended");
    assert_eq!(refused["claimed"], DEVICE);
    // The node hears it too, and changes nothing for it.
    let events = house.node("device", &image("1.0.0"), &[]);
    let failed = events
        .iter()
        .find(|event| event["event"] == "check-in-failed");
    assert_eq!(failed.unwrap()["reason"], "not-admitted");

    // Said again, it changes nothing, not even the reason.
    let again = house.json(&["device", "suspend", DEVICE, "--reason", "lost"]);
    assert_eq!(again["state_reason"], "lent out");

    let told = house.json(&["device", "resume", DEVICE]);
    assert_eq!(told["state"], "active");
    assert_eq!(told["state_reason"], Value::Null);
    assert_eq!(told["certificates"][0]["revoked_at"], Value::Null);
    for version in VERSIONS {
        assert_eq!(Live::connect(&server, &device, version).poll().0, "302");
    }
    house.ok(&["device", "resume", DEVICE]);
    house.node("device", &image("1.0.0"), &[]);
    assert_eq!(house.device()["running"]["version"], "1.1.0");
    let wanted = [
        line("device.suspend", "lent out"),
        line("device.resume", ""),
    ];
    assert_eq!(audited(&house), wanted);
}

#[test]
fn a_revoked_device_s_connections_are_cut_and_it_stays_revoked() {
    if !need("revoke_live", "openssl", "apt-get install openssl")
        || !need("revoke_live", "curl", "apt-get install curl")
    {
        return;
    }
    let house = House::new();
    let server = house.serve();
    house.enroll();
    house.publish(&image("1.1.0"), 1);
    let device = house.path("device");
    let mut live = VERSIONS.map(|version| Live::connect(&server, &device, version));
    for connection in &mut live {
        assert_eq!(connection.poll().0, "302");
    }
    // Suspended first: of the two, revoking has the last word.
    house.ok(&["device", "suspend", DEVICE]);
    house.ok(&["device", "revoke", DEVICE, "--reason", "stolen"]);
    // The first of them did it; what comes again is refused in the handshake.
    for connection in live {
        connection.demand_cut();
    }
    assert!(wait_until(|| times_refused(&house, SUSPENDED.1) == 2));
    for verb in ["resume", "suspend"] {
        let told = house.fails(&["device", verb, DEVICE]);
        assert!(told.contains("already-revoked"), "{told}");
        assert!(told.contains("stays so"), "{told}");
        let socket = house.state().join("operator.sock");
        let url = format!("http://countersign/v1/devices/{DEVICE}/{verb}");
        let told = Command::new("curl")
            .args(["-s", "-w", "\n%{http_code}", "--unix-socket"])
            .arg(socket)
            .args(["-H", "Content-Type: application/json", "-d", "{}", &url])
            .output()
            .unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let (body, status) = told.rsplit_once('\n').unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!((status, &body["error"]), ("409", &"already-revoked".into()));
    }
    let shown = house.device();
    assert_eq!(shown["state"], "revoked");
    assert_eq!(shown["state_reason"], "stolen");
    for version in VERSIONS {
        Live::connect(&server, &device, version).demand_cut();
    }
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    barred(&house, "device", &url, REVOKED);
    let wanted = [line("device.suspend", ""), line("device.revoke", "stolen")];
    assert_eq!(audited(&house), wanted);
}

#[test]
fn suspending_and_resuming_need_no_server_and_a_device_that_is_there() {
    let house = House::new();
    house.enroll();
    for verb in ["suspend", "resume", "revoke"] {
        let told = house.fails(&["device", verb, "7cdfa1000099"]);
        assert!(told.contains("unknown-device"), "{told}");
    }
    let told = house.ok(&["device", "suspend", DEVICE, "--reason", "on the bench"]);
    assert!(told.starts_with("suspended 7cdfa1000001: "), "{told}");
    let shown = house.ok(&["device", "show", DEVICE]);
    assert!(shown.contains("suspended (on the bench)"), "{shown}");
    assert!(house.ok(&["device", "list"]).contains("suspended"));
    let told = house.ok(&["device", "resume", DEVICE]);
    assert!(told.starts_with("resumed 7cdfa1000001: "), "{told}");
    assert_eq!(house.device()["state"], "active");
}

/// The options of openssl for TLS 1.2 alone and for 1.3 alone.
const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];
