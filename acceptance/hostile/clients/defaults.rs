//! The limits that stand in a new installation, and those that make no sense.

use std::{fs, process::Command};

use super::set;
use crate::harness::{House, Server, Table, run};

/// The lines of `[limits]` in a new file: name, value, what it stops.
fn lines(text: &str) -> Vec<(String, String, String)> {
    let (_, section) = text.split_once("[limits]").unwrap();
    let lines = section.lines().skip(1).take_while(|line| !line.is_empty());
    lines
        .map(|line| {
            let (setting, stops) = line.split_once('#').unwrap();
            let (name, value) = setting.split_once('=').unwrap();
            (
                name.trim().to_owned(),
                value.trim().to_owned(),
                stops.trim().to_owned(),
            )
        })
        .collect()
}

#[test]
fn the_limits_and_what_they_stop_table() {
    let house = House::new();
    let text = fs::read_to_string(house.state().join("countersign.toml")).unwrap();
    let mut table = Table::new(&["`[limits]`", "default", "what it is, and stops"]);
    let lines = lines(&text);
    assert_eq!(lines.len(), 14);
    for (name, value, stops) in &lines {
        table.row([&format!("`{name}`"), value, stops]);
    }
    table.print("Limits");
    table.stands_in("attacks.md", "limits");
}

#[test]
fn a_new_installation_has_the_default_limits_and_says_so_once() {
    let house = House::new();
    let settings = house.state().join("countersign.toml");
    let said = |house: &House| {
        let server = house.serve();
        let log = server.log();
        let mut all = log.lines().filter(|line| line.contains("limits: "));
        let (line, none) = (all.next().unwrap().to_owned(), all.next());
        assert!(line.contains("INFO") && none.is_none(), "{log}");
        line.split_once("limits: ").unwrap().1.to_owned()
    };
    let written = said(&house);
    // A machine that lets a process open few files makes it fewer connections.
    assert!(written.contains("connections a plane, "), "{written}");
    for word in [
        "15s and 16384 bytes for a handshake",
        "30s, 16384 bytes and 100 headers",
        "16 of a device",
    ] {
        assert!(written.contains(word), "{written}");
    }
    // The same without the section, as in a file from before.
    let text = fs::read_to_string(&settings).unwrap();
    let (before, rest) = text.split_once("[limits]").unwrap();
    let (_, after) = rest.split_once("[product.").unwrap();
    fs::write(&settings, format!("{before}[product.{after}")).unwrap();
    assert_eq!(said(&house), written);
    fs::write(&settings, text).unwrap();
    set(
        &settings,
        &[
            ("connections", 300),
            ("per_address", 200),
            ("handshakes", 100),
        ],
    );
    assert!(
        said(&house).starts_with("300 connections a plane, 100 of them in handshakes, 200 from")
    );
}

#[test]
fn limits_that_make_no_sense_are_refused_by_name() {
    let house = House::new();
    let settings = house.state().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let mut cases = vec![
        ("connections = 10000", "connections = 100", "`connections`"),
        ("connections = 10000", "connections = -1", "-1"),
        (
            "connections = 10000",
            "connections = \"many\"",
            "connections",
        ),
        ("connections = 10000", "conections = 10000", "conections"),
        ("head_bytes = 16384", "head_bytes = 4096", "8192"),
        ("per_device = 16", "per_device = 1", "per_device"),
        ("handshake_s = 15", "handshake_s = 86400", "300"),
        ("slowest_rate = 4096", "slowest_rate = 0", "slowest_rate"),
    ];
    let lines = lines(&text);
    let zeros: Vec<(String, String)> = lines
        .iter()
        .map(|(name, value, _)| (format!("{name} = {value}"), format!("{name} = 0")))
        .collect();
    for ((good, zero), (name, ..)) in zeros.iter().zip(&lines) {
        cases.push((good, zero, name));
    }
    for (good, bad, word) in cases {
        assert!(text.contains(good), "{good}");
        fs::write(
            &settings,
            text.replace(&format!("\n{good} "), &format!("\n{bad} ")),
        )
        .unwrap();
        let said = house.fails(&["serve"]);
        assert!(
            said.contains("countersign.toml") && said.contains(word),
            "{bad}: {said}"
        );
    }
    fs::write(&settings, text).unwrap();
    house.serve().stop();
}

#[test]
fn a_server_raises_its_limit_of_open_files_or_says_that_it_cannot() {
    let house = House::new();
    let limited = |soft: u32, hard: u32| {
        let mut shell = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_countersign");
        let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" \"$@\"");
        shell.args(["-c", &script, program]);
        shell.env("COUNTERSIGN_STATE", house.state());
        shell
    };
    let settings = house.state().join("countersign.toml");
    let connections = |most| {
        let share = [
            ("connections", most),
            ("handshakes", most),
            ("per_address", most),
        ];
        set(&settings, &share);
    };
    let open_files = |server: &Server| {
        let pid = house.operator("/v1/server")["pid"].as_u64().unwrap();
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let soft = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<u32>().ok());
        (soft, server.log())
    };
    // 300 on each plane, an image for each download, and what it needs besides.
    connections(300);
    {
        let server = Server::start_by(&house, limited(256, 2048), &[]);
        let (soft, log) = open_files(&server);
        assert!(
            soft.is_none_or(|soft| (1400..=2048).contains(&soft)),
            "{soft:?}"
        );
        assert!(!log.contains("too few files"), "{log}");
        assert!(log.contains("limits: 300 connections a plane"), "{log}");
    }
    // Where there is no room for them, there are fewer.
    connections(1000);
    {
        let server = Server::start_by(&house, limited(256, 1024), &[]);
        let (soft, log) = open_files(&server);
        assert!(soft.is_none_or(|soft| soft == 1024), "{soft:?}");
        let warned = log
            .lines()
            .filter(|line| line.contains("WARN") && line.contains("LimitNOFILE"));
        assert_eq!(warned.count(), 1, "{log}");
        assert!(
            log.contains("limits: 149 connections a plane, 149 of"),
            "{log}"
        );
    }
    let output = run(limited(256, 300).arg("serve"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.contains("ulimit") && said.contains("300 files"),
        "{said}"
    );
}
