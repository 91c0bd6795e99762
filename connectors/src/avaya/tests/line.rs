//! A session under test: the protocol, a clock, and a made-up AES that answers from the wire facts.

use std::collections::{BTreeMap, HashMap, HashSet};

use trunkline_events::{Event, Timestamp};

use super::compose::{Told, event_frame};
use super::story::lines;
use crate::avaya::params::Params;
use crate::avaya::protocol::Dmcc;
use crate::avaya::wire::frame::{Frames, frame};
use crate::avaya::wire::xml::{Document, Element};
use crate::contract::{Action, Actions, Input, Protocol, ProtocolError, SourceId};

/// 2026-01-01T00:00:00Z, in milliseconds.
pub(crate) const START: i64 = 1_767_225_600_000;

/// A call as the switch knows it: calling, called, UCID, connections.
type Known = (String, String, String, Vec<(&'static str, &'static str)>);

/// The far side.
#[derive(Default)]
pub(crate) struct Aes {
    /// Sessions it knows.
    pub(crate) sessions: HashSet<String>,
    sessions_made: u32,
    monitors_made: u32,
    /// Cross reference by device and type.
    pub(crate) monitors: BTreeMap<String, String>,
    /// Connections at devices: call id and state.
    pub(crate) at: HashMap<String, Vec<(&'static str, &'static str)>>,
    /// Calls it knows: calling, called, UCID, connections.
    pub(crate) calls: HashMap<String, Known>,
    /// UCIDs it tells when asked.
    pub(crate) linkage: HashMap<String, String>,
    /// Agents by station: id, state.
    pub(crate) agents: HashMap<String, (&'static str, &'static str)>,
    /// Answers to the next requests of a root, instead of its own.
    pub(crate) scripted: HashMap<String, Vec<String>>,
    /// Roots that it does not answer.
    pub(crate) silent: HashSet<String>,
}

/// A request that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) invoke: u16,
    pub(crate) root: String,
    pub(crate) body: String,
    /// What the frame's length field says.
    pub(crate) length: usize,
    pub(crate) at: i64,
}

/// The session and all it did.
pub(crate) struct Line {
    pub(crate) dmcc: Dmcc,
    pub(crate) now: i64,
    pub(crate) aes: Aes,
    pub(crate) events: Vec<Event>,
    all: Vec<Event>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) errors: Vec<ProtocolError>,
    pub(crate) archived: usize,
    pub(crate) checkpoint: Option<Vec<u8>>,
    /// The driver reads.
    pub(crate) reading: bool,
    timers: BTreeMap<&'static str, i64>,
    unanswered: Vec<Sent>,
}

/// Parameters of the test site.
pub(crate) fn params(more: &str) -> Params {
    let toml = format!(
        "[params]\nhost = \"aes.example.test\"\nuser = \"trunkline\"\npassword = \"s3cret & <more>\"\nswitch_name = \"CM1\"\n{more}"
    );
    let value: config::Value = config::Config::builder()
        .add_source(config::File::from_str(&toml, config::FileFormat::Toml))
        .build()
        .and_then(|built| built.get("params"))
        .expect("test TOML");
    Params::read(&value).expect("good parameters")
}

/// Stations 4750–4752, one VDN, one skill.
pub(crate) const SITE: &str = "stations = [\"4750-4752\"]\nvdns = [\"65067\"]\nskills = [\"601\"]\nrecorder_devices = [\"4990\"]\nmonitor_rate_per_second = 50\n";

impl Line {
    /// A fresh process with these parameters, not connected.
    pub(crate) fn new(more: &str) -> Self {
        Self::restored(more, None, START)
    }

    /// A process that finds a checkpoint (or none).
    pub(crate) fn restored(more: &str, checkpoint: Option<&[u8]>, now: i64) -> Self {
        let id = SourceId::new("avaya-test").expect("a name");
        let mut line = Self {
            dmcc: Dmcc::new(&id, params(more).settings),
            now,
            aes: Aes::default(),
            events: Vec::new(),
            all: Vec::new(),
            sent: Vec::new(),
            errors: Vec::new(),
            archived: 0,
            checkpoint: checkpoint.map(<[u8]>::to_vec),
            reading: true,
            timers: BTreeMap::new(),
            unanswered: Vec::new(),
        };
        line.give(Input::Restored(checkpoint));
        line
    }

    /// The usual site, connected, all monitors set, nothing told yet.
    pub(crate) fn ready() -> Self {
        Self::ready_with(SITE)
    }

    pub(crate) fn ready_with(more: &str) -> Self {
        let mut line = Self::new(more);
        line.open();
        line.events.clear();
        line
    }

    /// Connects and lets the AES answer until all is quiet.
    pub(crate) fn open(&mut self) {
        self.give(Input::Opened { peer: "aes.example.test:4722" });
        self.settle();
    }

    /// The connection breaks.
    pub(crate) fn close(&mut self) {
        self.unanswered.clear();
        self.give(Input::Closed { reason: "reset by peer" });
    }

    /// Gives one input and carries out what it asks for.
    pub(crate) fn give(&mut self, input: Input<'_>) {
        let now = Timestamp::from_unix_millis(self.now).expect("a time");
        let mut actions = Actions::new(now).reading(self.reading);
        if let Err(error) = self.dmcc.on(input, &mut actions) {
            self.errors.push(error);
        }
        for action in actions.into_list() {
            match action {
                Action::Send(bytes) => self.take_request(&bytes),
                Action::Emit(event) => {
                    self.all.push((*event).clone());
                    self.events.push(*event);
                }
                Action::Timer { timer, after: Some(after) } => {
                    self.timers.insert(timer, self.now + i64::try_from(after.as_millis()).expect("short"));
                }
                Action::Timer { timer, after: None } => drop(self.timers.remove(timer)),
                Action::Checkpoint(bytes) => self.checkpoint = Some(bytes),
                Action::Archive { .. } => self.archived += 1,
                Action::CommandDone { result, .. } => assert_eq!(result, Ok(())),
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    fn take_request(&mut self, bytes: &[u8]) {
        let mut frames = Frames::default();
        frames.push(bytes);
        let frame = frames.next().expect("framed").expect("whole");
        let document = Document::parse(&frame.body).expect("well-formed");
        let body = String::from_utf8(frame.body.to_vec()).expect("UTF-8");
        let sent = Sent {
            invoke: frame.invoke,
            root: document.root().name().to_owned(),
            body: body.clone(),
            length: usize::from(u16::from_be_bytes([bytes[2], bytes[3]])),
            at: self.now,
        };
        self.unanswered.push(sent.clone());
        self.sent.push(sent);
    }

    /// Lets the AES answer, and the clock run while requests are paced, until all is quiet.
    pub(crate) fn settle(&mut self) {
        loop {
            self.answer_all();
            let Some(due) = self.timers.get("pace").copied().filter(|due| *due <= self.now + 1500) else { return };
            self.timers.remove("pace");
            self.now = self.now.max(due);
            self.give(Input::Tick { timer: "pace" });
        }
    }

    fn answer_all(&mut self) {
        while !self.unanswered.is_empty() {
            let request = self.unanswered.remove(0);
            if let Some(answer) = self.aes.answer(&request) {
                self.give(Input::Bytes(&frame(request.invoke, &answer).expect("fits")));
            }
        }
    }

    /// Lets time pass: timers fire in order, the AES answers.
    pub(crate) fn pass(&mut self, milliseconds: i64) {
        let end = self.now + milliseconds;
        loop {
            self.answer_all();
            let next = self.timers.iter().min_by_key(|(_, due)| **due).map(|(timer, due)| (*timer, *due));
            match next.filter(|(_, due)| *due <= end) {
                Some((timer, due)) => {
                    self.timers.remove(timer);
                    self.now = self.now.max(due);
                    self.give(Input::Tick { timer });
                }
                None => break,
            }
        }
        self.now = end;
    }

    /// The AES tells an event by the monitor of a point, like `device 4750` or `call 65067`.
    pub(crate) fn hear(&mut self, point: &str, told: Told) {
        let cross_ref = self.aes.monitors.get(point).expect("monitored").clone();
        self.frame(&told.by(&cross_ref).frame());
    }

    /// The AES tells an event by a document whose monitor is written as `m1`.
    pub(crate) fn hear_xml(&mut self, point: &str, xml: &str) {
        let cross_ref = self.aes.monitors.get(point).expect("monitored");
        let xml = xml.replace(">m1<", &format!(">{cross_ref}<"));
        self.frame(&event_frame(&xml));
    }

    /// Bytes from the AES.
    pub(crate) fn frame(&mut self, bytes: &[u8]) {
        self.give(Input::Bytes(bytes));
        self.answer_all();
    }

    /// What was told since the last look, as lines.
    pub(crate) fn story(&mut self) -> Vec<String> {
        lines(&std::mem::take(&mut self.events))
    }

    /// Everything of a type that was ever told.
    pub(crate) fn told(&self, kind: &str) -> Vec<&Event> {
        self.all.iter().filter(|event| event.event_type() == kind).collect()
    }

    /// Requests of a root.
    pub(crate) fn requests(&self, root: &str) -> Vec<&Sent> {
        self.sent.iter().filter(|sent| sent.root == root).collect()
    }

    /// When a timer is due.
    pub(crate) fn due(&self, timer: &str) -> Option<i64> {
        self.timers.get(timer).map(|due| due - self.now)
    }
}

impl Aes {
    fn answer(&mut self, request: &Sent) -> Option<String> {
        if let Some(scripted) = self.scripted.get_mut(&request.root).filter(|answers| !answers.is_empty()) {
            return Some(scripted.remove(0));
        }
        if self.silent.contains(&request.root) {
            return None;
        }
        let document = Document::parse(request.body.as_bytes()).expect("well-formed");
        let root = document.root();
        let extension = |path: &[&str]| {
            let id = root.path(path).map(|device| device.text().to_owned()).unwrap_or_default();
            id.split(':').next().unwrap_or_default().to_owned()
        };
        Some(match request.root.as_str() {
            "StartApplicationSession" => {
                let wanted = root.find("sessionID").and_then(Element::filled).map(str::to_owned);
                self.start(wanted)
            }
            "ResetApplicationSessionTimer" => {
                let known = root.text_of("sessionID").is_some_and(|id| self.sessions.contains(id));
                if known {
                    answer(
                        "ResetApplicationSessionTimerPosResponse",
                        "<actualSessionDuration>180</actualSessionDuration>",
                    )
                } else {
                    refused("ResetApplicationSessionTimerNegResponse", "invalidSessionID")
                }
            }
            "MonitorStart" => {
                self.monitors_made += 1;
                let cross_ref = format!("x{}", self.monitors_made);
                let kind = root.text_of("monitorType").unwrap_or("device");
                self.monitors
                    .insert(format!("{kind} {}", extension(&["monitorObject", "deviceObject"])), cross_ref.clone());
                answer("MonitorStartResponse", &format!("<monitorCrossRefID>{cross_ref}</monitorCrossRefID>"))
            }
            "GetThirdPartyDeviceId" => answer(
                "GetThirdPartyDeviceIdResponse",
                &format!("<device>{}:CM1:192.0.2.10:0</device>", root.text_of("extension").unwrap_or_default()),
            ),
            "SnapshotDevice" => self.snapshot_device(&extension(&["snapshotObject"])),
            "SnapshotCall" => {
                self.snapshot_call(root.path(&["snapshotObject", "callID"]).map(Element::text).unwrap_or_default())
            }
            "GetCallLinkageData" => {
                self.call_linkage(root.path(&["call", "callID"]).map(Element::text).unwrap_or_default())?
            }
            "GetAgentState" => self.agent_state(&extension(&["device"])),
            "SystemStatusResponse" | "MonitorStopResponse" => return None,
            other => answer(&format!("{other}Response"), ""),
        })
    }

    fn start(&mut self, wanted: Option<String>) -> String {
        let session = match wanted {
            Some(id) if self.sessions.contains(&id) => id,
            Some(_) => return refused("StartApplicationSessionNegResponse", "invalidApplicationInfo"),
            None => {
                self.sessions_made += 1;
                self.monitors.clear();
                format!("469421A9364D46D6444524AE41BEAD72-{}", self.sessions_made)
            }
        };
        self.sessions.insert(session.clone());
        answer(
            "StartApplicationSessionPosResponse",
            &format!(
                "<sessionID>{session}</sessionID><actualProtocolVersion>http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv6</actualProtocolVersion><actualSessionDuration>180</actualSessionDuration>"
            ),
        )
    }

    fn snapshot_device(&self, extension: &str) -> String {
        let infos: String = self.at.get(extension).into_iter().flatten().map(|(call, state)| format!("<snapshotDeviceResponseInfo><connectionIdentifier><deviceID>{extension}:CM1::0</deviceID><callID>{call}</callID></connectionIdentifier><localCallState><compoundCallState><localConnectionState>{state}</localConnectionState><localConnectionState>connected</localConnectionState></compoundCallState></localCallState></snapshotDeviceResponseInfo>")).collect::<Vec<_>>().concat();
        answer(
            "SnapshotDeviceResponse",
            &format!("<crossRefIDorSnapshotData><snapshotData>{infos}</snapshotData></crossRefIDorSnapshotData>"),
        )
    }

    fn snapshot_call(&self, call: &str) -> String {
        let Some((calling, called, ucid, connections)) = self.calls.get(call) else {
            return error("operation", "invalidCallID");
        };
        let infos: String = connections.iter().map(|(device, state)| format!("<snapshotCallResponseInfo><deviceOnCall><deviceIdentifier>{device}:CM1::0</deviceIdentifier></deviceOnCall><callIdentifier><callID>{call}</callID><deviceID>{device}:CM1::0</deviceID></callIdentifier><localConnectionInfo>{state}</localConnectionInfo></snapshotCallResponseInfo>")).collect::<Vec<_>>().concat();
        answer(
            "SnapshotCallResponse",
            &format!(
                "<crossRefIDorSnapshotData><snapshotData>{infos}</snapshotData></crossRefIDorSnapshotData><callingDevice><deviceIdentifier>{calling}:CM1::0</deviceIdentifier></callingDevice><calledDevice><deviceIdentifier>{called}:CM1::0</deviceIdentifier></calledDevice><callLinkageData><globalCallData><globalCallLinkageID><globallyUniqueCallLinkageID>{ucid}</globallyUniqueCallLinkageID></globalCallLinkageID></globalCallData></callLinkageData>"
            ),
        )
    }

    fn call_linkage(&self, call: &str) -> Option<String> {
        let ucid = self.linkage.get(call)?;
        let id = format!("<globallyUniqueCallLinkageID>{ucid}</globallyUniqueCallLinkageID>");
        let data = format!("<globalCallData><globalCallLinkageID>{id}</globalCallLinkageID></globalCallData>");
        Some(answer("GetCallLinkageDataResponse", &format!("<callLinkageData>{data}</callLinkageData>")))
    }

    fn agent_state(&self, extension: &str) -> String {
        let entry = self.agents.get(extension).map_or(String::new(), |(id, state)| format!("<agentStateEntry><agentID>{id}</agentID><loggedOnState>true</loggedOnState><agentInfo><agentInfoItem><acdGroup>601:CM1::0</acdGroup><agentState>{state}</agentState></agentInfoItem></agentInfo></agentStateEntry>"));
        answer("GetAgentStateResponse", &format!("<agentStateList>{entry}</agentStateList>"))
    }
}

/// A positive answer.
pub(crate) fn answer(root: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root} xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed3\">{inner}</{root}>"
    )
}

/// A negative answer of the session services.
pub(crate) fn refused(root: &str, defined: &str) -> String {
    answer(root, &format!("<errorCode><definedError>{defined}</definedError></errorCode>"))
}

/// A `CSTAErrorCode`.
pub(crate) fn error(category: &str, code: &str) -> String {
    answer("CSTAErrorCode", &format!("<{category}>{code}</{category}>"))
}
