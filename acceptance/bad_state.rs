//! A state directory or a machine that is not as it should be: said so, and nothing lost.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::Path,
    process::Command,
};

use crate::harness::{House, image, run, skip};

#[test]
fn a_state_directory_that_is_not_right_is_said_to_be_so() {
    let house = House::new();
    let state = house.state();
    let missing = state.join("authorities/device-issuing.key");
    let key = fs::read(&missing).unwrap();
    fs::remove_file(&missing).unwrap();
    for args in [&["device", "list"][..], &["serve"]] {
        let said = house.fails(args);
        assert!(
            said.contains("device-issuing.key") && said.contains("backup"),
            "{said}"
        );
    }
    fs::write(&missing, &key).unwrap();
    let said = house.fails(&["device", "list"]);
    assert!(
        said.contains("chmod 600"),
        "a key that all may read: {said}"
    );
    run(Command::new("chmod").arg("600").arg(&missing));
    house.ok(&["device", "list"]);

    let settings = state.join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("check_in_s", "chekc_in_s")).unwrap();
    let said = house.fails(&["serve"]);
    assert!(
        said.contains("countersign.toml") && said.contains("chekc_in_s"),
        "{said}"
    );
    fs::write(&settings, text).unwrap();

    // A database of a later program: `user_version` lies at byte 60 of the file (SQLite's format, 1.3).
    let database = state.join("countersign.db");
    let good = fs::read(&database).unwrap();
    let mut newer = good.clone();
    newer[60..64].copy_from_slice(&999_u32.to_be_bytes());
    fs::write(&database, &newer).unwrap();
    let said = house.fails(&["device", "list"]);
    assert!(
        said.contains("999") && said.contains("countersign.db"),
        "{said}"
    );
    assert_eq!(fs::read(&database).unwrap()[60..64], newer[60..64]);
    fs::write(&database, good).unwrap();
    house.ok(&["device", "list"]);

    let said = house.fails(&["init", "--author-key", &house.text("author.key")]);
    assert!(said.contains("there already"), "{said}");
    let said = house.fails(&["--state", &house.text("nowhere"), "device", "list"]);
    assert!(said.contains("countersign init"), "{said}");
    let inside = house.text("new/author.key");
    let said = house.fails(&[
        "--state",
        &house.text("new"),
        "init",
        "--author-key",
        &inside,
    ]);
    assert!(said.contains("elsewhere"), "{said}");
    assert!(!house.path("new").exists());
    // Nor by a way round.
    let inside = house.text("state/../new/x/../author.key");
    let said = house.fails(&[
        "--state",
        &house.text("new"),
        "init",
        "--author-key",
        &inside,
    ]);
    assert!(said.contains("elsewhere"), "{said}");
}

#[test]
fn a_state_directory_that_another_process_holds_is_left_alone() {
    let house = House::new();
    let lock = File::options().write(true).open(house.state().join("lock"));
    let lock = lock
        .or_else(|_| File::create(house.state().join("lock")))
        .unwrap();
    lock.lock().unwrap();
    for args in [&["device", "list"][..], &["serve"]] {
        let said = house.fails(args);
        assert!(said.contains("held by"), "{said}");
    }
    drop(lock);
    let _server = house.serve();
    let said = house.fails(&["serve"]);
    assert!(said.contains("held by"), "{said}");
    house.ok(&["device", "list"]);
}

#[test]
fn a_taken_port_is_named_with_the_setting_that_changes_it() {
    let house = House::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for plane in ["device", "download", "operator"] {
        let mut args = vec!["serve".to_owned()];
        for other in ["device", "download", "operator"] {
            let at = if other == plane {
                &address
            } else {
                "127.0.0.1:0"
            };
            args.extend([format!("--{other}-listen"), at.to_owned()]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = house.fails(&args);
        let setting = format!("[{plane}] listen");
        assert!(said.contains(&address) && said.contains(&setting), "{said}");
    }
}

#[test]
fn a_read_only_state_directory_is_said_to_be_so() {
    if run(Command::new("id").arg("-u")).stdout != b"0\n" {
        skip(
            "read_only",
            "root, to become another user",
            "running the tests as root",
        );
        return;
    }
    let house = House::new();
    let program = house.path("countersign");
    fs::copy(env!("CARGO_BIN_EXE_countersign"), &program).unwrap();
    let folder = house.path("");
    run(Command::new("chown")
        .args(["-R", "65534:65534"])
        .arg(&folder));
    run(Command::new("chmod").args(["-R", "a-w"]).arg(house.state()));
    let output = run(Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .arg("--state")
        .arg(house.state())
        .args(["device", "list"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.starts_with("error: ") && said.contains("written"),
        "{said}"
    );
}

#[test]
fn a_full_disk_loses_nothing() {
    let house = House::new();
    let disk = house.path("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = run(Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "countersign-test"])
        .arg(&disk));
    if !mounted.status.success() {
        skip(
            "full_disk",
            "the right to mount a small disk",
            "running the tests as root",
        );
        return;
    }
    let told = std::panic::catch_unwind(|| fill(&house, &disk));
    run(Command::new("umount").arg(&disk));
    told.unwrap();
}

fn fill(house: &House, disk: &Path) {
    let state = disk.join("state");
    let state = state.to_str().unwrap();
    house.ok(&[
        "--state",
        state,
        "init",
        "--product",
        "demo",
        "--unsigned-images",
        "--author-key",
        &house.text("author.key"),
    ]);
    let mut published = 0;
    let said = loop {
        let image = image(&format!("1.{published}.0"));
        let path = house.sign(&image, published + 1);
        let output = run(&mut house.command(&[
            "--state",
            state,
            "release",
            "publish",
            path.to_str().unwrap(),
        ]));
        if !output.status.success() {
            break String::from_utf8(output.stderr).unwrap();
        }
        published += 1;
        assert!(published < 20, "the disk never was full");
    };
    assert!(said.contains("full"), "{said}");
    let list = house.json(&["--state", state, "release", "list"]);
    assert_eq!(list.as_array().unwrap().len() as u64, published);
    let images = || {
        fs::read_dir(Path::new(state).join("images"))
            .unwrap()
            .count() as u64
    };
    assert_eq!(images(), published, "a half image is left");
    let stopped = house.path(&format!("1.{published}.0.bin"));
    fs::remove_file(
        Path::new(state)
            .join("images")
            .join(list[0]["image"].as_str().unwrap()),
    )
    .unwrap();
    house.ok(&[
        "--state",
        state,
        "release",
        "publish",
        stopped.to_str().unwrap(),
    ]);
}
