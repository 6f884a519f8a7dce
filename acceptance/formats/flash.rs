//! The flash file after a run: layout, settings, identity.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::harness::{DEVICE, House, Server, composed, espressif, image, judge, python, run};

/// A device that was updated once.
fn updated() -> (House, Server) {
    let house = House::new();
    let server = house.serve();
    house.enroll();
    house.publish(&image("1.1.0"), 1);
    house.node("device", &image("1.0.0"), &[]);
    assert_eq!(house.device()["running"]["version"], "1.1.0");
    (house, server)
}

/// The flash by the script that knows the layout; its partitions are then files in the house's folder.
fn cut(python: &Path, house: &House) -> Value {
    let flash = house.text("device/flash.bin");
    judge(python, "flash_layout.py", &[&flash, &house.text("")])
}

fn entry(sequence: impl Into<Value>, state: &str) -> Value {
    let blank = "ff".repeat(20);
    json!({ "sequence": sequence.into(), "state": state, "label": blank })
}

#[test]
fn the_flash_is_laid_out_as_esp_idf_has_it() {
    let Some(python) = python("formats_layout") else {
        return;
    };
    let (house, _server) = updated();
    let flash = cut(&python, &house);
    let rows = flash["partitions"].as_array().unwrap().iter();
    let rows: Vec<_> = rows
        .map(|row| {
            let number = |name: &str| row[name].as_u64().unwrap();
            (
                row["label"].as_str().unwrap(),
                number("type"),
                number("subtype"),
                number("offset"),
                number("size"),
                number("flags"),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("nvs", 1, 2, 0x9000, 0x4000, 0),
            ("otadata", 1, 0, 0xD000, 0x2000, 0),
            ("esp_secure_cert", 0x3F, 6, 0xF000, 0x2000, 1),
            ("trust", 1, 6, 0x1_1000, 0x4000, 0),
            ("node_state", 1, 6, 0x1_5000, 0x2000, 0),
            ("trust_stores", 1, 6, 0x1_7000, 0x4000, 0),
            ("authors", 1, 6, 0x1_B000, 0x2000, 0),
            ("ota_0", 0, 0x10, 0x2_0000, 0x1E_0000, 0),
            ("ota_1", 0, 0x11, 0x20_0000, 0x1E_0000, 0),
        ]
    );
    let size = fs::metadata(house.path("device/flash.bin")).unwrap().len();
    assert_eq!(size, 4 << 20);
    assert_eq!(flash["otadata"][1], entry(2, "VALID"));
    assert_eq!(flash["otadata"][0], entry(1, "VALID"));
    assert_eq!(flash["active"], 1);
    // What was enrolled is what was flashed.
    for (partition, file) in [
        ("esp_secure_cert", "esp_secure_cert.bin"),
        ("nvs", "nvs.bin"),
        ("trust", "x509_crt_bundle"),
    ] {
        let enrolled = fs::read(house.path("device").join(file)).unwrap();
        let flashed = fs::read(house.path(&format!("{partition}.bin"))).unwrap();
        let (held, rest) = flashed.split_at(enrolled.len());
        assert!(held == enrolled, "{partition}");
        assert!(rest.iter().all(|byte| *byte == 0xFF), "{partition}");
    }
}

#[test]
fn a_rollback_is_written_as_esp_idf_writes_it() {
    let Some(python) = python("formats_rollback") else {
        return;
    };
    let (house, _server) = updated();
    house.publish(&composed("1.2.0", "esp32c3", true), 2);
    house.node("device", &image("1.0.0"), &[]);
    assert_eq!(house.device()["running"]["version"], "1.1.0");
    let flash = cut(&python, &house);
    assert_eq!(flash["otadata"][0], entry(3, "ABORTED"));
    assert_eq!(flash["otadata"][1], entry(2, "VALID"));
    assert_eq!(flash["active"], 1);
}

#[test]
fn the_settings_are_what_espressif_s_generator_makes_of_them() {
    let Some(python) = python("formats_nvs") else {
        return;
    };
    let (house, server) = updated();
    cut(&python, &house);
    let author = house.text("author0.der");
    let author_pem = house.text("device/author-1.pem");
    let openssl = run(Command::new("openssl").args([
        "pkey",
        "-pubin",
        "-in",
        &author_pem,
        "-outform",
        "DER",
        "-out",
        &author,
    ]));
    assert!(openssl.status.success());
    let csv = format!(
        "key,type,encoding,value\n\
         countersign,namespace,,\n\
         server,data,string,{}\n\
         product,data,string,demo\n\
         device,data,string,{DEVICE}\n\
         author0,file,binary,{author}\n",
        server.device_url,
    );
    let (settings, theirs) = (house.text("settings.csv"), house.text("theirs.bin"));
    fs::write(&settings, csv).unwrap();
    let args = ["generate", &settings, &theirs, "0x4000"];
    espressif(&python, "esp_idf_nvs_partition_gen", &args);
    let theirs = fs::read(theirs).unwrap();
    assert!(
        fs::read(house.path("nvs.bin")).unwrap() == theirs,
        "in flash"
    );
    let enrolled = fs::read(house.path("device/nvs.bin")).unwrap();
    assert!(enrolled == theirs, "in the enrolled device's folder");

    let again = house.text("again.bin");
    let args = ["generate", &house.text("device/nvs.csv"), &again, "0x4000"];
    espressif(&python, "esp_idf_nvs_partition_gen", &args);
    assert!(fs::read(again).unwrap() == theirs, "of our CSV");
}

#[test]
fn espressif_s_tool_finds_key_chain_and_root_in_esp_secure_cert() {
    let Some(python) = python("formats_secure_cert") else {
        return;
    };
    let (house, _server) = updated();
    cut(&python, &house);
    let tool = python.with_file_name("configure_esp_secure_cert.py");
    let output = run(Command::new(&python)
        .arg(tool)
        .args(["--parse_bin", "esp_secure_cert.bin"])
        .current_dir(house.path("")));
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}");
    assert!(words.contains("3 valid entries"), "{words}");
    let contents = house.path("esp_secure_cert_parsed_data/contents");
    for (found, file) in [
        ("cacert_0_0.pem", "server-root.pem"),
        ("devcert_1_0.pem", "device.pem"),
        ("privkey_2_0.pem", "device.key"),
    ] {
        let theirs = fs::read_to_string(contents.join(found)).unwrap();
        let ours = fs::read_to_string(house.path("device").join(file)).unwrap();
        assert_eq!(theirs.trim_end_matches('\0'), ours, "{file}");
    }
    // The chain is whole: the device's certificate, and that of the authority that issued it.
    let chain = fs::read_to_string(contents.join("devcert_1_0.pem")).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
}

#[test]
fn a_network_goes_into_the_settings_as_espressif_s_generator_has_it() {
    let Some(python) = python("formats_wifi") else {
        return;
    };
    let house = House::new();
    let _server = house.serve();
    let (password, out) = (house.text("password.txt"), house.text("board"));
    let enroll = |password: &str| {
        run(&mut house.command(&[
            "device",
            "enroll",
            DEVICE,
            "--out",
            &out,
            "--wifi-ssid",
            "Gäste im Büro",
            "--wifi-password-file",
            password,
            "--wifi-country",
            "DE",
        ]))
    };
    // Nothing is enrolled with a password that no radio takes.
    fs::write(&password, "short\n").unwrap();
    let refused = enroll(&password);
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("wifi_password"), "{words}");
    assert!(!house.path("board").exists());

    fs::write(&password, "correct horse\nbattery\n").unwrap();
    let enrolled = enroll(&password);
    let words = String::from_utf8_lossy(&enrolled.stderr);
    assert!(enrolled.status.success(), "{words}");
    let (csv, again) = (house.text("board/nvs.csv"), house.text("again.bin"));
    let rows = fs::read_to_string(&csv).unwrap();
    let wanted = [
        "wifi_ssid,data,string,Gäste im Büro",
        "wifi_password,data,string,correct horse",
        "wifi_country,data,string,DE",
    ];
    assert!(
        wanted
            .iter()
            .all(|row| rows.lines().any(|line| line == *row)),
        "{rows}"
    );
    let args = ["generate", &csv, &again, "0x4000"];
    espressif(&python, "esp_idf_nvs_partition_gen", &args);
    let ours = fs::read(house.path("board/nvs.bin")).unwrap();
    assert!(fs::read(again).unwrap() == ours);
    for name in ["nvs.csv", "nvs.bin"] {
        let file = fs::metadata(house.path("board").join(name)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions());
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
