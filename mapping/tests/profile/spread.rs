//! Tags over three systems: what one decides is written to the others once, and nothing runs in a circle.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use trunkline_events::Timestamp;
use trunkline_mapping::profile::{ECHO_WITHIN, ProfileRules, TagFact, Written, spread, tags};

const SYSTEMS: [&str; 3] = ["/connectors/a", "/connectors/b", "/connectors/c"];
const WORDS: [&str; 3] = ["VIP-A", "VIP-B", "VIP-C"];

fn rules(owner: &str, directions: [&str; 3]) -> ProfileRules {
    let systems = SYSTEMS.iter().zip(WORDS).zip(directions).map(|((system, word), direction)| {
        format!("\"{system}\" = {{ name = \"{word}\", direction = \"{direction}\" }}\n")
    });
    let text = format!("[tags.vip]\n{owner}\n[tags.vip.systems]\n{}", systems.collect::<String>());
    ProfileRules::from_toml(&text).expect("good")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000 + second).expect("in range")
}

/// Us, with one customer.
struct Us {
    rules: ProfileRules,
    facts: BTreeMap<String, TagFact>,
    written: Vec<Written>,
}

impl Us {
    fn new(rules: ProfileRules) -> Self {
        Self { rules, facts: BTreeMap::new(), written: Vec::new() }
    }

    /// Hears a word of a system; gives what is written: (system, set).
    fn hear(&mut self, system: usize, said: i64, set: bool, now: i64) -> Vec<(usize, bool)> {
        let source = SYSTEMS[system];
        let row = self.written.iter_mut().find(|row| row.system == source);
        let echo = row.is_some_and(|row| row.is_echo(set, at(now)));
        let fact = TagFact { tag: WORDS[system].into(), source: source.into(), at: at(said), set, echo };
        let known = self.facts.entry(source.into()).or_insert(fact.clone());
        if (known.at, known.set) < (fact.at, fact.set) {
            *known = fact;
        }
        let facts: Vec<TagFact> = self.facts.values().cloned().collect();
        let writes = spread(&facts, &self.written, &self.rules, at(now));
        for row in &writes {
            self.written.retain(|known| known.system != row.system);
            self.written.push(row.clone());
        }
        let place = |system: &str| SYSTEMS.iter().position(|known| *known == system).expect("one of them");
        writes.iter().map(|row| (place(&row.system), row.set)).collect()
    }

    fn is_set(&self) -> bool {
        let facts: Vec<TagFact> = self.facts.values().cloned().collect();
        !tags(&facts, &self.rules).is_empty()
    }
}

#[test]
fn a_tag_goes_from_one_system_to_the_others_and_its_echo_comes_back_to_nobody() {
    let mut us = Us::new(rules("", ["both"; 3]));
    assert_eq!(us.hear(0, 10, true, 10), [(1, true), (2, true)]);
    assert!(us.hear(1, 12, true, 12).is_empty(), "B tells back what we wrote: A stays at what it set, B at one write");
    assert!(us.hear(2, 13, true, 13).is_empty());
    assert!(us.hear(0, 10, true, 14).is_empty(), "A's own word again is no news");
    assert_eq!(us.hear(1, 20, false, 20), [(0, false), (2, false)], "B takes it away: that is news");
    assert!(us.hear(0, 21, false, 21).is_empty() && us.hear(2, 22, false, 22).is_empty());
    assert!(!us.is_set());
}

#[test]
fn an_echo_that_is_late_decides_nothing() {
    let mut us = Us::new(rules("", ["both"; 3]));
    us.hear(0, 10, true, 10);
    assert_eq!(us.hear(0, 11, false, 11), [(1, false), (2, false)]);
    // B tells back the first write after A has taken the tag away, with a later time than A's.
    assert!(us.hear(1, 12, true, 12).is_empty());
    assert!(us.hear(1, 13, false, 13).is_empty());
    assert!(!us.is_set());
}

#[test]
fn what_a_person_says_long_after_a_write_is_no_echo() {
    let mut us = Us::new(rules("", ["both"; 3]));
    us.hear(0, 10, true, 10);
    us.hear(0, 20, false, 20);
    let late = 20 + ECHO_WITHIN.whole_seconds() + 60;
    assert_eq!(us.hear(1, late, true, late), [(0, true), (2, true)], "B never told anything back; this is a person");
}

#[test]
fn only_the_owner_decides_and_others_are_not_fought_with() {
    let mut us = Us::new(rules("owner = \"/connectors/a\"", ["both"; 3]));
    assert!(us.hear(1, 5, true, 5).is_empty(), "B may wish what it likes");
    assert!(!us.is_set());
    assert_eq!(us.hear(0, 10, true, 10), [(2, true)], "B has it already");
    us.hear(2, 11, true, 11);
    assert_eq!(us.hear(1, 20, false, 20), [(1, true)], "B lost it and is told once what the owner says");
    us.hear(1, 21, true, 21);
    for round in 0..5 {
        let now = 30 + 10 * round;
        assert!(us.hear(1, now, false, now).is_empty(), "a system that insists is left alone");
    }
    assert!(us.is_set());
}

#[test]
fn direction_says_who_is_heard_and_who_is_written_to() {
    let mut us = Us::new(rules("", ["in", "out", "both"]));
    assert_eq!(us.hear(0, 10, true, 10), [(1, true), (2, true)]);
    us.hear(1, 11, true, 11);
    us.hear(2, 12, true, 12);
    assert!(us.hear(1, 20, false, 20).is_empty(), "B is out: what it says decides nothing, and it was told already");
    assert!(us.is_set());
    assert_eq!(us.hear(2, 30, false, 30), [], "B has taken it away itself, and A is never written to");
    assert!(!us.is_set());
}

/// A system: has the tag or not, and what it will tell us, in order.
#[derive(Default, Clone)]
struct System {
    has: bool,
    told: VecDeque<(i64, bool)>,
    writes: VecDeque<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Person { system: usize, set: bool },
    Deliver { system: usize },
    Land { system: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..3_usize, any::<bool>()).prop_map(|(system, set)| Step::Person { system, set }),
        (0..3_usize).prop_map(|system| Step::Deliver { system }),
        (0..3_usize).prop_map(|system| Step::Deliver { system }),
        (0..3_usize).prop_map(|system| Step::Land { system }),
        (0..3_usize).prop_map(|system| Step::Land { system }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// Three systems that tell every change of their own, in order, whoever made it; words and writes take any time.
struct World {
    us: Us,
    systems: [System; 3],
    clock: i64,
    decisions: usize,
    writes: [usize; 3],
}

impl World {
    fn new() -> Self {
        let us = Us::new(rules("", ["both"; 3]));
        Self { us, systems: Default::default(), clock: 0, decisions: 0, writes: [0; 3] }
    }

    fn change(&mut self, system: usize, set: bool) -> bool {
        let at = self.clock;
        let one = &mut self.systems[system];
        let changes = one.has != set;
        if changes {
            one.has = set;
            one.told.push_back((at, set));
        }
        changes
    }

    fn step(&mut self, step: Step) {
        self.clock += 1;
        match step {
            Step::Person { system, set } => self.decisions += usize::from(self.change(system, set)),
            Step::Deliver { system } => {
                if let Some((said, set)) = self.systems[system].told.pop_front() {
                    for (to, set) in self.us.hear(system, said, set, self.clock) {
                        self.writes[to] += 1;
                        self.systems[to].writes.push_back(set);
                    }
                }
            }
            Step::Land { system } => {
                if let Some(set) = self.systems[system].writes.pop_front() {
                    self.change(system, set);
                }
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            let waits = |one: &System| !one.told.is_empty() || !one.writes.is_empty();
            let Some(system) = self.systems.iter().position(waits) else { return };
            self.step(Step::Land { system });
            self.step(Step::Deliver { system });
        }
        panic!("three systems write to each other for ever");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// However words, writes and echoes overtake each other.
    #[test]
    fn no_system_is_written_to_more_often_than_people_decided(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.settle();
        let most = world.decisions;
        for (system, writes) in world.writes.iter().enumerate() {
            prop_assert!(*writes <= most, "{} writes to {} after {} decisions", writes, SYSTEMS[system], world.decisions);
        }
        let agree = world.systems.iter().all(|one| one.has == world.systems[0].has);
        prop_assert!(agree, "they do not agree in the end");
    }

    /// One person at one system: each other system is written to once for each change, and all agree in the end.
    #[test]
    fn one_persons_changes_are_written_once_and_all_agree(
        changes in proptest::collection::vec(any::<bool>(), 1..6),
        between in proptest::collection::vec((0..3_usize, any::<bool>()), 0..40),
    ) {
        let mut world = World::new();
        let mut between = between.into_iter();
        for set in changes {
            world.step(Step::Person { system: 0, set });
            for (system, lands) in between.by_ref().take(7) {
                world.step(if lands { Step::Land { system } } else { Step::Deliver { system } });
            }
        }
        world.settle();
        let wanted = world.systems[0].has;
        prop_assert_eq!(world.writes[0], 0, "A decided; nobody writes to A");
        prop_assert!(world.writes[1] <= world.decisions && world.writes[2] <= world.decisions);
        prop_assert!(world.systems.iter().all(|one| one.has == wanted));
        prop_assert_eq!(world.us.is_set(), wanted);
    }
}
