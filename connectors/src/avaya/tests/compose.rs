//! Composes events from the tables of protocol notes 1.5–1.8: children in the schema's order. Composed, not captured.

use crate::avaya::wire::frame::{EVENT, frame};

const ED3: &str = "http://www.ecma-international.org/standards/ecma-323/csta/ed3";
const TAIL: &[&str] = &[
    "localConnectionInfo",
    "correlatorData",
    "userData",
    "cause",
    "networkCallingDevice",
    "networkCalledDevice",
    "callLinkageData",
    "callLinkageDataList",
    "extensions",
];

/// Root, the connection's name, the subject's name, the other device's name, and all children before the tail.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const TABLE: &[Row] = &[
    (
        "ServiceInitiatedEvent",
        "initiatedConnection",
        "initiatingDevice",
        "",
        &["initiatedConnection", "initiatingDevice"],
    ),
    (
        "OriginatedEvent",
        "originatedConnection",
        "callingDevice",
        "",
        &["originatedConnection", "callingDevice", "calledDevice"],
    ),
    (
        "DeliveredEvent",
        "connection",
        "alertingDevice",
        "",
        &["connection", "alertingDevice", "callingDevice", "calledDevice", "lastRedirectionDevice"],
    ),
    (
        "EstablishedEvent",
        "establishedConnection",
        "answeringDevice",
        "",
        &["establishedConnection", "answeringDevice", "callingDevice", "calledDevice", "lastRedirectionDevice"],
    ),
    (
        "QueuedEvent",
        "queuedConnection",
        "queue",
        "",
        &[
            "queuedConnection",
            "queue",
            "callingDevice",
            "calledDevice",
            "lastRedirectionDevice",
            "numberQueued",
            "callsInFront",
        ],
    ),
    (
        "DivertedEvent",
        "connection",
        "divertingDevice",
        "newDestination",
        &["connection", "divertingDevice", "newDestination", "callingDevice", "calledDevice"],
    ),
    (
        "FailedEvent",
        "failedConnection",
        "failingDevice",
        "",
        &["failedConnection", "failingDevice", "callingDevice", "calledDevice", "lastRedirectionDevice"],
    ),
    ("HeldEvent", "heldConnection", "holdingDevice", "", &["heldConnection", "holdingDevice"]),
    ("RetrievedEvent", "retrievedConnection", "retrievingDevice", "", &["retrievedConnection", "retrievingDevice"]),
    ("ConnectionClearedEvent", "droppedConnection", "releasingDevice", "", &["droppedConnection", "releasingDevice"]),
    ("CallClearedEvent", "clearedCall", "", "", &["clearedCall"]),
    (
        "TransferedEvent",
        "primaryOldCall",
        "transferringDevice",
        "transferredToDevice",
        &["primaryOldCall", "secondaryOldCall", "transferringDevice", "transferredToDevice", "transferredConnections"],
    ),
    (
        "ConferencedEvent",
        "primaryOldCall",
        "conferencingDevice",
        "addedParty",
        &["primaryOldCall", "secondaryOldCall", "conferencingDevice", "addedParty", "conferenceConnections"],
    ),
    (
        "NetworkReachedEvent",
        "outboundConnection",
        "networkInterfaceUsed",
        "",
        &["outboundConnection", "networkInterfaceUsed", "callingDevice", "calledDevice"],
    ),
    ("CallInformationEvent", "connection", "device", "", &["connection", "device", "callingDevice"]),
    ("EnteredDigitsEvent", "connection", "device", "", &["connection", "digits", "device"]),
];

/// One event being built.
#[derive(Clone)]
pub(crate) struct Told {
    row: &'static Row,
    monitor: String,
    call: String,
    device: Option<String>,
    children: Vec<(&'static str, String)>,
    private: Vec<(&'static str, String)>,
    namespace: &'static str,
    prefix: &'static str,
    reversed: bool,
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn device_id(number: &str) -> String {
    format!("{}:CM1::0", escape(number))
}

fn device(number: &str) -> String {
    match number {
        "restricted" => "<restricted/>".to_owned(),
        "?" => "<notKnown/>".to_owned(),
        number => format!(
            "<deviceIdentifier typeOfNumber=\"other\" mediaClass=\"notKnown\" bitRate=\"constant\">{}</deviceIdentifier>",
            device_id(number)
        ),
    }
}

fn linkage(ucid: &str) -> String {
    format!(
        "<globalCallData><globalCallLinkageID><globallyUniqueCallLinkageID>{ucid}</globallyUniqueCallLinkageID></globalCallLinkageID></globalCallData>"
    )
}

/// An event of a root, told by monitor `m1` of call 179.
pub(crate) fn told(root: &str) -> Told {
    let row = TABLE.iter().find(|row| row.0 == root).expect("a row of the table");
    Told {
        row,
        monitor: "m1".to_owned(),
        call: "179".to_owned(),
        device: None,
        children: Vec::new(),
        private: Vec::new(),
        namespace: ED3,
        prefix: "",
        reversed: false,
    }
}

impl Told {
    fn put(mut self, name: &'static str, inner: String) -> Self {
        self.children.retain(|(known, _)| *known != name);
        self.children.push((name, inner));
        self
    }
    fn connection(&self, call: &str, number: Option<&str>) -> String {
        let call = format!("<callID>{call}</callID>");
        let device = number.map_or(String::new(), |number| {
            format!("<deviceID typeOfNumber=\"other\">{}</deviceID>", device_id(number))
        });
        if self.reversed { format!("{device}{call}") } else { format!("{call}{device}") }
    }
    pub(crate) fn by(mut self, monitor: &str) -> Self {
        monitor.clone_into(&mut self.monitor);
        self
    }
    pub(crate) fn call(mut self, call: &str) -> Self {
        call.clone_into(&mut self.call);
        self
    }
    /// The device it happens at.
    pub(crate) fn at(mut self, number: &str) -> Self {
        self.device = Some(number.to_owned()).filter(|number| number != "?");
        let subject = self.row.2;
        if subject.is_empty() { self } else { self.put(subject, device(number)) }
    }
    /// Another subject than the connection's device: who released, who transferred.
    pub(crate) fn subject(self, number: &str) -> Self {
        let name = self.row.2;
        self.put(name, device(number))
    }
    pub(crate) fn to(self, number: &str) -> Self {
        let name = self.row.3;
        self.put(name, device(number))
    }
    pub(crate) fn from(self, number: &str, called: &str) -> Self {
        self.put("callingDevice", device(number)).put("calledDevice", device(called))
    }
    pub(crate) fn redirected(self, number: &str) -> Self {
        self.put("lastRedirectionDevice", format!("<numberDialed>{}</numberDialed>", device_id(number)))
    }
    pub(crate) fn secondary(self, call: &str, number: &str) -> Self {
        let connection = self.connection(call, Some(number));
        self.put("secondaryOldCall", connection)
    }
    /// The connections after a transfer or conference.
    pub(crate) fn result(self, call: &str, numbers: &[&str]) -> Self {
        let items: String = numbers
            .iter()
            .map(|number| format!("<connectionListItem><newConnection>{}</newConnection><endpoint><deviceID>{}</deviceID></endpoint></connectionListItem>", self.connection(call, Some(number)), device_id(number)))
            .collect::<Vec<_>>().concat();
        let name = self.row.4[4];
        self.put(name, items)
    }
    pub(crate) fn state(self, state: &str) -> Self {
        self.put("localConnectionInfo", state.to_owned())
    }
    pub(crate) fn cause(self, cause: &str) -> Self {
        self.put("cause", cause.to_owned())
    }
    pub(crate) fn ucid(self, ucid: &str) -> Self {
        self.put("callLinkageData", linkage(ucid))
    }
    pub(crate) fn ucids(self, new: &str, old: &str) -> Self {
        let list = format!(
            "<newCallLinkageData>{}</newCallLinkageData><oldCallLinkageData>{}</oldCallLinkageData>",
            linkage(new),
            linkage(old)
        );
        self.put("callLinkageDataList", list)
    }
    pub(crate) fn uui(self, hex: &str) -> Self {
        self.put("userData", format!("<string>{}</string>", escape(hex)))
    }
    pub(crate) fn in_front(self, count: u32) -> Self {
        self.put("callsInFront", count.to_string())
    }
    fn private(mut self, name: &'static str, inner: String) -> Self {
        self.private.push((name, inner));
        self
    }
    pub(crate) fn trunk(self, group: &str) -> Self {
        self.private("trunkGroup", group.to_owned())
    }
    pub(crate) fn skill(self, number: &str) -> Self {
        self.private("acdGroup", device_id(number))
    }
    pub(crate) fn digits(self, digits: &str) -> Self {
        self.private("userEnteredCode", format!("<userEnteredCodeType>callPrompter</userEnteredCodeType><userEnteredCodeIndicator>collect</userEnteredCodeIndicator><data>{digits}</data>"))
    }
    /// Digits that were pressed in the middle of a call.
    pub(crate) fn pressed(self, digits: &str) -> Self {
        self.put("digits", digits.to_owned())
    }
    pub(crate) fn network(self, calling: &str, called: &str) -> Self {
        self.put("networkCallingDevice", device(calling)).put("networkCalledDevice", device(called))
    }
    pub(crate) fn correlator(self, hex: &str) -> Self {
        self.put("correlatorData", format!("<string>{hex}</string>"))
    }
    /// An element of the private data as it stands.
    pub(crate) fn extra(self, name: &'static str, inner: &str) -> Self {
        self.private(name, inner.to_owned())
    }
    /// The connections after a transfer or conference, with those before it.
    pub(crate) fn result_of(self, call: &str, olds: &[(&str, &str)]) -> Self {
        let item = |(old, number): &(&str, &str)| {
            let (new, old) = (self.connection(call, Some(number)), self.connection(old, Some(number)));
            format!(
                "<connectionListItem><newConnection>{new}</newConnection><oldConnection>{old}</oldConnection></connectionListItem>"
            )
        };
        let items = olds.iter().map(item).collect::<Vec<_>>().concat();
        let name = self.row.4[4];
        self.put(name, items)
    }
    pub(crate) fn distributed_by(self, number: &str) -> Self {
        self.private("distributingDevice", device(number))
    }
    pub(crate) fn vdn(self, number: &str) -> Self {
        self.private("distributingVDN", device(number))
    }
    /// The customer's side after a consultation (1), conference (2) or transfer (3).
    pub(crate) fn original(self, reason: u8, calling: &str, called: &str, ucid: &str) -> Self {
        let info = format!(
            "<reason>{reason}</reason><networkCallingDevice>{}</networkCallingDevice><networkCalledDevice>{}</networkCalledDevice><trunkGroup>12</trunkGroup><callLinkageData>{}</callLinkageData>",
            device(calling),
            device(called),
            linkage(ucid)
        );
        self.private("originalCallInfo", info)
    }
    pub(crate) fn edition(mut self, namespace: &'static str, prefix: &'static str) -> Self {
        self.namespace = namespace;
        self.prefix = prefix;
        self
    }
    /// `deviceID` before `callID` from here on.
    pub(crate) fn reversed(mut self) -> Self {
        self.reversed = true;
        self
    }
    /// The document.
    pub(crate) fn xml(&self) -> String {
        let (root, main) = (self.row.0, self.row.1);
        let mut inner = format!("<monitorCrossRefID>{}</monitorCrossRefID>", self.monitor);
        for name in self.row.4.iter().chain(TAIL) {
            let filled = self.children.iter().find(|(known, _)| known == name).map(|(_, inner)| inner.clone());
            let default = || (*name == main).then(|| self.connection(&self.call, self.device.as_deref()));
            let private = || (*name == "extensions" && !self.private.is_empty()).then(|| self.private_data());
            if let Some(content) = filled.or_else(default).or_else(private) {
                inner.extend(["<", name, ">", &content, "</", name, ">"]);
            }
        }
        document(root, self.namespace, self.prefix, &inner)
    }
    fn private_data(&self) -> String {
        let name = self.row.0.replace("Event", "EventPrivateData").replace("Transfered", "Transferred");
        let inner: String =
            self.private.iter().map(|(name, inner)| format!("<{name}>{inner}</{name}>")).collect::<Vec<_>>().concat();
        format!(
            "<privateData><private><n:{name} xmlns:n=\"http://www.avaya.com/csta\">{inner}</n:{name}></private></privateData>"
        )
    }
    /// The frame.
    pub(crate) fn frame(&self) -> Vec<u8> {
        event_frame(&self.xml())
    }
}

/// A document in a namespace; with a prefix every element carries it.
fn document(root: &str, namespace: &str, prefix: &str, inner: &str) -> String {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    if prefix.is_empty() {
        return format!("{head}<{root} xmlns=\"{namespace}\">{inner}</{root}>");
    }
    let prefixed = inner.split('<').collect::<Vec<_>>().join("<\u{1}").replace("<\u{1}/", &format!("</{prefix}:"));
    let prefixed = prefixed.replace("<\u{1}", &format!("<{prefix}:")).replace(&format!("{prefix}:n:"), "n:");
    format!(
        "{head}<{prefix}:{root} xmlns:{prefix}=\"{namespace}\">{}</{prefix}:{root}>",
        prefixed.trim_start_matches('\u{1}')
    )
}

/// An agent event of monitor `m1`.
pub(crate) fn agent(root: &str, station: &str, agent: &str, skill: Option<&str>) -> String {
    let skill = skill.map_or(String::new(), |skill| format!("<acdGroup>{}</acdGroup>", device_id(skill)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root} xmlns=\"{ED3}\"><monitorCrossRefID>m1</monitorCrossRefID><agentDevice>{}</agentDevice><agentID>{agent}</agentID>{skill}<cause>normal</cause></{root}>",
        device(station)
    )
}

/// The same with a reason code in its private data.
pub(crate) fn agent_with_reason(root: &str, station: &str, id: &str, reason: &str) -> String {
    let name = root.replace("Event", "EventPrivateData");
    let private = format!(
        "<extensions><privateData><private><a:{name} xmlns:a=\"http://www.avaya.com/csta\"><a:reasonCode>{reason}</a:reasonCode></a:{name}></private></privateData></extensions></{root}>"
    );
    agent(root, station, id, None).replace(&format!("</{root}>"), &private)
}

/// A document as an event's frame.
pub(crate) fn event_frame(xml: &str) -> Vec<u8> {
    frame(EVENT, xml).expect("fits").to_vec()
}

/// UCID of a test call.
pub(crate) const UCID: &str = "00001001791767225600";
/// UCID of another one.
pub(crate) const OTHER_UCID: &str = "00001001801767225660";
