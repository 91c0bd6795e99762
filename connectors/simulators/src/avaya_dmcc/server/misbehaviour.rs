//! What the server does wrong on request. Each can be a step of a scenario or a call from a test.

use std::time::Duration;

use serde::Deserialize;

/// A body that is framed well and is no good document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokenBody {
    /// Ends in the middle of an element.
    Truncated,
    /// As long as a frame can be: 65,535 bytes in all. Well formed.
    Oversized,
    /// A document type with entities that grow without end.
    Dtd,
    /// A NUL byte in the text.
    Nul,
    /// GB18030 bytes under a UTF-8 declaration.
    WrongCharset,
    /// Nested thousands deep.
    Deep,
    /// Not XML at all.
    NotXml,
    /// No bytes.
    Empty,
    /// An event that no client knows.
    UnknownEvent,
}

/// What goes wrong. Those with `on` last until `on = false` or `normal`; the others happen once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are named in connectors/simulators/README.md, one row each")]
pub enum Misbehaviour {
    /// Every connection is closed.
    Drop,
    /// Connections that are open now go dead: nothing is read, nothing written, nothing closed.
    HalfOpen,
    /// Every write is cut into pieces of so many bytes.
    Split { bytes: usize },
    /// Writes wait so long for others to go along with them.
    Merge { milliseconds: u64 },
    /// Every write is so late.
    Delay { milliseconds: u64 },
    /// A frame whose length field says this.
    WrongLength { length: u16 },
    /// A frame whose first two bytes are not zero.
    BadIndicator,
    /// A frame with a bad body.
    BrokenBody { how: BrokenBody },
    /// Every session is forgotten, silently, or with `ApplicationSessionTerminated`.
    ForgetSession {
        #[serde(default)]
        tell: bool,
    },
    /// The AES loses the switch: no events until `link-up`.
    LinkDown,
    /// The switch is back.
    LinkUp,
    /// Every event comes a second time under a cross reference that the client was never told.
    DuplicateMonitors { on: bool },
    /// The next events of this root are lost, whoever would see them.
    Lose {
        event: String,
        #[serde(default = "one")]
        count: u32,
    },
    /// The next event of one root comes only after the next of another root of the same call.
    HoldBack { event: String, until: String },
    /// The next answers come late.
    LateResponse {
        milliseconds: u64,
        #[serde(default = "one")]
        count: u32,
    },
    /// The next answers come twice.
    DuplicateResponse {
        #[serde(default = "one")]
        count: u32,
    },
    /// The next requests get no answer.
    NoResponse {
        #[serde(default = "one")]
        count: u32,
    },
    /// The switch ends the monitors of a device, and says so.
    StopMonitor { device: String },
    /// An event for a cross reference that nobody was given.
    UnknownCrossReference,
    /// No licence for any further station monitor.
    RefuseLicences { on: bool },
    /// No password is right.
    RefusePasswords { on: bool },
    /// No protocol version is spoken.
    RefuseVersions { on: bool },
    /// Sessions and monitors are refused: busy.
    Busy { on: bool },
    /// All the lasting ones end, and the link is up.
    Normal,
}

fn one() -> u32 {
    1
}

/// How bytes go out on every connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Manners {
    pub(crate) split: Option<usize>,
    pub(crate) merge: Option<Duration>,
    pub(crate) delay: Option<Duration>,
}

/// An event kept back until another has gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HoldBack {
    pub(crate) event: String,
    pub(crate) until: String,
}

/// What the server does wrong at the moment.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own that a scenario turns")]
pub(crate) struct Faults {
    pub(crate) manners: Manners,
    pub(crate) link_down: bool,
    pub(crate) duplicate_monitors: bool,
    pub(crate) lose: Vec<(String, u32)>,
    pub(crate) hold_back: Vec<HoldBack>,
    pub(crate) late: Option<(Duration, u32)>,
    pub(crate) twice: u32,
    pub(crate) silent: u32,
    pub(crate) refuse_licences: bool,
    pub(crate) refuse_passwords: bool,
    pub(crate) refuse_versions: bool,
    pub(crate) busy: bool,
}

/// How the next answer goes out.
pub(crate) enum Answering {
    AtOnce,
    Late(Duration),
    Twice,
    Never,
}

impl Faults {
    /// Whether the next occurrence of this root is lost; counts it.
    pub(crate) fn loses(&mut self, root: &str) -> bool {
        let Some(rule) = self.lose.iter_mut().find(|(event, count)| event == root && *count > 0) else { return false };
        rule.1 -= 1;
        self.lose.retain(|(_, count)| *count > 0);
        true
    }

    /// How the next answer goes out; counts it.
    pub(crate) fn answering(&mut self) -> Answering {
        if self.silent > 0 {
            self.silent -= 1;
            return Answering::Never;
        }
        if self.twice > 0 {
            self.twice -= 1;
            return Answering::Twice;
        }
        match &mut self.late {
            Some((by, count)) if *count > 0 => {
                *count -= 1;
                Answering::Late(*by)
            }
            _ => Answering::AtOnce,
        }
    }
}

/// The bytes of a bad body.
pub(crate) fn broken_body(how: BrokenBody, namespace: &str) -> Vec<u8> {
    let open = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><CallInformationEvent xmlns=\"{namespace}\">");
    let head = "<monitorCrossRefID>0</monitorCrossRefID>";
    let close = "</CallInformationEvent>";
    match how {
        BrokenBody::Truncated => format!("{open}{head}<connection><callID>99").into_bytes(),
        BrokenBody::Oversized => {
            let longest = crate::avaya_dmcc::csta::LONGEST_FRAME - crate::avaya_dmcc::csta::HEADER;
            let padding = longest - open.len() - head.len() - close.len() - "<!---->".len();
            format!("{open}{head}<!--{}-->{close}", "x".repeat(padding)).into_bytes()
        }
        BrokenBody::Dtd => {
            let entities = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
            format!("<?xml version=\"1.0\"?>{entities}<CallInformationEvent>&c;{close}").into_bytes()
        }
        BrokenBody::Nul => format!("{open}{head}<device>47\0 50</device>{close}").into_bytes(),
        BrokenBody::WrongCharset => {
            // "王女士" in GB18030.
            let name = [0xCD, 0xF5, 0xC5, 0xAE, 0xCA, 0xBF];
            [format!("{open}{head}<device>").as_bytes(), &name, format!("</device>{close}").as_bytes()].concat()
        }
        BrokenBody::Deep => {
            let (down, up) = ("<d>".repeat(5_000), "</d>".repeat(5_000));
            format!("{open}{head}{down}{up}{close}").into_bytes()
        }
        BrokenBody::NotXml => b"503 Service Unavailable".to_vec(),
        BrokenBody::Empty => Vec::new(),
        BrokenBody::UnknownEvent => {
            let event = "<SomethingNewEvent xmlns=\"http://www.avaya.com/csta\">";
            format!("{event}{head}<thing>1</thing></SomethingNewEvent>").into_bytes()
        }
    }
}

impl BrokenBody {
    /// The ledger's word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Oversized => "oversized",
            Self::Dtd => "dtd",
            Self::Nul => "nul",
            Self::WrongCharset => "wrong-charset",
            Self::Deep => "deep",
            Self::NotXml => "not-xml",
            Self::Empty => "empty",
            Self::UnknownEvent => "unknown-event",
        }
    }
}
