//! Which deliveries of a channel are not acknowledged, and how to acknowledge with the fewest frames. Pure.

use std::collections::BTreeMap;

/// One acknowledgement to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) tag: u64,
    /// All outstanding deliveries up to the tag.
    pub(super) multiple: bool,
}

/// Deliveries handed out and not acknowledged, by tag. Tags grow by one with each delivery of a channel.
#[derive(Debug)]
pub(super) struct Outstanding<T> {
    held: BTreeMap<u64, T>,
}

impl<T> Default for Outstanding<T> {
    fn default() -> Self {
        Self { held: BTreeMap::new() }
    }
}

impl<T> Outstanding<T> {
    pub(super) fn insert(&mut self, tag: u64, delivery: T) {
        self.held.insert(tag, delivery);
    }

    pub(super) fn get(&self, tag: u64) -> Option<&T> {
        self.held.get(&tag)
    }

    /// Forgets `done`, and says how to acknowledge it: what leads becomes one `multiple`, the rest goes one by one.
    ///
    /// Tags that are not outstanding are passed over: they were settled before, or are of another channel.
    pub(super) fn settle(&mut self, mut done: Vec<u64>) -> Vec<Ack> {
        done.sort_unstable();
        done.dedup();
        done.retain(|tag| self.held.remove(tag).is_some());
        let first_held = self.held.first_key_value().map_or(u64::MAX, |(tag, _)| *tag);
        let leading = done.partition_point(|tag| *tag < first_held);
        let mut acks = Vec::with_capacity(1 + done.len() - leading);
        if let Some(last) = done[..leading].last() {
            acks.push(Ack { tag: *last, multiple: leading > 1 });
        }
        acks.extend(done[leading..].iter().map(|tag| Ack { tag: *tag, multiple: false }));
        acks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outstanding(tags: std::ops::RangeInclusive<u64>) -> Outstanding<()> {
        Outstanding { held: tags.map(|tag| (tag, ())).collect() }
    }

    #[test]
    fn a_leading_run_is_one_acknowledgement() {
        let mut outstanding = outstanding(1..=5);
        assert_eq!(outstanding.settle(vec![3, 1, 2]), [Ack { tag: 3, multiple: true }]);
        assert_eq!(outstanding.settle(vec![5]), [Ack { tag: 5, multiple: false }]);
        assert_eq!(outstanding.settle(vec![4]), [Ack { tag: 4, multiple: false }]);
        assert_eq!(outstanding.settle(vec![4, 9]), []);
    }

    proptest! {
        /// A broker that follows the acknowledgements has forgotten exactly what was done.
        #[test]
        fn nothing_is_acknowledged_that_was_not_done(calls in proptest::collection::vec(
            proptest::collection::vec(1_u64..40, 0..20), 0..8,
        )) {
            let mut ours = outstanding(1..=30);
            let mut broker: std::collections::BTreeSet<u64> = (1..=30).collect();
            let mut expected = broker.clone();
            for done in calls {
                expected.retain(|tag| !done.contains(tag));
                for Ack { tag, multiple } in ours.settle(done) {
                    broker.retain(|held| if multiple { *held > tag } else { *held != tag });
                }
                prop_assert_eq!(&broker, &expected);
            }
        }
    }
}
