//! What holds for every store.

use std::sync::Mutex;
use std::thread;

use sentinel::state::{
    Agent, Charge, EntryKind, Hold, HoldState, Keys, Meter, MeterKey, Millis, PolicyState, Remembered,
    Session, Slot,
};
use sentinel::store::{EntryFilter, Order, Reader, StoreError, Writer};
use sentinel_ledger::{Node, Tree, leaf_hash};

use crate::Store;
pub(crate) use crate::approvals::{
    a_question_is_replaced, nothing_is_saved_where_one_table_fails, questions_come_back,
    questions_come_in_order_and_by_filter, questions_that_ended_come_in_parts,
    what_is_not_on_record_is_not_saved,
};
pub(crate) use crate::lessons::{baselines_come_back, holds_come_with_what_they_teach};
pub(crate) use crate::policies::{
    keys_are_added_and_revoked, the_generation_grows, the_newest_revision_governs,
    what_is_spent_is_so_once_and_until_its_end,
};
use crate::rows::{NOW, append, entry, meter, meters, policy, transact, verdict};

pub(crate) fn open(store: &Store) -> (Box<dyn Writer>, Box<dyn Reader>) {
    (store.backend.writer().expect("a writer"), store.backend.reader().expect("a reader"))
}

fn seqs(reader: &mut dyn Reader, from: u64, order: Order, filter: &EntryFilter, limit: u32) -> Vec<u64> {
    reader.entries(from, order, filter, limit).expect("entries").iter().map(|entry| entry.seq).collect()
}

pub(crate) fn an_empty_store_has_nothing(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let head = reader.head().expect("a head");
    assert_eq!((head.tree.size(), head.key.as_str(), head.checkpoint.as_str()), (0, "", ""));
    assert!(seqs(&mut *reader, 0, Order::OldestFirst, &EntryFilter::default(), 10).is_empty());
    assert!(reader.hashes(0, 0, 10).expect("hashes").is_empty());
    assert!(reader.agents().expect("agents").is_empty() && reader.policies().expect("policies").is_empty());
    assert!(reader.keys().expect("keys").is_empty());
    assert_eq!(reader.generation().expect("a generation"), 0);
    transact(&mut *writer, &meters(&["none"]), |page| {
        assert_eq!((page.now, page.next_seq()), (NOW, 0));
        assert_eq!(page.meters.get(&meter("none")), Ok(None));
        Ok(())
    })
    .expect("a look");
    assert_eq!(reader.head().expect("a head").tree.size(), 0);
}

pub(crate) fn every_row_comes_back(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let own = Meter {
        used: 5,
        held: 7,
        slots: vec![Slot { index: -1, amount: u64::MAX }, Slot { index: 9, amount: 1 }],
    };
    let agent = Agent { calls: 3, denied: 2, escalated: 1, last_at: NOW.0, session: "s1".into() };
    let session = Session {
        agent: "agent".into(),
        subject: "ci".into(),
        external: Some("h\u{e4}rness".into()),
        started_at: NOW,
        ended_at: None,
    };
    let ended =
        Session { external: None, started_at: NOW.plus(1), ended_at: Some(NOW.plus(5)), ..session.clone() };
    let charge = Charge { meter: meter("money"), unit: "usd".into(), amount: 12 };
    let hold = Hold {
        agent: "agent".into(),
        state: HoldState::Open,
        ends_at: NOW.plus(60_000),
        charges: vec![charge.clone(), charge],
        observations: Vec::new(),
    };
    let remembered = Remembered {
        request_digest: "sha256:1".into(),
        answer: "{\"decision\":\"allow\"}".into(),
        seq: 0,
        at: NOW,
    };
    let name = ("agent".to_owned(), "retry-1".to_owned());
    let keys = Keys {
        meters: [meter("money"), meter("other")].into(),
        sessions: ["s1", "s2", "s3"].map(str::to_owned).into(),
        agents: ["agent", "unknown"].map(str::to_owned).into(),
        holds: ["v1", "v2"].map(str::to_owned).into(),
        remembered: [name.clone(), ("agent".to_owned(), "retry-2".to_owned())].into(),
        policies: ["agent", "unknown"].map(str::to_owned).into(),
        ..Keys::default()
    };
    transact(&mut *writer, &keys, |page| {
        page.append(verdict("agent", 1))?;
        page.meters.put(meter("money"), own.clone());
        page.agents.put("agent".into(), agent.clone());
        page.sessions.put("s1".into(), session.clone());
        page.sessions.put("s2".into(), ended.clone());
        page.holds.put("v1".into(), hold.clone());
        page.remembered.put(name.clone(), remembered.clone());
        page.revise(policy("agent", 1, PolicyState::Active));
        Ok(())
    })
    .expect("a transaction");
    drop(writer);

    // A writer that has nothing of this in its memory.
    let mut writer = store.backend.writer().expect("a writer");
    transact(&mut *writer, &keys, |page| {
        assert_eq!(page.meters.get(&meter("money"))?, Some(&own));
        assert_eq!(page.meters.get(&meter("other"))?, None);
        assert_eq!(page.agents.get(&"agent".into())?, Some(&agent));
        assert_eq!(page.agents.get(&"unknown".into())?, None);
        assert_eq!(page.sessions.get(&"s1".into())?, Some(&session));
        assert_eq!(page.sessions.get(&"s2".into())?, Some(&ended));
        assert_eq!(page.sessions.get(&"s3".into())?, None);
        assert_eq!(page.holds.get(&"v1".into())?, Some(&hold));
        assert_eq!(page.holds.get(&"v2".into())?, None);
        assert_eq!(page.remembered.get(&name)?, Some(&remembered));
        assert_eq!(page.policies.get(&"agent".into())?, Some(&policy("agent", 1, PolicyState::Active)));
        assert_eq!(page.policies.get(&"unknown".into())?, None);
        assert_eq!(page.next_seq(), 1);
        Ok(())
    })
    .expect("a look");
    for (before, is_kept) in [(NOW, true), (NOW.plus(1), false)] {
        writer.forget_answers(before).expect("old answers go");
        transact(&mut *writer, &keys, |page| {
            assert_eq!(page.remembered.get(&name)?.is_some(), is_kept);
            Ok(())
        })
        .expect("a look");
    }

    assert_eq!(reader.meter(&meter("money")).expect("a meter"), Some(own.clone()));
    assert_eq!(reader.meter(&meter("other")).expect("no meter"), None);
    assert_eq!(reader.meters("agent").expect("meters"), [(meter("money"), own)]);
    assert_eq!(reader.agent("agent").expect("an agent"), Some(agent.clone()));
    assert_eq!(reader.agents().expect("agents"), [("agent".to_owned(), agent)]);
    assert_eq!(reader.session("s1").expect("a session"), Some(session.clone()));
    let newest_first = [("s2".to_owned(), ended), ("s1".to_owned(), session)];
    assert_eq!(reader.sessions("agent", 9).expect("sessions"), newest_first);
    assert_eq!(reader.sessions("agent", 1).expect("sessions"), newest_first[..1]);
    let head = reader.head().expect("a head");
    assert_eq!((head.tree.size(), head.last_at), (1, NOW));
    assert!(head.checkpoint.starts_with("ledger.example/test\n1\n") && !head.key.is_empty());
    let entries = reader.entries(0, Order::OldestFirst, &EntryFilter::default(), 9).expect("entries");
    let [found] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(found.leaf, leaf_hash(verdict("agent", 1).body.as_bytes()));
    assert_eq!((&found.entry.body, found.entry.kind), (&verdict("agent", 1).body, EntryKind::Verdict));
}

pub(crate) fn a_row_is_replaced(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let keys = Keys { agents: ["agent".to_owned()].into(), ..meters(&["calls"]) };
    for number in 1..=3 {
        transact(&mut *writer, &keys, |page| {
            page.append(verdict("agent", number))?;
            page.meters.edit(&meter("calls"))?.charge(10);
            page.agents.edit(&"agent".into())?.calls += 1;
            Ok(())
        })
        .expect("a transaction");
    }
    assert_eq!(reader.meter(&meter("calls")).expect("a meter").map(|own| own.used), Some(30));
    assert_eq!(reader.agent("agent").expect("an agent").map(|own| own.calls), Some(3));
    // What was looked at and not changed stays as it was.
    transact(&mut *writer, &keys, |page| {
        page.append(verdict("agent", 4))?;
        Ok(())
    })
    .expect("a transaction");
    assert_eq!(reader.meters("agent").expect("meters").len(), 1);
}

pub(crate) fn nothing_is_saved_where_the_work_fails(store: &Store) {
    let (mut writer, mut reader) = open(store);
    append(&mut *writer, &[verdict("agent", 1)]).expect("a transaction");
    let refused = writer.transact(NOW, &meters(&["calls"]), &mut |page| {
        page.append(verdict("agent", 2))?;
        page.meters.edit(&meter("calls"))?.charge(1);
        page.revise(policy("agent", 1, PolicyState::Active));
        Err(StoreError::Failed { reason: "on purpose".into() })
    });
    assert_eq!(refused.expect_err("an error").to_string(), "the store failed: on purpose");
    let unloaded = transact(&mut *writer, &Keys::default(), |page| {
        page.append(verdict("agent", 2))?;
        page.meters.edit(&meter("calls"))?.charge(1);
        Ok(())
    });
    assert!(matches!(unloaded, Err(StoreError::Page(_))), "{unloaded:?}");
    assert_eq!(reader.head().expect("a head").tree.size(), 1);
    assert_eq!(reader.meter(&meter("calls")).expect("no meter"), None);
    assert!(reader.policies().expect("policies").is_empty());
    assert_eq!(reader.generation().expect("a generation"), 0);
    // And the same writer goes on.
    append(&mut *writer, &[verdict("agent", 2)]).expect("a transaction");
    assert_eq!(seqs(&mut *reader, 0, Order::OldestFirst, &EntryFilter::default(), 9), [0, 1]);
}

pub(crate) fn many_writers_lose_nothing(store: &Store) {
    const THREADS: usize = 8;
    const TRANSACTIONS: usize = 200;
    let writers: Vec<_> =
        (0..store.writers).map(|_| Mutex::new(store.backend.writer().expect("a writer"))).collect();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let writer = &writers[thread % writers.len()];
            scope.spawn(move || {
                for number in 0..TRANSACTIONS {
                    let mut writer = writer.lock().expect("no panic");
                    transact(&mut **writer, &meters(&["calls"]), |page| {
                        page.append(verdict(&format!("agent-{thread}"), number))?;
                        page.meters.edit(&meter("calls"))?.charge(1);
                        Ok(())
                    })
                    .expect("a transaction");
                }
            });
        }
    });
    let mut reader = store.backend.reader().expect("a reader");
    let all = THREADS * TRANSACTIONS;
    assert_eq!(reader.meter(&meter("calls")).expect("a meter").map(|own| own.used), Some(all as u64));
    let entries = reader.entries(0, Order::OldestFirst, &EntryFilter::default(), 10_000).expect("entries");
    assert!(entries.iter().map(|entry| entry.seq).eq(0..all as u64), "{} entries", entries.len());
    let mut tree = Tree::new();
    entries.iter().for_each(|entry| tree.push(entry.leaf, &mut Vec::new()));
    assert_eq!(reader.head().expect("a head").tree, tree);
}

pub(crate) fn hashes_are_those_of_the_tree(store: &Store) {
    const ENTRIES: usize = 70_000;
    let (mut writer, mut reader) = open(store);
    let entries: Vec<_> = (0..ENTRIES).map(|number| verdict("agent", number)).collect();
    let (first, second) = entries.split_at(ENTRIES - 300);
    append(&mut *writer, first).expect("many entries");
    append(&mut *writer, second).expect("the rest");

    let (mut tree, mut nodes) = (Tree::new(), Vec::new());
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry.body.as_bytes())).collect();
    leaves.iter().for_each(|leaf| tree.push(*leaf, &mut nodes));
    let of_level = |level: u8| -> Vec<_> {
        nodes.iter().filter(|node: &&Node| node.level == level).map(|node| node.hash).collect()
    };
    assert_eq!((of_level(1).len(), of_level(2).len()), (273, 1));
    assert_eq!(reader.hashes(0, 0, 100_000).expect("leaves"), leaves);
    assert_eq!(reader.hashes(0, 69_990, 256).expect("leaves"), leaves[69_990..]);
    assert_eq!(reader.hashes(0, 256, 256).expect("leaves"), leaves[256..512]);
    for level in [1, 2, 3] {
        assert_eq!(reader.hashes(level, 0, 1000).expect("nodes"), of_level(level), "level {level}");
    }
    assert_eq!(reader.hashes(1, 256, 256).expect("nodes"), of_level(1)[256..]);
    let head = reader.head().expect("a head");
    assert_eq!((head.tree.root(), head.tree.size()), (tree.root(), ENTRIES as u64));
}

pub(crate) fn entries_come_in_order_and_by_filter(store: &Store) {
    let (mut writer, mut reader) = open(store);
    append(
        &mut *writer,
        &[
            entry("", EntryKind::DaemonStart, "", "{\"kind\":\"daemon-start\"}"),
            entry("a", EntryKind::Verdict, "allow", "{\"n\":1}"),
            entry("b", EntryKind::Verdict, "deny", "{\"n\":2}"),
            entry("a", EntryKind::Outcome, "", "{\"n\":3}"),
            entry("a", EntryKind::Verdict, "escalate", "{\"n\":4,\"t\":\"\\u0000 \u{1f512}\"}"),
            entry("a", EntryKind::Verdict, "deny", "{\"n\":5}"),
        ],
    )
    .expect("a transaction");
    let any = EntryFilter::default();
    let of = |agent: &str| EntryFilter { agent: Some(agent.to_owned()), ..EntryFilter::default() };
    let verdicts = EntryFilter { kind: Some(EntryKind::Verdict), ..EntryFilter::default() };
    let denied = EntryFilter { decision: Some("deny".to_owned()), ..EntryFilter::default() };
    let all = EntryFilter { agent: Some("a".to_owned()), decision: denied.decision.clone(), ..verdicts };
    for (from, order, filter, limit, expected) in [
        (0, Order::OldestFirst, &any, 3, &[0, 1, 2][..]),
        (3, Order::OldestFirst, &any, 9, &[3, 4, 5]),
        (6, Order::OldestFirst, &any, 9, &[]),
        (u64::MAX, Order::NewestFirst, &any, 3, &[5, 4, 3]),
        (3, Order::NewestFirst, &any, 9, &[2, 1, 0]),
        (0, Order::NewestFirst, &any, 9, &[]),
        (0, Order::OldestFirst, &of("a"), 9, &[1, 3, 4, 5]),
        (5, Order::NewestFirst, &of("a"), 2, &[4, 3]),
        (0, Order::OldestFirst, &of("nobody"), 9, &[]),
        (0, Order::OldestFirst, &verdicts, 9, &[1, 2, 4, 5]),
        (9, Order::NewestFirst, &denied, 9, &[5, 2]),
        (0, Order::OldestFirst, &all, 9, &[5]),
        (0, Order::OldestFirst, &any, 0, &[]),
    ] {
        assert_eq!(
            seqs(&mut *reader, from, order, filter, limit),
            expected,
            "{from} {order:?} {filter:?} {limit}"
        );
    }
    let found = reader.entries(4, Order::OldestFirst, &any, 1).expect("an entry").remove(0).entry;
    assert_eq!((found.body.as_str(), found.decision), ("{\"n\":4,\"t\":\"\\u0000 \u{1f512}\"}", "escalate"));
}

pub(crate) fn holds_that_ended_come_with_their_meters(store: &Store) {
    let (mut writer, _) = open(store);
    let hold = |state, ends_at: i64| Hold {
        agent: "agent".into(),
        state,
        ends_at: Millis(ends_at),
        charges: vec![Charge { meter: meter(&format!("until-{ends_at}")), unit: "usd".into(), amount: 3 }],
        observations: Vec::new(),
    };
    transact(&mut *writer, &meters(&["until-10"]), |page| {
        page.append(verdict("agent", 1))?;
        page.meters.edit(&meter("until-10"))?.hold(3);
        page.holds.put("early".into(), hold(HoldState::Open, 10));
        page.holds.put("posted".into(), hold(HoldState::Posted, 11));
        page.holds.put("edge".into(), hold(HoldState::Open, 20));
        page.holds.put("late".into(), hold(HoldState::Open, 30));
        Ok(())
    })
    .expect("a transaction");
    let keys =
        Keys { holds_ended_before: Some(Millis(20)), holds: ["late".to_owned()].into(), ..Keys::default() };
    for expected in [&["early", "late"][..], &["late"]] {
        transact(&mut *writer, &keys, |page| {
            let found: Vec<_> = page.holds.iter().map(|(id, _)| id.clone()).collect();
            assert_eq!(found, expected);
            if let Some(mut own) = page.holds.get(&"early".to_owned()).ok().flatten().cloned() {
                let held = page.meters.get(&meter("until-10"))?.map(|meter| meter.held);
                assert_eq!(held, Some(3));
                page.meters.edit(&meter("until-10"))?.resolve(3, 3);
                own.state = HoldState::Expired;
                page.holds.put("early".into(), own);
                page.append(entry("agent", EntryKind::HoldExpired, "", "{}"))?;
            }
            Ok(())
        })
        .expect("a transaction");
    }
}

pub(crate) fn numbers_stay_at_their_edge(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let long =
        MeterKey::new(&"a".repeat(64), &"m".repeat(128), &"s".repeat(64), i64::MIN, &"\u{e9}".repeat(512));
    let keys = Keys { meters: [long.clone()].into(), ..Keys::default() };
    transact(&mut *writer, &keys, |page| {
        page.append(verdict("agent", 1))?;
        page.meters.put(long.clone(), Meter { used: u64::MAX, held: i64::MAX as u64, slots: Vec::new() });
        Ok(())
    })
    .expect("a transaction");
    let found = reader.meter(&long).expect("a meter").expect("a row");
    assert_eq!((found.used, found.held), (i64::MAX as u64, i64::MAX as u64));
}

pub(crate) fn entries_stay_as_they_are(store: &Store) {
    let (mut writer, mut reader) = open(store);
    append(&mut *writer, &[verdict("agent", 1), verdict("agent", 2)]).expect("a transaction");
    for refused in ["UPDATE {}entries SET body = '{}'", "DELETE FROM {}entries WHERE seq = 1"] {
        let error = (store.sql)(&refused.replacen("{}", store.prefix, 1)).expect_err(refused);
        assert!(error.contains("entries are never"), "{error}");
    }
    let found = reader.entries(0, Order::OldestFirst, &EntryFilter::default(), 9).expect("entries");
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].entry.body, verdict("agent", 1).body);
}

pub(crate) fn damage_is_said(store: &Store) {
    let (mut writer, mut reader) = open(store);
    append(&mut *writer, &[verdict("agent", 1), verdict("agent", 2)]).expect("a transaction");
    (store.sql)(&format!("UPDATE {}logs SET size = 3", store.prefix)).expect("somebody edits the end");
    for error in [reader.head().map(drop), {
        let mut other = store.backend.writer().expect("a writer");
        append(&mut *other, &[verdict("agent", 3)])
    }] {
        assert!(matches!(error, Err(StoreError::Damaged { .. })), "{error:?}");
    }
}
