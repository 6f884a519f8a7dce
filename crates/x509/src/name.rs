//! A distinguished name that stands alone, as in a trust bundle (RFC 5280 §4.1.2.4).

use crate::{
    Error,
    certificate::read,
    der::{Reader, SEQUENCE},
};

/// A DER `Name` as text, its parts in their order; control characters are replaced.
///
/// # Errors
/// [`Error::Malformed`] where the bytes are not one `Name` and nothing else.
pub fn text(der: &[u8]) -> Result<String, Error> {
    let mut input = Reader::new(der);
    let element = input.expect(SEQUENCE, "name")?;
    input.finish("name")?;
    Ok(read::name(&element, "name")?.text)
}
