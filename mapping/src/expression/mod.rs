//! Expressions in CEL (the Common Expression Language) over declared facts: conditions and values that an administrator
//! writes, compiled once, evaluated often. Pure.
//!
//! - A [`Vocabulary`] declares the variables that there are, and their [`Shape`].
//! - [`Expression::compile`] reads a text against it: a name or function that does not exist is a [`Fault`] that says
//!   where, and which name is nearest. All faults are told at once.
//! - [`Expression::holds`] and [`Expression::value`] evaluate it on [`Facts`]; a [`Failure`] names no values.
//! - [`FUNCTIONS`] is what may be called, for a reference to be made of.
//!
//! An expression can neither hang nor fill the memory. Its length and depth are limited; its cost and the size of every
//! value in it are bounded before it runs, from the limits of the facts, and what could exceed them is not compiled;
//! facts beyond their limits are not evaluated. CEL itself has no loops but those over a list or map.

mod check;
mod compile;
mod cost;
mod depth;
mod facts;
mod functions;
mod vocabulary;

pub use compile::{Expression, Fault, LONGEST};
pub use facts::{Datum, Facts, Failure};
pub use functions::{FUNCTIONS, Function};
pub use vocabulary::{ITEMS, Shape, TEXT, Vocabulary};
