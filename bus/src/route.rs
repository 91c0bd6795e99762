//! Routing, pure: topic patterns, and which shard a partition key belongs to.

/// Whether an AMQP topic `pattern` takes `key`: words are parted by dots, `*` is one word, `#` any number of words.
pub(crate) fn matches(pattern: &str, key: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('.').collect();
    let key: Vec<&str> = if key.is_empty() { Vec::new() } else { key.split('.').collect() };
    // reachable[i]: the pattern's words so far can take the first i words of the key. Linear, unlike backtracking.
    let mut reachable = vec![false; key.len() + 1];
    reachable[0] = true;
    for word in pattern {
        let mut next = vec![false; key.len() + 1];
        for at in 0..=key.len() {
            next[at] = match word {
                "#" => reachable[at] || (at > 0 && next[at - 1]),
                "*" => at > 0 && reachable[at - 1],
                word => at > 0 && reachable[at - 1] && key[at - 1] == word,
            };
        }
        reachable = next;
    }
    reachable[key.len()]
}

/// The shard of a partition key: the same for ever for the same number of shards.
pub(crate) fn shard(partition_key: &str, shards: u16) -> u16 {
    let hash = u64::from(crc32fast::hash(partition_key.as_bytes()));
    // Multiply-shift spreads evenly; the result is below `shards`.
    u16::try_from((hash * u64::from(shards)) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn topic_patterns_match_as_the_broker_matches() {
        for (pattern, key, expected) in [
            ("#", "", true),
            ("#", "a.b.c", true),
            ("*", "a", true),
            ("*", "a.b", false),
            ("*", "", false),
            ("a.#", "a", true),
            ("a.#", "a.b.c", true),
            ("a.*.c", "a.b.c", true),
            ("a.*.c", "a.c", false),
            ("#.c", "a.b.c", true),
            ("#.b.#", "a.b.c", true),
            ("#.b.#", "a.c", false),
            ("call.*.v1", "call.ringing.v1", true),
            ("call.*.v1", "chat.message.v1", false),
        ] {
            assert_eq!(matches(pattern, key), expected, "{pattern} on {key}");
        }
    }

    #[test]
    fn a_long_row_of_wildcards_ends_quickly() {
        let pattern = vec!["#"; 200].join(".") + ".x";
        assert!(!matches(&pattern, &vec!["a"; 200].join(".")));
    }

    proptest! {
        #[test]
        fn every_key_has_a_shard_within_bounds(key in ".*", shards in 1_u16..65) {
            prop_assert!(shard(&key, shards) < shards);
        }
    }
}
