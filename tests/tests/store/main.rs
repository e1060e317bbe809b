//! The stores. Every case of `cases`, `policies`, `approvals` and `lessons` holds for each of them;
//! `postgres` and `tls` hold what only a database on the network can do, `upgrade` what becomes of
//! stores of earlier versions.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails loudly")]

mod approvals;
mod cases;
mod lessons;
mod policies;
mod postgres;
mod proxy;
mod rows;
mod tls;
mod upgrade;

use std::sync::Arc;

use sentinel::store::Backend;
use tempfile::TempDir;

/// Runs SQL as somebody with access to the tables would; says what was refused.
type Sql = Box<dyn Fn(&str) -> Result<(), String>>;

/// A store, opened empty.
struct Store {
    backend: Arc<dyn Backend>,
    /// How many connections may write at once.
    writers: usize,
    sql: Sql,
    /// What the names of the tables begin with.
    prefix: &'static str,
    _directory: Option<TempDir>,
}

impl Store {
    fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let backend = sentinel::store::sqlite::Sqlite::open(directory.path()).expect("a store");
        let path = directory.path().join("sentinel.db");
        let sql = move |text: &str| {
            let connection = rusqlite::Connection::open(&path).expect("a database");
            connection.execute_batch(text).map_err(|error| error.to_string())
        };
        Self {
            backend: Arc::new(backend),
            writers: 1,
            sql: Box::new(sql),
            prefix: "",
            _directory: Some(directory),
        }
    }

    fn postgres() -> Self {
        let server = sentinel_tests::postgres::Postgres::shared();
        let url = server.database();
        let backend = postgres::open(&url);
        let sql = move |text: &str| server.try_psql(&url, text).map(drop);
        Self {
            backend: Arc::new(backend),
            writers: 3,
            sql: Box::new(sql),
            prefix: "sentinel_",
            _directory: None,
        }
    }
}

/// Each case, on each store.
macro_rules! on_every_store {
    ($($case:ident)*) => {
        mod on_sqlite {
            $(#[test] fn $case() { crate::cases::$case(&crate::Store::sqlite()); })*
        }
        mod on_postgres {
            $(#[test] fn $case() { crate::cases::$case(&crate::Store::postgres()); })*
        }
    };
}

on_every_store! {
    an_empty_store_has_nothing
    every_row_comes_back
    a_row_is_replaced
    nothing_is_saved_where_the_work_fails
    many_writers_lose_nothing
    hashes_are_those_of_the_tree
    entries_come_in_order_and_by_filter
    the_newest_revision_governs
    the_generation_grows
    keys_are_added_and_revoked
    what_is_spent_is_so_once_and_until_its_end
    holds_that_ended_come_with_their_meters
    numbers_stay_at_their_edge
    entries_stay_as_they_are
    damage_is_said
    questions_come_back
    a_question_is_replaced
    what_is_not_on_record_is_not_saved
    questions_that_ended_come_in_parts
    questions_come_in_order_and_by_filter
    nothing_is_saved_where_one_table_fails
    baselines_come_back
    holds_come_with_what_they_teach
}
