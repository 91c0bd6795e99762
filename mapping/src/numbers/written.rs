//! What is done to a text before its digits count: width and spacing, words for "hidden", extensions.
//! Order and cases: notes on Chinese numbers, `docs/adr/0003-identity.md`.

use unicode_normalization::UnicodeNormalization;

use super::{UnusableReason, Withheld};

/// Words that switches, CRMs and people write where there is no number; lower case.
const WITHHELD: &[&str] = &[
    "anonymous",
    "unknown",
    "restricted",
    "private",
    "unavailable",
    "withheld",
    "blocked",
    "hidden",
    "none",
    "null",
    "nil",
    "undefined",
    "n/a",
    "na",
    "not available",
    "out of area",
    "payphone",
    "asserted",
    "匿名",
    "未知",
    "未知号码",
    "隐藏",
    "隐藏号码",
    "号码隐藏",
    "私人号码",
    "无号码",
    "保密",
    "无",
    "空",
];

/// Words before an extension; lower case, without spaces and punctuation.
const EXTENSION: &[&str] =
    &["转", "轉", "转分机", "分机", "分机号", "內線", "内线", "分機", "ext", "extn", "extension", "x"];

/// NFKC, invisible characters out, every dash a hyphen, ends trimmed. The input is capped, so this is cheap.
pub(super) fn clean(raw: &str) -> String {
    let visible: String = raw
        .nfkc()
        .filter_map(|found| match found {
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2e3a}' | '\u{2e3b}' | '\u{30fc}' => Some('-'),
            space if space.is_whitespace() => Some(' '),
            unseen if is_invisible(unseen) => None,
            other => Some(other),
        })
        .collect();
    visible.trim().to_owned()
}

fn is_invisible(found: char) -> bool {
    let formatting = matches!(found, '\u{00ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    let joining = matches!(found, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}');
    formatting || joining || found.is_control()
}

/// Whether the text says that there is no number.
pub(super) fn withheld(text: &str) -> Option<Withheld> {
    if text.is_empty() {
        return Some(Withheld::Empty);
    }
    let digits_left = text.trim_matches(['0', '-', '+', ' ']);
    if digits_left.is_empty() || text == "-1" {
        return Some(Withheld::Zeroes);
    }
    let lower = text.to_lowercase();
    if lower.starts_with("sip:") || lower.starts_with("sips:") || lower.contains('@') {
        return Some(Withheld::Address);
    }
    WITHHELD.contains(&lower.as_str()).then_some(Withheld::Word)
}

/// The text without a leading `tel:`.
pub(super) fn without_scheme(text: &str) -> &str {
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text[4..].trim_start(),
        _ => text,
    }
}

/// Number and extension apart, where a word, `#`, `,` or a `;ext=` parameter says which is which.
pub(super) fn split_extension(text: &str) -> (&str, Option<String>) {
    let Some(at) = text.find(|found: char| !is_number_character(found)) else { return (text, None) };
    let (head, tail) = (text[..at].trim_end(), &text[at..]);
    if !head.contains(|found: char| found.is_ascii_digit()) {
        return (text, None);
    }
    let digits_at = tail.find(|found: char| found.is_ascii_digit()).unwrap_or(tail.len());
    let between = &tail[..digits_at];
    let word: String = between.to_lowercase().chars().filter(|found| !" .:=,;#".contains(*found)).collect();
    let marked = EXTENSION.contains(&word.as_str()) || (word.is_empty() && between.contains([',', ';', '#']));
    let digits: String = tail[digits_at..].chars().take_while(char::is_ascii_digit).collect();
    let after = tail[digits_at + digits.len()..].trim();
    let closed = after.is_empty() || after == "#" || after.starts_with(';');
    if marked && closed && (1..=8).contains(&digits.len()) {
        return (head, Some(digits));
    }
    // Other parameters of a tel: URI (RFC 3966 section 3) say nothing about the number's digits.
    if tail.starts_with(';') && tail.contains('=') { (head, None) } else { (text, None) }
}

/// A trailing `-123`, which is an extension only if what stands before it is a whole number.
pub(super) fn split_hyphen(text: &str) -> Option<(&str, &str)> {
    let (head, tail) = text.rsplit_once('-')?;
    let tail = tail.trim();
    let is_extension = (1..=6).contains(&tail.len()) && tail.bytes().all(|byte| byte.is_ascii_digit());
    is_extension.then_some((head, tail))
}

/// Digits alone, with a leading `+` if there was one.
pub(super) fn digits(text: &str) -> Result<String, UnusableReason> {
    if text.contains(['*', '＊', '•', '●']) {
        return Err(UnusableReason::Masked);
    }
    // Before the number library, which reads letters as vanity digits.
    if text.contains(char::is_alphabetic) {
        return Err(UnusableReason::Letters);
    }
    let digits_from = text.find(|found: char| found.is_ascii_digit()).unwrap_or(text.len());
    let plus = text[..digits_from].contains('+');
    if !text.chars().all(is_number_character) || text[digits_from..].contains('+') {
        return Err(UnusableReason::Symbols);
    }
    let mut kept = String::with_capacity(text.len() + 1);
    if plus {
        kept.push('+');
    }
    kept.extend(text.chars().filter(char::is_ascii_digit));
    Ok(kept)
}

fn is_number_character(found: char) -> bool {
    found.is_ascii_digit() || "+-() ./_[]".contains(found)
}
