//! How far a way through all customers is, for a person who waits at a terminal.

use std::io::{self, IsTerminal};

pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    /// Shown if standard error is a terminal.
    pub(super) fn new() -> Self {
        Self { shown: io::stderr().is_terminal() }
    }

    /// `next` is the id of the last customer. Ids lie evenly, so their first digits tell how far it is.
    pub(super) fn tell(&self, next: &str, customers: u64) {
        let first = u64::from_str_radix(next.get(..4).unwrap_or("0"), 16).unwrap_or_default();
        if self.shown {
            eprint!("\r{:3} % ({customers} customers)", first * 100 / 0x1_0000);
        }
    }

    /// Clears the line.
    pub(super) fn end(&self) {
        if self.shown {
            eprint!("\r\u{1b}[K");
        }
    }
}
