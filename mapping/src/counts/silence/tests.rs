//! A hotline in Berlin: 600 events an hour from 8 to 18 on weekdays, 60 on Sundays from 8 to 18, none at night.

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn berlin() -> Zone {
    "Europe/Berlin".parse().expect("a zone")
}

fn rule() -> SilenceRule {
    SilenceRule { weeks: 4, threshold: 30, least: Duration::minutes(2), holidays: BTreeSet::new() }
}

/// What the hotline tells in the hours between two instants.
fn history(from: &str, to: &str) -> Vec<HourCount> {
    (hour_of(at(from))..hour_of(at(to)))
        .filter_map(|hour| {
            let (slot, _) = berlin().hour_of_week(beginning(hour));
            let told = match (slot / 24, slot % 24) {
                (0..=4, 8..18) => 600,
                (6, 8..18) => 60,
                _ => return None,
            };
            Some(HourCount { hour, told })
        })
        .collect()
}

fn judged(since: &str, now: &str) -> Verdict {
    judged_by(&rule(), since, now)
}

fn judged_by(rule: &SilenceRule, since: &str, now: &str) -> Verdict {
    let usual = Usual::learn(&history("2026-08-01T00:00:00Z", now), &berlin(), rule, at(now));
    usual.judge(at(since), at(now), &berlin(), rule)
}

#[test]
fn a_busy_morning_without_a_word_is_silence_within_minutes() {
    // Wednesday; Berlin is two hours ahead of UTC in summer.
    assert_eq!(judged("2026-09-09T08:00:00Z", "2026-09-09T08:02:30Z"), Verdict::Quiet, "25 are no proof");
    assert_eq!(judged("2026-09-09T08:00:00Z", "2026-09-09T08:03:00Z"), Verdict::Silent { expected: 30 });
}

#[test]
fn a_night_is_quiet_and_the_morning_after_it_is_not() {
    assert_eq!(judged("2026-09-08T16:00:00Z", "2026-09-09T05:59:59Z"), Verdict::Quiet, "from 18 to 8 o'clock");
    assert_eq!(judged("2026-09-08T16:00:00Z", "2026-09-09T06:03:00Z"), Verdict::Silent { expected: 30 });
}

#[test]
fn a_weekend_is_judged_by_its_own_numbers() {
    assert_eq!(judged("2026-09-11T16:00:00Z", "2026-09-12T15:00:00Z"), Verdict::Quiet, "nobody calls on Saturday");
    assert_eq!(judged("2026-09-13T08:00:00Z", "2026-09-13T08:29:00Z"), Verdict::Quiet);
    assert_eq!(judged("2026-09-13T08:00:00Z", "2026-09-13T08:30:00Z"), Verdict::Silent { expected: 30 });
}

#[test]
fn a_new_link_without_history_is_not_judged() {
    let (since, now) = (at("2026-09-09T08:00:00Z"), at("2026-09-09T12:00:00Z"));
    let nothing = Usual::learn(&[], &berlin(), &rule(), now);
    assert_eq!(nothing.judge(since, now, &berlin(), &rule()), Verdict::Quiet);
    // One week is no habit; two are.
    for (from, expected) in [("2026-09-01T00:00:00Z", None), ("2026-08-25T00:00:00Z", Some(2400))] {
        let usual = Usual::learn(&history(from, "2026-09-09T08:00:00Z"), &berlin(), &rule(), now);
        let verdict = expected.map_or(Verdict::Quiet, |expected| Verdict::Silent { expected });
        assert_eq!(usual.judge(since, now, &berlin(), &rule()), verdict, "{from}");
    }
}

#[test]
fn one_dead_week_changes_no_habit() {
    let mut told = history("2026-08-01T00:00:00Z", "2026-09-09T08:00:00Z");
    let dead = hour_of(at("2026-08-31T00:00:00Z"))..hour_of(at("2026-09-07T00:00:00Z"));
    told.retain(|counted| !dead.contains(&counted.hour));
    let now = at("2026-09-09T08:03:00Z");
    let usual = Usual::learn(&told, &berlin(), &rule(), now);
    assert_eq!(usual.judge(at("2026-09-09T08:00:00Z"), now, &berlin(), &rule()), Verdict::Silent { expected: 30 });
}

#[test]
fn a_public_holiday_is_as_a_sunday_and_spoils_no_weekday() {
    let date = at("2026-09-09T00:00:00Z").into_inner().date();
    let rule = SilenceRule { holidays: BTreeSet::from([date]), ..rule() };
    assert_eq!(judged_by(&rule, "2026-09-09T08:00:00Z", "2026-09-09T08:29:00Z"), Verdict::Quiet);
    assert_eq!(judged_by(&rule, "2026-09-09T08:00:00Z", "2026-09-09T08:30:00Z"), Verdict::Silent { expected: 30 });
    // Two of four Wednesdays were holidays without a call: the other two are the habit.
    let now = at("2026-10-07T08:03:00Z");
    let free = [at("2026-09-16T12:00:00Z"), at("2026-09-23T12:00:00Z")].map(|day| day.into_inner().date());
    let mut told = history("2026-08-01T00:00:00Z", "2026-10-07T08:00:00Z");
    told.retain(|counted| !free.contains(&berlin().day(beginning(counted.hour))));
    let rule = SilenceRule { holidays: BTreeSet::from(free), ..rule };
    let usual = Usual::learn(&told, &berlin(), &rule, now);
    assert_eq!(usual.judge(at("2026-10-07T08:00:00Z"), now, &berlin(), &rule), Verdict::Silent { expected: 30 });
}

#[test]
fn after_the_clock_change_the_hour_of_the_week_is_still_the_sites() {
    // On 2026-10-25 Berlin goes back to one hour ahead of UTC: the hotline opens at 7 UTC, no longer at 6.
    assert_eq!(judged("2026-10-23T16:00:00Z", "2026-10-26T06:59:59Z"), Verdict::Silent { expected: 600 }, "Sunday");
    assert_eq!(judged("2026-10-25T17:00:00Z", "2026-10-26T06:59:59Z"), Verdict::Quiet, "half past seven in Berlin");
    assert_eq!(judged("2026-10-25T17:00:00Z", "2026-10-26T07:03:00Z"), Verdict::Silent { expected: 30 });
}

#[test]
fn a_rule_may_ask_for_a_longer_silence() {
    let patient = SilenceRule { least: Duration::minutes(10), ..rule() };
    assert_eq!(judged_by(&patient, "2026-09-09T08:00:00Z", "2026-09-09T08:09:59Z"), Verdict::Quiet);
    assert_eq!(judged_by(&patient, "2026-09-09T08:00:00Z", "2026-09-09T08:10:00Z"), Verdict::Silent { expected: 100 });
}
