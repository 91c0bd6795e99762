//! Answers of the server, and what it says of sessions, monitors and links (protocol notes 1.3–1.5, 1.9).

use trunkline_events::agent::WorkState;
use trunkline_events::call::Party;

use super::super::xml::Element;
use super::agent_events::reason;
use super::data::{private, ucid};
use super::party::{connection, device, extension, party};

/// Why the server said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// `definedError`, `applError`, or the category of a `CSTAErrorCode`: `operation`, `systemResourceAvailibility`, …
    pub(crate) category: String,
    /// The code or text within it.
    pub(crate) code: String,
}

/// What a refusal means for the thing that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Too much at once: ask again later.
    Later,
    /// A limit that only an administrator lifts (licences): ask again much later.
    Limit,
    /// It will never work like this.
    Never,
}

impl Refusal {
    /// Reads a negative answer; `None` if the message is none.
    pub(crate) fn read(root: Element<'_>) -> Option<Self> {
        let error = match root.name() {
            "CSTAErrorCode" => root.children().next(),
            "CSTAException" => return Some(Self::of_exception(root)),
            name if name.ends_with("NegResponse") => root.child("errorCode").unwrap_or(root).children().next(),
            _ => return None,
        };
        let (category, code) = error.map_or(("unspecified", ""), |error| (error.name(), error.text()));
        Some(Self { category: category.to_owned(), code: code.chars().take(200).collect() })
    }

    fn of_exception(root: Element<'_>) -> Self {
        if let Some(error) = root.child("CSTAErrorCode").and_then(|code| code.children().next()) {
            return Self { category: error.name().to_owned(), code: error.text().chars().take(200).collect() };
        }
        let text = root.text_of("message").unwrap_or_default();
        Self { category: "exception".to_owned(), code: text.chars().take(200).collect() }
    }

    /// Rule 15: which refusals pass by themselves.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.code.as_str() {
            "objectMonitorLimitExceeded" | "overallMonitorLimitExceeded" => Verdict::Limit,
            "resourceBusy"
            | "resourceLimitExceeded"
            | "resourceOutOfService"
            | "outstandingReqLimitExceeded"
            | "outstandingRequestLimitExceeded"
            | "performanceLimitExceeded"
            | "requestTimeoutRejection"
            | "generic" => Verdict::Later,
            _ => match self.category.as_str() {
                "systemResourceAvailibility"
                | "systemResourceAvailability"
                | "subscribedResourceAvailability"
                | "performanceManagement"
                | "unspecified" => Verdict::Later,
                _ => Verdict::Never,
            },
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = if self.code.is_empty() { "no code" } else { &self.code };
        write!(f, "{}: {code}", self.category)
    }
}

/// `StartApplicationSessionPosResponse`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Started {
    /// The session.
    pub(crate) session: String,
    /// The protocol version that the server chose; empty if it did not say.
    pub(crate) version: String,
    /// Seconds until it ends unless its timer is reset.
    pub(crate) duration: Option<u64>,
}

/// Reads a positive answer to the start of a session; `None` without a session id.
pub(crate) fn started(root: Element<'_>) -> Option<Started> {
    Some(Started {
        session: root.text_of("sessionID").filter(|id| id.len() <= 256)?.to_owned(),
        version: root.text_of("actualProtocolVersion").unwrap_or_default().to_owned(),
        duration: seconds(root),
    })
}

/// `actualSessionDuration`, in seconds.
pub(crate) fn seconds(root: Element<'_>) -> Option<u64> {
    root.text_of("actualSessionDuration").and_then(|seconds| seconds.parse().ok())
}

/// A connection found in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<'d> {
    /// The switch's call id.
    pub(crate) call: &'d str,
    /// The device it is at.
    pub(crate) device: Option<&'d str>,
    /// `alerting`, `connected`, `hold`, … as the schema's `LocalConnectionState`.
    pub(crate) state: &'d str,
}

/// Connections in a `SnapshotDeviceResponse`, in a `SnapshotCallResponse`, or in the private data of a
/// `MonitorStartResponse`. `None` if there is no snapshot inside.
pub(crate) fn snapshot(root: Element<'_>) -> Option<Vec<Found<'_>>> {
    let data = root.find("snapshotData")?;
    let infos = data.children().filter(|info| info.name().ends_with("ResponseInfo"));
    Some(infos.filter_map(found).collect())
}

fn found(info: Element<'_>) -> Option<Found<'_>> {
    let identifier = info.child("connectionIdentifier").or_else(|| info.child("callIdentifier"))?;
    let connection = connection(identifier)?;
    let on_call = info.child("deviceOnCall").and_then(device);
    Some(Found { call: connection.call, device: connection.device.or(on_call), state: local_state(info) })
}

/// The device's own state; a compound state tells it first, a simple one has a word for both sides.
fn local_state(info: Element<'_>) -> &str {
    if let Some(state) = info.text_of("localConnectionInfo") {
        return state;
    }
    let Some(state) = info.child("localCallState") else { return "connected" };
    if let Some(own) = state.path(&["compoundCallState", "localConnectionState"]).and_then(Element::filled) {
        return own;
    }
    match state.text_of("simpleCallState").unwrap_or_default() {
        "callNull" => "null",
        "callReceived" | "callReceivedOnHold" => "alerting",
        "callEstablishedHeld" | "callDeliveredHeld" | "callQueuedHeld" | "callFailedHeld" => "hold",
        "callPending" => "initiated",
        "callFailed" | "callBlocked" => "fail",
        _ => "connected",
    }
}

/// What a `SnapshotCallResponse` says of the call as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallSnapshot<'d> {
    /// Who calls.
    pub(crate) calling: Option<Party>,
    /// Whom.
    pub(crate) called: Option<Party>,
    /// UCID.
    pub(crate) ucid: Option<&'d str>,
    /// All connections.
    pub(crate) connections: Vec<Found<'d>>,
}

/// Reads a `SnapshotCallResponse`.
pub(crate) fn call_snapshot(root: Element<'_>) -> CallSnapshot<'_> {
    CallSnapshot {
        calling: root.child("callingDevice").map(party),
        called: root.child("calledDevice").map(party),
        ucid: root.child("callLinkageData").and_then(ucid),
        connections: snapshot(root).unwrap_or_default(),
    }
}

/// An agent found by `GetAgentState`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentFound<'d> {
    /// Login id, where told.
    pub(crate) agent: Option<&'d str>,
    /// Whether he is logged on.
    pub(crate) logged_on: bool,
    /// Skills he serves.
    pub(crate) groups: Vec<&'d str>,
    /// What he does.
    pub(crate) state: Option<WorkState>,
    /// Reason code; 0 is none.
    pub(crate) reason: Option<&'d str>,
}

/// Reads a `GetAgentStateResponse`; `None` if nobody is at the device.
pub(crate) fn agent_found(root: Element<'_>) -> Option<AgentFound<'_>> {
    let entry = root.path(&["agentStateList", "agentStateEntry"])?;
    let items = || entry.child("agentInfo").into_iter().flat_map(Element::children);
    Some(AgentFound {
        agent: entry.text_of("agentID").and_then(extension),
        logged_on: entry.text_of("loggedOnState").is_none_or(|state| state == "true" || state == "1"),
        groups: items().filter_map(|item| item.child("acdGroup").and_then(device)).collect(),
        state: items().filter_map(|item| item.text_of("agentState")).find_map(work_state),
        reason: private(root).and_then(reason),
    })
}

fn work_state(word: &str) -> Option<WorkState> {
    Some(match word {
        "agentReady" => WorkState::Ready,
        "agentNotReady" => WorkState::NotReady,
        "agentBusy" => WorkState::Busy,
        "agentWorkingAfterCall" => WorkState::AfterCall,
        _ => return None,
    })
}

/// How the link between AES and switch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SwitchLink {
    /// It works.
    Up,
    /// It does not; events are being missed.
    Down,
    /// It works, but messages were lost just now.
    MessagesLost,
    /// Busy or starting: nothing is known to be lost.
    Strained,
}

/// What a `SystemStatus`, `LinkDownEvent` or `LinkUpEvent` says; `None` if the message is none of these.
pub(crate) fn switch_link(root: Element<'_>) -> Option<SwitchLink> {
    match root.name() {
        "LinkDownEvent" => Some(SwitchLink::Down),
        "LinkUpEvent" => Some(SwitchLink::Up),
        "SystemStatus" => Some(system_status(root)),
        _ => None,
    }
}

fn system_status(root: Element<'_>) -> SwitchLink {
    let tlink = root.find("tlinkStatus").map(Element::text);
    match (tlink, root.text_of("systemStatus").unwrap_or_default()) {
        (Some("tlinkDown" | "tlinkUnavailable"), _) | (None, "disabled" | "partiallyDisabled") => SwitchLink::Down,
        (_, "messagesLost" | "messageLost") => SwitchLink::MessagesLost,
        (Some(_), _) | (None, "enabled" | "normal") => SwitchLink::Up,
        (None, _) => SwitchLink::Strained,
    }
}
