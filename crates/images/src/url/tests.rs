use super::*;

const BASE: &str = "https://updates.example:8445";
const IMAGE: Digest = Digest([0xAB; 32]);
const DEVICE: &str = "7cdfa1000001";
const END: UnixTime = UnixTime(1_800_000_000);
/// Made by Python's hmac: see `tests/data/README.md`.
const FOREIGN: &str = "https://updates.example:8445/d/q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s\
                       ?e=1800000000&k=k1&s=_kX8Et5iFCp1kib_-MGTqmmTq24gebniOUA1XuHilUA";

fn key(id: &str, first: u8) -> UrlKey {
    let mut secret = Zeroizing::new([0; 32]);
    for (byte, value) in secret.iter_mut().zip(first..) {
        *byte = value;
    }
    UrlKey::new(id, secret).unwrap()
}

fn query(url: &str) -> &str {
    url.split_once('?').unwrap().1
}

fn check(query: &str) -> Result<Grant, UrlError> {
    verify(&[key("k1", 0)], &IMAGE, query, DEVICE, END)
}

#[test]
fn signs_as_another_program_does() {
    assert_eq!(sign(&key("k1", 0), BASE, &IMAGE, DEVICE, END), FOREIGN);
    let slash = format!("{BASE}/");
    assert_eq!(sign(&key("k1", 0), &slash, &IMAGE, DEVICE, END), FOREIGN);
}

#[test]
fn a_signed_url_gives_leave_until_its_end() {
    let grant = check(query(FOREIGN)).unwrap();
    assert_eq!((grant.image(), grant.ends()), (IMAGE, END));
    let at = |now| {
        verify(
            &[key("k1", 0)],
            &IMAGE,
            query(FOREIGN),
            DEVICE,
            UnixTime(now),
        )
    };
    at(0).unwrap();
    at(END.0).unwrap();
    for late in [END.0 + 1, u64::MAX] {
        assert_eq!(at(late), Err(UrlError::Ended { at: END }));
    }
    let endless = sign(&key("k1", 0), BASE, &IMAGE, DEVICE, UnixTime(u64::MAX));
    check(query(&endless)).unwrap();
}

#[test]
fn the_digest_is_read_from_the_path() {
    let segment = FOREIGN.split(['/', '?']).nth(4).unwrap();
    assert_eq!(segment.len(), 43);
    assert_eq!(parse_digest(segment), Some(IMAGE));
    // The last character has two bits to spare: four spellings decode alike, and one is good.
    for other in [
        "",
        "q6s",
        "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6t",
        "../../../etc",
    ] {
        assert_eq!(parse_digest(other), None, "{other}");
    }
    assert_eq!(parse_digest(&format!("{segment}=")), None);
    assert_eq!(parse_digest(&format!("{segment}A")), None);
    assert_eq!(parse_digest(&segment.replace('q', "+")), None);
}

#[test]
fn is_good_for_that_device_image_and_key_alone() {
    let keys = [key("k1", 0)];
    let refused = |keys: &[UrlKey], image: &Digest, device| {
        verify(keys, image, query(FOREIGN), device, END).unwrap_err()
    };
    for device in ["", "7cdfa1000002", "7cdfa1000001 ", "7CDFA1000001"] {
        assert_eq!(refused(&keys, &IMAGE, device), UrlError::BadSignature);
    }
    let other = Digest([0xAA; 32]);
    assert_eq!(refused(&keys, &other, DEVICE), UrlError::BadSignature);
    let same_name = [key("k1", 1)];
    assert_eq!(refused(&same_name, &IMAGE, DEVICE), UrlError::BadSignature);
    let other_name = [key("k2", 0)];
    assert_eq!(refused(&other_name, &IMAGE, DEVICE), UrlError::UnknownKey);
    assert_eq!(refused(&[], &IMAGE, DEVICE), UrlError::UnknownKey);
}

#[test]
fn an_older_key_is_good_beside_a_newer() {
    let keys = [key("k2", 9), key("k1", 0)];
    verify(&keys, &IMAGE, query(FOREIGN), DEVICE, END).unwrap();
    let newer = sign(&keys[0], BASE, &IMAGE, DEVICE, END);
    verify(&keys, &IMAGE, query(&newer), DEVICE, END).unwrap();
    // One key's signature under the other's name.
    let renamed = newer.replace("k=k2", "k=k1");
    let refused = verify(&keys, &IMAGE, query(&renamed), DEVICE, END);
    assert_eq!(refused, Err(UrlError::BadSignature));
}

#[test]
fn fields_do_not_run_into_each_other() {
    let same_secret = [key("k", 0), key("k1", 0)];
    let url = sign(&same_secret[0], BASE, &IMAGE, "1d", END);
    let renamed = url.replace("&k=k&", "&k=k1&");
    let refused = verify(&same_secret, &IMAGE, query(&renamed), "d", END);
    assert_eq!(refused, Err(UrlError::BadSignature));
}

#[test]
fn a_later_end_is_a_bad_signature_and_an_ended_url_tells_only_of_ours() {
    let later = query(FOREIGN).replace("1800000000", "1800000001");
    assert_eq!(check(&later), Err(UrlError::BadSignature));
    let ended = query(FOREIGN).replace("1800000000", "1700000000");
    assert_eq!(check(&ended), Err(UrlError::BadSignature));
}

#[test]
fn a_query_has_one_spelling() {
    let (e, k) = ("e=1800000000", "k=k1");
    let s = "s=_kX8Et5iFCp1kib_-MGTqmmTq24gebniOUA1XuHilUA";
    check(&format!("{e}&{k}&{s}")).unwrap();
    for bad in [
        String::new(),
        format!("{e}&{k}"),
        format!("{e}&{s}"),
        format!("{k}&{s}"),
        format!("{k}&{e}&{s}"),
        format!("{s}&{k}&{e}"),
        format!("{e}&{e}&{k}&{s}"),
        format!("{e}&{k}&{s}&{s}"),
        format!("{e}&{k}&{s}&{e}"),
        format!("{e}&{k}&{s}&x=1"),
        format!("x=1&{e}&{k}&{s}"),
        format!("{e}&{k}&{s}&"),
        format!("&{e}&{k}&{s}"),
        format!("{e};{k};{s}"),
        format!("{e}&{k}&{s}#"),
        format!("{e}&{k}&{s}="),
        format!("{e}&{k}&{s} "),
        format!("e=01800000000&{k}&{s}"),
        format!("e=+1800000000&{k}&{s}"),
        format!("e=-1&{k}&{s}"),
        format!("e=&{k}&{s}"),
        format!("e=1800000000.0&{k}&{s}"),
        format!("e=18446744073709551616&{k}&{s}"),
        format!("E=1800000000&{k}&{s}"),
        format!("%65=1800000000&{k}&{s}"),
        format!("e=%31800000000&{k}&{s}"),
        format!("e=\u{661}&{k}&{s}"),
        format!("{e}&k=&{s}"),
        format!("{e}&k=k%31&{s}"),
        format!("{e}&k={}&{s}", "k".repeat(17)),
        format!("{e}&{k}&s="),
        format!("{e}&{k}&s=%5fkX8Et5iFCp1kib_-MGTqmmTq24gebniOUA1XuHilUA"),
        // Decodes to the same bytes where the two bits to spare are not looked at.
        format!("{e}&{k}&s=_kX8Et5iFCp1kib_-MGTqmmTq24gebniOUA1XuHilUB"),
        format!("{e}&{k}&s=/kX8Et5iFCp1kib/+MGTqmmTq24gebniOUA1XuHilUA"),
    ] {
        assert_eq!(check(&bad), Err(UrlError::Malformed), "{bad}");
    }
}

#[test]
fn no_other_text_gives_leave() {
    let good = query(FOREIGN);
    for end in 0..good.len() {
        check(&good[..end]).unwrap_err();
        check(&good[end + 1..]).unwrap_err();
    }
    for at in 0..good.len() {
        for bit in 0..7 {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            check(&String::from_utf8(bytes).unwrap()).unwrap_err();
        }
    }
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..20_000 {
        let mut text = good.as_bytes().to_vec();
        for _ in 0..3 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let [low, high, ..] = state.to_le_bytes();
            let at = usize::from(low) % text.len();
            text[at] = high;
        }
        if text != good.as_bytes() {
            check(&String::from_utf8_lossy(&text)).unwrap_err();
        }
    }
}

#[test]
fn key_ids_stand_in_a_url_as_they_are() {
    for id in ["k", "A-z_09", &"k".repeat(16)] {
        assert_eq!(UrlKey::new(id, Zeroizing::new([0; 32])).unwrap().id(), id);
    }
    for id in ["", "k&s=", "k k", "é", "k%31", &"k".repeat(17)] {
        assert_eq!(
            UrlKey::new(id, Zeroizing::new([0; 32])).unwrap_err(),
            BadKeyId
        );
    }
}

#[test]
fn a_key_does_not_show_its_secret() {
    assert_eq!(format!("{:?}", key("k1", 77)), r#"UrlKey { id: "k1", .. }"#);
}

#[test]
fn stock_clients_have_room_for_our_url() {
    assert_eq!(room(None), 459);
    assert_eq!(room(Some("ESP32 HTTP Client/1.0")), 459);
    assert_eq!(room(Some("")), 480);
    assert_eq!(room(Some(&"x".repeat(500))), 0);
    let longest = sign(
        &key(&"k".repeat(16), 0),
        BASE,
        &IMAGE,
        &"d".repeat(64),
        UnixTime(u64::MAX),
    );
    assert_eq!(path_and_query_len(FOREIGN), 110);
    assert_eq!(path_and_query_len(&longest), 134);
}

#[test]
fn what_a_client_sends_is_path_and_query() {
    for (url, sent) in [
        ("https://host", "/"),
        ("https://host/", "/"),
        ("https://host:8443/a/b", "/a/b"),
        ("https://host?q=1", "/?q=1"),
        ("https://host/a?q=/x?y", "/a?q=/x?y"),
        ("https://host/a?q=1#fragment", "/a?q=1"),
        ("https://host#fragment", "/"),
        ("https://[::1]:8443/a?u=https://x/y", "/a?u=https://x/y"),
    ] {
        assert_eq!(path_and_query_len(url), sent.len(), "{url}");
    }
}

#[test]
fn a_url_lives_as_long_as_the_slowest_device_takes() {
    assert_eq!(life(0, 1000, 60), 60);
    assert_eq!(life(1, 1000, 60), 61);
    assert_eq!(life(1_500_000, 1000, 60), 1560);
    assert_eq!(life(1_500_001, 1000, 60), 1561);
    assert_eq!(life(100, 0, 0), 100);
    assert_eq!(life(u64::MAX, 1, u32::MAX), u64::MAX);
}
