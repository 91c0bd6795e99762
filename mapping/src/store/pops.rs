//! Pops of calls that are alive.

use trunkline_events::Timestamp;
use trunkline_events::pop::Pop;
use uuid::Uuid;

use super::bundle::{Ask, Bundle};
use super::error::StoreError;
use super::rows::{Cell, Kind, Rows};
use super::session::{Query, Row, Session};

/// A pop and where its call stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LivePop {
    pub(crate) pop: Pop,
    /// The conversation's id as it was when the pop was written.
    pub(crate) conversation: Uuid,
    pub(crate) answered: bool,
    /// Since when it rings, by the switch's clock.
    pub(crate) at: Timestamp,
}

/// Writes pops over what stood there. The caller holds the conversations' locks.
pub(crate) fn upsert(writes: &mut Bundle, pops: &[LivePop]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("pop", Kind::Uuid),
        ("conversation", Kind::Uuid),
        ("link", Kind::Text),
        ("extension", Kind::Text),
        ("agent", Kind::OptionalText),
        ("call", Kind::Text),
        ("answered", Kind::Bool),
        ("at", Kind::Big),
        ("record", Kind::Text),
    ]);
    for live in pops {
        rows.push([
            live.pop.pop.into(),
            live.conversation.into(),
            live.pop.link.as_str().into(),
            live.pop.device.extension.as_str().into(),
            live.pop.device.agent.as_deref().into(),
            live.pop.call.id.as_str().into(),
            live.answered.into(),
            live.at.into(),
            serde_json::to_string(&live.pop)?.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO live_pop (pop, conversation, link, extension, agent, call, answered, at, record) \
         SELECT pop, conversation, link, extension, agent, call, CAST(answered AS boolean), at, record FROM {rows} \
         WHERE true ON CONFLICT (pop) DO UPDATE SET conversation = excluded.conversation, agent = excluded.agent, \
         answered = excluded.answered, at = excluded.at, record = excluded.record",
    );
    writes.write("write pops", query.rows(rows));
    Ok(())
}

/// Removes pops of calls that are over.
pub(crate) fn delete(writes: &mut Bundle, ids: impl IntoIterator<Item = Uuid>) {
    writes.write("remove pops", Query::new("DELETE FROM live_pop WHERE pop {ids}").ids(ids));
}

macro_rules! select_pops {
    ($from:literal) => {
        concat!("SELECT l.pop, l.conversation, l.answered, l.at, l.record ", $from)
    };
}

/// Live pops of conversations.
pub(super) fn of_conversations(ids: impl IntoIterator<Item = Uuid>) -> Ask<LivePop> {
    let query = Query::new(select_pops!("FROM live_pop l WHERE l.conversation {ids}"));
    Ask::new("read pops", query.ids(ids), 5, read)
}

/// Live pops of an extension, an agent, or both (one of them suffices), or all if neither is given; the oldest first.
pub(crate) async fn of_agent(
    session: &Session<'_>,
    extension: Option<&str>,
    agent: Option<&str>,
) -> Result<Vec<LivePop>, StoreError> {
    let all = extension.is_none() && agent.is_none();
    let query = Query::new(select_pops!(
        "FROM live_pop l WHERE l.extension = {1} OR l.agent = {2} OR {3} = 1 ORDER BY l.at, l.pop"
    ));
    let query = query.bind(Cell::from(extension)).bind(Cell::from(agent)).bind(i64::from(all));
    let found = session.all("read pops", query).await?;
    found.iter().map(read).collect()
}

fn read(row: &Row) -> Result<LivePop, StoreError> {
    let pop = record(row.uuid(0)?, &row.text(4)?)?;
    Ok(LivePop { pop, conversation: row.uuid(1)?, answered: row.flag(2)?, at: row.instant(3)? })
}

/// A pop as its column holds it.
fn record(id: Uuid, json: &str) -> Result<Pop, StoreError> {
    serde_json::from_str(json).map_err(|cause| StoreError::Unreadable {
        table: "live_pop",
        id,
        problem: cause.to_string(),
    })
}
