//! Profile values and tags: kept on the handle they were said of, told by customer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trunkline_events::customer::Changed;
use trunkline_events::{Body, Event};
use uuid::Uuid;

use super::derive::Derived;
use crate::profile::{Chosen, FieldRules, FieldValue, SetTag, Strategy, TagFact, settle, tags};
use crate::rules;
use crate::store::{Answers, Bundle, Place, Session, StoreError, TagRow, ValueRow, profiles};

/// What a batch says of people, the newest of each (handle, field, source).
#[derive(Default)]
pub(super) struct Said<'e> {
    values: BTreeMap<(Uuid, String, String, i64), ValueRow>,
    tags: BTreeMap<(Uuid, String, String), TagRow>,
    causes: HashMap<Uuid, &'e Event>,
}

impl<'e> Said<'e> {
    /// Takes in what an event says of the person behind `handle`, as it was mapped.
    pub(super) fn hear(&mut self, event: &'e Event, said: &rules::Said, handle: Uuid, rules: &FieldRules) {
        for (field, value) in &said.fields {
            self.value(event, handle, field, value, rules);
        }
        for (tag, set) in &said.tags {
            self.tag(event, handle, tag, *set);
        }
    }

    fn value(&mut self, event: &'e Event, handle: Uuid, field: &str, value: &str, rules: &FieldRules) {
        self.causes.insert(handle, event);
        let keep = rules.rule(field).strategy == Strategy::OnlyIfEmpty;
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

    fn tag(&mut self, event: &'e Event, handle: Uuid, tag: &str, present: bool) {
        self.causes.insert(handle, event);
        let new = TagRow { handle, tag: tag.to_owned(), source: event.source.clone(), present, at: event.time };
        let known = self.tags.entry((handle, new.tag.clone(), new.source.clone())).or_insert(new.clone());
        if (known.at, known.present) < (new.at, new.present) {
            *known = new;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    /// Writes it, and tells what changed by that for which customer. `customer_of` knows every handle that was heard of.
    pub(super) async fn keep(
        self,
        session: &Session<'_>,
        customer_of: impl Fn(Uuid) -> Option<Uuid>,
        rules: &FieldRules,
        derived: &mut Derived,
    ) -> Result<(), StoreError> {
        let mut causes: BTreeMap<Uuid, &Event> = BTreeMap::new();
        for (handle, event) in &self.causes {
            if let Some(customer) = customer_of(*handle) {
                let cause = causes.entry(customer).or_insert(event);
                if (event.time, event.id) > (cause.time, cause.id) {
                    *cause = event;
                }
            }
        }
        let customers: BTreeSet<Uuid> = causes.keys().copied().collect();
        let before = standing(session, &customers, rules).await?;
        if !self.values.is_empty() {
            let values: Vec<ValueRow> = self.values.into_values().collect();
            profiles::upsert_values(session, &values).await?;
        }
        if !self.tags.is_empty() {
            let tags: Vec<TagRow> = self.tags.into_values().collect();
            profiles::upsert_tags(session, &tags).await?;
        }
        let after = standing(session, &customers, rules).await?;
        for (customer, cause) in causes {
            tell(customer, cause, before.get(&customer), after.get(&customer), derived);
        }
        Ok(())
    }
}

/// What counts of a customer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Standing {
    pub(super) fields: Vec<Chosen>,
    pub(super) tags: Vec<SetTag>,
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
    rules: &FieldRules,
) -> Result<HashMap<Uuid, Standing>, StoreError> {
    let mut values: HashMap<Uuid, Vec<FieldValue>> = HashMap::new();
    for (customer, row) in answers.take(&asked.values)? {
        let said = FieldValue { field: row.field, at: row.at, source: row.source, value: row.value };
        values.entry(customer).or_default().push(said);
    }
    let mut facts: HashMap<Uuid, Vec<TagFact>> = HashMap::new();
    for (customer, row) in answers.take(&asked.tags)? {
        let fact = TagFact { tag: row.tag, source: row.source, at: row.at, set: row.present };
        facts.entry(customer).or_default().push(fact);
    }
    let mut standing: HashMap<Uuid, Standing> = HashMap::new();
    for (customer, values) in values {
        standing.entry(customer).or_default().fields = settle(&values, rules);
    }
    for (customer, facts) in facts {
        standing.entry(customer).or_default().tags = tags(&facts);
    }
    Ok(standing)
}

/// What counts of each customer, by present customer id.
pub(super) async fn standing(
    session: &Session<'_>,
    customers: &BTreeSet<Uuid>,
    rules: &FieldRules,
) -> Result<HashMap<Uuid, Standing>, StoreError> {
    let mut bundle = Bundle::new("read profiles");
    let asked = ask(customers, &mut bundle);
    settled(&asked, &mut session.together(bundle).await?, rules)
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
