//! The schema's steps, applied in order from whatever step the database stands at.
//!
//! A step is one SQL file in `schema/`, never changed once released. Beside it stands a dump of what the database looked
//! like after it, in each database's own words; a test starts from every dump and must arrive at the newest schema.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, TransactionTrait};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

/// Any number, the same in every process: only one of them migrates at a time.
const LOCK: i64 = 0x7472_756e_6b00;

/// What the words in braces mean.
const POSTGRES: [(&str, &str); 5] = [
    ("{uuid}", "uuid"),
    ("{serial}", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("{roomy}", " WITH (fillfactor = 70)"),
    ("{by_arrival}", "CREATE INDEX event_received ON event USING brin (received);"),
    ("{json}", "::json"),
];
const SQLITE: [(&str, &str); 5] = [
    ("{uuid}", "text"),
    ("{serial}", "integer PRIMARY KEY AUTOINCREMENT"),
    ("{roomy}", ""),
    ("{by_arrival}", ""),
    ("{json}", ""),
];

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Step { name: "0001", sql: include_str!("schema/0001.sql") }),
            Box::new(Step { name: "0002", sql: include_str!("schema/0002.sql") }),
            Box::new(Step { name: "0003", sql: include_str!("schema/0003.sql") }),
            Box::new(Step { name: "0004", sql: include_str!("schema/0004.sql") }),
            Box::new(Step { name: "0005", sql: include_str!("schema/0005.sql") }),
            Box::new(Step { name: "0006", sql: include_str!("schema/0006.sql") }),
            Box::new(Step { name: "0007", sql: include_str!("schema/0007.sql") }),
        ]
    }
}

struct Step {
    name: &'static str,
    sql: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let words = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        let sql = words.iter().fold(self.sql.to_owned(), |sql, (word, meaning)| sql.replace(word, meaning));
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }
}

/// Brings the schema up to this release. All or nothing; safe when several processes start at once.
pub(super) async fn migrate(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = connection.begin().await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}
