//! Commands under way and commands done. A key that was done answers again without being carried out again.
//!
//! Only successes are remembered: a command that failed has changed nothing, and its repeat is a new try. The memory is
//! bounded and part of the kept file, so it survives a restart.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::link::CommandError;
use crate::contract::Command;
use crate::seen::Seen;

/// Keys of done commands that are remembered.
const REMEMBERED: usize = 1024;

/// Where the answer to a command goes.
pub(super) type Answer = oneshot::Sender<Result<(), CommandError>>;

/// One call of [`crate::drive::Link::command`].
pub(super) struct CommandCall {
    pub(super) command: Command,
    pub(super) answer: Answer,
}

/// What the protocol was asked and has not answered yet.
pub(super) struct Commands {
    waiting: HashMap<String, Vec<Answer>>,
    done: Seen,
}

impl Commands {
    pub(super) fn new(done: Seen) -> Self {
        Self { waiting: HashMap::new(), done }
    }

    /// The command if the protocol is to carry it out; `None` when it is done already or under way.
    pub(super) fn begin(&mut self, call: CommandCall) -> Option<Command> {
        let CommandCall { command, answer } = call;
        if self.done.holds(&command.key) {
            // The caller may be gone; then nobody needs the answer.
            let _ = answer.send(Ok(()));
            return None;
        }
        let waiting = self.waiting.entry(command.key.clone()).or_default();
        waiting.retain(|waits| !waits.is_closed());
        let first = waiting.is_empty();
        waiting.push(answer);
        first.then_some(command)
    }

    /// Who waits for this key. A success is remembered.
    pub(super) fn finish(&mut self, key: &str, done: bool) -> Vec<Answer> {
        if done {
            self.done.add(key.to_owned());
        }
        self.waiting.remove(key).unwrap_or_default()
    }
}

/// An empty memory of done keys.
pub(super) fn nothing_done() -> Seen {
    Seen::new(REMEMBERED)
}
