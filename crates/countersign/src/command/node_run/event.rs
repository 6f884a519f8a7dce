//! What happens on a virtual device, for people and for programs.

use countersign_esp_boot::Slot;
use countersign_virtual_node::{Event, ResetCause};
use serde_json::{Value, json};

use crate::output;

/// An event for programs: an object whose `event` is a stable name.
pub(super) fn json(event: &Event) -> Value {
    match event {
        Event::Boot {
            slot,
            version,
            pending_verify,
        } => json!({
            "event": "boot", "slot": slot_name(*slot), "version": version, "pending_verify": pending_verify,
        }),
        Event::RolledBack { from, to } => json!({ "event": "rolled-back", "from": from, "to": to }),
        Event::Unbootable { slot, detail } => {
            json!({ "event": "unbootable", "slot": slot_name(*slot), "detail": detail })
        }
        Event::Connected {
            host,
            port,
            tls,
            handshake_us,
        } => json!({
            "event": "connected", "host": host, "port": port, "tls": format!("TLS {tls}"), "handshake_us": handshake_us,
        }),
        Event::ConnectFailed {
            host,
            port,
            error,
            detail,
        } => json!({
            "event": "connect-failed", "host": host, "port": port, "reason": error.to_string(), "detail": detail,
        }),
        Event::CheckedIn { next_s } => json!({ "event": "checked-in", "next_s": next_s }),
        Event::CheckInFailed { reason } => json!({
            "event": "check-in-failed", "reason": reason.code(), "reason_text": reason.to_string(),
        }),
        Event::ServerBusy { seconds } => json!({ "event": "server-busy", "seconds": seconds }),
        Event::UpToDate { version } => json!({ "event": "up-to-date", "version": version }),
        Event::Offered { version, size } => {
            json!({ "event": "offered", "version": version, "size": size })
        }
        Event::Progress { done, total } => {
            json!({ "event": "progress", "done": done, "total": total })
        }
        Event::Resumed { done } => json!({ "event": "resumed", "done": done }),
        Event::AuthorsFixed => json!({ "event": "authors-fixed" }),
        Event::AuthorsFollowed { sequence } => {
            json!({ "event": "authors-followed", "sequence": sequence })
        }
        Event::AuthorsRefused { why } => {
            json!({ "event": "authors-refused", "why": why.to_string() })
        }
        Event::AuthorsPutOff => json!({ "event": "authors-put-off" }),
        Event::AddressEnded => json!({ "event": "address-ended" }),
        Event::Retrying { wait_ms } => json!({ "event": "retrying", "wait_ms": wait_ms }),
        Event::Verified => json!({ "event": "verified" }),
        Event::Selected { slot } => json!({ "event": "selected", "slot": format!("ota_{slot}") }),
        Event::Confirmed { version } => json!({ "event": "confirmed", "version": version }),
        Event::SelfTestFailed => json!({ "event": "self-test-failed" }),
        Event::Refused { reason } => json!({
            "event": "refused", "reason": reason.code(), "reason_text": reason.to_string(),
        }),
        Event::Failed { reason } => json!({
            "event": "failed", "reason": reason.code(), "reason_text": reason.to_string(),
        }),
        Event::Reported { outcome } => json!({ "event": "reported", "outcome": outcome.code() }),
        Event::Reset { why } => json!({ "event": "reset", "why": cause(*why) }),
        _ => json!({ "event": "other" }),
    }
}

/// An event for people, in one line.
pub(super) fn text(event: &Event) -> String {
    match event {
        Event::Boot {
            slot,
            version,
            pending_verify,
        } => {
            let trial = if *pending_verify {
                ", for the first time: it has to confirm"
            } else {
                ""
            };
            format!("boot         {version} in {}{trial}", slot_name(*slot))
        }
        Event::RolledBack { from, to } => {
            format!("rolled back  from {from}, which never confirmed, to {to}")
        }
        Event::Unbootable { slot, detail } => {
            format!("unbootable   {}: {detail}", slot_name(*slot))
        }
        Event::Connected {
            host,
            port,
            tls,
            handshake_us,
        } => {
            let ms = handshake_us / 1000;
            format!(
                "connected    {host}:{port} by TLS {tls}, both ends proved, in {ms}.{:01} ms",
                handshake_us % 1000 / 100
            )
        }
        Event::ConnectFailed {
            host,
            port,
            error,
            detail,
        } => {
            format!("no entry     {host}:{port}: {error} ({detail})")
        }
        Event::CheckedIn { next_s } => format!("checked in   next time in {next_s} s"),
        Event::CheckInFailed { reason } => format!("no check-in  {reason}"),
        Event::ServerBusy { seconds } => format!("server busy  again in {seconds} s"),
        Event::UpToDate { version } => format!("up to date   {version}"),
        Event::Offered { version, size } => {
            format!(
                "offered      {version}, {}, signed by a known author",
                output::bytes((*size).into())
            )
        }
        Event::Progress { done, total } => format!("downloading  {done} of {total} bytes"),
        Event::Resumed { done } => format!("resumed      at byte {done}"),
        Event::AuthorsFixed => {
            "authors      those of the factory, for good: no partition for others".to_owned()
        }
        Event::AuthorsFollowed { sequence } => format!("authors      set {sequence} from now on"),
        Event::AuthorsRefused { why } => format!("authors      not followed: {why}"),
        Event::AuthorsPutOff => {
            "authors      the next ones could not be checked or kept for now".to_owned()
        }
        Event::AddressEnded => "address over asking for a fresh one".to_owned(),
        Event::Retrying { wait_ms } => format!("retrying     in {wait_ms} ms"),
        Event::Verified => "verified     the slot holds what the author signed".to_owned(),
        Event::Selected { slot } => format!("selected     ota_{slot} for the next boot"),
        Event::Confirmed { version } => format!("confirmed    {version}"),
        Event::SelfTestFailed => "self-test    failed: going back".to_owned(),
        Event::Refused { reason } => format!("refused      {reason}"),
        Event::Failed { reason } => format!("put off      {reason}"),
        Event::Reported { outcome } => format!("reported     {}", outcome.code()),
        Event::Reset { why } => format!("reset        by {}", cause(*why)),
        _ => "?".to_owned(),
    }
}

fn slot_name(slot: Slot) -> String {
    match slot {
        Slot::Factory => "factory".to_owned(),
        Slot::Ota(n) => format!("ota_{n}"),
    }
}

const fn cause(why: ResetCause) -> &'static str {
    match why {
        ResetCause::Watchdog => "watchdog",
        _ => "node",
    }
}
