//! One rule file: what its source says, its rules and their tests.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeTable;
use trunkline_events::Timestamp;

use super::content::{self, About, Content, EVENT_TYPES};
use super::read::{Problem, Reading, Table, Told, by_name, parse, suggestion};
use super::rule::{self, Kind, Names, Rule};
use super::test::Test;

/// Keys of a file, with what each means.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("profile", "Names that are there for the files of all sources: [profile] fields, tags."),
    (
        "source",
        "Whose events the rules of this file are about, and what names it uses: [source] connector, fields, tags, data.",
    ),
    ("rule", "[[rule]]: one step, in the order in which they stand."),
    ("test", "[[test]]: an event and what must come of it."),
];
/// Keys of `[profile]`.
pub(super) const PROFILE: &[(&str, &str)] =
    &[("fields", "Profile fields of the house."), ("tags", "Tags of the house.")];
/// Keys of `[source]`.
pub(super) const SOURCE: &[(&str, &str)] = &[
    ("connector", "The connector's name, several in a list, or \"*\" for every one."),
    ("fields", "Fields that the source says, by its own names."),
    ("tags", "Tags that the source sets, by its own names."),
    ("data", "Keys of the data that its calls carry."),
];
/// Keys of a `[[test]]`.
pub(super) const TEST: &[(&str, &str)] = &[
    ("name", "What is shown, in a sentence."),
    ("connector", "Who tells the event; the first one of [source] if absent."),
    ("event", "The type of event."),
    ("fields", "Fields that it carries, { name = \"value\" }."),
    ("tags", "Tags that it sets (true) or takes away (false)."),
    ("attributes", "Attributes of its call or chat."),
    ("data", "Data that travels with its call."),
    ("expect", "All that must come of it: fields, tags, attributes, data."),
];
const EXPECT: &[&str] = &["fields", "tags", "attributes", "data"];

/// Fields that every profile has, whatever files declare.
pub(super) const KNOWN_FIELDS: [&str; 4] = ["name", "full_name", "display_name", "nickname"];

/// A file, read as TOML; the first half of the work.
pub(super) struct Parsed<'t> {
    whole: Option<Spanned<DeTable<'t>>>,
    problems: Vec<Problem>,
}

/// What the files declare for one another.
#[derive(Default)]
pub(super) struct Profile {
    pub(super) fields: BTreeSet<String>,
    pub(super) tags: BTreeSet<String>,
}

/// A file, compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RuleFile {
    pub(super) name: String,
    /// Connectors, or `*`.
    pub(super) connectors: Vec<String>,
    pub(super) rules: Vec<Rule>,
    pub(super) tests: Vec<Test>,
}

/// Names that this file's `[source]` declares.
#[derive(Default)]
struct Source<'t> {
    connectors: Vec<Told<'t>>,
    fields: Vec<Told<'t>>,
    tags: Vec<Told<'t>>,
    data: Vec<Told<'t>>,
}

fn keys_of(table: &[(&'static str, &str)]) -> Vec<&'static str> {
    table.iter().map(|(key, _)| *key).collect()
}

impl<'t> Parsed<'t> {
    /// Reads a text as TOML.
    pub(super) fn new(name: &'t str, text: &'t str) -> Self {
        let mut reading = Reading::new(name, text);
        let whole = parse(&mut reading);
        Self { whole, problems: reading.problems }
    }

    /// Adds what it declares for all files; what is wrong with that is told by [`Parsed::compile`].
    pub(super) fn declare(&'t self, name: &'t str, text: &'t str, profile: &mut Profile) {
        let Some(whole) = &self.whole else { return };
        let mut reading = Reading::new(name, text);
        let root = reading.root(whole, &keys_of(KEYS));
        if let Some(table) = reading.table(root, "profile", &keys_of(PROFILE)) {
            profile.fields.extend(reading.texts(table, "fields").iter().map(|told| told.text.to_owned()));
            profile.tags.extend(reading.texts(table, "tags").iter().map(|told| told.text.to_owned()));
        }
    }

    /// Compiles its rules and tests; `sources` are the connectors that there are, where that is known.
    pub(super) fn compile(
        &'t self,
        name: &'t str,
        text: &'t str,
        profile: &Profile,
        sources: Option<&[String]>,
    ) -> (RuleFile, Vec<Problem>) {
        let Some(whole) = &self.whole else { return (RuleFile::default(), self.problems.clone()) };
        let mut reading = Reading::new(name, text);
        let root = reading.root(whole, &keys_of(KEYS));
        declared(root, &mut reading);
        let source = source(root, sources, &mut reading);
        let names = names(profile, &source);
        let rules = reading.tables(root, "rule", &keys_of(rule::KEYS));
        if let (true, Some(first)) = (source.connectors.is_empty(), rules.first()) {
            reading.wrong(first.line, "whose events are these rules about? Say so: [source] connector = \"name\"");
        }
        let rules = rules.into_iter().filter_map(|table| Rule::read(table, &names, &mut reading)).collect();
        let tests = reading.tables(root, "test", &keys_of(TEST));
        let tests = tests.into_iter().filter_map(|table| test(table, &source, &names, sources, &mut reading)).collect();
        let connectors = source.connectors.iter().map(|told| told.text.to_owned()).collect();
        (RuleFile { name: name.to_owned(), connectors, rules, tests }, reading.problems)
    }
}

/// `[profile]`: names that are no good.
fn declared<'t>(root: Table<'t>, reading: &mut Reading<'t>) {
    let Some(table) = reading.table(root, "profile", &keys_of(PROFILE)) else { return };
    for key in ["fields", "tags"] {
        for told in reading.texts(table, key) {
            good_name(told, reading);
        }
    }
}

fn good_name(told: Told<'_>, reading: &mut Reading<'_>) {
    let fits = !told.text.trim().is_empty() && told.text != "*" && told.text.len() <= 200;
    if !fits || told.text.chars().any(char::is_control) {
        reading.wrong(
            told.line,
            format!("{:?} is no name: it has 1 to 200 bytes, is not \"*\", and holds no control characters", told.text),
        );
    }
}

fn source<'t>(root: Table<'t>, sources: Option<&[String]>, reading: &mut Reading<'t>) -> Source<'t> {
    let Some(table) = reading.table(root, "source", &keys_of(SOURCE)) else { return Source::default() };
    let source = Source {
        connectors: reading.texts(table, "connector"),
        fields: reading.texts(table, "fields"),
        tags: reading.texts(table, "tags"),
        data: reading.texts(table, "data"),
    };
    if source.connectors.is_empty() {
        reading.wrong(table.line, "[source] names a connector: connector = \"name\", or \"*\" for every one");
    }
    for told in &source.connectors {
        known_connector(*told, sources, reading);
    }
    for told in source.fields.iter().chain(&source.tags).chain(&source.data) {
        good_name(*told, reading);
    }
    source
}

fn known_connector(told: Told<'_>, sources: Option<&[String]>, reading: &mut Reading<'_>) {
    let Some(sources) = sources.filter(|_| told.text != "*") else { return };
    if !sources.iter().any(|known| known == told.text) {
        let known: Vec<&str> = sources.iter().map(String::as_str).collect();
        reading.wrong(told.line, format!("there is no connector {:?}{}", told.text, suggestion(told.text, &known)));
    }
}

fn names<'n>(profile: &'n Profile, source: &Source<'n>) -> Names<'n> {
    let own = |told: &[Told<'n>]| told.iter().map(|told| told.text).collect::<Vec<_>>();
    let mut fields: BTreeSet<&str> = KNOWN_FIELDS.into();
    fields.extend(profile.fields.iter().map(String::as_str).chain(own(&source.fields)));
    let mut tags: BTreeSet<&str> = profile.tags.iter().map(String::as_str).collect();
    tags.extend(own(&source.tags));
    let data: BTreeSet<&str> = own(&source.data).into_iter().collect();
    let vocabulary = content::vocabulary(&fields, &data);
    Names { fields, tags, data, vocabulary }
}

fn test<'t>(
    table: Table<'t>,
    source: &Source<'t>,
    names: &Names<'_>,
    sources: Option<&[String]>,
    reading: &mut Reading<'t>,
) -> Option<Test> {
    let before = reading.problems.len();
    let name = reading.text(table, "name");
    if name.is_none() {
        reading.wrong(table.line, "a test has a name that says what it shows");
    }
    let connector = match reading.text(table, "connector") {
        Some(told) => {
            known_connector(told, sources, reading);
            Some(told.text)
        }
        None => source.connectors.first().map(|told| told.text).filter(|name| *name != "*"),
    };
    if connector.is_none() {
        reading.wrong(table.line, "who tells the event? Say so: connector = \"name\"");
    }
    let event = event_type(table, reading);
    let given = content(table, names, reading);
    let expect = reading.table(table, "expect", EXPECT);
    if expect.is_none() && !table.has("expect") {
        reading.wrong(table.line, "a test says what must come of the event: expect = { fields = { … } }");
    }
    let expect = expect.map(|table| content(table, names, reading));
    let source = format!("/connectors/{}", connector?);
    let about = About { source, event_type: event?, time: Timestamp::EPOCH };
    let test = Test { line: table.line, name: name?.text.to_owned(), about, given, expect: expect? };
    (reading.problems.len() == before).then_some(test)
}

fn event_type<'t>(table: Table<'t>, reading: &mut Reading<'t>) -> Option<String> {
    let Some(told) = reading.text(table, "event") else {
        if !table.has("event") {
            reading.wrong(table.line, "which type of event? Say so: event = \"customer.profile\"");
        }
        return None;
    };
    if !EVENT_TYPES.contains(&told.text) {
        reading.wrong(
            told.line,
            format!(
                "rules have nothing to do with events of type {:?}{}",
                told.text,
                suggestion(told.text, EVENT_TYPES)
            ),
        );
        return None;
    }
    Some(told.text.to_owned())
}

fn content<'t>(table: Table<'t>, names: &Names<'_>, reading: &mut Reading<'t>) -> Content {
    let mut texts = |key, kind| {
        let entries = reading.map_of_texts(table, key).unwrap_or_default();
        for (told, _) in &entries {
            names.check(kind, *told, reading);
        }
        by_name(entries).into_iter().map(|(name, text)| (name, text.to_owned())).collect()
    };
    let (fields, attributes, data) =
        (texts("fields", Kind::Field), texts("attributes", Kind::Attribute), texts("data", Kind::Data));
    let tags = reading.map_of_flags(table, "tags").unwrap_or_default();
    for (told, _) in &tags {
        names.check(Kind::Tag, *told, reading);
    }
    Content { fields, tags: by_name(tags), attributes, data }
}
