//! Commands under way and commands done. A key that was done answers again without being carried out again.
//!
//! Only successes are remembered: a command that failed has changed nothing, and its repeat is a new try. The memory is
//! bounded and part of the kept file, so it survives a restart.

use std::collections::{HashMap, HashSet, VecDeque};

use tokio::sync::oneshot;

use super::link::CommandError;
use crate::contract::Command;

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
#[derive(Default)]
pub(super) struct Commands {
    waiting: HashMap<String, Vec<Answer>>,
    done: Done,
}

impl Commands {
    pub(super) fn new(done: Done) -> Self {
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

/// The keys that were done, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    order: VecDeque<String>,
    known: HashSet<String>,
}

impl Done {
    pub(super) fn from_keys(keys: impl IntoIterator<Item = String>) -> Self {
        let mut done = Self::default();
        keys.into_iter().for_each(|key| done.add(key));
        done
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.order.iter()
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.known.contains(key)
    }

    pub(super) fn add(&mut self, key: String) {
        if !self.known.insert(key.clone()) {
            return;
        }
        self.order.push_back(key);
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let done = Done::from_keys((0..REMEMBERED + 3).map(|number| number.to_string()));
        assert_eq!(done.keys().count(), REMEMBERED);
        assert!(!done.holds("2") && done.holds("3"));
    }
}
