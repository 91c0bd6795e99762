//! A call and its legs. Invariant: one device stands on a call at most once.

/// What tells one call from another for the simulator's whole life, unlike the call id, which comes round again.
pub type CallKey = u64;

/// Who is at one end of a call, as far as the network tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// A number or an extension.
    Number(String),
    /// The caller hides the number (CSTA `restricted`).
    Restricted,
    /// The network gave none (CSTA `notKnown`).
    NotKnown,
}

impl Party {
    /// Reads the words a scenario uses: `restricted`, `unknown`, or a number.
    pub fn from_words(words: &str) -> Self {
        match words {
            "restricted" => Self::Restricted,
            "unknown" | "" => Self::NotKnown,
            number => Self::Number(number.to_owned()),
        }
    }
}

/// A trunk channel that carries the outside party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trunk {
    /// Trunk group number.
    pub group: u32,
    /// Member inside the group, from 1.
    pub member: u32,
}

/// What a device is to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A party beyond a trunk.
    External,
    /// A station of this switch.
    Station,
    /// A vector directory number that is processing the call.
    Vdn,
    /// A skill in which the call waits.
    Queue,
    /// A recorder that joined silently.
    Recorder,
}

/// State of one connection (CSTA local connection state).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegState {
    /// Off hook, no destination yet, or the destination does not answer yet.
    Initiated,
    /// Ringing.
    Alerting,
    /// Talking.
    Connected,
    /// On hold.
    Held,
    /// Waiting in a skill.
    Queued,
    /// Busy or unreachable.
    Failed,
}

/// One device on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Extension, number, or a trunk's dynamic name where the number is hidden.
    pub device: String,
    /// What the device is to the call.
    pub role: Role,
    /// Its connection's state.
    pub state: LegState,
}

/// What a call was before it was transferred or conferenced into another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalCall {
    /// 1 consultation, 2 conferenced, 3 transferred (private data `reason`, avaya.md 1.8).
    pub reason: u8,
    /// Who called first.
    pub calling: Party,
    /// Whom they called.
    pub called: Party,
    /// The trunk they came in by.
    pub trunk: Option<Trunk>,
    /// Digits they entered.
    pub digits: Option<String>,
    /// User-to-user information they carried.
    pub uui: Vec<u8>,
    /// The first call's UCID.
    pub ucid: String,
    /// The VDN that distributed it.
    pub vdn: Option<String>,
}

/// One call on the switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Unique for ever.
    pub key: CallKey,
    /// Small decimal that comes round again.
    pub id: u32,
    /// 20 digits: node, sequence, Unix seconds.
    pub ucid: String,
    /// Events carry the UCID. `false`: only `GetCallLinkageData` tells it.
    pub tells_ucid: bool,
    /// The caller.
    pub calling: Party,
    /// The number that was called.
    pub called: Party,
    /// The device that last sent the call on.
    pub last_redirection: Option<String>,
    /// The VDN it passed.
    pub vdn: Option<String>,
    /// The skill it was queued for.
    pub skill: Option<String>,
    /// The trunk that carries the outside party.
    pub trunk: Option<Trunk>,
    /// User-to-user information, as bytes.
    pub uui: Vec<u8>,
    /// Digits the caller entered at a prompt.
    pub digits: Option<String>,
    /// What it was before a consultation, transfer or conference.
    pub original: Option<Box<OriginalCall>>,
    /// The call and station this consultation was started from.
    pub consultation_of: Option<(CallKey, String)>,
    /// The name a scenario gave it.
    pub name: String,
    /// Names of calls that went into it.
    pub also_named: Vec<String>,
    /// Who is on it.
    pub legs: Vec<Leg>,
}

impl Call {
    /// The leg of this device.
    pub fn leg(&self, device: &str) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.device == device)
    }

    pub(super) fn leg_mut(&mut self, device: &str) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.device == device)
    }

    pub(super) fn set(&mut self, device: &str, state: LegState) {
        if let Some(leg) = self.leg_mut(device) {
            leg.state = state;
        }
    }

    pub(super) fn remove(&mut self, device: &str) -> Option<Leg> {
        let at = self.legs.iter().position(|leg| leg.device == device)?;
        Some(self.legs.remove(at))
    }

    /// The one leg in this state, none if there is none or more than one.
    pub(super) fn only(&self, state: LegState, role: Role) -> Option<&Leg> {
        let mut found = self.legs.iter().filter(|leg| leg.state == state && leg.role == role);
        found.next().filter(|_| found.next().is_none())
    }

    /// The leg of whoever started the call: an outside caller, or the station that dialled.
    pub fn caller_device(&self) -> Option<&str> {
        self.legs.first().map(|leg| leg.device.as_str())
    }

    /// Whether anybody could still talk or wait on it.
    pub(super) fn is_alive(&self) -> bool {
        let people = self.legs.iter().filter(|leg| matches!(leg.role, Role::External | Role::Station));
        let waiting = self.legs.iter().any(|leg| matches!(leg.role, Role::Vdn | Role::Queue));
        let (mut count, mut holding_on) = (0, false);
        for leg in people {
            count += 1;
            holding_on |= matches!(leg.state, LegState::Initiated | LegState::Connected | LegState::Held);
        }
        holding_on && (count >= 2 || (count == 1 && (waiting || self.is_being_dialled())))
    }

    /// A station that went off hook and waits for the far end.
    fn is_being_dialled(&self) -> bool {
        self.legs.iter().any(|leg| leg.state == LegState::Initiated)
    }
}
