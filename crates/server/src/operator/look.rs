//! Looking at the server itself.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use countersign_operations::{
    health,
    text::rfc3339,
    view::{HealthView, RefusedView},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Operator, ServerCertificateView};
use crate::{ApiError, places::Places, stats};

/// A running server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ServerView {
    /// Its process id.
    pub pid: u32,
    /// Where devices reach the device plane.
    pub device_url: String,
    /// Where devices reach the download plane.
    pub download_url: String,
    /// Where the operator plane listens beside the socket.
    pub operator: Option<String>,
    /// The certificate that is shown to devices; none where no server runs.
    pub certificate: Option<ServerCertificateView>,
    /// CPU time that the process has used, in microseconds.
    pub cpu_us: u64,
    /// TLS handshakes completed since the start.
    pub handshakes: u64,
    /// Of them, those that came of a session.
    pub resumed: u64,
    /// Client chains that were validated up to an anchor since the start.
    pub validated_chains: u64,
    /// Client chains that were found good before and not validated again, since the start.
    pub remembered_chains: u64,
    /// Connections that were ended because their device was barred, since the start.
    pub cut: u64,
    /// Check-ins answered since the start.
    pub check_ins: u64,
    /// Polls of stock clients answered since the start.
    pub stock_polls: u64,
    /// Connections that are open, by plane.
    pub connections: BTreeMap<String, ConnectionsView>,
    /// How often somebody was refused since the start, by code.
    pub refused: BTreeMap<String, u64>,
}

/// The connections of a plane.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ConnectionsView {
    /// All that are open.
    pub open: usize,
    /// Of them, those that have proved nothing yet.
    pub newcomers: usize,
}

/// `GET /health`.
pub(super) async fn health(State(operator): State<Operator>) -> Result<Json<HealthView>, ApiError> {
    Ok(Json(health::health(&operator.context).await?))
}

/// `GET /v1/server`.
pub(super) async fn server(State(operator): State<Operator>) -> Result<Json<ServerView>, ApiError> {
    let settings = &operator.context.settings;
    let refused = operator.context.refusals.counts();
    let connections = |(name, places): &(&'static str, Arc<Places>)| {
        let (open, newcomers) = places.open();
        ((*name).to_owned(), ConnectionsView { open, newcomers })
    };
    let count = |(code, count): (&str, u64)| (code.to_owned(), count);
    Ok(Json(ServerView {
        pid: std::process::id(),
        device_url: settings.device_url.clone(),
        download_url: settings.download_url.clone(),
        operator: operator
            .addresses
            .and_then(|all| all.operator)
            .map(|at| at.to_string()),
        certificate: operator
            .identity
            .as_ref()
            .and_then(ServerCertificateView::of),
        cpu_us: stats::cpu_us(),
        handshakes: operator.stats.handshakes(),
        resumed: operator.stats.resumed(),
        validated_chains: operator.stats.validated_chains(),
        remembered_chains: operator.stats.remembered_chains(),
        cut: operator.stats.cut(),
        check_ins: operator.stats.check_ins(),
        stock_polls: operator.stats.stock_polls(),
        connections: operator.planes.iter().map(connections).collect(),
        refused: refused.into_iter().map(count).collect(),
    }))
}

/// `GET /v1/refusals`.
pub(super) async fn refusals(State(operator): State<Operator>) -> Json<Vec<RefusedView>> {
    Json(
        operator
            .context
            .refusals
            .all()
            .iter()
            .map(RefusedView::of)
            .collect(),
    )
}

/// `GET /v1/audit`: the newest lines first.
pub(super) async fn audit(State(operator): State<Operator>) -> Result<Json<Vec<Value>>, ApiError> {
    let lines = operator.context.store.audit_log(AUDIT_LINES).await;
    let lines = lines.map_err(countersign_operations::Error::from)?;
    let shown = |line: &countersign_fleet::AuditEntry| {
        json!({
            "at": rfc3339(line.at),
            "actor": line.actor,
            "action": line.action,
            "subject": line.subject,
            "detail": line.detail,
        })
    };
    Ok(Json(lines.iter().map(shown).collect()))
}

/// How many lines of the audit log are shown.
const AUDIT_LINES: u32 = 1000;
