//! One way of talking to both databases: a statement with `{rows}` and `{1}`, `{2}` … in it, and rows that come back.

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
        let mut sql = self.sql.to_owned();
        let mut values: Vec<Value> = Vec::new();
        if let Some(ids) = self.ids {
            let (condition, value) = one_of(&ids, backend);
            sql = sql.replace("{ids}", condition);
            values.push(value);
        }
        if let Some(rows) = self.rows {
            debug_assert!(values.is_empty(), "a statement has either ids or rows");
            let (source, arrays) = rows.into_source(backend);
            sql = sql.replace("{rows}", &source);
            values = arrays;
        }
        for (at, cell) in self.cells.into_iter().enumerate() {
            values.push(cell.into_value(backend));
            sql = sql.replace(&format!("{{{}}}", at + 1), &format!("${}", values.len()));
        }
        Statement::from_sql_and_values(backend, sql, values)
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
        let found = self.executor.query_all_raw(query.into_statement(self.backend)).await;
        let rows = found.map_err(StoreError::database(action))?;
        Ok(rows.into_iter().map(|result| Row { result, action, backend: self.backend }).collect())
    }

    /// Runs words that take no values, such as `SAVEPOINT`.
    pub(crate) async fn say(&self, action: &'static str, sql: &str) -> Result<(), StoreError> {
        self.executor.execute_unprepared(sql).await.map(drop).map_err(StoreError::database(action))
    }
}

/// One row of an answer, read by the column's place (from 0).
pub(crate) struct Row {
    result: QueryResult,
    action: &'static str,
    backend: DbBackend,
}

impl Row {
    fn get<T: TryGetable>(&self, at: usize) -> Result<T, StoreError> {
        self.result.try_get_by_index(at).map_err(StoreError::database(self.action))
    }

    pub(crate) fn uuid(&self, at: usize) -> Result<Uuid, StoreError> {
        Ok(self.maybe_uuid(at)?.unwrap_or_default())
    }

    pub(crate) fn maybe_uuid(&self, at: usize) -> Result<Option<Uuid>, StoreError> {
        if self.backend == DbBackend::Postgres {
            return self.get(at);
        }
        let text: Option<String> = self.get(at)?;
        text.map(|text| Uuid::parse_str(&text)).transpose().map_err(|cause| StoreError::Database {
            action: self.action,
            cause: sea_orm::DbErr::Type(cause.to_string()),
        })
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
        self.get(at)
    }

    pub(crate) fn maybe_big(&self, at: usize) -> Result<Option<i64>, StoreError> {
        self.get(at)
    }

    pub(crate) fn flag(&self, at: usize) -> Result<bool, StoreError> {
        self.get(at)
    }

    pub(crate) fn instant(&self, at: usize) -> Result<Timestamp, StoreError> {
        self.big(at).map(instant)
    }

    pub(crate) fn maybe_instant(&self, at: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_big(at)?.map(instant))
    }
}
