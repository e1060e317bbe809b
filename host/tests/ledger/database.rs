//! The same on PostgreSQL.

use sentinel::app::identity::Signer;
use sentinel::state::{Keys, Millis};
use sentinel::store::Backend as _;
use sentinel::store::postgres::Postgres;

use crate::postgres::Postgres as Server;
use crate::store::{ORIGIN, Run, ledger, verdict};

#[test]
fn a_ledger_in_postgresql_is_verified_copied_and_rotated() {
    let server = Server::start();
    let url = server.database();
    let directory = tempfile::tempdir().unwrap();
    let store = Postgres::open(&url).unwrap();
    let signer = Signer::open(&directory.path().join("ledger.key"), ORIGIN, "", true).unwrap();
    let mut writer = store.writer().unwrap();
    writer
        .transact(Millis(1_790_000_000_000), &Keys::default(), &mut |page| {
            for _ in 0..600 {
                page.append(verdict(page.next_seq()))?;
            }
            Ok(signer.seal(page)?)
        })
        .unwrap();
    let run = |args: &[&str]| -> Run {
        ledger(directory.path(), &[args, &["--home", ".", "--database-url", &url]].concat())
    };
    let key = run(&["key"]).ok().stdout;
    let key = key.trim();
    assert_eq!(run(&["verify", "--key", key, "--json"]).ok().json()["size"], 600);
    let rotated = run(&["rotate"]).ok();
    assert!(
        rotated.stderr.contains("every daemon on this database needs the new `./ledger.key`"),
        "{rotated:?}"
    );
    run(&["export", "--tiles", "copy"]).ok();
    for args in [&["verify"][..], &["verify", "--key", key], &["verify", "--tiles", "copy", "--key", key]] {
        assert_eq!(run(&[args, &["--json"]].concat()).ok().json()["size"], 601);
    }
    server.psql(&url, "ALTER TABLE sentinel_entries DISABLE TRIGGER USER");
    server.psql(&url, "UPDATE sentinel_entries SET body = replace(body, 'rule 7 ', 'rule 8 ') WHERE seq = 7");
    let changed = run(&["verify", "--key", key]);
    assert_eq!(changed.code, 2, "{changed:?}");
    assert!(changed.stdout.contains("entry 7 was changed"), "{changed:?}");

    // A database without a ledger, and none at all.
    let empty = ledger(directory.path(), &["show", "--database-url", &server.database()]);
    assert!(empty.code == 1 && empty.stderr.contains("nothing is recorded in the database yet"), "{empty:?}");
    let none =
        ledger(directory.path(), &["verify", "--key", key, "--database-url", "postgres://127.0.0.1:1/none"]);
    assert_eq!((none.code, none.stdout.as_str()), (1, ""), "{none:?}");
}
