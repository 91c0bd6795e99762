//! Keeps this process's knowledge of our own people current: another process may have taken in a list.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use trunkline_mapping::engine::Engine;

/// From one look to the next.
const LOOK: Duration = Duration::from_secs(10);

/// Reads agents' own numbers and addresses now and then until `stop`.
pub(crate) async fn learn(engine: Engine, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = engine.learn_agents().await {
            tracing::warn!(%error, "agents' own numbers were not read; those known before count on");
        }
    }
}
