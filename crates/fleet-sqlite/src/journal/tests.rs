use super::*;

#[test]
fn each_kind_of_damage_has_its_name() {
    let start = header(&[1; 16]);
    let after = Position::start(&start).after("1 revoked d1 - - -");
    let line = format!("1 revoked d1 - - - {}", after.checksum);
    let read = |text: &str| {
        let mut reader = Reader::new(text.as_bytes())?;
        while reader.advance()? {
            reader.entry()?;
        }
        Ok::<_, Fault>((reader.position().lines, reader.torn()))
    };
    let whole = format!("{start}\n{line}\n");
    assert_eq!(read(&whole).unwrap(), (1, 0));
    assert_eq!(read(&format!("{whole}1 rev")).unwrap(), (1, 5));
    for nothing in [
        "",
        "countersign-journal 1 ",
        "countersign-journal 2 00\n",
        "\n",
    ] {
        assert!(matches!(read(nothing), Err(Fault::NotAJournal)));
    }
    let twice = read(&format!("{whole}{line}\n"));
    assert!(
        matches!(twice, Err(Fault::Checksum { line: 3 })),
        "{twice:?}"
    );
    let long = read(&format!("{start}\n{}", "x".repeat(20_000)));
    assert!(
        matches!(long, Err(Fault::Malformed { line: 2, .. })),
        "{long:?}"
    );
    // By their checksum these were written on purpose.
    for (fields, field) in [
        ("", "time"),
        ("x revoked d1 - - -", "time"),
        ("01 revoked d1 - - -", "form"),
        ("1 gone d1 - - -", "change"),
        ("1 revoked ../d1 - - -", "device"),
        ("1 revoked - - - -", "certificates"),
        ("1 certificate:superseded d1 - - -", "certificates"),
        ("1 revoked d1 00 - -", "pin"),
        ("1 revoked d1 - 00/00/-/1 -", "certificates"),
        ("1 revoked d1 - - %", "reason"),
        ("1 revoked d1 - - %2d", "form"),
        ("1 revoked d1 - -", "reason"),
        ("1 revoked d1 - - - -", "form"),
    ] {
        let after = Position::start(&start).after(fields);
        let read = read(&format!("{start}\n{fields} {}\n", after.checksum));
        let named = matches!(read, Err(Fault::Malformed { line: 2, field: of }) if of == field);
        assert!(named, "{fields}: {read:?}");
    }
}
