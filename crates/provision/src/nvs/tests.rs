use super::*;

const SETTINGS: &[u8] = include_bytes!("../../tests/data/ok_settings.bin");

fn settings() -> Settings {
    Settings {
        server: "https://updates.example.com:8443".to_owned(),
        product: "thermostat".to_owned(),
        device: "device-1".to_owned(),
        authors: vec![
            include_bytes!("../../tests/data/author0.der").to_vec(),
            include_bytes!("../../tests/data/author1.der").to_vec(),
        ],
        allowed_hosts: vec![
            "images.example.com".to_owned(),
            "bucket.s3.eu-central-1.amazonaws.com".to_owned(),
        ],
        wifi: None,
    }
}

fn wifi(ssid: &str, password: Option<&str>, country: Option<&str>) -> Settings {
    let wifi = Wifi {
        ssid: ssid.to_owned(),
        password: password.map(|password| Zeroizing::new(password.to_owned())),
        country: country.map(str::to_owned),
    };
    Settings {
        wifi: Some(wifi),
        ..settings()
    }
}

#[test]
fn writes_what_esp_idfs_generator_writes() {
    assert!(write(&settings(), 0x4000).unwrap() == SETTINGS);
}

#[test]
fn writes_the_entries_as_a_csv_of_esp_idfs_generator() {
    let settings = Settings {
        product: "lamp, \"big\"".to_owned(),
        authors: vec![vec![0x30, 0x00, 0xFF]],
        allowed_hosts: vec!["images.example.com".to_owned()],
        ..settings()
    };
    assert_eq!(
        csv(&settings).unwrap(),
        "key,type,encoding,value\n\
         countersign,namespace,,\n\
         server,data,string,https://updates.example.com:8443\n\
         product,data,string,\"lamp, \"\"big\"\"\"\n\
         device,data,string,device-1\n\
         author0,data,base64,MAD/\n\
         host0,data,string,images.example.com\n"
    );
}

#[test]
fn reads_what_esp_idfs_generator_wrote() {
    assert_eq!(read(SETTINGS).unwrap(), settings());
}

#[test]
fn keeps_settings_without_authors_and_hosts_and_with_many() {
    for count in [0, 1, 12] {
        let settings = Settings {
            authors: vec![vec![0x30; 91]; count],
            allowed_hosts: vec!["a.example".to_owned(); count],
            ..settings()
        };
        assert_eq!(read(&write(&settings, 0x4000).unwrap()).unwrap(), settings);
    }
}

#[test]
fn refuses_settings_that_no_device_could_use() {
    for server in [
        "",
        "https://",
        "https:///ota",
        "https://:8443",
        "http://a.example",
        "a.example",
    ] {
        let settings = Settings {
            server: server.to_owned(),
            ..settings()
        };
        assert!(
            matches!(write(&settings, 0x4000), Err(Error::ServerNotHttps)),
            "{server}"
        );
    }
    let invalid = |change: &dyn Fn(&mut Settings), expected: &str| {
        let mut settings = settings();
        change(&mut settings);
        match write(&settings, 0x4000) {
            Err(Error::SettingInvalid { key }) => assert_eq!(key, expected),
            other => panic!("{other:?}"),
        }
    };
    invalid(&|s| s.product.clear(), "product");
    invalid(&|s| s.device = "x".repeat(3901), "device");
    invalid(&|s| s.device.push('\0'), "device");
    invalid(&|s| s.authors[1].clear(), "author1");
    invalid(&|s| s.allowed_hosts[0].clear(), "host0");
}

#[test]
fn refuses_what_does_not_fit() {
    let settings = Settings {
        authors: vec![vec![0x30; 3000]; 5],
        ..settings()
    };
    assert!(matches!(
        write(&settings, 0x4000),
        Err(Error::Storage { .. })
    ));
    for size in [0, 0x1000, 0x4001] {
        assert!(
            matches!(write(&settings, size), Err(Error::Storage { .. })),
            "{size}"
        );
    }
}

#[test]
fn names_the_setting_that_is_missing_or_of_another_type() {
    let partition = |entries| NvsPartition { entries }.generate_partition(0x3000).unwrap();
    let text = |value: &str| DataValue::String(value.to_owned());
    let server = || entry(SERVER.to_owned(), text("https://a.example"));
    assert!(matches!(
        read(&partition(vec![server()])),
        Err(Error::SettingMissing { key: PRODUCT })
    ));
    let wrong = vec![server(), entry(PRODUCT.to_owned(), DataValue::U8(1))];
    assert!(matches!(read(&partition(wrong)), Err(Error::SettingType { key }) if key == PRODUCT));
    let elsewhere = NvsEntry::new_data(
        "other".to_owned(),
        SERVER.to_owned(),
        text("https://b.example"),
    );
    assert!(matches!(
        read(&partition(vec![elsewhere])),
        Err(Error::SettingMissing { key: SERVER })
    ));
    assert!(matches!(
        read(&[0xFF; 0x3000]),
        Err(Error::SettingMissing { key: SERVER })
    ));
}

#[test]
fn survives_hostile_partitions() {
    for len in (0..SETTINGS.len()).step_by(509).chain([0x1000, 0x2000]) {
        let _ = read(&SETTINGS[..len]);
    }
    let mut damaged = SETTINGS.to_vec();
    // The written part, and a little of the blank one.
    for at in 0..1400 {
        for mask in [0x01, 0xFF] {
            damaged[at] ^= mask;
            let _ = read(&damaged);
            damaged[at] ^= mask;
        }
    }
    let mut state = 0x1234_5678_u32;
    for _ in 0..200 {
        for byte in &mut damaged[..0x1000] {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            *byte = state.to_le_bytes()[0];
        }
        damaged[0] = 0xFE;
        damaged[1..4].fill(0xFF);
        let _ = read(&damaged);
    }
}

#[test]
fn a_network_is_written_as_the_firmware_reads_it() {
    let (name, key) = ("x".repeat(32), "0123456789abcdefABCDEF00".repeat(3));
    for (ssid, password, country) in [
        ("Gäste im Büro", Some("eight888"), Some("DE")),
        ("open", None, None),
        (&name, Some(&key[..64]), None),
        ("spaces and, commas", Some("pass, \"word\""), None),
    ] {
        let settings = wifi(ssid, password, country);
        let partition = write(&settings, 0x4000).unwrap();
        assert_eq!(read(&partition).unwrap(), settings);
        let on_device = esp_formats::nvs::Nvs::parse(&partition).unwrap();
        for (key, value) in [
            (WIFI_SSID, Some(ssid)),
            (WIFI_PASSWORD, password),
            (WIFI_COUNTRY, country),
            (SERVER, Some("https://updates.example.com:8443")),
        ] {
            assert_eq!(on_device.text(NAMESPACE, key), Ok(value), "{key}");
        }
    }
    let shown = format!("{:?}", wifi("office", Some("secret99"), None));
    assert!(shown.contains("office") && !shown.contains("secret99"));
}

#[test]
fn refuses_a_network_that_no_radio_could_join() {
    let (long, key) = ("x".repeat(33), "g".repeat(64));
    for (ssid, password, country, wrong) in [
        ("", None, None, WIFI_SSID),
        (&*long, None, None, WIFI_SSID),
        ("a\0b", None, None, WIFI_SSID),
        ("a", Some("seven77"), None, WIFI_PASSWORD),
        ("a", Some(&*key), None, WIFI_PASSWORD),
        ("a", None, Some("de"), WIFI_COUNTRY),
        ("a", None, Some("DEU"), WIFI_COUNTRY),
    ] {
        let error = write(&wifi(ssid, password, country), 0x4000).unwrap_err();
        assert!(
            matches!(&error, Error::SettingInvalid { key } if key == wrong),
            "{wrong}: {error}"
        );
    }
}

#[test]
fn a_store_is_a_name_and_there_are_eight_at_most() {
    let hosts = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    for good in ["bucket.s3.example", "127.0.0.1", "localhost"] {
        assert!(check_hosts(&hosts(&[good])).is_ok(), "{good}");
    }
    for bad in [
        "",
        "https://bucket.s3.example",
        "bucket.s3.example:443",
        "bucket.s3.example/",
        "someone@bucket.s3.example",
        "bücket.example",
        "two words",
        &"x".repeat(254),
    ] {
        let refused = check_hosts(&hosts(&["good.example", bad]));
        assert!(
            matches!(&refused, Err(Error::SettingInvalid { key }) if key == "host1"),
            "{bad}: {refused:?}"
        );
    }
    assert!(check_hosts(&hosts(&["store.example"; 8])).is_ok());
    let refused = check_hosts(&hosts(&["store.example"; 9]));
    assert!(matches!(refused, Err(Error::SettingInvalid { key }) if key == "host8"));
}
