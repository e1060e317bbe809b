//! What holds for every store: policies, API keys, and that others hear of their change.

use std::thread;

use sentinel::state::{EntryKind, Keys, PolicyRevision, PolicyState};
use sentinel::store::{Reader, Spent, Writer};

use crate::Store;
use crate::cases::open;
use crate::rows::{NOW, append, entry, key, policy, transact, verdict};

pub(crate) fn the_newest_revision_governs(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let revise = |writer: &mut dyn Writer, agent: &str, revision, state| {
        let keys = Keys { policies: [agent.to_owned()].into(), ..Keys::default() };
        transact(writer, &keys, |page| {
            let before = page.policies.get(&agent.to_owned())?.map_or(0, |policy| policy.revision);
            assert_eq!(before + 1, revision, "{agent}");
            page.append(entry(agent, EntryKind::PolicyDeploy, "", "{}"))?;
            page.revise(policy(agent, revision, state));
            Ok(())
        })
        .expect("a deployment");
    };
    for revision in 1..=11 {
        revise(&mut *writer, "b", revision, PolicyState::Active);
    }
    revise(&mut *writer, "B", 1, PolicyState::Active);
    revise(&mut *writer, "a", 1, PolicyState::Active);
    revise(&mut *writer, "a", 2, PolicyState::Removed);
    let newest = [
        policy("B", 1, PolicyState::Active),
        policy("a", 2, PolicyState::Removed),
        policy("b", 11, PolicyState::Active),
    ];
    assert_eq!(reader.policies().expect("policies"), newest);
    let revisions =
        |history: Vec<PolicyRevision>| -> Vec<u64> { history.iter().map(|policy| policy.revision).collect() };
    assert_eq!(revisions(reader.policy_history("b", 3).expect("a history")), [11, 10, 9]);
    assert_eq!(revisions(reader.policy_history("a", 9).expect("a history")), [2, 1]);
    assert!(reader.policy_history("c", 9).expect("no history").is_empty());
    let mut one = |agent: &str, number| reader.policy_revision(agent, number).expect("an answer");
    assert_eq!(one("b", 7), Some(policy("b", 7, PolicyState::Active)));
    assert_eq!(one("a", 2), Some(policy("a", 2, PolicyState::Removed)));
    for (agent, number) in [("a", 0), ("a", 3), ("A", 1), ("c", 1), ("a", u64::MAX)] {
        assert_eq!(one(agent, number), None, "{agent} {number}");
    }
}

pub(crate) fn the_generation_grows(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let mut last = reader.generation().expect("a generation");
    let mut grows = |reader: &mut dyn Reader, what: &str| {
        let next = reader.generation().expect("a generation");
        assert!(next > last, "{what}: {last}, then {next}");
        last = next;
    };
    transact(&mut *writer, &Keys::default(), |page| {
        page.append(entry("a", EntryKind::PolicyDeploy, "", "{}"))?;
        page.revise(policy("a", 1, PolicyState::Active));
        Ok(())
    })
    .expect("a deployment");
    grows(&mut *reader, "a deployment");
    let own = key("ci");
    writer.add_key(&own).expect("a key");
    grows(&mut *reader, "a new key");
    assert!(writer.revoke_key(&own.id, NOW).expect("revoked"));
    grows(&mut *reader, "a revoked key");
    append(&mut *writer, &[verdict("a", 1)]).expect("a transaction");
    assert_eq!(reader.generation().expect("a generation"), last, "a verdict changes no policy");
}

pub(crate) fn keys_are_added_and_revoked(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let mut own = [key("ci"), key("\u{e9}t\u{e9}")];
    own.sort_by(|one, other| one.id.cmp(&other.id));
    own.iter().for_each(|key| writer.add_key(key).expect("a key"));
    assert_eq!(reader.keys().expect("keys"), own);
    assert!(writer.add_key(&own[0]).is_err(), "the same key twice");
    assert!(!writer.revoke_key("key_unknown", NOW).expect("an answer"));
    assert!(writer.revoke_key(&own[0].id, NOW).expect("an answer"));
    assert!(!writer.revoke_key(&own[0].id, NOW.plus(9000)).expect("an answer"));
    own[0].revoked_at = Some(NOW.seconds().unsigned_abs());
    assert_eq!(reader.keys().expect("keys"), own);
}

pub(crate) fn what_is_spent_is_so_once_and_until_its_end(store: &Store) {
    let (mut writer, mut reader) = open(store);
    let now = NOW.seconds().unsigned_abs();
    let spent = |id: &str, until, is_announced| Spent { id: id.to_owned(), until, is_announced };
    let before = reader.generation().expect("a generation");
    assert!(writer.spend(&spent("ticket", now + 30, false), NOW).expect("spent"));
    assert!(!writer.spend(&spent("ticket", now + 90, false), NOW).expect("an answer"), "twice");
    assert_eq!(reader.generation().expect("a generation"), before, "nobody has to hear of it");
    assert!(writer.spend(&spent("login", now + 60, true), NOW).expect("spent"));
    assert!(reader.generation().expect("a generation") > before);
    let mut all = reader.spent().expect("what is spent");
    all.sort();
    assert_eq!(all, [("login".to_owned(), now + 60), ("ticket".to_owned(), now + 30)]);
    // What has ended by itself is forgotten with the next one.
    assert!(writer.spend(&spent("other", now + 99, false), NOW.plus(60_000)).expect("spent"));
    assert_eq!(reader.spent().expect("what is spent"), [("other".to_owned(), now + 99)]);
    // Of many at once, one is told that it is news.
    let news: usize = thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| {
                let mut writer = store.backend.writer().expect("a writer");
                scope.spawn(move || {
                    usize::from(writer.spend(&spent("one", now + 99, false), NOW).expect("an answer"))
                })
            })
            .collect();
        all.into_iter().map(|own| own.join().expect("a thread")).sum()
    });
    assert_eq!(news, 1);
}
