//! Masks of what identifies a person: phone numbers, mail addresses, ids.
//!
//! A mask must be to the rules what the value was. So a value is permuted again and again until it is: the permutation leads
//! every value of a set back into the set after some steps, and never two values to the same one.

use trunkline_events::customer::RawHandle;

use super::Masker;
use crate::identity::{Blocked, Form, Handle};

/// Steps of the walk; one value in a thousand of the right kind is enough for it.
const STEPS: usize = 20_000;
/// Digits at a number's end that are exchanged; what stands before them is country, area and operator.
const EXCHANGED: usize = 7;
/// Digits at its beginning that never are.
const KEPT: usize = 4;
/// Numbers with so few digits are extensions and codes, of whatever plan.
const SHORT: usize = 6;

impl Masker {
    /// A handle as its source wrote it. `source` and `trunk` say how numbers are written there.
    pub(super) fn handle(&self, raw: &RawHandle, source: &str, trunk: Option<&str>) -> RawHandle {
        let form = self.rules.scheme(&self.rules.scheme_name(&raw.scheme)).form;
        let read = |value: &str| self.read(&raw.scheme, &raw.scope, value, (source, trunk));
        let value = match (read(&raw.value), form) {
            (Ok(known), Form::Phone) => self.phone(&raw.value, &known, &read),
            (Ok(known), Form::Email) => self.mail(&known, &read),
            (Ok(known), Form::Exact | Form::Folded) => self.id_of(&known, &read),
            (Err(reason), _) => self.nobodys(&raw.value, reason, &read),
        };
        RawHandle { value, ..raw.clone() }
    }

    /// A number on its own, as a switch wrote it.
    pub(super) fn number(&self, text: &str, source: &str, trunk: Option<&str>) -> String {
        let raw = RawHandle { scheme: "phone".into(), scope: String::new(), value: text.to_owned(), verified: false };
        self.handle(&raw, source, trunk).value
    }

    /// An id that is not known as a handle: of a chat, of a message's writer. The same text as a handle of a scheme with ids
    /// as they are gives the same mask.
    pub(super) fn id(&self, text: &str) -> String {
        self.secret.permute("id", text)
    }

    fn read(&self, scheme: &str, scope: &str, value: &str, place: (&str, Option<&str>)) -> Result<Handle, Blocked> {
        Handle::new(scheme, scope, value, &self.rules, self.plans.of(place.0), place.1)
    }

    /// Whether the rules say the same of both.
    fn alike(&self, known: &Handle, masked: &Handle) -> bool {
        let claims = |handle: &Handle| [false, true].map(|verified| self.rules.claim(handle, verified));
        self.rules.role(known) == self.rules.role(masked) && claims(known) == claims(masked)
    }

    /// Permutes what stands behind `kept` bytes until it is `good`.
    fn walk(&self, domain: &str, value: &str, kept: usize, good: impl Fn(&str) -> bool) -> Option<String> {
        let (head, tail) = value.split_at_checked(kept)?;
        let mut tail = tail.to_owned();
        for _ in 0..STEPS {
            tail = self.secret.permute(domain, &tail);
            let masked = format!("{head}{tail}");
            if good(&masked) {
                return Some(masked);
            }
        }
        None
    }

    fn phone(&self, raw: &str, known: &Handle, read: &impl Fn(&str) -> Result<Handle, Blocked>) -> String {
        let value = known.value();
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let exchanged = if value.starts_with('+') { EXCHANGED.min(digits.saturating_sub(KEPT)) } else { digits };
        let kept = value.len() - exchanged.min(value.len());
        let stays = |masked: &str| read(masked).is_ok_and(|found| found.value() == masked);
        // The numbers of one beginning are a set of their own: the domain.
        let (domain, tail) = (format!("phone {}", &value[..kept]), &value[kept..]);
        let Some(masked) = self.walk(&domain, value, kept, stays) else { return self.stand_in("phone", value) };
        let spelled = respell(raw, tail, &masked[kept..]);
        match spelled.filter(|spelled| read(spelled).is_ok_and(|found| found.value() == masked)) {
            Some(spelled) => spelled,
            None => masked,
        }
    }

    /// `wang.mei@corp.com` → `kqtz.bwo@xplf.rjd.example`: an address that nobody's mail can reach.
    fn mail(&self, known: &Handle, read: &impl Fn(&str) -> Result<Handle, Blocked>) -> String {
        let mut address = known.value().to_owned();
        for _ in 0..STEPS {
            address = self.secret.permute("mail", &address);
            let masked = format!("{address}.example");
            if read(&masked).is_ok_and(|found| found.value() == masked && self.alike(known, &found)) {
                return masked;
            }
        }
        format!("{}.example", self.stand_in("mail", known.value()).replace("masked-", "masked@"))
    }

    fn id_of(&self, known: &Handle, read: &impl Fn(&str) -> Result<Handle, Blocked>) -> String {
        let value = known.value();
        // What the rules know by its beginning (`webim-visitor-…`) keeps it.
        let by_pattern = self.rules.role(known) != self.rules.scheme(known.scheme()).role;
        let kept = if by_pattern { value.rfind(['-', '_', ':', '/']).map_or(0, |at| at + 1) } else { 0 };
        let stays = |masked: &str| read(masked).is_ok_and(|found| found.value() == masked && self.alike(known, &found));
        self.walk("id", value, kept, stays).unwrap_or_else(|| self.stand_in("id", value))
    }

    /// What makes no handle. What is declared to be nobody's stays; a number that was cut or masked before may still be
    /// somebody's, and becomes another one that is no good for the same reason.
    fn nobodys(&self, raw: &str, reason: Blocked, read: &impl Fn(&str) -> Result<Handle, Blocked>) -> String {
        let digits = raw.chars().filter(char::is_ascii_digit).count();
        match reason {
            Blocked::Scheme | Blocked::Empty | Blocked::Placeholder | Blocked::Withheld | Blocked::ShortCode => {
                raw.into()
            }
            Blocked::ServiceNumber | Blocked::OwnNumber | Blocked::Extension | Blocked::Agent => raw.into(),
            Blocked::NoNumber if digits <= SHORT && raw.chars().all(|letter| !letter.is_alphabetic()) => raw.into(),
            Blocked::NoNumber | Blocked::PrivacyNumber => {
                let stays = |masked: &str| read(masked).is_err_and(|found| found == reason);
                self.walk("no number", raw, 0, stays).unwrap_or_else(|| super::shape::blank(raw))
            }
            Blocked::TooLong | Blocked::ControlCharacters | Blocked::NotAnAddress => super::shape::blank(raw),
        }
    }

    /// For what no permutation reaches: rules that take one value in thousands.
    fn stand_in(&self, domain: &str, value: &str) -> String {
        let digest = self.secret.digest(domain, value.as_bytes());
        digest[..8].iter().fold(String::from("masked-"), |text, byte| format!("{text}{byte:02x}"))
    }
}

/// The text with the digits `old`, the last that stand so in it, replaced by `new`; whatever stands between them stays.
fn respell(raw: &str, old: &str, new: &str) -> Option<String> {
    let digit = |letter: char| match letter {
        '0'..='9' => Some(letter),
        '０'..='９' => char::from_u32(u32::from(letter) - u32::from('０') + u32::from('0')),
        _ => None,
    };
    let places: Vec<(usize, char)> =
        raw.chars().enumerate().filter_map(|(at, letter)| Some((at, digit(letter)?))).collect();
    let written: String = places.iter().map(|(_, digit)| *digit).collect();
    let from = written.rfind(old).filter(|_| !old.is_empty())?;
    let mut letters: Vec<char> = raw.chars().collect();
    for ((at, _), digit) in places[from..].iter().zip(new.chars()) {
        letters[*at] = digit;
    }
    Some(letters.into_iter().collect())
}
