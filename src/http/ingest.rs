//! `/ingest/{connector}`: webhooks of outside systems, raw, up to the size that the connector takes.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use trunkline_connectors::contract::{WebhookReply, WebhookRequest};

use super::access::Peer;
use super::app::App;
use super::extract::Segment;
use super::problem::Problem;
use super::protect::{closing, read_body};

/// Any method: some systems check an address by GET before they post to it.
pub(super) async fn webhook(State(app): State<App>, Segment(connector): Segment<String>, request: Request) -> Response {
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "no connector of this name takes webhooks");
    let Some(limit) = app.ingest().limit(&connector) else {
        return closing(unknown().into_response());
    };
    let (parts, body) = request.into_parts();
    let body = match read_body(body, limit, app.settings()).await {
        Ok(body) => body,
        Err(problem) => return closing(problem.into_response()),
    };
    let webhook = WebhookRequest {
        method: parts.method.as_str().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: readable(&parts.headers),
        body,
        peer: parts.extensions.get::<Peer>().map(|peer| peer.0),
    };
    match app.ingest().webhook(&connector, webhook).await {
        Some(reply) => respond(reply),
        None => unknown().into_response(),
    }
}

/// Header names in lower case with their values; a value that is no UTF-8 is given with its bytes replaced.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

/// The connector's answer with its headers; what cannot be taken now may come again in five seconds, unless it says else.
fn respond(reply: WebhookReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, reply.body).into_response();
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    let later = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
    if later && !response.headers().contains_key(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connectors_own_headers_reach_the_sender() {
        let response = respond(WebhookReply::problem(503, "Service Unavailable", "later").retry_after(30));
        assert_eq!(response.headers()[header::RETRY_AFTER], "30");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(respond(WebhookReply::status(429)).headers()[header::RETRY_AFTER], "5");
    }
}
