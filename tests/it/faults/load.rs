//! Calls and chats at a bounded rate, until told to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Ledger, Load};
use trunkline_simulators::web_chat::story::{self, Visitor};
use trunkline_simulators::web_chat::{Entry, Patience, Sender};

use super::house::{CHAT_SECRET, House};

/// New calls a second; each is ten event frames. Two cores carry broker, database, daemon (not optimised) and simulators.
const CALLS: f64 = 30.0;
/// As many as pass a proxy that writes every byte by itself: it must not hold frames back for longer than the second by which
/// a gap begins before the last word.
const CALLS_BYTE_BY_BYTE: f64 = 5.0;
/// Calls are made in runs of so many seconds.
const RUN: f64 = 1.0;
/// Chats that go on at a time.
const CHATS: usize = 6;
/// Between two events of one chat.
const CHAT_PACE: Duration = Duration::from_millis(60);
/// Messages of a chat besides its opening and closing.
pub(super) const MESSAGES: usize = 3;

/// What the simulated systems wrote down.
pub(super) struct Sent {
    pub(super) calls: Ledger,
    pub(super) chats: Vec<Entry>,
}

/// A load that goes on.
pub(super) struct Traffic {
    calls: Ledger,
    sender: Arc<Sender>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Traffic {
    /// Begins at once.
    pub(super) fn start(house: &House) -> Self {
        Self::begin(house, 0, CALLS)
    }

    /// As [`Traffic::start`], with fewer calls: for a link whose bytes go one by one.
    pub(super) fn byte_by_byte(house: &House) -> Self {
        Self::begin(house, 0, CALLS_BYTE_BY_BYTE)
    }

    /// As [`Traffic::start`]; chats of one round have other ids than those of another.
    pub(super) fn round(house: &House, round: usize) -> Self {
        Self::begin(house, round, CALLS)
    }

    fn begin(house: &House, round: usize, calls_a_second: f64) -> Self {
        let sender = Sender::new(&house.ingest(), CHAT_SECRET, Patience::quick()).expect("a web chat");
        let (sender, stop) = (Arc::new(sender), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(calls(Arc::clone(&house.avaya), calls_a_second, stop.clone()));
        for desk in 0..CHATS {
            tasks.spawn(chats(Arc::clone(&sender), format!("{round}-{desk}"), stop.clone()));
        }
        Self { calls: house.avaya.ledger(), sender, stop, tasks }
    }

    /// Lets calls and chats that are under way come to their end, and gives what was written down.
    pub(super) async fn finish(self) -> Sent {
        self.stop.cancel();
        self.tasks.join_all().await;
        Sent { calls: self.calls, chats: self.sender.ledger().entries().to_vec() }
    }
}

async fn calls(avaya: Arc<AvayaDmcc>, calls_a_second: f64, stop: CancellationToken) {
    let template = Load {
        pace: Duration::from_millis(60),
        talk: Duration::from_millis(400),
        callers: 40,
        ..Load::answered(calls_a_second, RUN)
    };
    // Two runs side by side, so that the end of one is no pause.
    let mut runs = JoinSet::new();
    let mut beat = tokio::time::interval(Duration::from_secs_f64(RUN));
    while stop.run_until_cancelled(beat.tick()).await.is_some() {
        let (avaya, load) = (Arc::clone(&avaya), template.clone());
        runs.spawn(async move { avaya.load(&load).await.map(drop).expect("a load that fits the switch") });
    }
    runs.join_all().await;
}

async fn chats(sender: Arc<Sender>, desk: String, stop: CancellationToken) {
    let mut number = 0;
    while !stop.is_cancelled() {
        let chat = format!("chat-{desk}-{number}");
        let visitor = Visitor {
            id: format!("visitor-{desk}-{}", number % 10),
            phone: Some(format!("138 0013 {:04}", 8000 + number % 40)),
            phone_verified: Some(true),
            ..Visitor::default()
        };
        let mut events = vec![story::opened(&chat, &visitor, Some("service"), None)];
        for message in 1..=MESSAGES {
            let text = format!("message {message}");
            events.push(story::text(&chat, &format!("{chat}-m{message}"), "visitor", Some(&visitor.id), &text));
        }
        events.push(story::closed(&chat, None, None));
        for event in events {
            sender.send(&event).await;
            tokio::time::sleep(CHAT_PACE).await;
        }
        number += 1;
    }
}
