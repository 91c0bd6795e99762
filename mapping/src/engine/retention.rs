//! What is old enough goes, a bounded batch at a time, and the books still add up: what they counted of it is kept.
//!
//! A conversation's events go together, once its record is complete and old, so that no record is ever made from half of
//! them: it is sealed and stands as it is from then on. Open conversations keep theirs.

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::Engine;
use super::apply::EngineError;
use super::races::Races;
use crate::store::locks::{self, Held};
use crate::store::retention::{self, Age};
use crate::store::{Session, StoreError};
use crate::view::RetiredView;

/// Up to when each kind of data is old; absent where it is kept for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Raw events: of conversations that ended before, and what belongs to none and was taken before. Duplicates and
    /// rejections too.
    pub events: Option<Timestamp>,
    /// Messages of chats that ended before.
    pub messages: Option<Timestamp>,
    /// Records, with their revisions, of conversations that ended before and whose events are gone.
    pub records: Option<Timestamp>,
    /// Records of switches that ended before.
    pub switch_records: Option<Timestamp>,
}

/// Names the lock that retention holds, drawn once; no conversation has this id.
const RETENTION: Uuid = Uuid::from_u128(0x9a47_10de_52f6_4b3c_8e19_7c05_d2ab_6f38);

impl Engine {
    /// Removes one batch of each kind, `limit` rows or conversations at most; nothing was old if the answer
    /// [is empty](RetiredView::is_empty). To be called until then.
    pub async fn retire(&self, policy: &Retention, limit: u32) -> Result<RetiredView, EngineError> {
        let mut races = Races::default();
        loop {
            match self.retire_once(policy, limit).await {
                Err(cause) if races.again(&cause) => {}
                result => return Ok(result?),
            }
        }
    }

    /// What [`Engine::retire`] would remove in all; changes nothing. Counts whole tables: seconds on a large store.
    pub async fn old(&self, policy: &Retention) -> Result<RetiredView, StoreError> {
        let session = self.store.reading();
        let mut old = RetiredView::default();
        if let Some(before) = policy.messages {
            (_, old.messages) = retention::count_of_conversations(&session, Age::Messages, before).await?;
        }
        if let Some(before) = policy.events {
            (old.conversations, old.events) = retention::count_of_conversations(&session, Age::Events, before).await?;
            old.events += retention::count_loose(&session, before).await?;
            old.rejections = retention::count_refused(&session, before).await?;
        }
        if let Some(before) = policy.records {
            // Those whose events go with the same policy are counted, though they go a batch later.
            let gone = policy.events;
            old.records = retention::count_records(&session, before, gone).await?;
        }
        if let Some(before) = policy.switch_records {
            old.switch_records = retention::count_switch_records(&session, before).await?;
        }
        Ok(old)
    }

    async fn retire_once(&self, policy: &Retention, limit: u32) -> Result<RetiredView, StoreError> {
        let mut done = RetiredView::default();
        if let Some(before) = policy.messages {
            done.messages = self.seal(Age::Messages, before, limit).await?.1;
        }
        if let Some(before) = policy.events {
            (done.conversations, done.events) = self.seal(Age::Events, before, limit).await?;
            let transaction = self.store.begin().await?;
            let session = transaction.session();
            alone(&session).await?;
            done.events += retention::remove_loose(&session, before, limit).await?;
            done.rejections = retention::remove_refused(&session, before, limit).await?;
            transaction.commit().await?;
        }
        if let Some(before) = policy.records {
            let transaction = self.store.begin().await?;
            done.records = retention::remove_records(&transaction.session(), before, limit).await?;
            transaction.commit().await?;
        }
        if let Some(before) = policy.switch_records {
            done.switch_records = retention::remove_switch_records(&self.store.writing(), before, limit).await?;
        }
        Ok(done)
    }

    /// Removes events of conversations that are old, and seals their records; gives how many of both.
    async fn seal(&self, age: Age, before: Timestamp, limit: u32) -> Result<(u64, u64), StoreError> {
        let transaction = self.store.begin().await?;
        let sealed = seal(&transaction.session(), age, before, limit).await?;
        transaction.commit().await?;
        Ok(sealed)
    }
}

/// Two daemons that remove the same would count it twice: what one of them removes the other does not see.
async fn alone(session: &Session<'_>) -> Result<(), StoreError> {
    let held = Held { conversations: [RETENTION].into(), ..Held::default() };
    locks::take(session, &held, false).await
}

async fn seal(session: &Session<'_>, age: Age, before: Timestamp, limit: u32) -> Result<(u64, u64), StoreError> {
    alone(session).await?;
    let roots = retention::old_conversations(session, age, before, limit).await?;
    if roots.is_empty() {
        return Ok((0, 0));
    }
    // Under the locks of the conversations no late event folds them meanwhile.
    let held = Held { conversations: roots.iter().copied().collect(), ..Held::default() };
    locks::take(session, &held, false).await?;
    let events = retention::remove_of_conversations(session, age, &roots).await?;
    retention::seal(session, age, &roots).await?;
    Ok((roots.len() as u64, events))
}
