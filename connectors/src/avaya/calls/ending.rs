//! Legs and calls that end. A call with a monitor that follows it ends when the switch says so; any other ends with
//! the last leg that somebody watches.

use trunkline_events::Body;
use trunkline_events::call::{Direction, Ended, LegEnded};

use super::super::numbers::Plan;
use super::super::wire::messages::call_events::CallEvent;
use super::call::{Call, LegState};
use super::occurrence::Step;
use super::telling::Stage;

impl Call {
    /// Rule 24: only the dropped connection's own leg ends; others hear of it too. True if the call is over.
    pub(crate) fn connection_cleared(&mut self, event: &CallEvent<'_>, stage: &mut Stage<'_>) -> bool {
        let Some(dropped) = event.connection.or(event.subject) else { return false };
        let known = self.leg(dropped).is_some();
        if known {
            self.leg_ended(dropped, event.cause, stage);
        }
        if self.followed {
            return false;
        }
        let over = if known { self.is_unwatched(&stage.site.plan) } else { self.was_given_up(dropped, stage) };
        if over {
            self.end(event.cause, stage);
        }
        over
    }

    /// Whether no leg is left that a monitor of ours would report.
    pub(crate) fn is_unwatched(&self, plan: &Plan) -> bool {
        !self.live_legs().any(|leg| plan.is_watched_station(&leg.extension))
    }

    /// The caller from outside is gone and nobody had answered: there is nobody left to ring for.
    fn was_given_up(&self, dropped: &str, stage: &Stage<'_>) -> bool {
        self.route.direction == Direction::Inbound
            && !stage.site.plan.is_internal(dropped)
            && self.live_legs().all(|leg| leg.state == LegState::Ringing)
    }

    /// Tells that a leg ended, if that is news.
    pub(crate) fn leg_ended(&mut self, at: &str, cause: Option<&str>, stage: &mut Stage<'_>) {
        let changes = self.state(at) != LegState::Gone;
        let Some(sequence) = self.news(Step::LegEnded, at, changes, stage) else { return };
        self.set(at, LegState::Gone, stage.now());
        if !self.offered {
            return;
        }
        let ended = LegEnded {
            call: self.reference.clone(),
            device: stage.device(at),
            cause: cause.map(str::to_owned),
            reconstructed: stage.teller.is_none(),
        };
        stage.tell(&self.reference, at, &sequence, Body::CallLegEnded(ended));
    }

    /// Tells that the call is over, its live legs before it. What was never offered ends in silence. Without a
    /// teller the end is reconstructed.
    pub(crate) fn end(&mut self, cause: Option<&str>, stage: &mut Stage<'_>) {
        let live: Vec<String> = self.live_legs().map(|leg| leg.extension.clone()).collect();
        for extension in live {
            self.leg_ended(&extension, cause, stage);
        }
        if !self.offered {
            return;
        }
        let failure = self.failure.take().filter(|_| !self.answered);
        let ended = Ended {
            call: self.reference.clone(),
            cause: cause.map(str::to_owned),
            failure,
            reconstructed: stage.teller.is_none(),
        };
        stage.tell(&self.reference, "", "1", Body::CallEnded(ended));
    }
}
