//! What the HTTP side needs of the rest of the daemon, as traits the daemon implements, and the shapes they speak in.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_connectors::contract::{WebhookReply, WebhookRequest};
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Medium, SwitchRecord};
use trunkline_events::customer::RawHandle;
use trunkline_events::pop::{Brief, Pop};
use trunkline_mapping::engine::{Edit, Rebuild};
use trunkline_mapping::identity::Question;
use trunkline_mapping::profile::{AgentProfile, Login};
use trunkline_mapping::view::{
    AgentView, BooksView, ConflictDetail, ConflictView, CustomerView, LinkView, LoginView, RebuiltPage,
    ReconciliationView, RehearsalView, RetiredView, RevisionView, SegmentPage, SegmentView, TagWordView, TimelineEntry,
    TimelineFilter, TimelinePage, Who,
};
use uuid::Uuid;

use super::access::Seat;
use super::figures::{Figures, Period, Silent};

/// Why a part gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The store or the bus is away; the same request may work in a moment.
    #[error("{what} is not available: {reason}")]
    Unavailable {
        /// `the store`, `the bus`.
        what: &'static str,
        /// For the log; never shown to the client.
        reason: String,
    },
    /// The request contradicts what is stored, in a sentence that the client is shown.
    #[error("{0}")]
    Conflict(String),
    /// The request cannot be carried out whatever is stored, in a sentence that the client is shown.
    #[error("{0}")]
    Senseless(String),
    /// There is no such thing, in a sentence that the client is shown.
    #[error("{0}")]
    Missing(String),
}

/// What a part answers.
pub type Answer<T> = Result<T, PartError>;

/// A pop whose call is alive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LivePop {
    /// The pop.
    pub pop: Pop,
    /// False while it rings.
    pub answered: bool,
}

/// Which conversation records are asked for; an absent field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CdrFilter {
    /// Of this customer, by any of his ids.
    pub customer: Option<Uuid>,
    /// With this customer number, in any spelling.
    pub number: Option<String>,
    /// With a leg of this agent.
    pub agent: Option<String>,
    /// With a leg at this extension.
    pub extension: Option<String>,
    /// Seen by this connector: `/connectors/avaya-bj`.
    pub source: Option<String>,
    /// Started then or later.
    pub since: Option<Timestamp>,
    /// Started before.
    pub until: Option<Timestamp>,
    /// Voice or chat.
    pub medium: Option<Medium>,
    /// Only what comes after this one in the list: the start and the id of the last of the page before.
    pub after: Option<(Timestamp, Uuid)>,
    /// At most so many, the newest first.
    pub limit: u32,
}

/// Who the bearer of a token is, as the store keeps it; never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Names it for revoking.
    pub id: Uuid,
    /// Who or what it is for; stands in the audit log.
    pub name: String,
    /// What it may do: `agent`, `desk`, `integrator`, `admin`.
    pub scopes: Vec<String>,
    /// The agent's login id it is bound to, `connector/agent` where two sites use the same ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The extension it is bound to, `connector/extension` where two sites use the same numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Worthless from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Revoked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

/// A token to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Who or what it is for.
    pub name: String,
    /// `agent`, `desk`, `integrator`, `admin`.
    pub scopes: Vec<String>,
    /// The agent's login id it is bound to.
    #[serde(default)]
    pub agent: Option<String>,
    /// The extension it is bound to.
    #[serde(default)]
    pub extension: Option<String>,
    /// Worthless from then on.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// One thing that somebody looked at or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// The token's name.
    pub actor: String,
    /// `customer.view`, `customer.merge`, `token.create`, …
    pub action: String,
    /// What it was done to: an id.
    pub target: String,
    /// More, without personal data.
    pub detail: String,
}

/// What a person decided on identity, and who and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided<'a> {
    /// The token's name.
    pub actor: &'a str,
    /// Why, in his words.
    pub reason: &'a str,
}

/// What came of a decision on identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The directives that were stored; each can be undone by its id.
    pub directives: Vec<Uuid>,
    /// The customers it left.
    pub customers: Vec<Uuid>,
}

/// What is known of customers and agents besides who they are. Every call may wait for the database.
#[async_trait]
pub trait Profiles: Send + Sync {
    /// A page of everything that happened with a customer; `None` for an id that is nobody's.
    async fn journey(&self, customer: Uuid, filter: &TimelineFilter) -> Answer<Option<TimelinePage>>;
    /// Writes fields and tags of a customer.
    async fn edit(&self, customer: Uuid, author: &str, edit: &Edit) -> Answer<()>;
    /// All agents.
    async fn agents(&self) -> Answer<Vec<AgentView>>;
    /// One agent.
    async fn agent(&self, id: &str) -> Answer<Option<AgentView>>;
    /// Whose login it is.
    async fn agent_of(&self, login: &Login) -> Answer<Option<String>>;
    /// Logins that were seen and are nobody's.
    async fn unlinked_logins(&self) -> Answer<Vec<LoginView>>;
    /// Takes in a list of agents.
    async fn keep_agents(&self, list: &[AgentProfile]) -> Answer<()>;
    /// Gives a login to an agent; gives whose it was before.
    async fn link_agent(&self, agent: &str, login: &Login) -> Answer<Option<String>>;
    /// Takes a login from an agent; false if it was not his.
    async fn unlink_agent(&self, agent: &str, login: &Login) -> Answer<bool>;
    /// Every word that a source ever used for a tag.
    async fn tag_words(&self) -> Answer<Vec<TagWordView>>;
    /// The declared segments.
    fn segments(&self) -> Vec<SegmentView>;
    /// Who of the next customers meets a condition; [`PartError::Conflict`] for a condition that makes no sense.
    async fn segment_page(&self, when: &str, after: Option<Uuid>) -> Answer<SegmentPage>;
}

/// What is stored about customers, conversations and tokens. Every call may wait for the database.
#[async_trait]
pub trait Records: Profiles + Send + Sync {
    /// The customer of any of his ids.
    async fn customer(&self, id: Uuid) -> Answer<Option<CustomerView>>;
    /// Customers by an exact handle in any spelling, or by the beginning of a name.
    async fn find_customers(&self, text: &str, limit: u32) -> Answer<Vec<Brief>>;
    /// Who a handle belongs to.
    async fn who(&self, handle: &RawHandle) -> Answer<Who>;
    /// A customer's conversations that started before `before`, the newest first.
    async fn timeline(&self, customer: Uuid, before: Option<Timestamp>, limit: u32) -> Answer<Vec<TimelineEntry>>;
    /// One conversation record.
    async fn cdr(&self, id: Uuid) -> Answer<Option<Cdr>>;
    /// Conversation records, the newest first.
    async fn cdrs(&self, filter: &CdrFilter) -> Answer<Vec<Cdr>>;
    /// Why a customer's handles are one customer, and which are not.
    async fn explain(&self, customer: Uuid) -> Answer<Vec<LinkView>>;
    /// Pops of calls alive at this extension or of this agent; may hold more than the seat sees, never less.
    async fn live_pops(&self, seat: &Seat) -> Answer<Vec<LivePop>>;
    /// Writes a remark; the same author's earlier one on this conversation is replaced.
    async fn remark(&self, cdr: Uuid, author: &str, text: &str) -> Answer<()>;
    /// Makes two customers one.
    async fn merge(&self, customer: Uuid, other: Uuid, decided: Decided<'_>) -> Answer<Change>;
    /// Takes handles away from a customer.
    async fn split(&self, customer: Uuid, handles: &[RawHandle], decided: Decided<'_>) -> Answer<Change>;
    /// Makes a directive count no longer.
    async fn undo(&self, directive: Uuid, decided: Decided<'_>) -> Answer<Change>;
    /// What awaits a person's decision on identity, the latest first, on from the one that `after` names.
    async fn conflicts(
        &self,
        question: Question,
        after: Option<(Timestamp, Uuid)>,
        limit: u32,
    ) -> Answer<Vec<ConflictView>>;
    /// One of them, with the evidence on both sides.
    async fn conflict(&self, id: Uuid) -> Answer<Option<ConflictDetail>>;
    /// Decides one: the two sides are one person, or are not.
    async fn decide_conflict(&self, id: Uuid, is_one: bool, decided: Decided<'_>) -> Answer<Change>;
    /// What other identity rules (TOML over the defaults) would do to the customers that follow on `after`; rules that do
    /// not load are a [`PartError::Conflict`] that says why.
    async fn rehearse(&self, rules: &str, after: Option<Uuid>) -> Answer<RehearsalView>;
    /// Adds to the audit log.
    async fn log(&self, entry: AuditEntry) -> Answer<()>;
    /// The audit log before `before`, the newest first.
    async fn audit_log(&self, before: Option<Timestamp>, limit: u32) -> Answer<Vec<AuditEntry>>;
    /// The token of this secret, if it is known, not expired and not revoked. Compares hashes.
    async fn verify(&self, secret: &str) -> Answer<Option<Token>>;
    /// All tokens, revoked ones too.
    async fn tokens(&self) -> Answer<Vec<Token>>;
    /// Makes a token of this id; its secret is in the answer and nowhere else.
    async fn create_token(&self, id: Uuid, new: &NewToken) -> Answer<(Token, String)>;
    /// Makes a token worthless; false if none of that id still works.
    async fn revoke_token(&self, id: Uuid) -> Answer<bool>;
    /// What was told of a conversation's record, the oldest revision first.
    async fn revisions(&self, id: Uuid) -> Answer<Vec<RevisionView>>;
    /// Makes the records of one page of conversations anew.
    async fn rebuild(&self, asked: &Rebuild) -> Answer<RebuiltPage>;
    /// Keeps records of switches; gives how many were not known yet.
    async fn keep_switch_records(&self, records: &[SwitchRecord]) -> Answer<u64>;
    /// Holds the records of a day or a stretch against the switches' and, unless it is a dry run, tells them what was found.
    async fn reconcile(&self, when: &Reconcile, dry_run: bool) -> Answer<ReconciliationView>;
    /// The kept report of a day, `2026-11-21`.
    async fn report(&self, day: &str) -> Answer<Option<ReconciliationView>>;
    /// What the retention policy is, and what it would remove now.
    async fn old(&self) -> Answer<RetentionView>;
    /// Removes one batch of what is old; empty when nothing is.
    async fn retire(&self) -> Answer<RetiredView>;
}

/// What is to be held against the switches' records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reconcile {
    /// A day of the configured zone, `2026-11-21`; its report is kept.
    Day(String),
    /// Calls that ended from an instant on and before another.
    Stretch(Timestamp, Timestamp),
}

/// The retention policy in days, 0 for ever, and what it would remove now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetentionView {
    /// Raw events.
    pub events_days: u32,
    /// Messages of chats.
    pub messages_days: u32,
    /// Records.
    pub records_days: u32,
    /// Records of switches.
    pub switch_records_days: u32,
    /// What is old.
    pub old: RetiredView,
}

/// A connector as an operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectorView {
    /// The name it was given: `avaya-bj`.
    pub name: String,
    /// `avaya-dmcc`.
    pub kind: String,
    /// `up`, `connecting`, `resyncing`, `down`, `denied`, `paused`, `failed`, `stopped`.
    pub state: String,
    /// Why, in a sentence, where it is not up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The far side, without secrets.
    pub peer: String,
    /// When it came into this state.
    pub since: Timestamp,
    /// Events taken in this run.
    pub taken: u64,
    /// When the last event was made durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event: Option<Timestamp>,
    /// There while it is quieter than its usual rate makes likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<Silent>,
}

/// A message that was given up; it stays until it is replayed or purged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterView {
    /// The event's id.
    pub id: Uuid,
    /// Who said it.
    pub source: String,
    /// Why it was given up.
    pub reason: String,
    /// Where it was consumed; empty if no queue took it.
    pub queue: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// When it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Bytes of the body.
    pub size: usize,
    /// The body as text, bytes that are none replaced; only when one letter is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// Which dead letters are meant: these, or all that are there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letters {
    /// All.
    All,
    /// Those of these events.
    Ids(Vec<Uuid>),
}

/// What was done to dead letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LettersDone {
    /// Replayed or purged.
    pub done: u64,
    /// Still there, since nobody takes them.
    pub kept: u64,
}

/// The books of some days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Books {
    /// By connector and day.
    pub items: Vec<BooksView>,
    /// What waits now, of whatever day; absent while the bus is away, and then nothing is called lost.
    pub backlog: Option<Backlog>,
}

/// What is on its way to the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backlog {
    /// On the disk spool of this process.
    pub spooled: u64,
    /// In mapping's queues, and not in its hands yet.
    pub queued: u64,
}

/// What an operator watches and switches.
#[async_trait]
pub trait Operations: Figures {
    /// Why the daemon is not ready, a sentence each; empty when it is.
    async fn unready(&self) -> Vec<String>;
    /// All metrics in Prometheus' text format. Does not block.
    fn metrics(&self) -> String;
    /// Every configured connector.
    async fn connectors(&self) -> Answer<Vec<ConnectorView>>;
    /// Stops a connector's link until it is resumed; [`PartError::Missing`] if there is none of that name.
    async fn pause(&self, connector: &str) -> Answer<()>;
    /// Starts it again.
    async fn resume(&self, connector: &str) -> Answer<()>;
    /// Books of a period; seconds where something is missing.
    async fn books(&self, period: Period) -> Answer<Books>;
    /// Dead letters, the newest first, without bodies.
    async fn dead_letters(&self, limit: u32) -> Answer<Vec<DeadLetterView>>;
    /// One dead letter with its body.
    async fn dead_letter(&self, id: Uuid) -> Answer<Option<DeadLetterView>>;
    /// Puts dead letters back into their queues.
    async fn replay(&self, letters: Letters) -> Answer<LettersDone>;
    /// Throws dead letters away.
    async fn purge(&self, letters: Letters) -> Answer<LettersDone>;
}

/// Where webhooks go.
#[async_trait]
pub trait Ingest: Send + Sync {
    /// The largest body this connector takes, in bytes; `None` if no connector of that name takes webhooks.
    fn limit(&self, connector: &str) -> Option<usize>;
    /// Hands the request to the connector and answers when its events are durable; `None` if it is gone by now.
    async fn webhook(&self, connector: &str, request: WebhookRequest) -> Option<WebhookReply>;
}
