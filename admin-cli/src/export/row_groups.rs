//! Parquet: a row group is gathered in memory and written, column after column.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use trunkline_events::Timestamp;
use trunkline_events::cdr::Cdr;

use super::LOST;
use super::columns::{COLUMNS, Cell, Column};

/// Records of a row group: some ten megabytes in memory.
const GROUP: usize = 10_000;

/// A file under way and the row group that is gathered.
pub(crate) struct Columns<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    gathered: Vec<Cdr>,
}

impl<W: Write + Send> Columns<W> {
    pub(super) fn begin(out: W) -> Result<Self> {
        let schema = parse_message_type(&schema()).context("the columns make no Parquet schema")?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("trunkctl ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).context(LOST)?;
        Ok(Self { writer, gathered: Vec::new() })
    }

    pub(super) fn row(&mut self, cdr: &Cdr) -> Result<()> {
        self.gathered.push(cdr.clone());
        if self.gathered.len() < GROUP { Ok(()) } else { self.write_group() }
    }

    pub(super) fn finish(mut self) -> Result<()> {
        if !self.gathered.is_empty() {
            self.write_group()?;
        }
        self.writer.close().context(LOST).map(drop)
    }

    fn write_group(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.gathered);
        let mut group = self.writer.next_row_group().context(LOST)?;
        for column in COLUMNS {
            match column.cell {
                Cell::Text(of) => {
                    write::<ByteArrayType, W>(
                        &mut group,
                        rows.iter().map(|cdr| Some(ByteArray::from(of(cdr)?.into_bytes()))),
                    )?;
                }
                Cell::Number(of) => {
                    write::<Int64Type, W>(
                        &mut group,
                        rows.iter().map(|cdr| Some(i64::try_from(of(cdr)?).unwrap_or(i64::MAX))),
                    )?;
                }
                Cell::Instant(of) => write::<Int64Type, W>(&mut group, rows.iter().map(|cdr| of(cdr).map(micros)))?,
                Cell::Flag(of) => write::<BoolType, W>(&mut group, rows.iter().map(|cdr| Some(of(cdr))))?,
            }
        }
        group.close().context(LOST).map(drop)
    }
}

/// Every column may be absent, so that one which becomes optional later changes nothing for readers.
fn schema() -> String {
    let field = |column: &Column| {
        let (kind, meaning) = match column.cell {
            Cell::Text(_) => ("BYTE_ARRAY", " (STRING)"),
            Cell::Number(_) => ("INT64", ""),
            Cell::Instant(_) => ("INT64", " (TIMESTAMP(MICROS,true))"),
            Cell::Flag(_) => ("BOOLEAN", ""),
        };
        format!("OPTIONAL {kind} {}{meaning};", column.name)
    };
    format!("message cdr {{ {} }}", COLUMNS.iter().map(field).collect::<Vec<_>>().join(" "))
}

/// Writes the group's next column: the values that are there, and which are not.
fn write<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<()> {
    let (mut values, mut there) = (Vec::new(), Vec::new());
    for cell in cells {
        there.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    let mut column = group.next_column().context(LOST)?.context("the file has fewer columns than its schema")?;
    column.typed::<T>().write_batch(&values, Some(&there), None).context(LOST)?;
    column.close().context(LOST)
}

fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.since(Timestamp::EPOCH).whole_microseconds()).unwrap_or(i64::MAX)
}
