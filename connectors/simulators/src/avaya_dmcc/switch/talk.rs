//! Calls that somebody talks on: hold, retrieve, hang up.

use super::inbound::wrong;
use super::{CallKey, Leg, LegState, Role, Switch, SwitchError, What};

impl Switch {
    /// The station a verb means: the one named, or the only one in this state.
    pub(super) fn station_in(
        &self,
        name: &str,
        station: Option<&str>,
        state: LegState,
        needed: &'static str,
    ) -> Result<(CallKey, String), SwitchError> {
        let call = self.named(name)?;
        let leg = match station {
            Some(device) => call.leg(device).filter(|leg| leg.state == state && leg.role == Role::Station),
            None => call.only(state, Role::Station),
        };
        leg.map(|leg| (call.key, leg.device.clone()))
            .ok_or_else(|| wrong(call, station.unwrap_or("one station"), needed))
    }

    pub(super) fn hold(&mut self, name: &str, station: Option<&str>) -> Result<CallKey, SwitchError> {
        let (key, device) = self.station_in(name, station, LegState::Connected, "talking")?;
        self.set_leg(key, &device, LegState::Held);
        self.tell(key, What::Held { device }, "normal");
        Ok(key)
    }

    pub(super) fn retrieve(&mut self, name: &str, station: Option<&str>) -> Result<CallKey, SwitchError> {
        let (key, device) = self.station_in(name, station, LegState::Held, "on hold")?;
        self.set_leg(key, &device, LegState::Connected);
        self.tell(key, What::Retrieved { device }, "normal");
        Ok(key)
    }

    pub(super) fn set_leg(&mut self, key: CallKey, device: &str, state: LegState) {
        if let Some(call) = self.calls.get_mut(&key) {
            call.set(device, state);
        }
    }

    pub(super) fn drop_party(&mut self, name: &str, party: &str) -> Result<CallKey, SwitchError> {
        let call = self.named(name)?;
        let device = if party == "caller" { call.caller_device() } else { Some(party) };
        let device = device.filter(|device| call.leg(device).is_some_and(is_party));
        let Some(device) = device.map(str::to_owned) else { return Err(wrong(call, party, "a party of it")) };
        let key = call.key;
        self.part(key, &device, "normalClearing");
        self.end_if_deserted(key);
        Ok(key)
    }

    pub(super) fn abandon(&mut self, name: &str) -> Result<CallKey, SwitchError> {
        let call = self.named(name)?;
        let answered = call.legs.iter().skip(1).any(|leg| matches!(leg.state, LegState::Connected | LegState::Held));
        let Some(device) = call.caller_device().filter(|_| !answered).map(str::to_owned) else {
            return Err(wrong(call, "it", "still unanswered"));
        };
        let key = call.key;
        self.part(key, &device, "normalClearing");
        self.end_if_deserted(key);
        Ok(key)
    }

    pub(super) fn clear(&mut self, name: &str) -> Result<CallKey, SwitchError> {
        let key = self.named(name)?.key;
        self.end(key);
        Ok(key)
    }

    #[expect(clippy::unnecessary_wraps, reason = "one shape for every verb")]
    pub(super) fn clear_all(&mut self) -> Result<(), SwitchError> {
        let keys: Vec<CallKey> = self.calls.keys().copied().collect();
        for key in keys {
            self.end(key);
        }
        Ok(())
    }

    /// One connection goes away.
    pub(super) fn part(&mut self, key: CallKey, device: &str, cause: &'static str) {
        let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.remove(device)) else { return };
        if leg.role == Role::Queue
            && let Some(waiting) = self.waiting.get_mut(device)
        {
            *waiting = waiting.saturating_sub(1);
        }
        self.tell_also(key, What::ConnectionCleared { device: device.to_owned() }, cause, None, &[device]);
        if leg.role == Role::Station && leg.state != LegState::Alerting {
            self.after_call(device);
        }
    }

    pub(super) fn end_if_deserted(&mut self, key: CallKey) {
        if self.calls.get(&key).is_some_and(|call| !call.is_alive()) {
            self.end(key);
        }
    }

    /// Every connection goes away, then the call.
    pub(super) fn end(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(&key) else { return };
        let devices: Vec<Leg> = call.legs.clone();
        for leg in devices {
            if is_party(&leg) {
                self.part(key, &leg.device, "normalClearing");
            }
        }
        self.leave_distribution(key, None);
        self.tell(key, What::CallCleared, "normalClearing");
        self.close(key, None);
    }
}

fn is_party(leg: &Leg) -> bool {
    !matches!(leg.role, Role::Vdn | Role::Queue)
}
