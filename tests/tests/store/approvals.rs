//! What holds for every store: questions to people.

use sentinel::state::{Approval, ApprovalState, EntryKind, Hold, HoldState, Keys, Lesson, Millis};
use sentinel::store::{ApprovalFilter, Reader, StoreError, Writer};

use crate::Store;
use crate::cases::open;
use crate::rows::{NOW, ODD, entry, question, transact, verdict};

/// What both stores end at once.
const ENDED_AT_ONCE: usize = 500;

fn keys<const N: usize>(names: [&str; N]) -> Keys {
    Keys { approvals: names.map(str::to_owned).into(), ..Keys::default() }
}

fn ask(writer: &mut dyn Writer, rows: &[(&str, Approval)]) {
    transact(writer, &Keys::default(), |page| {
        page.append(verdict("agent", 1))?;
        for (key, row) in rows {
            page.approvals.put((*key).to_owned(), row.clone());
        }
        Ok(())
    })
    .expect("a transaction");
}

fn names(reader: &mut dyn Reader, wanted: &ApprovalFilter) -> Vec<String> {
    reader.approvals(wanted).expect("questions").into_iter().map(|(key, _)| key).collect()
}

pub(crate) fn questions_come_back(store: &Store) {
    use ApprovalState::{Approved, Cancelled, Denied, Expired, Pending, Used};

    let (mut writer, mut reader) = open(store);
    // In the body of a row everything may stand; a key is one line, as all keys are.
    let odd = ODD.replace('\0', "");
    let mut rows: Vec<(String, Approval)> = [Pending, Approved, Denied, Used, Expired, Cancelled]
        .into_iter()
        .map(|state| (state.as_str().to_owned(), question("agent", state, NOW.0, NOW.0 + 1)))
        .collect();
    rows.push((odd.clone(), question(&odd, Pending, i64::MIN, i64::MAX)));
    rows.push((
        "little".to_owned(),
        Approval {
            session: None,
            approvers: Vec::new(),
            answers: Vec::new(),
            call: None,
            meters: Vec::new(),
            value: None,
            notified: Vec::new(),
            ..question("agent", Pending, NOW.0, NOW.0)
        },
    ));
    let borrowed: Vec<(&str, Approval)> = rows.iter().map(|(key, row)| (key.as_str(), row.clone())).collect();
    ask(&mut *writer, &borrowed);

    let all = Keys {
        approvals: rows.iter().map(|(key, _)| key.clone()).chain(["none".to_owned()]).collect(),
        ..Keys::default()
    };
    // The writer that wrote them, and one that has nothing of this in its memory.
    for mut writer in [writer, store.backend.writer().expect("a writer")] {
        transact(&mut *writer, &all, |page| {
            for (key, row) in &rows {
                assert_eq!(page.approvals.get(key)?, Some(row), "{key:?}");
            }
            assert_eq!(page.approvals.get(&"none".to_owned())?, None);
            assert!(page.approvals.get(&"not asked for".to_owned()).is_err());
            Ok(())
        })
        .expect("a look");
    }
    for (key, row) in &rows {
        assert_eq!(reader.approval(key).expect("a question").as_ref(), Some(row), "{key:?}");
    }
    assert_eq!(reader.approval("none").expect("no question"), None);
    let of = ApprovalFilter { agent: Some(odd.clone()), limit: 9, ..ApprovalFilter::default() };
    assert_eq!(
        reader.approvals(&of).expect("questions"),
        [(odd.clone(), question(&odd, Pending, i64::MIN, i64::MAX))]
    );

    let refused = (store.sql)(&format!("UPDATE {}approvals SET state = 'maybe'", store.prefix));
    assert!(refused.is_err(), "a state that nobody knows");
    (store.sql)(&format!("UPDATE {}approvals SET body = '{{}}'", store.prefix)).expect("somebody edits rows");
    // It must not keep others from being read, and carries no code, so it is worth nothing.
    assert_eq!(reader.approval("pending").expect("a question"), Some(Approval::unreadable()));
    let mut writer = store.backend.writer().expect("a writer");
    transact(&mut *writer, &keys(["pending"]), |page| {
        assert_eq!(page.approvals.get(&"pending".to_owned())?, Some(&Approval::unreadable()));
        Ok(())
    })
    .expect("a look");
}

pub(crate) fn a_question_is_replaced(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let open = ApprovalFilter { open: true, limit: 9, ..ApprovalFilter::default() };
    let own = question("agent", ApprovalState::Pending, 10, 20);
    ask(&mut *writer, &[("key", own.clone())]);
    for (state, is_open) in
        [(ApprovalState::Approved, true), (ApprovalState::Used, false), (ApprovalState::Pending, true)]
    {
        transact(&mut *writer, &keys(["key"]), |page| {
            let mut row = page.approvals.get(&"key".to_owned())?.expect("a row").clone();
            page.append(entry("agent", EntryKind::ApprovalAnswer, "", "{}"))?;
            row.state = state;
            row.asked_at = row.asked_at.plus(1);
            page.approvals.put("key".to_owned(), row);
            Ok(())
        })
        .expect("a transaction");
        assert_eq!(reader.approval("key").expect("a question").map(|row| row.state), Some(state));
        assert_eq!(!names(&mut *reader, &open).is_empty(), is_open, "{state:?}");
    }
    let last = reader.approval("key").expect("a question").expect("a row");
    assert_eq!(last, Approval { asked_at: Millis(13), ..own });
    // All columns follow the body: it was asked later than it says.
    let earlier = ApprovalFilter { past: Some((Millis(13), String::new())), open: false, ..open };
    assert!(names(&mut *reader, &earlier).is_empty());
}

pub(crate) fn what_is_not_on_record_is_not_saved(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let learned = ("agent".to_owned(), "spend".to_owned());
    let all = Keys { baselines: [learned.clone()].into(), ..keys(["key"]) };
    // Without an entry, there is nothing to save; and the writer's memory knows that as well.
    for _ in 0..2 {
        transact(&mut *writer, &all, |page| {
            assert_eq!(page.approvals.get(&"key".to_owned())?, None);
            assert_eq!(page.baselines.get(&learned)?, None);
            page.approvals.put("key".into(), question("agent", ApprovalState::Pending, 1, 2));
            page.baselines.edit(&learned)?.push(1);
            Ok(())
        })
        .expect("nothing to save");
    }
    assert_eq!(reader.approval("key").expect("no question"), None);
    assert_eq!(reader.head().expect("a head").tree.size(), 0);
}

pub(crate) fn questions_that_ended_come_in_parts(store: &Store) {
    const EXTRA: usize = 7;
    let (mut writer, _) = open(store);
    let mut rows = Vec::new();
    for number in 0..ENDED_AT_ONCE + EXTRA {
        let state = if number % 2 == 0 { ApprovalState::Pending } else { ApprovalState::Approved };
        // The later in order of their keys, the sooner they end.
        let ends_at = 10_000 - i64::try_from(number).expect("small");
        rows.push((format!("{number:05}"), question("agent", state, 1, ends_at)));
    }
    for state in
        [ApprovalState::Denied, ApprovalState::Used, ApprovalState::Expired, ApprovalState::Cancelled]
    {
        rows.push((state.as_str().to_owned(), question("agent", state, 1, 2)));
    }
    rows.push(("edge".to_owned(), question("agent", ApprovalState::Pending, 1, 20_000)));
    rows.push(("late".to_owned(), question("agent", ApprovalState::Approved, 1, 20_001)));
    let borrowed: Vec<(&str, Approval)> = rows.iter().map(|(key, row)| (key.as_str(), row.clone())).collect();
    ask(&mut *writer, &borrowed);

    let wanted = Keys { approvals_ended_before: Some(Millis(20_000)), ..keys(["late", "none"]) };
    let mut found = Vec::new();
    for expected in [ENDED_AT_ONCE, EXTRA, 0] {
        transact(&mut *writer, &wanted, |page| {
            assert!(page.approvals.get(&"late".to_owned())?.is_some());
            assert_eq!(page.approvals.get(&"none".to_owned())?, None);
            let over: Vec<(String, Approval)> = page
                .approvals
                .iter()
                .filter(|(key, _)| *key != "late")
                .map(|(key, row)| (key.clone(), row.clone()))
                .collect();
            assert_eq!(over.len(), expected);
            found.push(over.iter().map(|(key, _)| key.clone()).min());
            for (key, row) in over {
                assert!(row.state.is_open() && row.ends_at < Millis(20_000), "{key}");
                page.append(entry("agent", EntryKind::ApprovalEnd, "", "{}"))?;
                page.approvals.put(key, Approval { state: ApprovalState::Expired, call: None, ..row });
            }
            Ok(())
        })
        .expect("a transaction");
    }
    // Those that ended first came first.
    assert_eq!(found, [Some(format!("{EXTRA:05}")), Some("00000".to_owned()), None]);
}

pub(crate) fn questions_come_in_order_and_by_filter(store: &Store) {
    use ApprovalState::{Approved, Denied, Expired, Pending, Used};

    let (mut writer, mut reader) = open(store);
    assert!(names(&mut *reader, &ApprovalFilter { limit: 9, ..ApprovalFilter::default() }).is_empty());
    let rows = [
        ("g", "a", Pending, 10),
        ("f", "b", Pending, 20),
        ("e", "a", Used, 30),
        ("d", "a", Approved, 40),
        // The same moment: in order of their keys, as bytes.
        ("c", "a", Denied, 50),
        ("B", "a", Pending, 50),
        ("\u{e9}", "a", Approved, 50),
        ("h", "b", Expired, 60),
    ];
    // Long over, and still open until somebody ended them.
    let rows = rows.map(|(key, agent, state, asked_at)| (key, question(agent, state, asked_at, 1)));
    ask(&mut *writer, &rows);
    let (a, b) = (Some("a"), Some("b"));
    for (agent, open, past, limit, expected) in [
        (None, false, None, 99, &["h", "\u{e9}", "c", "B", "d", "e", "f", "g"][..]),
        (None, false, None, 3, &["h", "\u{e9}", "c"]),
        (None, false, Some((50, "")), 2, &["d", "e"]),
        (None, false, Some((50, "c")), 2, &["B", "d"]),
        (None, false, Some((10, "g")), 9, &[]),
        (None, false, None, 0, &[]),
        (None, true, None, 99, &["g", "f", "d", "B", "\u{e9}"]),
        (None, true, None, 2, &["g", "f"]),
        (None, true, Some((20, "f")), 9, &["d", "B", "\u{e9}"]),
        (None, true, Some((50, "B")), 9, &["\u{e9}"]),
        (a, false, None, 99, &["\u{e9}", "c", "B", "d", "e", "g"]),
        (a, false, Some((40, "d")), 9, &["e", "g"]),
        (b, false, None, 99, &["h", "f"]),
        (a, true, None, 99, &["g", "d", "B", "\u{e9}"]),
        (a, true, Some((10, "g")), 1, &["d"]),
        (b, true, None, 9, &["f"]),
        (Some("nobody"), true, None, 9, &[]),
        (Some("nobody"), false, None, 9, &[]),
        (Some("a' OR '1'='1"), false, None, 9, &[]),
    ] {
        let past = past.map(|(moment, key): (i64, &str)| (Millis(moment), key.to_owned()));
        let wanted = ApprovalFilter { agent: agent.map(str::to_owned), open, past, limit };
        assert_eq!(names(&mut *reader, &wanted), expected, "{wanted:?}");
    }
}

pub(crate) fn nothing_is_saved_where_one_table_fails(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let learned = ("agent".to_owned(), "spend".to_owned());
    let before = question("agent", ApprovalState::Pending, 1, 2);
    let hold = Hold {
        agent: "agent".into(),
        state: HoldState::Open,
        ends_at: NOW.plus(1),
        charges: Vec::new(),
        observations: vec![Lesson { key: "spend".into(), bytes: vec![1] }],
    };
    let all =
        Keys { baselines: [learned.clone()].into(), holds: ["v1".to_owned()].into(), ..keys(["old", "new"]) };
    transact(&mut *writer, &all, |page| {
        page.append(verdict("agent", 1))?;
        page.approvals.put("old".into(), before.clone());
        page.baselines.put(learned.clone(), vec![1]);
        page.holds.put("v1".into(), hold.clone());
        Ok(())
    })
    .expect("a transaction");

    let change = |writer: &mut dyn Writer, fails: bool| {
        transact(writer, &all, |page| {
            page.append(verdict("agent", 2))?;
            page.approvals.put("old".into(), Approval { state: ApprovalState::Used, ..before.clone() });
            page.approvals.put("new".into(), before.clone());
            page.baselines.edit(&learned)?.push(2);
            page.holds.put("v1".into(), Hold { state: HoldState::Posted, ..hold.clone() });
            if fails { Err(StoreError::Failed { reason: "on purpose".into() }) } else { Ok(()) }
        })
    };
    let mut is_as_before = |writer: &mut dyn Writer, what: &str| {
        transact(writer, &all, |page| {
            assert_eq!(page.next_seq(), 1, "{what}");
            assert_eq!(page.approvals.get(&"old".to_owned())?, Some(&before), "{what}");
            assert_eq!(page.approvals.get(&"new".to_owned())?, None, "{what}");
            assert_eq!(page.baselines.get(&learned)?, Some(&vec![1]), "{what}");
            assert_eq!(page.holds.get(&"v1".to_owned())?, Some(&hold), "{what}");
            Ok(())
        })
        .expect("a look");
        assert_eq!(reader.approval("old").expect("a question").as_ref(), Some(&before), "{what}");
        assert_eq!(reader.approval("new").expect("no question"), None, "{what}");
    };
    change(&mut *writer, true).expect_err("the work failed");
    is_as_before(&mut *writer, "the work failed");
    // The last of the tables that are saved, so that the others were written before.
    let trial = format!("{}baselines", store.prefix);
    let column = |from: &str, to: &str| (store.sql)(&format!("ALTER TABLE {trial} RENAME {from} TO {to}"));
    column("bytes", "gone").expect("somebody renames a column");
    assert!(change(&mut *writer, false).is_err(), "a column is gone");
    column("gone", "bytes").expect("it is back");
    is_as_before(&mut *writer, "saving failed");
    change(&mut *writer, false).expect("the same, at last");
    assert_eq!(reader.approval("new").expect("a question"), Some(before.clone()));
    transact(&mut *writer, &all, |page| {
        assert_eq!(page.baselines.get(&learned)?, Some(&vec![1, 2]));
        Ok(())
    })
    .expect("a look");
}
