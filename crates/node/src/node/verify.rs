//! Step 5: the slot, read back.

use countersign_protocol::{Digest, Reason};
use esp_formats::app_image;

use super::{Halt, Node, accept::Accepted, signature::Signature};
use crate::{
    Crypto, Event, Observer, Parts, Platform, SECTOR, Sha256, flash::UNIT, state::Installed,
};

/// An image that was read back from its slot and is the one that the author signed for. Only [`Node::verify`] makes
/// one, and step 6 takes nothing else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Verified {
    image: Installed,
    counter: u64,
}

impl Verified {
    /// The image.
    pub(super) const fn image(&self) -> Installed {
        self.image
    }

    /// Its manifest's counter.
    pub(super) const fn counter(&self) -> u64 {
        self.counter
    }
}

impl<P: Platform> Node<'_, P> {
    /// 5: reads the whole image back and compares it with the manifest; where the product has Secure Boot, also looks for a
    /// signature of the image that the boot loader will take.
    ///
    /// The bytes were right when they were written, or [`Node::download`] had refused them: what is wrong now is the
    /// flash.
    pub(super) async fn verify(&mut self, accepted: &Accepted) -> Result<Verified, Halt> {
        let Self {
            settings,
            parts,
            buffers,
            places,
            ..
        } = self;
        let Parts {
            flash,
            crypto,
            observer,
            ..
        } = parts;
        let mut hash = crypto.sha256();
        let wanted = settings.secure_boot.as_ref();
        let mut signature = wanted.map(|wanted| Signature::new(wanted, crypto));
        // Of what was before.
        let _ = crypto.could_not_check();
        let mut head = None;
        let mut at = 0_u32;
        while at < accepted.size {
            let left = usize::try_from(accepted.size.saturating_sub(at)).unwrap_or(SECTOR);
            let len = left.min(SECTOR);
            let sector = buffers
                .sector
                .get_mut(..len.next_multiple_of(UNIT))
                .unwrap_or_default();
            let read = places.target.read(flash, at, sector).await;
            read.map_err(|_| Halt::Failed(Reason::Flash))?;
            if at == 0 {
                let first = sector.first_chunk::<{ app_image::Head::LEN }>();
                let first = first.ok_or(Halt::Refused(Reason::WrongImage))?;
                accepted.check_head(first).map_err(Halt::Refused)?;
                head = Some(crc32fast::hash(first));
            }
            let bytes = sector.get(..len).unwrap_or_default();
            hash.update(bytes);
            if let Some(signature) = &mut signature {
                signature.take(crypto, at, bytes);
            }
            at = at.saturating_add(u32::try_from(len).unwrap_or(u32::MAX));
        }
        match head {
            Some(head) if Digest(hash.finish()) == accepted.digest => {
                // The bytes are the author's. That does not make them ones that this chip boots: with the one key stolen,
                // the other still stands.
                if let Some(signature) = signature {
                    let refusal = |reason| Halt::refusal(crypto, reason);
                    signature.finish().map_err(refusal)?;
                }
                observer.event(Event::Verified);
                let image = Installed {
                    slot: places.target_slot,
                    digest: accepted.digest,
                    head,
                };
                Ok(Verified {
                    image,
                    counter: accepted.counter,
                })
            }
            _ => Err(Halt::Failed(Reason::Flash)),
        }
    }
}
