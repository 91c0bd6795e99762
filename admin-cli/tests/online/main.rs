//! `trunkctl` against a real daemon on the embedded default, after a web chat has told of two people.

mod house;
mod known;
mod operations;
mod people;
mod tokens;
