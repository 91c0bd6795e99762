//! Words of tags, and customers by what is known of them.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_mapping::view::{SegmentPage, SegmentView, TagWordView};
use utoipa::IntoParams;
use uuid::Uuid;

use super::List;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Parameters};
use crate::http::parts::PartError;
use crate::http::problem::Problem;

/// Which words.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Words {
    /// Only those that no rule names.
    #[serde(default)]
    unknown: bool,
}

/// Every word that a source ever used for a tag, and the tag that it stands for.
#[utoipa::path(get, path = "/api/v1/tags", tag = "segments", params(Words),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/TagWords"))))]
pub(super) async fn tags(
    caller: Caller,
    State(app): State<App>,
    Parameters(asked): Parameters<Words>,
) -> Result<Json<List<TagWordView>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    let mut items = app.records().tag_words().await?;
    items.retain(|word| !asked.unknown || word.tag.is_none());
    Ok(Json(List { items }))
}

/// The declared segments.
#[utoipa::path(get, path = "/api/v1/segments", tag = "segments",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Segments"))))]
pub(super) async fn list(caller: Caller, State(app): State<App>) -> Result<Json<List<SegmentView>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    Ok(Json(List { items: app.records().segments() }))
}

/// `{"segment"}` or `{"when"}`, and `{"after"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ScanRequest {
    /// A declared segment, by name.
    #[serde(default)]
    segment: Option<String>,
    /// Or a condition in CEL.
    #[serde(default)]
    when: Option<String>,
    /// Go on after this customer: the `next` of the page before.
    #[serde(default)]
    after: Option<Uuid>,
}

/// Who of the next 500 customers belongs to a segment; ask again with `next` until there is none.
#[utoipa::path(post, path = "/api/v1/segments/scan", tag = "segments",
    request_body(content_type = "application/json", content = ref("#/components/schemas/ScanRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/SegmentPage"))))]
pub(super) async fn scan(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<ScanRequest>,
) -> Result<Json<SegmentPage>, Problem> {
    caller.require(&[Scope::Integrator])?;
    let (name, when) = match (asked.segment, asked.when) {
        (Some(name), None) => {
            let found = app.records().segments().into_iter().find(|segment| segment.name == name);
            let segment = found.ok_or_else(|| Problem::missing("segment"))?;
            (segment.name, segment.when)
        }
        (None, Some(when)) => ("ad hoc".to_owned(), when),
        _ => return Err(Problem::senseless("give either segment, the name of a declared one, or when, a condition")),
    };
    if asked.after.is_none() {
        app.audit(&caller, "segment.scan", "", &name).await?;
    }
    match app.records().segment_page(&when, asked.after).await {
        Ok(page) => Ok(Json(page)),
        Err(PartError::Conflict(sentence)) => Err(Problem::senseless(sentence)),
        Err(error) => Err(error.into()),
    }
}
