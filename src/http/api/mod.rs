//! `/api/v1`: every handler checks its caller first, and says what it does in its OpenAPI annotation.
//!
//! `agent.rs` pops · `customers.rs` people · `identity.rs` decisions on identity · `conflicts.rs` what awaits one ·
//! `cdrs.rs` conversation records · `archive.rs` what is done to all records · `mapping.rs` rules ·
//! `journey.rs` a customer's whole journey · `edits.rs` what people write of him · `staff.rs` our agents · `segments.rs` tags' words and segments ·
//! `lookup.rs` before a call is routed · `operations.rs` connectors and dead letters · `audit.rs` books and the audit
//! log · `figures.rs` hot spots and series · `recordings.rs` recorder and player · `tokens.rs`

use serde::Serialize;
use time::macros::format_description;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::problem::Problem;
use super::stream;

mod agent;
mod archive;
mod audit;
mod cdrs;
mod conflicts;
mod customers;
mod edits;
mod figures;
mod identity;
mod journey;
mod lookup;
mod mapping;
mod operations;
mod recordings;
mod segments;
mod staff;
mod tokens;

pub(super) use agent::{Found, Me};
pub(super) use archive::{KeptRecords, RebuildRequest, ReconcileRequest, SwitchRecordsRequest};
pub(super) use cdrs::RemarkRequest;
pub(super) use conflicts::ConflictRequest;
pub(super) use edits::EditRequest;
pub(super) use identity::{MergeRequest, RehearsalRequest, SplitRequest, UndoRequest};
pub(super) use lookup::Looked;
pub(super) use mapping::{ApplyRequest, PlanRequest, RollbackRequest};
pub(super) use operations::LettersRequest;
pub(super) use recordings::ReplayRequest;
pub(super) use segments::ScanRequest;
pub(super) use staff::{AgentsRequest, Linked, LoginRequest, Whose};
pub(super) use tokens::TokenCreated;

/// A list, in an object so that more can be said beside it later.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct List<T> {
    items: Vec<T>,
}

/// A day as it is written in a request.
fn day(text: &str) -> Result<time::Date, Problem> {
    time::Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| Problem::senseless("a day is written like 2026-11-21"))
}

/// All API routes with their description.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(stream::events))
        .routes(routes!(agent::pops))
        .routes(routes!(agent::find))
        .routes(routes!(agent::me))
        .routes(routes!(customers::find))
        .routes(routes!(customers::show))
        .routes(routes!(customers::timeline))
        .routes(routes!(journey::touch_points))
        .routes(routes!(edits::edit))
        .routes(routes!(customers::who))
        .routes(routes!(identity::explain))
        .routes(routes!(identity::merge))
        .routes(routes!(identity::split))
        .routes(routes!(identity::undo))
        .routes(routes!(identity::rehearse))
        .routes(routes!(conflicts::list))
        .routes(routes!(conflicts::show))
        .routes(routes!(conflicts::decide))
        .routes(routes!(cdrs::list))
        .routes(routes!(cdrs::show))
        .routes(routes!(cdrs::revisions))
        .routes(routes!(cdrs::remark))
        .routes(routes!(archive::rebuild))
        .routes(routes!(archive::keep_switch_records))
        .routes(routes!(archive::reconcile))
        .routes(routes!(archive::report))
        .routes(routes!(archive::old, archive::retire))
        .routes(routes!(lookup::lookup))
        .routes(routes!(mapping::versions))
        .routes(routes!(mapping::version))
        .routes(routes!(mapping::event))
        .routes(routes!(mapping::plan))
        .routes(routes!(mapping::apply))
        .routes(routes!(mapping::rollback))
        .routes(routes!(operations::connectors))
        .routes(routes!(operations::pause))
        .routes(routes!(operations::resume))
        .routes(routes!(operations::dead_letters, operations::purge))
        .routes(routes!(operations::dead_letter))
        .routes(routes!(operations::replay))
        .routes(routes!(staff::list, staff::import))
        .routes(routes!(staff::whose))
        .routes(routes!(staff::unlinked))
        .routes(routes!(staff::show))
        .routes(routes!(staff::link, staff::unlink))
        .routes(routes!(segments::tags))
        .routes(routes!(segments::list))
        .routes(routes!(segments::scan))
        .routes(routes!(audit::books))
        .routes(routes!(audit::queues))
        .routes(routes!(audit::log))
        .routes(routes!(figures::hotspots))
        .routes(routes!(figures::response))
        .routes(routes!(recordings::record))
        .routes(routes!(recordings::replay))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
}
