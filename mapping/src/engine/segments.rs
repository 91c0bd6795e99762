//! Segments: all customers are gone through, some at a time, so that neither memory nor a request grows with their number.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::profiles::{Standing, ask, settled};
use super::records::Records;
use crate::expression::{Expression, Fault};
use crate::profile::{Activity, Segment, belongs, brief, segment};
use crate::store::{Bundle, HandleRow, StoreError, activity, handles};
use crate::view::{SegmentPage, SegmentRow};

/// Customers that are read at once.
const AT_ONCE: u32 = 500;

impl Records {
    /// The declared segments, by name.
    pub fn segments(&self) -> &BTreeMap<String, Segment> {
        &self.current.knowledge.profile.segments
    }

    /// Compiles a condition of a segment, or tells everything that is wrong with it.
    pub fn segment(&self, when: &str) -> Result<Expression, Vec<Fault>> {
        segment(when, &self.current.knowledge.profile)
    }

    /// Who of the next 500 customers belongs to a segment at `now`, in the order of their ids; go on with `next` until there
    /// is none. Whoever becomes a customer meanwhile may be left out.
    pub async fn segment_page(
        &self,
        when: &Expression,
        after: Option<Uuid>,
        now: Timestamp,
    ) -> Result<SegmentPage, StoreError> {
        let session = self.store.reading();
        let customers = session.ask(activity::customers_after(after.unwrap_or_default(), AT_ONCE)).await?;
        let set: BTreeSet<Uuid> = customers.iter().copied().collect();
        let mut bundle = Bundle::new("read customers of a segment");
        let said = ask(&set, &mut bundle);
        let active = bundle.ask(activity::of_customers(set.iter().copied()));
        let mut answers = session.together(bundle).await?;
        let rules = &self.current.knowledge.profile;
        let known = settled(&said, &mut answers, rules)?;
        let active: HashMap<Uuid, Activity> = answers.take(&active)?.into_iter().collect();
        let (nothing, mut found, mut unjudged) = (Standing::default(), Vec::new(), 0);
        for customer in &customers {
            let standing = known.get(customer).unwrap_or(&nothing);
            let activity = active.get(customer).copied().unwrap_or_default();
            match belongs(when, &standing.fields, &standing.tags, activity, rules, now) {
                Ok(true) => found.push((*customer, standing, activity)),
                Ok(false) => {}
                Err(_) => unjudged += 1,
            }
        }
        let mut his = self.handles_of(found.iter().map(|(customer, ..)| *customer)).await?;
        let row = |(customer, standing, activity): (Uuid, &Standing, Activity)| {
            let handles = his.remove(&customer).unwrap_or_default();
            self.segment_row(customer, standing, activity, &handles)
        };
        let whole = customers.len() == AT_ONCE as usize;
        Ok(SegmentPage {
            items: found.into_iter().map(row).collect(),
            scanned: customers.len(),
            unjudged,
            next: customers.last().copied().filter(|_| whole),
        })
    }

    async fn handles_of(
        &self,
        customers: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Vec<HandleRow>>, StoreError> {
        let customers: Vec<Uuid> = customers.collect();
        let mut his: HashMap<Uuid, Vec<HandleRow>> = HashMap::new();
        if customers.is_empty() {
            return Ok(his);
        }
        for row in self.store.reading().ask(handles::of_customers(customers)).await? {
            his.entry(row.customer).or_default().push(row);
        }
        Ok(his)
    }

    fn segment_row(
        &self,
        customer: Uuid,
        standing: &Standing,
        activity: Activity,
        handles: &[HandleRow],
    ) -> SegmentRow {
        let of = |scheme: &str| {
            let his = handles.iter().filter(|row| row.scheme == scheme && !row.shared && !row.generic);
            let values: BTreeSet<String> = his.map(|row| row.value.clone()).collect();
            values.into_iter().filter(|value| !value.starts_with("raw:")).collect()
        };
        let short = brief(customer, &standing.fields, &standing.tags, None, &self.current.knowledge.profile);
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        for chosen in &standing.fields {
            let text = fields.entry(chosen.field.clone()).or_default();
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&chosen.value);
        }
        SegmentRow {
            customer,
            name: short.name,
            phones: of("phone"),
            emails: of("email"),
            tags: short.tags,
            fields,
            last_contact: activity.last_call.max(activity.last_chat),
        }
    }
}
