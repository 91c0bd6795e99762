//! Who a handle may stand for: none, one, or many; with what an agent is shown of each.

use std::collections::{BTreeSet, HashMap};

use trunkline_events::Timestamp;
use trunkline_events::cdr::Cdr;
use trunkline_events::pop::{Brief, Certainty};
use uuid::Uuid;

use super::pops::Presumed;
use super::profiles::{self, Standing};
use crate::profile::{ProfileRules, brief, last_contact};
use crate::store::{Bundle, HandleRow, Session, StoreError, cdrs, evidence, handles};

/// How many customers of a shared handle are offered.
const OFFERED: u32 = 10;

/// A question: who is behind this handle, at the start of this conversation?
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'r> {
    /// Names the answer; the conversation that is not its own past.
    pub(super) conversation: Uuid,
    pub(super) handle: &'r HandleRow,
    /// Contacts before this instant count as past.
    pub(super) before: Timestamp,
}

/// Answers by conversation. What nobody is known by has no answer.
pub(super) async fn presume(
    session: &Session<'_>,
    asked: &[Asked<'_>],
    rules: &ProfileRules,
) -> Result<HashMap<Uuid, Presumed>, StoreError> {
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let mut offers: Vec<(Asked<'_>, Certainty, Vec<Uuid>)> = Vec::new();
    for question in asked {
        let row = question.handle;
        if row.generic || row.shared {
            offers.push((*question, Certainty::Many, evidence::partners(session, row.id, OFFERED).await?));
        } else {
            offers.push((*question, Certainty::One, vec![row.customer]));
        }
    }
    let known = read(session, &offers, rules).await?;
    Ok(offers
        .into_iter()
        .map(|(asked, certainty, customers)| (asked.conversation, presumed(asked, certainty, customers, &known, rules)))
        .collect())
}

/// What is known of the customers that are offered.
struct Known {
    standing: HashMap<Uuid, Standing>,
    handles: HashMap<Uuid, usize>,
    /// By (customer, conversation).
    past: HashMap<(Uuid, Uuid), Vec<Cdr>>,
}

async fn read(
    session: &Session<'_>,
    offers: &[(Asked<'_>, Certainty, Vec<Uuid>)],
    rules: &ProfileRules,
) -> Result<Known, StoreError> {
    let customers: BTreeSet<Uuid> = offers.iter().flat_map(|(_, _, customers)| customers).copied().collect();
    let mut count: HashMap<Uuid, usize> = HashMap::new();
    let questions: Vec<(Uuid, Uuid, Timestamp)> = offers
        .iter()
        .flat_map(|(asked, _, customers)| {
            customers.iter().map(|customer| (*customer, asked.conversation, asked.before))
        })
        .collect();
    let mut bundle = Bundle::new("read customers");
    let handles = bundle.ask(handles::of_customers(customers.iter().copied()));
    let last = bundle.ask(cdrs::last_before(&questions));
    let said = profiles::ask(&customers, &mut bundle);
    let mut answers = session.together(bundle).await?;
    for row in answers.take(&handles)? {
        *count.entry(row.customer).or_default() += 1;
    }
    let mut past: HashMap<(Uuid, Uuid), Vec<Cdr>> = HashMap::new();
    for (customer, own, cdr) in answers.take(&last)? {
        past.entry((customer, own)).or_default().push(cdr);
    }
    Ok(Known { standing: profiles::settled(&said, &mut answers, rules)?, handles: count, past })
}

fn presumed(
    asked: Asked<'_>,
    certainty: Certainty,
    customers: Vec<Uuid>,
    known: &Known,
    rules: &ProfileRules,
) -> Presumed {
    let nothing = Standing::default();
    let mut candidates: Vec<Brief> = Vec::new();
    for customer in customers {
        let standing = known.standing.get(&customer).unwrap_or(&nothing);
        let past = known.past.get(&(customer, asked.conversation)).map(Vec::as_slice).unwrap_or_default();
        let last = last_contact(past, asked.before, asked.conversation);
        let alone = known.handles.get(&customer).is_none_or(|count| *count < 2);
        if last.is_none() && alone && *standing == nothing {
            // All we know is that this number calls: that is nobody we know.
            continue;
        }
        candidates.push(brief(customer, &standing.fields, &standing.tags, last, rules));
    }
    candidates.sort_by_key(|brief| {
        (std::cmp::Reverse(brief.last_contact.as_ref().map(|contact| contact.at)), brief.customer)
    });
    let certainty = if candidates.is_empty() { Certainty::None } else { certainty };
    Presumed { certainty, candidates }
}
