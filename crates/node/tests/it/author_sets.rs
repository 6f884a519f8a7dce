//! Authors that change: whom the device follows, whom it does not, and whose releases it then takes.

use countersign_node::Event;
use countersign_protocol::{AuthorSet, ErrorKind, Outcome, Reason, Unfit, UnixTime};

use crate::{
    author::{Signer, author_set, image, manifest, release},
    chip::Cut,
    device::{AUTHORS, Device, End, TABLE},
    world::World,
};

/// The authors of these tests: the factory's key, and five others.
struct People {
    factory: Signer,
    others: [Signer; 5],
}

impl People {
    fn new() -> Self {
        Self {
            factory: Signer::new(),
            others: [(); 5].map(|()| Signer::new()),
        }
    }

    /// A device that goes by the first set, two of the first three others, which ends at `end`.
    fn device(&self, end: Option<UnixTime>) -> (World, Device) {
        let world = World::new();
        let device = Device::new(&image("1.0", 9_000), &world, &self.factory);
        let [a, b, c, ..] = &self.others;
        let keys = [a, b, c];
        let set = author_set(1, 2, &keys, &[&self.factory, a, b], |set| {
            set.not_after = end;
        });
        world.inner().successors = vec![set];
        assert!(matches!(device.boot(1), End::Asleep { .. }));
        assert!(
            device
                .events()
                .contains(&Event::AuthorsFollowed { sequence: 1 })
        );
        (world, device)
    }
}

/// Offers a release by these signers and tells how it ended.
fn offered(
    world: &World,
    device: &Device,
    counter: u64,
    signers: &[&Signer],
) -> (Outcome, Option<Reason>) {
    let version = format!("2.{counter}");
    let new = image(&version, 9_000);
    let id = u8::try_from(counter).unwrap();
    world.offer_release(
        id,
        &release(&manifest(&version, counter, &new), signers),
        &new,
    );
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let report = *world.inner().reports.last().unwrap();
    assert_eq!(report.0.0, [id; 16]);
    (report.1, report.2)
}

const CONFIRMED: (Outcome, Option<Reason>) = (Outcome::Confirmed, None);

const fn refused(reason: Reason) -> (Outcome, Option<Reason>) {
    (Outcome::Refused, Some(reason))
}

#[test]
fn a_set_is_followed_and_its_threshold_demanded_from_then_on() {
    let people = People::new();
    let (world, device) = people.device(None);
    let [a, b, c, d, _] = &people.others;
    assert_eq!(world.inner().seen.last().unwrap().authors, Some(0));
    let ended = offered(&world, &device, 1, &[&people.factory]);
    assert_eq!(ended, refused(Reason::UnknownAuthor));
    assert_eq!(world.inner().seen.last().unwrap().authors, Some(1));
    assert_eq!(
        offered(&world, &device, 2, &[a]),
        refused(Reason::TooFewAuthors)
    );
    // A stolen single key of two of three publishes nothing, however often it signs.
    assert_eq!(
        offered(&world, &device, 3, &[a, a]),
        refused(Reason::TooFewAuthors)
    );
    assert_eq!(
        offered(&world, &device, 4, &[a, d]),
        refused(Reason::TooFewAuthors)
    );
    let impostor = Signer {
        id: b.id,
        ..Signer::new()
    };
    assert_eq!(
        offered(&world, &device, 5, &[a, &impostor]),
        refused(Reason::BadSignature)
    );
    assert!(
        world.inner().asked.is_empty(),
        "nothing of these was fetched"
    );
    assert_eq!(offered(&world, &device, 6, &[c, a]), CONFIRMED);
    assert_eq!(offered(&world, &device, 7, &[d, b, c]), CONFIRMED);
}

#[test]
fn whoever_left_the_set_signs_nothing_any_more() {
    let people = People::new();
    let (world, device) = people.device(None);
    let [a, b, c, d, _] = &people.others;
    assert_eq!(offered(&world, &device, 1, &[a, b]), CONFIRMED);
    let next = author_set(2, 2, &[b, c, d], &[a, b, d], |_| {});
    world.inner().successors.push(next);
    assert_eq!(
        offered(&world, &device, 2, &[a, b]),
        refused(Reason::TooFewAuthors)
    );
    assert_eq!(offered(&world, &device, 3, &[b, d]), CONFIRMED);
    // Both were in one answer: the set is followed first, and the next check-in comes soon.
    let events = device.events();
    assert!(events.contains(&Event::AuthorsFollowed { sequence: 2 }));
    assert!(
        events.contains(&Event::CheckedIn { next_s: 30 }),
        "{events:?}"
    );
}

#[test]
fn what_is_no_successor_is_refused_and_changes_nothing() {
    let people = People::new();
    let ([a, b, c, d, _], last) = (&people.others, &people.others[4]);
    let next = |signers: &[&Signer]| author_set(2, 2, &[c, d, last], signers, |_| {});
    let changed =
        |change: fn(&mut AuthorSet<'_>)| author_set(2, 2, &[c, d, last], &[a, b, c, d], change);
    let former = |count| Unfit::TooFewFormer { count, needed: 2 };
    let own = |count| Unfit::TooFewOwn { count, needed: 2 };
    let not_next = |sequence| Unfit::NotNext {
        sequence,
        current: 1,
    };
    let mut torn = next(&[a, b, c, d]);
    torn.pop();
    let mut forged = next(&[a, b, c, d]);
    *forged.last_mut().unwrap() ^= 1;
    let offset = u32::try_from(torn.len()).unwrap();
    let kind = ErrorKind::NotCbor;
    let cases = [
        ("by too few of the old", next(&[a, d, last]), former(1)),
        ("by one of the old twice", next(&[a, a, d, last]), former(1)),
        (
            "by the factory's key, which has no say any more",
            next(&[&people.factory, d, last]),
            former(0),
        ),
        ("by too few of its own", next(&[a, b, d]), own(1)),
        ("by one of its own twice", next(&[a, b, d, d]), own(1)),
        ("by none of its own", next(&[a, b]), own(0)),
        ("one signature spoiled", forged, own(1)),
        (
            "a set skipped",
            changed(|set| set.sequence = 3),
            not_next(3),
        ),
        (
            "an older set once more",
            changed(|set| set.sequence = 1),
            not_next(1),
        ),
        (
            "another product's",
            changed(|set| set.product = "oven"),
            Unfit::WrongProduct,
        ),
        (
            "made after the end",
            changed(|set| set.created = UnixTime(1_795_000_001)),
            Unfit::TooLate,
        ),
        (
            "torn",
            torn,
            Unfit::Malformed(countersign_protocol::Error { kind, offset }),
        ),
    ];
    for (name, set, why) in cases {
        let (world, device) = people.device(Some(UnixTime(1_795_000_000)));
        let kept = device.chip.peek(AUTHORS, 0x2000);
        world.inner().successors.push(set);
        for _ in 0..2 {
            assert!(matches!(device.boot(1), End::Asleep { .. }), "{name}");
            let events = device.events();
            assert!(
                events.contains(&Event::AuthorsRefused(why)),
                "{name}: {events:?}"
            );
        }
        assert_eq!(device.chip.peek(AUTHORS, 0x2000), kept, "{name}");
        assert_eq!(
            world.inner().seen.last().unwrap().authors,
            Some(1),
            "{name}"
        );
    }
}

#[test]
fn an_ended_set_signs_nothing_but_a_successor_from_before_its_end_is_found() {
    let people = People::new();
    let end = UnixTime(1_800_000_500);
    let (world, device) = people.device(Some(end));
    let [a, b, c, d, _] = &people.others;
    world.inner().time = end.0;
    assert_eq!(offered(&world, &device, 1, &[a, b]), CONFIRMED);
    world.inner().time = end.0 + 1;
    assert_eq!(
        offered(&world, &device, 2, &[a, b]),
        refused(Reason::AuthorsEnded)
    );
    // The second set has ended, too, when the device awakes; the third has not.
    let second = author_set(2, 1, &[c, d], &[a, b, c], |set| {
        set.created = end;
        set.not_after = Some(end);
    });
    let third = author_set(3, 1, &[d], &[c, d], |set| set.created = end);
    world.inner().successors.extend([second, third]);
    assert_eq!(
        offered(&world, &device, 3, &[d, c]),
        refused(Reason::AuthorsEnded)
    );
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(offered(&world, &device, 4, &[d]), CONFIRMED);
    assert_eq!(world.inner().seen.last().unwrap().authors, Some(3));
}

#[test]
fn without_a_partition_the_factorys_authors_stay_and_no_set_is_asked_for() {
    let people = People::new();
    let world = World::new();
    let device = Device::new(&image("1.0", 9_000), &world, &people.factory);
    device.chip.burn(TABLE, &Device::table(false));
    let [a, ..] = &people.others;
    let set = author_set(1, 1, &[a], &[&people.factory, a], |_| {});
    world.inner().successors = vec![set];
    assert_eq!(offered(&world, &device, 1, &[&people.factory]), CONFIRMED);
    assert!(device.events().contains(&Event::AuthorsFixed));
    assert!(world.inner().seen.iter().all(|seen| seen.authors.is_none()));
    // Nor does it take one that comes unasked.
    let unasked = world.inner().successors.clone();
    world.inner().on_check_in = Some(Box::new(move |inner| {
        let reply = countersign_protocol::CheckInReply {
            time: UnixTime(inner.time),
            next_check_in_s: 600,
            offer: None,
            authors: Some(&unasked[0]),
        };
        let mut bytes = [0; 4096];
        let len = reply.encode(&mut bytes).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n");
        inner.check_in = Some([head.as_bytes(), &bytes[..len]].concat());
    }));
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    assert_eq!(device.chip.peek(AUTHORS, 0x2000), vec![0xFF; 0x2000]);
}

#[test]
fn a_set_that_could_not_be_checked_or_kept_is_followed_later() {
    let people = People::new();
    let (world, device) = people.device(None);
    let [a, b, _, d, _] = &people.others;
    world
        .inner()
        .successors
        .push(author_set(2, 1, &[d], &[a, b, d], |_| {}));
    for check in 0..3 {
        device.shortage.of(check..check + 1);
        assert!(matches!(device.boot(1), End::Asleep { .. }));
        assert!(
            device.events().contains(&Event::AuthorsPutOff),
            "check {check}"
        );
    }
    device.shortage.of(0..0);
    device.chip.inner().broken = Some(AUTHORS..AUTHORS + 0x2000);
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    assert!(device.events().contains(&Event::AuthorsPutOff));
    device.chip.inner().broken = None;
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    assert!(
        device
            .events()
            .contains(&Event::AuthorsFollowed { sequence: 2 })
    );
    assert_eq!(offered(&world, &device, 1, &[d]), CONFIRMED);
}

#[test]
fn the_largest_set_with_every_signature_and_an_offer_fit_one_answer() {
    let (world, old) = (World::new(), [(); 8].map(|()| Signer::new()));
    let new = [(); 8].map(|()| Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &old[0]);
    let (old, new) = (old.each_ref(), new.each_ref());
    let both = [old, new].concat();
    world.inner().successors = vec![
        author_set(1, 8, &old, &old, |_| {}),
        author_set(2, 8, &new, &both, |_| {}),
    ];
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    assert_eq!(offered(&world, &device, 1, &new), CONFIRMED);
    assert!(
        device
            .events()
            .contains(&Event::AuthorsFollowed { sequence: 2 })
    );
}

#[test]
fn power_cuts_leave_the_set_before_or_the_one_after() {
    let people = People::new();
    let [a, b, c, d, _] = &people.others;
    let successors = vec![
        author_set(1, 2, &[a, b, c], &[&people.factory, a, b], |_| {}),
        author_set(2, 1, &[c], &[a, b, c], |_| {}),
        author_set(3, 1, &[d], &[c, d], |_| {}),
    ];
    let (mut cuts, mut points) = (0_u32, 0_u32);
    for cut in Cut::ALL {
        for seed in 1..=if cut.is_random() { 8 } else { 1 } {
            for after in 0.. {
                let world = World::new();
                let device = Device::new(&image("1.0", 9_000), &world, &people.factory);
                world.inner().successors.clone_from(&successors);
                {
                    let mut chip = device.chip.inner();
                    (chip.power, chip.cut) = (Some(after), cut);
                    chip.seed = (after + 1).wrapping_mul(2_654_435_769) ^ seed;
                }
                let told = format!("{cut:?}, seed {seed}, after {after}");
                if (0..4).all(|_| device.boot(1) != End::PowerLost) {
                    points = points.max(after);
                    break;
                }
                cuts += 1;
                device.chip.inner().power = None;
                let before = world.inner().seen.last().unwrap().authors.unwrap();
                let boots = world.inner().seen.len();
                assert!(matches!(device.boot(1), End::Asleep { .. }), "{told}");
                let found = world.inner().seen[boots].authors.unwrap();
                assert!(
                    found == before || found == before + 1,
                    "{told}: {before}, {found}"
                );
                for _ in 0..4 {
                    assert!(matches!(device.boot(1), End::Asleep { .. }), "{told}");
                }
                assert_eq!(offered(&world, &device, 1, &[d]), CONFIRMED, "{told}");
                assert_eq!(
                    world.inner().seen.last().unwrap().authors,
                    Some(3),
                    "{told}"
                );
            }
        }
    }
    assert!(points >= 6, "each of three sets is an erase and a write");
    eprintln!("{points} operations, {cuts} power cuts while sets are kept");
}
