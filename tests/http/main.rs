//! The HTTP side over real sockets, on invented records held in memory.

mod access;
mod archive;
mod browser;
mod house;
mod invented;
mod known;
mod limits;
mod mapping;
mod openapi;
mod operations;
mod people;
mod stream;
