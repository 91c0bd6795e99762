//! The scenario language: a TOML file that says what is installed and what happens when.
//!
//! It is described for its users in `connectors/simulators/README.md`. Reading finds all problems at once.

mod load;
mod play;
mod read;

#[cfg(test)]
mod tests;

pub use load::{Load, Template};
pub use read::{Act, Scenario, Step, Until};

pub(crate) use load::Calls;
pub(crate) use play::play;
