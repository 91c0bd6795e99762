//! The store and the engine, on SQLite and on a private PostgreSQL: the same functions run on both.

mod books;
mod counters;
mod crowd;
mod decisions;
mod faults;
mod history;
mod house;
mod limits;
mod migrations;
/// The second opinion of the identity tests.
#[path = "../identity/naive.rs"]
#[expect(dead_code, reason = "the tests of the identity look at all of it")]
mod naive;
mod order;
mod pure;
mod recycled;
mod rehearsal;
mod repositories;
mod retention;
mod rules;
mod segments;
mod stories;
mod switch;
mod told;
mod touching;
mod workers;

/// Runs each `async fn(&House)` of a module as a test on both databases.
macro_rules! on_both {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {
        mod sqlite {
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(&crate::house::House::sqlite().await).await; })*
        }
        mod postgres {
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(&crate::house::House::postgres().await).await; })*
        }
    };
}
pub(crate) use on_both;
