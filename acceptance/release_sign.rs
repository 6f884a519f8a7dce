//! `release sign` with what it cannot use: a sentence that says what to do, and nothing written.

use std::fs;

use crate::harness::{House, image};

#[test]
fn what_cannot_be_signed_is_named_and_nothing_is_written_over() {
    let house = House::new();
    let (path, key) = (house.text("app.bin"), house.text("author.key"));
    let bytes = image("1.0.0").bytes;
    fs::write(&path, &bytes).unwrap();
    fs::write(house.path("app.elf"), b"\x7FELF and so on").unwrap();
    let sign = ["release", "sign", "--key", &key];
    let with = |more: &[&str]| house.fails(&[&sign[..], more].concat());
    let lamp = ["--product", "lamp"];
    for (more, says) in [
        (&[&house.text("app.elf")[..]][..], "is an ELF file"),
        (&[&key], "is a file in PEM, and no app image"),
        (
            &[&path, "--out", &path],
            "would take the place of the image",
        ),
        (
            &[&path, "--out", &house.text("./app.bin")],
            "would take the place of the image",
        ),
        (&[&path, "--out", "/dev/full"], "No space left on device"),
        (&[&path, "--counter", "0"], "invalid value '0'"),
    ] {
        let said = with(&[&lamp[..], more].concat());
        assert!(said.contains(says), "{says} in: {said}");
    }
    for product in ["", "a b", "Lamp", &"x".repeat(40)] {
        let said = with(&["--product", product, &path]);
        assert!(said.contains("is not a product name"), "{said}");
        let set = [
            "author",
            "init",
            "--key",
            &key,
            "--product",
            product,
            "--out",
            &path,
        ];
        assert!(house.fails(&set).contains("is not a product name"));
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(!house.path("app.cose").exists());
}

#[test]
fn an_author_set_in_a_file_is_not_written_elsewhere_by_looking_at_it() {
    let house = House::new();
    let (key, set) = (house.text("author.key"), house.text("1.cset"));
    house.ok(&[
        "author",
        "init",
        "--product",
        "demo",
        "--key",
        &key,
        "--out",
        &set,
    ]);
    let shown = house.ok(&["author", "show", &set]);
    assert!(shown.contains("1 of 1 signatures needed"), "{shown}");
    let said = house.fails(&["author", "show", &set, "--out", &house.text("copy")]);
    assert!(said.contains("cannot be used with"), "{said}");
    assert!(
        house
            .fails(&["release", "show", ""])
            .contains("a value is required")
    );
}
