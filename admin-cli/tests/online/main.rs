//! `trunkctl` against a real daemon on the embedded default, after a web chat has told of two people.

mod figures;
mod house;
mod known;
mod mapping;
mod operations;
mod people;
mod recordings;
mod records;
mod tokens;
