//! DER, made by hand, so that it can be wrong in every way.

/// An element.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match u8::try_from(content.len()) {
        Ok(len @ 0..0x80) => der.push(len),
        Ok(len) => der.extend([0x81, len]),
        Err(_) => {
            let len = u16::try_from(content.len()).unwrap();
            der.push(0x82);
            der.extend(len.to_be_bytes());
        }
    }
    der.extend(content);
    der
}

/// A SEQUENCE.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A BIT STRING without unused bits.
pub fn bits(octets: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], octets].concat())
}

/// An OBJECT IDENTIFIER.
pub fn oid(content: &[u8]) -> Vec<u8> {
    tlv(0x06, content)
}

/// A `GeneralizedTime`; before 2050 a `UTCTime`, as the standard wants it.
pub fn time(seconds: u64) -> Vec<u8> {
    let at = time::OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap()).unwrap();
    let rest = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    match at.year() {
        1950..2050 => tlv(0x17, format!("{:02}{rest}", at.year() % 100).as_bytes()),
        year => tlv(0x18, format!("{year:04}{rest}").as_bytes()),
    }
}
