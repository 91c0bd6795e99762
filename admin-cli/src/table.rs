//! Tables for a terminal. Whatever a customer typed is made harmless: no control character reaches the terminal.

use std::io::{self, Write};

/// Prints rows under headings, columns as wide as their widest cell.
pub(crate) fn print(out: &mut impl Write, headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| harmless(cell)).collect()).collect();
    let mut widths: Vec<usize> = headings.iter().map(|heading| width(heading)).collect();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            widths[column] = widths[column].max(width(cell));
        }
    }
    line(out, &widths, headings.iter().map(|heading| (*heading).to_owned()))?;
    rows.into_iter().try_for_each(|row| line(out, &widths, row.into_iter()))
}

fn line(out: &mut impl Write, widths: &[usize], cells: impl Iterator<Item = String>) -> io::Result<()> {
    let mut text = String::new();
    for (cell, wanted) in cells.zip(widths) {
        text.push_str(&cell);
        text.push_str(&" ".repeat(wanted.saturating_sub(width(&cell)) + 2));
    }
    writeln!(out, "{}", text.trim_end())
}

/// Control and bidirectional characters become `?`, so that data cannot steer the terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| {
            let steers = c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if steers { '?' } else { c }
        })
        .collect()
}

/// Columns on a terminal: CJK and full-width characters take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x1100..=0x115f
            | 0x2e80..=0xa4cf
            | 0xac00..=0xd7a3
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe4f
            | 0xff00..=0xff60
            | 0xffe0..=0xffe6
            | 0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_also_with_chinese_names() {
        let mut out = Vec::new();
        let rows = vec![vec!["王小姐".to_owned(), "x".to_owned()], vec!["Li".to_owned(), "y".to_owned()]];
        print(&mut out, &["NAME", "B"], &rows).expect("written");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), "NAME    B\n王小姐  x\nLi      y\n");
    }

    #[test]
    fn data_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\r\nc\u{202e}d"), "a?[31mb??c?d");
    }
}
