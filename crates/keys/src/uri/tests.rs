use super::*;

const WHOLE: &str =
    "pkcs11:token=Our%20HSM;object=device-issuing?module-path=/usr/lib/softhsm/libsofthsm2.so";

fn parse(text: &str) -> Result<Uri, UriError> {
    text.parse()
}

#[test]
fn reads_every_attribute_and_writes_it_again() {
    let text = "pkcs11:token=%C3%9Cber;serial=42;manufacturer=a:b[c]@!$'()*+,=&d;model=e%2Ff;object=x%3Bz;id=%00%ff;\
                type=private?module-path=/a/b%20c.so&pin-source=file:///run/pin";
    let uri = parse(text).unwrap();
    assert_eq!(uri.token(), Some("\u{dc}ber"));
    assert_eq!(uri.serial(), Some("42"));
    assert_eq!(uri.manufacturer(), Some("a:b[c]@!$'()*+,=&d"));
    assert_eq!(uri.model(), Some("e/f"));
    assert_eq!(uri.object(), Some("x;z"));
    assert_eq!(uri.id(), Some(&[0, 0xff][..]));
    assert_eq!(uri.module_path(), Path::new("/a/b c.so"));
    assert_eq!(uri.pin_source(), Some(Path::new("/run/pin")));
    assert_eq!(parse(&uri.to_string()).unwrap(), uri);
    for source in ["/run/pin", "file:/run/pin"] {
        let uri = parse(&format!("{WHOLE}&pin-source={source}")).unwrap();
        assert_eq!(uri.pin_source(), Some(Path::new("/run/pin")));
    }
    assert_eq!(parse(WHOLE).unwrap().to_string(), WHOLE);
    assert_eq!(
        parse(&WHOLE.replace("pkcs11", "PKCS11"))
            .unwrap()
            .to_string(),
        WHOLE
    );
}

#[test]
fn refuses_what_is_missing_unknown_or_twice() {
    let module = "?module-path=/m.so";
    for (text, expected) in [
        ("", UriError::NoScheme),
        ("pkcs12:token=a", UriError::NoScheme),
        ("pkcs11:", UriError::NoToken),
        ("pkcs11:?", UriError::NoToken),
        ("pkcs11:object=a?module-path=/m.so", UriError::NoToken),
        ("pkcs11:token=a?module-path=/m.so", UriError::NoObject),
        ("pkcs11:token=a;object=b", UriError::NoModule),
        (
            "pkcs11:token=a;object=b?module-name=p11-kit",
            UriError::Unknown(24),
        ),
        ("pkcs11:token=a;token=b", UriError::Twice("token")),
        ("pkcs11:token=a;slot-id=1", UriError::Unknown(15)),
        ("pkcs11:token=a;x-ours=1", UriError::Unknown(15)),
        ("pkcs11:token=a;", UriError::Unknown(15)),
        ("pkcs11:token", UriError::Unknown(7)),
        ("pkcs11:token=a;type=public", UriError::KindOfObject),
        ("pkcs11:token=a b", UriError::Character(14)),
        ("pkcs11:token=a%2", UriError::Character(14)),
        ("pkcs11:token=a%2g", UriError::Character(14)),
        ("pkcs11:token=\u{fc}", UriError::Character(13)),
        ("pkcs11:token=a/b", UriError::Character(14)),
        ("pkcs11:token=%ff", UriError::NotText("token")),
        ("pkcs11:token=%00", UriError::NotText("token")),
        ("pkcs11:object=%1b[2J", UriError::NotText("object")),
        (
            "pkcs11:token=a;object=b?module-path=m.so",
            UriError::NotAbsolute("module-path"),
        ),
        (
            "pkcs11:token=a;object=b?module-path=/m&module-path=/n",
            UriError::Twice("module-path"),
        ),
    ] {
        assert_eq!(parse(text), Err(expected), "{text}");
    }
    let source = |source: &str| {
        parse(&format!(
            "pkcs11:token=a;object=b{module}&pin-source={source}"
        ))
    };
    for bad in ["pin", "file:pin", "file://host/pin", "%7C/bin/echo", ""] {
        assert_eq!(
            source(bad),
            Err(UriError::NotAbsolute("pin-source")),
            "{bad}"
        );
    }
}

#[test]
fn a_pin_in_the_uri_is_refused_and_not_repeated() {
    for text in [
        "pkcs11:token=a;object=b?module-path=/m.so&pin-value=12345",
        "pkcs11:token=a;object=b?pin-value=12 345",
        "pkcs11:pin-value=12345;token=a",
    ] {
        let refused = parse(text).unwrap_err();
        assert_eq!(refused, UriError::PinValue, "{text}");
        assert!(!refused.to_string().contains("12"));
    }
}

#[test]
fn every_cut_and_every_changed_byte_gives_an_answer() {
    let whole = parse(WHOLE).unwrap();
    for len in 0..WHOLE.len() {
        if let Ok(uri) = parse(&WHOLE[..len]) {
            assert_ne!(uri, whole, "cut at {len}");
        }
        for byte in 0..0x80 {
            let mut bytes = WHOLE.as_bytes().to_vec();
            bytes[len] = byte;
            if let Ok(uri) = parse(str::from_utf8(&bytes).unwrap()) {
                assert_eq!(parse(&uri.to_string()).unwrap(), uri);
            }
        }
    }
}
