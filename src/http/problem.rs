//! The only shape of an error: `application/problem+json` (RFC 9457).
//!
//! Titles and details are written for the client; what the store or a panic said stays in the log.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::PartError;

/// Its media type.
pub(super) const CONTENT_TYPE: &str = "application/problem+json";

/// What went wrong, for the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This case, in a sentence.
    pub detail: String,
    /// Sent as `Retry-After`, in seconds.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem of this status with its case in a sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// 401: no token, or one that is no good; which of these is not said.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "send a valid token as 'Authorization: Bearer <token>'")
    }

    /// 403: the token's scopes do not reach here.
    pub fn forbidden(needed: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, format!("this token may not do that; it needs the scope {needed}"))
    }

    /// 404 for a thing that is not there, or not for this client: both look the same.
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what} of this id that you may see"))
    }

    /// 422: the request is well-formed and makes no sense.
    pub fn senseless(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 429 or 503 with the time to wait.
    pub fn later(status: StatusCode, detail: &str, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(status, detail) }
    }

    /// 500 after a panic.
    pub fn broken() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "this request met a defect of the server; it was logged")
    }
}

impl From<PartError> for Problem {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Unavailable { what, reason } => {
                tracing::warn!(what, reason, "a request was answered 503");
                Self::later(StatusCode::SERVICE_UNAVAILABLE, "this is not available now; try again in a moment", 2)
            }
            PartError::Conflict(sentence) => Self::new(StatusCode::CONFLICT, sentence),
            PartError::Senseless(sentence) => Self::senseless(sentence),
            PartError::Missing(sentence) => Self::new(StatusCode::NOT_FOUND, sentence),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"trunkline\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
