//! Between two connections: the back-off, the pause, the end. Timers and commands flow meanwhile.

use std::time::Duration;

use super::desk::{Desk, Ending, Will};
use super::status::LinkState;

impl Desk {
    /// What follows an ending after the link `stood` so long: it is told as closed; then, after a wait, the link may be
    /// opened again (`Ok`), or it ends for good.
    pub(super) async fn reopen(&mut self, peer: &str, ending: Ending, stood: Duration) -> Result<(), Ending> {
        let reason = match &ending {
            Ending::Lost(reason) | Ending::Denied(reason) | Ending::Fatal(reason) => reason.as_str(),
            Ending::Leave if self.will() == Will::Pause => "paused by an operator",
            Ending::Leave => "stopped",
        };
        match self.closed(peer, reason) {
            Err(Ending::Fatal(reason)) => Err(Ending::Fatal(reason)),
            // The link is closed already.
            _ => self.wait_out(ending, stood).await,
        }
    }

    async fn wait_out(&mut self, ending: Ending, stood: Duration) -> Result<(), Ending> {
        let now = self.trunk.now();
        let wait = match ending {
            Ending::Fatal(reason) => return Err(Ending::Fatal(reason)),
            Ending::Leave => return self.await_will().await,
            Ending::Lost(reason) => {
                self.trunk.board.state(LinkState::Down { reason });
                self.back_off.wait(stood)
            }
            Ending::Denied(reason) => {
                let wait = self.back_off.denied();
                let until = now.plus(wait.try_into().unwrap_or(time::Duration::MAX));
                tracing::error!(
                    connector = self.trunk.name,
                    reason,
                    "the far side refuses the connector; it is tried again much later"
                );
                self.trunk.board.state(LinkState::Denied { reason, until });
                wait
            }
        };
        match self.attend_while(tokio::time::sleep(wait)).await {
            Err(Ending::Leave) => self.await_will().await,
            Err(Ending::Fatal(reason)) => Err(Ending::Fatal(reason)),
            // A protocol that asks to reset a link that is not open gets what it has: the attempt comes sooner.
            Ok(()) | Err(Ending::Lost(_) | Ending::Denied(_)) => Ok(()),
        }
    }

    /// Waits while the link is paused; `Err(Leave)` when it is to stop.
    async fn await_will(&mut self) -> Result<(), Ending> {
        loop {
            match self.will() {
                Will::Run => return Ok(()),
                Will::Stop => return Err(Ending::Leave),
                Will::Pause => self.trunk.board.state(LinkState::Paused),
            }
            let chore = self.chore().await;
            match self.attend(&chore) {
                Err(Ending::Fatal(reason)) => return Err(Ending::Fatal(reason)),
                // Its link is closed; the operator's will is looked at above.
                Ok(()) | Err(Ending::Leave | Ending::Lost(_) | Ending::Denied(_)) => {}
            }
        }
    }
}
