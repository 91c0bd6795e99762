//! A keyed permutation of texts: digits become digits, letters letters, Han characters Han characters, and everything else
//! stays where it is. Two texts never become one, and the same text always becomes the same.
//!
//! The construction is that of FF1 (alternating Feistel rounds over the two halves of the places), with a radix of its own at
//! each place instead of one for all, since ids mix letters and digits, and no least length, since ids are short.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Rounds; FF1 has ten.
const ROUNDS: u8 = 10;

/// The alphabets whose characters are exchanged among themselves: the first character, and how many.
const ALPHABETS: [(char, u32); 9] = [
    ('0', 10),
    ('a', 26),
    ('A', 26),
    ('\u{4e00}', 20_902),
    ('\u{ac00}', 11_172),
    ('\u{3041}', 86),
    ('\u{30a1}', 90),
    ('\u{430}', 32),
    ('\u{410}', 32),
];

/// The secret of one recorder: the same secret gives the same masks.
#[derive(Clone)]
pub(super) struct Secret(Hmac<Sha256>);

/// A character that is exchanged: which alphabet, and which of it.
struct Place {
    at: usize,
    first: u32,
    radix: u32,
    value: u32,
}

impl Secret {
    pub(super) fn new(key: &[u8; 32]) -> Option<Self> {
        Hmac::new_from_slice(key).ok().map(Self)
    }

    /// Bytes that stand for this content and tell nothing of it.
    pub(super) fn digest(&self, domain: &str, content: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in [domain.as_bytes(), content] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The text that stands for this one; `domain` keeps apart what must not be compared.
    pub(super) fn permute(&self, domain: &str, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let places: Vec<Place> = letters.iter().enumerate().filter_map(|(at, letter)| place(at, *letter)).collect();
        let fixed = shape(&letters);
        let (mut left, mut right): (Vec<Place>, Vec<Place>) = places.into_iter().partition(|place| place.at % 2 == 0);
        for round in 0..ROUNDS {
            let (changed, read) = if round % 2 == 0 { (&mut left, &right) } else { (&mut right, &left) };
            self.add(domain, round, &fixed, changed, read);
        }
        for place in left.iter().chain(&right) {
            letters[place.at] = char::from_u32(place.first + place.value).unwrap_or('x');
        }
        letters.into_iter().map(|letter| if is_foreign(letter) { 'x' } else { letter }).collect()
    }

    /// One round: what stands at `changed` moves on by an amount that depends on `read` alone.
    fn add(&self, domain: &str, round: u8, fixed: &str, changed: &mut [Place], read: &[Place]) {
        let mut content = vec![round];
        content.extend_from_slice(&(fixed.len() as u64).to_be_bytes());
        content.extend_from_slice(fixed.as_bytes());
        content.extend(read.iter().flat_map(|place| place.value.to_be_bytes()));
        for (block, places) in changed.chunks_mut(4).enumerate() {
            let mut of_block = content.clone();
            of_block.extend_from_slice(&(block as u64).to_be_bytes());
            let digest = self.digest(domain, &of_block);
            for (place, bytes) in places.iter_mut().zip(digest.as_chunks::<8>().0) {
                let amount = u64::from_be_bytes(*bytes) % u64::from(place.radix);
                let moved = (u64::from(place.value) + amount) % u64::from(place.radix);
                place.value = u32::try_from(moved).unwrap_or_default();
            }
        }
    }
}

fn place(at: usize, letter: char) -> Option<Place> {
    ALPHABETS.iter().find_map(|(first, radix)| {
        let first = u32::from(*first);
        let value = u32::from(letter).checked_sub(first).filter(|value| value < radix)?;
        Some(Place { at, first, radix: *radix, value })
    })
}

/// Letters and digits of alphabets that are not listed become an `x`, which may make two of them one: rather that than a
/// name in the clear.
fn is_foreign(letter: char) -> bool {
    letter.is_alphanumeric() && place(0, letter).is_none()
}

/// What does not change: which alphabet stands where, and the characters between.
fn shape(letters: &[char]) -> String {
    letters
        .iter()
        .map(|letter| place(0, *letter).and_then(|place| char::from_u32(place.first)).unwrap_or(*letter))
        .collect()
}

/// Free text: its length, spaces and marks stay, and nothing of what it says.
pub(super) fn blank(text: &str) -> String {
    let blank = |letter: char| match letter {
        _ if letter.is_numeric() => '0',
        _ if !letter.is_alphabetic() => letter,
        '\u{3400}'..='\u{9fff}' => '某',
        _ if letter.is_uppercase() => 'X',
        _ => 'x',
    };
    text.chars().map(blank).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn secret() -> Secret {
        Secret::new(&[7; 32]).expect("any key will do")
    }

    #[test]
    fn all_texts_of_a_shape_become_all_texts_of_that_shape() {
        let masked: BTreeSet<String> = (0..2600)
            .map(|number| {
                let letter = char::from(b'a' + u8::try_from(number / 100).expect("small"));
                secret().permute("id", &format!("{letter}-{:02}", number % 100))
            })
            .collect();
        assert_eq!(masked.len(), 2600, "none of them became one with another");
        let fits = |text: &String| {
            let bytes = text.as_bytes();
            bytes[0].is_ascii_lowercase() && bytes[1] == b'-' && bytes[2..].iter().all(u8::is_ascii_digit)
        };
        assert!(masked.iter().all(fits));
    }

    #[test]
    fn one_place_alone_is_moved_too() {
        let masked: BTreeSet<String> = ('0'..='9').map(|digit| secret().permute("id", &digit.to_string())).collect();
        assert_eq!(masked.len(), 10);
    }

    #[test]
    fn another_key_or_domain_gives_another_mask() {
        let other = Secret::new(&[8; 32]).expect("any key will do");
        assert_ne!(secret().permute("id", "wang.mei1987"), other.permute("id", "wang.mei1987"));
        assert_ne!(secret().permute("id", "wang.mei1987"), secret().permute("name", "wang.mei1987"));
        assert_eq!(secret().permute("id", "wang.mei1987"), secret().permute("id", "wang.mei1987"));
    }

    #[test]
    fn no_letter_of_any_script_stays_by_itself() {
        assert_eq!(secret().permute("id", "é\u{5d0}").chars().collect::<Vec<_>>(), ['x', 'x']);
        assert_ne!(secret().permute("name", "王梅王梅"), "王梅王梅");
    }

    #[test]
    fn free_text_keeps_its_look_and_nothing_it_says() {
        assert_eq!(blank("Refund 42 €, 退款!"), "Xxxxxx 00 €, 某某!");
    }
}
