//! User-to-user information (rule 21): `userData/string` is the hexBinary of the bytes that travel with a call.
//!
//! A first byte 04 (or 00) is the protocol discriminator; then Avaya's information elements may follow: FA with 8
//! bytes is the UCID (node and sequence in 2 bytes each, Unix seconds in 4), C8 the application's data.

use trunkline_events::call::CallData;

/// Longest user data that is looked into, in bytes; the switch carries at most 129. What is longer is kept, as hex alone.
const LONGEST: usize = 1024;
const UCID: u8 = 0xFA;
const UCID_BYTES: usize = 8;
const APPLICATION: u8 = 0xC8;

/// What one `userData` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UserData {
    /// Upper-case hex of the bytes.
    pub(crate) hex: String,
    /// The application's part as text, where it is text.
    pub(crate) text: Option<String>,
    /// The UCID that travels with it.
    pub(crate) ucid: Option<String>,
}

impl UserData {
    /// Reads the hex. What is no hex (odd, other characters) is taken as the text itself, so nothing is dropped.
    pub(crate) fn parse(written: &str) -> Option<Self> {
        let written = written.trim();
        if written.is_empty() {
            return None;
        }
        let Some(bytes) = unhex(written) else {
            let text = readable(written.as_bytes()).filter(|text| text.len() <= LONGEST);
            return Some(Self { hex: hex(written.as_bytes()), text, ucid: None });
        };
        if bytes.len() > LONGEST {
            return Some(Self { hex: hex(&bytes), text: None, ucid: None });
        }
        let elements = Elements::read(&bytes);
        Some(Self {
            hex: hex(&bytes),
            text: readable(elements.application.unwrap_or(elements.rest)),
            ucid: elements.ucid,
        })
    }

    /// Adds it to what travels with a call.
    pub(crate) fn add_to(self, data: &mut CallData) {
        data.uui_hex = Some(self.hex);
        data.uui_text = self.text;
        if let Some(ucid) = self.ucid {
            data.pairs.insert("uui_ucid".to_owned(), ucid);
        }
    }
}

/// The bytes taken apart; `rest` is what is in no element.
struct Elements<'a> {
    ucid: Option<String>,
    application: Option<&'a [u8]>,
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let inner = match bytes {
            [0x00 | 0x04, rest @ ..] => rest,
            _ => bytes,
        };
        let mut elements = Self { ucid: None, application: None, rest: inner };
        while let [kind @ (UCID | APPLICATION), length, rest @ ..] = elements.rest {
            let Some((value, after)) = rest.split_at_checked(usize::from(*length)) else { break };
            match *kind {
                UCID if value.len() == UCID_BYTES => elements.ucid = Some(ucid(value)),
                APPLICATION => elements.application = Some(value),
                _ => break,
            }
            elements.rest = after;
        }
        elements
    }
}

fn ucid(value: &[u8]) -> String {
    let number =
        |range: std::ops::Range<usize>| value[range].iter().fold(0_u32, |high, low| high << 8 | u32::from(*low));
    format!("{:05}{:05}{:010}", number(0..2), number(2..4), number(4..8))
}

/// Text if it is UTF-8 without control characters.
fn readable(bytes: &[u8]) -> Option<String> {
    let trimmed = match bytes {
        [inner @ .., 0] => inner,
        whole => whole,
    };
    let text = std::str::from_utf8(trimmed).ok().filter(|text| !text.is_empty())?;
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|one| one.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02X}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_21_user_data_is_text_binary_or_elements_and_always_kept() {
        let text = UserData::parse("E78E8BE5A5B3E5A3AB").expect("hex");
        assert_eq!(text.text.as_deref(), Some("王女士"));
        let binary = UserData::parse("fffe0001").expect("hex");
        assert_eq!((binary.hex.as_str(), binary.text), ("FFFE0001", None));
        let with_ucid = UserData::parse("00FA080019001038F725B3C8044F523432").expect("hex");
        assert_eq!(with_ucid.ucid.as_deref(), Some("00025000160955721139"));
        assert_eq!(with_ucid.text.as_deref(), Some("OR42"));
        let elements = UserData::parse("04FA080019001038F725B3C8044F523432").expect("hex");
        assert_eq!(elements, UserData { hex: "04FA080019001038F725B3C8044F523432".to_owned(), ..with_ucid });
        let discriminator = UserData::parse("044F5234").expect("hex");
        assert_eq!(discriminator.text.as_deref(), Some("OR4"));
    }

    #[test]
    fn rule_21_odd_or_invalid_hex_is_taken_as_the_text_it_is() {
        let odd = UserData::parse("ABC").expect("text");
        assert_eq!((odd.hex.as_str(), odd.text.as_deref()), ("414243", Some("ABC")));
        assert_eq!(UserData::parse("order 7").and_then(|data| data.text).as_deref(), Some("order 7"));
        assert_eq!(UserData::parse("  "), None);
        let long = "4F".repeat(5000);
        assert_eq!(UserData::parse(&long), Some(UserData { hex: long.clone(), text: None, ucid: None }), "raw, whole");
        assert!(
            UserData::parse("FA").is_some() && UserData::parse("04FA09").is_some(),
            "cut-off elements are no panic"
        );
    }
}
