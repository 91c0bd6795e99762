//! The store and the engine, on SQLite and on a private PostgreSQL: the same functions run on both.

mod books;
mod decisions;
mod faults;
mod house;
mod limits;
mod migrations;
mod order;
mod pure;
mod repositories;
mod segments;
mod stories;
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
