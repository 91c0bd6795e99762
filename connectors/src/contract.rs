//! What a connector is. Sans-IO: bytes, responses and ticks go in, actions come out, so the same code runs live, on a
//! recording, in a fuzzer and in a simulated year. Nothing here or in a connector's folder opens a socket, sleeps or
//! reads a clock; [`crate::drive`] does.

use std::time::Duration;

use bytes::Bytes;
use trunkline_events::{Event, Timestamp};

/// The name an administrator gave a connector: `avaya-bj`. 1–64 characters of `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(String);

/// The name of a connector holds something else than `a-z 0-9 -`, or is empty or over 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a connector's name has 1 to 64 characters of a-z, 0-9 and '-', not {0:?}")]
pub struct SourceIdError(String);

impl SourceId {
    /// Checks the characters.
    pub fn new(name: &str) -> Result<Self, SourceIdError> {
        let fits = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits { Ok(Self(name.to_owned())) } else { Err(SourceIdError(name.chars().take(80).collect())) }
    }

    /// The name alone: `avaya-bj`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The CloudEvents source: `/connectors/avaya-bj`.
    pub fn source(&self) -> String {
        format!("/connectors/{}", self.0)
    }
}

/// Which way data flows through a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// It only tells us things.
    In,
    /// It only takes commands.
    Out,
    /// Both.
    Both,
}

/// Commands that a connector can carry out; optional, named in [`Kind::abilities`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Attach data to a live call.
    AttachCallData,
    /// Write a note into a conversation.
    PostNote,
    /// Look a person up.
    LookUp,
    /// Write profile fields.
    WriteProfile,
    /// Write tags.
    WriteTags,
    /// Read history.
    Backfill,
    /// Send a message to a customer.
    SendMessage,
    /// Look whether calls that our records hold open still live: `{"calls": [CallRef, ..]}`. Those that are over are told
    /// as ended, reconstructed. Needed where a crash took the memory of a call and the call ended meanwhile.
    CheckCalls,
}

/// One kind of outside system: a row of [`crate::KINDS`].
pub trait Kind: Sync {
    /// `avaya-dmcc`. The same word in configuration, commands and metrics.
    fn name(&self) -> &'static str;

    /// Which way data flows.
    fn flow(&self) -> Flow;

    /// Commands it understands.
    fn abilities(&self) -> &'static [Ability];

    /// A complete `[connectors.<name>]` entry in TOML that builds, each key explained by a comment.
    fn example(&self) -> &'static str;

    /// Validates every parameter and makes the protocol. No socket and no clock; the only files it may read are the
    /// secrets that a `*_file` key names.
    fn build(&self, id: &SourceId, params: &config::Value) -> Result<Built, ParamsError>;

    /// A protocol that only listens: for recordings, with no session of its own and no secret to check.
    ///
    /// It is fed [`Input::Bytes`] (a byte stream, what the far side sent) or [`Input::Webhook`], as [`Kind::recording`] says,
    /// and [`Input::Closed`] at the end. If it pushes an [`Action::Checkpoint`], the recording is played once more, to a
    /// listener that begins with that as [`Input::Restored`]; only what this one tells counts.
    fn listener(&self, id: &SourceId) -> Box<dyn Protocol>;

    /// What a recording of this kind consists of.
    fn recording(&self) -> Recording;
}

/// What the bytes of a recording are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// The far side's byte stream, fed as [`Input::Bytes`].
    Stream,
    /// One webhook body a line, fed as [`Input::Webhook`].
    WebhookBodies,
}

/// A validated connector, ready for a driver.
pub struct Built {
    /// How to reach the far side.
    pub transport: Transport,
    /// What to say and how to understand the answers.
    pub protocol: Box<dyn Protocol>,
}

/// How a driver reaches the far side.
#[derive(Debug, Clone)]
pub enum Transport {
    /// We connect; `tls` is absent on plain TCP.
    TcpClient {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// Hosts and ports that stand in for it, in turn with it: when it cannot be reached, or does not stand for a
        /// good while. A link that did is opened again at the same host first.
        others: Vec<(String, u16)>,
        /// TLS settings.
        tls: Option<Tls>,
    },
    /// The far side connects to us; several peers at a time, each with a protocol of its own ([`Protocol::for_peer`]).
    TcpListener {
        /// Address to bind.
        listen: std::net::SocketAddr,
        /// Peers that may connect; empty for all.
        allow: Vec<std::net::IpAddr>,
    },
    /// We send requests, one of them may be a long poll.
    HttpClient {
        /// Scheme, host, port and path prefix, without credentials.
        base_url: String,
        /// TLS settings.
        tls: Option<Tls>,
    },
    /// The far side posts to `/ingest/<connector>`.
    Webhook {
        /// Largest body taken, in bytes.
        max_body: usize,
    },
}

/// TLS as a client.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// PEM file with the CAs to trust instead of the system's.
    pub ca_file: Option<std::path::PathBuf>,
    /// Name to check the certificate against instead of the host.
    pub server_name: Option<String>,
    /// Explicit opt-out of checking the host name (the chain is still checked).
    pub insecure_skip_hostname: bool,
}

/// The state machine of one link. Owns no IO; the same inputs give the same actions.
pub trait Protocol: Send {
    /// Takes one input and pushes what is to be done to `out`, in order.
    ///
    /// Never panics, whatever the input. An error's [`Disposition`] tells the driver what to do; actions pushed before
    /// it are carried out first.
    ///
    /// A [`Disposition::Skip`] on [`Input::Bytes`] may leave further whole messages in the protocol's own buffer: the
    /// driver gives an empty [`Input::Bytes`] next, again and again while that ends in a skip.
    fn on(&mut self, input: Input<'_>, out: &mut Actions) -> Result<(), ProtocolError>;

    /// An independent protocol for one more peer that connected: needed by [`Transport::TcpListener`], by no other.
    /// What it pushes as [`Action::Checkpoint`] is not kept, and [`Input::Restored`] and [`Input::Command`] are given to
    /// the protocol that was built, not to it.
    fn for_peer(&self) -> Option<Box<dyn Protocol>> {
        None
    }
}

/// What happens to a protocol.
#[derive(Debug)]
pub enum Input<'a> {
    /// First input of a process: what the last [`Action::Checkpoint`] held, if there was one.
    Restored(Option<&'a [u8]>),
    /// The link is open (TCP connected, TLS done; HTTP client and webhook: once at start).
    Opened {
        /// The far side, without secrets.
        peer: &'a str,
    },
    /// Bytes of the stream, cut anywhere.
    Bytes(&'a [u8]),
    /// The answer to an [`Action::Request`].
    Response {
        /// The request's tag.
        tag: u64,
        /// Status and body, or why there is none.
        result: Result<HttpResponse, String>,
    },
    /// A webhook request; must be answered by exactly one [`Action::Reply`] within the same call.
    Webhook(&'a WebhookRequest),
    /// A command from the bus; must be answered by one [`Action::CommandDone`], now or later.
    Command(&'a Command),
    /// A timer of [`Action::Timer`] is due.
    Tick {
        /// The timer's name.
        timer: &'static str,
    },
    /// The link is gone; [`Input::Opened`] follows when it is back.
    Closed {
        /// Why, in a sentence.
        reason: &'a str,
    },
    /// The daemon stops, or an operator pauses the link: say good-bye on it (it closes when the actions are sent).
    /// [`Input::Closed`] follows; after a pause [`Input::Opened`] may follow too, on a new connection.
    Stopping,
}

/// What is to be done.
#[derive(Debug)]
pub enum Action {
    /// Bytes to the stream.
    Send(Bytes),
    /// An HTTP request; its answer comes as [`Input::Response`].
    Request(HttpRequest),
    /// An event. `source` and `sequence` are stamped by the driver.
    Emit(Box<Event>),
    /// The answer to the webhook at hand; sent only after all events of this call are durable. If they cannot be made
    /// durable the driver answers 503 instead.
    Reply(WebhookReply),
    /// The answer to a command.
    CommandDone {
        /// The command's idempotency key.
        key: String,
        /// Nothing, or why it failed.
        result: Result<(), String>,
    },
    /// Wake me by [`Input::Tick`]. Setting a timer again moves it; `None` stops it.
    Timer {
        /// Its name.
        timer: &'static str,
        /// From now.
        after: Option<Duration>,
    },
    /// State to be given back by [`Input::Restored`] after a restart; replaces the former.
    /// Kept after the events pushed before it are durable, at most once a second (the newest counts), and when the link
    /// stops: a restart after a crash may find state that is a little older than the events.
    Checkpoint(Vec<u8>),
    /// Close the link and open it again after the back-off.
    Reset {
        /// Why, in a sentence.
        reason: String,
    },
    /// Bytes worth keeping in the raw archive; `reference` is what [`trunkline_events::link::Opaque::raw`] says.
    Archive {
        /// Content-derived name.
        reference: String,
        /// The bytes.
        bytes: Bytes,
    },
}

/// Where a protocol puts what is to be done, and the only clock it has.
#[derive(Debug)]
pub struct Actions {
    now: Timestamp,
    reading: bool,
    list: Vec<Action>,
}

impl Actions {
    /// Empty, for an input that arrived at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { now, reading: true, list: Vec::new() }
    }

    /// The same while the driver reads nothing, or reads again.
    #[must_use]
    pub fn reading(mut self, reading: bool) -> Self {
        self.reading = reading;
        self
    }

    /// Whether the driver reads what the far side sends. While events find no room it does not, and an answer that is
    /// missed may just be unread; ticks come all the same.
    pub fn reads(&self) -> bool {
        self.reading
    }

    /// When the input arrived.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Adds one action at the end.
    pub fn push(&mut self, action: Action) {
        self.list.push(action);
    }

    /// All actions in order.
    pub fn into_list(self) -> Vec<Action> {
        self.list
    }
}

/// An HTTP request to be sent by the driver.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Given back with the answer.
    pub tag: u64,
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Path and query, appended to the base URL.
    pub path: String,
    /// Header names and values; values are never logged.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// A long poll may take minutes.
    pub timeout: Duration,
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, cut off by the driver at its size limit with an error instead.
    pub body: Bytes,
}

/// A webhook request as it came in.
#[derive(Debug, Clone, Default)]
pub struct WebhookRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The query string, raw.
    pub query: String,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, raw: signatures are made over these bytes.
    pub body: Bytes,
    /// The peer's address.
    pub peer: Option<std::net::IpAddr>,
}

impl WebhookRequest {
    /// The first header called `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The answer to a webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookReply {
    /// Status code.
    pub status: u16,
    /// Header names in lower case, and values: `content-type`, `retry-after`.
    pub headers: Vec<(&'static str, String)>,
    /// Body; an empty one is sent as such.
    pub body: String,
}

impl WebhookReply {
    /// A status with an empty body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Problem details (RFC 9457). `detail` says what to mend and holds nothing personal.
    pub fn problem(status: u16, title: &str, detail: &str) -> Self {
        let body = serde_json::json!({ "type": "about:blank", "status": status, "title": title, "detail": detail });
        Self { status, headers: vec![("content-type", "application/problem+json".to_owned())], body: body.to_string() }
    }

    /// Asks the sender to come again after `seconds`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.headers.push(("retry-after", seconds.to_string()));
        self
    }
}

/// Something a connector is asked to do. At-least-once: the key tells a repeat.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Command {
    /// Idempotency key.
    pub key: String,
    /// Which ability it uses.
    pub ability: Ability,
    /// What to do, as the ability defines it.
    pub body: serde_json::Value,
}

/// What a driver does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// This message is no good: count it, keep it raw, go on.
    Skip,
    /// The link is no good: close it, open it again.
    Reset,
    /// The far side refuses us (password, licence): long back-off, visible to the operator.
    Denied,
    /// Our parameters are no good: stop until they are changed.
    Fatal,
}

/// What went wrong in a protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ProtocolError {
    /// What to do about it.
    pub disposition: Disposition,
    /// A sentence for the operator, without personal data or secrets.
    pub reason: String,
    /// The bytes that caused it, for the raw archive.
    pub raw: Option<Bytes>,
}

impl ProtocolError {
    /// This message is no good; `raw` is kept.
    pub fn skip(reason: impl Into<String>, raw: Bytes) -> Self {
        Self { disposition: Disposition::Skip, reason: reason.into(), raw: Some(raw) }
    }

    /// The link is no good.
    pub fn reset(reason: impl Into<String>) -> Self {
        Self { disposition: Disposition::Reset, reason: reason.into(), raw: None }
    }

    /// The far side refuses us.
    pub fn denied(reason: impl Into<String>) -> Self {
        Self { disposition: Disposition::Denied, reason: reason.into(), raw: None }
    }

    /// Our parameters are no good.
    pub fn fatal(reason: impl Into<String>) -> Self {
        Self { disposition: Disposition::Fatal, reason: reason.into(), raw: None }
    }
}

/// All that is wrong with a connector's parameters, at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ParamsError {
    /// One a key, never empty.
    pub problems: Vec<ParamProblem>,
}

/// One key that is wrong, and the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ParamProblem {
    /// The key within `params`: `password_file`.
    pub key: String,
    /// What is wrong and what to write instead, in a sentence.
    pub problem: String,
}
