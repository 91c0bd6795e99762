//! Two calls become one: consultation, transfer, conference; and a recorder that joins.
//!
//! Which of the two calls lives on is the definition's `merge_keeps_consultation`. The one that goes in is taken
//! off the books, its name goes on with the other, and what it was is kept as `original`.

use super::inbound::wrong;
use super::{
    Call, CallKey, Connection, ConnectionItem, Leg, LegState, Linkage, Merge, OriginalCall, Role, Switch, SwitchError,
    What,
};

/// `originalCallInfo/reason` (avaya.md 1.8).
pub(super) const CONSULTATION: u8 = 1;
const CONFERENCED: u8 = 2;
const TRANSFERRED: u8 = 3;

/// What a call was, before it goes into another. A call that came by a transfer already keeps its first origin.
pub(super) fn original(call: &Call, reason: u8) -> OriginalCall {
    if let Some(first) = &call.original
        && call.consultation_of.is_none()
    {
        return OriginalCall { reason, ..(**first).clone() };
    }
    OriginalCall {
        reason,
        calling: call.calling.clone(),
        called: call.called.clone(),
        trunk: call.trunk,
        digits: call.digits.clone(),
        uui: call.uui.clone(),
        ucid: call.ucid.clone(),
        vdn: call.vdn.clone(),
    }
}

/// Both calls of a merge and who brings them together.
struct Pair {
    first: CallKey,
    second: CallKey,
    by: String,
    to: String,
}

impl Switch {
    pub(super) fn consult(
        &mut self,
        name: &str,
        station: Option<&str>,
        to: &str,
        second_name: Option<&str>,
        now: u64,
    ) -> Result<CallKey, SwitchError> {
        let second_name = second_name.map_or_else(|| format!("{name}/consult"), str::to_owned);
        let call = self.named(name)?;
        let wanted = |leg: &&Leg| {
            leg.role == Role::Station
                && matches!(leg.state, LegState::Connected | LegState::Held)
                && station.is_none_or(|station| leg.device == station)
        };
        let mut found = call.legs.iter().filter(wanted);
        let Some(leg) = found.next().filter(|_| found.next().is_none()) else {
            return Err(wrong(call, station.unwrap_or("one station"), "talking or on hold"));
        };
        let (key, device, state) = (call.key, leg.device.clone(), leg.state);
        self.must_be_free(&second_name)?;
        self.must_be_a_destination(&second_name, &device, to)?;
        self.must_have_call_id()?;
        if state == LegState::Connected {
            self.set_leg(key, &device, LegState::Held);
            self.tell(key, What::Held { device: device.clone() }, "consultation");
        }
        let uui = self.calls.get(&key).map(|call| call.uui.clone()).unwrap_or_default();
        Ok(self.place(&second_name, &device, to, uui, Some(key), now))
    }

    /// The consultation that a station started from this call. `answered`: the far end must be talking.
    fn pair(&self, name: &str, station: Option<&str>) -> Result<Pair, SwitchError> {
        let first = self.named(name)?;
        let second = self.calls.values().find(|call| {
            call.consultation_of
                .as_ref()
                .is_some_and(|(of, by)| *of == first.key && station.is_none_or(|station| station == by))
        });
        let Some((second, (_, by))) = second.and_then(|call| Some((call, call.consultation_of.clone()?))) else {
            return Err(wrong(first, station.unwrap_or("one station"), "consulting"));
        };
        let holds = first.leg(&by).is_some_and(|leg| leg.state == LegState::Held);
        let talks = second.leg(&by).is_some_and(|leg| matches!(leg.state, LegState::Connected | LegState::Initiated));
        let other = second.legs.iter().find(|leg| leg.device != by && leg.role != Role::Recorder);
        let shared = second.legs.iter().any(|leg| leg.device != by && first.leg(&leg.device).is_some());
        match other {
            Some(other) if holds && talks && !shared => {
                Ok(Pair { first: first.key, second: second.key, to: other.device.clone(), by })
            }
            _ => Err(wrong(first, &by, "holding it while talking to, or ringing, somebody who is not on it")),
        }
    }

    pub(super) fn transfer(&mut self, name: &str, station: Option<&str>) -> Result<CallKey, SwitchError> {
        let pair = self.pair(name, station)?;
        let by = pair.by.clone();
        let (survivor, absorbed, merge) = self.join(&pair, false);
        self.tell_also(survivor, What::Transferred(merge), "transfer", Some(absorbed), &[&by]);
        if self.definition.clears_leaver {
            self.tell_also(survivor, What::ConnectionCleared { device: by.clone() }, "transfer", None, &[&by]);
        }
        self.after_call(&by);
        self.end_if_deserted(survivor);
        Ok(survivor)
    }

    pub(super) fn conference(&mut self, name: &str, station: Option<&str>) -> Result<CallKey, SwitchError> {
        let pair = self.pair(name, station)?;
        let (survivor, absorbed, mut merge) = self.join(&pair, true);
        // In a conference the secondary call is the one that dies (avaya.md 1.11).
        if let Some(second) = &mut merge.secondary
            && survivor == pair.second
        {
            std::mem::swap(&mut merge.primary, second);
        }
        self.tell_also(survivor, What::Conferenced(merge), "conference", Some(absorbed), &[]);
        Ok(survivor)
    }

    /// Makes one call of two. Answers who lives on, who went in, and the facts for the event.
    fn join(&mut self, pair: &Pair, stays: bool) -> (CallKey, CallKey, Merge) {
        let (survivor, absorbed) = if self.definition.merge_keeps_consultation {
            (pair.second, pair.first)
        } else {
            (pair.first, pair.second)
        };
        let before = |switch: &Self, key| switch.calls.get(&key).cloned();
        let (first, second) = (before(self, pair.first), before(self, pair.second));
        let (Some(first), Some(second)) = (first, second) else {
            return (survivor, absorbed, Merge::nothing(&pair.by, &pair.to));
        };
        let reason = if stays { CONFERENCED } else { TRANSFERRED };
        let origin = original(&first, reason);
        let mut legs: Vec<(Leg, u32)> = Vec::new();
        for (leg, id) in both(&first, &second).filter(|(leg, _)| leg.device != pair.by) {
            legs.push((leg.clone(), id));
        }
        if stays {
            let leg = Leg { device: pair.by.clone(), role: Role::Station, state: LegState::Connected };
            legs.push((leg, second.id));
        }
        let id = if survivor == pair.first { first.id } else { second.id };
        if let Some(call) = self.calls.get_mut(&survivor) {
            call.legs = legs.iter().map(|(leg, _)| leg.clone()).collect();
            call.consultation_of = None;
            call.last_redirection = Some(pair.by.clone());
            call.original = Some(Box::new(origin));
            call.vdn = call.vdn.take().or_else(|| first.vdn.clone());
            call.skill = call.skill.take().or_else(|| first.skill.clone());
            call.trunk = call.trunk.or(first.trunk);
        }
        let linkage = if survivor == pair.first { (&first, &second) } else { (&second, &first) };
        let merge = Merge {
            primary: Connection { call_id: first.id, device: pair.by.clone() },
            secondary: Some(Connection { call_id: second.id, device: pair.by.clone() }),
            by: pair.by.clone(),
            to: pair.to.clone(),
            items: legs.iter().map(|(leg, old)| item(id, Some(*old), &leg.device)).collect(),
            linkage: Some(Linkage { new: linkage.0.ucid.clone(), old: linkage.1.ucid.clone() }),
        };
        self.close(absorbed, Some(survivor));
        (survivor, absorbed, merge)
    }

    pub(super) fn blind_transfer(
        &mut self,
        name: &str,
        station: Option<&str>,
        to: &str,
        now: u64,
    ) -> Result<CallKey, SwitchError> {
        let (_, by) = self.station_in(name, station, LegState::Connected, "talking")?;
        if self.named(name)?.leg(to).is_some() {
            return Err(SwitchError::AlreadyThere { call: name.to_owned(), device: to.to_owned() });
        }
        if !self.is_station(to) && !self.is_vdn(to) {
            return Err(SwitchError::NotInstalled { what: "station or VDN", device: to.to_owned() });
        }
        self.consult(name, Some(&by), to, None, now)?;
        self.transfer(name, Some(&by))
    }

    pub(super) fn single_step_transfer(
        &mut self,
        name: &str,
        station: Option<&str>,
        to: &str,
    ) -> Result<CallKey, SwitchError> {
        let (key, by) = self.station_in(name, station, LegState::Connected, "talking")?;
        let call = self.named(name)?;
        if call.leg(to).is_some() {
            return Err(SwitchError::AlreadyThere { call: name.to_owned(), device: to.to_owned() });
        }
        if !self.is_station(to) && !self.is_vdn(to) {
            return Err(SwitchError::NotInstalled { what: "station or VDN", device: to.to_owned() });
        }
        let (id, origin) = (call.id, original(call, TRANSFERRED));
        let rest = call.legs.iter().filter(|leg| leg.device != by).map(|leg| leg.device.clone());
        let items = rest.map(|device| item(id, Some(id), &device)).chain([item(id, None, to)]).collect();
        let merge = Merge {
            primary: Connection { call_id: id, device: by.clone() },
            secondary: None,
            by: by.clone(),
            to: to.to_owned(),
            items,
            linkage: None,
        };
        if let Some(call) = self.calls.get_mut(&key) {
            call.remove(&by);
            call.original = Some(Box::new(origin));
        }
        self.tell_also(key, What::Transferred(merge), "singleStepTransfer", None, &[&by]);
        if self.definition.clears_leaver {
            self.tell_also(key, What::ConnectionCleared { device: by.clone() }, "transfer", None, &[&by]);
        }
        self.after_call(&by);
        if self.is_station(to) {
            self.alert(key, to, Some(by), "transfer");
        } else {
            self.enter_vdn(key, to);
        }
        Ok(key)
    }

    pub(super) fn record(&mut self, name: &str, recorder: &str) -> Result<CallKey, SwitchError> {
        if !self.is_recorder(recorder) {
            return Err(SwitchError::NotInstalled { what: "recorder", device: recorder.to_owned() });
        }
        let call = self.named(name)?;
        if call.leg(recorder).is_some() {
            return Err(SwitchError::AlreadyThere { call: name.to_owned(), device: recorder.to_owned() });
        }
        if call.only(LegState::Connected, Role::Station).is_none() {
            return Err(wrong(call, "one station", "talking"));
        }
        let (key, id) = (call.key, call.id);
        let rest = call.legs.iter().map(|leg| item(id, Some(id), &leg.device));
        let merge = Merge {
            primary: Connection { call_id: id, device: recorder.to_owned() },
            secondary: None,
            by: recorder.to_owned(),
            to: recorder.to_owned(),
            items: rest.chain([item(id, None, recorder)]).collect(),
            linkage: None,
        };
        self.add_leg(key, recorder, Role::Recorder, LegState::Connected);
        self.tell(key, What::Conferenced(merge), "singleStepConference");
        self.tell(key, What::Established { device: recorder.to_owned() }, "silentParticipation");
        Ok(key)
    }
}

impl Merge {
    fn nothing(by: &str, to: &str) -> Self {
        let nobody = Connection { call_id: 0, device: by.to_owned() };
        Self {
            primary: nobody,
            secondary: None,
            by: by.to_owned(),
            to: to.to_owned(),
            items: Vec::new(),
            linkage: None,
        }
    }
}

fn both<'a>(first: &'a Call, second: &'a Call) -> impl Iterator<Item = (&'a Leg, u32)> {
    let (one, two) = (first.id, second.id);
    first.legs.iter().map(move |leg| (leg, one)).chain(second.legs.iter().map(move |leg| (leg, two)))
}

fn item(id: u32, old: Option<u32>, device: &str) -> ConnectionItem {
    let connection = |call_id| Connection { call_id, device: device.to_owned() };
    ConnectionItem { new: connection(id), old: old.map(connection), endpoint: device.to_owned() }
}
