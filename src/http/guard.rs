//! Slows down those who try tokens, without locking out their neighbours.
//!
//! A peer with too many wrong tokens within the window is only let in with a token that has worked from there before;
//! so behind one address (a proxy, a terminal server) a guesser cannot lock out the agents who are at work. The tables
//! are bounded: a flood of peers forgets the oldest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

/// Peers that are remembered at most.
const PEERS: usize = 10_000;
/// Good tokens of one peer that are remembered at most.
const GOOD: usize = 5_000;

type Hash = [u8; 32];

#[derive(Debug)]
struct Record {
    since: Instant,
    failures: u32,
    good: Vec<Hash>,
}

/// Counts wrong tokens by peer.
#[derive(Debug)]
pub(super) struct Guard {
    max: u32,
    window: Duration,
    peers: Mutex<HashMap<IpAddr, Record>>,
}

impl Guard {
    pub(super) fn new(max: u32, window: Duration) -> Self {
        Self { max, window, peers: Mutex::default() }
    }

    /// How many seconds this peer must wait before this token is even looked up; `None` if it need not.
    pub(super) fn wait(&self, peer: IpAddr, secret: &str) -> Option<u64> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let record = peers.get(&peer)?;
        let left = self.window.checked_sub(record.since.elapsed())?;
        let barred = record.failures >= self.max && !record.good.contains(&hash(secret));
        barred.then(|| left.as_secs() + 1)
    }

    /// A wrong token came from there.
    pub(super) fn failed(&self, peer: IpAddr) {
        metrics::counter!("trunkline_http_token_failures_total").increment(1);
        self.with(peer, |record, window| {
            if record.since.elapsed() >= window {
                record.since = Instant::now();
                record.failures = 0;
            }
            record.failures = record.failures.saturating_add(1);
        });
    }

    /// A token worked from there.
    pub(super) fn worked(&self, peer: IpAddr, secret: &str) {
        let known = hash(secret);
        self.with(peer, |record, _| {
            if !record.good.contains(&known) && record.good.len() < GOOD {
                record.good.push(known);
            }
        });
    }

    /// A token works no longer: nothing is remembered of it.
    pub(super) fn forget(&self, secret: &str) {
        let gone = hash(secret);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        for record in peers.values_mut() {
            record.good.retain(|known| *known != gone);
        }
    }

    fn with(&self, peer: IpAddr, change: impl FnOnce(&mut Record, Duration)) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= PEERS && !peers.contains_key(&peer) {
            let oldest = peers.iter().min_by_key(|(_, record)| record.since).map(|(peer, _)| *peer);
            oldest.and_then(|oldest| peers.remove(&oldest));
        }
        let record =
            peers.entry(peer).or_insert_with(|| Record { since: Instant::now(), failures: 0, good: Vec::new() });
        change(record, self.window);
    }
}

fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 1, 1));

    #[tokio::test(start_paused = true)]
    async fn a_guesser_waits_and_his_neighbour_works_on() {
        let guard = Guard::new(3, Duration::from_mins(1));
        guard.worked(PEER, "good");
        for _ in 0..3 {
            assert_eq!(guard.wait(PEER, "guess"), None);
            guard.failed(PEER);
        }
        assert!(guard.wait(PEER, "guess").is_some_and(|seconds| seconds > 50));
        assert_eq!(guard.wait(PEER, "good"), None);
        guard.forget("good");
        assert!(guard.wait(PEER, "good").is_some());
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(guard.wait(PEER, "guess"), None);
        guard.failed(PEER);
        assert_eq!(guard.wait(PEER, "guess"), None);
    }

    #[test]
    fn a_flood_of_peers_does_not_fill_the_memory() {
        let guard = Guard::new(3, Duration::from_mins(1));
        for number in 0..u32::try_from(PEERS).expect("small") + 50 {
            guard.failed(IpAddr::from(number.to_be_bytes()));
        }
        assert_eq!(guard.peers.lock().expect("held by nobody").len(), PEERS);
    }
}
