//! Open records whose call nobody will tell the end of.
//!
//! A connector keeps its calls in a checkpoint that is some seconds old when the process is killed. A call that began
//! after it and ended before the next start is open in the store, and unknown to the connector. So after each start of
//! a link, and now and then, the store's open calls are named to the connector, which asks its switch about those that
//! it does not know.

use std::time::Duration;

use trunkline_connectors::contract::{Ability, Command};
use trunkline_connectors::drive::{self, Link, LinkState};
use trunkline_events::Timestamp;
use trunkline_mapping::store::Store;
use uuid::Uuid;

/// Waits before each look, from the moment that the link is up; the last one again and again. The first are close
/// together, since what was on the bus when the process died arrives meanwhile.
const LOOKS: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(30), Duration::from_mins(10)];
/// A conversation that was heard of so short a time ago needs no look, in seconds.
const QUIET: i64 = 5;
/// No call is older, in hours.
const OLDEST: i64 = 24;
/// Calls named in one command.
const AT_ONCE: usize = 200;

/// Looks after the open records of one connector for as long as it is polled.
pub(crate) async fn look_after(link: &Link, store: &Store) -> std::convert::Infallible {
    let mut states = link.statuses();
    let mut looks = 0;
    loop {
        if states.wait_for(|status| status.state == LinkState::Up).await.is_err() {
            // The link has ended; whoever polls this sees that too.
            return std::future::pending().await;
        }
        let wait = LOOKS[looks.min(LOOKS.len() - 1)];
        let down = states.wait_for(|status| status.state != LinkState::Up);
        // The pause passes with the link up: then it is time for a look. Else all begins anew.
        if tokio::time::timeout(wait, down).await.is_err() {
            looks += 1;
            look(link, store).await;
        } else {
            looks = 0;
        }
    }
}

async fn look(link: &Link, store: &Store) {
    let now = drive::system_clock();
    let ago = |duration: time::Duration| -> Timestamp { now.plus(-duration) };
    let (since, quiet) = (ago(time::Duration::hours(OLDEST)), ago(time::Duration::seconds(QUIET)));
    let connector = link.id().name();
    let open = match store.open_calls(&link.id().source(), since, quiet).await {
        Ok(open) => open,
        Err(error) => {
            return tracing::info!(connector, %error, "open calls cannot be read now; they are looked at later");
        }
    };
    for calls in open.chunks(AT_ONCE) {
        let body = serde_json::json!({ "calls": calls });
        let command = Command { key: Uuid::now_v7().to_string(), ability: Ability::CheckCalls, body };
        if let Err(error) = link.command(command).await {
            return tracing::info!(connector, %error, "open calls cannot be checked now; they are looked at later");
        }
    }
    if !open.is_empty() {
        tracing::info!(connector, calls = open.len(), "open calls were held against the switch");
    }
}
