//! What people write of a customer. The rules say whether it counts and stays.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_mapping::engine::Edit;
use uuid::Uuid;

use super::customers::plain;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Segment};
use crate::http::problem::Problem;

/// Characters of a field's value.
const LONGEST: usize = 2_000;
/// Fields and tags that one request may write.
const MOST: usize = 50;

/// `{"fields": {"level": "gold"}, "tags": {"vip": true}}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EditRequest {
    /// Field → value, up to 2,000 characters; an empty one empties the field.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// Tag, by its name here → set, or taken away.
    #[serde(default)]
    tags: BTreeMap<String, bool>,
}

/// Writes profile fields and tags of a customer.
#[utoipa::path(post, path = "/api/v1/customers/{id}/profile", tag = "customers", params(("id" = Uuid, Path)),
    request_body(content_type = "application/json", content = ref("#/components/schemas/EditRequest")),
    responses((status = 204, description = "It is stored.")))]
pub(super) async fn edit(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
    Body(asked): Body<EditRequest>,
) -> Result<StatusCode, Problem> {
    caller.require(&[Scope::Agent, Scope::Desk])?;
    let EditRequest { fields, tags } = asked;
    if fields.is_empty() && tags.is_empty() || fields.len() + tags.len() > MOST {
        return Err(Problem::senseless(format!("write 1 to {MOST} fields and tags")));
    }
    for name in fields.keys().chain(tags.keys()) {
        plain(name, "the name of a field or tag")?;
    }
    let unfit = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if fields.values().any(|value| value.chars().count() > LONGEST || value.contains(unfit)) {
        let detail = format!("a value is up to {LONGEST} characters of text without control characters");
        return Err(Problem::senseless(detail));
    }
    app.may_see(&caller, id).await?;
    app.audit(&caller, "customer.edit", &id.to_string(), &format!("{} fields, {} tags", fields.len(), tags.len()))
        .await?;
    app.records().edit(id, &caller.author(), &Edit { fields, tags }).await?;
    Ok(StatusCode::NO_CONTENT)
}
