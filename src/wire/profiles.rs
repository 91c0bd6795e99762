//! What is known of customers and agents, as the HTTP side sees it.

use async_trait::async_trait;
use trunkline_mapping::engine::Edit;
use trunkline_mapping::profile::{AgentProfile, Login};
use trunkline_mapping::view::{
    AgentView, LoginView, SegmentPage, SegmentView, TagWordView, TimelineFilter, TimelinePage,
};
use uuid::Uuid;

use crate::http::parts::{Answer, PartError, Profiles};
use crate::wire::records::{StoreRecords, decided, now, stored};

#[async_trait]
impl Profiles for StoreRecords {
    async fn journey(&self, customer: Uuid, filter: &TimelineFilter) -> Answer<Option<TimelinePage>> {
        stored(self.engine.records().journey(customer, filter).await)
    }

    async fn edit(&self, customer: Uuid, author: &str, edit: &Edit) -> Answer<()> {
        let applied = self.engine.edit(customer, author, edit, now()).await.map_err(|error| decided(&error))?;
        self.tell(applied);
        Ok(())
    }

    async fn agents(&self) -> Answer<Vec<AgentView>> {
        stored(self.engine.records().agents().await)
    }

    async fn agent(&self, id: &str) -> Answer<Option<AgentView>> {
        stored(self.engine.records().agent(id).await)
    }

    async fn agent_of(&self, login: &Login) -> Answer<Option<String>> {
        stored(self.engine.records().agent_of(login).await)
    }

    async fn unlinked_logins(&self) -> Answer<Vec<LoginView>> {
        stored(self.engine.records().unlinked_logins().await)
    }

    async fn keep_agents(&self, list: &[AgentProfile]) -> Answer<()> {
        stored(self.engine.keep_agents(list, now()).await)
    }

    async fn link_agent(&self, agent: &str, login: &Login) -> Answer<Option<String>> {
        stored(self.engine.link_agent(agent, login, now()).await)
    }

    async fn unlink_agent(&self, agent: &str, login: &Login) -> Answer<bool> {
        stored(self.engine.unlink_agent(agent, login).await)
    }

    async fn tag_words(&self) -> Answer<Vec<TagWordView>> {
        stored(self.engine.records().tag_words().await)
    }

    fn segments(&self) -> Vec<SegmentView> {
        let records = self.engine.records();
        let declared = records.segments().iter();
        declared
            .map(|(name, segment)| SegmentView {
                name: name.clone(),
                title: segment.title.clone(),
                when: segment.when.clone(),
            })
            .collect()
    }

    async fn segment_page(&self, when: &str, after: Option<Uuid>) -> Answer<SegmentPage> {
        let records = self.engine.records();
        let segment = records.segment(when).map_err(|faults| {
            let told: Vec<String> = faults.into_iter().map(|fault| fault.sentence).collect();
            PartError::Conflict(told.join("; "))
        })?;
        stored(records.segment_page(&segment, after, now()).await)
    }
}
