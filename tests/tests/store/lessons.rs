//! What holds for every store: what was learned of executed calls, and what holds will teach.

use sentinel::state::{Charge, Hold, HoldState, Keys, Lesson, Millis};

use crate::Store;
use crate::cases::open;
use crate::rows::{NOW, ODD, meter, transact, verdict};

fn key(agent: &str, name: &str) -> (String, String) {
    (agent.to_owned(), name.to_owned())
}

pub(crate) fn baselines_come_back(store: &Store) {
    let (mut writer, _) = open(store);
    let odd = ODD.replace('\0', "");
    let rows = [
        (key("agent", "spend"), (0..=u8::MAX).collect()),
        (key("agent", "tool/a"), Vec::new()),
        (key("agent", &odd), vec![0; 4096]),
        (key("other", "spend"), vec![2]),
        (key(&"a".repeat(128), &"k".repeat(512)), vec![3]),
    ];
    let all = rows.iter().map(|(key, _)| key.clone()).chain([key("agent", "none")]).collect();
    let wanted = Keys { baselines: all, ..Keys::default() };
    transact(&mut *writer, &wanted, |page| {
        page.append(verdict("agent", 1))?;
        for (key, bytes) in &rows {
            assert_eq!(page.baselines.get(key)?, None);
            page.baselines.edit(key)?.extend(bytes);
        }
        Ok(())
    })
    .expect("a transaction");
    // The writer that wrote them, and one that has nothing of this in its memory.
    for mut writer in [writer, store.backend.writer().expect("a writer")] {
        transact(&mut *writer, &wanted, |page| {
            for (key, bytes) in &rows {
                assert_eq!(page.baselines.get(key)?, Some(bytes), "{key:?}");
            }
            assert_eq!(page.baselines.get(&key("agent", "none"))?, None);
            assert!(page.baselines.get(&key("other", "tool/a")).is_err(), "not asked for");
            Ok(())
        })
        .expect("a look");
    }
    let mut writer = store.backend.writer().expect("a writer");
    for number in 0..3 {
        transact(&mut *writer, &wanted, |page| {
            page.append(verdict("agent", number))?;
            page.baselines.edit(&key("other", "spend"))?.push(9);
            Ok(())
        })
        .expect("a transaction");
    }
    let mut writer = store.backend.writer().expect("a writer");
    transact(&mut *writer, &wanted, |page| {
        assert_eq!(page.baselines.get(&key("other", "spend"))?, Some(&vec![2, 9, 9, 9]));
        assert_eq!(page.baselines.get(&key("agent", "spend"))?.map(Vec::len), Some(256));
        Ok(())
    })
    .expect("a look");
}

pub(crate) fn holds_come_with_what_they_teach(store: &Store) {
    let (mut writer, _) = open(store);
    let hold = |agent: &str, state, ends_at, names: &[&str]| Hold {
        agent: agent.into(),
        state,
        ends_at: Millis(ends_at),
        charges: vec![Charge { meter: meter("money"), unit: "usd".into(), amount: 3 }],
        observations: names
            .iter()
            .map(|name| Lesson { key: (*name).to_owned(), bytes: (0..=u8::MAX).collect() })
            .collect(),
    };
    // Inside a hold, a key may be anything.
    let holds = [
        ("odd", hold("agent", HoldState::Voided, 5, &[ODD])),
        ("early", hold("agent", HoldState::Open, 10, &["known", "unknown", "known"])),
        ("posted", hold("other", HoldState::Posted, 11, &["known"])),
        ("late", hold("third", HoldState::Open, NOW.0, &["known"])),
        ("silent", hold("agent", HoldState::Open, NOW.0, &[])),
    ];
    let known = ["agent", "other", "third", "fourth"].map(|agent| key(agent, "known"));
    transact(&mut *writer, &Keys::default(), |page| {
        page.append(verdict("agent", 1))?;
        for (id, hold) in &holds {
            page.holds.put((*id).to_owned(), hold.clone());
        }
        for key in &known {
            page.baselines.put(key.clone(), key.0.clone().into_bytes());
        }
        Ok(())
    })
    .expect("a transaction");

    let ended = Keys { holds_ended_before: Some(Millis(20)), ..Keys::default() };
    let named = |id: &str| Keys { holds: [id.to_owned()].into(), ..Keys::default() };
    let both = Keys { baselines: [key("fourth", "known")].into(), ..named("late") };
    for (wanted, ids, agents) in [
        (&ended, &["early"][..], &["agent"][..]),
        (&named("posted"), &["posted"], &["other"]),
        (&named("silent"), &["silent"], &[]),
        (&both, &["late"], &["fourth", "third"]),
    ] {
        // The writer that wrote them, and one that has nothing of this in its memory.
        let mut other = store.backend.writer().expect("a writer");
        for writer in [&mut writer, &mut other] {
            transact(&mut **writer, wanted, |page| {
                let found: Vec<_> = page.holds.iter().map(|(id, hold)| (id.as_str(), hold.clone())).collect();
                let expected: Vec<_> = holds.iter().filter(|(id, _)| ids.contains(id)).cloned().collect();
                assert_eq!(found, expected, "{wanted:?}");
                let found: Vec<_> = page.baselines.iter().map(|(key, _)| key.0.as_str()).collect();
                assert_eq!(found, agents, "{wanted:?}");
                for agent in agents {
                    let own = page.baselines.get(&key(agent, "known"))?;
                    assert_eq!(own.map(Vec::as_slice), Some(agent.as_bytes()));
                }
                Ok(())
            })
            .expect("a look");
        }
    }
    transact(&mut *writer, &ended, |page| {
        assert_eq!(page.baselines.get(&key("agent", "unknown"))?, None, "nothing was learned yet");
        assert!(page.baselines.get(&key("other", "known")).is_err(), "of another hold");
        assert_eq!(page.meters.get(&meter("money"))?, None);
        Ok(())
    })
    .expect("a look");
}
