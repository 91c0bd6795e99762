//! Mapping rules that are applied while events flow: what counts from when on, in every process.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use trunkline_events::call::{self, CallData};
use trunkline_events::customer::RawHandle;
use trunkline_events::{Body, Event, EventId};
use trunkline_mapping::engine::{By, Engine, NewRules, RulesError};
use trunkline_mapping::rules::{File, RuleSet};
use trunkline_mapping::view::CdrFilter;

use crate::house::House;
use crate::told::{Source, answered, at, avaya, call_ref, device, ended, handle, profile, route};

const HEAD: &str = "[profile]\nfields = ['level', 'branch']\ntags = ['gold']\n[source]\nconnector = ['crm', 'avaya-bj']\n\
    fields = ['lvl']\ndata = ['BRANCH']\n";

fn crm() -> Source {
    Source::new("/connectors/crm")
}

fn files(rules: &str) -> Vec<File> {
    vec![File { name: "rules.toml".into(), text: format!("{HEAD}{rules}") }]
}

/// Renames `lvl`, and says in its value by which version.
fn version(number: usize) -> Vec<File> {
    files(&format!(
        "[[rule]]\nfield = 'lvl'\nrename = 'level'\n[[rule]]\nfield = 'level'\ncompute = '\"by {number}\"'\n"
    ))
}

fn by(note: &'static str) -> By<'static> {
    By { actor: "admin-li", reason: note, at: at(0) }
}

fn new(files: &[File]) -> NewRules<'_> {
    NewRules { files, sources: None, base: None }
}

async fn apply(engine: &Engine, files: &[File]) -> i64 {
    engine.apply_rules(new(files), by("a reason")).await.expect("applies").version
}

fn person(number: usize) -> RawHandle {
    handle("crm_id", &format!("P{number}"))
}

/// What stands in the profile of one.
async fn fields(house: &House, number: usize) -> BTreeMap<String, String> {
    let found = house.records().find_customers(&format!("P{number}"), 1).await.expect("reads");
    let id = found.first().expect("somebody").customer;
    let view = house.records().customer(id).await.expect("reads").expect("somebody");
    view.fields.into_iter().map(|field| (field.name, field.value)).collect()
}

async fn mapped_by(house: &House, event: EventId) -> i64 {
    house.engine.rules_of(event).await.expect("reads").expect("rules have a version").mapping
}

fn one(name: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), value.to_owned())])
}

async fn what_is_applied_maps_the_next_batch_and_the_event_stays_as_it_came(house: &House) {
    let source = crm();
    let before = profile(&source, 0, person(0), &[("lvl", "1")]);
    house.apply(std::slice::from_ref(&before)).await;
    assert_eq!(apply(&house.engine, &version(1)).await, 1);
    let after = profile(&source, 1, person(1), &[("lvl", "1")]);
    house.apply(std::slice::from_ref(&after)).await;
    assert_eq!((fields(house, 0).await, fields(house, 1).await), (one("lvl", "1"), one("level", "by 1")));
    assert_eq!((mapped_by(house, before.id).await, mapped_by(house, after.id).await), (0, 1));
    let set = house.engine.rules_of(after.id).await.expect("reads").expect("has one");
    let knowledge = house.engine.knowledge();
    assert_eq!((set.identity.as_str(), set.dial_plans), (knowledge.rules.version(), knowledge.plans.version()));
    let stored = house.execute(&format!("SELECT body FROM event WHERE id = '{}'", after.id.uuid()));
    assert!(stored.contains("\"lvl\":\"1\"") && !stored.contains("by 1"), "{stored}");
}

async fn every_process_maps_by_what_was_applied_within_a_second(house: &House) {
    let neighbour = house.neighbour().await;
    let following = tokio::spawn({
        let neighbour = neighbour.clone();
        async move { neighbour.follow_rules().await }
    });
    let source = crm();
    for number in 1..=3 {
        assert_eq!(apply(&house.engine, &version(number)).await, i64::try_from(number).expect("small"));
        let applied = Instant::now();
        // Events flow meanwhile: each is mapped by what its version says, and from a second on that is the new one.
        for more in 0.. {
            let person_number = number * 1000 + more;
            let event = profile(&source, 0, person(person_number), &[("lvl", "1")]);
            let asked = applied.elapsed();
            neighbour.apply(std::slice::from_ref(&event)).await.expect("applies");
            let by = mapped_by(house, event.id).await;
            let expected = if by == 0 { one("lvl", "1") } else { one("level", &format!("by {by}")) };
            assert_eq!(fields(house, person_number).await, expected);
            if by == i64::try_from(number).expect("small") {
                break;
            }
            assert!(asked < Duration::from_secs(1), "version {by} still counts {asked:?} after {number} was applied");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    following.abort();
}

/// Two processes apply events while versions change: what came of each event is what the version stored with it makes.
async fn whatever_counts_when_an_event_carries_the_version_that_mapped_it(house: &House) {
    let neighbour = house.neighbour().await;
    let following = tokio::spawn({
        let neighbour = neighbour.clone();
        async move { neighbour.follow_rules().await }
    });
    let work = |engine: Engine, lane: usize| async move {
        let source = Source::new("/connectors/crm");
        let mut told: Vec<(usize, EventId)> = Vec::new();
        for batch in 0..40 {
            let numbers: Vec<usize> = (0..3).map(|event| lane * 1000 + batch * 3 + event).collect();
            let events: Vec<Event> =
                numbers.iter().map(|number| profile(&source, 0, person(*number), &[("lvl", "1")])).collect();
            engine.apply(&events).await.expect("applies");
            told.extend(numbers.into_iter().zip(events.iter().map(|event| event.id)));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        told
    };
    let lanes = [house.engine.clone(), neighbour].into_iter().enumerate();
    let lanes: Vec<_> = lanes.map(|(lane, engine)| tokio::spawn(work(engine, lane + 1))).collect();
    for number in 1..=4 {
        apply(&house.engine, &version(number)).await;
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    let mut seen = BTreeMap::new();
    for lane in lanes {
        for (number, event) in lane.await.expect("no panic") {
            let by = mapped_by(house, event).await;
            let expected = if by == 0 { one("lvl", "1") } else { one("level", &format!("by {by}")) };
            assert_eq!(fields(house, number).await, expected, "{number}");
            *seen.entry(by).or_insert(0) += 1;
        }
    }
    following.abort();
    assert!(seen.len() >= 3, "several versions were at work: {seen:?}");
}

fn ringing(source: &Source, seconds: i64, id: &str, branch: &str) -> Event {
    let pairs = [("BRANCH".to_owned(), branch.to_owned())].into();
    let route = call::Route { queue: Some("7001".into()), ..route("13800138001") };
    let data = CallData { pairs, ..CallData::default() };
    let body = call::Ringing { call: call_ref(id), device: device("1001", "2001"), route, redirected_from: None, data };
    source.tell(seconds, id, Body::CallRinging(body))
}

async fn a_call_that_spans_two_versions_has_one_record_whoever_folds_it(house: &House) {
    let queue = |name: &str| files(&format!("[[rule]]\nattribute = 'queue'\ntranslate = {{ '7001' = '{name}' }}\n"));
    let source = avaya();
    apply(&house.engine, &queue("cards")).await;
    house.apply(&[ringing(&source, 0, "c1", "bj")]).await;
    apply(&house.engine, &queue("loans")).await;
    house.apply(&[answered(&source, 5, "c1", "13800138001", "1001")]).await;
    let record = |house: &House| {
        let records = house.records();
        async move { records.cdrs(&CdrFilter::default()).await.expect("reads").pop().expect("one") }
    };
    assert_eq!(record(house).await.queues, ["cards"], "what was mapped stays as it was mapped");
    // Another process has none of it at hand, and reads what came.
    let neighbour = house.neighbour().await;
    neighbour.refresh_rules().await.expect("reads");
    neighbour.apply(&[ended(&source, 60, "c1")]).await.expect("applies");
    assert_eq!(record(house).await.queues, ["cards"]);
}

async fn what_travels_with_a_call_is_said_of_the_caller(house: &House) {
    apply(&house.engine, &files("[[rule]]\ndata = 'BRANCH'\nroute = { field = 'branch' }\n")).await;
    house.apply(&[ringing(&avaya(), 0, "c1", "bj")]).await;
    let caller = house.records().find_customers("13800138001", 1).await.expect("reads")[0].customer;
    let view = house.records().customer(caller).await.expect("reads").expect("the caller");
    assert_eq!((view.fields[0].name.as_str(), view.fields[0].value.as_str()), ("branch", "bj"));
    assert_eq!(view.fields[0].source, "/connectors/avaya-bj");
}

async fn a_rule_that_fails_loses_no_event(house: &House) {
    apply(&house.engine, &files("[[rule]]\nfield = 'lvl'\ncompute = 'string(int(value) + 1)'\n")).await;
    let source = crm();
    let applied = house
        .apply(&[profile(&source, 0, person(1), &[("lvl", "many")]), profile(&source, 0, person(2), &[("lvl", "1")])])
        .await;
    assert_eq!((applied.new, applied.rejected.len()), (2, 0));
    assert_eq!((fields(house, 1).await, fields(house, 2).await), (one("lvl", "many"), one("lvl", "2")));
}

async fn rules_that_are_wrong_or_fail_their_tests_are_not_applied(house: &House) {
    let apply = |files: Vec<File>| async move { house.engine.apply_rules(new(&files), by("a try")).await };
    let wrong = apply(files("[[rule]]\nfield = 'lvll'\ndrop = true\n")).await;
    assert!(matches!(wrong, Err(RulesError::Wrong(problems)) if problems[0].line == HEAD.lines().count() + 2));
    let test = "[[rule]]\nfield = 'lvl'\nrename = 'level'\n[[test]]\nname = 'nothing happens'\nconnector = 'crm'\n\
        event = 'customer.profile'\nfields = { lvl = '1' }\nexpect = { fields = { lvl = '1' } }\n";
    let failed = apply(files(test)).await;
    assert!(matches!(failed, Err(RulesError::Tests(failures)) if failures[0].test == "nothing happens"));
    assert_eq!(house.engine.rule_versions(10).await.expect("reads"), []);
    assert_eq!(house.store().actions(None, 10).await.expect("reads"), []);
}

async fn versions_are_listed_brought_back_and_stand_in_the_audit_log(house: &House) {
    apply(&house.engine, &version(1)).await;
    apply(&house.engine, &version(2)).await;
    let same = house.engine.apply_rules(new(&version(2)), by("again")).await;
    assert!(matches!(same, Err(RulesError::Same(2))));
    let (old_base, one_version) = (NewRules { base: Some(1), ..new(&[]) }, version(3));
    let behind = house.engine.apply_rules(NewRules { files: &one_version, ..old_base }, by("too late")).await;
    assert!(matches!(behind, Err(RulesError::Behind(2))));
    let restored = house.engine.restore_rules(1, by("two was wrong")).await.expect("restores");
    assert_eq!((restored.version, restored.restored, restored.active), (3, Some(1), true));
    assert!(matches!(house.engine.restore_rules(9, by("no such")).await, Err(RulesError::Missing(9))));

    let versions = house.engine.rule_versions(10).await.expect("reads");
    let listed: Vec<(i64, bool)> = versions.iter().map(|view| (view.version, view.active)).collect();
    assert_eq!(listed, [(3, true), (2, false), (1, false)]);
    assert_eq!((versions[0].hash == versions[2].hash, versions[0].actor.as_str()), (true, "admin-li"));
    let first = house.engine.rule_version(Some(1)).await.expect("reads").expect("is there");
    assert_eq!(first.files.as_deref(), Some(&version(1)[..]));
    let active = house.engine.rule_version(None).await.expect("reads").expect("is there");
    assert_eq!((active.version, active.files), (3, first.files));
    let log = house.store().actions(None, 10).await.expect("reads");
    let told: Vec<String> =
        log.iter().map(|entry| format!("{} {} {}", entry.action, entry.target, entry.detail)).collect();
    assert_eq!(
        told,
        ["mapping.rollback 3 to version 1: two was wrong", "mapping.apply 2 a reason", "mapping.apply 1 a reason"]
    );
    house.apply(&[profile(&crm(), 0, person(1), &[("lvl", "1")])]).await;
    assert_eq!(fields(house, 1).await, one("level", "by 1"));
}

async fn of_two_that_apply_at_once_one_is_told_to_look_again(house: &House) {
    let neighbour = house.neighbour().await;
    let (mine, theirs) = (version(1), version(2));
    let based = |files| NewRules { files, sources: None, base: Some(0) };
    let (one, other) = tokio::join!(
        house.engine.apply_rules(based(&mine), by("mine")),
        neighbour.apply_rules(based(&theirs), by("theirs"))
    );
    let behind = [&one, &other].into_iter().filter(|done| matches!(done, Err(RulesError::Behind(1)))).count();
    assert_eq!((behind, one.is_ok() || other.is_ok()), (1, true), "{one:?} {other:?}");
    assert_eq!(house.engine.rule_versions(10).await.expect("reads").len(), 1);
}

async fn the_first_version_is_applied_once_whoever_starts_first(house: &House) {
    let rules = RuleSet::parse(version(1), None).expect("good");
    let neighbour = house.neighbour().await;
    let (one, other) = tokio::join!(
        house.engine.first_rules(&rules, by("from files")),
        neighbour.first_rules(&rules, by("from files"))
    );
    assert_eq!([one.expect("reads"), other.expect("reads")].into_iter().filter(|did| *did).count(), 1);
    assert!(!house.engine.first_rules(&rules, by("again")).await.expect("reads"));
    assert_eq!((house.engine.knowledge().mapping.number, neighbour.knowledge().mapping.number), (1, 1));
}

async fn a_rehearsal_runs_stored_events_through_both_versions_and_changes_nothing(house: &House) {
    apply(&house.engine, &version(1)).await;
    let source = crm();
    let events: Vec<Event> =
        (0..5).zip(0..).map(|(number, second)| profile(&source, second, person(number), &[("lvl", "1")])).collect();
    house.apply(&events).await;
    let other = version(2);
    let plan = |since, limit| {
        let new = new(&other);
        async move { house.engine.rehearse_rules(new, (since, limit, at(3600)), true).await.expect("rehearses") }
    };
    let all = plan(None, 100).await;
    assert_eq!((all.events, all.changed, all.from, all.to), (5, 5, Some(at(0)), Some(at(4))));
    assert_eq!((all.differences.len(), all.differences[0].counts.changed), (1, 5));
    let sample = &all.differences[0].samples[0];
    assert_eq!((sample.before.as_deref(), sample.after.as_deref()), (Some("by 1"), Some("by 2")));
    assert_eq!((plan(None, 2).await.events, plan(Some(at(3)), 100).await.events), (2, 2));
    assert_eq!(house.engine.rule_versions(10).await.expect("reads").len(), 1);
}

/// What only rules of another release could say.
async fn a_version_that_cannot_be_read_here_leaves_the_one_before(house: &House) {
    apply(&house.engine, &version(1)).await;
    house.execute(
        "INSERT INTO mapping_version (number, hash, files, applied, actor, note) \
         VALUES (2, 'x', '[{\"name\": \"a.toml\", \"text\": \"[[wish]]\"}]', 0, 'a', 'n')",
    );
    assert!(!house.engine.refresh_rules().await.expect("reads"));
    let event = profile(&crm(), 0, person(1), &[("lvl", "1")]);
    house.apply(std::slice::from_ref(&event)).await;
    assert_eq!((fields(house, 1).await, mapped_by(house, event.id).await), (one("level", "by 1"), 1));
}

crate::on_both! {
    what_is_applied_maps_the_next_batch_and_the_event_stays_as_it_came,
    every_process_maps_by_what_was_applied_within_a_second,
    whatever_counts_when_an_event_carries_the_version_that_mapped_it,
    a_call_that_spans_two_versions_has_one_record_whoever_folds_it,
    what_travels_with_a_call_is_said_of_the_caller,
    a_rule_that_fails_loses_no_event,
    rules_that_are_wrong_or_fail_their_tests_are_not_applied,
    versions_are_listed_brought_back_and_stand_in_the_audit_log,
    of_two_that_apply_at_once_one_is_told_to_look_again,
    the_first_version_is_applied_once_whoever_starts_first,
    a_rehearsal_runs_stored_events_through_both_versions_and_changes_nothing,
    a_version_that_cannot_be_read_here_leaves_the_one_before,
}
