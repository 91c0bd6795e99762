//! Ports that stay ours while what listens on them is killed and started again.
//!
//! A port that the system picked (port 0) may meanwhile be picked for somebody's outgoing connection. So ours lie below
//! the range that it picks from, and a lock on a file keeps other tests away.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// The lowest port that is tried.
const LOWEST: u16 = 15_000;
const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// A port of 127.0.0.1 that nobody else uses for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    // Held, not read.
    _lock: File,
}

impl Port {
    pub(crate) fn take() -> io::Result<Self> {
        let range = fs::read_to_string(RANGE)?;
        let first = range.split_whitespace().next().and_then(|first| first.parse::<u16>().ok());
        let above = first.filter(|first| *first > LOWEST).ok_or_else(|| {
            io::Error::other(format!("{RANGE} begins below {LOWEST}: no port is safe from outgoing connections"))
        })?;
        let folder = std::env::temp_dir().join("trunkline-test-ports");
        fs::create_dir_all(&folder)?;
        let span = u32::from(above - LOWEST);
        // Processes begin in different places, so that they do not queue up for the same ones.
        let begin = std::process::id().wrapping_mul(97) % span;
        for step in 0..span {
            let number = LOWEST + u16::try_from((begin + step) % span).map_err(io::Error::other)?;
            // A file of another user's is another user's port.
            let Ok(lock) = File::create(folder.join(number.to_string())) else { continue };
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        Err(io::Error::other(format!("no port from {LOWEST} to {above} is free")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_taken_once_and_lies_where_no_outgoing_connection_begins() {
        let ports: Vec<Port> = (0..20).map(|_| Port::take().expect("a port")).collect();
        let mut numbers: Vec<u16> = ports.iter().map(|port| port.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 20);
        let range = fs::read_to_string(RANGE).expect("a range");
        let first: u16 = range.split_whitespace().next().expect("a number").parse().expect("a number");
        assert!(numbers.iter().all(|number| *number < first));
        // Nobody listens, and yet it is not free.
        let held = ports[0].number;
        assert!((0..50).map(|_| Port::take().expect("a port")).all(|port| port.number != held));
    }
}
