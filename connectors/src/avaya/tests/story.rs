//! Events as lines that one can read.

use trunkline_events::call::{Direction, Party, Route};
use trunkline_events::{Body, Event};

fn number(party: &Party) -> String {
    party.number.clone().unwrap_or_else(|| format!("{:?}", party.absent))
}

fn route(route: &Route) -> String {
    let direction = match route.direction {
        Direction::Inbound => "in",
        Direction::Outbound => "out",
        Direction::Internal => "internal",
    };
    format!("{direction} {}>{}", number(&route.calling), number(&route.called))
}

/// One event as a line.
pub(crate) fn line(event: &Event) -> String {
    let cause = |cause: &Option<String>| cause.as_deref().map_or(String::new(), |cause| format!(" ({cause})"));
    let reconstructed = |yes: bool| if yes { " reconstructed" } else { "" };
    match &event.body {
        Body::CallOffered(body) => format!("offered {}", route(&body.route)),
        Body::CallQueued(body) => format!("queued {}", body.queue),
        Body::CallRinging(body) => format!("ringing {} {}", body.device.extension, route(&body.route)),
        Body::CallAnswered(body) => format!("answered {}", body.device.extension),
        Body::CallHeld(body) => format!("held {}", body.device.extension),
        Body::CallResumed(body) => format!("resumed {}", body.device.extension),
        Body::CallTransferred(body) => format!(
            "transferred {}>{} {} +{}",
            body.transferring.extension,
            body.transferred_to.extension,
            route(&body.route),
            body.from.len()
        ),
        Body::CallConferenced(body) => {
            format!(
                "conferenced {}+{} {} +{}",
                body.conferencing.extension,
                body.added.extension,
                route(&body.route),
                body.from.len()
            )
        }
        Body::CallDiverted(body) => format!("diverted {}{}", body.from.extension, cause(&body.cause)),
        Body::CallDataAttached(body) => format!("data {:?} {:?}", body.call.ucid.as_deref(), body.data.uui_text),
        Body::CallLegEnded(body) => format!("leg_ended {}{}", body.device.extension, reconstructed(body.reconstructed)),
        Body::CallEnded(body) => format!(
            "ended{}{}",
            body.failure.as_deref().map_or(String::new(), |failure| format!(" failed {failure}")),
            reconstructed(body.reconstructed)
        ),
        Body::AgentLogin(body) => format!("login {} {}", body.agent, body.logged_on),
        Body::AgentState(body) => {
            let of = body.call.as_ref().and_then(|call| call.switch_call_id.as_deref());
            let of = of.map_or(String::new(), |call| format!(" of {call}"));
            format!("state {} {:?}{}{of}", body.agent, body.state, cause(&body.reason))
        }
        Body::LinkResynced(body) => format!("resynced vanished {}", body.vanished),
        Body::LinkGap(_) => "gap".to_owned(),
        Body::LinkUp(body) => format!("up {}", body.peer),
        Body::LinkDown(body) => format!("down {}", body.peer),
        Body::Opaque(body) => format!("opaque {}", body.native_kind),
        other => format!("{other:?}"),
    }
}

/// All events as lines.
pub(crate) fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(line).collect()
}
