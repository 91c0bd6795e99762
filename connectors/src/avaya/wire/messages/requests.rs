//! Requests, written as the schemas of protocol notes 1.3–1.5 ask: each in its own namespace, children in order.

use secrecy::{ExposeSecret, SecretString};

use super::super::write::Writer;

const SESSION: &str = "http://www.ecma-international.org/standards/ecma-354/appl_session";
const AVAYA: &str = "http://www.avaya.com/csta";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The namespace of CSTA messages unless the session's version names another edition.
const CSTA: &str = "http://www.ecma-international.org/standards/ecma-323/csta/ed3";
const APPLICATION: &str = "Trunkline";

/// Call-control events to be sent, in the schema's order.
const CALL_CONTROL: &[&str] = &[
    "callCleared",
    "conferenced",
    "connectionCleared",
    "delivered",
    "diverted",
    "established",
    "failed",
    "held",
    "networkReached",
    "originated",
    "queued",
    "retrieved",
    "serviceInitiated",
    "transferred",
];
/// Agent events to be sent, in the schema's order.
const AGENTS: &[&str] =
    &["agentBusy", "agentLoggedOn", "agentLoggedOff", "agentNotReady", "agentReady", "agentWorkingAfterCall"];

/// Who logs in, and how.
pub(crate) struct Login<'a> {
    /// AES user.
    pub(crate) user: &'a str,
    /// His password.
    pub(crate) password: &'a SecretString,
    /// A session to be recovered.
    pub(crate) recover: Option<&'a str>,
    /// Versions we speak, the dearest first.
    pub(crate) versions: &'a [String],
    /// Seconds the session lives without a reset of its timer.
    pub(crate) duration: u64,
    /// Seconds it can be recovered after the connection broke.
    pub(crate) cleanup_delay: u64,
}

/// `StartApplicationSession`
pub(crate) fn start_session(login: &Login<'_>) -> String {
    let mut out = Writer::root("StartApplicationSession", &format!("xmlns=\"{SESSION}\""));
    out.within("applicationInfo", |info| {
        info.text("applicationID", APPLICATION);
        info.within("applicationSpecificInfo", |specific| {
            let element =
                format!("a:SessionLoginInfo xmlns:a=\"{AVAYA}\" xmlns:xsi=\"{XSI}\" xsi:type=\"a:SessionLoginInfo\"");
            specific.within(&element, |session| {
                session
                    .text("a:userName", login.user)
                    .text("a:password", login.password.expose_secret())
                    .text("a:sessionCleanupDelay", &login.cleanup_delay.to_string())
                    .text("a:sessionID", login.recover.unwrap_or_default());
            });
        });
    });
    out.within("requestedProtocolVersions", |versions| {
        for version in login.versions {
            versions.text("protocolVersion", version);
        }
    });
    out.text("requestedSessionDuration", &login.duration.to_string());
    out.finish("StartApplicationSession")
}

/// `ResetApplicationSessionTimer`
pub(crate) fn reset_timer(session: &str, duration: u64) -> String {
    let mut out = Writer::root("ResetApplicationSessionTimer", &format!("xmlns=\"{SESSION}\""));
    out.text("sessionID", session).text("requestedSessionDuration", &duration.to_string());
    out.finish("ResetApplicationSessionTimer")
}

/// `StopApplicationSession`
pub(crate) fn stop_session(session: &str) -> String {
    let mut out = Writer::root("StopApplicationSession", &format!("xmlns=\"{SESSION}\""));
    out.text("sessionID", session);
    out.within("sessionEndReason", |reason| {
        reason.text("definedEndReason", "normal");
    });
    out.finish("StopApplicationSession")
}

/// `GetThirdPartyDeviceId`
pub(crate) fn get_device_id(switch: &str, extension: &str) -> String {
    let mut out = Writer::root("GetThirdPartyDeviceId", &format!("xmlns=\"{AVAYA}\""));
    out.text("switchName", switch).text("extension", extension);
    out.finish("GetThirdPartyDeviceId")
}

/// `ReleaseDeviceId`
pub(crate) fn release_device_id(device: &str) -> String {
    let mut out = Writer::root("ReleaseDeviceId", &format!("xmlns=\"{AVAYA}\""));
    out.text("device", device);
    out.finish("ReleaseDeviceId")
}

/// The CSTA services, in the namespace of the session's edition.
pub(crate) struct Csta {
    namespace: String,
}

impl Default for Csta {
    fn default() -> Self {
        Self { namespace: CSTA.to_owned() }
    }
}

impl Csta {
    /// The edition that a protocol version names: the version without its `/privN`.
    pub(crate) fn of_version(version: &str) -> Self {
        match version.rsplit_once("/priv") {
            Some((edition, _)) if edition.contains("/csta/ed") => Self { namespace: edition.to_owned() },
            _ => Self::default(),
        }
    }

    fn root(&self, name: &str) -> Writer {
        Writer::root(name, &format!("xmlns=\"{}\"", self.namespace))
    }

    /// `SystemRegister`: tell us how the link to the switch is.
    pub(crate) fn system_register(&self, switch: &str) -> String {
        let mut out = self.root("SystemRegister");
        out.within("requestTypes", |types| {
            types.text("systemStatus", "true");
        });
        out.within("requestedStatusFilter", |filter| {
            for status in ["initializing", "enabled", "normal", "messageLost", "disabled", "partiallyDisabled"] {
                filter.text(status, "true");
            }
        });
        private(&mut out, "SystemRegisterPrivateData", |data| {
            data.text("a:invertFilter", "true").text("a:switchName", switch);
        });
        out.finish("SystemRegister")
    }

    /// The answer we owe to `SystemStatus`.
    pub(crate) fn system_status_response(&self) -> String {
        self.root("SystemStatusResponse").finish("SystemStatusResponse")
    }

    /// The answer we owe to a `MonitorStop` of the server.
    pub(crate) fn monitor_stop_response(&self) -> String {
        self.root("MonitorStopResponse").finish("MonitorStopResponse")
    }

    /// `MonitorStart`; `follow_calls` asks for monitor type `call`, which follows a VDN's calls through all parties.
    pub(crate) fn monitor_start(&self, device: &str, follow_calls: bool) -> String {
        let mut out = self.root("MonitorStart");
        out.within("monitorObject", |object| {
            device_element(object, "deviceObject", device);
        });
        out.within("requestedMonitorFilter", |filter| {
            filter.within("callcontrol", |events| flags(events, CALL_CONTROL));
            filter.within("callAssociated", |events| flags(events, &["callInformation"]));
            filter.within("logicalDeviceFeature", |events| flags(events, AGENTS));
        });
        out.text("monitorType", if follow_calls { "call" } else { "device" });
        private(&mut out, "AvayaEvents", |events| {
            events.text("a:invertFilter", "true");
            events.within("a:callInformation", |links| {
                links.text("a:linkDown", "true").text("a:linkUp", "true");
            });
            events.within("a:callControlPrivate", |digits| {
                digits.text("a:enteredDigits", "true");
            });
        });
        out.finish("MonitorStart")
    }

    /// `MonitorStop`
    pub(crate) fn monitor_stop(&self, cross_ref: &str) -> String {
        let mut out = self.root("MonitorStop");
        out.text("monitorCrossRefID", cross_ref);
        out.finish("MonitorStop")
    }

    /// `SnapshotDevice`
    pub(crate) fn snapshot_device(&self, device: &str) -> String {
        let mut out = self.root("SnapshotDevice");
        device_element(&mut out, "snapshotObject", device);
        out.finish("SnapshotDevice")
    }

    /// `SnapshotCall`; the device is one that takes part, where one is known.
    pub(crate) fn snapshot_call(&self, call: &str, device: Option<&str>) -> String {
        let mut out = self.root("SnapshotCall");
        out.within("snapshotObject", |object| connection(object, call, device));
        out.finish("SnapshotCall")
    }

    /// `GetAgentState`
    pub(crate) fn agent_state(&self, device: &str) -> String {
        let mut out = self.root("GetAgentState");
        device_element(&mut out, "device", device);
        out.finish("GetAgentState")
    }

    /// `GetCallLinkageData`: which UCID has this call? The service is Avaya's, the connection inside it CSTA's.
    pub(crate) fn call_linkage(&self, call: &str, device: Option<&str>) -> String {
        let mut out =
            Writer::root("a:GetCallLinkageData", &format!("xmlns:a=\"{AVAYA}\" xmlns=\"{}\"", self.namespace));
        out.within("a:call", |object| connection(object, call, device));
        out.finish("a:GetCallLinkageData")
    }
}

fn connection(out: &mut Writer, call: &str, device: Option<&str>) {
    out.text("callID", call);
    if let Some(device) = device {
        device_element(out, "deviceID", device);
    }
}

fn device_element(out: &mut Writer, name: &str, device: &str) {
    out.text(&format!("{name} typeOfNumber=\"other\" mediaClass=\"notKnown\""), device);
}

fn flags(out: &mut Writer, names: &[&str]) {
    for name in names {
        out.text(name, "true");
    }
}

/// `extensions/privateData/private/<element>`, which is Avaya's.
fn private(out: &mut Writer, element: &str, inside: impl FnOnce(&mut Writer)) {
    out.within("extensions", |extensions| {
        extensions.within("privateData", |data| {
            data.within("private", |private| {
                private.within(&format!("a:{element} xmlns:a=\"{AVAYA}\""), inside);
            });
        });
    });
}
