//! A bounded memory of names that came before; the oldest is forgotten first.

use std::collections::{HashSet, VecDeque};

/// Names in the order in which they came.
#[derive(Debug, Clone)]
pub struct Seen {
    order: VecDeque<String>,
    known: HashSet<String>,
    most: usize,
}

impl Seen {
    /// Remembers `most` names.
    pub fn new(most: usize) -> Self {
        Self { order: VecDeque::new(), known: HashSet::new(), most }
    }

    /// Whether the name came before and is still remembered.
    pub fn holds(&self, name: &str) -> bool {
        self.known.contains(name)
    }

    /// Remembers a name; whether it is new.
    pub fn add(&mut self, name: String) -> bool {
        if !self.known.insert(name.clone()) {
            return false;
        }
        self.order.push_back(name);
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }

    /// Remembers names in this order.
    pub fn extend(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            self.add(name);
        }
    }

    /// The names, oldest first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut seen = Seen::new(2);
        assert!(seen.add("a".into()) && seen.add("b".into()) && !seen.add("a".into()) && seen.add("c".into()));
        assert!(!seen.holds("a") && seen.holds("b") && seen.holds("c"));
        assert_eq!(seen.names().collect::<Vec<_>>(), ["b", "c"]);
    }
}
