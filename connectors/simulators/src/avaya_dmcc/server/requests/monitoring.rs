//! Monitors: start, stop, and the move from a lost session to a new one (avaya.md 1.3, 1.5).

use std::sync::Arc;

use super::{CstaError, avaya};
use crate::avaya_dmcc::csta::{Element, Names};
use crate::avaya_dmcc::server::monitors::Watched;
use crate::avaya_dmcc::server::{DuplicateMonitor, Exchange};

impl Exchange {
    pub(super) fn monitor_start(&mut self, session: &Arc<str>, request: &Element) -> Result<String, CstaError> {
        let watched = self.watched(request)?;
        if watched != Watched::Session {
            self.must_have_the_switch()?;
        }
        if self.faults.busy {
            return Err(CstaError::BUSY);
        }
        if self.lacks_a_licence(&watched) {
            return Err(CstaError::NO_LICENCE);
        }
        let refuses = self.settings.duplicate_monitor == DuplicateMonitor::Error;
        if refuses && self.monitors.has(session, &watched) {
            return Err(CstaError::DUPLICATE);
        }
        let cross_reference = self.monitors.set(session, watched, request);
        self.changed();
        Ok(self.csta("MonitorStartResponse", |m| m.leaf("monitorCrossRefID", &cross_reference)))
    }

    fn watched(&self, request: &Element) -> Result<Watched, CstaError> {
        let object = request.child("monitorObject").ok_or(CstaError::INVALID_OBJECT)?;
        if let Some(call) = object.child("callObject") {
            let id = call.find("callID").and_then(|id| id.text.parse().ok()).ok_or(CstaError::INVALID_CALL)?;
            let call = self.switch.call_with_id(id).ok_or(CstaError::INVALID_CALL)?;
            return Ok(Watched::Call(call.key));
        }
        let device = object.child("deviceObject").ok_or(CstaError::INVALID_OBJECT)?;
        let named = device_in(Some(device));
        if named.is_empty() && device.children.is_empty() {
            return Ok(Watched::Session);
        }
        let extension = self.installed(named)?.to_owned();
        let by_call = request.text_at(&["monitorType"]).is_some_and(|kind| kind.eq_ignore_ascii_case("call"));
        match by_call {
            true => Ok(Watched::CallsVia(extension)),
            // A VDN has no connections of its own to watch: only its calls can be followed.
            false if self.switch.is_vdn(&extension) => Err(CstaError::INVALID_OBJECT),
            false => Ok(Watched::Device(extension)),
        }
    }

    /// One licence for each monitored station; skills and VDNs need none (avaya.md 5.12).
    fn lacks_a_licence(&self, watched: &Watched) -> bool {
        let is_station = |watched: &Watched| match watched {
            Watched::Device(device) | Watched::CallsVia(device) => self.switch.is_station(device),
            Watched::Call(_) | Watched::Session => false,
        };
        if !is_station(watched) {
            return false;
        }
        let used = || self.monitors.iter().filter(|monitor| is_station(&monitor.watched)).count();
        let most = self.settings.station_licences;
        self.faults.refuse_licences || (most > 0 && used() >= most)
    }

    pub(super) fn monitor_stop(&mut self, session: &Arc<str>, request: &Element) -> Result<String, CstaError> {
        let cross_reference = request.text_at(&["monitorCrossRefID"]).ok_or(CstaError::INVALID_CROSS_REFERENCE)?;
        if !self.monitors.stop(session, cross_reference) {
            return Err(CstaError::INVALID_CROSS_REFERENCE);
        }
        self.changed();
        Ok(self.csta("MonitorStopResponse", |_| {}))
    }

    /// Moves a lost session's monitors. The new session must have a session monitor with `deviceServices` first.
    pub(super) fn transfer_monitors(&mut self, session: &Arc<str>, request: &Element) -> Result<String, CstaError> {
        let from = request.text_at(&["fromSessionID"]).ok_or(CstaError::GENERIC)?;
        let to = request.text_at(&["toSessionID"]).ok_or(CstaError::GENERIC)?;
        let allowed = self.monitors.of(session).any(|(_, monitor)| monitor.device_services);
        let attached = self.sessions.get(from).is_none_or(|session| session.connection.is_some());
        if to != &**session || from == to || !allowed || attached {
            return Err(CstaError::GENERIC);
        }
        self.monitors.transfer(from, session);
        self.sessions.remove(from);
        self.changed();
        Ok(avaya("TransferMonitorObjectsResponse", |_| {}))
    }
}

/// The device of a snapshot or monitor request: text of the element, or of a `deviceIdentifier` or `deviceID` in it.
pub(super) fn device_in<'a>(element: Option<&'a Element>) -> &'a str {
    let text = |element: &'a Element| {
        let inner = element.find("deviceID").or_else(|| element.find("deviceIdentifier"));
        inner.unwrap_or(element).text.as_str()
    };
    element.map_or("", |element| Names::extension(text(element)))
}
