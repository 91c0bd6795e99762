//! A client of a few lines, with framing of its own, so that the simulator is not tested by itself.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Listening, Scenario};

pub(crate) const SWITCH: &str = r#"
[switch]
stations = ["4750-4752"]
skills = ["601"]
vdns = ["65067"]
[[users]]
name = "cti"
password = "p<&>ss"
[[agents]]
id = "1001"
station = "4750"
skills = ["601"]
"#;

/// A simulator with [`SWITCH`] and more administration before it.
pub(crate) async fn simulator(more: &str) -> AvayaDmcc {
    let scenario = Scenario::parse(&format!("{more}\n{SWITCH}")).expect("valid");
    AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("starts")
}

/// One frame: invoke id and document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) invoke_id: String,
    pub(crate) document: String,
}

impl Message {
    pub(crate) fn is(&self, root: &str) -> bool {
        self.document.contains(&format!("?><{root} "))
    }

    /// Text of the first element of this name.
    pub(crate) fn text(&self, name: &str) -> &str {
        let start = self.document.find(&format!("<{name}")).unwrap_or_else(|| panic!("no {name}: {}", self.document));
        let text = &self.document[start..];
        text.split_once('>').and_then(|(_, text)| text.split_once('<')).map_or("", |(text, _)| text)
    }

    pub(crate) fn root(&self) -> &str {
        self.document.split_once("?><").and_then(|(_, rest)| rest.split([' ', '/', '>']).next()).unwrap_or("")
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    next: u16,
}

impl Client {
    pub(crate) async fn connect(simulator: &AvayaDmcc) -> Self {
        Self::dial(simulator.addr()).await
    }

    pub(crate) async fn dial(address: std::net::SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.expect("listening"), next: 0 }
    }

    /// Connects and logs in. `session`: an old one to recover, or empty.
    pub(crate) async fn log_in(simulator: &AvayaDmcc, session: &str) -> (Self, String) {
        let mut client = Self::connect(simulator).await;
        let answer = client.start(session, 60, 60).await;
        assert!(answer.is("StartApplicationSessionPosResponse"), "{answer:?}");
        let id = answer.text("sessionID").to_owned();
        (client, id)
    }

    pub(crate) async fn start(&mut self, session: &str, duration: u32, cleanup: u32) -> Message {
        self.ask(&start_session("cti", "p&lt;&amp;>ss", "ed3/priv6", session, duration, cleanup)).await
    }

    pub(crate) async fn send(&mut self, invoke_id: u16, document: &str) {
        let length = u16::try_from(document.len() + 8).expect("short");
        let mut bytes = vec![0, 0];
        bytes.extend(length.to_be_bytes());
        bytes.extend(format!("{invoke_id:04}").bytes());
        bytes.extend(document.bytes());
        self.stream.write_all(&bytes).await.expect("connected");
    }

    pub(crate) async fn receive(&mut self) -> Message {
        self.try_receive().await.expect("the server answers")
    }

    /// `None`: the connection was closed.
    pub(crate) async fn try_receive(&mut self) -> Option<Message> {
        let (header, body) = self.try_receive_frame().await?;
        assert_eq!(header[..2], [0, 0]);
        let document = String::from_utf8(body).expect("UTF-8");
        Some(Message { invoke_id: String::from_utf8_lossy(&header[4..]).into_owned(), document })
    }

    pub(crate) async fn try_receive_frame(&mut self) -> Option<([u8; 8], Vec<u8>)> {
        let mut header = [0; 8];
        self.stream.read_exact(&mut header).await.ok()?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let mut body = vec![0; length.saturating_sub(8)];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((header, body))
    }

    /// The next message of this root; whatever else comes before is let go.
    pub(crate) async fn until(&mut self, root: &str) -> Message {
        loop {
            let message = self.receive().await;
            if message.is(root) {
                return message;
            }
        }
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask(&mut self, document: &str) -> Message {
        let invoke_id = self.next;
        self.next += 1;
        self.send(invoke_id, document).await;
        loop {
            let message = self.receive().await;
            if message.invoke_id == format!("{invoke_id:04}") && !message.is("SystemStatus") {
                return message;
            }
        }
    }

    /// Sets a monitor and answers its cross reference.
    pub(crate) async fn monitor(&mut self, device: &str, kind: &str) -> String {
        let answer = self.ask(&monitor_start(device, kind, "")).await;
        assert!(answer.is("MonitorStartResponse"), "{answer:?}");
        answer.text("monitorCrossRefID").to_owned()
    }

    /// The roots of the next events, with their cross references.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<(String, String)> {
        let mut events = Vec::new();
        for _ in 0..count {
            let event = self.receive().await;
            assert_eq!(event.invoke_id, "9999", "{event:?}");
            events.push((event.root().to_owned(), event.text("monitorCrossRefID").to_owned()));
        }
        events
    }
}

pub(crate) fn start_session(
    user: &str,
    password: &str,
    version: &str,
    session: &str,
    duration: u32,
    cleanup: u32,
) -> String {
    format!(
        "<a:StartApplicationSession xmlns:a='urn:any'><a:applicationInfo><a:applicationID>t</a:applicationID>\
         <a:applicationSpecificInfo><SessionLoginInfo xmlns='http://www.avaya.com/csta'>\
         <sessionCleanupDelay>{cleanup}</sessionCleanupDelay><sessionID>{session}</sessionID>\
         <userName>{user}</userName><password>{password}</password></SessionLoginInfo></a:applicationSpecificInfo>\
         </a:applicationInfo><a:requestedProtocolVersions><a:protocolVersion>urn:future</a:protocolVersion>\
         <a:protocolVersion>http://www.ecma-international.org/standards/ecma-323/csta/{version}</a:protocolVersion>\
         </a:requestedProtocolVersions><a:requestedSessionDuration>{duration}</a:requestedSessionDuration>\
         </a:StartApplicationSession>"
    )
}

pub(crate) fn monitor_start(device: &str, kind: &str, more: &str) -> String {
    format!(
        "<MonitorStart xmlns='http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv6'><monitorObject>\
         <deviceObject typeOfNumber='other'>{device}</deviceObject></monitorObject>{more}\
         <monitorType>{kind}</monitorType></MonitorStart>"
    )
}
