//! The switch's books: live calls by key and name, call ids and UCIDs, and the dispatch of verbs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::definition::spread;
use super::{
    Agent, Call, CallKey, CallOccurrence, Leg, LegState, Occurrence, Party, Role, SwitchDefinition, SwitchError, Trunk,
    Verb, What,
};

/// What a verb did.
#[derive(Debug, Clone, Default)]
pub struct Stepped {
    /// What could be seen, in order.
    pub occurrences: Vec<Occurrence>,
    /// The call's id after the verb.
    pub call_id: Option<u32>,
    /// The call's UCID after the verb.
    pub ucid: Option<String>,
}

/// The switch and everything that is happening on it.
#[derive(Debug)]
pub struct Switch {
    pub(super) definition: SwitchDefinition,
    stations: BTreeSet<String>,
    skills: BTreeSet<String>,
    vdns: BTreeSet<String>,
    recorders: BTreeSet<String>,
    pub(super) agents: BTreeMap<String, Agent>,
    pub(super) agent_of_station: HashMap<String, String>,
    pub(super) calls: BTreeMap<CallKey, Call>,
    names: HashMap<String, CallKey>,
    ids: BTreeMap<u32, CallKey>,
    next_key: CallKey,
    next_id: u32,
    next_sequence: u16,
    next_member: u32,
    pub(super) waiting: HashMap<String, usize>,
    pub(super) out: Vec<Occurrence>,
}

impl Switch {
    /// Installs a switch. Errors: an extension that is empty or a range that is none.
    pub fn new(definition: SwitchDefinition) -> Result<Self, SwitchError> {
        let set = |field, entries: &[String]| {
            spread(entries).map(BTreeSet::from_iter).map_err(|sentence| SwitchError::BadValue { field, sentence })
        };
        if definition.call_id_wrap == 0 || definition.first_call_id == 0 {
            let sentence = "call ids begin at 1".to_owned();
            return Err(SwitchError::BadValue { field: "first_call_id and call_id_wrap", sentence });
        }
        let mut stations: BTreeSet<String> = set("stations", &definition.stations)?;
        let recorders: BTreeSet<String> = set("recorders", &definition.recorders)?;
        stations.extend(recorders.iter().cloned());
        Ok(Self {
            stations,
            skills: set("skills", &definition.skills)?,
            vdns: set("vdns", &definition.vdns)?,
            recorders,
            next_id: definition.first_call_id,
            next_sequence: definition.first_ucid_sequence,
            definition,
            agents: BTreeMap::new(),
            agent_of_station: HashMap::new(),
            calls: BTreeMap::new(),
            names: HashMap::new(),
            ids: BTreeMap::new(),
            next_key: 1,
            next_member: 1,
            waiting: HashMap::new(),
            out: Vec::new(),
        })
    }

    /// What is installed.
    pub fn definition(&self) -> &SwitchDefinition {
        &self.definition
    }

    /// Whether this extension rings (stations and recorders).
    pub fn is_station(&self, device: &str) -> bool {
        self.stations.contains(device)
    }

    /// Whether this is a skill.
    pub fn is_skill(&self, device: &str) -> bool {
        self.skills.contains(device)
    }

    /// Whether this is a VDN.
    pub fn is_vdn(&self, device: &str) -> bool {
        self.vdns.contains(device)
    }

    /// Whether this is a recorder.
    pub fn is_recorder(&self, device: &str) -> bool {
        self.recorders.contains(device)
    }

    /// Whether the switch has this device at all.
    pub fn is_installed(&self, device: &str) -> bool {
        self.is_station(device) || self.is_skill(device) || self.is_vdn(device)
    }

    /// Every station, then skill, then VDN.
    pub fn devices(&self) -> impl Iterator<Item = &str> {
        self.stations.iter().chain(&self.skills).chain(&self.vdns).map(String::as_str)
    }

    /// Live calls, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    /// The live call with this id.
    pub fn call_with_id(&self, id: u32) -> Option<&Call> {
        self.ids.get(&id).and_then(|key| self.calls.get(key))
    }

    /// The live call with this name.
    pub fn call_named(&self, name: &str) -> Option<&Call> {
        self.names.get(name).and_then(|key| self.calls.get(key))
    }

    /// Does it. `now` is in Unix seconds and goes into new UCIDs. An error leaves everything as it was.
    pub fn apply(&mut self, verb: &Verb, now: u64) -> Result<Stepped, SwitchError> {
        self.out.clear();
        let key = self.dispatch(verb, now)?;
        let occurrences = std::mem::take(&mut self.out);
        let from_occurrence = || {
            occurrences.iter().find_map(|occurrence| match occurrence {
                Occurrence::Call(call) if Some(call.call.key) == key => Some(call.call.clone()),
                _ => None,
            })
        };
        let call = key.and_then(|key| self.calls.get(&key).cloned().map(Arc::new)).or_else(from_occurrence);
        let (call_id, ucid) = call.map_or((None, None), |call| (Some(call.id), Some(call.ucid.clone())));
        Ok(Stepped { occurrences, call_id, ucid })
    }

    fn dispatch(&mut self, verb: &Verb, now: u64) -> Result<Option<CallKey>, SwitchError> {
        match verb {
            Verb::Arrive(arrive) => self.arrive(arrive, now).map(Some),
            Verb::Queue { call, skill } => self.queue(call, skill).map(Some),
            Verb::Ring { call, station } => self.ring(call, station).map(Some),
            Verb::Answer { call, station } => self.answer(call, station.as_deref()).map(Some),
            Verb::Divert { call, to } => self.divert(call, to, "redirected").map(Some),
            Verb::Rona { call, to } => self.divert(call, to, "callForwardNoAnswer").map(Some),
            Verb::PickUp { call, by } => self.pick_up(call, by).map(Some),
            Verb::Hold { call, station } => self.hold(call, station.as_deref()).map(Some),
            Verb::Retrieve { call, station } => self.retrieve(call, station.as_deref()).map(Some),
            Verb::Consult { call, station, to, r#as } => {
                self.consult(call, station.as_deref(), to, r#as.as_deref(), now).map(Some)
            }
            Verb::Transfer { call, station } => self.transfer(call, station.as_deref()).map(Some),
            Verb::BlindTransfer { call, station, to } => {
                self.blind_transfer(call, station.as_deref(), to, now).map(Some)
            }
            Verb::SingleStepTransfer { call, station, to } => {
                self.single_step_transfer(call, station.as_deref(), to).map(Some)
            }
            Verb::Conference { call, station } => self.conference(call, station.as_deref()).map(Some),
            Verb::Record { call, recorder } => self.record(call, recorder).map(Some),
            Verb::Drop { call, party } => self.drop_party(call, party).map(Some),
            Verb::Abandon { call } => self.abandon(call).map(Some),
            Verb::Clear { call } => self.clear(call).map(Some),
            Verb::Dial(dial) => self.dial(dial, now).map(Some),
            Verb::Reached { call } => self.reached(call).map(Some),
            Verb::Fail { call, cause } => self.fail(call, cause.as_deref()).map(Some),
            Verb::Attach { call, uui } => self.attach(call, uui).map(Some),
            Verb::EnterDigits { call, digits } => self.enter_digits(call, digits).map(Some),
            Verb::LogOn { agent } => self.log_on(agent).map(|()| None),
            Verb::LogOff { agent, reason } => self.log_off(agent, *reason).map(|()| None),
            Verb::Ready { agent } => self.ready(agent).map(|()| None),
            Verb::NotReady { agent, reason } => self.not_ready(agent, *reason).map(|()| None),
            Verb::AfterCallWork { agent } => self.after_call_work(agent).map(|()| None),
            Verb::Busy { agent } => self.busy(agent).map(|()| None),
            Verb::ClearAll => self.clear_all().map(|()| None),
        }
    }

    pub(super) fn named(&self, name: &str) -> Result<&Call, SwitchError> {
        self.call_named(name).ok_or_else(|| SwitchError::NoCall(name.to_owned()))
    }

    pub(super) fn must_be_free(&self, name: &str) -> Result<(), SwitchError> {
        if name.is_empty() {
            return Err(SwitchError::BadValue { field: "call", sentence: "a call needs a name".to_owned() });
        }
        if self.call_named(name).is_some() { Err(SwitchError::NameTaken(name.to_owned())) } else { Ok(()) }
    }

    pub(super) fn must_be_station(&self, device: &str) -> Result<(), SwitchError> {
        let missing = || SwitchError::NotInstalled { what: "station", device: device.to_owned() };
        self.is_station(device).then_some(()).ok_or_else(missing)
    }

    pub(super) fn must_have_call_id(&self) -> Result<(), SwitchError> {
        let wrap = self.definition.call_id_wrap;
        if self.ids.len() >= wrap as usize { Err(SwitchError::OutOfCallIds(wrap)) } else { Ok(()) }
    }

    /// Opens a call. The caller has checked that the name and a call id are free.
    pub(super) fn open(&mut self, name: &str, calling: Party, called: Party, now: u64) -> Call {
        let key = self.next_key;
        self.next_key += 1;
        let id = self.take_id(key);
        let ucid = format!("{:05}{:05}{:010}", self.definition.ucid_node, self.next_sequence, now % 10_000_000_000);
        self.next_sequence = self.next_sequence.checked_add(1).unwrap_or(1);
        self.names.insert(name.to_owned(), key);
        Call {
            key,
            id,
            ucid,
            tells_ucid: true,
            calling,
            called,
            last_redirection: None,
            vdn: None,
            skill: None,
            trunk: None,
            uui: Vec::new(),
            digits: None,
            original: None,
            consultation_of: None,
            name: name.to_owned(),
            also_named: Vec::new(),
            legs: Vec::new(),
        }
    }

    fn take_id(&mut self, key: CallKey) -> u32 {
        let wrap = self.definition.call_id_wrap;
        let mut id = if self.next_id > wrap { 1 } else { self.next_id };
        while self.ids.contains_key(&id) {
            id = if id >= wrap { 1 } else { id + 1 };
        }
        self.ids.insert(id, key);
        self.next_id = id + 1;
        id
    }

    pub(super) fn take_trunk(&mut self) -> Trunk {
        let member = self.next_member;
        self.next_member = member % 254 + 1;
        Trunk { group: self.definition.trunk_group, member }
    }

    /// Takes a call off the books. `heir` goes on under its name.
    pub(super) fn close(&mut self, key: CallKey, heir: Option<CallKey>) {
        let Some(call) = self.calls.remove(&key) else { return };
        self.ids.remove(&call.id);
        let names: Vec<String> = call.also_named.into_iter().chain([call.name]).collect();
        let Some(heir) = heir.and_then(|heir| self.calls.get_mut(&heir)) else {
            for name in &names {
                self.names.remove(name);
            }
            return;
        };
        for name in names {
            self.names.insert(name.clone(), heir.key);
            heir.also_named.push(name);
        }
    }

    /// Reports a fact about a call to everybody on it.
    pub(super) fn tell(&mut self, key: CallKey, what: What, cause: &'static str) {
        self.tell_also(key, what, cause, None, &[]);
    }

    /// As [`Self::tell`], and to devices that are no longer on the call.
    pub(super) fn tell_also(
        &mut self,
        key: CallKey,
        what: What,
        cause: &'static str,
        absorbed: Option<CallKey>,
        gone: &[&str],
    ) {
        let Some(call) = self.calls.get(&key) else { return };
        let mut audience: Vec<(String, Option<LegState>)> = call.legs.iter().filter_map(observed).collect();
        audience.extend(gone.iter().map(|device| ((*device).to_owned(), None)));
        let call = Arc::new(call.clone());
        self.out.push(Occurrence::Call(CallOccurrence { call, absorbed, what, cause, audience }));
    }
}

/// A leg whose device may have a monitor of its own.
fn observed(leg: &Leg) -> Option<(String, Option<LegState>)> {
    matches!(leg.role, Role::Station | Role::Recorder).then(|| (leg.device.clone(), Some(leg.state)))
}
