use std::{vec, vec::Vec};

use embedded_storage_async::nor_flash::{ErrorType, NorFlashErrorKind, ReadNorFlash};

use super::*;

/// Two sectors of flash.
struct Memory(Vec<u8>);

impl ErrorType for Memory {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Memory {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let offset = usize::try_from(offset).unwrap();
        bytes.copy_from_slice(&self.0[offset..offset + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Memory {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let range = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
        self.0[range].fill(0xFF);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let offset = usize::try_from(offset).unwrap();
        for (cell, byte) in self.0[offset..].iter_mut().zip(bytes) {
            assert_eq!(*cell, 0xFF, "written twice");
            *cell = *byte;
        }
        Ok(())
    }
}

const PLACE: Place = Place {
    offset: 0,
    size: 8192,
};

/// Runs a future that never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    match core::pin::pin!(future).poll(&mut context) {
        core::task::Poll::Ready(value) => value,
        core::task::Poll::Pending => panic!("it waits"),
    }
}

fn open(memory: &mut Memory) -> Log {
    run(Log::open(memory, PLACE)).unwrap()
}

fn save(log: &mut Log, memory: &mut Memory, counter: u64) {
    run(log.save(memory, |state| state.counter = counter)).unwrap();
}

fn full() -> State {
    let image = Installed {
        slot: 3,
        digest: Digest([1; 32]),
        head: 0x0102_0304,
    };
    State {
        time: UnixTime(1_800_000_000),
        proven: UnixTime(0x0102_0304),
        counter: u64::MAX,
        confirmed: Some(image),
        pending: Some(Pending {
            offer: OfferId([2; 16]),
            counter: 9,
            image: Installed { slot: 4, ..image },
        }),
        progress: Some(Progress {
            slot: 5,
            digest: Digest([6; 32]),
            size: 7,
            written: 8,
        }),
        barred: Some(Barred {
            digest: Digest([9; 32]),
            counter: 10,
        }),
        ended: Some(Ended {
            offer: OfferId([11; 16]),
            outcome: Outcome::Refused,
            reason: Some(Reason::WrongDigest),
            owed: true,
        }),
    }
}

#[test]
fn every_field_survives_its_record() {
    let all = full();
    let without = [
        State {
            confirmed: None,
            ..all
        },
        State {
            pending: None,
            ..all
        },
        State {
            progress: None,
            ..all
        },
        State {
            barred: None,
            ..all
        },
        State { ended: None, ..all },
        State {
            ended: all.ended.map(|ended| Ended {
                owed: false,
                reason: None,
                ..ended
            }),
            ..all
        },
        State::default(),
    ];
    for state in without.into_iter().chain([all]) {
        assert_eq!(
            record::decode(&record::encode(77, &state)),
            Some((77, state))
        );
    }
}

#[test]
fn lies_in_flash_as_documented() {
    let bytes = record::encode(0x0A0B_0C0D, &full());
    assert_eq!(bytes[..8], *b"CSN1\x0D\x0C\x0B\x0A");
    assert_eq!(bytes[24..32], [63, 3, 4, 5, 3, 10, 0, 0]);
    assert_eq!(bytes[32..68], [[1; 32].as_slice(), &[4, 3, 2, 1]].concat());
    assert_eq!(
        bytes[68..92],
        [[2; 16].as_slice(), &[9, 0, 0, 0, 0, 0, 0, 0]].concat()
    );
    assert_eq!(
        bytes[128..168],
        [[6; 32].as_slice(), &[7, 0, 0, 0, 8, 0, 0, 0]].concat()
    );
    assert_eq!(
        bytes[168..208],
        [[9; 32].as_slice(), &[10, 0, 0, 0, 0, 0, 0, 0]].concat()
    );
    assert_eq!(
        bytes[208..252],
        [[11; 16].as_slice(), &[4, 3, 2, 1], &[0; 24]].concat()
    );
}

#[test]
fn no_spoiled_record_is_read() {
    let good = record::encode(1, &full());
    for at in 0..RECORD {
        for bit in 0..8 {
            let mut bad = good;
            bad[at] ^= 1 << bit;
            assert_eq!(record::decode(&bad), None, "byte {at}, bit {bit}");
        }
        let mut torn = [0xFF; RECORD];
        torn[..at].copy_from_slice(&good[..at]);
        assert_eq!(record::decode(&torn), None);
    }
    assert_eq!(record::decode(&[0; RECORD]), None);
}

#[test]
fn the_newest_record_counts_over_many_sectors() {
    let mut memory = Memory(vec![0xFF; 8192]);
    let mut log = open(&mut memory);
    assert_eq!(*log.state(), State::default());
    for counter in 1..100 {
        save(&mut log, &mut memory, counter);
        let mut again = open(&mut memory);
        assert_eq!(again.state().counter, counter);
        // Writing goes on as well after a reset as without one.
        if counter % 7 == 0 {
            std::mem::swap(&mut log, &mut again);
        }
    }
}

#[test]
fn what_says_nothing_new_is_not_written() {
    let mut memory = Memory(vec![0xFF; 8192]);
    let mut log = open(&mut memory);
    save(&mut log, &mut memory, 1);
    let before = memory.0.clone();
    save(&mut log, &mut memory, 1);
    log.advance(UnixTime(TIME_STEP_S - 1));
    run(log.settle(&mut memory)).unwrap();
    assert_eq!(memory.0, before);
    log.advance(UnixTime(TIME_STEP_S));
    log.advance(UnixTime(5));
    run(log.settle(&mut memory)).unwrap();
    assert_eq!(open(&mut memory).state().time, UnixTime(TIME_STEP_S));
}

#[test]
fn a_time_at_which_nobody_proved_himself_is_forgotten() {
    let mut memory = Memory(vec![0xFF; 8192]);
    let mut log = open(&mut memory);
    log.advance(UnixTime(10_000));
    log.prove();
    log.advance(UnixTime(u64::MAX));
    run(log.settle(&mut memory)).unwrap();
    // After a reset, too.
    let mut log = open(&mut memory);
    assert_eq!(log.state().time, UnixTime(u64::MAX));
    log.doubt();
    run(log.settle(&mut memory)).unwrap();
    let mut log = open(&mut memory);
    assert_eq!(log.state().time, UnixTime(10_000));
    log.doubt();
    assert_eq!(log.state().time, UnixTime(10_000), "and no further back");
}

#[test]
fn torn_records_and_rubbish_are_passed_over() {
    let mut memory = Memory(vec![0xFF; 8192]);
    let mut log = open(&mut memory);
    save(&mut log, &mut memory, 1);
    // A record that power was cut in, behind the first.
    memory.0[at_usize(1)..at_usize(1) + 40].fill(0);
    let mut log = open(&mut memory);
    assert_eq!(log.state().counter, 1);
    save(&mut log, &mut memory, 2);
    assert_eq!(open(&mut memory).state().counter, 2);

    let mut rubbish = Memory(
        (0..8192_u32)
            .map(|at| (at % 251).to_le_bytes()[0])
            .collect(),
    );
    let mut log = open(&mut rubbish);
    assert_eq!(*log.state(), State::default());
    save(&mut log, &mut rubbish, 3);
    assert_eq!(open(&mut rubbish).state().counter, 3);
}

#[test]
fn behind_the_last_number_comes_the_first() {
    let mut memory = Memory(vec![0xFF; 8192]);
    memory.0[..RECORD].copy_from_slice(&record::encode(u32::MAX, &full()));
    let mut log = open(&mut memory);
    assert_eq!(*log.state(), full());
    for counter in 1..40 {
        save(&mut log, &mut memory, counter);
        let found = *open(&mut memory).state();
        assert_eq!(found, State { counter, ..full() });
    }
}

/// Where the record of an index lies in the first sector.
fn at_usize(index: u32) -> usize {
    usize::try_from(at(0, index)).unwrap()
}
