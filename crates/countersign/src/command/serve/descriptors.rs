//! Open files: each connection is one, and the system has its own limit on them.

use anyhow::{Result, bail};
use countersign_server::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Asks the system for as many open files as the limits may need. Where it gives fewer, the planes take fewer connections,
/// so that there is always one left for a database or an image.
///
/// # Errors
/// Where there would be next to none.
pub(super) fn make_room(mut limits: Limits) -> Result<Limits> {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let own = count(limits.operator_connections).saturating_add(OWN);
    let needed = count(limits.connections)
        .saturating_mul(EACH)
        .saturating_add(own);
    let had = raise_to(needed);
    if had >= needed {
        return Ok(limits);
    }
    let fit = had.saturating_sub(own) / EACH;
    let fit = usize::try_from(fit).unwrap_or(usize::MAX);
    if fit < FEWEST {
        bail!(
            "the system lets this process open {had} files, and {needed} are needed for [limits] connections = {}; \
             raise its limit (ulimit -Hn, LimitNOFILE= of systemd) to {} at least",
            limits.connections,
            own.saturating_add(EACH.saturating_mul(count(FEWEST)))
        );
    }
    tracing::warn!(
        open_files = had,
        needed,
        connections = fit,
        wanted = limits.connections,
        "the system lets this process open too few files, so each plane takes fewer connections; raise its limit \
         (ulimit -Hn, LimitNOFILE= of systemd), or lower [limits] connections"
    );
    limits.connections = fit;
    limits.handshakes = limits.handshakes.min(fit);
    limits.per_address = limits.per_address.min(fit);
    Ok(limits)
}

/// Raises the limit that may be raised; gives what it is then.
fn raise_to(needed: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    // None is no limit at all.
    let (current, most) = (
        now.current.unwrap_or(u64::MAX),
        now.maximum.unwrap_or(u64::MAX),
    );
    let wanted = needed.min(most);
    if current >= wanted {
        return current;
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: now.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(_) => current,
    }
}

/// Open files for each of `connections`: one on the device plane; one on the download plane, and its image.
const EACH: u64 = 3;

/// Open files beside the connections: the database's, listeners, the runtime's, and room for
/// connections that lost their places and are not closed yet.
const OWN: u64 = 512;

/// Fewer connections than this are no service.
const FEWEST: usize = 16;
