//! What of a tag must be written where. A system that is written to tells it back sooner or later; that echo is no news, or
//! two systems would write to each other for ever.
//!
//! Three things make the loop end:
//! - a word of a system that equals what was last written there and not told back yet is an echo, for [`ECHO_WITHIN`];
//! - an echo decides nothing ([`super::tags`]);
//! - one decision is written to one system once, whatever the system makes of it.
//!
//! So there are at most as many writes to a system as there were decisions elsewhere, whatever the order of it all.

use time::Duration;
use trunkline_events::Timestamp;

use super::rules::ProfileRules;
use super::tags::{TagFact, by_tag, deciding};

/// How long after a write the system's echo is expected, by our clock.
pub const ECHO_WITHIN: Duration = Duration::minutes(10);

/// Writes that may wait for their echo at one system; the oldest is forgotten.
const MOST_AWAITED: usize = 8;

/// What was written of one tag to one system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// The tag's name here.
    pub tag: String,
    /// The system.
    pub system: String,
    /// What was written last: set, or taken away.
    pub set: bool,
    /// When the word that decided so was said, by its source's clock.
    pub decided_at: Timestamp,
    /// Who decided so.
    pub decided_by: String,
    /// What was written and not told back yet, the oldest first, with when by our clock.
    pub awaited: Vec<(Timestamp, bool)>,
}

impl Written {
    /// Whether a word of the system, heard at `now` by our clock, only tells back what was written; if so that write and
    /// those before it are awaited no longer.
    pub fn is_echo(&mut self, set: bool, now: Timestamp) -> bool {
        self.awaited.retain(|(at, _)| now.since(*at) <= ECHO_WITHIN);
        let Some(found) = self.awaited.iter().position(|(_, awaited)| *awaited == set) else { return false };
        self.awaited.drain(..=found);
        true
    }

    /// What the system will have once all that was written has arrived; `None` if nothing is on its way.
    fn expected(&self) -> Option<bool> {
        self.awaited.last().map(|(_, set)| *set)
    }
}

/// What must be written now: the rows of [`Written`] as they are once it is done, each a write of its `set` to its `system`.
///
/// `facts` is all that is said of one customer, with what was just heard; `written` all that was written of his tags. `now`
/// is when it was heard, by our clock.
pub fn spread(facts: &[TagFact], written: &[Written], rules: &ProfileRules, now: Timestamp) -> Vec<Written> {
    let mut writes = Vec::new();
    for ((tag, known), said) in by_tag(facts, rules) {
        let Some(rule) = known.and_then(|name| rules.tags.get(name)).filter(|rule| rule.writes()) else { continue };
        let Some(decided) = deciding(&said, rule) else { continue };
        for (system, _) in rule.systems.iter().filter(|(_, at)| at.direction.writes()) {
            let before = written.iter().find(|row| row.tag == tag && row.system == *system);
            let heard = said.get(system.as_str()).is_some_and(|fact| fact.set);
            let has = before.and_then(Written::expected).unwrap_or(heard);
            let known = before.is_some_and(|row| is_by(row, decided));
            if has != decided.set && !known {
                writes.push(write(tag, system, decided, before, now));
            }
        }
    }
    writes
}

fn is_by(row: &Written, decided: &TagFact) -> bool {
    (row.decided_at, &row.decided_by, row.set) == (decided.at, &decided.source, decided.set)
}

fn write(tag: &str, system: &str, decided: &TagFact, before: Option<&Written>, now: Timestamp) -> Written {
    let mut awaited = before.map(|row| row.awaited.clone()).unwrap_or_default();
    awaited.push((now, decided.set));
    let beyond = awaited.len().saturating_sub(MOST_AWAITED);
    awaited.drain(..beyond);
    Written {
        tag: tag.to_owned(),
        system: system.to_owned(),
        set: decided.set,
        decided_at: decided.at,
        decided_by: decided.source.clone(),
        awaited,
    }
}
