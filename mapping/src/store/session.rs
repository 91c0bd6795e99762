//! One way of talking to both databases: a statement with `{rows}` and `{1}`, `{2}` … in it, and rows that come back.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbBackend, QueryResult, Statement, TryGetable, Value};
use trunkline_events::{EventId, Timestamp};
use uuid::Uuid;

use super::error::StoreError;
use super::instant;
use super::rows::{Cell, Rows, one_of};

/// A connection or an open transaction.
pub(crate) struct Session<'c> {
    executor: DatabaseExecutor<'c>,
    backend: DbBackend,
}

/// What `{locked}` stands for on PostgreSQL, at the end of a query of handles `h`: their rows are locked as they are read.
/// SQLite has one writer at a time and needs no locks.
const LOCKED: &str = "FOR NO KEY UPDATE OF h";

/// A statement in the words that both databases understand.
pub(crate) struct Query {
    sql: &'static str,
    ids: Option<Vec<Uuid>>,
    rows: Option<Rows>,
    cells: Vec<Cell>,
}

impl Query {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql, ids: None, rows: None, cells: Vec::new() }
    }

    /// What `{ids}` stands for, in a condition such as `h.id {ids}`: one of these. A condition rather than a join, since
    /// it leaves the planner no choice of what to begin with.
    #[must_use]
    pub(crate) fn ids(mut self, ids: impl IntoIterator<Item = Uuid>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }

    /// The table that `{rows}` stands for.
    #[must_use]
    pub(crate) fn rows(mut self, rows: Rows) -> Self {
        self.rows = Some(rows);
        self
    }

    /// The value of the next numbered placeholder.
    #[must_use]
    pub(crate) fn bind(mut self, cell: impl Into<Cell>) -> Self {
        self.cells.push(cell.into());
        self
    }

    fn into_statement(self, backend: DbBackend) -> Statement {
        let (mut sql, mut values) = (String::with_capacity(2 * self.sql.len()), Vec::new());
        self.write(backend, &mut sql, &mut values);
        Statement::from_sql_and_values(backend, sql, values)
    }

    /// Writes its words at the end of `sql`, with placeholders numbered on from the `values` that are there, and adds its own.
    pub(super) fn write(self, backend: DbBackend, sql: &mut String, values: &mut Vec<Value>) {
        let (mut condition, mut source) = (String::new(), String::new());
        if let Some(ids) = self.ids {
            values.push(one_of(&ids, backend, values.len() + 1, &mut condition));
        }
        if let Some(rows) = self.rows {
            values.extend(rows.into_source(backend, values.len() + 1, &mut source));
        }
        let bound = values.len();
        values.extend(self.cells.into_iter().map(|cell| cell.into_value(backend)));
        let mut words = self.sql;
        while let Some((before, placeholder)) = words.split_once('{') {
            let (name, after) = placeholder.split_once('}').unwrap_or((placeholder, ""));
            sql.push_str(before);
            match name {
                "ids" => sql.push_str(&condition),
                "rows" => sql.push_str(&source),
                "locked" if backend == DbBackend::Postgres => sql.push_str(LOCKED),
                "locked" => {}
                number => {
                    debug_assert!(number.parse::<usize>().is_ok(), "{number} stands for nothing");
                    // Writing to a String cannot fail.
                    let _ = write!(sql, "${}", bound + number.parse::<usize>().unwrap_or_default());
                }
            }
            words = after;
        }
        sql.push_str(words);
    }
}

impl<'c> Session<'c> {
    pub(crate) fn new(executor: impl Into<DatabaseExecutor<'c>>, backend: DbBackend) -> Self {
        Self { executor: executor.into(), backend }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// Runs a statement; gives the number of rows it touched. `action` names it in an error.
    pub(crate) async fn run(&self, action: &'static str, query: Query) -> Result<u64, StoreError> {
        let done = self.executor.execute_raw(query.into_statement(self.backend)).await;
        done.map(|done| done.rows_affected()).map_err(StoreError::database(action))
    }

    /// Runs a statement and gives its rows.
    pub(crate) async fn all(&self, action: &'static str, query: Query) -> Result<Vec<Row>, StoreError> {
        let rows = self.statement(action, query.into_statement(self.backend)).await?;
        let form = if self.is_postgres() { Form::Postgres } else { Form::Sqlite };
        Ok(rows.into_iter().map(|result| Row { result, action, form }).collect())
    }

    pub(super) async fn statement(
        &self,
        action: &'static str,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, StoreError> {
        self.executor.query_all_raw(statement).await.map_err(StoreError::database(action))
    }

    /// Runs words that take no values, such as `SAVEPOINT`.
    pub(crate) async fn say(&self, action: &'static str, sql: &str) -> Result<(), StoreError> {
        self.executor.execute_unprepared(sql).await.map(drop).map_err(StoreError::database(action))
    }
}

/// How a row's columns are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Postgres,
    /// As SQLite keeps them: a UUID as text.
    Sqlite,
    /// All as text, after the place of the statement in its bundle.
    Text,
}

/// One row of an answer, read by the column's place (from 0).
pub(crate) struct Row {
    result: QueryResult,
    action: &'static str,
    form: Form,
}

impl Row {
    /// A row of a bundle's answer, and the place of the statement that it answers.
    pub(super) fn placed(result: QueryResult, action: &'static str) -> Result<(usize, Self), StoreError> {
        let place: i32 = result.try_get_by_index(0).map_err(StoreError::database(action))?;
        Ok((usize::try_from(place).unwrap_or(usize::MAX), Self { result, action, form: Form::Text }))
    }

    fn get<T: TryGetable>(&self, at: usize) -> Result<T, StoreError> {
        let at = at + usize::from(self.form == Form::Text);
        self.result.try_get_by_index(at).map_err(StoreError::database(self.action))
    }

    fn parsed<T>(&self, at: usize) -> Result<Option<T>, StoreError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let text: Option<String> = self.get(at)?;
        text.as_deref().map(str::parse).transpose().map_err(|cause: T::Err| StoreError::Database {
            action: self.action,
            cause: sea_orm::DbErr::Type(cause.to_string()),
        })
    }

    fn missing(&self) -> StoreError {
        StoreError::Database { action: self.action, cause: sea_orm::DbErr::Type("a value is missing".to_owned()) }
    }

    pub(crate) fn uuid(&self, at: usize) -> Result<Uuid, StoreError> {
        Ok(self.maybe_uuid(at)?.unwrap_or_default())
    }

    pub(crate) fn maybe_uuid(&self, at: usize) -> Result<Option<Uuid>, StoreError> {
        if self.form == Form::Postgres { self.get(at) } else { self.parsed(at) }
    }

    pub(crate) fn event(&self, at: usize) -> Result<EventId, StoreError> {
        self.uuid(at).map(EventId::from_uuid)
    }

    pub(crate) fn text(&self, at: usize) -> Result<String, StoreError> {
        self.get(at)
    }

    pub(crate) fn maybe_text(&self, at: usize) -> Result<Option<String>, StoreError> {
        self.get(at)
    }

    pub(crate) fn big(&self, at: usize) -> Result<i64, StoreError> {
        if self.form == Form::Text { self.parsed(at)?.ok_or_else(|| self.missing()) } else { self.get(at) }
    }

    pub(crate) fn maybe_big(&self, at: usize) -> Result<Option<i64>, StoreError> {
        if self.form == Form::Text { self.parsed(at) } else { self.get(at) }
    }

    pub(crate) fn flag(&self, at: usize) -> Result<bool, StoreError> {
        if self.form == Form::Text { self.parsed(at)?.ok_or_else(|| self.missing()) } else { self.get(at) }
    }

    pub(crate) fn instant(&self, at: usize) -> Result<Timestamp, StoreError> {
        self.big(at).map(instant)
    }

    pub(crate) fn maybe_instant(&self, at: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_big(at)?.map(instant))
    }
}
