//! System services: status registration and link status (avaya.md 1.4).

use std::sync::Arc;

use super::{CstaError, avaya};
use crate::avaya_dmcc::csta::{AVAYA, Element};
use crate::avaya_dmcc::server::Exchange;

impl Exchange {
    pub(super) fn system_register(&mut self, session: &Arc<str>, request: &Element) -> String {
        let registration = format!("{session}-status");
        if let Some(session) = self.sessions.get_mut(session) {
            session.status_registration = Some(registration.clone());
        }
        let filter = request.child("requestedStatusFilter").map(|filter| filter.children.clone()).unwrap_or_default();
        let name = &self.switch.definition().name;
        self.csta("SystemRegisterResponse", |m| {
            m.leaf("sysStatRegisterID", &registration);
            m.within("actualStatusFilter", |m| filter.iter().for_each(|flag| m.leaf(&flag.name, &flag.text)));
            m.within("extensions", |m| {
                m.within("privateData", |m| {
                    m.within("private", |m| {
                        m.within_namespace("SystemRegisterResponsePrivateData", AVAYA, |m| m.leaf("switchName", name));
                    });
                });
            });
        })
    }

    /// The switch's clock; the simulated one keeps UTC.
    pub(super) fn get_time_of_day(&self) -> Result<String, CstaError> {
        self.must_have_the_switch()?;
        let now = time::OffsetDateTime::now_utc();
        let fields = [
            ("year", u64::try_from(now.year()).unwrap_or(0)),
            ("month", u64::from(u8::from(now.month()))),
            ("day", u64::from(now.day())),
            ("hour", u64::from(now.hour())),
            ("minute", u64::from(now.minute())),
            ("second", u64::from(now.second())),
        ];
        Ok(avaya("GetTimeOfDayResponse", |m| fields.iter().for_each(|(name, value)| m.number(name, *value))))
    }

    pub(super) fn get_link_status(&self) -> String {
        avaya("GetLinkStatusResponse", |m| {
            m.within("linkStatus", |m| {
                m.leaf("switchName", &self.switch.definition().name);
                m.leaf("tlinkStatus", if self.faults.link_down { "tlinkDown" } else { "tlinkUp" });
            });
        })
    }
}
