//! Many rows as one table expression, `{rows}` in a statement: `unnest` of one array per column on PostgreSQL, `json_each`
//! of one text on SQLite. So a batch is one round trip, one plan, and the statement's text does not depend on its size.
//!
//! Within a statement the expression is called `r` and has the columns it was made with.

use std::fmt::Write as _;

use sea_orm::sea_query::ArrayType;
use sea_orm::{DbBackend, Value};
use uuid::Uuid;

/// The type of a column. The drivers write no NULL inside an array, so an optional column marks absence by a value that
/// cannot otherwise occur there: the empty text, the nil UUID, the smallest number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Uuid,
    OptionalUuid,
    Text,
    OptionalText,
    Big,
    OptionalBig,
    Bool,
}

/// One value of a row or of a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Uuid(Uuid),
    Text(String),
    Big(i64),
    Bool(bool),
    Null,
}

/// A table of values.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    columns: &'static [(&'static str, Kind)],
    cells: Vec<Cell>,
}

impl Rows {
    pub(crate) fn new(columns: &'static [(&'static str, Kind)]) -> Self {
        Self { columns, cells: Vec::new() }
    }

    /// One column `id`.
    pub(crate) fn ids(ids: impl IntoIterator<Item = Uuid>) -> Self {
        let mut rows = Self::new(&[("id", Kind::Uuid)]);
        rows.cells.extend(ids.into_iter().map(Cell::Uuid));
        rows
    }

    /// One column `value`.
    pub(crate) fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut rows = Self::new(&[("value", Kind::Text)]);
        rows.cells.extend(texts.into_iter().map(|text| Cell::Text(text.to_owned())));
        rows
    }

    /// Adds a row; its cells stand in the order of the columns.
    pub(crate) fn push<const N: usize>(&mut self, row: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len(), "a row has a cell for each column");
        self.cells.extend(row);
    }

    /// Writes the table expression, the number of the first placeholder being `first`; gives its values.
    pub(crate) fn into_source(self, backend: DbBackend, first: usize, sql: &mut String) -> Vec<Value> {
        if backend == DbBackend::Postgres { self.into_unnest(first, sql) } else { self.into_json_each(first, sql) }
    }

    fn into_unnest(self, first: usize, sql: &mut String) -> Vec<Value> {
        let width = self.columns.len();
        let height = self.cells.len() / width;
        let mut arrays: Vec<Vec<Value>> = self.columns.iter().map(|_| Vec::with_capacity(height)).collect();
        for (at, cell) in self.cells.into_iter().enumerate() {
            let column = at % width;
            arrays[column].push(cell.into_array_value(self.columns[column].1));
        }
        listed(sql, "(SELECT ", self.columns, |sql, _, (name, kind)| match kind.postgres().1 {
            Some(absent) => write!(sql, "nullif(u.{name}, {absent}) AS {name}"),
            None => write!(sql, "u.{name}"),
        });
        listed(sql, " FROM unnest(", self.columns, |sql, at, (_, kind)| {
            write!(sql, "${}::{}[]", at + first, kind.postgres().0)
        });
        listed(sql, ") AS u(", self.columns, |sql, _, (name, _)| write!(sql, "{name}"));
        sql.push_str(")) AS r");
        let value = |(array, (_, kind)): (_, &(_, Kind))| Value::Array(kind.array_type(), Some(Box::new(array)));
        arrays.into_iter().zip(self.columns).map(value).collect()
    }

    fn into_json_each(self, first: usize, sql: &mut String) -> Vec<Value> {
        let width = self.columns.len();
        let rows: Vec<serde_json::Value> = self
            .cells
            .chunks(width)
            .map(|row| serde_json::Value::Array(row.iter().map(Cell::to_json).collect()))
            .collect();
        listed(sql, "(SELECT ", self.columns, |sql, at, (name, _)| write!(sql, "j.value->>{at} AS {name}"));
        let _ = write!(sql, " FROM json_each(${first}) AS j) AS r");
        vec![serde_json::Value::Array(rows).to_string().into()]
    }
}

/// Writes `head`, and something for each of `items`, with commas between. Writing to a String cannot fail.
fn listed<T>(sql: &mut String, head: &str, items: &[T], one: impl Fn(&mut String, usize, &T) -> std::fmt::Result) {
    sql.push_str(head);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            sql.push_str(", ");
        }
        let _ = one(sql, at, item);
    }
}

/// Writes the condition that a column is one of `ids`; gives the value of its placeholder, whose number is `place`.
pub(crate) fn one_of(ids: &[Uuid], backend: DbBackend, place: usize, sql: &mut String) -> Value {
    // Writing to a String cannot fail.
    if backend == DbBackend::Postgres {
        let _ = write!(sql, "= ANY(${place})");
        return Value::Array(ArrayType::Uuid, Some(Box::new(ids.iter().map(|id| Value::from(*id)).collect())));
    }
    let _ = write!(sql, "IN (SELECT j.value FROM json_each(${place}) AS j)");
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    serde_json::Value::from(ids).to_string().into()
}

impl Kind {
    /// The type's name, and the value that stands for absence.
    fn postgres(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Uuid => ("uuid", None),
            Self::OptionalUuid => ("uuid", Some("'00000000-0000-0000-0000-000000000000'")),
            Self::Text => ("text", None),
            Self::OptionalText => ("text", Some("''")),
            Self::Big => ("bigint", None),
            Self::OptionalBig => ("bigint", Some("(-9223372036854775808)")),
            Self::Bool => ("boolean", None),
        }
    }

    fn array_type(self) -> ArrayType {
        match self {
            Self::Uuid | Self::OptionalUuid => ArrayType::Uuid,
            Self::Text | Self::OptionalText => ArrayType::String,
            Self::Big | Self::OptionalBig => ArrayType::BigInt,
            Self::Bool => ArrayType::Bool,
        }
    }

    fn absent(self) -> Value {
        match self {
            Self::Uuid | Self::OptionalUuid => Uuid::nil().into(),
            Self::Text | Self::OptionalText => String::new().into(),
            Self::Big | Self::OptionalBig => i64::MIN.into(),
            Self::Bool => false.into(),
        }
    }
}

impl Cell {
    fn into_array_value(self, kind: Kind) -> Value {
        match self {
            Self::Uuid(id) => id.into(),
            Self::Text(text) => text.into(),
            Self::Big(number) => number.into(),
            Self::Bool(flag) => flag.into(),
            Self::Null => kind.absent(),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Uuid(id) => serde_json::Value::String(id.to_string()),
            Self::Text(text) => serde_json::Value::String(text.clone()),
            Self::Big(number) => (*number).into(),
            Self::Bool(flag) => (*flag).into(),
            Self::Null => serde_json::Value::Null,
        }
    }

    /// As the value of a placeholder of its own.
    pub(crate) fn into_value(self, backend: DbBackend) -> Value {
        match self {
            Self::Uuid(id) if backend == DbBackend::Postgres => id.into(),
            Self::Uuid(id) => id.to_string().into(),
            Self::Text(text) => text.into(),
            Self::Big(number) => number.into(),
            Self::Bool(flag) => flag.into(),
            Self::Null => Value::String(None),
        }
    }
}

macro_rules! cell_from {
    ($($from:ty => $variant:ident($convert:expr);)*) => {
        $(impl From<$from> for Cell {
            fn from(value: $from) -> Self {
                let convert: fn($from) -> _ = $convert;
                Self::$variant(convert(value))
            }
        })*
    };
}

cell_from! {
    Uuid => Uuid(|id| id);
    String => Text(|text| text);
    &str => Text(str::to_owned);
    i64 => Big(|number| number);
    bool => Bool(|flag| flag);
    trunkline_events::Timestamp => Big(super::micros);
    trunkline_events::EventId => Uuid(trunkline_events::EventId::uuid);
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
