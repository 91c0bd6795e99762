//! The far side connects to us: many peers, each with a protocol of its own where the kind has one for them.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use trunkline_events::Timestamp;

use super::desk::{Desk, Ending, Will};
use super::status::LinkState;
use super::stream;
use crate::contract::Protocol;

/// Until when each peer was surely heard, and why no longer.
type Heard = HashMap<IpAddr, (Timestamp, String)>;

/// A connection that has ended.
struct Gone {
    peer: IpAddr,
    ending: Ending,
    heard: Option<(Timestamp, String)>,
}

/// Runs until the operator stops the link or a protocol calls its parameters no good.
pub(super) async fn run(desk: &mut Desk, listen: SocketAddr, allow: &[IpAddr]) -> Ending {
    let peer = listen.to_string();
    let mut heard = Heard::new();
    loop {
        let ending = match open(desk, listen).await {
            Err(ending) => ending,
            Ok(listener) => serve(desk, &listener, allow, &mut heard).await,
        };
        if let Err(ending) = desk.reopen(&peer, ending, std::time::Duration::ZERO).await {
            return ending;
        }
    }
}

async fn open(desk: &mut Desk, listen: SocketAddr) -> Result<TcpListener, Ending> {
    if desk.will() != Will::Run {
        return Err(Ending::Leave);
    }
    desk.trunk.board.state(LinkState::Connecting);
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| Ending::Lost(format!("listen: {listen} cannot be bound: {error}")))?;
    let bound = listener.local_addr().unwrap_or(listen).to_string();
    desk.trunk.board.change(|status| status.peer = bound);
    desk.trunk.board.state(LinkState::Up);
    Ok(listener)
}

async fn serve(desk: &mut Desk, listener: &TcpListener, allow: &[IpAddr], heard: &mut Heard) -> Ending {
    let mut peers = JoinSet::new();
    let ending = loop {
        let waited = tokio::select! {
            biased;
            chore = desk.chore() => desk.attend(&chore),
            Some(gone) = peers.join_next() => settle(desk, heard, gone),
            accepted = listener.accept() => admit(desk, accepted, allow, heard, &mut peers),
        };
        if let Err(ending) = waited {
            break ending;
        }
    };
    // Each connection sees the operator's will itself and says good-bye; anything else cuts it.
    if ending != Ending::Leave {
        peers.abort_all();
    }
    while let Some(gone) = peers.join_next().await {
        // The link is ending already.
        let _ = settle(desk, heard, gone);
    }
    ending
}

/// Takes a connection in if it is allowed and there is room for it; otherwise it is closed at once and counted.
fn admit(
    desk: &Desk,
    accepted: io::Result<(TcpStream, SocketAddr)>,
    allow: &[IpAddr],
    heard: &mut Heard,
    peers: &mut JoinSet<Gone>,
) -> Result<(), Ending> {
    let (stream, address) = match accepted {
        Ok(accepted) => accepted,
        // The peer is gone already, or files ran out for the moment: the next one may fare better.
        Err(error) => {
            refuse(desk, "error", &error.to_string());
            return Ok(());
        }
    };
    let peer = address.ip().to_canonical();
    if !allow.is_empty() && !allow.iter().any(|allowed| allowed.to_canonical() == peer) {
        refuse(desk, "not_allowed", "a peer that is not in the allow list was turned away");
        return Ok(());
    }
    if peers.len() >= desk.trunk.host.pace.peers {
        refuse(desk, "full", "there are too many peers");
        return Ok(());
    }
    let Some(protocol) = desk.protocol.for_peer() else {
        return Err(Ending::Fatal("this kind has no protocol for the peers of a listener".to_owned()));
    };
    let before = heard.remove(&peer).or_else(|| desk.heard.clone());
    peers.spawn(attend(desk, protocol, stream, peer, before));
    Ok(())
}

fn refuse(desk: &Desk, reason: &'static str, sentence: &str) {
    let labels = [("source", desk.trunk.name.clone()), ("reason", reason.to_owned())];
    metrics::counter!("trunkline_peers_refused_total", &labels).increment(1);
    tracing::warn!(connector = desk.trunk.name, reason, sentence, "a connection was refused");
}

fn attend(
    desk: &Desk,
    protocol: Box<dyn Protocol>,
    stream: TcpStream,
    peer: IpAddr,
    before: Option<(Timestamp, String)>,
) -> impl Future<Output = Gone> + use<> {
    let mut own = Desk::for_peer(desk.trunk.clone(), protocol);
    own.heard = before;
    async move {
        let name = peer.to_string();
        let ending = stream::converse(&mut own, stream, &name).await;
        let reason = match &ending {
            Ending::Lost(reason) | Ending::Denied(reason) | Ending::Fatal(reason) => reason.as_str(),
            Ending::Leave => "stopped",
        };
        // The connection is closed whatever the protocol says to it.
        let _ = own.closed(&name, reason);
        own.hand_over().await;
        own.trunk.board.state(LinkState::Up);
        Gone { peer, ending, heard: own.heard }
    }
}

/// Remembers until when a peer was heard. Only a protocol that calls its parameters no good ends the listener.
fn settle(desk: &Desk, heard: &mut Heard, gone: Result<Gone, tokio::task::JoinError>) -> Result<(), Ending> {
    let gone = match gone {
        Ok(gone) => gone,
        Err(error) if error.is_panic() => {
            tracing::error!(connector = desk.trunk.name, "the protocol of a peer panicked; its connection was cut");
            return Ok(());
        }
        Err(_) => return Ok(()),
    };
    if let Some(until) = gone.heard {
        heard.insert(gone.peer, until);
    }
    match gone.ending {
        Ending::Fatal(reason) => Err(Ending::Fatal(reason)),
        Ending::Lost(_) | Ending::Denied(_) | Ending::Leave => Ok(()),
    }
}
