use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::sync::{mpsc, watch};
use trunkline_events::{Body, Event, Timestamp};

use super::*;
use crate::contract::{Action, Actions, Protocol, ProtocolError};
use crate::drive::commands::{Commands, nothing_done};
use crate::drive::desk::{Trunk, Will};
use crate::drive::line::Line;
use crate::drive::publish::Parcel;
use crate::drive::status::Board;
use crate::drive::{Host, Intake, IntakeClosed};

/// The bus is away for the whole test.
struct Nowhere;

#[async_trait]
impl Intake for Nowhere {
    async fn accept(&self, _: Vec<Event>) -> Result<(), IntakeClosed> {
        std::future::pending().await
    }
}

/// An event for each byte, and a keep-alive every millisecond.
struct Bytewise(Arc<Line>);

impl Protocol for Bytewise {
    fn on(&mut self, input: Input<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        match input {
            Input::Bytes(bytes) => bytes.iter().for_each(|_| out.push(Action::Emit(self.0.up(out.now(), "x")))),
            Input::Opened { .. } => {}
            Input::Tick { .. } => out.push(Action::Send(Bytes::from_static(b"."))),
            _ => return Ok(()),
        }
        out.push(Action::Timer { timer: "keep-alive", after: Some(Duration::from_millis(1)) });
        Ok(())
    }
}

fn desk(queue: mpsc::Sender<Parcel>) -> Desk {
    let counter = || metrics::counter!("test");
    let line = Arc::new(Line::new("/connectors/test".to_owned(), "epoch".to_owned()));
    let trunk = Trunk {
        name: "test".to_owned(),
        host: Host::new(Arc::new(Nowhere), "unused"),
        line: Arc::clone(&line),
        board: Board::new("test", "epoch", || Timestamp::EPOCH),
        queue,
        will: watch::Sender::new(Will::Run).subscribe(),
        resyncs: false,
        bytes_in: counter(),
        bytes_out: counter(),
        losses: counter(),
    };
    let (_, calls) = mpsc::channel(1);
    Desk::new(trunk, Box::new(Bytewise(line)), Commands::new(nothing_done()), calls)
}

#[tokio::test]
async fn nothing_is_read_while_the_queue_is_full_but_keep_alives_are_sent() {
    let (queue, mut parcels) = mpsc::channel(8);
    let (ours, theirs) = duplex(16);
    let (mut hearing, mut saying) = tokio::io::split(theirs);
    let (operator, will) = watch::channel(Will::Run);
    let mut desk = desk(queue);
    desk.trunk.will = will;
    let talking = tokio::spawn(async move { converse(&mut desk, ours, "peer").await });
    let said = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counting = Arc::clone(&said);
    let flood = tokio::spawn(async move {
        while saying.write_all(b"x").await.is_ok() {
            counting.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let mut keep_alive = [0];
    for _ in 0..100 {
        hearing.read_exact(&mut keep_alive).await.expect("keep-alives flow");
    }
    let read = said.load(std::sync::atomic::Ordering::Relaxed);
    assert!(read <= 8 + 2 * 16, "{read} bytes were taken although 8 events fill the queue");

    let mut taken = 0;
    while taken < 100 {
        if let Parcel::Event(event) = parcels.recv().await.expect("events") {
            taken += usize::from(matches!(event.body, Body::LinkUp(_)));
        }
    }
    flood.abort();
    operator.send_replace(Will::Stop);
    assert_eq!(talking.await.expect("no panic"), Ending::Leave, "and it goes on once there is room");
}
