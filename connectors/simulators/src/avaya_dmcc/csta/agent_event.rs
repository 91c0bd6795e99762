//! Agent events (avaya.md 1.7).

use super::{AVAYA, Markup, Names};
use crate::avaya_dmcc::switch::AgentOccurrence;

/// One agent event for one monitor.
pub fn agent_event(names: &Names, cross_reference: &str, occurrence: &AgentOccurrence) -> String {
    Markup::document(occurrence.root, &names.csta, |markup| {
        markup.leaf("monitorCrossRefID", cross_reference);
        names.subject(markup, "agentDevice", &occurrence.station);
        markup.leaf("agentID", &occurrence.agent);
        names.device(markup, "acdGroup", &occurrence.skill);
        if let Some(pending) = occurrence.pending {
            markup.leaf("pendingAgentState", pending);
        }
        markup.leaf("cause", "normal");
        let Some(reason) = occurrence.reason else { return };
        let private = format!("{}PrivateData", occurrence.root);
        markup.within("extensions", |markup| {
            markup.within("privateData", |markup| {
                markup.within("private", |markup| {
                    markup.within_namespace(&private, AVAYA, |markup| markup.number("reasonCode", u64::from(reason)));
                });
            });
        });
    })
}
