//! The ways up from what a server sends ([`countersign_trust::chain`]): any list of certificates of a few CAs that have
//! all certified each other.
//!
//! The first byte says which of the four CAs are trusted, and which are known. Each byte behind it is a certificate of
//! `THICKET`; one of 128 and more is followed by where it is damaged.

use countersign_trust::{
    Clock, Device, IdfRelease, bundle,
    chain::{Chain, End, MAX_PATHS, MAX_SENT, Path, Place, Roots, assess},
    device::DEFAULT_MAX_ENTRIES,
    judge,
};
use countersign_x509::{Certificate, der};

use crate::plain::assert_plain_error;

/// It ends; every path is one; the order of what was sent finds no other ones; and where a device finds a way, so does
/// this.
pub fn run(bytes: &[u8]) {
    let Some((&asked, list)) = bytes
        .split_first()
        .filter(|(_, list)| list.len() <= 2 * MOST)
    else {
        return;
    };
    let pool = pool();
    let (sent, damaged) = sent(&pool, list);
    let cas = |mask: u8| -> Vec<Certificate> {
        let cas = pool.iter().take(CAS).enumerate();
        let cas = cas.filter(|(at, _)| mask >> at & 1 != 0);
        cas.map(|(_, der)| Certificate::from_der(der).unwrap())
            .collect()
    };
    let (trusted, known) = (cas(asked & 0xF), cas(asked >> 4));
    let roots = Roots {
        trusted: &trusted,
        known: &known,
    };
    let chain = Chain::new(&sent, roots);
    check(&chain, sent.len());
    let faults = assess(&chain, Some("s3.example"), NOW);
    for fault in &faults {
        assert_plain_error(fault);
    }
    assert!(!faults.is_empty() || chain.best().is_some_and(is_trusted));

    if chain.cut {
        return;
    }
    let mut other = sent.clone();
    if let Some(above) = other.get_mut(1..MAX_SENT.min(sent.len())) {
        above.reverse();
    }
    let other = Chain::new(&other, roots);
    assert!(other.cut || ways(&chain) == ways(&other));
    if !damaged && accepted(&sent, &trusted) {
        assert!(chain.best().is_some_and(is_trusted), "a device finds a way");
    }
}

/// The certificates that the input lists, and whether one of them is damaged.
fn sent(pool: &[&[u8]], list: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let (mut sent, mut damaged) = (Vec::new(), false);
    let mut list = list.iter();
    while let Some(&which) = list.next().filter(|_| sent.len() < MOST) {
        let mut der = pool[usize::from(which & 0x7F) % pool.len()].to_vec();
        if which >= 0x80 {
            let at = usize::from(list.next().copied().unwrap_or(0)) * 4 % der.len();
            der[at] ^= 1;
            damaged = true;
        }
        sent.push(der);
    }
    (sent, damaged)
}

fn check(chain: &Chain, len: usize) {
    assert_eq!(chain.sent.len() + chain.left_off, len);
    assert!(chain.sent.len() <= MAX_SENT && chain.paths.len() <= MAX_PATHS);
    for (at, one) in chain.sent.iter().enumerate() {
        if let Place::Repeated { first } = one.place {
            assert!(first < at && chain.sent[first].der == one.der);
        }
        assert_eq!(one.place == Place::Own, at == 0);
    }
    let own = chain
        .sent
        .first()
        .is_some_and(|own| own.certificate.is_ok());
    assert_eq!(chain.paths.is_empty(), !own);
    assert!(chain.paths.is_sorted_by_key(|path| rank(&path.end)));
    for path in &chain.paths {
        assert_eq!(path.over.first(), Some(&0));
        let over: Vec<&Certificate> = path
            .over
            .iter()
            .map(|&at| chain.certificate(at).unwrap())
            .collect();
        for pair in over.windows(2) {
            assert!(pair[0].issuer() == pair[1].subject());
        }
        let mut seen: Vec<_> = over
            .iter()
            .map(|one| (one.subject(), one.public_key()))
            .collect();
        seen.sort_unstable();
        assert!(
            seen.windows(2).all(|pair| pair[0] != pair[1]),
            "a path goes in a circle"
        );
    }
}

/// The paths, by what they lead over and how they end.
fn ways(chain: &Chain) -> Vec<(u8, Vec<&[u8]>)> {
    let over = |path: &Path| path.over.iter().map(|&at| &*chain.sent[at].der).collect();
    let mut ways: Vec<_> = chain
        .paths
        .iter()
        .map(|path| (rank(&path.end), over(path)))
        .collect();
    ways.sort_unstable();
    ways
}

const fn rank(end: &End) -> u8 {
    match end {
        End::Root { trusted: true, .. } => 0,
        End::Root { .. } => 1,
        End::SelfSigned => 2,
        End::Missing => 3,
        End::OtherKey => 4,
        End::Loop => 5,
    }
}

fn is_trusted(path: &Path) -> bool {
    rank(&path.end) == 0
}

/// Whether some device with these roots accepts.
fn accepted(sent: &[Vec<u8>], roots: &[Certificate]) -> bool {
    let sent: Vec<&[u8]> = sent.iter().map(|der| &**der).collect();
    [(4, 4, 8), (5, 3, 5), (6, 0, 0)]
        .into_iter()
        .any(|(major, minor, patch)| {
            let release = IdfRelease::new(major, minor, patch);
            let bundle = bundle::build(roots, bundle::format_for(release));
            bundle.is_ok_and(|bundle| {
                let device = Device {
                    release,
                    bundle: &bundle,
                    clock: Clock::Ignored,
                    cross_signed: patch == 0,
                    max_entries: DEFAULT_MAX_ENTRIES,
                };
                judge(&sent, "s3.example", &device).outcome.is_ok()
            })
        })
}

fn pool() -> Vec<&'static [u8]> {
    let mut reader = der::Reader::new(THICKET);
    let next = || {
        reader
            .expect(der::SEQUENCE, "pool")
            .ok()
            .map(|der| der.der())
    };
    std::iter::from_fn(next).collect()
}

/// Four CAs, each certified by itself, then each by each other, then a server of each, then a stranger by the name of the
/// first: the CA, as the second would certify it, and its server. By the example `seeds`.
const THICKET: &[u8] = include_bytes!("chain_paths/thicket.der");
const CAS: usize = 4;
/// More than are looked at.
const MOST: usize = 48;
/// While all of them are valid.
const NOW: u64 = 1_800_000_000;
