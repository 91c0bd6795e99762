//! Takes webhooks: method, size, media type, signature, body, memory, in this order; answers each at once (the driver
//! holds a good answer back until the events are durable).
//!
//! A `webhook-id` or an event that was taken before is answered well and emits nothing. The memory is bounded and kept
//! every few seconds; where it has forgotten, the events' ids are the same anyway.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;

use super::params::Checked;
use super::translate::{Outcome, Skew, Terms, Translator};
use super::wire;
use crate::contract::{Action, Actions, Input, Protocol, ProtocolError, SourceId, WebhookReply, WebhookRequest};
use crate::digest::sha256_hex;
use crate::seen::Seen;
use crate::webhook::standard::{self, Refusal, Secret, Signed};

/// Webhook ids, and event ids, that are remembered.
const REMEMBERED: usize = 4096;
/// How often the memory is kept.
const KEEP_EVERY: Duration = Duration::from_secs(5);
const KEEP: &str = "keep";

/// The state of one connector.
pub(super) struct Inbox {
    name: String,
    source: String,
    terms: Terms,
    max_body: usize,
    /// None for a recording, which was verified when it was made.
    lock: Option<Lock>,
    webhooks: Seen,
    events: Seen,
    changed: bool,
}

struct Lock {
    secrets: Vec<Secret>,
    tolerance: Duration,
}

/// The kept memory.
#[derive(Serialize, Deserialize)]
struct Memory {
    webhooks: Vec<String>,
    events: Vec<String>,
}

/// A webhook that is not taken.
struct Rejected {
    reply: WebhookReply,
    /// A bounded word for metrics.
    word: &'static str,
    /// Its sender is known and its bytes are worth a look.
    signed: bool,
}

impl Rejected {
    fn new(status: u16, word: &'static str, title: &str, detail: &str) -> Self {
        Self { reply: WebhookReply::problem(status, title, detail), word, signed: false }
    }
}

impl Inbox {
    pub(super) fn new(id: &SourceId, params: Checked) -> Self {
        Self {
            lock: Some(Lock { secrets: params.secrets, tolerance: params.tolerance }),
            max_body: params.max_body,
            terms: params.terms,
            ..Self::listener(id)
        }
    }

    pub(super) fn listener(id: &SourceId) -> Self {
        Self {
            name: id.name().to_owned(),
            source: id.source(),
            terms: Terms::default(),
            max_body: usize::MAX,
            lock: None,
            webhooks: Seen::new(REMEMBERED),
            events: Seen::new(REMEMBERED),
            changed: false,
        }
    }

    fn webhook(&mut self, request: &WebhookRequest, out: &mut Actions) -> Result<(), ProtocolError> {
        let rejected = match self.take(request, out) {
            Ok(reply) => {
                out.push(Action::Reply(reply));
                return Ok(());
            }
            Err(rejected) => rejected,
        };
        let labels = [("source", self.name.clone()), ("reason", rejected.word.to_owned())];
        metrics::counter!("trunkline_webhooks_refused_total", &labels).increment(1);
        out.push(Action::Reply(rejected.reply.clone()));
        // Bytes of nobody knows whom would fill the archive.
        if !rejected.signed {
            return Ok(());
        }
        let problem: serde_json::Value = serde_json::from_str(&rejected.reply.body).unwrap_or_default();
        let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or(rejected.word);
        Err(ProtocolError::skip(detail, request.body.clone()))
    }

    fn take(&mut self, request: &WebhookRequest, out: &mut Actions) -> Result<WebhookReply, Rejected> {
        check_form(request, self.max_body)?;
        let webhook_id = self.verified_id(request, out.now())?;
        if self.webhooks.holds(&webhook_id) {
            return Ok(WebhookReply::status(200));
        }
        let items = wire::parse(&request.body).map_err(|error| Rejected {
            signed: true,
            ..Rejected::new(400, "malformed", "malformed body", &error.to_string())
        })?;
        let translator =
            Translator { source: &self.source, terms: &self.terms, now: out.now(), webhook_id: &webhook_id };
        let mut unknown = false;
        for (place, item) in items.into_iter().enumerate() {
            let raw = Bytes::copy_from_slice(item.raw.as_bytes());
            let outcome = translator.translate(place, item);
            unknown |= outcome.unknown;
            count_skew(&self.name, outcome.skew);
            emit(&mut self.events, outcome, &raw, out);
        }
        self.webhooks.add(webhook_id);
        self.changed = true;
        Ok(WebhookReply::status(if unknown { 202 } else { 204 }))
    }

    /// The `webhook-id` of a request whose sender knows a secret.
    fn verified_id(&self, request: &WebhookRequest, now: Timestamp) -> Result<String, Rejected> {
        let header = |name| request.header(name).unwrap_or_default();
        let id = header("webhook-id");
        let Some(lock) = &self.lock else {
            return Ok(if id.is_empty() { sha256_hex(&request.body) } else { id.to_owned() });
        };
        let signed = Signed { id, timestamp: header("webhook-timestamp"), signature: header("webhook-signature") };
        standard::verify(&lock.secrets, signed, &request.body, now, lock.tolerance)
            .map(|()| id.to_owned())
            .map_err(|refusal: Refusal| Rejected::new(401, refusal.word(), "not verified", &refusal.to_string()))
    }

    fn restore(&mut self, checkpoint: &[u8]) {
        let Ok(memory) = serde_json::from_slice::<Memory>(checkpoint) else {
            tracing::warn!(
                connector = self.name,
                "the memory of webhooks cannot be read; repeats are told by their event ids"
            );
            return;
        };
        self.webhooks.extend(memory.webhooks);
        self.events.extend(memory.events);
    }

    fn keep(&mut self, out: &mut Actions) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let owned = |seen: &Seen| seen.names().map(str::to_owned).collect();
        let memory = Memory { webhooks: owned(&self.webhooks), events: owned(&self.events) };
        // Strings always become JSON.
        if let Ok(state) = serde_json::to_vec(&memory) {
            out.push(Action::Checkpoint(state));
        }
    }
}

impl Protocol for Inbox {
    fn on(&mut self, input: Input<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        match input {
            Input::Restored(Some(checkpoint)) => self.restore(checkpoint),
            Input::Opened { .. } => out.push(Action::Timer { timer: KEEP, after: Some(KEEP_EVERY) }),
            Input::Webhook(request) => return self.webhook(request, out),
            Input::Tick { timer: KEEP } => {
                self.keep(out);
                out.push(Action::Timer { timer: KEEP, after: Some(KEEP_EVERY) });
            }
            Input::Command(command) => out.push(Action::CommandDone {
                key: command.key.clone(),
                result: Err("a chat-webhook connector takes no commands".to_owned()),
            }),
            Input::Stopping => self.keep(out),
            Input::Restored(None)
            | Input::Tick { .. }
            | Input::Closed { .. }
            | Input::Bytes(_)
            | Input::Response { .. } => {}
        }
        Ok(())
    }
}

/// What can be said of a request before anything in it is believed.
fn check_form(request: &WebhookRequest, max_body: usize) -> Result<(), Rejected> {
    if request.method != "POST" {
        let mut rejected = Rejected::new(405, "method", "method not allowed", "webhooks are posted");
        rejected.reply.headers.push(("allow", "POST".to_owned()));
        return Err(rejected);
    }
    if request.body.len() > max_body {
        return Err(Rejected::new(413, "too_large", "too large", &format!("the body may have {max_body} bytes")));
    }
    let unsupported = |detail| Rejected::new(415, "media_type", "unsupported media type", detail);
    if request.header("content-encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(unsupported("send the body without a content coding"));
    }
    match request.header("content-type") {
        Some(media_type) if !is_json(media_type) => Err(unsupported("send application/json in UTF-8")),
        _ => Ok(()),
    }
}

fn is_json(media_type: &str) -> bool {
    let lower = media_type.to_ascii_lowercase();
    let mut parts = lower.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    json && parts
        .filter_map(|part| part.strip_prefix("charset="))
        .all(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8"))
}

fn emit(events: &mut Seen, outcome: Outcome, raw: &Bytes, out: &mut Actions) {
    if let Some(reference) = outcome.keep_raw {
        out.push(Action::Archive { reference, bytes: raw.clone() });
    }
    for event in outcome.events {
        if events.add(event.id.to_string()) {
            out.push(Action::Emit(Box::new(event)));
        }
    }
}

fn count_skew(name: &str, skew: Option<Skew>) {
    let direction = match skew {
        None => return,
        Some(Skew::Past) => "past",
        Some(Skew::Future) => "future",
    };
    let labels = [("source", name.to_owned()), ("direction", direction.to_owned())];
    metrics::counter!("trunkline_events_skewed_total", &labels).increment(1);
}

#[cfg(test)]
mod tests;
