//! Mapping rules: the first ones from the configuration, and what the HTTP side asks for.

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use trunkline_config::Settings;
use trunkline_events::EventId;
use trunkline_mapping::engine::{By, Engine, NewRules, RulesError};
use trunkline_mapping::rules::{File, Rehearsal};
use trunkline_mapping::view::{EventRulesView, RuleVersionView};
use uuid::Uuid;

use crate::http::parts::{Answer, Decided, PartError};
use crate::http::rules::{Rehearsed, Rules};
use crate::wire::records::{now, stored};

/// Problems that are told in one answer, at most.
const TOLD: usize = 20;

/// Lets the rules that were applied count; where none ever were, those of `mapping.rules`, as the first version.
pub(crate) async fn adopt(engine: &Engine, settings: &Settings) -> Result<()> {
    let folder = &settings.mapping.rules;
    let rules = trunkline_mapping::declared::rules(settings)?;
    let wrong = |error: RulesError| anyhow!("mapping.rules: {} is not applied: {}", folder.display(), sentence(&error));
    if rules.files().is_empty() {
        engine.refresh_rules().await?;
        return Ok(());
    }
    let by = By { actor: "configuration", reason: "the first rules, from mapping.rules", at: now() };
    if engine.first_rules(&rules, by).await.map_err(wrong)? {
        tracing::info!(folder = %folder.display(), "applied the mapping rules of the configuration as the first version");
    } else if engine.knowledge().mapping.rules.version() != rules.version() {
        let version = engine.knowledge().mapping.number;
        tracing::warn!(
            folder = %folder.display(),
            version,
            "mapping.rules differs from the version that counts and is not applied; trunkctl mapping diff shows how"
        );
    }
    Ok(())
}

/// The rules as an administrator's HTTP side sees them.
pub(crate) struct AppliedRules {
    pub(crate) engine: Engine,
    /// Connectors of the configuration.
    pub(crate) connectors: Vec<String>,
}

impl AppliedRules {
    fn new_rules<'r>(&'r self, files: &'r [File], base: Option<i64>) -> NewRules<'r> {
        NewRules { files, sources: Some(&self.connectors), base }
    }
}

fn refused(error: &RulesError) -> PartError {
    match error {
        RulesError::Wrong(_) | RulesError::Tests(_) => PartError::Senseless(sentence(error)),
        RulesError::Behind(_) | RulesError::Same(_) => PartError::Conflict(sentence(error)),
        RulesError::Missing(_) => PartError::Missing(sentence(error)),
        RulesError::Store(_) => PartError::Unavailable { what: "the store", reason: error.to_string() },
    }
}

/// What is wrong, the first places by name.
fn sentence(error: &RulesError) -> String {
    let places: Vec<String> = match error {
        RulesError::Wrong(problems) => problems.iter().map(ToString::to_string).collect(),
        RulesError::Tests(failures) => failures.iter().map(ToString::to_string).collect(),
        _ => return error.to_string(),
    };
    let more = places.len().saturating_sub(TOLD);
    let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
    format!("{error}:\n{}{more}", places[..places.len().min(TOLD)].join("\n"))
}

#[async_trait]
impl Rules for AppliedRules {
    async fn versions(&self, limit: u32) -> Answer<Vec<RuleVersionView>> {
        stored(self.engine.rule_versions(limit).await)
    }

    async fn version(&self, number: Option<i64>) -> Answer<Option<RuleVersionView>> {
        stored(self.engine.rule_version(number).await)
    }

    async fn of_event(&self, event: Uuid) -> Answer<Option<EventRulesView>> {
        stored(self.engine.rules_of(EventId::from_uuid(event)).await)
    }

    async fn rehearse(&self, files: &[File], on: Rehearsed) -> Answer<Rehearsal> {
        let events = (on.since, on.last, now());
        self.engine.rehearse_rules(self.new_rules(files, None), events, on.show).await.map_err(|error| refused(&error))
    }

    async fn apply(&self, files: &[File], base: Option<i64>, decided: Decided<'_>) -> Answer<RuleVersionView> {
        let by = By { actor: decided.actor, reason: decided.reason, at: now() };
        self.engine.apply_rules(self.new_rules(files, base), by).await.map_err(|error| refused(&error))
    }

    async fn restore(&self, version: i64, decided: Decided<'_>) -> Answer<RuleVersionView> {
        let by = By { actor: decided.actor, reason: decided.reason, at: now() };
        self.engine.restore_rules(version, by).await.map_err(|error| refused(&error))
    }
}
