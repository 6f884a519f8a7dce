use super::*;

const MOST: Most = Most {
    connections: 40,
    newcomers: 10,
    per_source: 15,
    per_source_per_second: 1_000_000,
    per_device: 3,
};

fn at(host: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, host])
}

/// Lets `count` newcomers in.
fn enter(places: &Arc<Places>, host: u8, count: usize) -> Vec<(Place, Lost)> {
    let one = |_| places.enter(at(host), UnixTime(0)).unwrap();
    (0..count).map(one).collect()
}

fn lost(held: &mut [(Place, Lost)]) -> Vec<Full> {
    held.iter_mut()
        .filter_map(|(_, lost)| lost.try_recv().ok())
        .collect()
}

fn device(number: u8) -> Digest {
    Digest([number; 32])
}

#[test]
fn a_crowd_of_newcomers_competes_with_itself() {
    let places = Places::new(MOST);
    let mut honest = enter(&places, 1, 1);
    let mut crowd = enter(&places, 9, 9);
    assert_eq!(places.open(), (10, 10));
    for _ in 0..1000 {
        crowd.extend(enter(&places, 9, 1));
        assert_eq!(places.open(), (10, 10));
    }
    assert_eq!(lost(&mut honest), []);
    assert_eq!(lost(&mut crowd), vec![Full::Newcomers; 1000]);
    // A newcomer from elsewhere finds a place, too.
    let mut other = enter(&places, 2, 1);
    crowd.extend(enter(&places, 9, 20));
    assert_eq!(lost(&mut other), []);
    drop((honest, other, crowd));
    assert_eq!(places.open(), (0, 0));
    assert!(places.held().sources.is_empty());
}

#[test]
fn among_many_addresses_a_newcomer_keeps_its_place_by_lot() {
    // Each of a hundred honest ones meets as many strangers, each from an address of its own, as there are places: with
    // the oldest, or all, thrown out, none would keep its place; by lot about 37 of 100 do.
    let places = Places::new(Most {
        newcomers: 20,
        ..MOST
    });
    let mut crowd: Vec<_> = (0..20)
        .flat_map(|host| enter(&places, 100 + host, 1))
        .collect();
    let mut kept = 0;
    for _ in 0..100 {
        let mut honest = enter(&places, 1, 1);
        for host in 0..20 {
            // His address has one of them at most, as the honest one has.
            crowd.retain_mut(|(_, lost)| lost.try_recv().is_err());
            let free = (100..=255)
                .find(|host| !places.held().sources.contains_key(&Source::of(at(*host))));
            crowd.extend(enter(&places, free.unwrap_or(host), 1));
        }
        kept += usize::from(lost(&mut honest).is_empty());
    }
    assert!(kept > 0, "nobody kept his place");
}

#[test]
fn who_proved_himself_loses_his_place_to_no_stranger() {
    let places = Places::new(MOST);
    let mut proved = enter(&places, 1, 10);
    for (number, (place, _)) in (0..).zip(&proved) {
        place.prove(Some(device(number)));
    }
    assert_eq!(places.open(), (10, 0));
    let crowd: Vec<_> = (2..12).flat_map(|host| enter(&places, host, 10)).collect();
    assert_eq!(places.open(), (20, 10));
    assert_eq!(lost(&mut proved), []);
    drop(crowd);
    // Where devices hold all places there is none for a newcomer.
    for host in 2..5 {
        for _ in 0..10 {
            proved.extend(enter(&places, host, 1));
            let (place, _) = proved.last().unwrap();
            place.prove(Some(device(u8::try_from(proved.len()).unwrap())));
        }
    }
    assert_eq!(places.open(), (40, 0));
    let refused = places.enter(at(9), UnixTime(0)).unwrap_err();
    assert_eq!(refused, Full::Connections);
    assert_eq!(lost(&mut proved), []);
}

#[test]
fn an_address_has_its_share_and_no_more() {
    let places = Places::new(MOST);
    let proved = enter(&places, 1, 8);
    for (number, (place, _)) in (0..).zip(&proved) {
        place.prove(Some(device(number)));
    }
    let mut others = enter(&places, 1, 7);
    // Another newcomer of the address takes the place of one of its own ...
    others.extend(enter(&places, 1, 1));
    assert_eq!(lost(&mut others), [Full::Source]);
    assert_eq!(places.open(), (15, 7));
    // ... and where they have all proved themselves, of none.
    others.retain(|(_, lost)| !lost.is_terminated());
    for (number, (place, _)) in (100..).zip(&others) {
        place.prove(Some(device(number)));
    }
    let refused = places.enter(at(1), UnixTime(0)).unwrap_err();
    assert_eq!(refused, Full::Source);
    assert_eq!(enter(&places, 2, 1).len(), 1);
}

#[test]
fn an_address_comes_so_often_in_a_second_and_no_more() {
    let places = Places::new(Most {
        per_source_per_second: 5,
        ..MOST
    });
    let come = |host, second| places.enter(at(host), UnixTime(second)).map(drop);
    for second in [7, 8, 3] {
        for _ in 0..5 {
            assert_eq!(come(1, second), Ok(()));
        }
        assert_eq!(come(1, second), Err(Full::SourceInASecond));
        assert_eq!(come(2, second), Ok(()));
    }
    assert_eq!(places.open(), (0, 0));
}

#[test]
fn a_device_gives_up_its_oldest_connection_for_its_newest() {
    let places = Places::new(MOST);
    let mut mine = enter(&places, 1, 5);
    for (place, _) in &mine {
        place.prove(Some(device(1)));
    }
    let mut other = enter(&places, 1, 1);
    other[0].0.prove(Some(device(2)));
    assert_eq!(lost(&mut mine), [Full::Device; 2]);
    assert!(mine[..2].iter().all(|(_, lost)| lost.is_terminated()));
    assert_eq!(lost(&mut other), []);
    drop((mine, other));
    assert_eq!(places.open(), (0, 0));
    assert!(places.held().devices.is_empty());
}

#[test]
fn who_is_barred_loses_all_his_places_and_counts_until_he_is_gone() {
    let places = Places::new(MOST);
    let mut mine = enter(&places, 1, 3);
    let mut other = enter(&places, 1, 1);
    for (place, _) in &mine {
        place.prove(Some(device(1)));
    }
    other[0].0.prove(Some(device(2)));
    places.cut(&[device(3), device(1)]);
    assert_eq!(lost(&mut mine), [Full::Barred; 3]);
    assert_eq!(lost(&mut other), []);
    assert_eq!(places.open(), (4, 0));
    // Who comes meanwhile, and is not barred, holds a place as any other.
    let again = enter(&places, 1, 1);
    again[0].0.prove(Some(device(1)));
    drop(mine);
    assert_eq!(places.open(), (2, 0));
    drop((other, again));
    assert_eq!(places.open(), (0, 0));
    assert!(places.held().devices.is_empty());
}
