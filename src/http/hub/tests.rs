//! Who is told what, and who is not.

use trunkline_events::call::{CallRef, Route};
use trunkline_events::customer::Changed;
use trunkline_events::pop::{Brief, Certainty, PopEnded};
use trunkline_events::{EventId, Timestamp};

use super::*;

fn event(body: Body) -> Event {
    Event {
        id: EventId::derive("/mapping", "test", body.event_type(), "1"),
        source: "/mapping".into(),
        subject: None,
        time: Timestamp::EPOCH,
        received: Timestamp::EPOCH,
        partition_key: "call".into(),
        causation: None,
        sequence: None,
        body,
    }
}

fn pop(number: u128, extension: &str, agent: Option<&str>) -> Pop {
    let brief = Brief { customer: Uuid::from_u128(900 + number), name: None, tags: Vec::new(), last_contact: None };
    Pop {
        pop: Uuid::from_u128(number),
        link: "/connectors/avaya-bj".into(),
        call: CallRef { id: format!("call-{number}"), switch_call_id: None, ucid: None },
        cdr: Uuid::from_u128(500 + number),
        device: Device { extension: extension.into(), agent: agent.map(Into::into) },
        route: Route::default(),
        data: trunkline_events::call::CallData::default(),
        certainty: Certainty::One,
        candidates: vec![brief],
        rang: Timestamp::EPOCH,
    }
}

fn ringing(number: u128, extension: &str, agent: Option<&str>) -> Event {
    event(Body::PopRinging(pop(number, extension, agent)))
}

fn at(extension: Option<&str>, agent: Option<&str>) -> Seat {
    Seat::new(extension, agent).expect("bound")
}

fn waiting(subscription: &mut Subscription) -> Vec<String> {
    std::iter::from_fn(|| subscription.queue.try_recv().ok())
        .map(|frame| String::from_utf8_lossy(&frame).lines().next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn a_pop_reaches_its_seat_and_no_other() {
    let hub = Hub::new(8);
    let mut mine = hub.subscribe(at(Some("2001"), None), Uuid::nil());
    let mut by_agent = hub.subscribe(at(None, Some("7001")), Uuid::nil());
    let mut other = hub.subscribe(at(Some("2002"), Some("7002")), Uuid::nil());
    hub.publish(&ringing(1, "2001", Some("7001")));
    assert_eq!(waiting(&mut mine), ["event: pop.ringing"]);
    assert_eq!(waiting(&mut by_agent), ["event: pop.ringing"]);
    assert!(waiting(&mut other).is_empty());
}

#[test]
fn a_client_bound_both_ways_is_told_once() {
    let hub = Hub::new(8);
    let mut client = hub.subscribe(at(Some("2001"), Some("7001")), Uuid::nil());
    hub.publish(&ringing(1, "2001", Some("7001")));
    assert_eq!(waiting(&mut client).len(), 1);
}

#[test]
fn the_end_reaches_whoever_saw_the_beginning_even_if_the_agent_is_no_longer_named() {
    let hub = Hub::new(8);
    let mut client = hub.subscribe(at(None, Some("7001")), Uuid::nil());
    hub.publish(&ringing(1, "2001", Some("7001")));
    let device = Device { extension: "2001".into(), agent: None };
    let ended = PopEnded { pop: Uuid::from_u128(1), link: "/connectors/avaya-bj".into(), device };
    hub.publish(&event(Body::PopEnded(ended)));
    assert_eq!(waiting(&mut client), ["event: pop.ringing", "event: pop.ended"]);
}

#[test]
fn a_changed_customer_is_told_only_to_those_who_see_him() {
    let hub = Hub::new(8);
    let mut sees = hub.subscribe(at(Some("2001"), None), Uuid::nil());
    let mut other = hub.subscribe(at(Some("2002"), None), Uuid::nil());
    hub.publish(&ringing(1, "2001", None));
    hub.publish(&event(Body::CustomerChanged(Changed {
        customer: Uuid::from_u128(901),
        fields: vec!["name".into()],
        tags: Vec::new(),
    })));
    assert_eq!(waiting(&mut sees), ["event: pop.ringing", "event: customer.changed"]);
    assert!(waiting(&mut other).is_empty());
}

#[test]
fn a_full_queue_drops_changes_but_disconnects_rather_than_lose_a_pop() {
    let hub = Hub::new(2);
    let mut slow = hub.subscribe(at(Some("2001"), None), Uuid::nil());
    hub.publish(&ringing(1, "2001", None));
    hub.publish(&ringing(2, "2001", None));
    let changed = Changed { customer: Uuid::from_u128(901), fields: Vec::new(), tags: Vec::new() };
    hub.publish(&event(Body::CustomerChanged(changed)));
    assert_eq!(hub.clients(), 1, "a change may be dropped");
    hub.publish(&ringing(3, "2001", None));
    assert_eq!(hub.clients(), 0, "a pop may not");
    assert_eq!(waiting(&mut slow).len(), 2);
    assert!(matches!(slow.queue.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
}

#[test]
fn nothing_is_left_of_clients_that_went_away() {
    let hub = Hub::new(8);
    let token = Uuid::from_u128(7);
    let gone = hub.subscribe(at(Some("2001"), Some("7001")), Uuid::nil());
    let revoked = hub.subscribe(at(Some("2001"), None), token);
    (0..200).for_each(|number| hub.publish(&ringing(number, "2001", Some("7001"))));
    drop(gone);
    hub.disconnect(token);
    drop(revoked);
    let clients = hub.lock();
    assert!(clients.all.is_empty() && clients.seats.is_empty() && clients.watchers.is_empty());
}

#[test]
fn a_pop_among_ten_thousand_agents_is_sent_to_one() {
    let hub = Hub::new(8);
    let mut clients: Vec<_> =
        (0..10_000).map(|number| hub.subscribe(at(Some(&format!("{}", 20_000 + number)), None), Uuid::nil())).collect();
    hub.publish(&ringing(1, "25000", None));
    let told: Vec<_> =
        clients.iter_mut().map(|client| waiting(client).len()).enumerate().filter(|(_, n)| *n > 0).collect();
    assert_eq!(told, [(5000, 1)]);
}
