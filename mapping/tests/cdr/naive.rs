//! Durations by a second way: a clock that ticks through the call and looks, at each tick, what every phone does.

use proptest::collection::vec;
use proptest::prelude::*;
use trunkline_events::Event;
use trunkline_mapping::cdr::fold;

use super::notation;

/// Milliseconds of a tick.
const TICK: u64 = 250;

/// What happens at which tick, in order.
type Story = Vec<(u64, String)>;

/// One call as a switch tells it: perhaps a queue, one phone or a second one that takes over, holds, an end.
fn story() -> impl Strategy<Value = Story> {
    let holds = vec((0..40_u64, 0..40_u64), 0..4);
    let first = prop_oneof![Just("answered"), Just("diverted"), Just("given up")];
    let second = prop_oneof![3 => Just("answered"), 1 => Just("given up")];
    (any::<bool>(), first, second, holds, vec(0..40_u64, 8)).prop_map(|(queued, first, second, holds, gaps)| {
        let (mut at, mut gaps) = (0, gaps.into_iter());
        let mut told: Story = vec![(0, "offered 13800138000 > 65067".to_owned())];
        let mut tell = |gap: u64, what: &str| {
            at += gap;
            told.push((at, what.to_owned()));
        };
        let mut gap = || gaps.next().unwrap_or(1);
        if queued {
            tell(gap(), "queued 601");
        }
        tell(gap(), "ringing 4750 agent=1001");
        let mut talker = (first == "answered").then_some("4750");
        if first == "diverted" {
            tell(gap(), "diverted 4750");
            tell(gap(), "ringing 4751 agent=1002");
            talker = (second == "answered").then_some("4751");
        }
        if let Some(extension) = talker {
            tell(gap(), &format!("answered {extension}"));
            for (before, length) in holds {
                tell(before, &format!("held {extension}"));
                tell(length, &format!("resumed {extension}"));
            }
            tell(gap(), &format!("leg_ended {extension}"));
        }
        tell(gap(), "ended");
        told
    })
}

fn events(story: &Story) -> Vec<Event> {
    let line = |(at, what): &(u64, String)| {
        let millis = at * TICK;
        format!("10:{:02}:{:02}.{:03} A {what}", millis / 60_000, millis / 1000 % 60, millis % 1000)
    };
    notation::events(&story.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Queue, ring, talk, hold in milliseconds.
fn ticked(story: &Story) -> (u64, u64, u64, u64) {
    let end = story.last().map_or(0, |(at, _)| *at);
    let (mut queue, mut ring, mut talk, mut hold) = (0, 0, 0, 0);
    for tick in 0..end {
        let so_far: Vec<&str> = story.iter().filter(|(at, _)| *at <= tick).map(|(_, what)| what.as_str()).collect();
        let does = |extension: &str| {
            let about = so_far.iter().rev().find(|what| what.split(' ').nth(1) == Some(extension));
            about.and_then(|what| what.split(' ').next()).unwrap_or_default()
        };
        let phones = [does("4750"), does("4751")];
        let count = |words: &[&str]| phones.iter().filter(|word| words.contains(word)).count() as u64 * TICK;
        ring += count(&["ringing"]);
        talk += count(&["answered", "resumed"]);
        hold += count(&["held"]);
        let in_queue = so_far.iter().any(|what| what.starts_with("queued"));
        let was_answered = so_far.iter().any(|what| what.starts_with("answered"));
        let engaged = phones.iter().any(|word| ["ringing", "answered", "resumed", "held"].contains(word));
        if in_queue && !was_answered && !engaged {
            queue += TICK;
        }
    }
    (queue, ring, talk, hold)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_ticking_clock_measures_the_same_durations(
        (story, shuffled) in story().prop_flat_map(|story| {
            let events = events(&story);
            (Just(story), Just(events).prop_shuffle())
        }),
    ) {
        let cdr = fold(&shuffled).expect("a record").cdr;
        prop_assert_eq!((cdr.queue_ms, cdr.ring_ms, cdr.talk_ms, cdr.hold_ms), ticked(&story), "{:#?}", story);
        prop_assert_eq!(cdr.ended, cdr.started.map(|start| {
            let ticks = i64::try_from(story.last().expect("an end").0 * TICK).expect("minutes");
            start.plus(time::Duration::milliseconds(ticks))
        }));
    }
}
