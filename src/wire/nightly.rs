//! Once a day, at the configured hour by the clocks of the house's zone: the records of the day before against the
//! switches' own, then what is old enough goes. Events flow meanwhile: both work in small transactions.
//!
//! What was missed (the daemon was down at that hour) is made up for at the next start. Several daemons may do it at once:
//! a report is kept and told once, and what one removes the other does not find.

use std::time::Duration as Wait;

use time::macros::format_description;
use time::{Date, Duration, Time};
use tokio_util::sync::CancellationToken;
use trunkline_config as config;
use trunkline_connectors::drive;
use trunkline_events::Timestamp;
use trunkline_mapping::cdr::Tolerance;
use trunkline_mapping::engine::{Engine, EngineError, Retention};
use trunkline_mapping::store::AuditEntry;
use trunkline_mapping::view::RetiredView;
use trunkline_mapping::zone::Zone;

use crate::wire::relay::Relay;

/// Rows or conversations that are removed in one transaction.
pub(crate) const BATCH: u32 = 200;
/// From one look at the clock to the next, so that one that is set does no harm.
const LOOK: Wait = Wait::from_secs(30);
/// Between two batches: whoever waits for the database comes first.
const REST: Wait = Wait::from_millis(20);

/// The night's work, as configured.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) zone: Zone,
    pub(crate) tolerance: Tolerance,
    pub(crate) days: config::Retention,
    hour: Time,
    reports: bool,
}

impl Policy {
    /// The configuration's check has refused what could not be read here.
    pub(crate) fn of(settings: &config::Cdr, zone: &str) -> Self {
        let seconds = |number: u32| Duration::seconds(i64::from(number));
        let told = &settings.reconciliation;
        Self {
            zone: zone.parse().unwrap_or_default(),
            tolerance: Tolerance {
                end: seconds(told.end_tolerance_seconds),
                duration: seconds(told.duration_tolerance_seconds),
            },
            days: settings.retention,
            hour: Time::from_hms(settings.hour, 0, 0).unwrap_or(Time::MIDNIGHT),
            reports: told.nightly,
        }
    }

    /// Up to when data is old.
    pub(crate) fn retention(&self, now: Timestamp) -> Retention {
        let before = |days: u32| (days > 0).then(|| now.plus(-Duration::days(i64::from(days))));
        Retention {
            events: before(self.days.events_days),
            messages: before(self.days.messages_days),
            records: before(self.days.records_days),
            switch_records: before(self.days.switch_records_days),
        }
    }

    /// The day whose night's work is due at an instant: the last one that has ended, once the hour has come.
    fn due(&self, now: Timestamp) -> Option<Date> {
        let today = self.zone.day(now);
        let hour = self.zone.instant(time::PrimitiveDateTime::new(today, self.hour));
        let yesterday = today.previous_day()?;
        if now >= hour { Some(yesterday) } else { yesterday.previous_day() }
    }
}

/// A day as people write it.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| format!("{text:?} is no day; write it like 2026-11-21"))
}

/// The task that does it.
pub(crate) struct Nightly {
    pub(crate) engine: Engine,
    pub(crate) relay: Relay,
    pub(crate) policy: Policy,
    pub(crate) stop: CancellationToken,
}

impl Nightly {
    /// Runs until stopped.
    pub(crate) async fn run(self) {
        let mut done: Option<Date> = None;
        loop {
            let now = drive::system_clock();
            if let Some(day) = self.policy.due(now).filter(|day| done != Some(*day)) {
                match self.night(day, now).await {
                    Ok(()) => done = Some(day),
                    Err(error) => {
                        tracing::warn!(%error, %day, "the night's work on records was not finished; trying again");
                    }
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn night(&self, day: Date, now: Timestamp) -> Result<(), EngineError> {
        let store = self.engine.store();
        let made = store.report(&day.to_string()).await.map_err(EngineError::Unavailable)?;
        if self.policy.reports && made.is_none() {
            let Policy { zone, tolerance, .. } = self.policy;
            let (view, derived) = self.engine.report_day(day, zone, tolerance, now, false).await?;
            self.relay.push(derived);
            tracing::info!(
                %day,
                matched = view.matched,
                differing = view.differing,
                only_in_events = view.only_in_events,
                only_at_switch = view.only_at_switch,
                "the day's records were held against the switches'"
            );
        }
        self.retire(now).await
    }

    async fn retire(&self, now: Timestamp) -> Result<(), EngineError> {
        let policy = self.policy.retention(now);
        let mut sum = RetiredView::default();
        while policy != Retention::default() && !self.stop.is_cancelled() {
            let batch = self.engine.retire(&policy, BATCH).await?;
            if batch.is_empty() {
                break;
            }
            sum.add(&batch);
            tokio::time::sleep(REST).await;
        }
        if sum.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "{} events of {} conversations and others, {} messages, {} rejections, {} records, {} switch records",
            sum.events, sum.conversations, sum.messages, sum.rejections, sum.records, sum.switch_records
        );
        tracing::info!(events = sum.events, records = sum.records, "what was old enough was removed");
        let entry = AuditEntry {
            at: now,
            actor: "retention".to_owned(),
            action: "retention.run".to_owned(),
            target: String::new(),
            detail,
        };
        self.engine.store().log_action(&entry).await.map_err(EngineError::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(zone: &str, hour: u8) -> Policy {
        let settings = config::Cdr {
            hour,
            reconciliation: config::Reconciliation {
                nightly: true,
                end_tolerance_seconds: 5,
                duration_tolerance_seconds: 5,
            },
            retention: config::Retention {
                events_days: 90,
                messages_days: 0,
                records_days: 0,
                switch_records_days: 30,
            },
        };
        Policy::of(&settings, zone)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_days_work_is_due_at_its_hour_in_its_zone_and_made_up_for_later() {
        let due = |now: &str| policy("Asia/Shanghai", 3).due(at(now)).expect("a day").to_string();
        assert_eq!(due("2026-11-21T18:59:59Z"), "2026-11-20", "not yet three in the morning of the 22nd there");
        assert_eq!(due("2026-11-21T19:00:00Z"), "2026-11-21");
        assert_eq!(due("2026-11-22T10:00:00Z"), "2026-11-21", "a daemon that was down does it when it is up");
    }

    #[test]
    fn zero_days_is_for_ever() {
        let policy = policy("UTC", 3).retention(at("2026-11-21T00:00:00Z"));
        assert_eq!(policy.events, Some(at("2026-08-23T00:00:00Z")));
        assert_eq!(policy.switch_records, Some(at("2026-10-22T00:00:00Z")));
        assert_eq!((policy.messages, policy.records), (None, None));
    }
}
