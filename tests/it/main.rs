//! Tests of the whole: one binary, so that the heavy parts are linked once.

mod demo;
mod embedded_killed;
mod faults;
mod pages;
mod silence;
mod simulate;
mod start;
mod takeover;
mod tidy;
mod token;
