//! What agents and administrators write of a customer: fields and tags. Each is an event, applied like any other, so that the
//! rules say whether it counts and stays.

use std::collections::BTreeMap;

use trunkline_events::customer::{Profile, RawHandle, Tag};
use trunkline_events::{Body, Timestamp};
use uuid::Uuid;

use super::directives::told;
use super::{Applied, DirectiveError, Engine};
use crate::store::{HandleRow, handles};

/// Who tells what agents write; their name stands behind it.
const AGENTS: &str = "/agents";

/// What is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Field → value; an empty one empties it.
    pub fields: BTreeMap<String, String>,
    /// Tag, by its name here → set, or taken away.
    pub tags: BTreeMap<String, bool>,
}

impl Engine {
    /// Writes fields and tags of a customer, by any of his ids.
    pub async fn edit(
        &self,
        customer: Uuid,
        author: &str,
        edit: &Edit,
        at: Timestamp,
    ) -> Result<Applied, DirectiveError> {
        let rows = self.store.reading().ask(handles::of_customers([customer])).await?;
        if rows.is_empty() {
            return Err(DirectiveError::NoCustomer(customer));
        }
        // What hangs on a handle that others have too is nobody's.
        let his = rows.iter().filter(|row| !row.shared && !row.generic && !row.value.starts_with("raw:"));
        let handle = his.min_by_key(|row| (row.id != row.customer, row.seen.first, row.id));
        let handle = handle.ok_or(DirectiveError::NothingOfHisOwn(customer))?;
        let (source, subject) = (format!("{AGENTS}/{author}"), customer.to_string());
        let mut events = Vec::new();
        if !edit.fields.is_empty() {
            let body = Profile { handles: vec![raw(handle)], fields: edit.fields.clone() };
            events.push(told(&source, subject.clone(), at, Body::CustomerProfile(body)));
        }
        for (tag, set) in &edit.tags {
            let body = Tag { handle: raw(handle), tag: tag.clone(), set: *set };
            events.push(told(&source, subject.clone(), at, Body::CustomerTag(body)));
        }
        let applied = self.apply(&events).await?;
        if applied.rejected.is_empty() { Ok(applied) } else { Err(DirectiveError::Ineffective) }
    }
}

/// He is known by it beyond doubt: it is his in the store.
fn raw(row: &HandleRow) -> RawHandle {
    RawHandle { scheme: row.scheme.clone(), scope: row.scope.clone(), value: row.value.clone(), verified: true }
}
