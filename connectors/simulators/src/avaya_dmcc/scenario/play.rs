//! Plays the steps in time.

use tokio::time::Instant;

use super::{Act, Scenario, Until};
use crate::avaya_dmcc::{AvayaDmcc, SimulatorError};

/// Plays everything once through, as often as the scenario says, then the loads.
pub(crate) async fn play(simulator: &AvayaDmcc, scenario: &Scenario) -> Result<(), SimulatorError> {
    wait(simulator, scenario.until.as_ref()).await;
    for _ in 0..scenario.repeat {
        play_steps(simulator, scenario).await?;
    }
    for load in &scenario.loads {
        simulator.load(load).await?;
    }
    Ok(())
}

async fn play_steps(simulator: &AvayaDmcc, scenario: &Scenario) -> Result<(), SimulatorError> {
    let begin = Instant::now();
    for (number, step) in scenario.steps.iter().enumerate() {
        if let Some(at) = step.at {
            tokio::time::sleep_until(begin + at).await;
        }
        if let Some(after) = step.after {
            tokio::time::sleep(after).await;
        }
        wait(simulator, step.until.as_ref()).await;
        match &step.act {
            Act::Verb(verb) => {
                simulator.step(verb.clone()).await.map_err(|error| placed(error, number + 1))?;
            }
            Act::Misbehave(misbehaviour) => simulator.misbehave(misbehaviour),
            Act::Wait => {}
        }
    }
    Ok(())
}

fn placed(error: SimulatorError, number: usize) -> SimulatorError {
    match error {
        SimulatorError::Step { source, .. } => SimulatorError::Step { place: format!("step {number}"), source },
        other => other,
    }
}

async fn wait(simulator: &AvayaDmcc, until: Option<&Until>) {
    match until {
        Some(Until::AllMonitored) => simulator.wait_all_monitored().await,
        Some(Until::Monitors(count)) => simulator.wait_monitored(*count).await,
        None => {}
    }
}
