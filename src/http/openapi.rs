//! The API's description, made from the handlers and the types they send. `docs/openapi.json` is this, committed; a
//! test keeps it current.

use axum::Json;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};
use trunkline_events::cdr::Cdr;
use trunkline_events::pop::{Brief, Pop, PopEnded};
use trunkline_mapping::counts::{HotspotView, ResponseView};
use trunkline_mapping::rules::Rehearsal;
use trunkline_mapping::view::{
    AgentView, ConflictDetail, ConflictView, CustomerView, EventRulesView, LinkView, LoginView, RebuiltPage,
    ReconciliationView, RehearsalView, RetiredView, RevisionView, RuleVersionView, SegmentPage, SegmentView,
    TagWordView, TimelineEntry, TimelinePage, Who,
};

use super::api::{
    self, AgentsRequest, ApplyRequest, ConflictRequest, EditRequest, KeptRecords, LettersRequest, Linked, List,
    LoginRequest, Looked, MergeRequest, PlanRequest, RebuildRequest, ReconcileRequest, RehearsalRequest, RemarkRequest,
    ReplayRequest, RollbackRequest, ScanRequest, SplitRequest, SwitchRecordsRequest, TokenCreated, UndoRequest, Whose,
};
use super::figures::{Played, Queues};
use super::parts::{
    AuditEntry, Books, Change, ConnectorView, DeadLetterView, LettersDone, LivePop, NewToken, RetentionView, Token,
};
use super::problem::{self, Problem};

/// OpenAPI 3.1 of `/api/v1`.
pub fn document() -> Value {
    let (_, described) = api::routes().split_for_parts();
    let mut document = serde_json::to_value(described).unwrap_or_default();
    document["info"] = json!({
        "title": "Trunkline",
        "version": "1",
        "description": "What agents' desktops, integrators and administrators ask Trunkline. Errors are RFC 9457 problems.",
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["security"] = json!([{ "token": [] }]);
    document["components"] = json!({
        "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        "responses": { "Problem": {
            "description": "What went wrong: 401, 403, 404, 413, 422, 429, 503, …",
            "content": { problem::CONTENT_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } },
        }},
        "schemas": schemas(),
    });
    every_operation(&mut document, |operation| {
        operation["responses"]["default"] = json!({ "$ref": "#/components/responses/Problem" });
    });
    document
}

fn every_operation(document: &mut Value, change: impl Fn(&mut Value)) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for path in paths.filter_map(Value::as_object_mut) {
        path.values_mut().filter(|operation| operation["responses"].is_object()).for_each(&change);
    }
}

/// The schemas of all bodies, under the names that the handlers refer to.
fn schemas() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut named = serde_json::Map::new();
    let mut add = |name: &str, schema: Value| named.insert(name.to_owned(), schema);
    add("LivePops", of::<List<LivePop>>(&mut generator));
    add("Briefs", of::<List<Brief>>(&mut generator));
    add("Timeline", of::<List<TimelineEntry>>(&mut generator));
    add("Cdrs", of::<List<Cdr>>(&mut generator));
    add("Connectors", of::<List<ConnectorView>>(&mut generator));
    add("DeadLetters", of::<List<DeadLetterView>>(&mut generator));
    add("AuditLog", of::<List<AuditEntry>>(&mut generator));
    add("Tokens", of::<List<Token>>(&mut generator));
    add("Found", of::<api::Found>(&mut generator));
    add("Me", of::<api::Me>(&mut generator));
    add("Lookup", of::<Looked>(&mut generator));
    add("TokenCreated", of::<TokenCreated>(&mut generator));
    add("RemarkRequest", of::<RemarkRequest>(&mut generator));
    add("LettersRequest", of::<LettersRequest>(&mut generator));
    decisions(&mut add, &mut generator);
    known(&mut add, &mut generator);
    archive(&mut add, &mut generator);
    figures(&mut add, &mut generator);
    for refer in [
        SchemaGenerator::subschema_for::<CustomerView>,
        SchemaGenerator::subschema_for::<ConflictDetail>,
        SchemaGenerator::subschema_for::<RehearsalView>,
        SchemaGenerator::subschema_for::<Who>,
        SchemaGenerator::subschema_for::<RuleVersionView>,
        SchemaGenerator::subschema_for::<EventRulesView>,
        SchemaGenerator::subschema_for::<Rehearsal>,
        SchemaGenerator::subschema_for::<TimelinePage>,
        SchemaGenerator::subschema_for::<AgentView>,
        SchemaGenerator::subschema_for::<SegmentPage>,
        SchemaGenerator::subschema_for::<Change>,
        SchemaGenerator::subschema_for::<LettersDone>,
        SchemaGenerator::subschema_for::<NewToken>,
        SchemaGenerator::subschema_for::<Pop>,
        SchemaGenerator::subschema_for::<PopEnded>,
        SchemaGenerator::subschema_for::<Problem>,
        SchemaGenerator::subschema_for::<RetiredView>,
    ] {
        refer(&mut generator);
    }
    named.extend(generator.take_definitions(true));
    Value::Object(named)
}

/// What is done to conversation records as a whole.
fn archive<R>(add: &mut impl FnMut(&str, Value) -> R, generator: &mut SchemaGenerator) {
    add("Revisions", of::<List<RevisionView>>(generator));
    add("RebuildRequest", of::<RebuildRequest>(generator));
    add("RebuiltPage", of::<RebuiltPage>(generator));
    add("SwitchRecordsRequest", of::<SwitchRecordsRequest>(generator));
    add("KeptRecords", of::<KeptRecords>(generator));
    add("ReconcileRequest", of::<ReconcileRequest>(generator));
    add("Reconciliation", of::<ReconciliationView>(generator));
    add("Retention", of::<RetentionView>(generator));
}

/// What people decide: on identity, and on rules.
fn decisions<R>(add: &mut impl FnMut(&str, Value) -> R, generator: &mut SchemaGenerator) {
    add("Links", of::<List<LinkView>>(generator));
    add("Conflicts", of::<List<ConflictView>>(generator));
    add("MergeRequest", of::<MergeRequest>(generator));
    add("RehearsalRequest", of::<RehearsalRequest>(generator));
    add("SplitRequest", of::<SplitRequest>(generator));
    add("ConflictRequest", of::<ConflictRequest>(generator));
    add("UndoRequest", of::<UndoRequest>(generator));
    add("RuleVersions", of::<List<RuleVersionView>>(generator));
    add("PlanRequest", of::<PlanRequest>(generator));
    add("ApplyRequest", of::<ApplyRequest>(generator));
    add("RollbackRequest", of::<RollbackRequest>(generator));
}

/// Books and counters, recordings.
fn figures<R>(add: &mut impl FnMut(&str, Value) -> R, generator: &mut SchemaGenerator) {
    add("BooksList", of::<Books>(generator));
    add("Queues", of::<Queues>(generator));
    add("Hotspots", of::<List<HotspotView>>(generator));
    add("ResponseSeries", of::<List<ResponseView>>(generator));
    add("ReplayRequest", of::<ReplayRequest>(generator));
    add("Played", of::<Played>(generator));
}

/// What is known of customers and agents besides who they are.
fn known<R>(add: &mut impl FnMut(&str, Value) -> R, generator: &mut SchemaGenerator) {
    add("Agents", of::<List<AgentView>>(generator));
    add("Logins", of::<List<LoginView>>(generator));
    add("AgentsRequest", of::<AgentsRequest>(generator));
    add("EditRequest", of::<EditRequest>(generator));
    add("LoginRequest", of::<LoginRequest>(generator));
    add("Linked", of::<Linked>(generator));
    add("Whose", of::<Whose>(generator));
    add("TagWords", of::<List<TagWordView>>(generator));
    add("Segments", of::<List<SegmentView>>(generator));
    add("ScanRequest", of::<ScanRequest>(generator));
}

/// The schema itself, its parts by reference.
fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    T::json_schema(generator).into()
}

pub(super) async fn show() -> Json<Value> {
    Json(document())
}
