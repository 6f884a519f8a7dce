//! Every stateful verb, while a server runs and while none does.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use serde_json::Value;

use crate::harness::{House, Server, image, need, run};

#[test]
fn verbs_work_with_and_without_a_server() {
    let house = House::new();
    house.enroll_as("7cdfa1000001", "first");
    house.publish(&image("1.0.0"), 1);
    {
        let _server = house.serve();
        house.enroll_as("7cdfa1000002", "second");
        house.publish(&image("1.1.0"), 2);
        assert_eq!(house.json(&["device", "list"]).as_array().unwrap().len(), 2);
        assert_eq!(house.json(&["release", "show", "1.1.0"])["counter"], 2);
    }
    house.ok(&["device", "revoke", "7cdfa1000002"]);
    let devices = house.json(&["device", "list"]);
    assert_eq!(devices[0]["state"], "active");
    assert_eq!(devices[1]["state"], "revoked");
    let releases = house.json(&["release", "list"]);
    assert_eq!(releases[0]["version"], "1.1.0");
    assert_eq!(releases[1]["version"], "1.0.0");
    for words in [
        ["device", "list"],
        ["release", "list"],
        ["release", "show"],
        ["device", "show"],
    ] {
        let mut args = words.to_vec();
        match words {
            ["release", "show"] => args.push("1"),
            ["device", "show"] => args.push("7cdfa1000001"),
            _ => {}
        }
        assert!(house.ok(&args).contains('1'), "{args:?}");
    }
}

#[test]
fn keys_are_their_owners_alone_and_the_author_s_is_not_the_server_s() {
    let house = House::new();
    house.enroll();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&house.state()), 0o700);
    let mut keys = vec![
        house.path("author.key"),
        house.path("device").join("device.key"),
    ];
    let mut files = Vec::new();
    let mut folders = vec![house.state()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let list = if path.is_dir() {
                &mut folders
            } else {
                &mut files
            };
            list.push(path);
        }
    }
    let secret = |path: &std::path::PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| ["key", "token", "db", "db-wal", "db-shm"].contains(&ending))
    };
    keys.extend(files.iter().filter(|path| secret(path)).cloned());
    assert!(keys.len() >= 9, "{keys:?}");
    for key in &keys {
        assert_eq!(mode(key), 0o600, "{}", key.display());
    }
    let private =
        ["author.key", "device/device.key"].map(|name| fs::read(house.path(name)).unwrap());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for key in &private {
            // The private number, behind what all keys on P-256 begin with.
            let body = &key[78..92];
            assert!(
                !bytes.windows(body.len()).any(|window| window == body),
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn the_operator_plane_on_loopback_demands_its_token() {
    if !need("operator_token", "curl", "apt-get install curl") {
        return;
    }
    let house = House::new();
    let server = house.serve();
    let get = |path: &str, more: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-o", "-", "-w", "\n%{http_code}"])
            .args(more);
        let output = run(curl.arg(format!("http://{}{path}", server.operator)));
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.to_owned(), body.to_owned())
    };
    let token = fs::read_to_string(house.state().join("secrets/operator.token")).unwrap();
    let header = format!("Authorization: Bearer {}", token.trim());
    assert_eq!(get("/health", &[]).0, "200");
    assert_eq!(get("/v1/devices", &[]).0, "401");
    assert_eq!(
        get("/v1/devices", &["-H", "Authorization: Bearer x"]).0,
        "401"
    );
    assert_eq!(
        get("/v1/devices", &["-H", &header]),
        ("200".to_owned(), "[]".to_owned())
    );
    let (status, body) = get("/v1/server", &["-H", &header]);
    let view: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status.as_str(), view["device_url"].as_str()),
        ("200", Some(&*server.device_url))
    );
    assert_eq!(get("/v1/nothing", &["-H", &header]).0, "404");

    // The socket needs none, and is its owner's alone.
    let socket = house.state().join("operator.sock");
    assert_eq!(
        fs::metadata(&socket).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let output = run(Command::new("curl").args([
        "-s",
        "--unix-socket",
        socket.to_str().unwrap(),
        "http://countersign/v1/devices",
    ]));
    assert_eq!(output.stdout, b"[]");
}

#[test]
fn a_server_ends_well_when_asked_and_leaves_no_socket() {
    let house = House::new();
    let server = house.serve();
    server.stop();
    assert!(!house.state().join("operator.sock").exists());
    let _server = house.serve();
}

#[test]
fn a_state_directory_may_lie_deep() {
    let house = House::new();
    let deep = house.text(&format!("{}/state", "deep/".repeat(40)));
    fs::create_dir_all(std::path::Path::new(&deep).parent().unwrap()).unwrap();
    fs::rename(house.state(), &deep).unwrap();
    let _server = Server::start(&house, &["--state", &deep]);
    assert_eq!(
        house.ok(&["--state", &deep, "--json", "device", "list"]),
        "[]\n"
    );
}
