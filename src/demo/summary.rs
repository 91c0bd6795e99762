//! What came of the story, from the daemon's own records and books.

use std::fmt;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::house::House;

/// Counts of one playing on an empty house.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Conversation records of calls.
    calls: usize,
    /// Conversation records of chats.
    chats: usize,
    /// Different customers on these records.
    customers: usize,
    /// All conversation records.
    cdrs: usize,
    /// Pops that the voice agent's screen showed.
    pops: u64,
    /// The books over all sources.
    audit: Audit,
}

/// `taken = stored + duplicate + rejected + waiting`
#[derive(Debug, Default, Serialize)]
struct Audit {
    adds_up: bool,
    taken: u64,
    stored: u64,
    duplicate: u64,
    rejected: u64,
    waiting: u64,
}

/// Reads the summary once the books have settled.
pub(super) async fn of(house: &House, pops: u64) -> Result<Summary> {
    let admin = house.admin();
    admin
        .until("all records are complete", "/cdrs", |list| {
            items(list).len() >= 3 && items(list).iter().all(|cdr| !cdr["ended"].is_null())
        })
        .await?;
    let books = admin.until("nothing waits", "/audit", |books| audit(books).waiting == 0).await?;
    let list = admin.get("/cdrs").await?;
    let records = items(&list);
    let count = |medium: &str| records.iter().filter(|cdr| cdr["medium"] == medium).count();
    let customers: std::collections::BTreeSet<&str> =
        records.iter().filter_map(|cdr| cdr["customer"].as_str()).collect();
    Ok(Summary {
        calls: count("voice"),
        chats: count("chat"),
        customers: customers.len(),
        cdrs: records.len(),
        pops,
        audit: audit(&books),
    })
}

fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

fn audit(books: &Value) -> Audit {
    let mut sum = Audit::default();
    for source in items(books) {
        let number = |name: &str| source[name].as_u64().unwrap_or_default();
        sum.taken += number("taken");
        sum.stored += number("stored");
        sum.duplicate += number("duplicate");
        sum.rejected += number("rejected");
        sum.waiting += number("waiting");
    }
    sum.adds_up = sum.taken > 0 && sum.taken == sum.stored + sum.duplicate + sum.rejected + sum.waiting;
    sum
}

impl Summary {
    /// What is not as the story says; empty when all is right.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |what: &str, is: usize, wanted: usize| {
            if is != wanted {
                problems.push(format!("{what}: {is} instead of {wanted}"));
            }
        };
        expect("calls", self.calls, 2);
        expect("chats", self.chats, 1);
        expect("customers", self.customers, 1);
        expect("cdrs", self.cdrs, 3);
        expect("pops", usize::try_from(self.pops).unwrap_or(usize::MAX), 2);
        if !self.audit.adds_up || self.audit.waiting > 0 || self.audit.rejected > 0 {
            problems.push(format!("the books: {:?}", self.audit));
        }
        problems
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "calls {}, chats {}, customers {}, records {}, pops {}",
            self.calls, self.chats, self.customers, self.cdrs, self.pops
        )?;
        let Audit { taken, stored, duplicate, rejected, waiting, adds_up } = self.audit;
        write!(
            f,
            "books: taken {taken} = stored {stored} + duplicate {duplicate} + rejected {rejected} + waiting {waiting}{}",
            if adds_up { "" } else { " DO NOT ADD UP" }
        )
    }
}
