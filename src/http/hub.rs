//! Carries pops to the agents who are to see them.
//!
//! A pop is rendered once and handed to the clients of its seat, found by extension and login id; nobody else is looked
//! at, so ten thousand idle clients cost nothing. Each client has a bounded queue. What can be read again (a changed
//! customer) is dropped when the queue is full; a pop never is: the client is disconnected instead, and gets the live
//! pops when it comes back.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;
use trunkline_events::call::Device;
use trunkline_events::pop::Pop;
use trunkline_events::{Body, Event};
use uuid::Uuid;

use super::access::Seat;
use super::parts::LivePop;

/// Pops and customers that one client is told the fate of.
const WATCHED: usize = 64;

type ClientId = u64;

/// All connected agents of this daemon.
#[derive(Debug)]
pub struct Hub {
    queue: usize,
    clients: Mutex<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    next: ClientId,
    all: HashMap<ClientId, Client>,
    /// Extension or login id, whatever its connector → clients; [`Seat::sees`] decides.
    seats: HashMap<String, Vec<ClientId>>,
    /// Pop or customer → clients that were shown it.
    watchers: HashMap<Uuid, Vec<ClientId>>,
}

#[derive(Debug)]
struct Client {
    seat: Seat,
    token: Uuid,
    queue: mpsc::Sender<Bytes>,
    watched: VecDeque<Uuid>,
}

/// One client's end; dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    id: ClientId,
    hub: Arc<Hub>,
    queue: mpsc::Receiver<Bytes>,
}

/// What is sent when a customer's data changed: read it again.
#[derive(Serialize)]
struct CustomerChanged<'a> {
    customer: Uuid,
    /// Ids that mean this customer now, or that came out of it.
    related: &'a [Uuid],
}

impl Hub {
    /// A hub whose clients may have `queue` events waiting each.
    pub fn new(queue: usize) -> Arc<Self> {
        Arc::new(Self { queue: queue.max(1), clients: Mutex::default() })
    }

    /// Sends what concerns people: `pop.*` to its seat, changes of customers to those who see them. Does not block.
    pub fn publish(&self, event: &Event) {
        match &event.body {
            Body::PopRinging(pop) => self.pop(event, "pop.ringing", pop),
            Body::PopAnswered(pop) => self.pop(event, "pop.answered", pop),
            Body::PopEnded(ended) => {
                let mut clients = self.lock();
                let mut to = clients.at_seat(&ended.link, &ended.device);
                to.extend(clients.watching(ended.pop));
                clients.send(&to, &frame("pop.ended", &event.id.to_string(), ended), Loss::Disconnects);
            }
            Body::CustomerChanged(changed) => self.changed(event, changed.customer, &[]),
            Body::CustomerMerged(merged) => self.changed(event, merged.customer, &merged.former),
            Body::CustomerSplit(split) => self.changed(event, split.customer, &split.into),
            _ => {}
        }
    }

    /// Takes a client in; what it was shown as alive so far is added by [`Subscription::shown`].
    pub fn subscribe(self: &Arc<Self>, seat: Seat, token: Uuid) -> Subscription {
        let (sender, queue) = mpsc::channel(self.queue);
        let mut clients = self.lock();
        let id = clients.next;
        clients.next += 1;
        for key in keys(&seat) {
            clients.seats.entry(key).or_default().push(id);
        }
        clients.all.insert(id, Client { seat, token, queue: sender, watched: VecDeque::new() });
        metrics::gauge!("trunkline_http_agents").set(count(clients.all.len()));
        Subscription { id, hub: Arc::clone(self), queue }
    }

    /// Ends the streams of a token that was revoked.
    pub fn disconnect(&self, token: Uuid) {
        let mut clients = self.lock();
        let gone: Vec<_> = clients.all.iter().filter(|(_, client)| client.token == token).map(|(id, _)| *id).collect();
        for id in gone {
            clients.remove(id);
        }
    }

    /// Ends all streams: their clients come back and are shown what lives.
    pub fn disconnect_all(&self) {
        let mut clients = self.lock();
        let all: Vec<_> = clients.all.keys().copied().collect();
        for id in all {
            clients.remove(id);
        }
    }

    /// Clients that are connected.
    pub fn clients(&self) -> usize {
        self.lock().all.len()
    }

    fn pop(&self, event: &Event, name: &str, pop: &Pop) {
        let frame = frame(name, &event.id.to_string(), pop);
        let mut clients = self.lock();
        let to = clients.at_seat(&pop.link, &pop.device);
        for id in &to {
            clients.watch(*id, pop);
        }
        clients.send(&to, &frame, Loss::Disconnects);
    }

    fn changed(&self, event: &Event, customer: Uuid, related: &[Uuid]) {
        let mut clients = self.lock();
        let mut to = clients.watching(customer);
        for id in related {
            to.extend(clients.watching(*id));
        }
        if !to.is_empty() {
            let body = CustomerChanged { customer, related };
            clients.send(&to, &frame("customer.changed", &event.id.to_string(), &body), Loss::Harmless);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The next frame; `None` once this client was disconnected. Cancel-safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.queue.recv().await
    }

    /// The client was shown these as alive: it is told when they end.
    pub fn shown<'a>(&self, live: impl IntoIterator<Item = &'a LivePop>) {
        let mut clients = self.hub.lock();
        live.into_iter().for_each(|live| clients.watch(self.id, &live.pop));
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.lock().remove(self.id);
    }
}

/// What happens when a client's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// This event is dropped; its content can be read again.
    Harmless,
    /// The client is disconnected, and gets the live pops when it comes back.
    Disconnects,
}

impl Clients {
    fn at_seat(&self, link: &str, device: &Device) -> HashSet<ClientId> {
        let values = [Some(&device.extension), device.agent.as_ref()];
        let candidates = values.into_iter().flatten().filter_map(|value| self.seats.get(value)).flatten();
        candidates.filter(|id| self.all.get(id).is_some_and(|client| client.seat.sees(link, device))).copied().collect()
    }

    fn watching(&self, id: Uuid) -> HashSet<ClientId> {
        self.watchers.get(&id).into_iter().flatten().copied().collect()
    }

    fn watch(&mut self, id: ClientId, pop: &Pop) {
        let Some(client) = self.all.get_mut(&id) else { return };
        let shown = std::iter::once(pop.pop).chain(pop.candidates.iter().map(|brief| brief.customer));
        for thing in shown.take(WATCHED) {
            if client.watched.contains(&thing) {
                continue;
            }
            client.watched.push_back(thing);
            self.watchers.entry(thing).or_default().push(id);
            if client.watched.len() > WATCHED
                && let Some(oldest) = client.watched.pop_front()
            {
                take_out(&mut self.watchers, &oldest, id);
            }
        }
    }

    fn send(&mut self, to: &HashSet<ClientId>, frame: &Bytes, loss: Loss) {
        for id in to {
            let Some(client) = self.all.get(id) else { continue };
            if client.queue.try_send(frame.clone()).is_ok() {
                continue;
            }
            match loss {
                Loss::Harmless => metrics::counter!("trunkline_http_changes_dropped_total").increment(1),
                Loss::Disconnects => {
                    metrics::counter!("trunkline_http_slow_agents_total").increment(1);
                    self.remove(*id);
                }
            }
        }
    }

    fn remove(&mut self, id: ClientId) {
        let Some(client) = self.all.remove(&id) else { return };
        keys(&client.seat).for_each(|key| take_out(&mut self.seats, &key, id));
        client.watched.iter().for_each(|thing| take_out(&mut self.watchers, thing, id));
        metrics::gauge!("trunkline_http_agents").set(count(self.all.len()));
    }
}

fn keys(seat: &Seat) -> impl Iterator<Item = String> {
    [&seat.extension, &seat.agent]
        .into_iter()
        .flatten()
        .map(|place| place.value.clone())
        .collect::<HashSet<_>>()
        .into_iter()
}

fn take_out<K: std::hash::Hash + Eq>(index: &mut HashMap<K, Vec<ClientId>>, key: &K, id: ClientId) {
    if let Some(ids) = index.get_mut(key) {
        ids.retain(|held| *held != id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

fn count(clients: usize) -> f64 {
    u32::try_from(clients).unwrap_or(u32::MAX).into()
}

/// One server-sent event. The JSON has no line breaks, and neither have our names and ids.
pub(super) fn frame(name: &str, id: &str, body: &impl Serialize) -> Bytes {
    let json = serde_json::to_string(body).unwrap_or_else(|_| "null".into());
    Bytes::from(format!("event: {name}\nid: {id}\ndata: {json}\n\n"))
}

#[cfg(test)]
mod tests;
