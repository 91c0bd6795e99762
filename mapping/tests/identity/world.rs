//! Evidence in short notation, and customers as people read them.

use std::collections::BTreeSet;

use trunkline_events::Timestamp;
use trunkline_events::customer::Strength;
use trunkline_mapping::identity::{Evidence, Handle, Origin, Partition, Rules, Sighting, Standing, Verdict, partition};
use trunkline_mapping::numbers::DialPlan;

/// `phone:13800138001`, `crm:north/17` (scope before the slash).
pub(crate) fn handle(text: &str, rules: &Rules) -> Handle {
    thread_local! { static PLAN: DialPlan = DialPlan::default(); }
    let (scheme, rest) = text.split_once(':').expect("scheme:value");
    let (scope, value) = rest.split_once('/').unwrap_or(("", rest));
    PLAN.with(|plan| Handle::new(scheme, scope, value, rules, plan, None)).expect("a handle")
}

/// So many minutes after some morning.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000 + minutes * 60).expect("in range")
}

/// What was seen, one minute after the other.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) evidence: Vec<Evidence>,
    clock: i64,
}

impl World {
    pub(crate) fn with_rules(toml: &str) -> Self {
        Self { rules: Rules::from_toml(toml).expect("rules"), ..Self::default() }
    }

    pub(crate) fn sees(&mut self, a: &str, b: &str, strength: Strength) -> &mut Self {
        let (a, b) = (self.sight(a), self.sight(b));
        self.evidence.push(Evidence::observed("/test", &a, &b, strength, minute(self.clock)));
        self
    }

    /// Nobody is seen for so many days.
    pub(crate) fn rests(&mut self, days: i64) -> &mut Self {
        self.clock += days * 24 * 60;
        self
    }

    /// An event names one handle alone: a call from a number.
    pub(crate) fn calls(&mut self, name: &str) -> &mut Self {
        self.sight(name);
        self
    }

    pub(crate) fn includes(&mut self, a: &str, b: &str) -> &mut Self {
        self.decides(Origin::Include, a, b)
    }

    pub(crate) fn excludes(&mut self, a: &str, b: &str) -> &mut Self {
        self.decides(Origin::Exclude, a, b)
    }

    fn decides(&mut self, origin: Origin, a: &str, b: &str) -> &mut Self {
        let (a, b) = (self.sight(a), self.sight(b));
        let evidence = Evidence::observed("/admin", &a, &b, Strength::Authoritative, minute(self.clock));
        self.evidence.push(Evidence { origin, ..evidence });
        self
    }

    fn sight(&mut self, text: &str) -> Handle {
        self.clock += 1;
        let handle = handle(text, &self.rules);
        self.sightings.push(Sighting::new(handle.clone(), minute(self.clock)));
        handle
    }

    pub(crate) fn partition(&self) -> Partition {
        partition(&self.sightings, &self.evidence, &self.rules)
    }

    /// The customers, each with the handles as they were written here.
    pub(crate) fn together(&self, names: &[&str]) -> bool {
        let outcome = self.partition();
        let customers: BTreeSet<_> = names.iter().map(|name| self.stands(&outcome, name).customer).collect();
        customers.len() == 1
    }

    pub(crate) fn apart(&self, a: &str, b: &str) -> bool {
        !self.together(&[a, b])
    }

    pub(crate) fn standing(&self, name: &str) -> Standing {
        self.stands(&self.partition(), name)
    }

    pub(crate) fn verdict(&self, a: &str, b: &str) -> Verdict {
        let (a, b) = (handle(a, &self.rules).id(), handle(b, &self.rules).id());
        let about = |piece: &&Evidence| (piece.a, piece.b) == (a.min(b), a.max(b));
        // The same evidence seen again is one piece.
        let piece = self.evidence.iter().rfind(about).expect("evidence");
        self.partition().verdicts[&piece.id].clone()
    }

    fn stands(&self, outcome: &Partition, name: &str) -> Standing {
        outcome.standings[&handle(name, &self.rules).id()].clone()
    }
}
