//! Snapshots of devices and calls (avaya.md 1.5).

use super::CstaError;
use super::monitoring::device_in;
use crate::avaya_dmcc::csta::{Element, call_linkage, local_connection_info};
use crate::avaya_dmcc::server::Exchange;
use crate::avaya_dmcc::switch::{Call, Leg, What};

impl Exchange {
    pub(super) fn snapshot_device(&self, request: &Element) -> Result<String, CstaError> {
        self.must_have_the_switch()?;
        let device = self.installed(device_in(request.child("snapshotObject")))?;
        let calls: Vec<(&Call, &Leg)> =
            self.switch.calls().filter_map(|call| call.leg(device).map(|leg| (call, leg))).collect();
        Ok(self.csta("SnapshotDeviceResponse", |m| {
            m.within("crossRefIDorSnapshotData", |m| {
                m.within("snapshotData", |m| {
                    for (call, own) in calls {
                        m.within("snapshotDeviceResponseInfo", |m| {
                            self.names.connection(m, "connectionIdentifier", call.id, device);
                            m.within("localCallState", |m| {
                                m.within("compoundCallState", |m| {
                                    // The device's own state comes first, then the others'.
                                    let others = call.legs.iter().filter(|leg| leg.device != own.device);
                                    for leg in std::iter::once(own).chain(others) {
                                        m.leaf("localConnectionState", state(leg));
                                    }
                                });
                            });
                        });
                    }
                });
            });
        }))
    }

    pub(super) fn snapshot_call(&self, request: &Element) -> Result<String, CstaError> {
        self.must_have_the_switch()?;
        let id = request.find("callID").and_then(|id| id.text.parse().ok()).ok_or(CstaError::INVALID_CALL)?;
        let call = self.switch.call_with_id(id).ok_or(CstaError::INVALID_CALL)?;
        Ok(self.csta("SnapshotCallResponse", |m| {
            m.within("crossRefIDorSnapshotData", |m| {
                m.within("snapshotData", |m| {
                    for leg in &call.legs {
                        m.within("snapshotCallResponseInfo", |m| {
                            self.names.subject(m, "deviceOnCall", &leg.device);
                            self.names.connection(m, "callIdentifier", call.id, &leg.device);
                            m.leaf("localConnectionInfo", state(leg));
                        });
                    }
                });
            });
            self.names.party(m, "callingDevice", &call.calling);
            self.names.party(m, "calledDevice", &call.called);
            if call.tells_ucid {
                call_linkage(m, "callLinkageData", &call.ucid);
            }
        }))
    }
}

fn state(leg: &Leg) -> &'static str {
    local_connection_info(leg.state, &What::CallCleared)
}
