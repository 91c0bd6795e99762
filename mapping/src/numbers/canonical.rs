//! One number out of every spelling: the text is read in several ways, likeliest first, and the first way that gives
//! a valid number counts. Only validity decides, never mere possibility: a wrong key would join strangers.

use super::line::{Line, line};
use super::written;
use super::{DialPlan, Kind, Mask, Number, ServiceKind, UnusableReason, Withheld};

/// Bytes beyond which a text is no number, whatever it holds: the number library takes 69 ms on 10,000 digits.
const LONGEST_TEXT: usize = 128;
/// Digits of the longest number (15 by E.164) with every prefix that may stand before it.
const LONGEST_DIGITS: usize = 28;
/// Digits of the shortest subscriber's number.
const SHORTEST_DIGITS: usize = 7;

/// What `raw` is, as written at the plan's site (on that trunk group, where the switch said which).
///
/// Total: any text gives a [`Number`], none panics. Takes microseconds; callers that see the same text often may keep
/// the answer, which depends on the arguments alone.
pub fn canonical(raw: &str, plan: &DialPlan, trunk: Option<&str>) -> Number {
    if raw.len() > LONGEST_TEXT {
        return unusable(raw.chars().take(32).collect(), UnusableReason::TooLong);
    }
    // A key that was made here before: read the digits behind the prefix again.
    let raw = raw
        .strip_prefix("raw:")
        .or_else(|| raw.strip_prefix("short:")?.split_once(':').map(|(_, code)| code))
        .unwrap_or(raw);
    let cleaned = written::clean(raw);
    if let Some(why) = written::withheld(&cleaned) {
        return Number::Anonymous(why);
    }
    let text = written::without_scheme(&cleaned);
    let name = text.to_lowercase();
    if fits(&plan.agents, &name) {
        return Number::Agent(name);
    }
    let (number, extension) = written::split_extension(text);
    let whole = read(number, plan, trunk);
    if extension.is_some() || !matches!(whole, Number::Unusable { .. }) {
        return whole.with_extension(extension);
    }
    // `0755-12345678-123`: only if the whole is no number, and what stands before the hyphen is one.
    written::split_hyphen(number)
        .map(|(head, behind)| (read(head, plan, trunk), behind))
        .filter(|(head, _)| matches!(head, Number::E164 { .. } | Number::Service { .. }))
        .map_or(whole, |(head, behind)| head.with_extension(Some(behind.to_owned())))
}

fn read(text: &str, plan: &DialPlan, trunk: Option<&str>) -> Number {
    let digits = match written::digits(text) {
        Ok(digits) => digits,
        Err(reason) => return unusable(text.to_owned(), reason),
    };
    if digits.trim_matches(['+', '0']).is_empty() {
        return Number::Anonymous(Withheld::Zeroes);
    }
    if digits.len() > LONGEST_DIGITS {
        return unusable(digits, UnusableReason::TooLong);
    }
    let reader = Reader { plan, area: plan.area_code(trunk), calling_code: plan.country.calling_code().to_string() };
    if fits(&plan.extensions, &digits) {
        return Number::Extension(digits);
    }
    // Short codes have no prefix to lose: 95588 is not an outside line and 5588.
    if let Some(found) = reader.nobody(&digits) {
        return found;
    }
    let outside = plan.outside_prefixes(trunk).iter().filter_map(|prefix| digits.strip_prefix(prefix.as_str()));
    outside
        .chain([digits.as_str()])
        .find_map(|inside| reader.dialled(inside))
        .unwrap_or_else(|| reader.unreadable(digits.clone()))
}

struct Reader<'a> {
    plan: &'a DialPlan,
    area: &'a str,
    calling_code: String,
}

impl Reader<'_> {
    /// Digits as dialled, without an outside-line prefix.
    fn dialled(&self, digits: &str) -> Option<Number> {
        if let Some(international) = digits.strip_prefix('+') {
            return match international.strip_prefix(&self.calling_code) {
                Some(national) => self.long_distance(national),
                None => valid(digits).map(|(value, line)| self.somebody(value, line)),
            };
        }
        if let Some(abroad) = digits.strip_prefix("00") {
            // `00` + a mobile is a switch's outside 0 before `0138…`, not a call to +1 38; but +1 415 is no mobile of ours.
            let mobile = fits(&self.plan.mobiles, abroad).then(|| self.national(abroad)).flatten();
            return mobile.or_else(|| self.dialled(&format!("+{abroad}")));
        }
        self.long_distance(digits)
            .or_else(|| self.local(digits))
            // `8613800138000`, and `086-13800138000` as some people write it.
            .or_else(|| self.long_distance(self.after_calling_code(digits)?))
    }

    fn after_calling_code<'d>(&self, digits: &'d str) -> Option<&'d str> {
        digits.strip_prefix('0').unwrap_or(digits).strip_prefix(self.calling_code.as_str())
    }

    /// A national number, perhaps behind a reseller's prefix.
    fn long_distance(&self, digits: &str) -> Option<Number> {
        let mut resold = self.plan.ip_prefixes.iter().filter_map(|prefix| digits.strip_prefix(prefix.as_str()));
        resold.find_map(|rest| self.national(rest).or_else(|| self.local(rest))).or_else(|| self.national(digits))
    }

    /// A national number, with or without trunk prefix.
    fn national(&self, digits: &str) -> Option<Number> {
        let prefix = self.plan.trunk_prefix.as_str();
        let bare = if prefix.is_empty() { digits } else { digits.strip_prefix(prefix).unwrap_or(digits) };
        if let Some(found) = self.nobody(bare) {
            return Some(found);
        }
        // What looks like a trunk prefix may be part of the number (8 808… in Russia), but the library would take it away.
        let again = bare.len() < digits.len() && bare.starts_with(prefix);
        let read = |national: &str, as_written: bool| {
            let international = format!("+{}{national}", self.calling_code);
            valid(&international).filter(|(value, _)| !as_written || *value == international)
        };
        let found = read(bare, again).or_else(|| read(digits, true));
        found.map(|(value, line)| self.somebody(value, line))
    }

    /// A local number, by the site's area code.
    fn local(&self, digits: &str) -> Option<Number> {
        (!self.area.is_empty() && self.is_local(digits))
            .then(|| self.national(&format!("{}{digits}", self.area)))
            .flatten()
    }

    fn is_local(&self, digits: &str) -> bool {
        self.plan.local_lengths.contains(&digits.len()) && !digits.starts_with(['0', '1', '+'])
    }

    /// Short codes and service numbers.
    fn nobody(&self, national: &str) -> Option<Number> {
        if fits(&self.plan.shorts, national) {
            return Some(Number::Short { country: self.plan.country.code().to_owned(), value: national.to_owned() });
        }
        fits(&self.plan.services, national).then(|| {
            // 400 has an international form, an SMS gateway has none.
            let international = valid(&format!("+{}{national}", self.calling_code)).map(|(value, _)| value);
            Number::Service { value: international.unwrap_or_else(|| national.to_owned()), kind: ServiceKind::Public }
        })
    }

    /// A valid number: ours, an agent's, a service's or a person's.
    fn somebody(&self, value: String, line: Line) -> Number {
        if fits(&self.plan.own, &value) {
            return Number::Service { value, kind: ServiceKind::Own };
        }
        if fits(&self.plan.agents, &value) {
            return Number::Agent(value);
        }
        if fits(&self.plan.privacy, &value) {
            return Number::E164 { value, extension: None, kind: Kind::Privacy };
        }
        match line {
            Line::Of(kind) => Number::E164 { value, extension: None, kind },
            Line::Service => Number::Service { value, kind: ServiceKind::Public },
        }
    }

    fn unreadable(&self, digits: String) -> Number {
        let count = digits.trim_start_matches('+').len();
        let reason = if count < SHORTEST_DIGITS {
            UnusableReason::TooShort
        } else if self.area.is_empty() && self.is_local(&digits) {
            UnusableReason::AreaMissing
        } else {
            UnusableReason::Invalid
        };
        unusable(digits, reason)
    }
}

/// The E.164 form of a valid international number, and what line it is.
fn valid(international: &str) -> Option<(String, Line)> {
    if international.len() <= SHORTEST_DIGITS {
        return None;
    }
    let number = phonenumber::parse(None, international).ok()?;
    let code = number.code().value();
    let written = international.strip_prefix(&format!("+{code}"))?;
    // As it stands, and only then without what the library takes for a trunk prefix: +7 800… begins with Russia's 8.
    let without_prefix = number.national().to_string();
    // E.164 by hand: the library's formatter searches for a pattern that it then does not use.
    [written, &without_prefix]
        .into_iter()
        .find_map(|national| Some((format!("+{code}{national}"), line(code, national)?)))
}

fn fits(masks: &[Mask], text: &str) -> bool {
    masks.iter().any(|mask| mask.fits(text))
}

fn unusable(raw: String, reason: UnusableReason) -> Number {
    Number::Unusable { raw, reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::valid;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// It takes less than the library, which looks at beginnings only, and writes what it takes in the same way; where
        /// the library takes the first digit for a trunk prefix (`+7 8…`) the Python one is asked (`tests/numbers_peer.rs`).
        #[test]
        fn what_is_valid_here_is_valid_to_the_library(
            digits in "(86|852|1|39|44|7|)[0-9]{7,12}",
        ) {
            let international = format!("+{digits}");
            if let Some((value, _)) = valid(&international) {
                let number = phonenumber::parse(None, &international).expect("it was read before");
                let kept = format!("+{}{}", number.code().value(), number.national());
                prop_assert!(number.is_valid() || kept.len() < value.len());
                prop_assert!(value == kept && value == number.format().mode(phonenumber::Mode::E164).to_string()
                    || value == international);
            }
        }
    }

    /// Asked of the Python port of the same library, which looks at the whole number.
    #[test]
    fn a_digit_too_many_or_too_few_makes_no_valid_number() {
        for wrong in ["+8610123456789", "+86755123456789", "+867551234567", "+8621876543210", "+861380013800", "+39"] {
            assert_eq!(valid(wrong), None, "{wrong}");
        }
        for right in
            ["+861012345678", "+8675512345678", "+8613800138000", "+390236618300", "+16502530000", "+77012345678"]
        {
            assert_eq!(valid(right).expect("valid").0, right);
        }
    }
}
