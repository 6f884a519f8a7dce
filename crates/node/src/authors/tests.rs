use std::{vec, vec::Vec};

use countersign_protocol::{AuthorKeys, AuthorSet, MAX_AUTHOR_SET, UnixTime};

use super::*;

fn set(sequence: u32, keys: u8) -> Vec<u8> {
    let points: Vec<[u8; 65]> = (0..keys)
        .map(|n| {
            let mut point = [n; 65];
            point[0] = 4;
            point
        })
        .collect();
    let set = AuthorSet {
        product: "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
        sequence,
        threshold: keys,
        keys: AuthorKeys::new(&points).unwrap(),
        created: UnixTime(u64::MAX),
        not_after: Some(UnixTime(u64::MAX)),
    };
    let mut out = vec![0; MAX_AUTHOR_SET];
    let len = set.encode(&mut out).unwrap();
    out.truncate(len);
    out
}

#[test]
fn the_longest_set_fits_a_record() {
    let longest = set(u32::MAX, 8);
    assert_eq!(longest.len(), MAX_AUTHOR_SET);
    let mut room = [0; RECORD];
    let len = encode(u32::MAX, &longest, &mut room).unwrap();
    assert!(len <= RECORD && len.is_multiple_of(UNIT), "{len}");
    assert_eq!(decode(&room), AuthorSet::decode(&longest).ok());
    let longer = [longest, vec![0; UNIT]].concat();
    assert_eq!(encode(1, &longer, &mut room), None);
    assert_eq!(encode(1, &longer, &mut [0; 100]), None);
}

#[test]
fn a_record_with_one_bit_changed_is_none() {
    let bytes = set(7, 2);
    let mut room = [0xFF; RECORD];
    encode(7, &bytes, &mut room).unwrap();
    for at in 0..HEAD + bytes.len() {
        for bit in 0..8 {
            room[at] ^= 1 << bit;
            assert_eq!(decode(&room), None, "byte {at}, bit {bit}");
            room[at] ^= 1 << bit;
        }
    }
    assert!(decode(&room).is_some());
    for len in 0..HEAD + bytes.len() {
        assert_eq!(decode(&room[..len]), None);
    }
    assert_eq!(decode(&[0xFF; RECORD]), None);
    // A record that names another sequence than its set.
    encode(8, &bytes, &mut room).unwrap();
    assert_eq!(decode(&room), None);
}
