//! Distinguished names (`library/x509.c`, `mbedtls_x509_get_name`).

use super::asn1::{BIT_STRING, Cursor, Malformed, OID, SEQUENCE, SET};

/// A name, as it is compared inside the library. A bundle is searched by the name's bytes instead.
#[derive(Clone, Debug)]
pub(crate) struct Name<'a> {
    attributes: Vec<Attribute<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Attribute<'a> {
    oid: &'a [u8],
    tag: u8,
    value: &'a [u8],
    /// The next one is in the same set.
    merged: bool,
}

impl<'a> Name<'a> {
    /// Reads the content of a `Name`. Values of other string types than the listed ones are an error.
    pub(crate) fn read(mut names: Cursor<'a>, what: &'static str) -> Result<Self, Malformed> {
        let mut attributes = Vec::new();
        loop {
            let mut set = names.element(SET, what)?;
            loop {
                let mut pair = set.element(SEQUENCE, what)?;
                let oid = pair.element(OID, what)?.rest();
                if !pair.peek().is_some_and(|tag| STRINGS.contains(&tag)) {
                    return Err(pair.fault(what, false));
                }
                let (tag, value) = pair.any(what)?;
                pair.finish(what)?;
                let merged = !set.is_at_end();
                attributes.push(Attribute {
                    oid,
                    tag,
                    value: value.rest(),
                    merged,
                });
                if !merged {
                    break;
                }
            }
            if names.is_at_end() {
                return Ok(Self { attributes });
            }
        }
    }

    /// The name of nobody: a subject may be empty.
    pub(crate) const fn empty() -> Self {
        Self {
            attributes: Vec::new(),
        }
    }

    /// `x509_name_cmp`: letter case does not count in the two usual string types, nor which of the
    /// two it is.
    pub(crate) fn is(&self, other: &Self) -> bool {
        // Compared as the library has them, an empty name is one attribute of nothing.
        self.attributes.len() == other.attributes.len()
            && self
                .attributes
                .iter()
                .zip(&other.attributes)
                .all(|(one, other)| one.is(other))
    }

    /// Whether some set has several parts.
    pub(crate) fn has_merged(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute.merged)
    }

    /// The values of all common names.
    pub(crate) fn common_names(&self) -> impl Iterator<Item = &'a [u8]> {
        self.attributes
            .iter()
            .filter(|attribute| attribute.oid == COMMON_NAME)
            .map(|attribute| attribute.value)
    }
}

impl Attribute<'_> {
    fn is(&self, other: &Self) -> bool {
        let usual = |tag| tag == UTF8_STRING || tag == PRINTABLE_STRING;
        let exact = self.tag == other.tag && self.value == other.value;
        let folded =
            || usual(self.tag) && usual(other.tag) && self.value.eq_ignore_ascii_case(other.value);
        self.oid == other.oid && self.merged == other.merged && (exact || folded())
    }
}

/// 2.5.4.3 (RFC 5280 §A.1).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;

/// UTF-8, printable, T61, IA5, universal, BMP, and BIT STRING; not numeric, not visible.
const STRINGS: [u8; 7] = [
    UTF8_STRING,
    PRINTABLE_STRING,
    0x14,
    0x16,
    0x1c,
    0x1e,
    BIT_STRING,
];
