//! Bundles, made by hand, so that they can be wrong.

/// The bundle's format.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    Legacy,
    Offsets,
}

/// The bundle with these names and keys, in this order, sorted or not.
pub fn bundle(format: Format, roots: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let count = u16::try_from(roots.len()).unwrap();
    let (mut index, mut entries) = (Vec::new(), Vec::new());
    if matches!(format, Format::Legacy) {
        index.extend(count.to_be_bytes());
    }
    for (name, key) in roots {
        let [name_len, key_len] = [name, key].map(|part| u16::try_from(part.len()).unwrap());
        match format {
            Format::Legacy => {
                entries.extend([name_len.to_be_bytes(), key_len.to_be_bytes()].concat());
            }
            Format::Offsets => {
                let at = usize::from(count) * 4 + entries.len();
                index.extend(u32::try_from(at).unwrap().to_le_bytes());
                entries.extend([name_len.to_le_bytes(), key_len.to_le_bytes()].concat());
            }
        }
        entries.extend(name);
        entries.extend(key);
    }
    [index, entries].concat()
}
