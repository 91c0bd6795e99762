//! Publishing with confirms, many at a time.
//!
//! One task owns the publishing channel. Everything that waits becomes one group; several groups are on their way at
//! once, up to [`WINDOW`] messages. A request is answered when all of its messages are confirmed.
//!
//! lapin hands a returned (unroutable) message over with whichever confirm it resolves next, which need not be the
//! message's own. But it is never resolved after the own one: so before a group is answered, all confirms behind it
//! that are there already are looked at too, and returned messages are known by their ids, not by their place.
//!
//! Who is told that the bus is away, and then waits until it is ready, waits for another connection than the one that
//! failed: nobody is told before the link's state says so too, and a request that comes after a new connection is put
//! back for that one, however late this task hears of it.

use std::collections::{HashSet, VecDeque};
use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, ErrorKind, PublisherConfirm};
use tokio::sync::watch;
use uuid::Uuid;

use super::connect::failed;
use super::headers;
use super::link::Link;
use super::requests::Requests;
use crate::link::LinkState;
use crate::publisher::{PublishReply, PublishRequest};
use crate::{BusError, Outgoing, PublishError};

/// Messages on their way at once.
const WINDOW: usize = 2048;
/// Between two attempts on a connection that stands.
const PAUSE: Duration = Duration::from_secs(1);

/// A message as a returned one can be known by.
type Key = (Uuid, &'static str);

/// Serves requests until the last [`crate::Publisher`] is gone.
pub(super) async fn run(link: Link, mut requests: Requests) {
    let mut state = link.state();
    let mut last = 0;
    while let Some((generation, channel)) = open(&link, &mut requests, last).await {
        last = generation;
        let mut window = Window::new(channel, generation);
        let Some(why) = window.serve(&mut state, &mut requests).await else { return };
        if window.refused {
            // Only the channel is to be another; nothing is missing on the broker.
            last = 0;
        }
        let stands = link.connection_of(generation).is_some_and(|connection| connection.status().connected());
        if window.cut || !stands {
            // The link says so in a moment; who is answered before that would find it ready.
            link.gone(generation).await;
        }
        window.fail_all(&why);
    }
}

/// Opens the channel on the next connection that there is; what is asked while there is none is answered at once.
///
/// A second channel on one connection means that the first one met something that was not there.
async fn open(link: &Link, requests: &mut Requests, last: u64) -> Option<(u64, Channel)> {
    let mut state = link.state();
    let opening = async {
        loop {
            let (generation, connection) = link.connection().await.ok()?;
            match link.while_up(generation, open_on(link, &connection, generation == last)).await {
                Ok(channel) => return Some((generation, channel)),
                Err(_) if link.ended() => return None,
                // The link notices too if the connection is broken, and makes a new one.
                Err(error) => {
                    tracing::warn!(%error, "cannot publish yet");
                    let _ = tokio::time::timeout(PAUSE, link.gone(generation)).await;
                }
            }
        }
    };
    tokio::pin!(opening);
    loop {
        tokio::select! {
            biased;
            opened = &mut opening => return opened,
            _ = state.changed() => {}
            // While the channel is being opened on a connection, requests wait for it.
            request = requests.next(), if !state.borrow().connected => {
                let request = request?;
                let now = state.borrow().clone();
                if now.connected {
                    // Connected since this arm was armed: the request may be of somebody who was told so.
                    requests.put_back(request);
                } else {
                    let _ = request.reply.send(Err(PublishError::Away { reason: now.why_not() }));
                }
            }
        }
    }
}

async fn open_on(link: &Link, connection: &lapin::Connection, again: bool) -> Result<Channel, BusError> {
    if again && connection.status().connected() {
        link.redeclare(connection).await?;
    }
    confirming(connection).await.map_err(failed("opening a channel"))
}

/// A channel on which every publish is confirmed.
pub(super) async fn confirming(connection: &lapin::Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

struct Window {
    channel: Channel,
    generation: u64,
    groups: VecDeque<Group>,
    on_their_way: usize,
    /// Returned messages whose group is not answered yet.
    returned: HashSet<Key>,
    /// A queue was full. The broker refuses on this channel until the queue has told it otherwise, which it never does
    /// when the limit was lifted.
    refused: bool,
    /// The connection broke, though its own state may not say so yet.
    cut: bool,
}

/// Messages that were sent together.
#[derive(Default)]
struct Group {
    keys: Vec<Key>,
    confirms: Vec<Option<PublisherConfirm>>,
    /// Confirms before this one are resolved.
    next: usize,
    refused: bool,
    requests: Vec<(Range<usize>, PublishReply)>,
}

impl Window {
    fn new(channel: Channel, generation: u64) -> Self {
        let (groups, returned) = (VecDeque::new(), HashSet::new());
        Self { channel, generation, groups, on_their_way: 0, returned, refused: false, cut: false }
    }

    /// Returns, with the reason, when the channel is of no more use; without one when nobody publishes any more and
    /// everything is answered.
    async fn serve(&mut self, state: &mut watch::Receiver<LinkState>, requests: &mut Requests) -> Option<String> {
        let mut over = false;
        loop {
            if over && self.groups.is_empty() {
                return None;
            }
            let room = !over && self.on_their_way < WINDOW;
            tokio::select! {
                biased;
                changed = state.changed() => {
                    let now = state.borrow_and_update().clone();
                    if changed.is_err() || !self.is_of(&now) {
                        return Some(now.why_not());
                    }
                }
                resolved = poll_fn(|context| self.poll_first_group(context)) => {
                    if let Err(error) = resolved {
                        return Some(self.broke(&error));
                    }
                    self.answer_finished();
                    if self.refused && self.groups.is_empty() {
                        return Some("a queue is full".to_owned());
                    }
                }
                request = requests.next(), if room => {
                    match request {
                        None => over = true,
                        Some(request) => if let Err(error) = self.send_all(request, requests, state).await {
                            return Some(self.broke(&error));
                        }
                    }
                }
            }
        }
    }

    fn broke(&mut self, error: &lapin::Error) -> String {
        self.cut = matches!(error.kind(), ErrorKind::IOError(_));
        error.to_string()
    }

    /// Whether the state is that of the connection this window is on.
    fn is_of(&self, state: &LinkState) -> bool {
        state.connected && state.generation == self.generation
    }

    /// Sends this request and all that wait behind it, as one group. What came after a change of the connection, which
    /// the caller has not heard of yet, is put back.
    async fn send_all(
        &mut self,
        first: PublishRequest,
        requests: &mut Requests,
        state: &watch::Receiver<LinkState>,
    ) -> lapin::Result<()> {
        let mut group = Group::default();
        let mut sent = Ok(());
        let mut next = Some(first);
        while let Some(request) = next.take() {
            // Looked at after the request was taken, so its sender cannot know a later one.
            let now = state.borrow().clone();
            if !self.is_of(&now) {
                requests.put_back(request);
                break;
            }
            let outdated = request.standing.is_some_and(|standing| standing != now.standing);
            if outdated || now.blocked.is_some() {
                let reason =
                    if outdated { "the connection is not the same any more".to_owned() } else { now.why_not() };
                let _ = request.reply.send(Err(PublishError::Away { reason }));
            } else {
                let from = group.keys.len();
                sent = group.send(&self.channel, &request.messages).await;
                group.requests.push((from..group.keys.len(), request.reply));
            }
            if sent.is_ok() && self.on_their_way + group.keys.len() < WINDOW {
                next = requests.try_next();
            }
        }
        if !group.requests.is_empty() {
            self.on_their_way += group.keys.len();
            self.groups.push_back(group);
        }
        sent
    }

    fn poll_first_group(&mut self, context: &mut Context<'_>) -> Poll<lapin::Result<()>> {
        match self.groups.front_mut() {
            Some(group) => group.poll(context, &mut self.returned),
            None => Poll::Pending,
        }
    }

    /// Answers the first group, which is finished, and those behind it that are finished too.
    fn answer_finished(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let mut finished = Vec::new();
        while let Some(mut group) = self.groups.pop_front() {
            if !matches!(group.poll(&mut context, &mut self.returned), Poll::Ready(Ok(()))) {
                self.groups.push_front(group);
                break;
            }
            self.on_their_way -= group.keys.len();
            self.refused |= group.refused;
            finished.push(group);
        }
        self.groups.iter_mut().for_each(|group| group.look_ahead(&mut self.returned));
        for group in finished {
            metrics::counter!("trunkline_bus_published_events_total").increment(group.keys.len() as u64);
            group.answer(&mut self.returned);
        }
    }

    fn fail_all(&mut self, why: &str) {
        for group in self.groups.drain(..) {
            for (_, reply) in group.requests {
                let _ = reply.send(Err(PublishError::Away { reason: why.to_owned() }));
            }
        }
    }
}

impl Group {
    async fn send(&mut self, channel: &Channel, messages: &[Outgoing]) -> lapin::Result<()> {
        for message in messages {
            let exchange = message.exchange.name();
            let options = BasicPublishOptions { mandatory: message.mandatory, ..BasicPublishOptions::default() };
            let properties = headers::of_outgoing(message);
            let key = message.routing_key.as_str().into();
            let confirm = channel.basic_publish(exchange.into(), key, options, &message.body, properties).await?;
            self.keys.push((message.id, exchange));
            self.confirms.push(Some(confirm));
        }
        Ok(())
    }

    /// Ready when every confirm of the group is there.
    fn poll(&mut self, context: &mut Context<'_>, returned: &mut HashSet<Key>) -> Poll<lapin::Result<()>> {
        while let Some(slot) = self.confirms.get_mut(self.next) {
            if let Some(confirm) = slot {
                match Pin::new(confirm).poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Ready(Ok(confirmation)) => {
                        *slot = None;
                        self.refused |= note(confirmation, returned);
                    }
                }
            }
            self.next += 1;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes what is resolved behind the first that is not, for the returned messages it may carry.
    fn look_ahead(&mut self, returned: &mut HashSet<Key>) {
        let mut context = Context::from_waker(Waker::noop());
        for slot in &mut self.confirms[self.next..] {
            let Some(confirm) = slot else { continue };
            if let Poll::Ready(Ok(confirmation)) = Pin::new(confirm).poll(&mut context) {
                *slot = None;
                self.refused |= note(confirmation, returned);
            }
        }
    }

    fn answer(self, returned: &mut HashSet<Key>) {
        for (range, reply) in self.requests {
            let ids: Vec<Uuid> = if returned.is_empty() {
                Vec::new()
            } else {
                self.keys[range].iter().filter(|key| returned.contains(*key)).map(|(id, _)| *id).collect()
            };
            let answer = if self.refused {
                Err(PublishError::Away { reason: "a queue is full".to_owned() })
            } else if ids.is_empty() {
                Ok(())
            } else {
                Err(PublishError::Unroutable { ids })
            };
            let _ = reply.send(answer);
        }
        if !returned.is_empty() {
            returned.retain(|key| !self.keys.contains(key));
        }
    }
}

/// Remembers a returned message; says whether the confirm is a refusal.
fn note(confirmation: Confirmation, returned: &mut HashSet<Key>) -> bool {
    let refused = !confirmation.is_ack();
    if let Some(message) = confirmation.take_message() {
        returned.extend(key_of(&message));
    }
    refused
}

fn key_of(message: &BasicReturnMessage) -> Option<Key> {
    let exchange = crate::Exchange::from_name(message.delivery.exchange.as_str())?;
    Some((headers::id(&message.delivery.properties), exchange.name()))
}
