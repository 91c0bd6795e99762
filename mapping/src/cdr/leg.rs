//! One leg while the events go by: ringing, talking, held, over.

use time::Duration;
use trunkline_events::Timestamp;
use trunkline_events::call::Device;
use trunkline_events::cdr::Leg;

/// What a device is doing, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It dialled and waits for the far side.
    Dialling,
    Ringing(Timestamp),
    Talking(Timestamp),
    Held(Timestamp),
    Over,
}

/// How a leg came to its end; the words stand in [`Leg::end`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LegEnd {
    HungUp,
    Transferred,
    Diverted,
    Abandoned,
    Voicemail,
}

impl LegEnd {
    fn word(self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::Transferred => "transferred",
            Self::Diverted => "diverted",
            Self::Abandoned => "abandoned",
            Self::Voicemail => "voicemail",
        }
    }
}

/// A leg and its stretches so far. Instants must come in order.
pub(super) struct LegState<'a> {
    /// Index of the call it joined by: hold and end of other calls of the same extension do not touch it.
    pub(super) home: usize,
    pub(super) extension: &'a str,
    pub(super) agent: Option<&'a str>,
    pub(super) phase: Phase,
    pub(super) rang: Option<Timestamp>,
    pub(super) answered: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) end: Option<LegEnd>,
    /// A mailbox, not a person.
    pub(super) voicemail: bool,
    /// When we took the event that began it.
    pub(super) taken: Timestamp,
    ring: Duration,
    talk: Duration,
    hold: Duration,
}

impl<'a> LegState<'a> {
    pub(super) fn new(home: usize, device: &'a Device, phase: Phase, taken: Timestamp) -> Self {
        let mut leg = Self {
            home,
            extension: &device.extension,
            agent: device.agent.as_deref(),
            phase: Phase::Dialling,
            rang: None,
            answered: None,
            ended: None,
            end: None,
            voicemail: false,
            taken,
            ring: Duration::ZERO,
            talk: Duration::ZERO,
            hold: Duration::ZERO,
        };
        leg.enter(phase);
        leg
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase != Phase::Over
    }

    pub(super) fn rings(&self) -> bool {
        matches!(self.phase, Phase::Ringing(_))
    }

    /// The far side of a dialled call, or this device, answered. Nothing if it talks already.
    pub(super) fn answer(&mut self, at: Timestamp) {
        if matches!(self.phase, Phase::Dialling | Phase::Ringing(_)) {
            self.close_stretch(at);
            self.enter(Phase::Talking(at));
        }
    }

    pub(super) fn hold(&mut self, at: Timestamp) {
        if matches!(self.phase, Phase::Talking(_)) {
            self.close_stretch(at);
            self.enter(Phase::Held(at));
        }
    }

    pub(super) fn resume(&mut self, at: Timestamp) {
        if matches!(self.phase, Phase::Held(_)) {
            self.close_stretch(at);
            self.enter(Phase::Talking(at));
        }
    }

    pub(super) fn finish(&mut self, at: Timestamp, end: LegEnd) {
        if self.is_open() {
            self.close_stretch(at);
            self.phase = Phase::Over;
            self.ended = Some(at);
            self.end = Some(if self.voicemail { LegEnd::Voicemail } else { end });
        }
    }

    /// What it means for this leg that the device is gone: given up while it rang, else hung up.
    pub(super) fn end_by_leaving(&self) -> LegEnd {
        if self.rings() { LegEnd::Abandoned } else { LegEnd::HungUp }
    }

    fn enter(&mut self, phase: Phase) {
        match phase {
            Phase::Ringing(at) => self.rang = Some(at),
            Phase::Talking(at) if self.answered.is_none() => self.answered = Some(at),
            _ => {}
        }
        self.phase = phase;
    }

    fn close_stretch(&mut self, at: Timestamp) {
        match self.phase {
            Phase::Ringing(since) => self.ring += span(since, at),
            Phase::Talking(since) => self.talk += span(since, at),
            Phase::Held(since) => self.hold += span(since, at),
            Phase::Dialling | Phase::Over => {}
        }
    }

    pub(super) fn record(&self) -> Leg {
        Leg {
            extension: self.extension.to_owned(),
            agent: self.agent.map(str::to_owned),
            ringing: self.rang,
            answered: self.answered,
            ended: self.ended,
            ring_ms: millis(self.ring),
            talk_ms: millis(self.talk),
            hold_ms: millis(self.hold),
            end: self.end.map(|end| end.word().to_owned()),
        }
    }
}

/// `to - from`, never negative.
pub(super) fn span(from: Timestamp, to: Timestamp) -> Duration {
    to.since(from).max(Duration::ZERO)
}

/// Whole milliseconds, rounded down.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.whole_milliseconds()).unwrap_or(0)
}
