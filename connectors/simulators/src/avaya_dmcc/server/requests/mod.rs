//! What clients ask for, and the answers. Each request finds its handler by local name.

mod devices;
mod lists;
mod monitoring;
mod session;
mod snapshots;
mod system;

use std::sync::Arc;

use tokio::time::Instant;

use super::Exchange;
use crate::avaya_dmcc::csta::{AVAYA, Element, Frame, Markup, Names, parse};

/// A CSTA error: category element and its text (avaya.md 1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CstaError(pub(super) &'static str, pub(super) &'static str);

impl CstaError {
    pub(super) const GENERIC: Self = Self("operation", "generic");
    pub(super) const INVALID_DEVICE: Self = Self("operation", "invalidDeviceID");
    pub(super) const INVALID_CROSS_REFERENCE: Self = Self("operation", "invalidMonitorCrossRefID");
    pub(super) const INVALID_OBJECT: Self = Self("operation", "invalidMonitorObject");
    pub(super) const INVALID_CALL: Self = Self("operation", "invalidCallID");
    /// The users of this server may watch and not act.
    pub(super) const NO_PRIVILEGE: Self = Self("operation", "privilegeViolationSpecifiedDevice");
    pub(super) const NOT_LOGGED_IN: Self = Self("security", "generic");
    pub(super) const OUT_OF_SERVICE: Self = Self("systemResourceAvailibility", "resourceOutOfService");
    pub(super) const BUSY: Self = Self("systemResourceAvailibility", "resourceBusy");
    pub(super) const NO_LICENCE: Self = Self("systemResourceAvailibility", "resourceLimitExceeded");
    pub(super) const DUPLICATE: Self = Self("subscribedResourceAvailability", "objectMonitorLimitExceeded");
    pub(super) const TOO_MANY_REQUESTS: Self = Self("subscribedResourceAvailability", "outstandingReqLimitExceeded");

    fn document(self, namespace: &str) -> String {
        Markup::document("CSTAErrorCode", namespace, |m| m.leaf(self.0, self.1))
    }
}

/// Services that act on calls (ECMA-269): refused, for whatever reason comes first.
const CALL_CONTROL: [&str; 18] = [
    "AcceptCall",
    "AlternateCall",
    "AnswerCall",
    "ClearCall",
    "ClearConnection",
    "ConferenceCall",
    "ConsultationCall",
    "DeflectCall",
    "DirectedPickupCall",
    "GenerateDigits",
    "HoldCall",
    "MakeCall",
    "ReconnectCall",
    "RetrieveCall",
    "SetAgentState",
    "SingleStepConferenceCall",
    "SingleStepTransferCall",
    "TransferCall",
];

/// An answer in Avaya's namespace.
fn avaya(root: &str, inside: impl FnOnce(&mut Markup)) -> String {
    Markup::document(root, AVAYA, inside)
}

impl Exchange {
    /// Handles one frame of a client.
    pub(crate) fn request(&mut self, connection: u64, frame: &Frame) {
        let answer = match parse(&frame.body) {
            Ok(request) => self.dispatch(connection, frame.invoke_id, &request),
            Err(error) => {
                tracing::warn!(connection, %error, "a client sent a body that cannot be read");
                Err(CstaError::GENERIC)
            }
        };
        match answer {
            Ok(Some(body)) => self.answer(connection, frame.invoke_id, &body),
            Ok(None) => {}
            Err(error) => {
                let body = error.document(&self.names.csta);
                self.answer(connection, frame.invoke_id, &body);
            }
        }
    }

    fn dispatch(&mut self, connection: u64, invoke_id: u16, request: &Element) -> Result<Option<String>, CstaError> {
        match request.name.as_str() {
            "StartApplicationSession" => return Ok(Some(self.start_session(connection, request))),
            "ResetApplicationSessionTimer" => return Ok(Some(self.reset_session_timer(request))),
            "StopApplicationSession" => return Ok(Some(self.stop_session(request))),
            "SystemStatusResponse" => {
                if self.status_requests.remove(&(connection, invoke_id)) {
                    self.status_answers += 1;
                    self.changed();
                }
                return Ok(None);
            }
            answer if answer.ends_with("Response") => return Ok(None),
            _ => {}
        }
        let session = self.session_on(connection).ok_or(CstaError::NOT_LOGGED_IN)?;
        self.in_session(&session, request).map(Some)
    }

    fn in_session(&mut self, session: &Arc<str>, request: &Element) -> Result<String, CstaError> {
        if self.over_the_limit(session, &request.name) {
            return Err(CstaError::TOO_MANY_REQUESTS);
        }
        match request.name.as_str() {
            "GetDeviceId" => self.get_device_id(request, "GetDeviceIdResponse"),
            "GetThirdPartyDeviceId" => self.get_device_id(request, "GetThirdPartyDeviceIdResponse"),
            "ReleaseDeviceId" => Ok(avaya("ReleaseDeviceIdResponse", |_| {})),
            "MonitorStart" => self.monitor_start(session, request),
            "MonitorStop" => self.monitor_stop(session, request),
            "TransferMonitorObjects" => self.transfer_monitors(session, request),
            "SnapshotDevice" => self.snapshot_device(request),
            "SnapshotCall" => self.snapshot_call(request),
            "GetCallLinkageData" => self.get_call_linkage_data(request),
            "GetAgentState" => self.get_agent_state(request),
            "GetAgentLogin" => self.get_agent_login(request),
            "SystemRegister" => Ok(self.system_register(session, request)),
            "SetSessionCharacteristics" => Ok(avaya("SetSessionCharacteristicsResponse", |_| {})),
            "GetLinkStatus" => Ok(self.get_link_status()),
            "GetTimeOfDay" => self.get_time_of_day(),
            "GetAcdSplit" => self.get_acd_split(request),
            "GetMonitorList" => self.get_monitor_list(session, request),
            "GetDeviceIdList" => self.get_device_id_list(session, request),
            "GetSessionIdList" => Ok(self.get_session_id_list(session)),
            name if CALL_CONTROL.contains(&name) => Err(self.why_not(request)),
            _ => Err(CstaError::GENERIC),
        }
    }

    /// Only requests that work on the switch count against the limit.
    fn over_the_limit(&mut self, session: &str, name: &str) -> bool {
        let counted = matches!(
            name,
            "GetDeviceId"
                | "GetThirdPartyDeviceId"
                | "MonitorStart"
                | "SnapshotDevice"
                | "SnapshotCall"
                | "GetAgentState"
        );
        let limit = self.settings.requests_per_second;
        counted && self.sessions.get_mut(session).is_some_and(|session| !session.admits(limit, Instant::now()))
    }

    fn csta(&self, root: &str, inside: impl FnOnce(&mut Markup)) -> String {
        Markup::document(root, &self.names.csta, inside)
    }

    /// An extension that a client names, when the switch has it.
    fn installed<'a>(&self, device_id: &'a str) -> Result<&'a str, CstaError> {
        let extension = Names::extension(device_id);
        self.switch.is_installed(extension).then_some(extension).ok_or(CstaError::INVALID_DEVICE)
    }

    /// Why a service that acts on a call is refused: the switch is away, its device or call is not there, or nobody may.
    fn why_not(&self, request: &Element) -> CstaError {
        if let Err(error) = self.must_have_the_switch() {
            return error;
        }
        let call = request.find("callID").map(|id| id.text.parse().ok().and_then(|id| self.switch.call_with_id(id)));
        if matches!(call, Some(None)) {
            return CstaError::INVALID_CALL;
        }
        let named =
            request.find("deviceID").or_else(|| request.find("callingDevice")).or_else(|| request.child("device"));
        let installed = |device: &Element| self.switch.is_installed(monitoring::device_in(Some(device)));
        if named.is_none_or(installed) { CstaError::NO_PRIVILEGE } else { CstaError::INVALID_DEVICE }
    }

    fn must_have_the_switch(&self) -> Result<(), CstaError> {
        if self.faults.link_down { Err(CstaError::OUT_OF_SERVICE) } else { Ok(()) }
    }
}
