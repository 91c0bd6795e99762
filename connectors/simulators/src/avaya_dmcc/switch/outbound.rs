//! Calls that a station makes.

use super::inbound::{uui_bytes, wrong};
use super::verb::Dial;
use super::{CallKey, Leg, LegState, Party, Role, Switch, SwitchError, What};

/// The causes that a `fail` step may give (avaya.md 1.6).
const FAILURES: [&str; 7] = [
    "busy",
    "callNotAnswered",
    "destNotObtainable",
    "trunksBusy",
    "resourcesNotAvailable",
    "doNotDisturb",
    "noAvailableAgents",
];

impl Switch {
    pub(super) fn dial(&mut self, dial: &Dial, now: u64) -> Result<CallKey, SwitchError> {
        self.must_be_free(&dial.call)?;
        self.must_be_station(&dial.from)?;
        self.must_be_a_destination(&dial.call, &dial.from, &dial.to)?;
        self.must_have_call_id()?;
        let uui = uui_bytes(dial.uui.as_deref(), None)?;
        Ok(self.place(&dial.call, &dial.from, &dial.to, uui, None, now))
    }

    pub(super) fn must_be_a_destination(&self, call: &str, from: &str, to: &str) -> Result<(), SwitchError> {
        if from == to {
            return Err(SwitchError::AlreadyThere { call: call.to_owned(), device: to.to_owned() });
        }
        let dialable = !to.is_empty() && to.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '#' | '+'));
        if !dialable || self.is_skill(to) {
            let sentence = format!("{to:?} is no number, station or VDN");
            return Err(SwitchError::BadValue { field: "to", sentence });
        }
        Ok(())
    }

    /// Goes off hook and dials. Everything was checked.
    pub(super) fn place(
        &mut self,
        name: &str,
        from: &str,
        to: &str,
        uui: Vec<u8>,
        consultation: Option<CallKey>,
        now: u64,
    ) -> CallKey {
        let mut call = self.open(name, Party::Number(from.to_owned()), Party::Number(to.to_owned()), now);
        let key = call.key;
        call.uui = uui;
        call.legs.push(Leg { device: from.to_owned(), role: Role::Station, state: LegState::Initiated });
        if let Some(first) = consultation {
            call.consultation_of = Some((first, from.to_owned()));
            call.original =
                self.calls.get(&first).map(|first| Box::new(super::merge::original(first, super::merge::CONSULTATION)));
        }
        self.calls.insert(key, call);
        self.tell(key, What::ServiceInitiated { device: from.to_owned() }, "makeCall");
        self.tell(key, What::Originated { device: from.to_owned() }, "makeCall");
        let cause = if consultation.is_some() { "consultation" } else { "newCall" };
        if self.is_station(to) {
            self.alert(key, to, None, cause);
        } else if self.is_vdn(to) {
            self.enter_vdn(key, to);
        }
        key
    }

    pub(super) fn reached(&mut self, name: &str) -> Result<CallKey, SwitchError> {
        let (key, to) = self.dialled_outside(name)?;
        let trunk = self.take_trunk();
        if let Some(call) = self.calls.get_mut(&key) {
            call.trunk = Some(trunk);
            call.legs.push(Leg { device: to.clone(), role: Role::External, state: LegState::Alerting });
        }
        self.tell(key, What::NetworkReached { device: to.clone() }, "normal");
        self.tell(key, What::Delivered { device: to }, "networkSignal");
        Ok(key)
    }

    pub(super) fn fail(&mut self, name: &str, cause: Option<&str>) -> Result<CallKey, SwitchError> {
        let wanted = cause.unwrap_or("busy");
        let Some(cause) = FAILURES.iter().find(|known| **known == wanted) else {
            let sentence = format!("{wanted:?} is none of {}", FAILURES.join(", "));
            return Err(SwitchError::BadValue { field: "cause", sentence });
        };
        let (key, to) = self.dialled_outside(name)?;
        if let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.legs.first_mut()) {
            leg.state = LegState::Failed;
        }
        self.tell(key, What::Failed { device: to }, cause);
        Ok(key)
    }

    /// A call that a station has dialled and that has reached nobody yet.
    fn dialled_outside(&self, name: &str) -> Result<(CallKey, String), SwitchError> {
        let call = self.named(name)?;
        match (&call.called, call.legs.as_slice()) {
            (Party::Number(to), [Leg { state: LegState::Initiated, .. }]) => Ok((call.key, to.clone())),
            _ => Err(wrong(call, "it", "dialled to the outside and not yet reached")),
        }
    }
}
