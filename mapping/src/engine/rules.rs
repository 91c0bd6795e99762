//! Applying, following, rehearsing and bringing back mapping rules.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use trunkline_events::{EventId, Timestamp};

use super::current::Declared;
use super::directives::By;
use super::{Engine, Knowledge, MappingRules};
use crate::rules::{EVENT_TYPES, File, Problem, Rehearsal, RuleSet, TestFailure, rehearse};
use crate::store::{NewVersion, Store, StoreError, VersionRow};
use crate::view::{EventRulesView, RuleVersionView};

/// How often a process looks which version counts: a quarter of the second in which it must be found.
const LOOK: Duration = Duration::from_millis(250);
/// Events that are rehearsed at most.
pub(super) const MOST_REHEARSED: u32 = 20_000;

/// Rules that are to count.
#[derive(Debug, Clone, Copy)]
pub struct NewRules<'r> {
    /// The files.
    pub files: &'r [File],
    /// Connectors that there are, where that is known: rules about others are refused.
    pub sources: Option<&'r [String]>,
    /// The version that they take the place of, as far as whoever applies them knows; `None` for whichever counts.
    pub base: Option<i64>,
}

/// Why rules were not applied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// They do not compile.
    #[error("the rules are wrong in {} places", .0.len())]
    Wrong(Vec<Problem>),
    /// Tests fail.
    #[error("{} of the tests beside the rules fail", .0.len())]
    Tests(Vec<TestFailure>),
    /// Somebody else applied rules meanwhile.
    #[error("version {0} counts now, and the rules were made on another one; look at the difference again")]
    Behind(i64),
    /// The same files count already.
    #[error("version {0} has the same files and counts already")]
    Same(i64),
    /// There is no such version.
    #[error("there is no version {0} of the mapping rules")]
    Missing(i64),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Applies rules: compiles them, runs their tests, stores them with an entry in the audit log, and maps by them from
    /// the next batch on. Other processes follow within a second ([`Engine::follow_rules`]).
    pub async fn apply_rules(&self, new: NewRules<'_>, by: By<'_>) -> Result<RuleVersionView, RulesError> {
        let rules = RuleSet::parse(new.files.to_vec(), new.sources).map_err(RulesError::Wrong)?;
        self.add_rules(&rules, new.base, None, by).await
    }

    /// Makes the files of an old version count again, as a new version. Their tests must still pass.
    pub async fn restore_rules(&self, number: i64, by: By<'_>) -> Result<RuleVersionView, RulesError> {
        let found = self.store.version(number).await?;
        let (_, files) = found.ok_or(RulesError::Missing(number))?;
        let rules = RuleSet::parse(files, None).map_err(RulesError::Wrong)?;
        self.add_rules(&rules, None, Some(number), by).await
    }

    async fn add_rules(
        &self,
        rules: &RuleSet,
        base: Option<i64>,
        restored: Option<i64>,
        by: By<'_>,
    ) -> Result<RuleVersionView, RulesError> {
        let failures = rules.run_tests();
        if !failures.is_empty() {
            return Err(RulesError::Tests(failures));
        }
        let active = self.store.versions(1).await?.pop();
        let counts = active.as_ref().map_or(0, |row| row.number);
        if let Some(base) = base.filter(|base| *base != counts) {
            tracing::debug!(base, counts, "rules were made on another version");
            return Err(RulesError::Behind(counts));
        }
        if active.is_some_and(|row| row.hash == rules.version()) {
            return Err(RulesError::Same(counts));
        }
        let (hash, files) = (rules.version(), rules.files());
        let new = NewVersion { hash, files, actor: by.actor, note: by.reason, restored, at: by.at };
        let number = self.store.add_version(new, counts).await?.map_err(RulesError::Behind)?;
        self.refresh_rules().await?;
        let found = self.store.version(number).await?.ok_or(RulesError::Missing(number))?;
        Ok(view(found.0, number, None))
    }

    /// Maps by the version that counts, if that is another one than before; says whether it is. One look at one row if
    /// not.
    ///
    /// A version that this release cannot read does not count here: the one before goes on, and the log says so.
    pub async fn refresh_rules(&self) -> Result<bool, StoreError> {
        let counts = self.store.active_version().await?;
        if counts <= self.declared.current().knowledge.mapping.number || self.declared.is_unreadable(counts) {
            return Ok(false);
        }
        let Some((row, files)) = self.store.version(counts).await? else { return Ok(false) };
        let rules = match RuleSet::parse(files, None) {
            Ok(rules) => Arc::new(rules),
            Err(problems) => {
                let first = problems.first().map(ToString::to_string).unwrap_or_default();
                tracing::error!(
                    version = row.number,
                    problem = first,
                    "mapping rules that were applied cannot be read here"
                );
                self.declared.set_unreadable(row.number);
                return Ok(false);
            }
        };
        let taken = take(&self.declared, row.number, &rules);
        if taken {
            tracing::info!(version = row.number, rules = rules.rules(), "events are mapped by other rules from now on");
        }
        Ok(taken)
    }

    /// Follows what others apply, until the future is dropped. While the database is away what counted goes on to count.
    pub async fn follow_rules(&self) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut away = false;
        loop {
            ticks.tick().await;
            match self.refresh_rules().await {
                Ok(_) => away = false,
                Err(error) if !away => {
                    away = true;
                    tracing::warn!(%error, "cannot look which mapping rules count; those of before go on");
                }
                Err(_) => {}
            }
        }
    }

    /// Applies the first version, if there is none at all, and maps by the version that counts; says whether it applied it.
    pub async fn first_rules(&self, rules: &RuleSet, by: By<'_>) -> Result<bool, RulesError> {
        if self.store.active_version().await? == 0 {
            match self.add_rules(rules, Some(0), None, by).await {
                Ok(_) => return Ok(true),
                // Another process was first.
                Err(RulesError::Behind(_) | RulesError::Same(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.refresh_rules().await?;
        Ok(false)
    }

    /// Versions, the newest first, without their files.
    pub async fn rule_versions(&self, limit: u32) -> Result<Vec<RuleVersionView>, StoreError> {
        let rows = self.store.versions(limit).await?;
        let active = rows.first().map_or(0, |row| row.number);
        Ok(rows.into_iter().map(|row| view(row, active, None)).collect())
    }

    /// A version with its files; `None` for the number means the one that counts.
    pub async fn rule_version(&self, number: Option<i64>) -> Result<Option<RuleVersionView>, StoreError> {
        let active = self.store.active_version().await?;
        let found = self.store.version(number.unwrap_or(active)).await?;
        Ok(found.map(|(row, files)| view(row, active, Some(files))))
    }

    /// By which rules a stored event was mapped; `None` if it is not stored, or was before rules had versions.
    pub async fn rules_of(&self, event: EventId) -> Result<Option<EventRulesView>, StoreError> {
        let found = self.store.rule_set_of(event).await?;
        Ok(found.map(|set| EventRulesView {
            event: event.uuid(),
            identity: set.identity,
            dial_plans: set.dial_plans,
            mapping: set.mapping,
        }))
    }

    /// What `files` would change: the last stored events, at most `limit` of those received at `since` or later, through
    /// the rules that count and through these. Nothing is written. Samples have values only with `show`.
    pub async fn rehearse_rules(
        &self,
        new: NewRules<'_>,
        (since, limit, now): (Option<Timestamp>, u32, Timestamp),
        show: bool,
    ) -> Result<Rehearsal, RulesError> {
        let rules = RuleSet::parse(new.files.to_vec(), new.sources).map_err(RulesError::Wrong)?;
        self.refresh_rules().await?;
        let current = self.declared.current();
        let events = latest(&self.store, since, limit.clamp(1, MOST_REHEARSED), now).await?;
        let mut rehearsal = Rehearsal::default();
        rehearse(&mut rehearsal, &events, (&current.knowledge.mapping.rules, &rules), show);
        Ok(rehearsal)
    }
}

/// Lets a version count here, unless a newer one does.
fn take(declared: &Declared, number: i64, rules: &Arc<RuleSet>) -> bool {
    declared.exchange(|knowledge| {
        let mapping = MappingRules { number, rules: Arc::clone(rules) };
        (number > knowledge.mapping.number).then(|| Knowledge { mapping, ..knowledge.clone() })
    })
}

/// The last events that rules have to do with. Without a `since` ever longer times are looked through until there are
/// enough: nothing sorts all events of years for the last few thousand.
async fn latest(
    store: &Store,
    since: Option<Timestamp>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<trunkline_events::Event>, StoreError> {
    const HOURS: [i64; 4] = [1, 24, 240, 2400];
    let types: Vec<String> = EVENT_TYPES.iter().map(|name| format!("trunkline.{name}.v1")).collect();
    let windows = HOURS.into_iter().map(|hours| now.plus(-time::Duration::hours(hours))).chain([Timestamp::EPOCH]);
    let windows: Vec<Timestamp> = since.map_or_else(|| windows.collect(), |since| vec![since]);
    let mut events = Vec::new();
    for since in windows {
        events = store.latest_events(&types, since, limit).await?;
        if events.len() >= limit as usize {
            break;
        }
    }
    Ok(events)
}

fn view(row: VersionRow, active: i64, files: Option<Vec<File>>) -> RuleVersionView {
    RuleVersionView {
        version: row.number,
        hash: row.hash,
        applied: row.applied,
        actor: row.actor,
        note: row.note,
        restored: row.restored,
        active: row.number == active,
        files,
    }
}
