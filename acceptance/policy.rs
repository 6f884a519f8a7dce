//! What a product's settings demand of its releases: none becomes visible that its devices would download and refuse.

use std::{fs, os::unix::fs::PermissionsExt as _};

use countersign_virtual_node::compose::{App, app_image_of};
use esp_formats::app_image::ChipId;

use crate::harness::{House, Image, composed, espressif, image, python, run, secured};

/// Settings in place of `unsigned_images = true`.
fn demand(house: &House, settings: &str) {
    let path = house.state().join("countersign.toml");
    let text = fs::read_to_string(&path).unwrap();
    let line = "unsigned_images = true\n";
    assert!(text.contains(line), "{text}");
    fs::write(&path, text.replace(line, settings)).unwrap();
}

/// Keys of Secure Boot in the house's folder, made by Espressif's tool; their public halves in the state directory.
fn make_keys(house: &House, test: &str, names: &[&str]) -> bool {
    let Some(python) = python(test) else {
        return false;
    };
    for name in names {
        let key = house.text(name);
        let args = [
            "generate-signing-key",
            "--version",
            "2",
            "--scheme",
            "rsa3072",
        ];
        espressif(&python, "espsecure", &[&args[..], &[&key]].concat());
        // Espressif's tool lets everybody read it, of which a note is made.
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let public = house.state().join(name);
        let args = ["extract-public-key", "--version", "2", "--keyfile", &key];
        espressif(
            &python,
            "espsecure",
            &[&args[..], &[public.to_str().unwrap()]].concat(),
        );
    }
    true
}

/// The image, signed by these keys in this order.
fn signed(house: &House, version: &str, keys: &[&str]) -> Image {
    let (plain, out) = (house.text("plain"), house.text("signed"));
    fs::write(&plain, image(version).bytes).unwrap();
    let keys: Vec<_> = keys.iter().map(|key| house.text(key)).collect();
    let mut args = vec!["image", "sign", "--out", &out];
    args.extend(keys.iter().flat_map(|key| ["--key", key]));
    args.push(&plain);
    house.ok(&args);
    let bytes = fs::read(&out).unwrap();
    fs::remove_file(&out).unwrap();
    Image {
        version: version.to_owned(),
        bytes,
    }
}

/// An image that is longer than a slot of 4 MiB of flash.
fn long(version: &str) -> Image {
    let app = App {
        chip: ChipId::ESP32_C3,
        version,
        project: "acceptance",
        hangs: false,
        size: 2_000_000,
    };
    Image {
        version: version.to_owned(),
        bytes: app_image_of(&app, 3).unwrap(),
    }
}

fn refused(house: &House, image: &Image, counter: u64) -> String {
    let path = house.sign(image, counter);
    house.fails(&["release", "publish", path.to_str().unwrap()])
}

#[test]
fn devices_that_compare_the_first_block_alone_are_offered_no_image_with_the_new_key_first() {
    let house = House::new();
    if !make_keys(&house, "policy_first_block", &["old.pem", "new.pem"]) {
        return;
    }
    demand(
        &house,
        "secure_boot_keys = [\"old.pem\"]\nsecure_boot_blocks = \"first\"\n",
    );
    let _server = house.serve();
    let said = refused(&house, &signed(&house, "2.0.0", &["new.pem", "old.pem"]), 1);
    for part in [
        "signature block 0 is by key",
        "(the key that they know signed block 1)",
        "devices of `demo` compare block 0 alone",
        "Sign it so that their key comes first",
    ] {
        assert!(said.contains(part), "{part} in: {said}");
    }
    let said = refused(&house, &signed(&house, "2.0.1", &["new.pem"]), 1);
    assert!(said.contains("compare block 0 alone"), "{said}");
    let said = refused(&house, &image("2.0.2"), 1);
    assert!(
        said.contains("carries no Secure Boot v2 signature"),
        "{said}"
    );
    assert_eq!(house.json(&["release", "list"]), serde_json::json!([]));
    house.publish(&signed(&house, "2.0.3", &["old.pem", "new.pem"]), 1);
}

#[test]
fn chips_with_secure_boot_are_offered_what_any_of_their_keys_signed() {
    let house = House::new();
    if !make_keys(
        &house,
        "policy_any_block",
        &["one.pem", "two.pem", "stranger.pem"],
    ) {
        return;
    }
    let digest = house.json(&["image", "digest-key", &house.text("two.pem")]);
    let digest = digest["digest"].as_str().unwrap();
    demand(
        &house,
        &format!("secure_boot_keys = [\"one.pem\", \"{digest}\"]\n"),
    );
    let _server = house.serve();
    let said = refused(&house, &signed(&house, "2.0.0", &["stranger.pem"]), 1);
    assert!(said.contains("the image is signed by"), "{said}");
    assert!(said.contains(digest), "{said}");
    let mut broken = signed(&house, "2.0.1", &["one.pem"]);
    // In the signature itself, whose block then has another CRC than it says.
    let at = broken.bytes.len() - 4096 + 900;
    broken.bytes[at] ^= 1;
    let said = refused(&house, &broken, 1);
    assert!(said.contains("signature block 0 is damaged"), "{said}");
    house.publish(&signed(&house, "2.0.2", &["stranger.pem", "two.pem"]), 1);

    // The author signs both at once, where his keys are.
    let (plain, out) = (house.text("plain"), house.text("2.0.3.bin"));
    fs::write(&plain, image("2.0.3").bytes).unwrap();
    let (author, key) = (house.text("author.key"), house.text("one.pem"));
    let both = ["--key", &author, "--image-key", &key, "--image-out", &out];
    let terms = ["release", "sign", "--product", "demo", "--counter", "2"];
    house.ok(&[&terms[..], &both, &[&plain]].concat());
    house.ok(&["release", "publish", &out]);
    let newest = &house.json(&["release", "list"])[0];
    assert_eq!(newest["version"], "2.0.3", "{newest}");
    // What is signed already is not signed over, and nothing is written.
    let again = house.text("again.bin");
    let both = ["--key", &author, "--image-key", &key, "--image-out", &again];
    let said = house.fails(&[&terms[..], &both, &[&out]].concat());
    assert!(
        said.contains("sign its release without --image-key and --image-out"),
        "{said}"
    );
    assert!(said.contains("`countersign image sign --append`"), "{said}");
    assert!(!house.path("again.bin").exists() && !house.path("again.cose").exists());
}

#[test]
fn a_release_is_of_the_products_project_fits_its_slots_and_goes_no_secure_version_back() {
    let house = House::new();
    let server = house.serve();
    house.enroll();
    server.stop();
    let table = house.path("device/partition-table.bin");
    fs::copy(table, house.state().join("partition-table.bin")).unwrap();
    demand(
        &house,
        "unsigned_images = true\nproject = \"acceptance\"\npartition_table = \"partition-table.bin\"\n\
         supported_until = \"2031-12-31\"\n",
    );
    let _server = house.serve();
    house.publish(&secured("2.0.0", 3), 1);
    let said = refused(&house, &secured("2.0.1", 2), 2);
    assert!(
        said.contains("the image's secure version is 2, below the 3 of `demo` 2.0.0"),
        "{said}"
    );
    let said = refused(&house, &composed("2.0.2", "esp32s3", false), 2);
    assert!(said.contains("product `demo` is for"), "{said}");
    let said = refused(&house, &long("2.0.3"), 2);
    assert!(
        said.contains("the smallest OTA slot of `demo` has 1966080"),
        "{said}"
    );

    let house = House::new();
    demand(&house, "unsigned_images = true\nproject = \"lamp\"\n");
    let _server = house.serve();
    let said = refused(&house, &image("2.0.0"), 1);
    assert!(
        said.contains(
            "of project `acceptance` (byte 0x50), and product `demo` is of project `lamp`"
        ),
        "{said}"
    );
}

#[test]
fn settings_that_contradict_themselves_stop_the_server_and_say_why() {
    for (settings, says) in [
        (
            "unsigned_images = true\nsecure_boot_keys = [\"authors/author-1.pem\"]\n",
            "contradict each other",
        ),
        (
            "secure_boot_blocks = \"first\"\n",
            "without `secure_boot_keys`",
        ),
        (
            "secure_boot_keys = [\"missing.pem\"]\n",
            "64 hexadecimal digits",
        ),
        (
            "partition_table = \"countersign.toml\"\n",
            "no partition table",
        ),
        ("supported_until = \"soon\"\n", "write it as 2031-12-31"),
        ("chip = \"esp9\"\n", "no chip that is known here"),
    ] {
        let house = House::new();
        demand(&house, settings);
        let output = run(&mut house.command(&["serve", "--device-listen", "127.0.0.1:0"]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && !said.contains("panicked"),
            "{said}"
        );
        assert!(said.contains(says), "{says} in: {said}");
        assert!(said.contains("[product.demo]"), "{said}");
    }
}
