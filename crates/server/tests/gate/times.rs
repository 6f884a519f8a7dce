//! Clocks jump both ways: what counts is what the clock says now.

use countersign_pki::Validity;
use countersign_protocol::UnixTime;

use crate::{
    client::BOTH,
    world::{DAY, START, World},
};

#[test]
fn a_certificate_is_good_from_its_first_second_to_its_last_whichever_way_the_clock_goes() {
    for version in BOTH {
        let world = World::new();
        let (first, last) = (START + DAY, START + 2 * DAY);
        let validity = Validity {
            not_before: UnixTime(first),
            not_after: Some(UnixTime(last)),
        };
        let ends = world.client(&world.enroll_within("d1", validity), version);
        let endless = world.client(&world.enroll("d2", None), version);
        let at = world.at.device;
        endless.come(at).unwrap();
        let century = START + 100 * 365 * DAY;
        let not_begun = Err("certificate-not-begun");
        let ended = Err("certificate-ended");
        // The clock, what comes of it, and how many chains are validated for it: none where it is known and good.
        let steps = [
            (START, not_begun, 1),
            (first - 1, not_begun, 1),
            (first, Ok(()), 1),
            (last, Ok(()), 0),
            (last + 1, ended, 1),
            (century, ended, 1),
            (last, Ok(()), 0),
            (first - 1, not_begun, 1),
            (0, not_begun, 1),
            (first, Ok(()), 0),
        ];
        for (now, wanted, validations) in steps {
            world.clock.set(now);
            let [before, _] = world.chains();
            let came = ends.come(at);
            if let Err(code) = wanted {
                assert_eq!(came.unwrap_err(), "CertificateExpired", "{now}");
                assert!(world.refuses(code), "{version:?} {now}");
            } else {
                came.unwrap();
            }
            assert_eq!(world.chains()[0], before + validations, "{version:?} {now}");
        }
        // A root's and an issuing authority's dates are another matter: within them, one without an end is never late.
        world.clock.set(START + 15 * 365 * DAY);
        endless.come(at).unwrap();
        assert_eq!(ends.come(at).unwrap_err(), "CertificateExpired");
        world.clock.set(START);
        endless.come(at).unwrap();
    }
}
