//! What people and the network do to the switch; the words of a scenario's `do`.

use serde::Deserialize;

/// A call that comes in from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrive {
    /// The name the scenario gives the call.
    pub call: String,
    /// The caller's number, `restricted` or `unknown`.
    pub ani: String,
    /// The VDN, or a station for a direct call.
    #[serde(alias = "vdn", alias = "station")]
    pub to: String,
    /// User-to-user information as text.
    #[serde(default)]
    pub uui: Option<String>,
    /// User-to-user information as hex digits, for bytes that are not text.
    #[serde(default)]
    pub uui_hex: Option<String>,
    /// Digits the caller entered.
    #[serde(default)]
    pub digits: Option<String>,
    /// The UCID; made up when absent.
    #[serde(default)]
    pub ucid: Option<String>,
    /// Events do not carry the UCID.
    #[serde(default)]
    pub hide_ucid: bool,
}

/// A call that a station makes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// The name the scenario gives the call.
    pub call: String,
    /// The station.
    pub from: String,
    /// A station, VDN or outside number.
    pub to: String,
    /// User-to-user information as text.
    #[serde(default)]
    pub uui: Option<String>,
}

/// One thing that happens. In a scenario: `do = "arrive"`, `do = "ring"` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are named in connectors/simulators/README.md, one row a verb")]
pub enum Verb {
    /// A call comes in over a trunk.
    Arrive(Arrive),
    /// The call waits for an agent of a skill.
    Queue {
        call: String,
        skill: String,
    },
    /// A station rings.
    Ring {
        call: String,
        station: String,
    },
    /// A ringing station, or the far end of an outbound call, answers.
    Answer {
        call: String,
        #[serde(default)]
        station: Option<String>,
    },
    /// A station puts the call on hold.
    Hold {
        call: String,
        #[serde(default)]
        station: Option<String>,
    },
    /// A station takes the call back from hold.
    Retrieve {
        call: String,
        #[serde(default)]
        station: Option<String>,
    },
    /// A station holds the call and starts a second one.
    Consult {
        call: String,
        #[serde(default)]
        station: Option<String>,
        to: String,
        /// Name of the second call; `<call>/consult` when absent.
        #[serde(default)]
        r#as: Option<String>,
    },
    /// The consulting station joins both calls and leaves.
    Transfer {
        call: String,
        #[serde(default)]
        station: Option<String>,
    },
    /// Consultation and transfer while the far end still rings.
    BlindTransfer {
        call: String,
        #[serde(default)]
        station: Option<String>,
        to: String,
    },
    /// Transfer in one step: the call keeps its id.
    SingleStepTransfer {
        call: String,
        #[serde(default)]
        station: Option<String>,
        to: String,
    },
    /// The consulting station joins both calls and stays.
    Conference {
        call: String,
        #[serde(default)]
        station: Option<String>,
    },
    /// A recorder joins silently (single-step conference).
    Record {
        call: String,
        recorder: String,
    },
    /// A ringing or queued call is sent elsewhere.
    Divert {
        call: String,
        to: String,
    },
    /// Nobody answers: back to a skill, or on to a station.
    Rona {
        call: String,
        to: String,
    },
    /// Another station picks up a ringing call.
    PickUp {
        call: String,
        by: String,
    },
    /// A party hangs up; `caller` is the one who started the call.
    Drop {
        call: String,
        party: String,
    },
    /// The caller gives up before anybody answers.
    Abandon {
        call: String,
    },
    /// Everybody is cut off.
    Clear {
        call: String,
    },
    /// A station dials.
    Dial(Dial),
    /// The far network was reached and rings there.
    Reached {
        call: String,
    },
    /// The far end is busy or cannot be reached.
    Fail {
        call: String,
        /// CSTA cause; `busy` when absent.
        #[serde(default)]
        cause: Option<String>,
    },
    /// Data on a live call changes.
    Attach {
        call: String,
        uui: String,
    },
    /// A party of the call presses digits.
    EnterDigits {
        call: String,
        digits: String,
    },
    LogOn {
        agent: String,
    },
    LogOff {
        agent: String,
        #[serde(default)]
        reason: Option<u32>,
    },
    Ready {
        agent: String,
    },
    NotReady {
        agent: String,
        #[serde(default)]
        reason: Option<u32>,
    },
    AfterCallWork {
        agent: String,
    },
    /// The agent is told to be busy with a call; some releases say so.
    Busy {
        agent: String,
    },
    /// Cut every call off.
    ClearAll,
}

impl Verb {
    /// A call that comes in from outside.
    pub fn arrive(call: &str, ani: &str, to: &str) -> Self {
        Self::Arrive(Arrive { call: call.into(), ani: ani.into(), to: to.into(), ..Arrive::default() })
    }

    /// The call waits for a skill.
    pub fn queue(call: &str, skill: &str) -> Self {
        Self::Queue { call: call.into(), skill: skill.into() }
    }

    /// A station rings.
    pub fn ring(call: &str, station: &str) -> Self {
        Self::Ring { call: call.into(), station: station.into() }
    }

    /// Whoever rings answers.
    pub fn answer(call: &str) -> Self {
        Self::Answer { call: call.into(), station: None }
    }

    /// A party hangs up; `caller` for whoever started the call.
    pub fn drop(call: &str, party: &str) -> Self {
        Self::Drop { call: call.into(), party: party.into() }
    }

    /// A station dials.
    pub fn dial(call: &str, from: &str, to: &str) -> Self {
        Self::Dial(Dial { call: call.into(), from: from.into(), to: to.into(), uui: None })
    }
}
