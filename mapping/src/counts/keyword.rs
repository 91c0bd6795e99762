//! Declared words, found in what people write. Case does not count. Time is linear in the text.

use std::collections::BTreeMap;

use regex::{RegexSet, RegexSetBuilder, escape};

/// Bytes of the compiled patterns.
const LARGEST: usize = 4 << 20;

/// Names, each with what it is found by.
#[derive(Debug, Clone, Default)]
pub struct Keywords {
    set: RegexSet,
    /// The name of each pattern of the set.
    names: Vec<String>,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct KeywordError {
    /// The keyword's name.
    pub name: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

impl Keywords {
    /// Each name with words as they are, or regular expressions between slashes: `/手续费|fees?/`.
    pub fn new(declared: &BTreeMap<String, Vec<String>>) -> Result<Self, KeywordError> {
        let (mut patterns, mut names) = (Vec::new(), Vec::new());
        for (name, found_by) in declared {
            let error = |problem: String| KeywordError { name: name.clone(), problem };
            if found_by.is_empty() {
                return Err(error("is found by nothing; write at least one word".to_owned()));
            }
            for word in found_by {
                let pattern = match word.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                    Some(pattern) => pattern.to_owned(),
                    None => escape(word.trim()),
                };
                let checked = RegexSetBuilder::new([&pattern]).case_insensitive(true).size_limit(LARGEST).build();
                let checked = checked.map_err(|cause| error(cause.to_string().replace('\n', " ")))?;
                if checked.is_match("") {
                    return Err(error(format!("{word:?} is found in every text; write more of it")));
                }
                patterns.push(pattern);
                names.push(name.clone());
            }
        }
        let set = RegexSetBuilder::new(patterns).case_insensitive(true).size_limit(LARGEST).build();
        let set = set.map_err(|cause| KeywordError { name: "keywords".into(), problem: cause.to_string() })?;
        Ok(Self { set, names })
    }

    /// Names that are found in the text, each once.
    pub(super) fn found(&self, text: &str) -> Vec<&str> {
        let mut found: Vec<&str> = self.set.matches(text).iter().map(|at| self.names[at].as_str()).collect();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords(declared: &[(&str, &[&str])]) -> Result<Keywords, KeywordError> {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Keywords::new(&declared.iter().map(|(name, words)| ((*name).to_owned(), owned(words))).collect())
    }

    #[test]
    fn a_name_is_found_by_any_of_its_words_and_once() {
        let keywords = keywords(&[("fees", &["/fees?\\b/", "手续费"]), ("refund", &["退款", "refund"])]).expect("good");
        assert_eq!(keywords.found("REFUND of the Fee, 手续费, fees"), ["fees", "refund"]);
        assert_eq!(keywords.found("feels fine"), Vec::<&str>::new());
        assert_eq!(Keywords::default().found("anything"), Vec::<&str>::new());
    }

    #[test]
    fn a_plain_word_is_no_pattern() {
        let keywords = keywords(&[("price", &["a.b (c)"])]).expect("good");
        assert_eq!(keywords.found("A.B (C)!"), ["price"]);
        assert_eq!(keywords.found("axb (c)"), Vec::<&str>::new());
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused_by_name() {
        for (word, told) in [("/(/", "unclosed"), ("", "every text"), ("/x*/", "every text")] {
            let error = keywords(&[("odd", &[word])]).expect_err(word);
            assert!(error.name == "odd" && error.problem.contains(told), "{error}");
        }
        assert!(keywords(&[("none", &[])]).expect_err("no word").problem.contains("at least one"));
    }
}
