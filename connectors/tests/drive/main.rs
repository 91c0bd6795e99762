//! The drivers over real sockets, with a small protocol of lines.

mod http;
mod line;
mod listener;
mod replay;
mod store;
mod tcp;
mod tls;
mod webhook;
