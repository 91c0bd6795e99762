//! Profile values and tags: kept on the handle they were said of, told by customer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trunkline_events::customer::Changed;
use trunkline_events::{Body, Event, Timestamp};
use uuid::Uuid;

use super::derive::Derived;
use super::spreading::{self, Kept};
use crate::profile::{Chosen, FieldValue, ProfileRules, SetTag, Strategy, TagFact, settle, tags};
use crate::rules;
use crate::store::{
    Answers, Bundle, Place, Session, StoreError, TagRow, ValueRow, WordRow, profiles, tags as stored_tags,
};

/// What a batch says of people, the newest of each (handle, field, source).
#[derive(Default)]
pub(super) struct Said<'e> {
    values: BTreeMap<(Uuid, String, String, i64), ValueRow>,
    tags: Vec<HeardTag>,
    causes: HashMap<Uuid, &'e Event>,
}

/// One word on a tag.
pub(super) struct HeardTag {
    pub(super) handle: Uuid,
    pub(super) fact: TagFact,
    /// When it was heard, by our clock.
    pub(super) heard: Timestamp,
}

impl<'e> Said<'e> {
    /// Takes in what an event says of the person behind `handle`, as it was mapped.
    pub(super) fn hear(&mut self, event: &'e Event, said: &rules::Said, handle: Uuid, rules: &ProfileRules) {
        for (field, value) in &said.fields {
            self.value(event, handle, field, value, rules);
        }
        for (tag, set) in &said.tags {
            self.tag(event, handle, tag, *set);
        }
    }

    fn value(&mut self, event: &'e Event, handle: Uuid, field: &str, value: &str, rules: &ProfileRules) {
        self.causes.insert(handle, event);
        let keep = rules.strategy(field) == Strategy::OnlyIfEmpty;
        let slot = if keep { crate::store::micros(event.time) } else { 0 };
        let new = ValueRow {
            handle,
            field: field.to_owned(),
            source: event.source.clone(),
            value: value.to_owned(),
            at: event.time,
            keep,
        };
        let known = self.values.entry((handle, new.field.clone(), new.source.clone(), slot)).or_insert(new.clone());
        if (known.at, &known.value) < (new.at, &new.value) {
            *known = new;
        }
    }

    fn tag(&mut self, event: &'e Event, handle: Uuid, tag: &str, set: bool) {
        self.causes.insert(handle, event);
        let fact = TagFact { tag: tag.to_owned(), source: event.source.clone(), at: event.time, set, echo: false };
        self.tags.push(HeardTag { handle, fact, heard: event.received });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    /// Writes it, and tells what changed by that for which customer. `customer_of` knows every handle that was heard of.
    pub(super) async fn keep(
        mut self,
        session: &Session<'_>,
        customer_of: impl Fn(Uuid) -> Option<Uuid>,
        rules: &ProfileRules,
        derived: &mut Derived,
    ) -> Result<(), StoreError> {
        let causes = self.causes_by_customer(&customer_of);
        let customers: BTreeSet<Uuid> = causes.keys().copied().collect();
        let before = standing(session, &customers, rules).await?;
        // In the order in which it was heard: an echo is one of what was written before.
        self.tags.sort_by(|a, b| (a.heard, a.fact.at, &a.fact.source).cmp(&(b.heard, b.fact.at, &b.fact.source)));
        let mut written = spreading::read(session, &self.tags, &customer_of, rules).await?;
        spreading::mark_echoes(&mut self.tags, &customer_of, &mut written, rules);
        if !self.values.is_empty() {
            let values: Vec<ValueRow> = self.values.into_values().collect();
            profiles::upsert_values(session, &values).await?;
        }
        if !self.tags.is_empty() {
            keep_tags(session, &self.tags).await?;
        }
        let after = everything(session, &customers).await?;
        for (customer, cause) in &causes {
            let now = after.get(customer).map(|said| said.standing(rules));
            tell(*customer, cause, before.get(customer), now.as_ref(), derived);
        }
        if written.is_empty() {
            return Ok(());
        }
        let facts = |customer: Uuid| after.get(&customer).map_or(&[][..], |said| &said.facts);
        spreading::spread(session, Kept { written, causes: &causes }, facts, rules, derived).await
    }

    /// The last event about each customer.
    fn causes_by_customer(&self, customer_of: impl Fn(Uuid) -> Option<Uuid>) -> BTreeMap<Uuid, &'e Event> {
        let mut causes: BTreeMap<Uuid, &Event> = BTreeMap::new();
        for (handle, event) in &self.causes {
            if let Some(customer) = customer_of(*handle) {
                let cause = causes.entry(customer).or_insert(event);
                if (event.time, event.id) > (cause.time, cause.id) {
                    *cause = event;
                }
            }
        }
        causes
    }
}

/// The newest of each (handle, tag, source), and the words.
async fn keep_tags(session: &Session<'_>, heard: &[HeardTag]) -> Result<(), StoreError> {
    let mut rows: BTreeMap<(Uuid, &str, &str), TagRow> = BTreeMap::new();
    let mut words: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    for HeardTag { handle, fact, .. } in heard {
        let TagFact { tag, source, at, set, echo } = fact;
        let first = words.entry((source, tag)).or_insert(*at);
        *first = *at.min(first);
        let (tag, source) = (tag.clone(), source.clone());
        let new = TagRow { handle: *handle, tag, source, present: *set, at: *at, echo: *echo };
        let known = rows.entry((*handle, &fact.tag, &fact.source)).or_insert_with(|| new.clone());
        if (known.at, known.present) < (new.at, new.present) {
            *known = new;
        }
    }
    let word = |((source, word), first_seen): ((&str, &str), Timestamp)| WordRow {
        source: source.to_owned(),
        word: word.to_owned(),
        first_seen,
    };
    stored_tags::keep_words(session, &words.into_iter().map(word).collect::<Vec<_>>()).await?;
    profiles::upsert_tags(session, &rows.into_values().collect::<Vec<_>>()).await
}

/// What counts of a customer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Standing {
    pub(super) fields: Vec<Chosen>,
    pub(super) tags: Vec<SetTag>,
}

/// All that is said of a customer.
#[derive(Default)]
pub(super) struct Everything {
    pub(super) values: Vec<FieldValue>,
    pub(super) facts: Vec<TagFact>,
}

impl Everything {
    pub(super) fn standing(&self, rules: &ProfileRules) -> Standing {
        Standing { fields: settle(&self.values, rules), tags: tags(&self.facts, rules) }
    }
}

/// Where the answers to what is said of customers stand.
pub(super) struct AskedOf {
    values: Place<(Uuid, ValueRow)>,
    tags: Place<(Uuid, TagRow)>,
}

/// Asks for all that is said of customers.
pub(super) fn ask(customers: &BTreeSet<Uuid>, bundle: &mut Bundle) -> AskedOf {
    let ids = || customers.iter().copied();
    AskedOf { values: bundle.ask(profiles::values_of(ids())), tags: bundle.ask(profiles::tags_of(ids())) }
}

/// What counts of each customer, by present customer id, of all that is said.
pub(super) fn settled(
    asked: &AskedOf,
    answers: &mut Answers,
    rules: &ProfileRules,
) -> Result<HashMap<Uuid, Standing>, StoreError> {
    let said = answered(asked, answers)?;
    Ok(said.into_iter().map(|(customer, said)| (customer, said.standing(rules))).collect())
}

fn answered(asked: &AskedOf, answers: &mut Answers) -> Result<HashMap<Uuid, Everything>, StoreError> {
    let mut said: HashMap<Uuid, Everything> = HashMap::new();
    for (customer, row) in answers.take(&asked.values)? {
        let value =
            FieldValue { field: row.field, at: row.at, source: row.source, value: row.value, handle: row.handle };
        said.entry(customer).or_default().values.push(value);
    }
    for (customer, row) in answers.take(&asked.tags)? {
        let fact = TagFact { tag: row.tag, source: row.source, at: row.at, set: row.present, echo: row.echo };
        said.entry(customer).or_default().facts.push(fact);
    }
    Ok(said)
}

async fn everything(
    session: &Session<'_>,
    customers: &BTreeSet<Uuid>,
) -> Result<HashMap<Uuid, Everything>, StoreError> {
    let mut bundle = Bundle::new("read profiles");
    let asked = ask(customers, &mut bundle);
    answered(&asked, &mut session.together(bundle).await?)
}

/// What counts of each customer, by present customer id.
pub(super) async fn standing(
    session: &Session<'_>,
    customers: &BTreeSet<Uuid>,
    rules: &ProfileRules,
) -> Result<HashMap<Uuid, Standing>, StoreError> {
    let said = everything(session, customers).await?;
    Ok(said.into_iter().map(|(customer, said)| (customer, said.standing(rules))).collect())
}

fn tell(customer: Uuid, cause: &Event, before: Option<&Standing>, after: Option<&Standing>, derived: &mut Derived) {
    let nothing = Standing::default();
    let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
    let values = |standing: &Standing| -> BTreeSet<(String, String)> {
        standing.fields.iter().map(|chosen| (chosen.field.clone(), chosen.value.clone())).collect()
    };
    let names = |standing: &Standing| -> BTreeSet<String> { standing.tags.iter().map(|set| set.tag.clone()).collect() };
    let fields: BTreeSet<String> =
        values(before).symmetric_difference(&values(after)).map(|(field, _)| field.clone()).collect();
    let tags: Vec<String> = names(before).symmetric_difference(&names(after)).cloned().collect();
    if fields.is_empty() && tags.is_empty() {
        return;
    }
    let body = Changed { customer, fields: fields.into_iter().collect(), tags };
    derived.tell(cause, &customer.to_string(), &cause.id.to_string(), Body::CustomerChanged(body));
}
