//! Tables: every line of ESP-IDF releases updates from our servers, and what the releases make of it.

use std::{fs, path::PathBuf, sync::Mutex, thread};

use esp_formats::bundle::Format;

use super::Stock;
use crate::{
    esp_idf::{
        Config, Dial, EspErr, Failure, Line, Mode, Program, Quirk, Release, Rustls, lines,
        releases_with, update,
    },
    harness::{House, Table, built_with, skip},
};

/// How an app may use `esp_https_ota`: the mode, and whether it calls `esp_https_ota_get_img_desc` first.
const MODES: [(&str, Mode, bool); 4] = [
    ("one request", Mode::Whole, false),
    ("in parts", Mode::Parts, false),
    ("in parts, descriptor read first", Mode::Parts, true),
    ("resumed", Mode::Resumed, false),
];

/// `MBEDTLS_SSL_IN_CONTENT_LEN`: ESP-IDF's default, and what boards with little memory are built with.
const BUFFERS: [(&str, usize); 2] = [("16 KiB", 16384), ("4 KiB", 4096)];

#[test]
fn the_stock_client_table() {
    let stock = patient();
    let lines = lines();
    let devices: Vec<Device> = (0..)
        .zip(&lines)
        .map(|(n, line)| Device::enroll(&stock, n, line))
        .collect();
    let found = Mutex::new(vec![Vec::new(); devices.len()]);
    let next = Mutex::new(devices.iter().enumerate());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let taken = next.lock().unwrap().next();
                    let Some((n, device)) = taken else { return };
                    let cells = device.all_by_rustls(&stock);
                    found.lock().unwrap()[n] = cells;
                }
            });
        }
    });
    let mut table = Table::new(&[
        "ESP-IDF", "trust", "buffers", MODES[0].0, MODES[1].0, MODES[2].0, MODES[3].0,
    ]);
    for (line, by_buffer) in lines.iter().zip(found.into_inner().unwrap()) {
        let trust = if line.first.has(Quirk::NoBundle) {
            "`cert_pem`"
        } else {
            "bundle"
        };
        let mut row = |buffers: &str, cells: &[String]| {
            let [whole, parts, described, resumed] = cells else {
                panic!("{cells:?}");
            };
            let line = line.to_string();
            table.row([&line, trust, buffers, whole, parts, described, resumed]);
        };
        if by_buffer[0] == by_buffer[1] {
            row(
                &format!("{}, {}", BUFFERS[0].0, BUFFERS[1].0),
                &by_buffer[0],
            );
        } else {
            row(BUFFERS[0].0, &by_buffer[0]);
            row(BUFFERS[1].0, &by_buffer[1]);
        }
    }
    table.print("stock clients, by ESP-IDF release");
    table.stands_in("esp-idf.md", "stock-clients");
}

#[test]
fn the_stock_client_over_mbedtls_table() {
    let stock = patient();
    let mut table = Table::new(&[
        "library", "buffer", "ESP-IDF", MODES[0].0, MODES[1].0, MODES[2].0, MODES[3].0,
    ]);
    let mut missing = false;
    let mut numbers = 1000..;
    for (variable, from, before) in [
        ("COUNTERSIGN_MBEDTLS_2_28", "v4.4.1", "v5.0"),
        ("COUNTERSIGN_MBEDTLS_16K", "v5.0.9", "v6.0"),
        ("COUNTERSIGN_MBEDTLS_4K", "v5.0.9", "v6.0"),
    ] {
        let span = Release::named(from).idf()..Release::named(before).idf();
        // Of those from v5.0.9 on, some have an older 3.x: they are left out.
        let old = |line: &Line| from != "v4.4.1" && line.first.has(Quirk::NoFragmentedHandshake);
        for line in lines() {
            if !span.contains(&line.first.idf()) || old(&line) {
                continue;
            }
            let device = Device::enroll(&stock, numbers.next().unwrap(), &line);
            let Some(program) = Program::named_by(variable, &device.folder) else {
                let program = format!("a program named by {variable}");
                let how = "building the peer that speaks mbedTLS";
                skip("the_stock_client_over_mbedtls_table", &program, how);
                missing = true;
                break;
            };
            let port = stock.server.device_address().rsplit(':').next().unwrap();
            let port = port.parse().unwrap();
            let said = program.introduces_itself(port, "localhost").unwrap();
            let library = line_of(said["library"].as_str().unwrap());
            let buffer = format!("{} KiB", said["in_content_len"].as_u64().unwrap() / 1024);
            let cells =
                MODES.map(|(_, mode, describes)| device.updates(&stock, &program, mode, describes));
            device.has_confirmed_all(&stock);
            let [whole, parts, described, resumed] = &cells;
            let line = line.to_string();
            table.row([&library, &buffer, &line, whole, parts, described, resumed]);
        }
    }
    table.print("stock clients over mbedTLS itself");
    if !missing {
        table.stands_in("esp-idf.md", "stock-clients-mbedtls");
    }
}

#[test]
fn the_stock_quirks_table() {
    let mut table = Table::new(&["what the client does", "ESP-IDF", "where"]);
    for quirk in Quirk::ALL {
        let source = format!("`{}`", quirk.source().replace(", ", "`, `"));
        table.row([quirk.words(), &releases_with(quirk), &source]);
    }
    table.print("what differs between releases");
    table.stands_in("esp-idf.md", "stock-quirks");
}

#[test]
fn the_nothing_new_table() {
    let house = House::new();
    let server = house.serve();
    // A bundle of each format.
    for (id, idf) in [("7cdfa1000001", "v5.3"), ("7cdfa1000002", "v5.4")] {
        house.ok(&[
            "device",
            "enroll",
            id,
            "--out",
            &house.text(idf),
            "--idf",
            idf,
        ]);
    }
    let mut runs: Vec<(Line, String, String)> = Vec::new();
    for (n, line) in (1..).zip(lines()) {
        let version = format!("{n}.0");
        let release = line.first;
        house.publish(&built_with(&version, &release.idf().to_string()), n);
        let folder = match release.bundle_format() {
            Format::Legacy => "v5.3",
            Format::Offsets => "v5.4",
        };
        let tls = Rustls::of_folder(release, &house.path(folder));
        let url = format!("{}/ota?v={version}", server.device_url);
        let mut answers = Vec::new();
        let mut told = Vec::new();
        for mode in [Mode::Whole, Mode::Parts] {
            let mut config = Config::new(release, &tls, &*url);
            config.mode = mode;
            let updated = update(&config);
            let failure = updated.result.unwrap_err();
            if matches!(failure, Failure::NoSuchMode(_)) {
                continue;
            }
            let spared = !updated.slot.erased && updated.slot.bytes.is_empty();
            assert!(spared, "{line}, {mode:?}");
            answers.push(updated.asked[0].status.unwrap().to_string());
            told.push(failure.err().unwrap().to_string());
        }
        answers.dedup();
        told.dedup();
        let (answer, told) = (answers.join(", "), told.join(", in parts "));
        match runs.last_mut() {
            Some((run, same, so)) if *same == answer && *so == told => run.last = line.last,
            _ => runs.push((line, answer, told)),
        }
    }
    let mut table = Table::new(&["ESP-IDF", "answer", "what the client makes of it"]);
    for (run, answer, told) in runs {
        table.row([&run.to_string(), &answer, &told]);
    }
    table.print("nothing new, by ESP-IDF release");
    table.stands_in("esp-idf.md", "stock-nothing-new");
}

/// `Mbed TLS 3.6` of `Mbed TLS 3.6.5`: which patch it is differs by machine.
fn line_of(library: &str) -> String {
    let mut parts = library.splitn(3, '.');
    let line: Vec<&str> = parts.by_ref().take(2).collect();
    line.join(".")
}

/// An installation that offers a device the same release as often as it comes: here it goes back each time.
fn patient() -> Stock {
    let house = House::new();
    let settings = house.state().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let often = text.replace("attempts = 3 ", "attempts = 1000 ");
    assert_ne!(often, text);
    fs::write(&settings, often).unwrap();
    Stock::with(house)
}

/// A device of one line of releases.
struct Device {
    release: Release,
    id: String,
    folder: PathBuf,
}

impl Device {
    /// Enrolls one, whose bundle is what its release reads.
    fn enroll(stock: &Stock, n: usize, line: &Line) -> Self {
        let id = format!("7cdfa11{n:05}");
        let folder = stock.house.path(&id);
        let (out, idf) = (folder.to_str().unwrap(), line.first.idf().to_string());
        let args = ["device", "enroll", &id, "--out", out, "--idf", &idf];
        stock.house.ok(&args);
        Self {
            release: line.first,
            id,
            folder,
        }
    }

    /// By buffer, how each mode went.
    fn all_by_rustls(&self, stock: &Stock) -> Vec<Vec<String>> {
        let by_buffer = BUFFERS.map(|(_, size)| {
            let mut tls = Rustls::of_folder(self.release, &self.folder);
            tls.in_content_len = size;
            let modes =
                MODES.map(|(_, mode, describes)| self.updates(stock, &tls, mode, describes));
            modes.to_vec()
        });
        self.has_confirmed_all(stock);
        by_buffer.to_vec()
    }

    /// Fetches the newer release, and then asks as one that runs it; gives how the update went.
    fn updates(&self, stock: &Stock, tls: &dyn Dial, mode: Mode, describes: bool) -> String {
        let (release, image) = (self.release, &stock.newest.bytes);
        let mut config = Config::new(release, tls, stock.url("1.0.0"));
        config.mode = mode;
        config.describes = describes;
        if mode == Mode::Resumed {
            config.written = image[..100_000].to_vec();
        }
        let updated = update(&config);
        match updated.result {
            Ok(()) => {
                assert!(
                    updated.slot.selected && updated.slot.bytes == *image,
                    "{release}"
                );
                let again = update(&Config::new(release, tls, stock.url("1.1.0")));
                assert!(
                    again.result.is_err() && again.slot.bytes.is_empty(),
                    "{release}"
                );
                "updates".to_owned()
            }
            Err(Failure::NoSuchMode(_)) => "no such mode".to_owned(),
            // ESP-IDF's own fault: no server can help it.
            Err(Failure::Err(EspErr::OtaValidateFailed, _))
                if release.has(Quirk::CountsHeadTwice) && mode == Mode::Parts && !describes =>
            {
                format!("{}, by a bug of ESP-IDF's", EspErr::OtaValidateFailed)
            }
            Err(failure) => panic!("{release}, {mode:?}: {failure}"),
        }
    }

    /// The polls with the new version were taken for confirmations.
    fn has_confirmed_all(&self, stock: &Stock) {
        let device = stock.house.json(&["device", "show", &self.id]);
        let offers = device["offers"].as_array().unwrap();
        assert!(!offers.is_empty(), "{}", self.release);
        let ended = |offer: &serde_json::Value| offer["state"] == "confirmed";
        // What failed is tried again, and confirmed with the next that works.
        assert!(offers.iter().all(ended), "{}: {device}", self.release);
    }
}
