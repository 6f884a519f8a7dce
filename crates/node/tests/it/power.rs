//! Power that is cut in every single write and erase of an update, by node and boot loader, in every way.

use countersign_node::{Event, LinkError};
use countersign_protocol::{OfferId, Outcome};

use crate::{
    author::{Signer, image, manifest},
    chip::{Cut, SECTOR},
    device::{Device, Dice, End},
    table::Table,
    world::World,
};

/// What happens if the power stays.
#[derive(Clone, Copy, Debug)]
struct Story {
    name: &'static str,
    rollback: bool,
    /// About how long the images are, in bytes.
    filler: u32,
    /// The new image reaches no server, so that the device has to go back from it.
    broken: bool,
}

/// What a sweep came to.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Places and ways in which power was cut.
    cuts: u32,
    /// Times that the boot loader started an image, each of which was found to be one of the author's, byte for byte.
    boots: u32,
    /// Updates that ended well: the release that was offered, or the one after it, runs and is confirmed.
    ended_well: u32,
    /// Of these, such as went back to the old image first.
    went_back: u32,
}

/// One cut: so many operations are done, and then this.
type CutAt = (u32, Cut, u32);

impl Story {
    /// Lets the power go at each of `cuts` in turn, and then come for good. `None` where the last one was never reached.
    fn play(self, author: &Signer, cuts: &[CutAt], counts: &mut Counts) -> Option<()> {
        let filler = self.filler;
        let world = World::new();
        let images = [
            image("1.0", filler),
            image("2.0", filler + 1000),
            image("3.0", filler + 2000),
        ];
        let [old, new, next] = &images;
        let mut device = Device::new(old, &world, author);
        device.rollback = self.rollback;
        let id = world.offer(1, author.sign(&manifest("2.0", 5, new)), new);
        let told = format!("{self:?}, {cuts:?}");

        // Every boot finds an image of the author's: the boot loader of the tests panics where there is none that is
        // whole, and what it starts is one of the three, byte for byte.
        let boot = |counts: &mut Counts| {
            let Some(slot) = device.start() else {
                return End::PowerLost;
            };
            counts.boots += 1;
            let holds = |image: &Vec<u8>| device.slot(slot.into(), image.len()) == *image;
            assert!(images.iter().any(holds), "{told}");
            if !(self.broken && holds(new)) {
                return device.node(slot, 1);
            }
            let server = "ota.example".to_owned();
            world.inner().unreachable = vec![(server, LinkError::Broken)];
            let end = device.patient(slot);
            world.inner().unreachable.clear();
            end
        };
        for (after, cut, seed) in cuts {
            {
                let mut chip = device.chip.inner();
                (chip.power, chip.cut, chip.seed) = (Some(*after), *cut, *seed);
            }
            let lost = (0..6).any(|_| boot(counts) == End::PowerLost);
            if !lost {
                return None;
            }
        }
        counts.cuts += 1;
        device.chip.inner().power = None;

        let first = (0..12).find_map(|_| {
            boot(counts);
            world.inner().reports.first().copied()
        });
        let first = first.unwrap_or_else(|| panic!("{told}: no report"));
        assert_eq!(first.0, id, "{told}");
        match first.1 {
            Outcome::Confirmed if !self.broken => assert_eq!(device.state(1).counter, 5, "{told}"),
            // The new image is no good, or the cut fell between its first boot and its confirmation: that is what
            // rollback is for. The next release must find its way.
            Outcome::RolledBack => {
                counts.went_back += 1;
                assert_eq!(device.state(0).counter, 0, "{told}");
                world.offer(2, author.sign(&manifest("3.0", 6, next)), next);
                assert!(matches!(device.settle(), End::Asleep { .. }), "{told}");
                assert_eq!(device.slot(1, next.len()), *next, "{told}");
                assert_eq!(device.state(1).counter, 6, "{told}");
                let last = *world.inner().reports.last().unwrap();
                assert_eq!(last, (OfferId([2; 16]), Outcome::Confirmed, None), "{told}");
            }
            other => panic!("{told}: {other:?}"),
        }
        counts.ended_well += 1;
        Some(())
    }

    /// One cut, in every operation and every way.
    fn every_cut(self, ways: &[Cut], seeds: u32) -> Counts {
        let (author, mut counts) = (Signer::new(), Counts::default());
        for cut in ways {
            for seed in 1..=if cut.is_random() { seeds } else { 1 } {
                let mut after = 0;
                while self
                    .play(&author, &[(after, *cut, seeded(after, seed))], &mut counts)
                    .is_some()
                {
                    after += 1;
                }
                assert!(
                    after > 2 * self.filler / 4096,
                    "each sector is erased and written"
                );
            }
        }
        counts
    }

    /// Two cuts: in every operation, and in every one of what the device then does to recover.
    fn every_pair(self, seeds: u32) -> Counts {
        let (author, mut counts) = (Signer::new(), Counts::default());
        for seed in 1..=seeds {
            for first in 0.. {
                let mut dice = Dice(seeded(first, seed));
                let way = |dice: &mut Dice| Cut::ALL[usize::try_from(dice.roll()).unwrap() % 5];
                let one = (first, way(&mut dice), dice.roll());
                let mut second = 0;
                loop {
                    let two = (second, way(&mut dice), dice.roll());
                    if self.play(&author, &[one, two], &mut counts).is_none() {
                        break;
                    }
                    second += 1;
                }
                if second == 0 {
                    break;
                }
            }
        }
        counts
    }
}

/// One cut in every record that a node makes while time passes: it comes back knowing what it knew before the record, or
/// after it. An update then ends well.
fn every_record(seeds: u32) -> Counts {
    let (author, mut counts) = (Signer::new(), Counts::default());
    for cut in Cut::ALL {
        for seed in 1..=if cut.is_random() { seeds } else { 1 } {
            let mut after = 0;
            while record_cut(&author, (after, cut, seeded(after, seed)), &mut counts) {
                after += 1;
            }
            assert!(after > 40, "forty records, and sectors erased for them");
        }
    }
    counts
}

/// One of them; `false` where there are no more than so many operations.
fn record_cut(author: &Signer, (after, cut, seed): CutAt, counts: &mut Counts) -> bool {
    let (world, new) = (World::new(), image("2.0", 5_000));
    let device = Device::new(&image("1.0", 5_000), &world, author);
    {
        let mut chip = device.chip.inner();
        (chip.power, chip.cut, chip.seed) = (Some(after), cut, seed);
    }
    let mut known = 0;
    for round in 0..40 {
        let time = 1_800_000_000 + 4000 * round;
        world.inner().time = time;
        counts.boots += 1;
        if device.boot(1) != End::PowerLost {
            known = time;
            continue;
        }
        counts.cuts += 1;
        device.chip.inner().power = None;
        let found = device.state(0).time.0;
        assert!(found == known || found == time, "{after}, {cut:?}, {seed}");
        world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
        assert!(matches!(device.settle(), End::Asleep { .. }));
        counts.boots += 2;
        assert_eq!(device.state(1).counter, 5, "{after}, {cut:?}, {seed}");
        assert_eq!(device.state(1).time.0, time);
        counts.ended_well += 1;
        return true;
    }
    false
}

/// One row of the table, still to be found out.
type Sweep = Box<dyn FnOnce() -> Counts + Send>;

/// A seed of its own for each cut.
fn seeded(after: u32, seed: u32) -> u32 {
    (after + 1).wrapping_mul(2_654_435_769) ^ seed.wrapping_mul(40_503)
}

const SHORT: u32 = 20_000;

const STORIES: [Story; 4] = [
    Story {
        name: "an update",
        rollback: true,
        filler: SHORT,
        broken: false,
    },
    Story {
        name: "an update, by a boot loader without rollback",
        rollback: false,
        filler: SHORT,
        broken: false,
    },
    Story {
        name: "a release that is no good",
        rollback: true,
        filler: SHORT,
        broken: true,
    },
    Story {
        name: "a release that is no good, by a boot loader without rollback",
        rollback: false,
        filler: SHORT,
        broken: true,
    },
];

#[test]
fn power_cuts_table() {
    let long = Story {
        filler: 140_000,
        ..STORIES[0]
    };
    let mut sweeps: Vec<(&str, &str, Sweep)> = Vec::new();
    for story in STORIES {
        let how = "one, in each operation and way";
        let sweep = move || story.every_cut(&Cut::ALL, 8);
        sweeps.push((story.name, how, Box::new(sweep)));
    }
    for story in STORIES {
        let how = "a second one while it recovers";
        let filler = 5_000;
        let sweep = move || Story { filler, ..story }.every_pair(4);
        sweeps.push((story.name, how, Box::new(sweep)));
    }
    sweeps.push((
        "an update of many records",
        "one, in each operation",
        Box::new(move || long.every_cut(&[Cut::Word, Cut::Bits], 1)),
    ));
    sweeps.push((
        "forty records of the node, then an update",
        "one, in each operation and way",
        Box::new(|| every_record(2)),
    ));

    let mut swept: Vec<(&str, &str, Counts)> = std::thread::scope(|scope| {
        let started: Vec<_> = sweeps
            .into_iter()
            .map(|(name, how, sweep)| (name, how, scope.spawn(sweep)))
            .collect();
        started
            .into_iter()
            .map(|(name, how, sweep)| (name, how, sweep.join().unwrap()))
            .collect()
    });
    let all = swept
        .iter()
        .fold(Counts::default(), |sum, (.., counts)| Counts {
            cuts: sum.cuts + counts.cuts,
            boots: sum.boots + counts.boots,
            ended_well: sum.ended_well + counts.ended_well,
            went_back: sum.went_back + counts.went_back,
        });
    swept.push(("all", "", all));
    let mut table = Table::new(&[
        "what is under way",
        "cuts",
        "power cuts",
        "boots, each into a verified image",
        "updates that ended well",
        "of these, by the release after it",
    ]);
    for (name, how, counts) in swept {
        assert_eq!(counts.cuts, counts.ended_well, "{name}");
        table.row([
            name,
            how,
            &counts.cuts.to_string(),
            &counts.boots.to_string(),
            &counts.ended_well.to_string(),
            &counts.went_back.to_string(),
        ]);
    }
    table.print("Power cuts");
    eprintln!(
        "{} cut points, {} boots, {} updates that ended well",
        all.cuts, all.boots, all.ended_well
    );
    table.stands_in("attacks.md", "power-cuts");
}

#[test]
fn a_download_goes_on_after_a_reset_from_the_last_record() {
    let (world, author) = (World::new(), Signer::new());
    let new = image("2.0", 150_000);
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    // The first record, then an erase and a write for each sector, and one more record at 64 KiB.
    device.chip.inner().power = Some(2 + 20 * 2);
    assert_eq!(device.boot(1), End::PowerLost);
    device.chip.inner().power = None;
    device.events();
    let asked = world.inner().asked.len();
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert!(
        device
            .events()
            .contains(&Event::Resumed { done: 64 * 1024 })
    );
    assert_eq!(world.inner().asked[asked].first, 16 * SECTOR);
    assert_eq!(device.slot(1, new.len()), new);
}

#[test]
fn bytes_changed_under_a_resumed_download_are_fetched_anew() {
    let (world, author) = (World::new(), Signer::new());
    let new = image("2.0", 150_000);
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    device.chip.inner().power = Some(2 + 20 * 2);
    assert_eq!(device.boot(1), End::PowerLost);
    device.chip.inner().power = None;
    device.chip.burn(crate::device::SLOTS[1] + 1000, &[0; 8]);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(device.slot(1, new.len()), new);
    assert_eq!(world.inner().reports, [(id, Outcome::Confirmed, None)]);
}
