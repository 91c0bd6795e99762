//! A look at JSON bytes before they are parsed.

/// Why JSON bytes are refused unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonRefusal {
    /// U+0000, written as such or as an escape: no store can keep it.
    #[error("it holds a NUL character")]
    Nul,
    /// Objects and lists stand deeper in each other than allowed.
    #[error("it nests deeper than allowed")]
    Depth,
}

/// Refuses NUL characters and nesting deeper than `most`. Whether the rest is JSON is for the parser to say.
pub fn check(json: &[u8], most: usize) -> Result<(), JsonRefusal> {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        match byte {
            0 => return Err(JsonRefusal::Nul),
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                if json[at + 1..].starts_with(b"u0000") {
                    return Err(JsonRefusal::Nul);
                }
                at += 1;
            }
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > most {
                    return Err(JsonRefusal::Depth);
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_refused_however_it_is_written_but_an_escaped_backslash_is_none() {
        assert_eq!(check(br#"{"a":"x\u0000"}"#, 8), Err(JsonRefusal::Nul));
        assert_eq!(check(b"{\"a\":\"\0\"}", 8), Err(JsonRefusal::Nul));
        assert_eq!(check(br#"{"a":"\\u0000"}"#, 8), Ok(()));
        assert_eq!(check(br#""\"#, 8), Ok(()), "a cut text is the parser's business");
    }

    #[test]
    fn depth_counts_brackets_outside_of_strings_only() {
        assert_eq!(check(br#"[[["[[[[[[\"[["]]]"#, 3), Ok(()));
        assert_eq!(check(b"[[[[1]]]]", 3), Err(JsonRefusal::Depth));
        assert_eq!(check(b"[1],[2],[3],[4]", 1), Ok(()));
    }
}
