//! Conversation records: the scenario files under `tests/scenarios/cdr-*.toml`, and what holds for any set of events.

#[path = "cdr/importing.rs"]
mod importing;
#[path = "cdr/keys.rs"]
mod keys;
#[path = "cdr/naive.rs"]
mod naive;
#[path = "cdr/notation.rs"]
mod notation;
#[path = "cdr/properties.rs"]
mod properties;
#[path = "cdr/reconciling.rs"]
mod reconciling;
#[path = "cdr/record.rs"]
mod record;
#[path = "cdr/scenarios.rs"]
mod scenarios;
