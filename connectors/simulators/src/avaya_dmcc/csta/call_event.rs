//! Call events, one a monitor, with the exact child order of avaya.md 1.6 and the private data of 1.8.

use super::{AVAYA, Markup, Names};
use crate::avaya_dmcc::switch::{
    Call, CallOccurrence, ConnectionItem, LegState, LocalState, Merge, OriginalCall, Party, Trunk, What,
};

/// One call event for one monitor. `local`: state of the monitored device's own connection, where it has one.
pub fn call_event(
    names: &Names,
    cross_reference: &str,
    local: Option<LocalState>,
    occurrence: &CallOccurrence,
) -> String {
    let event = Event { names, call: &occurrence.call, cause: occurrence.cause, local, what: &occurrence.what };
    Markup::document(root(&occurrence.what), &names.csta, |markup| {
        markup.leaf("monitorCrossRefID", cross_reference);
        event.head(markup);
        event.tail(markup);
        event.private(markup);
    })
}

/// The event's root element. `TransferedEvent` has one r.
pub(super) fn root(what: &What) -> &'static str {
    match what {
        What::ServiceInitiated { .. } => "ServiceInitiatedEvent",
        What::Originated { .. } => "OriginatedEvent",
        What::NetworkReached { .. } => "NetworkReachedEvent",
        What::Delivered { .. } => "DeliveredEvent",
        What::Established { .. } => "EstablishedEvent",
        What::Queued { .. } => "QueuedEvent",
        What::Diverted { .. } => "DivertedEvent",
        What::Failed { .. } => "FailedEvent",
        What::Held { .. } => "HeldEvent",
        What::Retrieved { .. } => "RetrievedEvent",
        What::ConnectionCleared { .. } => "ConnectionClearedEvent",
        What::CallCleared => "CallClearedEvent",
        What::Transferred(_) => "TransferedEvent",
        What::Conferenced(_) => "ConferencedEvent",
        What::CallInformation { .. } => "CallInformationEvent",
        What::EnteredDigits { .. } => "EnteredDigitsEvent",
    }
}

impl What {
    /// The name of the event on the wire.
    pub fn root(&self) -> &'static str {
        root(self)
    }
}

struct Event<'a> {
    names: &'a Names,
    call: &'a Call,
    cause: &'static str,
    local: Option<LocalState>,
    what: &'a What,
}

impl Event<'_> {
    /// The children between the cross reference and the common tail.
    fn head(&self, markup: &mut Markup) {
        match self.what {
            What::ServiceInitiated { device } => self.acts(markup, "initiatedConnection", "initiatingDevice", device),
            What::Held { device } => self.acts(markup, "heldConnection", "holdingDevice", device),
            What::Retrieved { device } => self.acts(markup, "retrievedConnection", "retrievingDevice", device),
            What::ConnectionCleared { device } => self.acts(markup, "droppedConnection", "releasingDevice", device),
            What::CallCleared => {
                markup.within("clearedCall", |markup| markup.number("callID", u64::from(self.call.id)));
            }
            What::Originated { device } => {
                self.connection(markup, "originatedConnection", device);
                self.calling_called(markup);
                self.names.subject(markup, "originatingDevice", device);
            }
            What::Delivered { device } => self.reaches(markup, "connection", "alertingDevice", device),
            What::Established { device } => self.reaches(markup, "establishedConnection", "answeringDevice", device),
            What::Failed { device } => self.reaches(markup, "failedConnection", "failingDevice", device),
            What::NetworkReached { device } => {
                self.reaches(markup, "outboundConnection", "networkInterfaceUsed", device);
            }
            What::Queued { skill, waiting, in_front } => {
                self.reaches(markup, "queuedConnection", "queue", skill);
                markup.number("numberQueued", *waiting as u64);
                markup.number("callsInFront", *in_front as u64);
            }
            What::Diverted { device, to } => {
                self.connection(markup, "connection", device);
                self.names.subject(markup, "divertingDevice", device);
                self.names.subject(markup, "newDestination", to);
                self.calling_called(markup);
                self.names.redirection(markup, self.call.last_redirection.as_deref());
            }
            What::Transferred(merge) => {
                self.merged(markup, merge, "transferringDevice", "transferredToDevice", "transferredConnections");
            }
            What::Conferenced(merge) => {
                self.merged(markup, merge, "conferencingDevice", "addedParty", "conferenceConnections");
            }
            What::CallInformation { device } => {
                self.connection(markup, "connection", device);
                self.names.subject(markup, "device", device);
                self.names.party(markup, "callingDevice", &self.call.calling);
            }
            What::EnteredDigits { device, digits } => {
                self.connection(markup, "connection", device);
                markup.leaf("digits", digits);
            }
        }
    }

    fn connection(&self, markup: &mut Markup, name: &str, device: &str) {
        self.names.connection(markup, name, self.call.id, device);
    }

    fn calling_called(&self, markup: &mut Markup) {
        self.names.party(markup, "callingDevice", &self.call.calling);
        self.names.party(markup, "calledDevice", &self.call.called);
    }

    fn acts(&self, markup: &mut Markup, connection: &str, subject: &str, device: &str) {
        self.connection(markup, connection, device);
        self.names.subject(markup, subject, device);
    }

    fn reaches(&self, markup: &mut Markup, connection: &str, subject: &str, device: &str) {
        self.acts(markup, connection, subject, device);
        self.calling_called(markup);
        self.names.redirection(markup, self.call.last_redirection.as_deref());
    }

    fn merged(&self, markup: &mut Markup, merge: &Merge, by: &str, to: &str, list: &str) {
        let names = self.names;
        names.connection(markup, "primaryOldCall", merge.primary.call_id, &merge.primary.device);
        if let Some(second) = &merge.secondary {
            names.connection(markup, "secondaryOldCall", second.call_id, &second.device);
        }
        names.subject(markup, by, &merge.by);
        names.subject(markup, to, &merge.to);
        markup.within(list, |markup| merge.items.iter().for_each(|item| connection_item(names, markup, item)));
    }

    /// localConnectionInfo, userData, cause, callLinkageData(List): the parts of the tail that a switch fills.
    fn tail(&self, markup: &mut Markup) {
        if let What::CallInformation { .. } = self.what {
            self.user_data(markup);
            return;
        }
        if let Some(state) = self.local {
            markup.leaf("localConnectionInfo", local_connection_info(state, self.what));
        }
        if let What::EnteredDigits { .. } = self.what {
            markup.leaf("cause", self.cause);
            return;
        }
        if !matches!(self.what, What::ServiceInitiated { .. } | What::Originated { .. }) {
            self.user_data(markup);
        }
        markup.leaf("cause", self.cause);
        match self.what {
            What::Transferred(Merge { linkage: Some(linkage), .. })
            | What::Conferenced(Merge { linkage: Some(linkage), .. })
                if self.call.tells_ucid =>
            {
                markup.within("callLinkageDataList", |markup| {
                    call_linkage(markup, "newCallLinkageData", &linkage.new);
                    call_linkage(markup, "oldCallLinkageData", &linkage.old);
                });
            }
            What::Transferred(_) | What::Conferenced(_) => {}
            What::ServiceInitiated { .. } | What::Originated { .. } if !self.names.ucid_in_originated => {}
            _ if self.call.tells_ucid => call_linkage(markup, "callLinkageData", &self.call.ucid),
            _ => {}
        }
    }

    fn user_data(&self, markup: &mut Markup) {
        user_data(markup, &self.call.uui);
    }

    fn private(&self, markup: &mut Markup) {
        let element = match self.what {
            What::Delivered { .. } => "DeliveredEventPrivateData",
            What::Established { .. } => "EstablishedEventPrivateData",
            What::Transferred(_) => "TransferredEventPrivateData",
            What::Conferenced(_) => "ConferencedEventPrivateData",
            _ => return,
        };
        markup.within("extensions", |markup| {
            markup.within("privateData", |markup| {
                markup.within("private", |markup| {
                    markup.within_namespace(element, AVAYA, |markup| match self.what {
                        What::Transferred(merge) | What::Conferenced(merge) => self.merge_private(markup, merge),
                        _ => self.reach_private(markup),
                    });
                });
            });
        });
    }

    fn reach_private(&self, markup: &mut Markup) {
        let call = self.call;
        trunk(markup, call.trunk);
        if let Some(skill) = &call.skill {
            self.names.device(markup, "acdGroup", skill);
        }
        entered_digits(self.names, markup, call.digits.as_deref(), call.vdn.as_deref());
        if let What::Established { .. } = self.what {
            markup.leaf("reason", "none");
        }
        self.distribution(markup);
        self.original(markup);
        markup.leaf("channelType", "VOICE");
    }

    fn distribution(&self, markup: &mut Markup) {
        if let Some(vdn) = &self.call.vdn {
            self.names.subject(markup, "distributingDevice", vdn);
            self.names.subject(markup, "distributingVDN", vdn);
        }
    }

    fn original(&self, markup: &mut Markup) {
        if let Some(first) = &self.call.original {
            original_call(self.names, markup, first, self.call.tells_ucid);
        }
    }

    fn merge_private(&self, markup: &mut Markup, merge: &Merge) {
        self.distribution(markup);
        let outside = merge.items.first().filter(|_| self.call.trunk.is_some());
        if let (Some(line), Some(item)) = (self.call.trunk, outside) {
            markup.within("trunkList", |markup| {
                markup.within("trunkInterfaceInfoItem", |markup| {
                    self.names.connection(markup, "connection_asn", item.new.call_id, &item.new.device);
                    trunk(markup, Some(line));
                });
            });
        }
        self.original(markup);
    }
}

fn connection_item(names: &Names, markup: &mut Markup, item: &ConnectionItem) {
    markup.within("connectionListItem", |markup| {
        names.connection(markup, "newConnection", item.new.call_id, &item.new.device);
        if let Some(old) = &item.old {
            names.connection(markup, "oldConnection", old.call_id, &old.device);
        }
        markup.within("endpoint", |markup| names.device(markup, "deviceID", &item.endpoint));
    });
}

/// `userData/string` is hexBinary (avaya.md 1.6).
fn user_data(markup: &mut Markup, uui: &[u8]) {
    if !uui.is_empty() {
        markup.within("userData", |markup| markup.hex("string", uui));
    }
}

/// A UCID where CSTA keeps it.
pub(crate) fn call_linkage(markup: &mut Markup, name: &str, ucid: &str) {
    markup.within(name, |markup| {
        markup.within("globalCallData", |markup| {
            markup.within("globalCallLinkageID", |markup| markup.leaf("globallyUniqueCallLinkageID", ucid));
        });
    });
}

fn trunk(markup: &mut Markup, trunk: Option<Trunk>) {
    if let Some(trunk) = trunk {
        markup.number("trunkGroup", u64::from(trunk.group));
        markup.number("trunkMember", u64::from(trunk.member));
    }
}

fn entered_digits(names: &Names, markup: &mut Markup, digits: Option<&str>, vdn: Option<&str>) {
    let Some(digits) = digits else { return };
    markup.within("userEnteredCode", |markup| {
        markup.leaf("userEnteredCodeType", "callPrompter");
        markup.leaf("userEnteredCodeIndicator", "collect");
        markup.leaf("data", digits);
        if let Some(vdn) = vdn {
            names.subject(markup, "collectVDN", vdn);
        }
    });
}

/// The caller as the first call knew it: at the top level stands the agent who transfers (avaya.md 1.8).
fn original_call(names: &Names, markup: &mut Markup, first: &OriginalCall, tells_ucid: bool) {
    markup.within("originalCallInfo", |markup| {
        markup.number("reason", u64::from(first.reason));
        names.party(markup, "networkCallingDevice", &first.calling);
        names.party(markup, "networkCalledDevice", &first.called);
        trunk(markup, first.trunk);
        entered_digits(names, markup, first.digits.as_deref(), first.vdn.as_deref());
        user_data(markup, &first.uui);
        if tells_ucid {
            call_linkage(markup, "callLinkageData", &first.ucid);
        }
    });
}

/// CSTA's words. Whoever dialled counts as connected once the call is under way.
pub(crate) fn local_connection_info(state: LegState, what: &What) -> &'static str {
    match state {
        LegState::Initiated if matches!(what, What::ServiceInitiated { .. }) => "initiated",
        LegState::Initiated | LegState::Connected => "connected",
        LegState::Alerting => "alerting",
        LegState::Held => "hold",
        LegState::Queued => "queued",
        LegState::Failed => "fail",
    }
}

impl Party {
    /// The number, where one is shown.
    pub fn number(&self) -> Option<&str> {
        match self {
            Self::Number(number) => Some(number),
            Self::Restricted | Self::NotKnown => None,
        }
    }
}
