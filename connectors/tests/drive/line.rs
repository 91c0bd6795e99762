//! A protocol of lines, and the far side of it.
//!
//! To us: `say <id>` (an event), `bad`, `reset`, `deny`, `fatal`, `resynced`, `done <key>`. From us: `hello <events before>` when
//! the link opens, `ping` every few milliseconds, `do <key>`, `bye`.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use trunkline_connectors::contract::{
    Action, Actions, Built, Disposition, Input, Protocol, ProtocolError, SourceId, Tls, Transport,
};
use trunkline_events::{Body, Event, EventId, Timestamp, chat, link};

use crate::store::within;

const PING: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    said: u64,
}

impl Lines {
    fn line(&mut self, line: &str, out: &mut Actions) -> Result<(), ProtocolError> {
        let refused = |disposition| ProtocolError { disposition, reason: line.to_owned(), raw: None };
        match line.split_once(' ').unwrap_or((line, "")) {
            ("say", id) => {
                self.said += 1;
                out.push(Action::Emit(Box::new(message(id, out.now()))));
                out.push(Action::Checkpoint(self.said.to_string().into_bytes()));
            }
            ("done", key) => out.push(Action::CommandDone { key: key.to_owned(), result: Ok(()) }),
            ("cannot", key) => out.push(Action::CommandDone { key: key.to_owned(), result: Err("cannot".to_owned()) }),
            ("resynced", _) => {
                let body = Body::LinkResynced(link::Resynced { read: 1, vanished: 0 });
                out.push(Action::Emit(Box::new(Event { body, ..message("resynced", out.now()) })));
            }
            ("deny", _) => return Err(refused(Disposition::Denied)),
            ("fatal", _) => return Err(refused(Disposition::Fatal)),
            ("reset", _) => out.push(Action::Reset { reason: "asked for".to_owned() }),
            ("panic", _) => panic!("asked for"),
            _ => return Err(ProtocolError::skip("not a line of ours", Bytes::copy_from_slice(line.as_bytes()))),
        }
        Ok(())
    }
}

fn message(id: &str, now: Timestamp) -> Event {
    Event {
        id: EventId::derive("", id, "say", ""),
        source: String::new(),
        subject: None,
        time: now,
        received: now,
        partition_key: "one".to_owned(),
        causation: None,
        sequence: None,
        body: Body::ChatMessage(chat::Message {
            chat: chat::ChatRef { id: "one".to_owned(), channel: "test".to_owned() },
            message_id: id.to_owned(),
            author: chat::Author::Visitor,
            author_id: None,
            content: chat::Content::Text { text: id.to_owned() },
            written_at: None,
        }),
    }
}

fn send(out: &mut Actions, line: &str) {
    out.push(Action::Send(Bytes::from(format!("{line}\n"))));
}

impl Protocol for Lines {
    fn on(&mut self, input: Input<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        match input {
            Input::Restored(state) => {
                self.said = state.and_then(|state| std::str::from_utf8(state).ok()?.parse().ok()).unwrap_or_default();
            }
            Input::Opened { .. } => {
                self.buffer.clear();
                send(out, &format!("hello {}", self.said));
                out.push(Action::Timer { timer: "ping", after: Some(PING) });
            }
            Input::Tick { timer } => {
                send(out, timer);
                out.push(Action::Timer { timer, after: Some(PING) });
            }
            Input::Bytes(bytes) => {
                self.buffer.extend_from_slice(bytes);
                let bytes = std::mem::take(&mut self.buffer);
                let mut rest = &bytes[..];
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let (line, after) = rest.split_at(end + 1);
                    rest = after;
                    if let Err(error) = self.line(String::from_utf8_lossy(line).trim_end(), out) {
                        self.buffer = rest.to_vec();
                        return Err(error);
                    }
                }
                self.buffer = rest.to_vec();
            }
            Input::Command(command) => send(out, &format!("do {}", command.key)),
            Input::Closed { .. } => out.push(Action::Timer { timer: "ping", after: None }),
            Input::Stopping => send(out, "bye"),
            Input::Response { .. } | Input::Webhook(_) => {}
        }
        Ok(())
    }

    fn for_peer(&self) -> Option<Box<dyn Protocol>> {
        Some(Box::new(Self::default()))
    }
}

pub(crate) fn id() -> SourceId {
    SourceId::new("lines").expect("a name")
}

pub(crate) fn client(port: u16, tls: Option<Tls>) -> Built {
    let transport = Transport::TcpClient { host: "localhost".to_owned(), port, others: Vec::new(), tls };
    Built { transport, protocol: Box::new(Lines::default()) }
}

/// The far side: a server that takes one connection at a time.
pub(crate) struct FarSide(TcpListener);

impl FarSide {
    pub(crate) async fn new() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port"))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    pub(crate) async fn accept(&self) -> TcpStream {
        within(self.0.accept()).await.expect("a connection").0
    }

    pub(crate) async fn peer(&self) -> Peer<TcpStream> {
        Peer::new(self.accept().await)
    }
}

/// One connection of the far side.
pub(crate) struct Peer<S>(pub(crate) BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub(crate) async fn say(&mut self, text: &str) {
        within(self.0.get_mut().write_all(text.as_bytes())).await.expect("sent");
        within(self.0.get_mut().flush()).await.expect("sent");
    }

    /// The next line that is no ping; `None` at the end.
    pub(crate) async fn hears(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            match within(self.0.read_line(&mut line)).await {
                Ok(1..) if line.trim_end() == "ping" => {}
                Ok(1..) => return Some(line.trim_end().to_owned()),
                Ok(0) | Err(_) => return None,
            }
        }
    }

    pub(crate) async fn hears_ping(&mut self) {
        let mut line = String::new();
        within(self.0.read_line(&mut line)).await.expect("a line");
    }
}
