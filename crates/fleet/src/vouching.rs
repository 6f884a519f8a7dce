//! Whether the word of a registered authority is enough to admit a device: one pure function over what was registered, and
//! over what is known of that device.

use countersign_protocol::UnixTime;

use crate::{DeviceState, ProductName, RegisteredAuthority, VouchesFor};

/// All that it is answered from. That the certificate stands under the authority, names the device and has not ended, and that
/// the peer holds its key, was proved before.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The authority, with what it may do.
    pub authority: &'a RegisteredAuthority,
    /// The last second of the authority's own certificate.
    pub authority_ends: UnixTime,
    /// The server's time.
    pub now: UnixTime,
    /// The device that the certificate names; none where it is not known.
    pub device: Option<Known>,
}

/// What is known of a device, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Known {
    /// Whether it may come.
    pub state: DeviceState,
    /// Whether the key that was shown is the one by which it is known.
    pub same_key: bool,
}

/// The answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict<'a> {
    /// It is the device that is known: it comes in.
    Admit,
    /// It comes in as a new device of this product, and is known by this key from now on.
    BringIn(&'a ProductName),
    /// It does not come in.
    Refuse(Unvouched),
}

/// Why an authority's word is not enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unvouched {
    /// The device is revoked.
    Revoked,
    /// The device is retired.
    Retired,
    /// The device is suspended.
    Suspended,
    /// The authority may vouch for nobody any more.
    Withdrawn,
    /// The authority's own certificate has ended.
    Ended,
    /// The device is known by another key.
    OtherKey,
    /// The device is not known, and the authority may not bring it in, or not any more.
    NotYetKnown,
}

/// Answers it. What the device is comes first, then what the authority may do at all, then the key.
///
/// Nobody comes in by another key than the one by which the device is known, and nobody new by an authority that has ended.
pub fn vouch<'a>(question: &Question<'a>) -> Verdict<'a> {
    match judge(question) {
        Ok(None) => Verdict::Admit,
        Ok(Some(product)) => Verdict::BringIn(product),
        Err(why) => Verdict::Refuse(why),
    }
}

fn judge<'a>(question: &Question<'a>) -> Result<Option<&'a ProductName>, Unvouched> {
    let Question {
        authority,
        authority_ends,
        now,
        device,
    } = *question;
    match device.map(|known| known.state) {
        Some(DeviceState::Revoked) => return Err(Unvouched::Revoked),
        Some(DeviceState::Retired) => return Err(Unvouched::Retired),
        Some(DeviceState::Suspended) => return Err(Unvouched::Suspended),
        Some(DeviceState::Active) | None => {}
    }
    if authority.vouches_for == VouchesFor::Nobody {
        return Err(Unvouched::Withdrawn);
    }
    let ended = now > authority_ends;
    if ended && !(authority.known_after_end && device.is_some()) {
        return Err(Unvouched::Ended);
    }
    match device {
        Some(known) if known.same_key => Ok(None),
        Some(_) => Err(Unvouched::OtherKey),
        None => brings_in(authority, now).map(Some),
    }
}

fn brings_in(authority: &RegisteredAuthority, now: UnixTime) -> Result<&ProductName, Unvouched> {
    let in_time = authority.new_until.is_none_or(|until| now <= until);
    match (authority.vouches_for, &authority.product) {
        (VouchesFor::New, Some(product)) if in_time => Ok(product),
        _ => Err(Unvouched::NotYetKnown),
    }
}

#[cfg(test)]
mod tests;
