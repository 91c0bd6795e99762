//! The drivers over real sockets, with a small protocol of lines.

mod chat;
mod http;
mod inlet;
mod line;
mod listener;
mod peers;
mod replay;
mod store;
mod tcp;
mod tls;
mod webhook;
