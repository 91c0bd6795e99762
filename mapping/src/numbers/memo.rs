//! Numbers that were read a moment ago: the events of one call all name the same one, and a customer calls again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Number;

/// Entries of one generation; two are kept.
const GENERATION: usize = 4096;
/// Bytes of the longest text that is kept.
const LONGEST: usize = 32;

/// What a dial plan made of texts. Only a shortcut: two plans with different memories are equal.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Number>,
    old: HashMap<Key, Number>,
}

/// A text, and the trunk that it came by.
type Key = (String, Option<String>);

impl Memo {
    /// What is known of `raw` on this trunk, or what `read` makes of it.
    pub(super) fn number(&self, raw: &str, trunk: Option<&str>, read: impl FnOnce() -> Number) -> Number {
        if raw.len() > LONGEST || trunk.is_some_and(|trunk| trunk.len() > LONGEST) {
            return read();
        }
        let key = (raw.to_owned(), trunk.map(str::to_owned));
        if let Some(known) = self.find(&key) {
            return known;
        }
        let number = read();
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key, number.clone());
        number
    }

    fn find(&self, key: &Key) -> Option<Number> {
        let generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.young.get(key).or_else(|| generations.old.get(key)).cloned()
    }
}

/// A copy of a plan may be changed, so it begins with nothing.
impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Memo {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Memo {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_on_another_trunk_is_another_question() {
        let memo = Memo::default();
        let extension = |text: &str| Number::Extension(text.to_owned());
        assert_eq!(memo.number("4750", None, || extension("a")), extension("a"));
        assert_eq!(memo.number("4750", None, || extension("b")), extension("a"), "known");
        assert_eq!(memo.number("4750", Some("tg9"), || extension("c")), extension("c"));
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let memo = Memo::default();
        for number in 0..3 * GENERATION {
            memo.number(&number.to_string(), None, || Number::Extension(number.to_string()));
        }
        let kept = memo.0.lock().expect("not poisoned");
        assert!(kept.young.len() + kept.old.len() <= 2 * GENERATION);
        assert!(kept.young.contains_key(&((3 * GENERATION - 1).to_string(), None)));
    }
}
