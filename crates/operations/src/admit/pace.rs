//! How many certificates of registered authorities are recorded: a record is for good, and who makes them up has no end of them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign_fleet::AuthorityName;
use countersign_protocol::{Digest, UnixTime};

use crate::Refusal;

/// What was recorded in this hour.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Hour>);

#[derive(Debug, Default)]
struct Hour {
    /// Which one, since 1970.
    number: u64,
    certificates: HashMap<(AuthorityName, Digest), u32>,
    new_devices: HashMap<AuthorityName, u32>,
}

impl Pace {
    /// Takes leave to record a certificate for `key`, of a device that is new or is not.
    pub(super) fn take(
        &self,
        now: UnixTime,
        authority: &AuthorityName,
        key: &Digest,
        is_new: bool,
    ) -> Result<(), Refusal> {
        let mut hour = self.hour(now);
        let owned = (authority.clone(), *key);
        let certificates = hour.certificates.get(&owned).copied().unwrap_or(0);
        if certificates >= CERTIFICATES_AN_HOUR {
            return Err(Refusal::TooManyCertificates);
        }
        let new_devices = hour.new_devices.get(authority).copied().unwrap_or(0);
        if is_new && new_devices >= NEW_DEVICES_AN_HOUR {
            return Err(Refusal::TooManyNewDevices(authority.clone()));
        }
        hour.certificates
            .insert(owned, certificates.saturating_add(1));
        if is_new {
            let one_more = new_devices.saturating_add(1);
            hour.new_devices.insert(authority.clone(), one_more);
        }
        Ok(())
    }

    /// Gives leave back that was not used.
    pub(super) fn give_back(
        &self,
        now: UnixTime,
        authority: &AuthorityName,
        key: &Digest,
        is_new: bool,
    ) {
        let mut hour = self.hour(now);
        if let Some(taken) = hour.certificates.get_mut(&(authority.clone(), *key)) {
            *taken = taken.saturating_sub(1);
        }
        if let Some(taken) = hour.new_devices.get_mut(authority).filter(|_| is_new) {
            *taken = taken.saturating_sub(1);
        }
    }

    /// This hour's; the one before is forgotten.
    fn hour(&self, now: UnixTime) -> MutexGuard<'_, Hour> {
        let mut hour = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.0 / 3600;
        if hour.number != number {
            *hour = Hour {
                number,
                ..Hour::default()
            };
        }
        hour
    }
}

/// How many certificates for one key are recorded in an hour, of those that a registered authority's devices show. A device
/// renews its own twice a year, or twice a day; this stops one that has a thousand of them from filling the store.
pub const CERTIFICATES_AN_HOUR: u32 = 8;

/// How many new devices a registered authority may bring in in an hour by their first connections. This stops who holds such an
/// authority's key from filling the store; `device import` has no such limit.
pub const NEW_DEVICES_AN_HOUR: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn acme() -> AuthorityName {
        "acme".parse().unwrap()
    }

    #[test]
    fn one_key_has_few_certificates_in_an_hour_and_takes_nothing_from_another() {
        let (pace, acme) = (Pace::default(), acme());
        let take = |key, now| pace.take(now, &acme, &Digest([key; 32]), false);
        for _ in 0..CERTIFICATES_AN_HOUR {
            take(1, NOW).unwrap();
        }
        assert_eq!(take(1, NOW), Err(Refusal::TooManyCertificates));
        assert_eq!(take(1, NOW.plus(3599)), Err(Refusal::TooManyCertificates));
        take(2, NOW).unwrap();
        // What was not written is given back, once.
        pace.give_back(NOW, &acme, &Digest([1; 32]), false);
        take(1, NOW).unwrap();
        assert_eq!(take(1, NOW), Err(Refusal::TooManyCertificates));
        take(1, NOW.plus(3600)).unwrap();
    }

    #[test]
    fn one_authority_brings_in_so_many_and_takes_nothing_from_another() {
        let (pace, acme) = (Pace::default(), acme());
        let take = |name: &AuthorityName, n: u32, is_new| {
            let mut key = Digest([0; 32]);
            key.0[..4].copy_from_slice(&n.to_be_bytes());
            pace.take(NOW, name, &key, is_new)
        };
        for n in 0..NEW_DEVICES_AN_HOUR {
            take(&acme, n, true).unwrap();
        }
        let one_more = NEW_DEVICES_AN_HOUR;
        let refused = take(&acme, one_more, true).unwrap_err();
        assert_eq!(refused, Refusal::TooManyNewDevices(acme.clone()));
        // Those that are known come on.
        take(&acme, one_more, false).unwrap();
        take(&"bolt".parse().unwrap(), one_more, true).unwrap();
    }
}
