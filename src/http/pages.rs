//! The pages: plain files that are part of the program. They hold no data; what they show they ask the API for.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use super::app::App;
use super::problem::Problem;

const INDEX: &str = include_str!("../panel/index.html");
const PANEL: &str = include_str!("../panel/panel.html");
const DESK: &str = include_str!("../panel/desk.html");

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type, content.
const ASSETS: &[(&str, &str, &str)] = &[
    ("style.css", "text/css; charset=utf-8", include_str!("../panel/style.css")),
    ("icon.svg", "image/svg+xml", include_str!("../panel/icon.svg")),
    ("api.js", SCRIPT, include_str!("../panel/api.js")),
    ("customer.js", SCRIPT, include_str!("../panel/customer.js")),
    ("desk.js", SCRIPT, include_str!("../panel/desk.js")),
    ("dom.js", SCRIPT, include_str!("../panel/dom.js")),
    ("index.js", SCRIPT, include_str!("../panel/index.js")),
    ("language.js", SCRIPT, include_str!("../panel/language.js")),
    ("panel.js", SCRIPT, include_str!("../panel/panel.js")),
    ("pops.js", SCRIPT, include_str!("../panel/pops.js")),
    ("remark.js", SCRIPT, include_str!("../panel/remark.js")),
    ("stream.js", SCRIPT, include_str!("../panel/stream.js")),
    ("timeline.js", SCRIPT, include_str!("../panel/timeline.js")),
];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(|State(app): State<App>| async move { page(&app, INDEX) }))
        .route("/panel", get(|State(app): State<App>| async move { page(&app, PANEL) }))
        .route("/desk", get(|State(app): State<App>| async move { page(&app, DESK) }))
        .route("/assets/{name}", get(asset))
}

/// A page may run and load only what we serve, and stand only in the frames that were allowed.
fn page(app: &App, html: &'static str) -> Response {
    let policy = policy(&app.settings().frame_ancestors);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, html).into_response()
}

fn policy(ancestors: &[String]) -> HeaderValue {
    const REST: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                        base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
    // A source that could end the directive or start another is no source.
    let sources =
        ancestors.iter().filter(|source| source.bytes().all(|byte| byte.is_ascii_graphic() && !b";,'".contains(&byte)));
    let policy = sources.fold(REST.to_owned(), |policy, source| policy + " " + source);
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(REST))
}

async fn asset(Path(name): Path<String>, asked: HeaderMap) -> Response {
    let Some((_, media_type, content)) = ASSETS.iter().find(|(held, _, _)| *held == name) else {
        return Problem::new(StatusCode::NOT_FOUND, "there is nothing at this address").into_response();
    };
    let tag = tag(content);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, tag.clone()),
    ];
    if asked.get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, *content).into_response()
}

fn tag(content: &str) -> HeaderValue {
    let hash = Sha256::digest(content);
    let hash = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    HeaderValue::from_str(&format!("\"{hash:016x}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_get_into_the_policy() {
        let policy = policy(&["https://desktop.example".into(), "x; script-src *".into(), "'unsafe-inline'".into()]);
        let text = policy.to_str().expect("ascii");
        assert!(text.ends_with("frame-ancestors 'self' https://desktop.example"), "{text}");
    }

    #[test]
    fn no_page_holds_a_script_or_style_of_its_own() {
        for html in [INDEX, PANEL, DESK] {
            assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains("onclick"));
            assert!(
                html.match_indices("<script").all(|(at, _)| html[at..].starts_with("<script type=\"module\" src="))
            );
        }
    }
}
