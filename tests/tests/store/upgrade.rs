//! Stores that an earlier version made: they are upgraded in place, whole or not at all.
//!
//! Version 1 is made here from its own text, which is never changed.

use std::path::Path;
use std::thread;
use std::time::Duration;

use sentinel::state::{ApprovalState, Charge, Hold, HoldState, Keys, Lesson, Millis};
use sentinel::store::postgres::Postgres;
use sentinel::store::sqlite::Sqlite;
use sentinel::store::{Backend, EntryFilter, Order, Spent, StoreError};
use sentinel_ledger::{Tree, leaf_hash};
use sentinel_tests::postgres::Postgres as Server;
use tempfile::TempDir;

use crate::rows::{NOW, meter, question, signer, transact, verdict};

const SQLITE_1: &str = include_str!("../../../host/src/store/sqlite/schema.sql");
const POSTGRES_1: &str = include_str!("../../../host/src/store/postgres/0001_init.sql");
const POSTGRES_1_GUARDS: &str = include_str!("../../../host/src/store/postgres/0001_guards.sql");

/// Rows as version 1 wrote them; `bytes` writes bytes as this database reads them.
fn rows_of_version_1(prefix: &str, bytes: impl Fn(&[u8]) -> String) -> String {
    let body = verdict("agent", 1).body;
    let leaf = leaf_hash(body.as_bytes());
    let mut tree = Tree::new();
    tree.push(leaf, &mut Vec::new());
    let (peaks, leaf) = (bytes(&tree.peaks_bytes()), bytes(leaf.as_bytes()));
    let signer = signer().verifying_key().encode();
    let money = meter("money");
    let charges =
        format!("[{{\"meter\":\"{}\",\"unit\":\"usd\",\"amount\":3}}]", money.as_str().replace('\n', "\\n"));
    format!(
        "INSERT INTO {prefix}logs VALUES ('default', 'main', 1, {peaks}, {}, '{signer}', '');
         INSERT INTO {prefix}entries
         VALUES ('default', 'main', 0, {leaf}, 'verdict', 'agent', 'allow', '{body}');
         INSERT INTO {prefix}holds VALUES ('default', 'main', 'open', 'agent', 'open', 10, '{charges}'),
         ('default', 'main', 'posted', 'agent', 'posted', 10, '[]');",
        NOW.0
    )
}

fn sqlite_of_version_1() -> (TempDir, rusqlite::Connection) {
    let directory = tempfile::tempdir().expect("a directory");
    let connection = rusqlite::Connection::open(directory.path().join("sentinel.db")).expect("a database");
    let hex = |bytes: &[u8]| format!("X'{}'", hex(bytes));
    let rows = rows_of_version_1("", hex);
    connection
        .execute_batch(&format!("PRAGMA journal_mode = wal; {SQLITE_1} {rows} PRAGMA user_version = 1"))
        .expect("version 1");
    (directory, connection)
}

fn postgres_of_version_1(server: &Server) -> String {
    let url = server.database();
    let rows = rows_of_version_1("sentinel_", |bytes| format!("'\\x{}'", hex(bytes)));
    let sql = format!(
        "{POSTGRES_1} {POSTGRES_1_GUARDS} {rows} INSERT INTO sentinel_migrations (version) VALUES (1)"
    );
    server.psql(&url, &sql);
    url
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was there is there, and everything new works.
fn is_upgraded(store: &dyn Backend) {
    let (mut writer, mut reader) = (store.writer().expect("a writer"), store.reader().expect("a reader"));
    let charge = Charge { meter: meter("money"), unit: "usd".into(), amount: 3 };
    let old = Hold {
        agent: "agent".into(),
        state: HoldState::Open,
        ends_at: Millis(10),
        charges: vec![charge],
        observations: Vec::new(),
    };
    let all = Keys {
        holds: ["posted".to_owned()].into(),
        holds_ended_before: Some(NOW),
        approvals: ["key".to_owned()].into(),
        baselines: [("agent".to_owned(), "spend".to_owned())].into(),
        ..Keys::default()
    };
    let lesson = Lesson { key: "spend".into(), bytes: vec![1, 2] };
    transact(&mut *writer, &all, |page| {
        assert_eq!(page.next_seq(), 1);
        assert_eq!(page.holds.get(&"open".to_owned())?, Some(&old));
        let posted = page.holds.get(&"posted".to_owned())?.expect("a hold");
        assert_eq!((posted.state, posted.observations.len()), (HoldState::Posted, 0));
        page.append(verdict("agent", 2))?;
        page.holds.put("open".into(), Hold { observations: vec![lesson.clone()], ..old.clone() });
        page.approvals.put("key".into(), question("agent", ApprovalState::Pending, 1, 2));
        page.baselines.put(("agent".into(), "spend".into()), vec![7]);
        Ok(())
    })
    .expect("a transaction");
    let mut writer = store.writer().expect("a writer");
    transact(&mut *writer, &all, |page| {
        let hold = page.holds.get(&"open".to_owned())?.expect("a hold");
        assert_eq!(hold.observations.as_slice(), std::slice::from_ref(&lesson));
        assert_eq!(page.baselines.get(&("agent".into(), "spend".into()))?, Some(&vec![7]));
        Ok(())
    })
    .expect("a look");
    assert!(reader.approval("key").expect("a question").is_some());
    let spent = Spent { id: "login".to_owned(), until: u64::MAX, is_announced: true };
    assert!(writer.spend(&spent, NOW).expect("spent"));
    assert_eq!(reader.spent().expect("what is spent"), [("login".to_owned(), i64::MAX.unsigned_abs())]);
    let entries = reader.entries(0, Order::OldestFirst, &EntryFilter::default(), 9).expect("entries");
    let bodies: Vec<_> = entries.iter().map(|own| own.entry.body.as_str()).collect();
    assert_eq!(bodies, [verdict("agent", 1).body, verdict("agent", 2).body]);
    let mut tree = Tree::new();
    entries.iter().for_each(|own| tree.push(own.leaf, &mut Vec::new()));
    assert_eq!(reader.head().expect("a head").tree, tree);
}

/// A program that another test starts at this moment has all files until it runs, their locks included.
fn open(home: &Path) -> Result<Sqlite, StoreError> {
    let unlocked = (0..500).find_map(|_| match Sqlite::open(home) {
        Err(StoreError::Locked { .. }) => {
            thread::sleep(Duration::from_millis(10));
            None
        }
        opened => Some(opened),
    });
    unlocked.expect("a store that nobody else has")
}

#[test]
fn sqlite_is_upgraded_in_place() {
    let (directory, connection) = sqlite_of_version_1();
    let version =
        || connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).expect("a version");
    assert_eq!(version(), 1);
    // A daemon and whoever looks at its keys, all at once.
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| Sqlite::open_shared(directory.path()).expect("upgraded once"));
        }
        scope.spawn(|| Sqlite::open(directory.path()).expect("upgraded once"));
    });
    assert_eq!(version(), 3);
    is_upgraded(&open(directory.path()).expect("a store"));

    for newer in [4, -1] {
        connection.pragma_update(None, "user_version", newer).expect("another version");
        let refused = open(directory.path()).expect_err("another version").to_string();
        assert!(refused.contains(&format!("version {newer} ")) && refused.contains("knows 3"), "{refused}");
    }
}

#[test]
fn sqlite_is_upgraded_whole_or_not_at_all() {
    let (directory, connection) = sqlite_of_version_1();
    // What the step makes after the first of its tables.
    connection.execute_batch("CREATE TABLE baselines (mine)").expect("somebody's table");
    let refused = open(directory.path()).expect_err("a table is there").to_string();
    assert!(refused.contains("baselines"), "{refused}");
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
    assert_eq!(version, 1);
    connection.execute_batch("SELECT * FROM approvals").expect_err("no table of version 2");
    connection.execute_batch("DROP TABLE baselines").expect("out of the way");
    is_upgraded(&open(directory.path()).expect("a store"));
}

#[test]
fn postgres_is_upgraded_in_place() {
    let server = Server::shared();
    let url = postgres_of_version_1(server);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| Postgres::open(&url).expect("upgraded once"));
        }
    });
    let versions = "SELECT string_agg(version::text, ',' ORDER BY version) FROM sentinel_migrations";
    assert_eq!(server.psql(&url, versions), "1,2,3");
    // A daemon of before that still runs does not know the column.
    server.psql(
        &url,
        "INSERT INTO sentinel_holds (tenant, log_id, verdict, agent, state, ends_at, charges)
         VALUES ('default', 'main', 'before', 'agent', 'voided', 1, '[]')",
    );
    is_upgraded(&Postgres::open(&url).expect("a store"));
}

#[test]
fn postgres_is_upgraded_whole_or_not_at_all() {
    let server = Server::shared();
    let url = postgres_of_version_1(server);
    server.psql(&url, "ALTER TABLE sentinel_holds ADD COLUMN observations BIGINT");
    let refused = Postgres::open(&url).expect_err("a column is there").to_string();
    assert!(refused.contains("observations"), "{refused}");
    assert_eq!(server.psql(&url, "SELECT max(version) FROM sentinel_migrations"), "1");
    assert_eq!(server.psql(&url, "SELECT to_regclass('sentinel_approvals') IS NULL"), "t");
    server.psql(&url, "ALTER TABLE sentinel_holds DROP COLUMN observations");
    is_upgraded(&Postgres::open(&url).expect("a store"));
}
