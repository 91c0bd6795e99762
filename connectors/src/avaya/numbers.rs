//! Lists of a site's own numbers as an administrator writes them: `4750`, `4700-4799`, `47xx` (x is any digit).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

/// Numbers that one list may stand for; the largest AES takes 8,000 devices.
const MOST: usize = 20_000;

/// An entry that is no number, range or pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumbersError {
    /// Other characters than a number has.
    #[error("{0:?} is no number like 4750, range like 4700-4799 or pattern like 47xx")]
    Entry(String),
    /// The ends differ in length, or run backwards.
    #[error("the range {0:?} must have ends of the same length, the smaller one first")]
    Range(String),
    /// Too many numbers.
    #[error("the list stands for more than {MOST} numbers")]
    TooMany,
}

/// All numbers that a list stands for, in order, each once.
pub(crate) fn expand(entries: &[String]) -> Result<Vec<String>, NumbersError> {
    let mut seen = HashSet::new();
    let mut numbers = Vec::new();
    for entry in entries {
        for number in expand_entry(entry.trim())? {
            if seen.insert(number.clone()) {
                numbers.push(number);
            }
            if numbers.len() > MOST {
                return Err(NumbersError::TooMany);
            }
        }
    }
    Ok(numbers)
}

fn expand_entry(entry: &str) -> Result<Vec<String>, NumbersError> {
    let digits = |text: &str| !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((first, last)) = entry.split_once('-') {
        let (first, last) = (first.trim(), last.trim());
        return if digits(first) && digits(last) { range(entry, first, last) } else { Err(invalid(entry)) };
    }
    if entry.bytes().any(|byte| matches!(byte, b'x' | b'X')) {
        return pattern(entry);
    }
    let fits =
        (1..=30).contains(&entry.len()) && entry.bytes().all(|byte| byte.is_ascii_digit() || b"*#+".contains(&byte));
    if fits { Ok(vec![entry.to_owned()]) } else { Err(invalid(entry)) }
}

fn invalid(entry: &str) -> NumbersError {
    NumbersError::Entry(entry.chars().take(40).collect())
}

fn range(entry: &str, first: &str, last: &str) -> Result<Vec<String>, NumbersError> {
    let bounds = (first.parse::<u64>(), last.parse::<u64>());
    let (Ok(from), Ok(to)) = bounds else { return Err(invalid(entry)) };
    if first.len() != last.len() || from > to {
        return Err(NumbersError::Range(entry.chars().take(40).collect()));
    }
    if to - from >= MOST as u64 {
        return Err(NumbersError::TooMany);
    }
    let width = first.len();
    Ok((from..=to).map(|number| format!("{number:0width$}")).collect())
}

fn pattern(entry: &str) -> Result<Vec<String>, NumbersError> {
    if entry.len() > 18 || !entry.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'x' | b'X')) {
        return Err(invalid(entry));
    }
    if entry.bytes().filter(|byte| !byte.is_ascii_digit()).count() > 4 {
        return Err(NumbersError::TooMany);
    }
    let mut numbers = vec![String::new()];
    for one in entry.chars() {
        let choices = if one.is_ascii_digit() { one..=one } else { '0'..='9' };
        numbers = numbers.iter().flat_map(|head| choices.clone().map(move |digit| format!("{head}{digit}"))).collect();
    }
    Ok(numbers)
}

/// A number or device as it is compared: devices may have letters, and case does not matter (rule 22).
pub(crate) fn folded(number: &str) -> Cow<'_, str> {
    if number.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(number.to_ascii_lowercase())
    } else {
        Cow::Borrowed(number)
    }
}

/// What a number is to the site.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    stations: HashSet<String>,
    skills: HashSet<String>,
    vdns: HashSet<String>,
    recorders: HashSet<String>,
    voicemail: HashSet<String>,
    internal: HashSet<String>,
    /// Lengths that internal numbers have, where no list of them is given.
    lengths: Vec<usize>,
    /// Nothing is configured: what is ours is learned from the events.
    learning: Option<Learned>,
}

impl Plan {
    /// From a configuration. Without a list of internal numbers, one is internal if it is as long as a station's.
    pub(crate) fn new(lists: Lists<'_>) -> Self {
        let set = |list: &[String]| list.iter().map(|number| folded(number).into_owned()).collect::<HashSet<_>>();
        let mut lengths: Vec<usize> = Vec::new();
        if lists.internal.is_empty() {
            lengths = lists.stations.iter().map(String::len).filter(|length| *length <= 6).collect();
            lengths.sort_unstable();
            lengths.dedup();
        }
        Self {
            stations: set(lists.stations),
            skills: set(lists.skills),
            vdns: set(lists.vdns),
            recorders: set(lists.recorders),
            voicemail: set(lists.voicemail),
            internal: set(lists.internal),
            lengths,
            learning: None,
        }
    }

    /// For recordings: three to six digits are internal, VDNs and skills are learned; `learned` is what a first pass
    /// over the recording has found.
    pub(crate) fn learning(learned: Learned) -> Self {
        Self { lengths: vec![3, 4, 5, 6], learning: Some(learned), ..Self::default() }
    }

    /// Whether it is one of our numbers.
    pub(crate) fn is_internal(&self, number: &str) -> bool {
        self.is_watched_station(number)
            || self.is_entry(number)
            || self.recorders.contains(&*folded(number))
            || self.is_voicemail(number)
            || self.internal.contains(&*folded(number))
            || self.has_internal_length(number)
    }

    /// Whether its events reach us by a monitor of its own.
    pub(crate) fn is_watched_station(&self, number: &str) -> bool {
        let learned = self.learning.is_some() && !self.is_entry(number) && self.has_internal_length(number);
        learned || self.stations.contains(&*folded(number))
    }

    /// Whether it is surely ours, not only by its length.
    pub(crate) fn is_surely_ours(&self, number: &str) -> bool {
        let number = folded(number);
        self.stations.contains(&*number) || self.internal.contains(&*number) || self.is_entry(&number)
    }

    fn has_internal_length(&self, number: &str) -> bool {
        self.lengths.contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// VDN or skill: calls pass through it, nobody sits at it.
    pub(crate) fn is_entry(&self, number: &str) -> bool {
        self.is_vdn(number)
            || self.skills.contains(&*folded(number))
            || self.learning.as_ref().is_some_and(|learned| learned.is_skill(&folded(number)))
    }

    /// Vector directory number.
    pub(crate) fn is_vdn(&self, number: &str) -> bool {
        self.vdns.contains(&*folded(number))
            || self.learning.as_ref().is_some_and(|learned| learned.is_vdn(&folded(number)))
    }

    /// A recorder's port (rule 24).
    pub(crate) fn is_recorder(&self, number: &str) -> bool {
        self.recorders.contains(&*folded(number))
    }

    /// A mailbox: it answers calls that nobody took.
    pub(crate) fn is_voicemail(&self, number: &str) -> bool {
        self.voicemail.contains(&*folded(number))
    }

    /// What is to be learned from events; `None` where it is configured.
    pub(crate) fn learned(&mut self) -> Option<&mut Learned> {
        self.learning.as_mut()
    }
}

/// What a recording shows of its devices. What a device does says more than what a call's way looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Learned {
    /// Somebody answered there, held a call, sits there.
    stations: BTreeSet<String>,
    /// Told to have distributed a call.
    vdns: BTreeSet<String>,
    /// It looks as if a call came in there: true unless somebody answers there.
    likely_vdns: BTreeSet<String>,
    /// Told to be where calls wait.
    skills: BTreeSet<String>,
    /// Devices that were looked at, and whether calls were taken to pass through them then.
    #[serde(skip)]
    judged: BTreeMap<String, bool>,
}

impl Learned {
    fn is_vdn(&self, number: &str) -> bool {
        self.vdns.contains(number) || self.likely_vdns.contains(number) && !self.stations.contains(number)
    }

    fn is_skill(&self, number: &str) -> bool {
        self.skills.contains(number)
    }

    fn is_entry(&self, number: &str) -> bool {
        self.is_vdn(number) || self.is_skill(number)
    }

    /// A device is looked at with what is known now.
    pub(crate) fn judge(&mut self, number: &str) {
        let number = folded(number);
        if !self.judged.contains_key(&*number) {
            let entry = self.is_entry(&number);
            self.judged.insert(number.into_owned(), entry);
        }
    }

    /// Whether a device turned out to be something else than it was taken for.
    pub(crate) fn has_erred(&self) -> bool {
        self.judged.iter().any(|(number, entry)| self.is_entry(number) != *entry)
    }

    /// Somebody is there.
    pub(crate) fn station(&mut self, number: &str) {
        add(&mut self.stations, number);
    }

    /// It distributed a call.
    pub(crate) fn vdn(&mut self, number: &str) {
        add(&mut self.vdns, number);
    }

    /// A call seems to have come in there.
    pub(crate) fn likely_vdn(&mut self, number: &str) {
        add(&mut self.likely_vdns, number);
    }

    /// Calls wait there.
    pub(crate) fn skill(&mut self, number: &str) {
        add(&mut self.skills, number);
    }
}

fn add(set: &mut BTreeSet<String>, number: &str) {
    let number = folded(number);
    if !set.contains(&*number) {
        set.insert(number.into_owned());
    }
}

/// The expanded lists of a configuration.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lists<'a> {
    /// Monitored stations.
    pub(crate) stations: &'a [String],
    /// Monitored skills.
    pub(crate) skills: &'a [String],
    /// Monitored VDNs.
    pub(crate) vdns: &'a [String],
    /// Recorder ports.
    pub(crate) recorders: &'a [String],
    /// Mailboxes.
    pub(crate) voicemail: &'a [String],
    /// Further internal numbers.
    pub(crate) internal: &'a [String],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> Result<Vec<String>, NumbersError> {
        expand(&entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn ranges_and_patterns_stand_for_their_numbers_with_leading_zeros() {
        assert_eq!(
            list(&["0098-0101", "4750", "4750"]),
            Ok(vec!["0098", "0099", "0100", "0101", "4750"].into_iter().map(str::to_owned).collect())
        );
        assert_eq!(list(&["47x0"]).map(|numbers| (numbers.len(), numbers[9].clone())), Ok((10, "4790".to_owned())));
    }

    #[test]
    fn a_wrong_entry_is_named() {
        assert_eq!(list(&["47a0"]), Err(NumbersError::Entry("47a0".to_owned())));
        assert_eq!(list(&["4799-4700"]), Err(NumbersError::Range("4799-4700".to_owned())));
        assert_eq!(list(&["xxxxx"]), Err(NumbersError::TooMany));
        assert_eq!(list(&["000000-999999"]), Err(NumbersError::TooMany));
        assert!(list(&[""]).is_err() && list(&["-"]).is_err());
    }
}
