//! CSV: RFC 4180, UTF-8, and nothing in it is a formula to a spreadsheet.

use std::io::Write;

use trunkline_events::cdr::Cdr;

use super::columns::{COLUMNS, Cell};

pub(super) fn writer<W: Write>(out: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out)
}

/// The record's cells; an absent one is empty.
pub(super) fn row(cdr: &Cdr) -> Vec<String> {
    let text = |cell: Cell| match cell {
        Cell::Text(of) => of(cdr).map(|text| tame(&text)),
        Cell::Number(of) => of(cdr).map(|number| number.to_string()),
        Cell::Instant(of) => of(cdr).map(|at| at.to_string()),
        Cell::Flag(of) => Some(of(cdr).to_string()),
    };
    COLUMNS.iter().map(|column| text(column.cell).unwrap_or_default()).collect()
}

fn tame(text: &str) -> String {
    if is_formula(text) { as_text(text) } else { text.to_owned() }
}

/// Whether a spreadsheet would compute a cell that begins so: whoever wrote it may have meant it to.
pub(crate) fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// An apostrophe before it makes a cell text.
pub(crate) fn as_text(text: &str) -> String {
    format!("'{text}")
}
