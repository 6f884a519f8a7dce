//! Certificates whose structure is wrong in one place, and whose signature is right: what a reader makes of them is its own
//! affair, and readers differ.

use crate::oracle::random::Random;

/// An element: a tag, how its length is written, and what is in it.
struct Node {
    tag: u8,
    length: Length,
    /// What stands before the children: the count of unused bits of a BIT STRING.
    before: Vec<u8>,
    body: Body,
}

enum Body {
    Octets(Vec<u8>),
    Nodes(Vec<Node>),
}

#[derive(Clone, Copy)]
enum Length {
    Short,
    /// With so many octets more than are needed.
    Long(usize),
    Indefinite,
    /// Off by so much.
    Wrong(isize),
}

/// The same DER, changed in one or two places.
pub fn twist(der: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut nodes = nodes(der).unwrap();
    for _ in 0..=usize::from(random.once_in(4)) {
        let count = count(&nodes);
        if count == 0 {
            break;
        }
        change(&mut nodes, random.below(count), &mut random);
    }
    encode(&nodes)
}

/// The elements that these octets are, if they are elements and nothing else.
fn nodes(mut der: &[u8]) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while let Some((&tag, rest)) = der.split_first() {
        let (&first, mut rest) = rest.split_first()?;
        let mut len = usize::from(first);
        if first >= 0x80 {
            let octets = rest.get(..usize::from(first & 0x7f))?;
            rest = &rest[octets.len()..];
            len = octets
                .iter()
                .fold(0, |len, octet| (len << 8) | usize::from(*octet));
        }
        let content = rest.get(..len)?;
        der = &rest[len..];
        let (before, content) = match (tag, content) {
            (0x03, [0, inside @ ..]) => (vec![0], inside),
            _ => (Vec::new(), content),
        };
        // Within strings of octets and bits there may be more of the kind.
        let deep = tag & 0x20 != 0 || matches!(tag, 0x03 | 0x04) && content.len() > 2;
        let inside = deep.then(|| self::nodes(content)).flatten();
        nodes.push(Node {
            tag,
            length: Length::Short,
            before,
            body: inside.map_or_else(|| Body::Octets(content.to_vec()), Body::Nodes),
        });
    }
    Some(nodes)
}

fn count(nodes: &[Node]) -> usize {
    let inside = |node: &Node| match &node.body {
        Body::Nodes(nodes) => count(nodes),
        Body::Octets(_) => 0,
    };
    nodes.iter().map(|node| 1 + inside(node)).sum()
}

/// Changes the node with this number, counted from above.
fn change(nodes: &mut Vec<Node>, mut number: usize, random: &mut Random) {
    for at in 0..nodes.len() {
        if number == 0 {
            return change_at(nodes, at, random);
        }
        number -= 1;
        if let Body::Nodes(inside) = &mut nodes[at].body {
            let within = count(inside);
            if number < within {
                return change(inside, number, random);
            }
            number -= within;
        }
    }
}

fn change_at(nodes: &mut Vec<Node>, at: usize, random: &mut Random) {
    let others = nodes.len();
    let node = &mut nodes[at];
    match random.below(16) {
        0 => node.tag = *random.pick(&TAGS),
        1 => node.tag ^= 0x20,
        2 => node.length = Length::Long(1 + random.below(4)),
        3 => node.length = Length::Indefinite,
        4 => node.length = Length::Wrong(if random.once_in(2) { 1 } else { -1 }),
        5 => {
            nodes.remove(at);
        }
        6 => {
            let again = self::nodes(&encode(&nodes[at..=at])).unwrap_or_default();
            nodes.splice(at..at, again);
        }
        7 => nodes.swap(at, random.below(others)),
        8 => node.body = Body::Octets(Vec::new()),
        9 => {
            let inside = std::mem::replace(node, leaf(0x30, &[]));
            node.body = Body::Nodes(vec![inside]);
        }
        10 => nodes.insert(at, leaf(5, &[])),
        11 => nodes.insert(at + 1, leaf(1, &[*random.pick(&[0, 1, 0xff])])),
        12 => *node = leaf(2, random.pick::<&[u8]>(&NUMBERS)),
        n => change_octets(node, n, random),
    }
}

/// Where there are octets, they are changed, and else one is put before what is inside.
fn change_octets(node: &mut Node, how: usize, random: &mut Random) {
    let any = u8::try_from(random.below(256)).unwrap();
    let octet = *random.pick(&[0, 0x20, 0x2e, 0x2a, 0x7f, 0x80, 0xff, any]);
    match &mut node.body {
        Body::Nodes(_) => node.before.push(octet),
        Body::Octets(octets) if octets.is_empty() => octets.push(octet),
        Body::Octets(octets) => match how {
            13 => {
                let at = random.below(octets.len());
                octets[at] = octet;
            }
            14 => {
                octets.truncate(random.below(octets.len()));
            }
            _ => octets.insert(random.below(octets.len() + 1), octet),
        },
    }
}

fn leaf(tag: u8, octets: &[u8]) -> Node {
    Node {
        tag,
        length: Length::Short,
        before: Vec::new(),
        body: Body::Octets(octets.to_vec()),
    }
}

fn encode(nodes: &[Node]) -> Vec<u8> {
    let mut der = Vec::new();
    for node in nodes {
        let mut content = node.before.clone();
        match &node.body {
            Body::Octets(octets) => content.extend(octets),
            Body::Nodes(nodes) => content.extend(encode(nodes)),
        }
        der.push(node.tag);
        der.extend(length(content.len(), node.length));
        der.extend(content);
    }
    der
}

fn length(len: usize, how: Length) -> Vec<u8> {
    let octets = len.to_be_bytes();
    let needed = octets.iter().skip_while(|octet| **octet == 0).count();
    let written = match how {
        Length::Indefinite => return vec![0x80],
        Length::Wrong(by) => return length(len.saturating_add_signed(by), Length::Short),
        Length::Short if len < 0x80 => return vec![octets[octets.len() - 1]],
        Length::Short => needed,
        Length::Long(more) => (needed + more).min(octets.len()),
    };
    let mut all = vec![0x80 | u8::try_from(written).unwrap()];
    all.extend(&octets[octets.len() - written..]);
    all
}

/// All that a certificate may have somewhere, and some that it may not.
const TAGS: [u8; 24] = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31,
    0x80, 0x81, 0x82, 0x87, 0xa0, 0xa1, 0xa3, 0xa4,
];

/// What can be written where a number should be.
const NUMBERS: [&[u8]; 8] = [
    &[],
    &[0],
    &[0, 0, 0, 1],
    &[0x7f],
    &[0x80],
    &[0xff, 0xff],
    &[0x7f, 0xff, 0xff, 0xff],
    &[1, 0, 0, 0, 0],
];
