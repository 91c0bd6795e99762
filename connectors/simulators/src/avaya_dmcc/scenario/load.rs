//! Calls in bulk: so many a second, for so long, each with a number of its own.
//!
//! The schedule is computed, not slept: it says which verb is due next and when. Bounded by [`MOST_CALLS`].

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::read::parse_duration;
use crate::avaya_dmcc::switch::{AgentMode, Arrive, Switch, Verb};

/// Most calls one load may make.
const MOST_CALLS: u64 = 10_000_000;

/// What each call goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// Arrives, waits in the skill, rings, is answered, is hung up by the caller.
    Answered,
    /// Arrives, waits, and the caller gives up.
    Abandoned,
    /// As answered, with a hold in the middle.
    Held,
}

/// Calls in bulk.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// New calls a second.
    pub calls_per_second: f64,
    /// For so long.
    pub seconds: f64,
    /// What each goes through.
    #[serde(default = "answered")]
    pub template: Template,
    /// VDN that is called; the switch's first when absent.
    #[serde(default)]
    pub vdn: Option<String>,
    /// Skill in which calls wait; the switch's first when absent.
    #[serde(default)]
    pub skill: Option<String>,
    /// The first caller's number; the next has the next number.
    #[serde(default = "first_ani")]
    pub first_ani: String,
    /// How many numbers there are before the first comes again.
    #[serde(default = "callers")]
    pub callers: u64,
    /// From one state to the next.
    #[serde(default = "pace", deserialize_with = "pace_from_text")]
    pub pace: Duration,
    /// From answer to hang-up.
    #[serde(default = "pace", deserialize_with = "pace_from_text")]
    pub talk: Duration,
    /// From hang-up until an agent in manual-in mode is ready again; absent: he stays in after-call work.
    #[serde(default, deserialize_with = "wrap_up_from_text")]
    pub wrap_up: Option<Duration>,
}

fn answered() -> Template {
    Template::Answered
}

fn first_ani() -> String {
    "13800138000".to_owned()
}

fn callers() -> u64 {
    1_000
}

fn pace() -> Duration {
    Duration::from_millis(50)
}

fn pace_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no duration such as \"500ms\"")))
}

fn wrap_up_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    pace_from_text(deserializer).map(Some)
}

impl Load {
    /// So many calls a second for so many seconds, all answered; the rest as a scenario's defaults.
    pub fn answered(calls_per_second: f64, seconds: f64) -> Self {
        Self {
            calls_per_second,
            seconds,
            template: Template::Answered,
            vdn: None,
            skill: None,
            first_ani: first_ani(),
            callers: callers(),
            pace: pace(),
            talk: pace(),
            wrap_up: None,
        }
    }

    /// How many calls it makes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie between 1 and 10 million"
    )]
    pub fn calls(&self) -> u64 {
        (self.calls_per_second * self.seconds).round() as u64
    }

    /// What cannot work on this switch.
    pub(super) fn problems(&self, switch: &Switch) -> impl Iterator<Item = String> {
        let mut problems = Vec::new();
        let calls = self.calls_per_second * self.seconds;
        #[expect(clippy::cast_precision_loss, reason = "ten million is exact")]
        let most = MOST_CALLS as f64;
        if !(calls >= 1.0 && calls <= most && self.calls_per_second > 0.0) {
            problems.push(format!("calls_per_second × seconds must give 1 to {MOST_CALLS} calls"));
        }
        if self.first_ani.parse::<u64>().is_err() || self.callers == 0 {
            problems.push("first_ani must be digits, and callers at least 1".to_owned());
        }
        let ends = Ends::find(self, switch);
        for (what, device, known) in
            [("vdn", &ends.vdn, switch.is_vdn(&ends.vdn)), ("skill", &ends.skill, switch.is_skill(&ends.skill))]
        {
            if !known {
                problems.push(format!("{what} {device:?} is not part of the switch"));
            }
        }
        if ends.stations.is_empty() {
            problems.push("the switch has no station".to_owned());
        }
        problems.into_iter()
    }
}

/// Where a load's calls come in and go to.
#[derive(Debug)]
struct Ends {
    vdn: String,
    skill: String,
    stations: Vec<String>,
    /// Agents by station who do after-call work.
    agents: HashMap<String, String>,
}

impl Ends {
    fn find(load: &Load, switch: &Switch) -> Self {
        let first = |is: &dyn Fn(&str) -> bool| switch.devices().find(|device| is(device)).unwrap_or("").to_owned();
        let rings = |device: &&str| switch.is_station(device) && !switch.is_recorder(device);
        Self {
            vdn: load.vdn.clone().unwrap_or_else(|| first(&|device| switch.is_vdn(device))),
            skill: load.skill.clone().unwrap_or_else(|| first(&|device| switch.is_skill(device))),
            stations: switch.devices().filter(rings).map(str::to_owned).collect(),
            agents: switch
                .agents()
                .filter(|agent| agent.definition.manual_in && agent.mode != AgentMode::Off)
                .map(|agent| (agent.definition.station.clone(), agent.definition.id.clone()))
                .collect(),
        }
    }
}

/// The running schedule: (due, order, call, stage), soonest first.
#[derive(Debug)]
pub(crate) struct Calls {
    load: Load,
    ends: Ends,
    first_ani: u64,
    ani_width: usize,
    due: BinaryHeap<Reverse<(Duration, u64, usize)>>,
    made: u64,
    total: u64,
    run: u64,
}

impl Calls {
    pub(crate) fn new(load: &Load, switch: &Switch) -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        // Two loads on one switch must not share names of calls.
        static RUNS: AtomicU64 = AtomicU64::new(1);
        Self {
            ends: Ends::find(load, switch),
            first_ani: load.first_ani.parse().unwrap_or(0),
            ani_width: load.first_ani.len(),
            total: load.calls().min(MOST_CALLS),
            load: load.clone(),
            due: BinaryHeap::new(),
            made: 0,
            run: RUNS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Calls begun so far.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    #[expect(clippy::cast_precision_loss, reason = "at most ten million calls")]
    fn next_start(&self) -> Option<Duration> {
        let start = || Duration::try_from_secs_f64(self.made as f64 / self.load.calls_per_second).unwrap_or_default();
        (self.made < self.total).then(start)
    }

    /// When the next verb is due, from the beginning of the load.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let step = self.due.peek().map(|Reverse((due, ..))| *due);
        match (step, self.next_start()) {
            (Some(step), Some(start)) => Some(step.min(start)),
            (one, other) => one.or(other),
        }
    }

    /// The next verb that is due by then.
    pub(crate) fn take(&mut self, by: Duration) -> Option<Verb> {
        let due = self.next_due().filter(|due| *due <= by)?;
        let (call, stage) = if self.next_start() == Some(due) {
            self.made += 1;
            (self.made - 1, 0)
        } else {
            let Reverse((_, call, stage)) = self.due.pop()?;
            (call, stage)
        };
        let (verb, next) = self.verb(call, stage);
        if let Some(wait) = next {
            self.due.push(Reverse((due + wait, call, stage + 1)));
        }
        Some(verb)
    }

    fn verb(&self, number: u64, stage: usize) -> (Verb, Option<Duration>) {
        let call = format!("load-{}-{number}", self.run);
        let (pace, talk) = (self.load.pace, self.load.talk);
        let station =
            self.ends.stations[usize::try_from(number).unwrap_or(0) % self.ends.stations.len().max(1)].clone();
        let agent = self.ends.agents.get(&station).cloned();
        let hang_up =
            |call| (Verb::Drop { call, party: "caller".to_owned() }, self.load.wrap_up.filter(|_| agent.is_some()));
        match (self.load.template, stage) {
            (_, 0) => (self.arrival(call, number), Some(pace)),
            (_, 1) => (Verb::Queue { call, skill: self.ends.skill.clone() }, Some(pace)),
            (Template::Abandoned, _) => (Verb::Abandon { call }, None),
            (_, 2) => (Verb::Ring { call, station }, Some(pace)),
            (Template::Answered, 3) => (Verb::answer(&call), Some(talk)),
            (Template::Held, 3) => (Verb::answer(&call), Some(talk / 3)),
            (Template::Held, 4) => (Verb::Hold { call, station: None }, Some(talk / 3)),
            (Template::Held, 5) => (Verb::Retrieve { call, station: None }, Some(talk / 3)),
            (Template::Answered, 4) | (Template::Held, 6) => hang_up(call),
            _ => (Verb::Ready { agent: agent.unwrap_or_default() }, None),
        }
    }

    fn arrival(&self, call: String, number: u64) -> Verb {
        let ani = self.first_ani + number % self.load.callers.max(1);
        let ani = format!("{ani:0width$}", width = self.ani_width);
        Verb::Arrive(Arrive { call, ani, to: self.ends.vdn.clone(), ..Arrive::default() })
    }
}
