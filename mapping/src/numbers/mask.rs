//! Digit masks in the notation that dial plans are written in: `X` 0–9, `Z` 1–9, `N` 2–9, `[13-5]` one of a set,
//! a final `.` one or more characters; everything else stands for itself. A mask fits a whole text or not at all.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One parsed mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    written: String,
    places: Vec<Place>,
    open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Literal(char),
    /// Bit n set: digit n fits.
    Digits(u16),
}

/// Why a text is no mask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// Nothing could ever fit.
    #[error("empty mask")]
    Empty,
    /// A `[` that is not closed, or holds something other than digits and ranges.
    #[error("mask {0:?}: a set is written like [13-5]")]
    Set(String),
    /// `.` before the end.
    #[error("mask {0:?}: '.' may only stand at the end")]
    Open(String),
}

impl Mask {
    /// Whether the whole text fits.
    pub fn fits(&self, text: &str) -> bool {
        let mut rest = text.chars();
        for place in &self.places {
            let Some(found) = rest.next() else { return false };
            if !place.fits(found) {
                return false;
            }
        }
        if self.open { rest.next().is_some() } else { rest.next().is_none() }
    }
}

impl Place {
    fn fits(&self, found: char) -> bool {
        match self {
            Self::Literal(expected) => *expected == found,
            Self::Digits(set) => found.to_digit(10).is_some_and(|digit| set & (1 << digit) != 0),
        }
    }
}

impl FromStr for Mask {
    type Err = MaskError;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        let mut places = Vec::new();
        let mut open = false;
        let mut rest = written.chars();
        while let Some(next) = rest.next() {
            if open {
                return Err(MaskError::Open(written.to_owned()));
            }
            match next {
                'X' => places.push(Place::Digits(0x3ff)),
                'Z' => places.push(Place::Digits(0x3fe)),
                'N' => places.push(Place::Digits(0x3fc)),
                '[' => {
                    let set: Option<String> = rest.as_str().split_once(']').map(|(set, _)| set.to_owned());
                    let digits = set.as_deref().and_then(digit_set);
                    let (Some(set), Some(digits)) = (set, digits) else {
                        return Err(MaskError::Set(written.to_owned()));
                    };
                    places.push(Place::Digits(digits));
                    rest.nth(set.chars().count());
                }
                '.' => open = true,
                literal => places.push(Place::Literal(literal)),
            }
        }
        if places.is_empty() && !open {
            return Err(MaskError::Empty);
        }
        Ok(Self { written: written.to_owned(), places, open })
    }
}

/// `13-5` → the bits of 1, 3, 4 and 5.
fn digit_set(set: &str) -> Option<u16> {
    let mut bits = 0;
    let mut rest = set.chars().peekable();
    while let Some(first) = rest.next() {
        let from = first.to_digit(10)?;
        let to = if rest.next_if_eq(&'-').is_some() { rest.next()?.to_digit(10)? } else { from };
        for digit in from..=to {
            bits |= 1 << digit;
        }
    }
    (bits != 0).then_some(bits)
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Serialize for Mask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(mask: &str, text: &str) -> bool {
        mask.parse::<Mask>().expect("a mask").fits(text)
    }

    #[test]
    fn a_mask_fits_the_whole_text_or_not_at_all() {
        assert!(fits("[2-8]XXX", "8001"));
        assert!(!fits("[2-8]XXX", "80012"));
        assert!(!fits("[2-8]XXX", "800"));
        assert!(!fits("[2-8]XXX", "9001"));
        assert!(fits("+86106666XXXX", "+861066668888"));
        assert!(fits("aXX.", "a49997"));
        assert!(!fits("aXX.", "a49"));
        assert!(fits("[13-5]", "4") && !fits("[13-5]", "2"));
    }

    #[test]
    fn what_is_no_mask_is_refused() {
        assert_eq!("".parse::<Mask>(), Err(MaskError::Empty));
        assert!(matches!("[12".parse::<Mask>(), Err(MaskError::Set(_))));
        assert!(matches!("[a]X".parse::<Mask>(), Err(MaskError::Set(_))));
        assert!(matches!("12.X".parse::<Mask>(), Err(MaskError::Open(_))));
    }
}
