//! How many connections each address has open, so that one peer cannot take the places of all others.
//!
//! Addresses of proxies are not counted: many people come from there. Of IPv6 the first 64 bits count, since one peer has
//! all the rest to itself.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts open connections by address.
pub(super) struct Addresses {
    most: usize,
    proxies: Vec<IpAddr>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One counted connection, for as long as it lives.
pub(super) struct Presence {
    addresses: Arc<Addresses>,
    /// Absent for a proxy.
    counted: Option<IpAddr>,
}

impl Addresses {
    pub(super) fn new(most: usize, proxies: &[IpAddr]) -> Arc<Self> {
        let proxies = proxies.iter().map(IpAddr::to_canonical).collect();
        Arc::new(Self { most, proxies, open: Mutex::default() })
    }

    /// `None` when this address has as many as it may.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Presence> {
        let peer = peer.to_canonical();
        if self.proxies.contains(&peer) {
            return Some(Presence { addresses: Arc::clone(self), counted: None });
        }
        let counted = network(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(counted).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Presence { addresses: Arc::clone(self), counted: Some(counted) })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let Some(counted) = self.counted else { return };
        let mut open = self.addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&counted) {
            *count -= 1;
            if *count == 0 {
                open.remove(&counted);
            }
        }
    }
}

fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::AddrParseError;

    use super::*;

    #[test]
    fn each_network_has_its_own_places_and_gets_them_back() -> Result<(), AddrParseError> {
        let addresses = Addresses::new(2, &["10.0.0.9".parse()?]);
        let enter = |text: &str| text.parse().map(|peer| addresses.enter(peer));
        let (first, second) = (enter("192.0.2.7")?, enter("::ffff:192.0.2.7")?);
        assert!(first.is_some() && second.is_some() && enter("192.0.2.7")?.is_none());
        assert!(enter("192.0.2.8")?.is_some());
        drop(first);
        assert!(enter("192.0.2.7")?.is_some());
        let (six, neighbour) = (enter("2001:db8::1")?, enter("2001:db8::2")?);
        assert!(six.is_some() && neighbour.is_some() && enter("2001:db8::3")?.is_none());
        assert!(enter("2001:db8:0:1::1")?.is_some());
        let proxied: Vec<_> = (0..5).map(|_| enter("10.0.0.9")).collect::<Result<_, _>>()?;
        assert!(proxied.iter().all(Option::is_some));
        drop((second, six, neighbour));
        let open = addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(open.is_empty(), "nothing is remembered of who is gone");
        Ok(())
    }
}
