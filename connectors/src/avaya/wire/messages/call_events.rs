//! Call events. One row of [`TABLE`] for each root element says where its parties stand (protocol notes 1.6).

use trunkline_events::call::Party;

use super::super::xml::Element;
use super::data::{Data, data};
use super::party::{connection, device, party};

/// What happened to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallEventKind {
    /// A device went off hook.
    ServiceInitiated,
    /// A device dialled.
    Originated,
    /// It rings at a device, or entered a VDN.
    Delivered,
    /// A device answered.
    Established,
    /// It waits in a queue.
    Queued,
    /// It left a device unanswered.
    Diverted,
    /// It met busy, a wrong number, no trunk.
    Failed,
    /// On hold.
    Held,
    /// Back from hold.
    Retrieved,
    /// A party is gone.
    ConnectionCleared,
    /// Everybody is gone.
    CallCleared,
    /// Two calls became one, the middle party left (the element has one r: `TransferedEvent`).
    Transferred,
    /// Two calls became one, or a party joined.
    Conferenced,
    /// It left for the network.
    NetworkReached,
    /// Data became known.
    CallInformation,
    /// The caller pressed digits.
    EnteredDigits,
}

/// Root, kind, main connection, the device it happened at, the other device.
type Row = (&'static str, CallEventKind, &'static str, &'static str, &'static str);

const TABLE: &[Row] = &[
    ("ServiceInitiatedEvent", CallEventKind::ServiceInitiated, "initiatedConnection", "initiatingDevice", ""),
    ("OriginatedEvent", CallEventKind::Originated, "originatedConnection", "callingDevice", ""),
    ("DeliveredEvent", CallEventKind::Delivered, "connection", "alertingDevice", ""),
    ("EstablishedEvent", CallEventKind::Established, "establishedConnection", "answeringDevice", ""),
    ("QueuedEvent", CallEventKind::Queued, "queuedConnection", "queue", ""),
    ("DivertedEvent", CallEventKind::Diverted, "connection", "divertingDevice", "newDestination"),
    ("FailedEvent", CallEventKind::Failed, "failedConnection", "failingDevice", ""),
    ("HeldEvent", CallEventKind::Held, "heldConnection", "holdingDevice", ""),
    ("RetrievedEvent", CallEventKind::Retrieved, "retrievedConnection", "retrievingDevice", ""),
    ("ConnectionClearedEvent", CallEventKind::ConnectionCleared, "droppedConnection", "releasingDevice", ""),
    ("CallClearedEvent", CallEventKind::CallCleared, "clearedCall", "", ""),
    ("TransferedEvent", CallEventKind::Transferred, "primaryOldCall", "transferringDevice", "transferredToDevice"),
    ("TransferredEvent", CallEventKind::Transferred, "primaryOldCall", "transferringDevice", "transferredToDevice"),
    ("ConferencedEvent", CallEventKind::Conferenced, "primaryOldCall", "conferencingDevice", "addedParty"),
    ("NetworkReachedEvent", CallEventKind::NetworkReached, "outboundConnection", "networkInterfaceUsed", ""),
    ("CallInformationEvent", CallEventKind::CallInformation, "connection", "device", ""),
    ("EnteredDigitsEvent", CallEventKind::EnteredDigits, "connection", "device", ""),
];

/// One call event, borrowed from its document.
#[derive(Debug, Clone)]
pub(crate) struct CallEvent<'d> {
    /// What happened.
    pub(crate) kind: CallEventKind,
    /// The monitor that tells it.
    pub(crate) cross_ref: &'d str,
    /// The switch's call id.
    pub(crate) call: &'d str,
    /// The extension in the main connection.
    pub(crate) connection: Option<&'d str>,
    /// The device it happened at.
    pub(crate) subject: Option<&'d str>,
    /// New destination, transferred-to device or added party.
    pub(crate) other: Option<&'d str>,
    /// Calling party, where the event tells one.
    pub(crate) calling: Option<Party>,
    /// Called party, where the event tells one.
    pub(crate) called: Option<Party>,
    /// The device it was redirected from.
    pub(crate) redirected_from: Option<&'d str>,
    /// Second call of a transfer or conference.
    pub(crate) secondary: Option<&'d str>,
    /// The call that goes on after a transfer or conference, where the list of connections tells.
    pub(crate) resulting: Option<&'d str>,
    /// State of the monitored device's own connection.
    pub(crate) local_state: Option<&'d str>,
    /// The switch's cause.
    pub(crate) cause: Option<&'d str>,
    /// Calls ahead in the queue.
    pub(crate) calls_in_front: Option<u32>,
    /// UCID, user data, private data.
    pub(crate) data: Data<'d>,
}

/// Why a known event cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{root} has no {missing}")]
pub(crate) struct Incomplete {
    /// The root element.
    pub(crate) root: &'static str,
    /// The missing element.
    pub(crate) missing: &'static str,
}

/// Whether a root element is a call event; `None` if it is not.
pub(crate) fn call_event(root: Element<'_>) -> Option<Result<CallEvent<'_>, Incomplete>> {
    let row = TABLE.iter().find(|row| row.0.eq_ignore_ascii_case(root.name()))?;
    Some(read(root, row))
}

fn read<'d>(root: Element<'d>, row: &Row) -> Result<CallEvent<'d>, Incomplete> {
    let (name, kind, main, subject, other) = *row;
    let main = root.child(main).and_then(connection).ok_or(Incomplete { root: name, missing: main })?;
    Ok(CallEvent {
        kind,
        cross_ref: root.text_of("monitorCrossRefID").unwrap_or_default(),
        call: main.call,
        connection: main.device,
        subject: root.child(subject).and_then(device),
        other: root.child(other).and_then(device),
        calling: best_party(root, ["callingDevice", "networkCallingDevice"]),
        called: best_party(root, ["calledDevice", "networkCalledDevice"]),
        redirected_from: root.child("lastRedirectionDevice").and_then(device),
        secondary: root
            .child("secondaryOldCall")
            .and_then(connection)
            .map(|old| old.call)
            .or(old_call(root, main.call)),
        resulting: resulting_call(root),
        local_state: root.text_of("localConnectionInfo"),
        cause: root.text_of("cause"),
        calls_in_front: root.text_of("callsInFront").and_then(|count| count.parse().ok()),
        data: data(root),
    })
}

/// The first party with a number, as the network's word on a caller is better than "not known" from the switch; else
/// the first that is told at all, be it only that the number is withheld.
fn best_party(root: Element<'_>, names: [&str; 2]) -> Option<Party> {
    let told = || names.iter().filter_map(|name| root.child(name)).map(party);
    told().find(|party| party.number.is_some()).or_else(|| told().next())
}

fn connection_list(root: Element<'_>) -> Option<Element<'_>> {
    root.child("transferredConnections").or_else(|| root.child("conferenceConnections"))
}

/// The call id that the new connections share.
fn resulting_call(root: Element<'_>) -> Option<&str> {
    connection_list(root)?
        .children()
        .find_map(|item| item.child("newConnection").and_then(connection))
        .map(|new| new.call)
}

/// A call other than the primary one that an old connection was in: some tell the second call only there.
fn old_call<'d>(root: Element<'d>, primary: &str) -> Option<&'d str> {
    let resulting = resulting_call(root);
    let olds = connection_list(root)?.children().filter_map(|item| item.child("oldConnection").and_then(connection));
    olds.map(|old| old.call).find(|call| *call != primary && Some(*call) != resulting)
}
