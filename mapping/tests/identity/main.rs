//! Identity: handles, the partition by its stories, against an oracle, and applied piece by piece.

mod handles;
mod incremental;
mod naive;
mod observing;
mod oracle;
mod resolving;
mod stories;
mod world;
