//! Tests of the whole: one binary, so that the heavy parts are linked once.

mod demo;
mod faults;
mod pages;
mod simulate;
mod start;
mod tidy;
mod token;
