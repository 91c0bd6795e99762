//! A TCP listener: several peers, each with its own protocol, and those that are turned away.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpSocket, TcpStream};
use trunkline_connectors::contract::{Built, Transport};
use trunkline_connectors::drive::{Link, LinkState, start};

use crate::line::{Lines, Peer, id};
use crate::store::{Store, host, in_state, texts};

fn listening(store: &Arc<Store>, data: &std::path::Path, allow: Vec<IpAddr>, peers: usize) -> Link {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut host = host(store, data);
    host.pace.peers = peers;
    start(
        id(),
        Built { transport: Transport::TcpListener { listen, allow }, protocol: Box::new(Lines::default()) },
        host,
    )
}

async fn address(link: &Link) -> SocketAddr {
    in_state(link, |state| *state == LinkState::Up).await.peer.parse().expect("an address")
}

async fn from(own: [u8; 4], to: SocketAddr) -> Peer<TcpStream> {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((own, 0))).expect("a loopback address");
    Peer::new(socket.connect(to).await.expect("connected"))
}

#[tokio::test]
async fn several_peers_speak_at_once_and_their_halves_do_not_mix() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = listening(&store, data.path(), Vec::new(), 8);
    let to = address(&link).await;
    let (mut one, mut two) = (from([127, 0, 0, 1], to).await, from([127, 0, 0, 2], to).await);
    one.say("say fr").await;
    two.say("say from-two\n").await;
    assert_eq!(store.messages(1).await, ["from-two"]);
    one.say("om-one\n").await;
    assert_eq!(store.messages(2).await, ["from-two", "from-one"]);
    drop(one);
    two.say("say still-here\n").await;
    assert_eq!(store.messages(3).await[2], "still-here");
    let numbers: Vec<u64> =
        store.events().iter().filter_map(|event| event.sequence.clone()).map(|seq| seq.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "one run of numbers for all peers");
    link.stop().await;
    let mut said = Vec::new();
    while let Some(line) = two.hears().await {
        said.push(line);
    }
    assert_eq!(said.last().map(String::as_str), Some("bye"));
}

#[tokio::test]
async fn strangers_and_one_too_many_are_turned_away() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = listening(&store, data.path(), vec![[127, 0, 0, 1].into(), [127, 0, 0, 3].into()], 1);
    let to = address(&link).await;
    assert_eq!(from([127, 0, 0, 2], to).await.hears().await, None, "not in the list");
    let mut first = from([127, 0, 0, 1], to).await;
    assert_eq!(first.hears().await.as_deref(), Some("hello 0"));
    assert_eq!(from([127, 0, 0, 3], to).await.hears().await, None, "no room");
    first.say("say 1\n").await;
    store.messages(1).await;
}

#[tokio::test]
async fn a_peer_that_comes_back_has_its_own_gap_and_a_panic_of_one_spares_the_others() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = listening(&store, data.path(), Vec::new(), 8);
    let to = address(&link).await;
    let mut one = from([127, 0, 0, 1], to).await;
    one.say("say 1\nreset\n").await;
    while one.hears().await.is_some() {}
    let mut two = from([127, 0, 0, 2], to).await;
    two.say("say 2\n").await;
    store.messages(2).await;
    let mut again = from([127, 0, 0, 1], to).await;
    again.say("say 3\n").await;
    store.messages(3).await;
    assert_eq!(store.gaps(1).await.len(), 1, "the second peer missed nothing");
    again.say("panic\n").await;
    while again.hears().await.is_some() {}
    two.say("say 4\n").await;
    assert_eq!(store.messages(4).await, ["1", "2", "3", "4"]);
    assert_eq!(texts(&store.events()).len(), 4);
}
