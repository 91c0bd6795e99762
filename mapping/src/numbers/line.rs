//! Whether a national number is valid, and what line it is, by the number library's metadata.
//!
//! The library itself looks only whether a pattern fits the *beginning* of a number, and so takes a landline with a digit
//! too many for a valid one. Here a pattern fits the whole number, as the metadata mean it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};
use regex::{Regex, RegexBuilder};

use super::Kind;

/// What a valid number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Somebody's.
    Of(Kind),
    /// A service: toll-free, shared cost, premium rate, one number of a company, voicemail.
    Service,
}

/// The numbering plans of one calling code (several countries share `+1`, `+7`, `+44`).
struct Plans(Vec<Plan>);

struct Plan {
    leading: Option<Regex>,
    any: Pattern,
    services: Vec<Pattern>,
    others: Vec<Pattern>,
    landline: Option<Pattern>,
    mobile: Option<Pattern>,
}

/// A pattern for a whole number; compiled when it is first asked.
struct Pattern {
    lengths: Vec<u16>,
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

/// What line it is; `None` if the number is not valid. `national` has the leading zeros that belong to it (Italy).
pub(super) fn line(calling_code: u16, national: &str) -> Option<Line> {
    plans(calling_code).0.iter().find_map(|plan| plan.line(national))
}

/// Read once for each calling code; the metadata are part of the program.
fn plans(calling_code: u16) -> Arc<Plans> {
    static KNOWN: LazyLock<RwLock<HashMap<u16, Arc<Plans>>>> = LazyLock::new(RwLock::default);
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&calling_code) {
        return known.clone();
    }
    let countries = DATABASE.by_code(&calling_code).unwrap_or_default();
    let read = Arc::new(Plans(countries.into_iter().map(Plan::read).collect()));
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(calling_code, read.clone());
    read
}

impl Plan {
    fn read(metadata: &Metadata) -> Self {
        let lines = metadata.descriptors();
        let patterns = |of: [Option<&Descriptor>; 5]| of.into_iter().flatten().map(Pattern::read).collect();
        Self {
            leading: metadata.leading_digits().and_then(|digits| compiled(&format!("^(?:{})", digits.as_str()))),
            any: Pattern::read(lines.general()),
            services: patterns([
                lines.premium_rate(),
                lines.toll_free(),
                lines.shared_cost(),
                lines.uan(),
                lines.voicemail(),
            ]),
            others: patterns([lines.voip(), lines.personal_number(), lines.pager(), None, None]),
            landline: lines.fixed_line().map(Pattern::read),
            mobile: lines.mobile().map(Pattern::read),
        }
    }

    fn line(&self, national: &str) -> Option<Line> {
        if self.leading.as_ref().is_some_and(|digits| !digits.is_match(national)) || !self.any.fits(national) {
            return None;
        }
        let fits = |pattern: &Option<Pattern>| pattern.as_ref().is_some_and(|pattern| pattern.fits(national));
        // Most numbers are one of these two, and no number is one of these and a service.
        match (fits(&self.landline), fits(&self.mobile)) {
            (true, true) => return Some(Line::Of(Kind::Other)),
            (true, false) => return Some(Line::Of(Kind::Landline)),
            (false, true) => return Some(Line::Of(Kind::Mobile)),
            (false, false) => {}
        }
        let any_fits = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.fits(national));
        if any_fits(&self.services) {
            return Some(Line::Service);
        }
        any_fits(&self.others).then_some(Line::Of(Kind::Other))
    }
}

impl Pattern {
    fn read(descriptor: &Descriptor) -> Self {
        let lengths = descriptor.possible_length().to_vec();
        Self { lengths, text: descriptor.national_number().as_str().to_owned(), compiled: OnceLock::new() }
    }

    fn fits(&self, national: &str) -> bool {
        let possible =
            self.lengths.is_empty() || self.lengths.iter().any(|length| usize::from(*length) == national.len());
        let compile = || compiled(&format!("^(?:{})$", self.text));
        possible && self.compiled.get_or_init(compile).as_ref().is_some_and(|pattern| pattern.is_match(national))
    }
}

/// The metadata break their patterns over lines.
fn compiled(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).ignore_whitespace(true).build().ok()
}
