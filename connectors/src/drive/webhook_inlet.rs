//! Webhooks in: one after another to the protocol, answered when their events are durable. Bounded: what does not fit is
//! told to come again.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::desk::{Desk, Ending, Will};
use super::publish::Parcel;
use crate::contract::{Input, Transport, WebhookReply, WebhookRequest};

/// What the link is called as a peer of itself: whoever posts.
const PEER: &str = "webhook";

/// One webhook and where its answer goes.
pub(super) struct WebhookCall {
    request: WebhookRequest,
    answer: oneshot::Sender<WebhookReply>,
}

/// The asking end.
pub(super) struct Inlet {
    name: String,
    calls: mpsc::Sender<WebhookCall>,
    max_body: usize,
}

/// Both ends for a webhook connector, nothing for another.
pub(super) fn door(
    transport: &Transport,
    name: &str,
    waiting: usize,
) -> (Option<Inlet>, Option<mpsc::Receiver<WebhookCall>>) {
    let Transport::Webhook { max_body } = transport else { return (None, None) };
    let (calls, inlet) = mpsc::channel(waiting.max(1));
    (Some(Inlet { name: name.to_owned(), calls, max_body: *max_body }), Some(inlet))
}

impl Inlet {
    /// The protocol's answer once the events are durable, or 503 when that takes too long.
    pub(super) async fn ask(&self, request: WebhookRequest, within: Duration) -> WebhookReply {
        if request.body.len() > self.max_body {
            self.count("too_large");
            return WebhookReply::problem(413, "too large", &format!("the body may have {} bytes", self.max_body));
        }
        let (answer, answered) = oneshot::channel();
        match self.calls.try_send(WebhookCall { request, answer }) {
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.count("overload");
                WebhookReply::problem(429, "too many requests", "send again later").retry_after(1)
            }
            Err(mpsc::error::TrySendError::Closed(_)) => self.unavailable(),
            Ok(()) => match tokio::time::timeout(within, answered).await {
                Ok(Ok(reply)) => reply,
                Ok(Err(_)) | Err(_) => self.unavailable(),
            },
        }
    }

    /// The sender's repeat is safe: the events' ids stay the same.
    pub(super) fn unavailable(&self) -> WebhookReply {
        self.count("not_durable");
        let detail = "the events cannot be made durable now; send again later";
        WebhookReply::problem(503, "not available", detail).retry_after(5)
    }

    fn count(&self, reason: &'static str) {
        let labels = [("source", self.name.clone()), ("reason", reason.to_owned())];
        metrics::counter!("trunkline_webhooks_refused_total", &labels).increment(1);
    }
}

/// Runs until the operator stops the link or the protocol calls its parameters no good.
pub(super) async fn run(desk: &mut Desk, inlet: Option<mpsc::Receiver<WebhookCall>>) -> Ending {
    let Some(mut inlet) = inlet else { return Ending::Fatal("the webhook door is missing".to_owned()) };
    // Who sends webhooks sends them again until they are taken: nothing was missed.
    desk.declares_gaps = false;
    loop {
        let ending = match serve(desk, &mut inlet).await {
            Ok(never) => match never {},
            Err(ending) => ending,
        };
        if ending == Ending::Leave {
            // There is nobody to say good-bye to; what the protocol answers to it changes nothing.
            let _ = desk.give(Input::Stopping);
        }
        if let Err(ending) = desk.reopen(PEER, ending, Duration::ZERO).await {
            return ending;
        }
    }
}

async fn serve(desk: &mut Desk, inlet: &mut mpsc::Receiver<WebhookCall>) -> Result<std::convert::Infallible, Ending> {
    if desk.will() != Will::Run {
        return Err(Ending::Leave);
    }
    desk.opened(PEER)?;
    loop {
        let room = desk.has_room();
        tokio::select! {
            biased;
            chore = desk.chore() => desk.attend(&chore)?,
            call = inlet.recv(), if room => match call {
                Some(call) => answer(desk, call)?,
                None => return Err(Ending::Fatal("the webhook door was dropped".to_owned())),
            },
        }
    }
}

fn answer(desk: &mut Desk, call: WebhookCall) -> Result<(), Ending> {
    if call.answer.is_closed() {
        // The sender has been told to come again; taking this one too would only be a second copy.
        return Ok(());
    }
    desk.trunk.bytes_in.increment(call.request.body.len() as u64);
    let outcome = desk.give(Input::Webhook(&call.request));
    let reply = desk.reply.take().unwrap_or_else(|| {
        tracing::error!(connector = desk.trunk.name, "the protocol gave no answer to a webhook");
        WebhookReply::problem(500, "internal error", "the connector gave no answer")
    });
    desk.push(Parcel::Reply(call.answer, reply));
    outcome
}
