//! Calls on their way to somebody: arrival, queue, ringing, answer, diversion, pick-up.

use super::verb::Arrive;
use super::{Call, CallKey, Leg, LegState, Party, Role, Switch, SwitchError, What};

/// CM carries at most this many bytes of user-to-user information (avaya.md 2.1, ATT_MAX_UUI_SIZE 96, SIP 128).
const LONGEST_UUI: usize = 128;

impl Switch {
    pub(super) fn arrive(&mut self, arrive: &Arrive, now: u64) -> Result<CallKey, SwitchError> {
        self.must_be_free(&arrive.call)?;
        self.must_have_call_id()?;
        let to_station = self.is_station(&arrive.to);
        if !to_station && !self.is_vdn(&arrive.to) {
            return Err(SwitchError::NotInstalled { what: "VDN or station", device: arrive.to.clone() });
        }
        let uui = uui_bytes(arrive.uui.as_deref(), arrive.uui_hex.as_deref())?;
        let ucid = arrive.ucid.as_deref().map(checked_ucid).transpose()?;
        let calling = Party::from_words(&arrive.ani);
        if calling == Party::Number(arrive.to.clone()) {
            return Err(SwitchError::AlreadyThere { call: arrive.call.clone(), device: arrive.to.clone() });
        }
        let mut call = self.open(&arrive.call, calling, Party::Number(arrive.to.clone()), now);
        let trunk = self.take_trunk();
        call.trunk = Some(trunk);
        call.uui = uui;
        call.digits.clone_from(&arrive.digits);
        call.tells_ucid = !arrive.hide_ucid;
        call.ucid = ucid.unwrap_or(call.ucid);
        let outside = match &call.calling {
            Party::Number(number) => number.clone(),
            Party::Restricted | Party::NotKnown => format!("T{:04}#{}", trunk.group, trunk.member),
        };
        call.legs.push(Leg { device: outside, role: Role::External, state: LegState::Connected });
        let key = call.key;
        self.calls.insert(key, call);
        if to_station {
            self.add_leg(key, &arrive.to, Role::Station, LegState::Alerting);
            self.tell(key, What::Delivered { device: arrive.to.clone() }, "newCall");
        } else {
            self.enter_vdn(key, &arrive.to);
        }
        Ok(key)
    }

    /// The call begins to be processed by a VDN.
    pub(super) fn enter_vdn(&mut self, key: CallKey, vdn: &str) {
        self.add_leg(key, vdn, Role::Vdn, LegState::Alerting);
        if let Some(call) = self.calls.get_mut(&key) {
            call.vdn = Some(vdn.to_owned());
        }
        self.tell(key, What::Delivered { device: vdn.to_owned() }, "enteringDistribution");
    }

    pub(super) fn add_leg(&mut self, key: CallKey, device: &str, role: Role, state: LegState) {
        if let Some(call) = self.calls.get_mut(&key) {
            call.legs.push(Leg { device: device.to_owned(), role, state });
        }
    }

    pub(super) fn queue(&mut self, name: &str, skill: &str) -> Result<CallKey, SwitchError> {
        if !self.is_skill(skill) {
            return Err(SwitchError::NotInstalled { what: "skill", device: skill.to_owned() });
        }
        let call = self.named(name)?;
        let key = call.key;
        if !call.legs.iter().any(|leg| leg.role == Role::Vdn) || call.leg(skill).is_some() {
            return Err(wrong(call, "it", "in a VDN and outside this skill"));
        }
        self.enter_queue(key, skill);
        Ok(key)
    }

    /// The call leaves its VDN or station and waits.
    fn enter_queue(&mut self, key: CallKey, skill: &str) {
        self.leave_distribution(key, None);
        self.add_leg(key, skill, Role::Queue, LegState::Queued);
        let waiting = self.waiting.entry(skill.to_owned()).or_default();
        *waiting += 1;
        let waiting = *waiting;
        if let Some(call) = self.calls.get_mut(&key) {
            call.skill = Some(skill.to_owned());
            call.last_redirection.clone_from(&call.vdn);
        }
        self.tell(
            key,
            What::Queued { skill: skill.to_owned(), waiting, in_front: waiting - 1 },
            "enteringDistribution",
        );
    }

    /// Takes the VDN and skill legs away; says so when the switch is one that does.
    pub(super) fn leave_distribution(&mut self, key: CallKey, to: Option<&str>) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let left: Vec<Leg> =
            call.legs.iter().filter(|leg| matches!(leg.role, Role::Vdn | Role::Queue)).cloned().collect();
        call.legs.retain(|leg| !matches!(leg.role, Role::Vdn | Role::Queue));
        for leg in left {
            if leg.role == Role::Queue
                && let Some(waiting) = self.waiting.get_mut(&leg.device)
            {
                *waiting = waiting.saturating_sub(1);
            }
            let told = self.definition.tells_diverted_from_queue;
            if let Some(to) = to.filter(|_| told) {
                self.tell(key, What::Diverted { device: leg.device, to: to.to_owned() }, "distributed");
            }
        }
    }

    pub(super) fn ring(&mut self, name: &str, station: &str) -> Result<CallKey, SwitchError> {
        self.must_be_station(station)?;
        let call = self.named(name)?;
        let key = call.key;
        if call.leg(station).is_some() {
            return Err(SwitchError::AlreadyThere { call: name.to_owned(), device: station.to_owned() });
        }
        if !call.legs.iter().any(|leg| matches!(leg.role, Role::Vdn | Role::Queue)) {
            return Err(wrong(call, "it", "in a VDN or a skill"));
        }
        let from = call.skill.clone().or_else(|| call.vdn.clone());
        self.leave_distribution(key, Some(station));
        self.alert(key, station, from, "newCall");
        Ok(key)
    }

    /// A station starts to ring.
    pub(super) fn alert(&mut self, key: CallKey, station: &str, redirected_by: Option<String>, cause: &'static str) {
        self.add_leg(key, station, Role::Station, LegState::Alerting);
        if let (Some(call), Some(by)) = (self.calls.get_mut(&key), redirected_by) {
            call.last_redirection = Some(by);
        }
        self.tell(key, What::Delivered { device: station.to_owned() }, cause);
    }

    pub(super) fn answer(&mut self, name: &str, station: Option<&str>) -> Result<CallKey, SwitchError> {
        let call = self.named(name)?;
        let alerting =
            |leg: &&Leg| leg.state == LegState::Alerting && matches!(leg.role, Role::Station | Role::External);
        let mut ringing = call.legs.iter().filter(alerting);
        let leg = match station {
            Some(device) => call.leg(device).filter(alerting),
            None => ringing.next().filter(|_| ringing.next().is_none()),
        };
        let Some(leg) = leg else { return Err(wrong(call, station.unwrap_or("one party"), "ringing")) };
        let (key, device) = (call.key, leg.device.clone());
        let starters: Vec<String> =
            call.legs.iter().filter(|leg| leg.state == LegState::Initiated).map(|leg| leg.device.clone()).collect();
        if let Some(call) = self.calls.get_mut(&key) {
            call.set(&device, LegState::Connected);
            for starter in &starters {
                call.set(starter, LegState::Connected);
            }
        }
        self.tell(key, What::Established { device }, "newCall");
        Ok(key)
    }

    pub(super) fn divert(&mut self, name: &str, to: &str, cause: &'static str) -> Result<CallKey, SwitchError> {
        let call = self.named(name)?;
        let ringing = call.only(LegState::Alerting, Role::Station).map(|leg| leg.device.clone());
        let waits = call.legs.iter().any(|leg| matches!(leg.role, Role::Vdn | Role::Queue));
        if ringing.is_none() && !waits {
            return Err(wrong(call, "it", "ringing at one station or waiting"));
        }
        if call.leg(to).is_some() {
            return Err(SwitchError::AlreadyThere { call: name.to_owned(), device: to.to_owned() });
        }
        if !self.is_installed(to) {
            return Err(SwitchError::NotInstalled { what: "station, skill or VDN", device: to.to_owned() });
        }
        let key = call.key;
        self.leave_distribution(key, Some(to));
        if let Some(station) = &ringing {
            self.leave_station(key, station, to, cause);
        }
        if self.is_skill(to) {
            self.enter_queue(key, to);
        } else if self.is_vdn(to) {
            self.enter_vdn(key, to);
        } else {
            self.alert(key, to, ringing, cause);
        }
        Ok(key)
    }

    fn leave_station(&mut self, key: CallKey, station: &str, to: &str, cause: &'static str) {
        if let Some(call) = self.calls.get_mut(&key) {
            call.remove(station);
            call.last_redirection = Some(station.to_owned());
        }
        let what = What::Diverted { device: station.to_owned(), to: to.to_owned() };
        self.tell_also(key, what, cause, None, &[station]);
    }

    pub(super) fn pick_up(&mut self, name: &str, by: &str) -> Result<CallKey, SwitchError> {
        self.must_be_station(by)?;
        let call = self.named(name)?;
        if call.leg(by).is_some() {
            return Err(SwitchError::AlreadyThere { call: name.to_owned(), device: by.to_owned() });
        }
        let Some(station) = call.only(LegState::Alerting, Role::Station).map(|leg| leg.device.clone()) else {
            return Err(wrong(call, "one station", "ringing"));
        };
        let starter = call.only(LegState::Initiated, Role::Station).map(|leg| leg.device.clone());
        let key = call.key;
        self.leave_station(key, &station, by, "callPickup");
        self.add_leg(key, by, Role::Station, LegState::Connected);
        if let (Some(call), Some(starter)) = (self.calls.get_mut(&key), starter) {
            call.set(&starter, LegState::Connected);
        }
        self.tell(key, What::Established { device: by.to_owned() }, "callPickup");
        Ok(key)
    }

    pub(super) fn enter_digits(&mut self, name: &str, digits: &str) -> Result<CallKey, SwitchError> {
        let well_formed =
            (1..=24).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit() || "*#".contains(c));
        if !well_formed {
            return Err(bad("digits", format!("{digits:?} is not 1 to 24 of 0-9, * and #")));
        }
        let call = self.named(name)?;
        let Some(device) = call.caller_device().map(str::to_owned) else {
            return Err(wrong(call, "a caller", "on it"));
        };
        let key = call.key;
        if let Some(call) = self.calls.get_mut(&key) {
            call.digits = Some(digits.to_owned());
        }
        self.tell(key, What::EnteredDigits { device, digits: digits.to_owned() }, "normal");
        Ok(key)
    }

    pub(super) fn attach(&mut self, name: &str, uui: &str) -> Result<CallKey, SwitchError> {
        let call = self.named(name)?;
        let station = |leg: &&Leg| leg.role == Role::Station;
        let Some(device) = call.legs.iter().find(station).map(|leg| leg.device.clone()) else {
            return Err(wrong(call, "a station", "on it"));
        };
        let (key, uui) = (call.key, uui_bytes(Some(uui), None)?);
        if let Some(call) = self.calls.get_mut(&key) {
            call.uui = uui;
        }
        self.tell(key, What::CallInformation { device }, "normal");
        Ok(key)
    }
}

pub(super) fn wrong(call: &Call, device: &str, needed: &'static str) -> SwitchError {
    SwitchError::WrongState { call: call.name.clone(), device: device.to_owned(), needed }
}

pub(super) fn uui_bytes(text: Option<&str>, hex: Option<&str>) -> Result<Vec<u8>, SwitchError> {
    let bytes = match (text, hex) {
        (Some(_), Some(_)) => return Err(bad("uui", "give uui or uui_hex, not both".to_owned())),
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(hex)) => from_hex(hex).ok_or_else(|| bad("uui_hex", format!("{hex:?} is not hex digits")))?,
        (None, None) => Vec::new(),
    };
    if bytes.len() > LONGEST_UUI {
        return Err(bad("uui", format!("{} bytes, but a switch carries {LONGEST_UUI} at most", bytes.len())));
    }
    Ok(bytes)
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

fn checked_ucid(ucid: &str) -> Result<String, SwitchError> {
    if ucid.len() == 20 && ucid.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(ucid.to_owned());
    }
    Err(bad("ucid", format!("{ucid:?} is not 20 digits")))
}

fn bad(field: &'static str, sentence: String) -> SwitchError {
    SwitchError::BadValue { field, sentence }
}
