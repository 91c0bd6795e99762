//! Profile rules: fields, tags, owner, agents. Pure.

mod agents;
mod computed;
mod owner;
mod rules;
mod settling;
mod spread;
