//! The rules of the protocol notes (section 6), each told as a story against a made-up AES.

mod bad_input;
mod calls;
mod compose;
mod editions;
mod fixtures;
mod joining;
mod line;
mod monitors;
mod parties;
mod recordings;
mod recovery;
mod session;
mod story;
mod wrap_up;
