//! What only a database on the network does: outages, races, other daemons.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sentinel::state::{Approval, ApprovalState, Hold, HoldState, Keys, Lesson, PolicyState};
use sentinel::store::postgres::Postgres;
use sentinel::store::{Backend as _, EntryFilter, Order, StoreError, Writer};
use sentinel_tests::postgres::Postgres as Server;

use crate::proxy::{Cut, Proxy, port_of};
use crate::rows::{NOW, append, entry, key, meter, meters, policy, question, transact, verdict};

pub(crate) fn open(url: &str) -> Postgres {
    Postgres::open(url).expect("a store")
}

/// The places of all entries.
fn seqs(store: &Postgres) -> Vec<u64> {
    let mut reader = store.reader().expect("a reader");
    let entries = reader.entries(0, Order::OldestFirst, &EntryFilter::default(), 1000).expect("entries");
    entries.iter().map(|entry| entry.seq).collect()
}

#[test]
fn an_outage_is_an_error_and_then_over() {
    let mut server = Server::start();
    let store = open(&server.url());
    let (mut writer, mut reader) = (store.writer().expect("a writer"), store.reader().expect("a reader"));
    append(&mut *writer, &[verdict("agent", 1)]).expect("a transaction");
    assert!(store.wait_for_change(Duration::from_millis(10)).expect("the first look"));

    server.stop();
    let refused = append(&mut *writer, &[verdict("agent", 2)]).expect_err("nobody there");
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    assert!(reader.head().is_err());
    assert!(store.wait_for_change(Duration::from_millis(10)).is_err());
    assert!(store.writer().is_err() && store.reader().is_err());
    assert!(writer.add_key(&key("ci")).is_err());

    server.restart();
    append(&mut *writer, &[verdict("agent", 2)]).expect("the same writer works again");
    assert_eq!(reader.head().expect("the same reader as well").tree.size(), 2);
    assert!(store.wait_for_change(Duration::from_millis(10)).expect("it listens again"));
    assert!(!store.wait_for_change(Duration::from_millis(10)).expect("nothing since"));
    writer.add_key(&key("ci")).expect("a key");

    // A connection that broke while nobody used it is no error at all.
    server.stop();
    server.restart();
    append(&mut *writer, &[verdict("agent", 3)]).expect("a transaction");
    assert_eq!(reader.keys().expect("keys").len(), 1);
    server.crash();
    server.restart();
    writer.add_key(&key("other")).expect("a key");
    assert_eq!(seqs(&store), [0, 1, 2], "what was answered is durable");
}

#[test]
fn a_commit_without_an_answer_is_looked_up() {
    let server = Server::shared();
    let url = server.database();
    let proxy = Proxy::start(port_of(&url));
    let store = open(&proxy.url(&url));
    let mut writer = store.writer().expect("a writer");
    for (number, (cut, runs)) in [(Cut::AfterCommit, 1), (Cut::BeforeCommit, 2)].into_iter().enumerate() {
        proxy.cut(cut);
        let ran = Cell::new(0);
        transact(&mut *writer, &meters(&["calls"]), |page| {
            ran.set(ran.get() + 1);
            page.append(verdict("agent", number))?;
            page.meters.edit(&meter("calls"))?.charge(1);
            Ok(())
        })
        .expect("it was saved, or is saved again");
        assert!(proxy.was_cut(), "{cut:?}");
        assert_eq!(ran.get(), runs, "{cut:?}");
        let used =
            store.reader().expect("a reader").meter(&meter("calls")).expect("a meter").map(|own| own.used);
        assert_eq!(used, Some(number as u64 + 1), "{cut:?}");
    }
    assert_eq!(seqs(&store), [0, 1]);
}

#[test]
fn questions_and_lessons_are_saved_whole_where_the_wire_is_cut() {
    let server = Server::shared();
    let url = server.database();
    let proxy = Proxy::start(port_of(&url));
    let store = open(&proxy.url(&url));
    let (mut writer, mut reader) =
        (store.writer().expect("a writer"), open(&url).reader().expect("a reader"));
    let learned = ("agent".to_owned(), "spend".to_owned());
    let all = Keys {
        approvals: ["key".to_owned()].into(),
        holds: ["v1".to_owned()].into(),
        baselines: [learned.clone()].into(),
        ..Keys::default()
    };
    // What the three rows stand at; all of them change together, or none does.
    let mut count = 0_u8;
    for (cut, is_given_up) in [
        (Cut::AfterCommit, false),
        (Cut::BeforeCommit, false),
        (Cut::BeforeCommit, true),
        (Cut::AfterCommit, true),
    ] {
        proxy.cut(cut);
        let ran = Cell::new(0);
        let saved = transact(&mut *writer, &all, |page| {
            ran.set(ran.get() + 1);
            assert_eq!(page.next_seq(), u64::from(count), "{cut:?}");
            assert_eq!(page.baselines.get(&learned)?.map_or(0, Vec::len), usize::from(count), "{cut:?}");
            let round = page.approvals.get(&"key".to_owned())?.map_or(0, |row| row.round);
            assert_eq!(round, u64::from(count), "{cut:?}");
            let taught = page.holds.get(&"v1".to_owned())?.map_or(0, |hold| hold.observations.len());
            assert_eq!(taught, usize::from(count), "{cut:?}");
            if is_given_up && ran.get() > 1 {
                return Err(StoreError::Failed { reason: "on purpose".into() });
            }
            page.append(verdict("agent", ran.get()))?;
            page.baselines.edit(&learned)?.push(count);
            let row = question("agent", ApprovalState::Pending, 1, 2);
            page.approvals.put("key".into(), Approval { round: round + 1, ..row });
            let lesson = Lesson { key: "spend".into(), bytes: vec![count] };
            let hold = Hold {
                agent: "agent".into(),
                state: HoldState::Open,
                ends_at: NOW,
                charges: Vec::new(),
                observations: vec![lesson; taught + 1],
            };
            page.holds.put("v1".into(), hold);
            Ok(())
        });
        assert!(proxy.was_cut(), "{cut:?}");
        let is_saved = cut == Cut::AfterCommit || !is_given_up;
        assert_eq!(saved.is_ok(), is_saved, "{cut:?} {saved:?}");
        count += u8::from(is_saved);
        let round = reader.approval("key").expect("a question").map_or(0, |row| row.round);
        assert_eq!(round, u64::from(count), "{cut:?}");
        assert_eq!(reader.head().expect("a head").tree.size(), u64::from(count), "{cut:?}");
    }
    assert_eq!(count, 3);
    assert_eq!(server.psql(&url, "SELECT bytes FROM sentinel_baselines"), "\\x000102");
}

#[test]
fn collisions_are_tried_again_and_not_for_ever() {
    let server = Server::shared();
    let url = server.database();
    let store = open(&url);
    let mut writer = store.writer().expect("a writer");
    // What a distributed database answers under load. Sequences remember what was rolled back.
    server.psql(
        &url,
        "CREATE SEQUENCE tries; CREATE SEQUENCE failures MINVALUE 0;
         CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('tries') <= (SELECT last_value FROM failures) THEN
                 RAISE EXCEPTION 'collision' USING ERRCODE = '40001';
             END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER collide AFTER INSERT ON sentinel_entries EXECUTE FUNCTION collide()",
    );
    for (failures, is_saved) in [(0, true), (3, true), (1000, false)] {
        server.psql(&url, &format!("SELECT setval('tries', 1, false), setval('failures', {failures})"));
        let ran = Cell::new(0);
        let saved = transact(&mut *writer, &Keys::default(), |page| {
            ran.set(ran.get() + 1);
            page.append(verdict("agent", failures))?;
            Ok(())
        });
        assert_eq!(saved.is_ok(), is_saved, "{failures}: {saved:?}");
        let expected = if is_saved { failures + 1..=failures + 1 } else { 5..=20 };
        assert!(expected.contains(&ran.get()), "{failures}: {} tries", ran.get());
    }
    assert_eq!(seqs(&store), [0, 1]);
}

#[test]
fn who_holds_the_log_for_ever_is_an_error_and_not_a_hang() {
    let server = Server::shared();
    let url = server.database();
    let store = open(&url);
    let mut writer = store.writer().expect("a writer");
    append(&mut *writer, &[verdict("agent", 1)]).expect("a transaction");
    let session = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                   AND query LIKE '%pg_sleep(600)' AND wait_event = 'PgSleep'";
    let holder = url.clone();
    let held = thread::spawn(move || {
        server.try_psql(&holder, "BEGIN; SELECT size FROM sentinel_logs FOR UPDATE; SELECT pg_sleep(600)")
    });
    while server.psql(&url, session).is_empty() {
        thread::sleep(Duration::from_millis(20));
    }
    let refused = append(&mut *writer, &[verdict("agent", 2)]).expect_err("the log is held");
    assert!(refused.to_string().contains("55P03"), "{refused}");
    assert!(!server.psql(&url, session).is_empty(), "it is held still");
    server.psql(&url, &format!("SELECT pg_terminate_backend(pid) FROM ({session}) AS own"));
    assert!(held.join().expect("no panic").is_err(), "the other session was ended");
    append(&mut *writer, &[verdict("agent", 2)]).expect("it is free again");
}

#[test]
fn daemons_hear_of_each_other() {
    let url = Server::shared().database();
    let (one, other) = (open(&url), Arc::new(open(&url)));
    let mut writer = one.writer().expect("a writer");
    assert!(other.wait_for_change(Duration::ZERO).expect("the first look"));
    let mut hears = |what: &str, change: &dyn Fn(&mut dyn Writer)| {
        assert!(!other.wait_for_change(Duration::from_millis(30)).expect("silence"), "before {what}");
        let listener = Arc::clone(&other);
        // It is false where the time is over.
        let heard = thread::spawn(move || listener.wait_for_change(Duration::from_secs(600)));
        thread::sleep(Duration::from_millis(50));
        change(&mut *writer);
        assert!(heard.join().expect("no panic").expect("an answer"), "{what}");
    };
    let own = key("ci");
    hears("an entry", &|writer| append(writer, &[verdict("agent", 1)]).expect("a transaction"));
    hears("a key", &|writer| writer.add_key(&own).expect("a key"));
    hears("the end of a key", &|writer| assert!(writer.revoke_key(&own.id, NOW).expect("revoked")));
    hears("a policy", &|writer| {
        transact(writer, &Keys::default(), |page| {
            page.append(entry("a", sentinel::state::EntryKind::PolicyDeploy, "", "{}"))?;
            page.revise(policy("a", 1, PolicyState::Active));
            Ok(())
        })
        .expect("a deployment");
    });
}

#[test]
fn several_daemons_make_the_tables_at_once() {
    let server = Server::shared();
    let url = server.database();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| open(&url));
        }
    });
    assert_eq!(server.psql(&url, "SELECT count(*) FROM sentinel_migrations"), "3");
    server.psql(&url, "INSERT INTO sentinel_migrations (version) VALUES (99)");
    let newer = Postgres::open(&url).expect_err("a newer database").to_string();
    assert!(newer.contains("version 99") && newer.contains("update"), "{newer}");
}

#[test]
fn a_daemon_needs_no_right_to_make_tables() {
    let server = Server::shared();
    let url = server.database();
    drop(open(&url));
    server.psql(
        &url,
        "CREATE ROLE daemon LOGIN; REVOKE CREATE ON SCHEMA public FROM public;
         GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO daemon",
    );
    let daemon = url.replacen("postgres@", "daemon@", 1);
    let mut writer = open(&daemon).writer().expect("a writer");
    append(&mut *writer, &[verdict("agent", 1)]).expect("a transaction");
    writer.add_key(&key("ci")).expect("a key");
    assert!(server.try_psql(&daemon, "TRUNCATE sentinel_entries").is_err());
    assert!(
        server
            .try_psql(&url, "TRUNCATE sentinel_entries")
            .expect_err("the owner")
            .contains("entries are never")
    );
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    let server = Server::shared();
    let url = server.url();
    server.psql(&url, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let (place, _) = url.rsplit_once('/').expect("a database");
    let refused = Postgres::open(&format!("{place}/latin")).expect_err("LATIN1").to_string();
    assert!(refused.contains("LATIN1") && refused.contains("UTF8"), "{refused}");
}

#[test]
fn no_message_has_the_address() {
    let port = port_of(&Server::shared().url());
    for address in [
        format!("postgres://hunter2:hunter2@127.0.0.1:{port}/hunter2?hunter2=hunter2"),
        "postgres://u:hunter2@127.0.0.1:hunter2/x".to_owned(),
        "postgres://u:hunter2@127.0.0.1:1/x".to_owned(),
        "hunter2".to_owned(),
        format!("host=127.0.0.1 port={port} user=postgres password=hunter2 dbname=absent"),
        "host=hunter2.invalid password=hunter2 user=x".to_owned(),
    ] {
        let error = Postgres::open(&address).expect_err(&address);
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2"), "{address}: {text}");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{address}: {text}");
        assert!(!error.to_string().contains('\n'), "{text}");
    }
}
