//! What a session holds: its monitors and devices; and which sessions a user has (avaya.md 1.4). The bodies of the
//! answers are our reading: the notes name these services and not their answers.

use std::collections::BTreeSet;

use super::{CstaError, avaya};
use crate::avaya_dmcc::csta::{Element, Markup};
use crate::avaya_dmcc::server::Exchange;
use crate::avaya_dmcc::server::monitors::{Monitor, Watched};

impl Exchange {
    /// The session that is asked about: one of the same user, else the asking one.
    fn session_meant(&self, session: &str, request: &Element) -> Result<String, CstaError> {
        let Some(asked) = request.text_at(&["sessionID"]) else { return Ok(session.to_owned()) };
        let user = |id: &str| self.sessions.get(id).map(|session| session.user.as_str());
        let same_user = user(asked).is_some() && user(asked) == user(session);
        if same_user { Ok(asked.to_owned()) } else { Err(CstaError::GENERIC) }
    }

    pub(super) fn get_monitor_list(&self, session: &str, request: &Element) -> Result<String, CstaError> {
        let session = self.session_meant(session, request)?;
        Ok(avaya("GetMonitorListResponse", |m| {
            m.within("monitorList", |m| {
                for (_, monitor) in self.monitors.of(&session) {
                    m.within("monitor", |m| self.monitor(m, monitor));
                }
            });
        }))
    }

    fn monitor(&self, m: &mut Markup, monitor: &Monitor) {
        m.leaf("monitorCrossRefID", &monitor.cross_reference);
        if let Some(device) = device_of(monitor) {
            self.names.device(m, "deviceObject", device);
        }
        m.leaf("monitorType", if matches!(monitor.watched, Watched::Device(_)) { "device" } else { "call" });
    }

    pub(super) fn get_device_id_list(&self, session: &str, request: &Element) -> Result<String, CstaError> {
        let session = self.session_meant(session, request)?;
        let devices: BTreeSet<&str> =
            self.monitors.of(&session).filter_map(|(_, monitor)| device_of(monitor)).collect();
        Ok(avaya("GetDeviceIdListResponse", |m| {
            m.within("deviceIdList", |m| devices.iter().for_each(|device| self.names.device(m, "device", device)));
        }))
    }

    pub(super) fn get_session_id_list(&self, session: &str) -> String {
        let user = self.sessions.get(session).map(|session| session.user.clone()).unwrap_or_default();
        avaya("GetSessionIdListResponse", |m| {
            m.within("sessionIdList", |m| {
                let own = self.sessions.iter().filter(|session| session.user == user);
                own.for_each(|session| m.leaf("sessionID", &session.id));
            });
        })
    }
}

fn device_of(monitor: &Monitor) -> Option<&str> {
    match &monitor.watched {
        Watched::Device(device) | Watched::CallsVia(device) => Some(device),
        Watched::Call(_) | Watched::Session => None,
    }
}
