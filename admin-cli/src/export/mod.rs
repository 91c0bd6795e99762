//! Conversation records as rows of a file. A row at a time goes in, so that memory does not grow with the file.
//!
//! [`columns`] names the columns of CSV and Parquet, which stay as they are; new ones come at the end.

mod columns;
mod row_groups;
pub(crate) mod table;

use std::io::Write;

use anyhow::{Context, Result};
use trunkline_events::cdr::Cdr;

use self::columns::COLUMNS;
use self::row_groups::Columns;
use crate::args::ExportFormat;

/// A file of records under way.
pub(crate) enum Export<W: Write + Send> {
    Csv(Box<csv::Writer<W>>),
    Lines(W),
    Parquet(Box<Columns<W>>),
}

impl<W: Write + Send> Export<W> {
    /// Begins the file: the names of the columns go out.
    pub(crate) fn begin(format: ExportFormat, out: W) -> Result<Self> {
        Ok(match format {
            ExportFormat::Csv => {
                let mut rows = table::writer(out);
                rows.write_record(COLUMNS.iter().map(|column| column.name)).context(LOST)?;
                Self::Csv(Box::new(rows))
            }
            ExportFormat::Jsonl => Self::Lines(out),
            ExportFormat::Parquet => Self::Parquet(Box::new(Columns::begin(out)?)),
        })
    }

    /// Adds a record.
    pub(crate) fn row(&mut self, cdr: &Cdr) -> Result<()> {
        match self {
            Self::Csv(rows) => rows.write_record(table::row(cdr)).context(LOST),
            Self::Lines(out) => {
                serde_json::to_writer(&mut *out, cdr).context(LOST)?;
                out.write_all(b"\n").context(LOST)
            }
            Self::Parquet(columns) => columns.row(cdr),
        }
    }

    /// Ends the file: without this it is not whole.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Csv(mut rows) => rows.flush().context(LOST),
            Self::Lines(mut out) => out.flush().context(LOST),
            Self::Parquet(columns) => columns.finish(),
        }
    }
}

/// What went wrong, whatever the format.
const LOST: &str = "cannot write the export; is the disk full?";

#[cfg(test)]
mod tests;
