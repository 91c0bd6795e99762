//! The columns of an export, and what stands in each.

use trunkline_events::Timestamp;
use trunkline_events::call::Direction;
use trunkline_events::cdr::{Cdr, Leg, Medium, Outcome};

/// A column: its name never changes.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) cell: Cell,
}

/// What a column holds, and where it is found.
#[derive(Clone, Copy)]
pub(crate) enum Cell {
    /// Text; absent where there is none.
    Text(fn(&Cdr) -> Option<String>),
    /// A whole number; absent where it is not known.
    Number(fn(&Cdr) -> Option<u64>),
    /// An instant, UTC.
    Instant(fn(&Cdr) -> Option<Timestamp>),
    /// Yes or no.
    Flag(fn(&Cdr) -> bool),
}

const fn column(name: &'static str, cell: Cell) -> Column {
    Column { name, cell }
}

/// All columns, in order. Lists are one text with `|` between their parts. Durations are milliseconds.
pub(crate) const COLUMNS: &[Column] = &[
    column("id", Cell::Text(|cdr| Some(cdr.id.to_string()))),
    column("revision", Cell::Number(|cdr| Some(cdr.revision.into()))),
    column("medium", Cell::Text(|cdr| Some(medium(cdr.medium).to_owned()))),
    column("channel", Cell::Text(|cdr| Some(cdr.channel.clone()))),
    column("direction", Cell::Text(|cdr| Some(direction(cdr.direction).to_owned()))),
    column("source", Cell::Text(|cdr| Some(cdr.source.clone()))),
    column("outcome", Cell::Text(|cdr| Some(outcome(cdr.outcome).to_owned()))),
    column("customer", Cell::Text(|cdr| cdr.customer.map(|customer| customer.to_string()))),
    column("customer_handle", Cell::Text(|cdr| cdr.customer_handle.clone())),
    column("dialled", Cell::Text(|cdr| cdr.dialled.clone())),
    column("vdn", Cell::Text(|cdr| cdr.vdn.clone())),
    column("queues", Cell::Text(|cdr| list(&cdr.queues))),
    column("calls", Cell::Text(|cdr| list(&cdr.calls))),
    column("ucids", Cell::Text(|cdr| list(&cdr.ucids))),
    column("agents", Cell::Text(|cdr| of_legs(cdr, |leg| leg.agent.clone()))),
    column("extensions", Cell::Text(|cdr| of_legs(cdr, |leg| Some(leg.extension.clone())))),
    column("started", Cell::Instant(|cdr| cdr.started)),
    column("answered", Cell::Instant(|cdr| cdr.answered)),
    column("ended", Cell::Instant(|cdr| cdr.ended)),
    column("queue_ms", Cell::Number(|cdr| Some(cdr.queue_ms))),
    column("ring_ms", Cell::Number(|cdr| Some(cdr.ring_ms))),
    column("talk_ms", Cell::Number(|cdr| Some(cdr.talk_ms))),
    column("hold_ms", Cell::Number(|cdr| Some(cdr.hold_ms))),
    column("wrap_up_ms", Cell::Number(|cdr| Some(cdr.wrap_up_ms))),
    column("legs", Cell::Number(|cdr| Some(cdr.legs.len() as u64))),
    column("transfers", Cell::Number(|cdr| Some(cdr.transfers.into()))),
    column("conferences", Cell::Number(|cdr| Some(cdr.conferences.into()))),
    column("messages", Cell::Number(|cdr| Some(cdr.messages.into()))),
    column("remarks", Cell::Text(remarks)),
    column("reconstructed", Cell::Flag(|cdr| cdr.reconstructed)),
    column("switch_ended", Cell::Instant(|cdr| cdr.switch.as_ref()?.record.ended)),
    column("switch_duration_ms", Cell::Number(|cdr| cdr.switch.as_ref()?.record.duration_ms)),
    column("switch_confidence", Cell::Number(|cdr| Some(cdr.switch.as_ref()?.confidence.into()))),
];

fn list(parts: &[String]) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join("|"))
}

/// Each once, in the order in which they joined.
fn of_legs(cdr: &Cdr, of: impl Fn(&Leg) -> Option<String>) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in cdr.legs.iter().filter_map(of) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    list(&parts)
}

fn remarks(cdr: &Cdr) -> Option<String> {
    list(&cdr.remarks.iter().map(|remark| format!("{}: {}", remark.author, remark.text)).collect::<Vec<_>>())
}

fn medium(medium: Medium) -> &'static str {
    match medium {
        Medium::Voice => "voice",
        Medium::Chat => "chat",
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
        Direction::Internal => "internal",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "open",
        Outcome::Answered => "answered",
        Outcome::AbandonedInQueue => "abandoned_in_queue",
        Outcome::AbandonedRinging => "abandoned_ringing",
        Outcome::Unanswered => "unanswered",
        Outcome::Failed => "failed",
        Outcome::Voicemail => "voicemail",
    }
}
