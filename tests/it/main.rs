//! Tests of the whole: one binary, so that the heavy parts are linked once.

mod faults;
mod tidy;
