//! The HTTP side: what people and programs see of Trunkline.
//!
//! It knows no store, no bus and no connector: the daemon plugs them in as [`parts::Records`], [`parts::Operations`] (with
//! [`figures::Figures`]) and [`parts::Ingest`]. So the whole side runs in a test on invented records.
//!
//! - [`server`] takes connections and bounds what a peer may cost: header, body and write time, size, number.
//! - [`router`] says which path leads where; [`App`] is what handlers share.
//! - [`hub`] carries pops to the agents who are to see them; `stream.rs` writes them as server-sent events.
//! - [`access`] tells who asks and what he may see; `guard.rs` slows down those who try tokens.
//! - `problem.rs` is the only shape of an error (RFC 9457). `pages.rs` serves the pages, `screen_pop.rs` understands
//!   every vendor's screen-pop URL, `ingest.rs` takes webhooks, `health.rs` answers probes, `api/` is `/api/v1`.
//! - [`openapi`] describes the API from its handlers.

pub mod access;
mod addresses;
mod api;
mod app;
mod extract;
pub mod figures;
mod guard;
mod health;
pub mod hub;
mod ingest;
pub mod openapi;
mod pages;
pub mod parts;
mod problem;
mod protect;
mod routes;
pub mod rules;
mod screen_pop;
pub mod server;
mod settings;
mod stall;
mod stream;

pub use app::App;
pub use problem::Problem;
pub use routes::router;
pub use settings::Settings;
