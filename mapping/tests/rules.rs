//! Mapping rules: what they make of what a source says, and what is told of rules that are no good.

use std::collections::BTreeMap;

use proptest::prelude::*;
use trunkline_events::{Body, Event};
use trunkline_mapping::rules::{File, Problem, RuleSet, Said, reference, rehearse};

const HEAD: &str = "[profile]\nfields = ['level', 'region', 'note']\ntags = ['gold', 'risk']\n[source]\nconnector = 'crm'\n\
    fields = ['lvl', 'cust_name', 'vip', 'surname']\ntags = ['金卡', '黑名单']\ndata = ['branch', 'acct']\n";

fn file(name: &str, text: &str) -> File {
    File { name: name.into(), text: text.into() }
}

/// Rules after [`HEAD`].
fn rules(text: &str) -> RuleSet {
    RuleSet::parse(vec![file("crm.toml", &format!("{HEAD}{text}"))], None).unwrap_or_else(|wrong| panic!("{wrong:#?}"))
}

/// What is wrong, each with its line after [`HEAD`].
fn wrong(text: &str) -> Vec<String> {
    let told = RuleSet::parse(vec![file("crm.toml", &format!("{HEAD}{text}"))], None).expect_err("wrong");
    let head = HEAD.lines().count();
    told.into_iter().map(|Problem { line, sentence, .. }| format!("{}: {sentence}", line - head)).collect()
}

fn event(event_type: &str, data: &serde_json::Value) -> Event {
    told_by("/connectors/crm", event_type, data)
}

fn told_by(source: &str, event_type: &str, data: &serde_json::Value) -> Event {
    let json = serde_json::json!({
        "specversion": "1.0", "id": "6e8bc430-9c3a-11d9-9669-0800200c9a66", "source": source,
        "type": format!("trunkline.{event_type}.v1"), "time": "2026-11-20T09:00:00Z",
        "receivedtime": "2026-11-20T09:00:01Z", "partitionkey": "k", "data": data,
    });
    Event::from_json(json.to_string().as_bytes()).expect("an event")
}

fn profile(fields: &serde_json::Value) -> Event {
    let handles = serde_json::json!([{"scheme": "crm_id", "scope": "crm", "value": "C-1"}]);
    event("customer.profile", &serde_json::json!({"handles": handles, "fields": fields}))
}

fn tag(tag: &str, set: bool) -> Event {
    let handle = serde_json::json!({"scheme": "crm_id", "scope": "crm", "value": "C-1"});
    event("customer.tag", &serde_json::json!({"handle": handle, "tag": tag, "set": set}))
}

fn ringing(route: &serde_json::Value, data: &serde_json::Value) -> Event {
    let call = serde_json::json!({"id": "call-1"});
    let device = serde_json::json!({"extension": "8001"});
    event("call.ringing", &serde_json::json!({"call": call, "device": device, "route": route, "data": data}))
}

fn said(fields: &[(&str, &str)], tags: &[(&str, bool)]) -> Said {
    Said {
        fields: fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        tags: tags.iter().map(|(name, set)| ((*name).into(), *set)).collect(),
    }
}

#[test]
fn a_field_is_renamed_translated_computed_and_dropped_in_order() {
    let rules = rules(
        "[[rule]]\nfield = 'lvl'\nrename = 'level'\n\
         [[rule]]\nfield = 'level'\ntranslate = { '1' = 'gold', '2' = 'silver' }\n\
         [[rule]]\nfield = 'name'\ncompute = 'fields.surname + fields.cust_name'\n\
         [[rule]]\nfield = 'surname'\ndrop = true\n\
         [[rule]]\nfield = 'note'\nwhen = 'value.contains(\"secret\")'\ndrop = true\n",
    );
    let event = profile(&serde_json::json!({
        "lvl": "1", "surname": "王", "cust_name": "梅", "note": "a secret", "other": "stays",
    }));
    let mapped = rules.map(&event);
    let expected = [("cust_name", "梅"), ("level", "gold"), ("name", "王梅"), ("other", "stays")];
    assert_eq!(mapped.said, said(&expected, &[]));
    assert!(mapped.failures.is_empty());
}

#[test]
fn what_a_table_does_not_have_is_kept_or_dropped() {
    let keep = rules("[[rule]]\nfield = 'lvl'\ntranslate = { '1' = 'gold' }");
    let dropped = rules("[[rule]]\nfield = 'lvl'\ntranslate = { '1' = 'gold' }\notherwise = 'drop'");
    let event = profile(&serde_json::json!({"lvl": "9"}));
    assert_eq!(keep.map(&event).said, said(&[("lvl", "9")], &[]));
    assert_eq!(dropped.map(&event).said, said(&[], &[]));
}

#[test]
fn tags_are_renamed_translated_dropped_and_made_fields() {
    let rules = rules(
        "[[rule]]\ntag = '*'\ntranslate = { '金卡' = 'gold' }\n\
         [[rule]]\ntag = '黑名单'\nroute = { field = 'note', value = 'blocked' }\nkeep = true\n\
         [[rule]]\ntag = '黑名单'\nrename = 'risk'",
    );
    assert_eq!(rules.map(&tag("金卡", true)).said, said(&[], &[("gold", true)]));
    assert_eq!(rules.map(&tag("金卡", false)).said, said(&[], &[("gold", false)]), "taken away under its new name");
    assert_eq!(rules.map(&tag("黑名单", true)).said, said(&[("note", "blocked")], &[("risk", true)]));
    assert_eq!(rules.map(&tag("黑名单", false)).said, said(&[("note", "")], &[("risk", false)]), "emptied");
    assert_eq!(rules.map(&tag("不认识", true)).said, said(&[], &[("不认识", true)]), "nobody declared it: it stays");
}

#[test]
fn a_field_becomes_a_tag_that_is_set_or_taken_away() {
    let plain = rules("[[rule]]\nfield = 'vip'\nroute = { tag = 'gold' }");
    assert_eq!(plain.map(&profile(&serde_json::json!({"vip": "yes"}))).said, said(&[], &[("gold", true)]));
    assert_eq!(plain.map(&profile(&serde_json::json!({"vip": " "}))).said, said(&[], &[("gold", false)]));
    let by_value = rules("[[rule]]\nfield = 'vip'\nkeep = true\nroute = { tag = 'gold', set = 'value == \"1\"' }");
    assert_eq!(
        by_value.map(&profile(&serde_json::json!({"vip": "0"}))).said,
        said(&[("vip", "0")], &[("gold", false)])
    );
}

#[test]
fn what_travels_with_a_call_becomes_a_field_and_attributes_change_in_the_event() {
    let rules = rules(
        "[[rule]]\nattribute = 'queue'\ntranslate = { '7001' = 'cards' }\n\
         [[rule]]\ndata = 'branch'\nroute = { field = 'region' }\nkeep = true\n\
         [[rule]]\ndata = 'acct'\ncompute = 'value.replace(\"-\", \"\")'",
    );
    let route = serde_json::json!({"direction": "inbound", "calling": {"number": "13800138000"}, "called": {}, "queue": "7001"});
    let event = ringing(&route, &serde_json::json!({"pairs": {"branch": "bj", "acct": "12-34"}}));
    let mapped = rules.map(&event);
    assert_eq!(mapped.said, said(&[("region", "bj")], &[]));
    let Body::CallRinging(call) = &mapped.event.body else { panic!("still a ringing call") };
    assert_eq!(call.route.queue.as_deref(), Some("cards"));
    assert_eq!(call.data.pairs, BTreeMap::from([("acct".into(), "1234".into()), ("branch".into(), "bj".into())]));
    assert_eq!((mapped.event.id, &mapped.event.source), (event.id, &event.source));
    let Body::CallRinging(before) = &event.body else { panic!("it") };
    assert_eq!(call.route.calling, before.route.calling, "handles are what came");
}

#[test]
fn a_chats_name_and_queue_are_mapped_too() {
    let rules = rules(
        "[[rule]]\nfield = 'name'\nrename = 'nickname'\n[[rule]]\nattribute = 'queue'\ncompute = 'upper(value)'\n",
    );
    let visitor = serde_json::json!({"handles": [], "name": "小李"});
    let chat = serde_json::json!({"id": "c", "channel": "web"});
    let event = event("chat.opened", &serde_json::json!({"chat": chat, "visitor": visitor, "queue": "cards"}));
    let mapped = rules.map(&event);
    assert_eq!(mapped.said, said(&[("nickname", "小李")], &[]));
    let Body::ChatOpened(opened) = &mapped.event.body else { panic!("still a chat") };
    assert_eq!(opened.queue.as_deref(), Some("CARDS"));
}

#[test]
fn rules_are_about_their_source_alone() {
    let rules = rules("[[rule]]\nfield = 'lvl'\ndrop = true");
    let data = serde_json::json!({"handles": [], "fields": {"lvl": "1"}});
    for (source, there) in [("/connectors/crm", false), ("/connectors/crm-2", true), ("/agents", true)] {
        let mapped = rules.map(&told_by(source, "customer.profile", &data)).said;
        assert_eq!(mapped.fields.contains_key("lvl"), there, "{source}");
    }
    let all = "[source]\nconnector = '*'\nfields = ['lvl']\n[[rule]]\nfield = 'lvl'\ndrop = true";
    let all = RuleSet::parse(vec![file("all.toml", all)], None).expect("good");
    assert!(all.concerns("/connectors/any") && !all.concerns("/agents") && !all.concerns("/connectors/"));
}

#[test]
fn files_are_carried_out_in_the_order_of_their_names() {
    let one = file("10-first.toml", &format!("{HEAD}[[rule]]\nfield = 'lvl'\nrename = 'level'"));
    let two = "[source]\nconnector = ['other', 'crm']\n[[rule]]\nfield = 'level'\ncompute = 'value + \"!\"'";
    let two = file("20-second.toml", two);
    let forth = RuleSet::parse(vec![one.clone(), two.clone()], None).expect("good");
    let back = RuleSet::parse(vec![two, one], None).expect("good");
    assert_eq!(forth.version(), back.version());
    for rules in [forth, back] {
        assert_eq!(rules.map(&profile(&serde_json::json!({"lvl": "1"}))).said, said(&[("level", "1!")], &[]));
    }
}

#[test]
fn a_rule_that_asks_for_what_is_not_there_does_not_count_and_one_that_fails_is_told() {
    let rules = rules(
        "[[rule]]\nfield = 'level'\ncompute = 'fields.lvl + \"x\"'\n\
         [[rule]]\nfield = 'note'\ncompute = 'string(int(value) + 1)'\n\
         [[rule]]\nfield = 'name'\nwhen = 'int(fields.note) > 1'\ndrop = true",
    );
    let event = profile(&serde_json::json!({"name": "王梅"}));
    let mapped = rules.map(&event);
    assert_eq!((mapped.said, mapped.failures.len()), (said(&[("name", "王梅")], &[]), 0));
    let event = profile(&serde_json::json!({"name": "王梅", "note": "many"}));
    let mapped = rules.map(&event);
    assert_eq!(mapped.said, said(&[("name", "王梅"), ("note", "many")], &[]), "nothing is lost");
    let lines: Vec<usize> = mapped.failures.iter().map(|failure| failure.line - HEAD.lines().count()).collect();
    assert_eq!(lines, [4, 7]);
    assert!(mapped.failures.iter().all(|failure| !failure.reason.contains("many")), "{:?}", mapped.failures);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_line_and_nearest_name() {
    let told = wrong(
        "[[rule]]\nfield = 'lvll'\nrename = 'levle'\n\
         [[rule]]\nfeild = 'lvl'\ndrop = true\n\
         [[rule]]\ntag = '金牌'\ndrop = true\n\
         [[rule]]\nfield = 'lvl'\nwhen = '''\n  fields.lvl == '1' &&\n  fields.regoin == 'x'\n'''\ncompute = 'lowr(value)'\n\
         [[rule]]\nattribute = 'queu'\ndrop = true\n\
         [[rule]]\ndata = 'brnch'\nroute = { feld = 'note' }\n",
    );
    let expected = [
        "2: there is no field \"lvll\"; did you mean \"lvl\"?",
        "3: there is no field \"levle\"; did you mean \"level\"?",
        "4: a rule is about one field, tag, attribute or data key: name it",
        "5: there is no key \"feild\" here; did you mean \"field\"?",
        "8: there is no tag \"金牌\"; did you mean \"金卡\"?",
        "14: there is no field fields.regoin; did you mean fields.region?",
        "16: there is no function lowr; did you mean lower?",
        "18: there is no attribute \"queu\"; did you mean \"queue\"?",
        "21: there is no data key \"brnch\"; did you mean \"branch\"?",
        "22: route goes to one field or tag: { field = \"name\" } or { tag = \"name\" }",
        "22: there is no key \"feld\" here; did you mean \"field\"?",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_rule_that_makes_no_sense_is_told() {
    for (text, expected) in [
        ("[[rule]]\nfield = 'lvl'\ntag = 'gold'\ndrop = true", "about one field, tag"),
        ("[[rule]]\nfield = 'lvl'", "a rule does one thing of rename"),
        ("[[rule]]\nfield = 'lvl'\ndrop = true\nrename = 'level'", "a rule does one thing of"),
        ("[[rule]]\nfield = 'lvl'\ndrop = false", "drop = false does nothing"),
        ("[[rule]]\nfield = '*'\nrename = 'level'", "every one cannot become the same one"),
        ("[[rule]]\ntag = 'gold'\nroute = { tag = 'risk' }", "made another tag by rename"),
        ("[[rule]]\nfield = 'lvl'\ndrop = true\nkeep = true", "keep goes with route only"),
        ("[[rule]]\nfield = 'lvl'\nroute = { tag = 'gold', value = 'x' }", "value goes with a field only"),
        ("[[rule]]\nfield = 'lvl'\nroute = { field = 'level', set = 'true' }", "set goes with a tag only"),
        ("[[rule]]\nfield = 'lvl'\ntranslate = { '1' = 2 }", "1 must be a text in quotes"),
        ("[[rule]]\nfield = 'lvl'\ntranslate = {}\notherwise = 'kep'", "did you mean \"keep\"?"),
        ("[[rule]]\nfield = 7\ndrop = true", "field must be a text in quotes"),
        (
            "[[rule]]\ntag = 'other'\ndrop = true",
            "there are gold, risk, 金卡, 黑名单; new tags are named under [source] or [profile]",
        ),
        ("[[rule]\n", "this is no TOML"),
    ] {
        let told = wrong(text).join("\n");
        assert!(told.contains(expected), "{text}: {told}");
    }
    let number = RuleSet::parse(vec![file("a.toml", "rule = 3")], None).expect_err("no rule");
    assert_eq!(number[0].to_string(), "a.toml:1: rule must be written as [[rule]]");
    let homeless = RuleSet::parse(vec![file("a.toml", "[[rule]]\nfield = 'name'\ndrop = true")], None);
    assert_eq!(
        homeless.expect_err("whose?")[0].to_string(),
        "a.toml:1: whose events are these rules about? Say so: [source] connector = \"name\""
    );
}

#[test]
fn a_connector_that_does_not_exist_is_told_where_it_is_known_which_do() {
    let sources = ["avaya-bj".to_owned(), "crm".to_owned()];
    let files = |connector: &str| vec![file("a.toml", &format!("[source]\nconnector = '{connector}'\n"))];
    assert!(RuleSet::parse(files("crm"), Some(&sources)).is_ok() && RuleSet::parse(files("cmr"), None).is_ok());
    let told = RuleSet::parse(files("cmr"), Some(&sources)).expect_err("no such connector");
    assert_eq!(told[0].to_string(), "a.toml:2: there is no connector \"cmr\"; did you mean \"crm\"?");
}

#[test]
fn files_have_names_and_a_size() {
    for name in ["crm", "../crm.toml", ".toml", ".hidden.toml", "a b.toml"] {
        let told = RuleSet::parse(vec![file(name, "")], None).expect_err(name);
        assert!(told[0].sentence.contains("a rule file is called NAME.toml"), "{name}: {told:?}");
    }
    assert!(RuleSet::parse(vec![file("a.toml", ""), file("a.toml", "")], None).is_err());
    assert!(RuleSet::parse(vec![file("a.toml", &"#".repeat(300_000))], None).is_err());
    assert!(RuleSet::parse(Vec::new(), None).expect("nothing is fine").is_empty());
}

#[test]
fn tests_stand_beside_the_rules_and_say_what_came_otherwise() {
    let tested = rules(
        "[[rule]]\nfield = 'lvl'\nrename = 'level'\n\
         [[test]]\nname = 'a level is a level'\nevent = 'customer.profile'\nfields = { lvl = '1' }\n\
         expect = { fields = { level = '1' } }\n\
         [[test]]\nname = 'it is gold'\nevent = 'customer.profile'\nfields = { lvl = '1', name = 'x' }\n\
         expect = { fields = { level = '2', lvl = '1' }, tags = { gold = true } }\n",
    );
    assert_eq!((tested.rules(), tested.tests()), (1, 2));
    let failures = tested.run_tests();
    let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
    let line = HEAD.lines().count() + 9;
    let expected = format!(
        "crm.toml:{line}: it is gold\n  fields.level: expected \"2\", and \"1\" came\n  \
         fields.lvl: expected \"1\", and nothing came\n  fields.name: nothing expected, and \"x\" came\n  \
         tags.gold: expected true, and nothing came"
    );
    assert_eq!(told, [expected]);
}

#[test]
fn a_test_whose_rule_fails_fails() {
    let tested = rules(
        "[[rule]]\nfield = 'lvl'\ncompute = 'int(value) + 1'\n\
         [[test]]\nname = 'a word stays'\nevent = 'customer.profile'\nfields = { lvl = 'x' }\nexpect = { fields = { lvl = 'x' } }\n",
    );
    let failures = tested.run_tests();
    assert!(failures[0].differences[0].starts_with("the rule at crm.toml:"), "{failures:?}");
}

#[test]
fn a_test_that_makes_no_sense_is_told() {
    let told =
        wrong("[[test]]\nevent = 'customer.profil'\nfields = { lvvl = '1' }\ntags = { gold = 'yes' }\n").join("\n");
    for expected in [
        "a test has a name",
        "did you mean \"customer.profile\"?",
        "there is no field \"lvvl\"; did you mean \"lvl\"?",
        "gold must be true or false",
        "a test says what must come of the event",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn a_rehearsal_counts_what_would_come_otherwise_and_shows_values_only_when_asked() {
    let old = rules("[[rule]]\nfield = 'lvl'\nrename = 'level'");
    let new = rules(
        "[[rule]]\nfield = 'lvl'\nrename = 'level'\n[[rule]]\nfield = 'level'\ncompute = 'string(int(value) * 2)'",
    );
    let events: Vec<Event> = ["1", "2", "x"].map(|lvl| profile(&serde_json::json!({"lvl": lvl}))).into();
    let mut counted = trunkline_mapping::rules::Rehearsal::default();
    rehearse(&mut counted, &events, (&old, &new), false);
    assert_eq!((counted.events, counted.changed, counted.differences.len()), (3, 2, 1));
    let level = &counted.differences[0];
    assert_eq!((level.kind.as_str(), level.name.as_str(), level.counts.changed), ("field", "level", 2));
    assert!(level.samples.iter().all(|sample| sample.before.is_none() && sample.after.is_none()));
    assert_eq!((counted.failures.len(), counted.failures[0].events), (1, 1));
    rehearse(&mut counted, &events, (&old, &new), true);
    assert_eq!((counted.events, counted.differences[0].counts.changed, counted.failures[0].events), (6, 4, 2));
    let shown = counted.differences[0].samples.last().expect("some");
    assert_eq!((shown.before.as_deref(), shown.after.as_deref()), (Some("2"), Some("4")));
    let mut gone = trunkline_mapping::rules::Rehearsal::default();
    rehearse(&mut gone, &events, (&old, &RuleSet::default()), false);
    assert_eq!(gone.differences.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["level", "lvl"]);
}

/// The page is made of what the code reads; run with UPDATE=1 to make it anew.
#[test]
fn the_reference_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/mapping-rules.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (begin, end) = ("<!-- made from the code -->\n", "<!-- end of what is made from the code -->\n");
    let from = page.find(begin).expect("the beginning") + begin.len();
    let to = page.find(end).expect("the end");
    let current = format!("{}\n{}\n{}", &page[..from], reference().trim_end(), &page[to..]);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &current).expect("written");
        return;
    }
    assert!(page == current, "docs/mapping-rules.md is not current: run this test with UPDATE=1");
}

#[test]
fn the_worked_examples_of_the_page_hold() {
    let page = include_str!("../../docs/mapping-rules.md");
    let examples: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 4, "{} examples", examples.len());
    for example in examples {
        let rules = RuleSet::parse(vec![file("example.toml", example)], None);
        let rules = rules.unwrap_or_else(|wrong| panic!("{example}\n{wrong:#?}"));
        assert!(rules.tests() > 0, "an example shows what comes of it:\n{example}");
        assert_eq!(rules.run_tests(), [], "{example}");
    }
}

proptest! {
    /// Whatever stands in a file, it compiles or is told to be wrong; what compiles maps every event.
    #[test]
    fn no_text_breaks_the_reading(lines in prop::collection::vec(line(), 0..30), value in "\\PC{0,40}") {
        let text = lines.join("\n");
        if let Ok(rules) = RuleSet::parse(vec![file("crm.toml", &text)], None) {
            let event = profile(&serde_json::json!({"lvl": value, "name": value}));
            prop_assert_eq!(rules.map(&event), rules.map(&event));
            let _ = rules.run_tests();
        }
    }
}

fn line() -> impl Strategy<Value = String> {
    let lines = vec![
        "[source]",
        "connector = 'crm'",
        "fields = ['lvl']",
        "tags = ['gold']",
        "[profile]",
        "[[rule]]",
        "[[test]]",
        "field = 'lvl'",
        "field = '*'",
        "tag = '*'",
        "drop = true",
        "compute = 'value + name'",
        "compute = 'upper(value)'",
        "when = 'set'",
        "translate = { a = 'b' }",
        "route = { tag = 'gold' }",
        "rename = 'name'",
        "event = 'customer.profile'",
        "name = 'x'",
        "expect = {}",
        "keep = true",
        "'",
        "= [",
        "\"\"\"",
    ];
    prop_oneof![prop::sample::select(lines).prop_map(str::to_owned), "\\PC{0,20}"]
}
