//! A TCP client: order, books, gaps, checkpoints, back-pressure, commands, the operator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use trunkline_connectors::contract::{Ability, Command};
use trunkline_connectors::drive::archive;
use trunkline_connectors::drive::{CommandError, Link, LinkState, start};
use trunkline_events::{Body, Event, link};

use crate::line::{FarSide, client, id};
use crate::store::{Closed, Store, gaps, host, in_state, texts};

fn command(key: &str) -> Command {
    Command { key: key.to_owned(), ability: Ability::PostNote, body: serde_json::Value::Null }
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::event_type).collect()
}

#[tokio::test]
async fn events_are_numbered_without_holes_and_the_books_add_up() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    peer.say("say 1\nsay 2\nsa").await;
    peer.say("y 3\n").await;
    assert_eq!(store.messages(3).await, ["1", "2", "3"]);
    link.stop().await;

    let events = store.events();
    let numbered: Vec<&Event> = events.iter().filter(|event| !matches!(event.body, Body::LinkBooks(_))).collect();
    let epoch = link.status().epoch;
    for (event, number) in numbered.iter().zip(1..) {
        let sequence = event.sequence.as_ref().expect("numbered");
        assert_eq!((sequence.epoch.as_str(), sequence.number), (epoch.as_str(), number));
        assert_eq!(event.source, "/connectors/lines");
    }
    let Body::LinkBooks(books) = &events.last().expect("books").body else { panic!("{events:?}") };
    assert_eq!((books.epoch.as_str(), books.taken), (epoch.as_str(), numbered.len() as u64));
    assert!(events.last().is_some_and(|books| books.sequence.is_none()), "books are about the numbers");
    assert_eq!(link.status().state, LinkState::Stopped);
}

#[tokio::test]
async fn a_lost_link_is_told_and_its_gap_reaches_from_the_last_word_to_the_next_opening() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    peer.say("say 1\n").await;
    let said = store.until(|events| texts(events).len() == 1).await;
    drop(peer);
    let mut again = far.peer().await;
    again.say("say 2\n").await;
    assert_eq!(store.messages(2).await, ["1", "2"]);

    let events = store.events();
    let told: Vec<_> = names(&events).into_iter().filter(|name| *name != "trunkline.link.books.v1").collect();
    let expected = ["link.up", "chat.message", "link.down", "link.up", "link.gap", "chat.message"];
    assert_eq!(told, expected.map(|name| format!("trunkline.{name}.v1")));
    let gap = &gaps(&events)[0];
    let said = said.iter().find(|event| matches!(event.body, Body::ChatMessage(_))).expect("the message");
    // What was said within the last second may have been on its way.
    let surely = said.received.plus(time::Duration::seconds(-1));
    assert!(gap.from >= surely && gap.from < gap.to, "{gap:?}");
    assert_eq!(link.status().losses, 1);
}

/// Lost, opened again and resynced is six events taken, and not a word of the far side.
#[tokio::test]
async fn a_link_that_is_only_lost_and_opened_again_has_told_nothing() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    drop(far.peer().await);
    let mut peer = far.peer().await;
    peer.say("resynced\n").await;
    let is_resync = |event: &Event| matches!(event.body, Body::LinkResynced(_));
    store.until(|events| events.iter().any(is_resync)).await;
    let mut statuses = link.statuses();
    let settled = |taken: u64| move |status: &trunkline_connectors::drive::LinkStatus| status.taken >= taken;
    let status = statuses.wait_for(settled(5)).await.expect("the link lives").clone();
    assert!((status.told, status.last_told) == (0, None) && status.last_event.is_some(), "{status:?}");
    peer.say("say 1\nsay 2\n").await;
    let status = statuses.wait_for(|status| status.told == 2).await.expect("the link lives").clone();
    assert_eq!(status.last_told, status.last_event);
}

#[tokio::test]
async fn after_a_crash_the_gap_and_the_checkpoint_are_those_of_the_last_durable_moment() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    assert_eq!(peer.hears().await.as_deref(), Some("hello 0"));
    peer.say("say 1\n").await;
    store.messages(1).await;
    keep_now(&link, &mut peer, "k1").await;
    let durable = store.events().last().expect("an event").received;
    store.shut();
    peer.say("say lost\n").await;
    drop(link);
    drop(peer);

    store.open();
    let again = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    assert_eq!(peer.hears().await.as_deref(), Some("hello 1"), "what was not durable is not in the checkpoint");
    let gap = store.gaps(1).await.remove(0);
    assert!(gap.from <= durable && gap.to > durable, "{gap:?} after {durable}");
    assert!(gap.reason.contains("not been stopped in good order"), "{}", gap.reason);
    assert_eq!(texts(&store.events()), ["1"]);
    let epochs: Vec<_> =
        store.events().iter().filter_map(|event| event.sequence.clone()).map(|seq| seq.epoch).collect();
    assert!(epochs.first() < epochs.last(), "a later run sorts later");

    again.stop().await;
    let third = start(id(), client(far.port(), None), host(&store, data.path()));
    let _peer = far.peer().await;
    assert!(store.gaps(2).await[1].reason.contains("was stopped"));
    drop(third);
}

/// The books of one process tell the next, which has another disk, where its gap begins.
#[tokio::test]
async fn who_takes_over_a_link_declares_the_gap_since_it_was_last_heard_elsewhere() {
    let (store, far) = (Store::new(), FarSide::new().await);
    let (first_disk, second_disk) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut first = host(&store, first_disk.path());
    // Each line is marked, however soon it comes after the one before.
    first.pace.keep_every = Duration::ZERO;
    let first = start(id(), client(far.port(), None), first);
    let mut peer = far.peer().await;
    peer.say("say 1\n").await;
    store.messages(1).await;
    let number = store.events().iter().rev().find_map(|event| event.sequence.as_ref()).expect("numbered").number;
    let told = |events: &[Event]| books(events).last().filter(|books| books.taken >= number)?.heard_until;
    let first_heard = told(&store.until(|events| told(events).is_some()).await);
    // Nothing is numbered any more, yet the books go on to tell that the far side is heard.
    peer.say("garbage\n").await;
    let events = store.until(|events| told(events) > first_heard).await;
    assert_eq!(books(&events).last().map(|books| books.taken), Some(number));
    let last_heard = told(&events).expect("told");
    drop((first, peer));

    let mut host = host(&store, second_disk.path());
    host.heard_elsewhere = Some(last_heard);
    let second = start(id(), client(far.port(), None), host.clone());
    let _peer = far.peer().await;
    let gap = store.gaps(1).await.remove(0);
    assert!(gap.from <= last_heard && gap.to > last_heard, "{gap:?} after {last_heard}");
    assert_eq!(gap.reason, "another daemon held the link until then");
    // Its own later memory is nearer than what it was told of others.
    second.stop().await;
    let _third = start(id(), client(far.port(), None), host);
    let _peer = far.peer().await;
    assert_eq!(store.gaps(2).await[1].reason, "the connector was stopped");
}

fn books(events: &[Event]) -> Vec<link::Books> {
    let books = |event: &Event| match &event.body {
        Body::LinkBooks(books) => Some(books.clone()),
        _ => None,
    };
    events.iter().filter_map(books).collect()
}

/// A done command is answered once the memory of it, and with it everything before, is durable.
async fn keep_now(link: &Link, peer: &mut crate::line::Peer<tokio::net::TcpStream>, key: &str) {
    let (done, ()) = tokio::join!(link.command(command(key)), async {
        assert_eq!(peer.hears().await, Some(format!("do {key}")));
        peer.say(&format!("done {key}\n")).await;
    });
    assert_eq!(done, Ok(()));
}

#[tokio::test]
async fn a_done_command_answers_again_without_being_done_again_even_after_a_crash() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    peer.hears().await;
    keep_now(&link, &mut peer, "k1").await;
    assert_eq!(link.command(command("k1")).await, Ok(()));
    drop(link);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    peer.hears().await;
    assert_eq!(link.command(command("k1")).await, Ok(()));
    keep_now(&link, &mut peer, "k2").await; // The far side was asked for k2, not for k1.
}

#[tokio::test]
async fn a_refused_command_may_be_tried_again_and_a_twin_under_way_is_one() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    peer.hears().await;
    let refused = Err(CommandError::Refused { reason: "cannot".to_owned() });
    let (one, two, ()) = tokio::join!(link.command(command("k")), link.command(command("k")), async {
        assert_eq!(peer.hears().await.as_deref(), Some("do k"));
        peer.say("cannot k\n").await;
    });
    assert_eq!((one, two), (refused.clone(), refused));
    keep_now(&link, &mut peer, "k").await;
    keep_now(&link, &mut peer, "next").await; // Had the twin been asked for too, the far side would still hear of k.
}

#[tokio::test]
async fn while_the_bus_takes_nothing_reading_stops_but_keep_alives_flow() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let mut host = host(&store, data.path());
    host.pace.queue = 4;
    let _link = start(id(), client(far.port(), None), host);
    let peer = far.peer().await;
    store.shut();
    let (reader, mut writer) = tokio::io::split(peer.0.into_inner());
    let sent = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&sent);
    let mut writing = tokio::spawn(async move {
        let flood = "say x\n".repeat(1000);
        for _ in 0..4000 {
            writer.write_all(flood.as_bytes()).await.expect("the link stands");
            counting.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut pings = crate::line::Peer::new(tokio::io::join(reader, tokio::io::sink()));
    let (mut before, mut quiet) = (0, 0);
    while quiet < 10 {
        pings.hears_ping().await;
        let now = sent.load(Ordering::Relaxed);
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
    assert!(before < 4000 && !writing.is_finished(), "24 MB were read although nothing could be stored");
    writing.abort();
    let _ = (&mut writing).await;
    store.open();
    store.messages(100).await;
}

#[tokio::test]
async fn a_bad_message_is_counted_and_kept_and_its_neighbours_are_taken() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    peer.say("say 1\ngarbage\nrubbish\nsay 2\n").await;
    assert_eq!(store.messages(2).await, ["1", "2"]);
    assert_eq!(link.status().skipped, 2);
    link.stop().await;
    let reference = format!("sha256-{}", &sha256("garbage")[..32]);
    let place = archive::find(data.path(), "lines", &reference).expect("readable").expect("kept");
    assert_eq!(archive::fetch(&place).expect("readable"), "garbage");
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[tokio::test]
async fn a_refusal_is_visible_with_the_time_of_the_next_try_and_a_fatal_error_ends_it() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let mut slow = host(&store, data.path());
    slow.pace.denied_for = Duration::from_hours(1);
    let link = start(id(), client(far.port(), None), slow);
    far.peer().await.say("deny\n").await;
    let status = in_state(&link, |state| matches!(state, LinkState::Denied { .. })).await;
    let LinkState::Denied { reason, until } = status.state else { panic!("denied") };
    assert!(reason == "deny" && until > status.since);
    link.stop().await;

    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    far.peer().await.say("fatal\n").await;
    in_state(&link, |state| matches!(state, LinkState::Failed { reason } if reason == "fatal")).await;
    assert_eq!(link.command(command("k")).await, Err(CommandError::Unavailable));
}

#[tokio::test]
async fn a_protocol_that_panics_fails_its_link_and_what_it_said_before_is_kept() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    peer.say("say 1\n").await;
    store.messages(1).await;
    peer.say("panic\n").await;
    in_state(&link, |state| matches!(state, LinkState::Failed { reason } if reason.contains("panicked"))).await;
}

#[tokio::test]
async fn stopping_says_good_bye_and_pausing_too_and_a_pause_is_a_gap() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    let mut peer = far.peer().await;
    assert_eq!(peer.hears().await.as_deref(), Some("hello 0"));
    link.pause();
    assert_eq!(peer.hears().await.as_deref(), Some("bye"));
    assert_eq!(peer.hears().await, None);
    in_state(&link, |state| *state == LinkState::Paused).await;
    link.resume();
    let mut peer = far.peer().await;
    assert!(store.gaps(1).await[0].reason.contains("paused"));
    assert_eq!(peer.hears().await.as_deref(), Some("hello 0"));
    let (heard, ()) = tokio::join!(async { (peer.hears().await, peer.hears().await) }, link.stop());
    assert_eq!(heard, (Some("bye".to_owned()), None));
}

#[tokio::test]
async fn a_link_that_reads_state_anew_shows_it_until_that_is_done() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), None), host(&store, data.path()));
    far.peer().await.say("resynced\nreset\n").await;
    let mut peer = far.peer().await;
    in_state(&link, |state| *state == LinkState::Resyncing).await;
    peer.say("resynced\n").await;
    in_state(&link, |state| *state == LinkState::Up).await;
}

#[tokio::test]
async fn a_far_side_that_does_not_read_is_given_up() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let mut host = host(&store, data.path());
    host.pace.unsent = 2;
    let link = start(id(), client(far.port(), None), host);
    let _deaf = far.accept().await;
    let status = in_state(&link, |state| matches!(state, LinkState::Down { .. })).await;
    assert!(matches!(status.state, LinkState::Down { reason } if reason.contains("does not read")));
}

#[tokio::test]
async fn a_host_that_is_not_there_is_named_and_told_once() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    // Bound and not listening: nobody else gets it, and who connects is refused.
    let nobody = TcpSocket::new_v4().expect("a socket");
    nobody.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let port = nobody.local_addr().expect("an address").port();
    let link = start(id(), client(port, None), host(&store, data.path()));
    for _ in 0..3 {
        in_state(&link, |state| *state == LinkState::Connecting).await;
        let status = in_state(&link, |state| matches!(state, LinkState::Down { .. })).await;
        assert!(matches!(status.state, LinkState::Down { reason } if reason.contains(&format!("localhost:{port}"))));
    }
    link.stop().await;
    let downs = names(&store.events()).into_iter().filter(|name| *name == "trunkline.link.down.v1").count();
    assert_eq!(downs, 1);
    assert!(gaps(&store.events()).is_empty(), "nothing was ever heard");
}

#[tokio::test]
async fn a_closed_intake_ends_the_link_visibly() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let mut host = host(&store, data.path());
    host.intake = Arc::new(Closed);
    let link = start(id(), client(far.port(), None), host);
    in_state(&link, |state| matches!(state, LinkState::Failed { reason } if reason.contains("the bus is gone"))).await;
}
