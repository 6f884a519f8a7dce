//! Our authorities, the certificates that they issued, and their CRLs.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use countersign_fleet::{
    CertificateProfile, CertificateSearch, DeviceId, ProductName, RevocationReason,
};
use countersign_operations::{
    Error,
    authorities::Kind,
    certify::{self, Certify, Subject},
    crl, find_certificates, prove, revoke_certificate, show_authorities,
    text::from_rfc3339,
    view::{AuthorityView, CrlDraftView, CrlView, IssuedView, RecordView},
};
use http::{StatusCode, header};
use serde::Deserialize;

use super::{Operator, to_the_end};
use crate::ApiError;

/// What `GET /v1/ca/certificates` is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    serial: Option<String>,
    fingerprint: Option<String>,
    device: Option<String>,
    profile: Option<String>,
    /// RFC 3339.
    ends_before: Option<String>,
    #[serde(default = "some")]
    limit: u32,
}

/// The body of `POST /v1/ca/certificates`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Issue {
    /// `server`, `device` or `device-in-service`.
    profile: String,
    /// A server's names and addresses, or a device's id.
    names: Vec<String>,
    /// The product of a device that is not known yet.
    product: Option<String>,
    /// A PKCS#10 request, PEM.
    request: String,
}

/// The body of `POST /v1/ca/certificates/SERIAL/revoke`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// One of RFC 5280's, as `key-compromise`.
    reason: Option<String>,
}

/// The body of `POST /v1/ca/NAME/prove`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prove {
    /// What the other service gave.
    code: String,
    /// A PKCS#10 request by a key that is thrown away, PEM.
    request: String,
}

/// The body of `POST /v1/ca/NAME/proofs`, and of `POST /v1/ca/crls/NAME`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    /// What was made where the key is: PEM.
    pem: String,
}

/// `GET /v1/ca`.
pub(super) async fn authorities(
    State(operator): State<Operator>,
) -> Result<Json<Vec<AuthorityView>>, ApiError> {
    Ok(Json(
        show_authorities::show_authorities(&operator.context).await?,
    ))
}

/// `GET /v1/ca/certificates`.
pub(super) async fn find(
    State(operator): State<Operator>,
    Query(asked): Query<Search>,
) -> Result<Json<Vec<RecordView>>, ApiError> {
    let limit = asked.limit;
    let search = search(asked)?;
    let found = find_certificates::find_certificates(&operator.context, &search, limit);
    Ok(Json(found.await?))
}

/// `POST /v1/ca/certificates`.
pub(super) async fn issue(
    State(operator): State<Operator>,
    Json(asked): Json<Issue>,
) -> Result<(StatusCode, Json<IssuedView>), ApiError> {
    let asked = Certify {
        subject: subject(&asked)?,
        request: asked.request.into_bytes(),
    };
    let issued =
        to_the_end(async move { certify::certify(&operator.context, &asked).await }).await?;
    Ok((StatusCode::CREATED, issued))
}

/// `POST /v1/ca/certificates/SERIAL/revoke`.
pub(super) async fn revoke(
    State(operator): State<Operator>,
    Path(serial): Path<String>,
    Json(asked): Json<Because>,
) -> Result<Json<RecordView>, ApiError> {
    let reason = match &asked.reason {
        None => RevocationReason::Unspecified,
        Some(code) => code.parse().map_err(|error| not_read("reason", error))?,
    };
    to_the_end(async move {
        revoke_certificate::revoke_certificate(&operator.context, &serial, reason).await
    })
    .await
}

/// `GET /v1/ca/crls`: the newest of each authority.
pub(super) async fn crls(State(operator): State<Operator>) -> Result<Json<Vec<CrlView>>, ApiError> {
    Ok(Json(crl::all(&operator.context).await?))
}

/// `POST /v1/ca/crls`: makes them where anything changed, and gives the newest of each. It has no body.
pub(super) async fn make_crls(
    State(operator): State<Operator>,
) -> Result<Json<Vec<CrlView>>, ApiError> {
    to_the_end(async move { crl::make(&operator.context, crl::When::Asked).await }).await
}

/// `GET /v1/ca/crls/NAME.crl` and `/NAME.pem`: one as others read it.
pub(super) async fn crl(
    State(operator): State<Operator>,
    Path(file): Path<String>,
) -> Result<Response, ApiError> {
    let (name, ending) = file.rsplit_once('.').unwrap_or((&file, ""));
    match ending {
        "crl" => {
            let crl = crl::show(&operator.context, name).await?;
            // RFC 2585 §4.2.
            let kind = [(header::CONTENT_TYPE, "application/pkix-crl")];
            Ok((kind, crl.der().to_vec()).into_response())
        }
        "pem" => {
            let crl = crl::show(&operator.context, name).await?;
            let kind = [(header::CONTENT_TYPE, "application/x-pem-file")];
            Ok((kind, crl.to_pem()).into_response())
        }
        _ => Err(ApiError::not_found()),
    }
}

/// `GET /v1/ca/crls/KIND-root/draft`: what the root's next one shall say.
pub(super) async fn draft_crl(
    State(operator): State<Operator>,
    Path(name): Path<String>,
) -> Result<Json<CrlDraftView>, ApiError> {
    Ok(Json(crl::draft(&operator.context, root(&name)?).await?))
}

/// `POST /v1/ca/crls/KIND-root`: takes the one that the root signed.
pub(super) async fn take_crl(
    State(operator): State<Operator>,
    Path(name): Path<String>,
    Json(made): Json<Made>,
) -> Result<Json<CrlView>, ApiError> {
    let kind = root(&name)?;
    to_the_end(async move { crl::take(&operator.context, kind, made.pem.as_bytes()).await }).await
}

/// `POST /v1/ca/NAME/prove`.
pub(super) async fn prove(
    State(operator): State<Operator>,
    Path(name): Path<String>,
    Json(asked): Json<Prove>,
) -> Result<Json<IssuedView>, ApiError> {
    to_the_end(async move {
        let request = asked.request.as_bytes();
        prove::prove(&operator.context, &name, &asked.code, request).await
    })
    .await
}

/// `POST /v1/ca/NAME/proofs`: records one that was made where the authority's key is.
pub(super) async fn record_proof(
    State(operator): State<Operator>,
    Path(name): Path<String>,
    Json(made): Json<Made>,
) -> Result<Json<IssuedView>, ApiError> {
    to_the_end(async move { prove::record(&operator.context, &name, made.pem.as_bytes()).await })
        .await
}

/// The hierarchy of which this is the root.
fn root(name: &str) -> Result<Kind, Error> {
    let found = Kind::ALL.into_iter().find(|kind| kind.root() == name);
    found.ok_or_else(|| Error::NoSuchAuthority(name.to_owned()))
}

fn search(asked: Search) -> Result<CertificateSearch, ApiError> {
    let digits = |text: String| text.replace(':', "").to_ascii_lowercase();
    let profile = asked.profile.map(|code| code.parse::<CertificateProfile>());
    let device = asked.device.map(|id| id.parse::<DeviceId>());
    let ends_before = asked.ends_before.map(|text| {
        let time = from_rfc3339(&text);
        time.ok_or_else(|| not_read("ends_before", format!("`{text}` is no time of RFC 3339")))
    });
    Ok(CertificateSearch {
        serial: asked.serial.map(digits),
        fingerprint: asked.fingerprint.map(digits),
        device: device.transpose().map_err(Error::from)?,
        profile: profile
            .transpose()
            .map_err(|error| not_read("profile", error))?,
        ends_before: ends_before.transpose()?,
        not_ended_at: None,
    })
}

fn subject(asked: &Issue) -> Result<Subject, ApiError> {
    let in_service = match &*asked.profile {
        "server" if asked.names.is_empty() => {
            return Err(not_read("names", "a server needs a name"));
        }
        "server" => return Ok(Subject::Server(asked.names.clone())),
        "device" => false,
        "device-in-service" => true,
        other => {
            let what = format!("`{other}` is none of `server`, `device`, `device-in-service`");
            return Err(not_read("profile", what));
        }
    };
    let [id] = &*asked.names else {
        return Err(not_read("names", "a device has one id"));
    };
    let product = asked.product.as_deref().map(str::parse::<ProductName>);
    Ok(Subject::Device {
        id: id.parse().map_err(Error::from)?,
        product: product.transpose().map_err(Error::from)?,
        in_service,
    })
}

fn not_read(field: &str, what: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request("bad-message", format!("{field}: {what}"))
}

/// How many certificates are shown where nobody says.
const fn some() -> u32 {
    100
}
