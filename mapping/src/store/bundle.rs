//! Several statements as one: what a batch asks and writes at one point of its transaction costs one round trip on
//! PostgreSQL, however many tables it is about.

use std::fmt::Write as _;
use std::marker::PhantomData;

use sea_orm::{DbBackend, Statement, Value};

use super::error::StoreError;
use super::session::{Query, Row, Session};

/// As long as the text of a bundle becomes, about.
const TEXT: usize = 2048;

/// A statement whose rows are read as `T`.
pub(crate) struct Ask<T> {
    action: &'static str,
    query: Query,
    columns: usize,
    read: fn(&Row) -> Result<T, StoreError>,
}

impl<T> Ask<T> {
    /// `action` names the statement in an error; its rows have so many `columns`.
    pub(crate) fn new(
        action: &'static str,
        query: Query,
        columns: usize,
        read: fn(&Row) -> Result<T, StoreError>,
    ) -> Self {
        Self { action, query, columns, read }
    }
}

/// Statements of which none asks for what another wrote.
pub(crate) struct Bundle {
    action: &'static str,
    statements: Vec<Bundled>,
    checks: Vec<Check>,
}

/// Looks at the answers to a bundle, and says what is wrong with them.
type Check = Box<dyn FnOnce(&mut Answers) -> Result<(), StoreError> + Send>;

struct Bundled {
    action: &'static str,
    query: Query,
    /// None for a statement that gives no rows.
    columns: usize,
}

/// Where in the answers to a bundle the rows of one of its statements stand.
pub(crate) struct Place<T> {
    at: usize,
    read: fn(&Row) -> Result<T, StoreError>,
    rows: PhantomData<fn() -> T>,
}

/// The rows of each statement of a bundle.
pub(crate) struct Answers(Vec<Vec<Row>>);

impl Bundle {
    /// `action` names all of it in an error.
    pub(crate) fn new(action: &'static str) -> Self {
        Self { action, statements: Vec::new(), checks: Vec::new() }
    }

    /// What was added so far; leaves none.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.action))
    }

    /// Adds a statement that gives rows.
    pub(crate) fn ask<T>(&mut self, ask: Ask<T>) -> Place<T> {
        self.statements.push(Bundled { action: ask.action, query: ask.query, columns: ask.columns });
        Place { at: self.statements.len() - 1, read: ask.read, rows: PhantomData }
    }

    /// Adds a statement whose rows must be right, else the bundle fails with what `check` says.
    pub(crate) fn expect<T: 'static>(
        &mut self,
        ask: Ask<T>,
        check: impl FnOnce(Vec<T>) -> Result<(), StoreError> + Send + 'static,
    ) {
        let place = self.ask(ask);
        self.checks.push(Box::new(move |answers| check(answers.take(&place)?)));
    }

    /// Adds a statement that only writes; `action` names it in an error.
    pub(crate) fn write(&mut self, action: &'static str, query: Query) {
        self.statements.push(Bundled { action, query, columns: 0 });
    }

    /// One statement for PostgreSQL. Its rows begin with the place of the statement that they answer, and all their other
    /// columns are text: statements of different columns make one table so.
    fn into_statement(self, backend: DbBackend) -> Statement {
        let width = self.statements.iter().map(|one| one.columns).max().unwrap_or_default();
        let (mut sql, mut answers) = (String::with_capacity(TEXT), String::with_capacity(TEXT));
        let mut values: Vec<Value> = Vec::new();
        // Writing to a String cannot fail.
        for (at, Bundled { query, columns, .. }) in self.statements.into_iter().enumerate() {
            let _ = write!(sql, "{}s{at}", if at == 0 { "WITH " } else { ", " });
            for column in 0..columns {
                let _ = write!(sql, "{}c{column}", if column == 0 { "(" } else { ", " });
            }
            sql.push_str(if columns > 0 { ") AS (" } else { " AS (" });
            query.write(backend, &mut sql, &mut values);
            sql.push(')');
            if columns > 0 {
                let _ = write!(answers, "{}SELECT {at}", if answers.is_empty() { " " } else { " UNION ALL " });
                for column in 0..width {
                    let _ =
                        if column < columns { write!(answers, ", c{column}::text") } else { write!(answers, ", NULL") };
                }
                let _ = write!(answers, " FROM s{at}");
            }
        }
        // Else a row that nobody takes.
        sql.push_str(if answers.is_empty() { " SELECT 0" } else { &answers });
        Statement::from_sql_and_values(backend, sql, values)
    }
}

impl Answers {
    /// The rows of one statement, in the order in which it gave them. Each place is taken once.
    pub(crate) fn take<T>(&mut self, place: &Place<T>) -> Result<Vec<T>, StoreError> {
        self.0.get_mut(place.at).map(std::mem::take).unwrap_or_default().iter().map(place.read).collect()
    }
}

impl Session<'_> {
    /// Runs one statement and reads its rows.
    pub(crate) async fn ask<T>(&self, ask: Ask<T>) -> Result<Vec<T>, StoreError> {
        self.all(ask.action, ask.query).await?.iter().map(ask.read).collect()
    }

    /// Runs all of a bundle: in one round trip on PostgreSQL, one by one on SQLite, where there is none to be saved.
    pub(crate) async fn together(&self, mut bundle: Bundle) -> Result<Answers, StoreError> {
        let checks = std::mem::take(&mut bundle.checks);
        let mut answers = self.answers(bundle).await?;
        for check in checks {
            check(&mut answers)?;
        }
        Ok(answers)
    }

    async fn answers(&self, bundle: Bundle) -> Result<Answers, StoreError> {
        let mut answers = Vec::new();
        if bundle.statements.len() < 2 || !self.is_postgres() {
            for Bundled { action, query, columns } in bundle.statements {
                answers.push(if columns == 0 {
                    self.run(action, query).await?;
                    Vec::new()
                } else {
                    self.all(action, query).await?
                });
            }
            return Ok(Answers(answers));
        }
        answers.resize_with(bundle.statements.len(), Vec::new);
        let action = bundle.action;
        let found = self.statement(action, bundle.into_statement(DbBackend::Postgres)).await?;
        for result in found {
            let (place, row) = Row::placed(result, action)?;
            if let Some(rows) = answers.get_mut(place) {
                rows.push(row);
            }
        }
        Ok(Answers(answers))
    }
}
