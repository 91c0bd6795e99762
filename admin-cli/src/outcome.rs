//! How a command ended, as exit codes.

use std::process::ExitCode;

/// The two ways a command can end that is no failure of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Done,
    /// Exit code 1: not found, does not add up, is wrong.
    No,
}

impl Outcome {
    /// `Done` if `good`.
    pub(crate) fn from_answer(good: bool) -> Self {
        if good { Self::Done } else { Self::No }
    }

    /// 0 or 1.
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::No => ExitCode::from(1),
        }
    }
}
