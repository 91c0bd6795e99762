//! Connectors → bus, the one way in for data.

use async_trait::async_trait;
use trunkline_bus::{Exchange, Intake, Outgoing};
use trunkline_connectors::drive::IntakeClosed;
use trunkline_events::Event;

/// The bus as a connector sees it: durable once accepted, on the broker or on the spool.
pub(crate) struct BusIntake(pub(crate) Intake);

#[async_trait]
impl trunkline_connectors::drive::Intake for BusIntake {
    async fn accept(&self, events: Vec<Event>) -> Result<(), IntakeClosed> {
        let closed = |error: &dyn std::fmt::Display| IntakeClosed { reason: error.to_string() };
        let messages = events
            .iter()
            .map(|event| Outgoing::event(Exchange::Events, event))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| closed(&error))?;
        self.0.accept(messages).await.map_err(|error| closed(&error))
    }
}
