//! Who is at the other end of a connection.

use std::{net::IpAddr, sync::Arc};

use axum::extract::FromRequestParts;
use countersign_operations::{
    Context, Error as Operation,
    admit::{Admitted, Shown, admit},
    naming,
    refusals::{Log, Refused},
};
use countersign_protocol::Digest;
use countersign_x509::Certificate;
use http::request::Parts;

use crate::{ApiError, stats::Stats};

/// What the handshake proved of the other end, put into each of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) plane: &'static str,
    pub(crate) address: IpAddr,
    /// The certificate whose key it holds.
    pub(crate) shown: Shown,
}

/// What the planes of devices share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) context: Arc<Context>,
    pub(crate) stats: Arc<Stats>,
}

impl Peer {
    /// The name in its certificate, in the namespace of whoever vouches for it.
    pub(crate) fn claimed(&self, context: &Context) -> Option<String> {
        let Shown {
            certificate,
            authority,
            ..
        } = &self.shown;
        naming::claimed(&context.gate.anchors(), certificate, authority.as_ref())
    }

    /// Remembers that a request of this peer was refused, and why.
    pub(crate) fn refused(&self, context: &Context, code: &'static str, reason: String) {
        let refused = Refused {
            shown: Some(self.shown.fingerprint),
            ..refused(
                context,
                self.plane,
                self.address,
                self.claimed(context),
                code,
                reason,
            )
        };
        remember(context, &refused);
    }
}

/// Remembers that somebody was refused, and says so in the log.
pub(crate) fn refuse(
    context: &Context,
    plane: &'static str,
    from: IpAddr,
    claimed: Option<String>,
    code: &'static str,
    reason: String,
) {
    let refused = refused(context, plane, from, claimed, code, reason);
    remember(context, &refused);
}

/// Remembers that somebody was refused who showed this certificate in the handshake, under the name that is in it, and says
/// so in the log.
pub(crate) fn refuse_shown(
    context: &Context,
    plane: &'static str,
    from: IpAddr,
    (shown, claimed): (Option<&Certificate>, Option<String>),
    code: &'static str,
    reason: String,
) {
    let refused = Refused {
        shown: shown.map(|leaf| Digest(leaf.fingerprint())),
        ..refused(context, plane, from, claimed, code, reason)
    };
    remember(context, &refused);
}

fn remember(context: &Context, refused: &Refused) {
    let log = context.refusals.push(refused.clone());
    tell(refused, log);
}

/// Remembers that somebody met a limit, and says so in the log: as one thing, however often.
pub(crate) fn met_limit(
    context: &Context,
    plane: &'static str,
    from: IpAddr,
    claimed: Option<String>,
    code: &'static str,
    reason: String,
) {
    let refused = refused(context, plane, from, claimed, code, reason);
    let log = context.refusals.push_limit(refused.clone());
    tell(&refused, log);
}

fn refused(
    context: &Context,
    plane: &'static str,
    from: IpAddr,
    claimed: Option<String>,
    code: &'static str,
    reason: String,
) -> Refused {
    Refused {
        at: context.clock.now(),
        plane,
        from,
        claimed,
        shown: None,
        code,
        reason,
        times: 1,
    }
}

fn tell(refused: &Refused, log: Log) {
    let Log::Yes { unlogged } = log else {
        return;
    };
    let Refused {
        plane,
        from,
        claimed,
        code,
        reason,
        ..
    } = refused;
    let claimed = claimed.as_deref().unwrap_or("-");
    tracing::info!(plane, %from, claimed, code, reason, unlogged, "refused");
}

/// The admitted device that a request comes from. There is no handler of these planes without it.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) device: Admitted,
    pub(crate) peer: Peer,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let Some(peer) = parts.extensions.get::<Peer>().cloned() else {
            return Err(ApiError::new(
                http::StatusCode::FORBIDDEN,
                "no-certificate",
                "a client certificate is demanded here",
            ));
        };
        match admit(&shared.context, &peer.shown).await {
            Ok(device) => Ok(Self { device, peer }),
            Err(error) => {
                if let Operation::NotAdmitted(refusal) = &error {
                    peer.refused(&shared.context, refusal.code(), refusal.to_string());
                }
                Err(error.into())
            }
        }
    }
}
