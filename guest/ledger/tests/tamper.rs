//! Everything that can be done to a log or a head, and that it is noticed.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

mod common;

use common::{ORIGIN, Store, key};
use sentinel_ledger::{Audit, AuditError, Auditor, Checkpoint, Rotation, SigningKey, VerifyingKey};

fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!(r#"{{"kind":"verdict","seq":{n}}}"#).into_bytes()).collect()
}

fn audit(
    entries: &[Vec<u8>],
    trusted: &[&SigningKey],
    expected: &[&str],
    head: &str,
) -> Result<Audit, AuditError> {
    let mut auditor = Auditor::new(ORIGIN, trusted.iter().map(|key| key.verifying_key()).collect());
    expected.iter().try_for_each(|note| auditor.expect(note))?;
    entries.iter().try_for_each(|entry| auditor.push(entry))?;
    auditor.finish(head)
}

fn head(entries: &[Vec<u8>], key: &SigningKey) -> String {
    Store::of(entries.to_vec()).head(key)
}

/// A log in which key 1 hands over to key 2 at entry 3, and key 2 to key 3 at entry 5.
fn rotated() -> Vec<Vec<u8>> {
    let mut log = entries(3);
    for (old, new) in [(1, 2), (2, 3)] {
        let size = log.len() as u64;
        log.push(rotation(&key(old), &key(new), size));
        log.push(b"{}".to_vec());
    }
    log
}

fn rotation(old: &SigningKey, new: &SigningKey, size: u64) -> Vec<u8> {
    Rotation::new(ORIGIN, size, old, &new.verifying_key()).expect("an origin").to_json().into_bytes()
}

#[test]
fn an_honest_log_is_proven() {
    for count in [0, 1, 2, 7, 8, 300] {
        let log = entries(count);
        let head = head(&log, &key(1));
        let audit = audit(&log, &[&key(1)], &[], &head).expect("an honest log");
        let store = Store::of(log);
        assert_eq!((audit.size, audit.root, audit.rotations.len()), (count, store.tree.root(), 0));
        assert_eq!(audit.key, key(1).verifying_key());
    }
}

#[test]
fn every_changed_byte_of_an_entry_is_noticed() {
    let log = entries(5);
    let head = head(&log, &key(1));
    for (at, entry) in log.iter().enumerate() {
        for byte in 0..entry.len() {
            for flip in [1, 0x20, 0x80, 0xff] {
                let mut changed = log.clone();
                changed[at][byte] ^= flip;
                assert_eq!(audit(&changed, &[&key(1)], &[], &head), Err(AuditError::Rewritten { size: 5 }));
            }
        }
    }
}

#[test]
fn every_changed_byte_of_a_head_is_noticed() {
    let log = entries(5);
    let head = head(&log, &key(1));
    for byte in 0..head.len() {
        for flip in 1..=255 {
            let mut changed = head.clone().into_bytes();
            changed[byte] ^= flip;
            if let Ok(changed) = String::from_utf8(changed) {
                assert!(audit(&log, &[&key(1)], &[], &changed).is_err(), "{changed}");
            }
        }
    }
    for end in 0..head.len() {
        if let Some(start) = head.get(..end) {
            assert!(audit(&log, &[&key(1)], &[], start).is_err(), "{start}");
        }
    }
}

#[test]
fn entries_that_were_moved_added_or_removed_are_noticed() {
    let log = entries(9);
    let head = head(&log, &key(1));
    let check = |changed: &[Vec<u8>], error: AuditError| {
        assert_eq!(audit(changed, &[&key(1)], &[], &head), Err(error.clone()));
        assert!(audit(changed, &[&key(1)], &[&head], &head).is_err(), "{error}");
    };
    for at in 0..9 {
        let mut swapped = log.clone();
        swapped.swap(at, (at + 1) % 9);
        check(&swapped, AuditError::Rewritten { size: 9 });
        let mut dropped = log.clone();
        let entry = dropped.remove(at);
        check(&dropped, AuditError::HeadNewer { size: 8, head: 9 });
        let mut doubled = log.clone();
        doubled.insert(at, entry.clone());
        check(&doubled, AuditError::HeadOlder { size: 10, head: 9 });
        // As many entries as before.
        let mut moved = dropped.clone();
        moved.insert((at + 1) % 9, entry);
        check(&moved, AuditError::Rewritten { size: 9 });
        let mut replaced = log.clone();
        replaced[at] = b"{}".to_vec();
        check(&replaced, AuditError::Rewritten { size: 9 });
    }
}

#[test]
fn a_shorter_log_with_a_head_of_its_own_is_noticed_by_what_was_kept() {
    let log = entries(9);
    let kept = head(&log, &key(1));
    for size in 0..9 {
        let short = &log[..size];
        // The head is genuine: without a checkpoint kept elsewhere nobody could tell.
        let old = head(short, &key(1));
        assert!(audit(short, &[&key(1)], &[], &old).is_ok());
        let truncated = AuditError::Truncated { size: size as u64, expected: 9 };
        assert_eq!(audit(short, &[&key(1)], &[&kept], &old), Err(truncated));
    }
    let wiped = audit(&[], &[&key(1)], &[&kept], &kept);
    assert_eq!(wiped, Err(AuditError::Truncated { size: 0, expected: 9 }));
}

#[test]
fn a_rewritten_log_with_a_head_of_its_own_is_noticed_by_what_was_kept() {
    let log = entries(9);
    let kept = head(&log[..6], &key(1));
    let mut rewritten = log.clone();
    rewritten[4] = b"{}".to_vec();
    let forged = head(&rewritten, &key(1));
    assert!(audit(&rewritten, &[&key(1)], &[], &forged).is_ok());
    assert_eq!(audit(&rewritten, &[&key(1)], &[&kept], &forged), Err(AuditError::Rewritten { size: 6 }));
    // What was kept says nothing of later entries, and the honest log agrees with it.
    assert!(audit(&log, &[&key(1)], &[&kept, &kept], &head(&log, &key(1))).is_ok());
    rewritten.truncate(6);
    let forged = head(&rewritten, &key(1));
    assert_eq!(audit(&rewritten, &[&key(1)], &[&kept], &forged), Err(AuditError::Rewritten { size: 6 }));
}

#[test]
fn checkpoints_may_come_while_the_log_is_read_but_not_later() {
    let log = entries(4);
    let mut auditor = Auditor::new(ORIGIN, vec![key(1).verifying_key()]);
    auditor.expect(&head(&[], &key(1))).expect("nothing agrees with nothing");
    auditor.push(&log[0]).expect("an entry");
    auditor.expect(&head(&log[..1], &key(1))).expect("the size is here");
    auditor.push(&log[1]).expect("an entry");
    let late = AuditError::Late { size: 1, passed: 2 };
    assert_eq!(auditor.expect(&head(&log[..1], &key(1))), Err(late.clone()));
    // An error is final.
    assert_eq!(auditor.push(&log[2]), Err(late.clone()));
    assert_eq!(auditor.finish(&head(&log[..2], &key(1))), Err(late));
}

#[test]
fn only_pinned_keys_prove_anything() {
    let log = entries(3);
    let ours = head(&log, &key(1));
    assert_eq!(audit(&log, &[], &[], &ours), Err(AuditError::UnknownKey));
    assert_eq!(audit(&log, &[&key(2)], &[], &ours), Err(AuditError::UnknownKey));
    assert_eq!(audit(&log, &[&key(2)], &[&ours], &head(&log, &key(2))), Err(AuditError::UnknownKey));
    assert!(audit(&log, &[&key(2), &key(1)], &[], &ours).is_ok());
    let unsigned = ours.split("— ").next().expect("a text");
    assert!(matches!(audit(&log, &[&key(1)], &[], unsigned), Err(AuditError::Checkpoint(_))));
    // The signature of another checkpoint.
    let (_, signature) = ours.split_once("\n\n").expect("a note");
    let other = head(&log[..2], &key(1));
    let (text, _) = other.split_once("\n\n").expect("a note");
    let mixed = format!("{text}\n\n{signature}");
    assert_eq!(
        audit(&log[..2], &[&key(1)], &[], &mixed),
        Err(AuditError::BadSignature { name: ORIGIN.into() })
    );
    let elsewhere =
        Checkpoint::new("other.example", 3, Store::of(log.clone()).tree.root()).expect("an origin");
    let found = "other.example".to_owned();
    assert_eq!(audit(&log, &[&key(1)], &[], &elsewhere.sign(&key(1))), Err(AuditError::Origin { found }));
    let long = vec![vec![0; 65_536]];
    assert_eq!(
        audit(&long, &[&key(1)], &[], &ours),
        Err(AuditError::EntryTooLong { index: 0, bytes: 65_536 })
    );
}

#[test]
fn rotations_are_followed() {
    let log = rotated();
    let proven = audit(&log, &[&key(1)], &[], &head(&log, &key(3))).expect("an honest log");
    assert_eq!(proven.key, key(3).verifying_key());
    let changes: Vec<_> =
        proven.rotations.iter().map(|change| (change.index, &change.old, &change.new)).collect();
    let [one, two, three] = [1, 2, 3].map(|n| key(n).verifying_key());
    assert_eq!(changes, [(3, &one, &two), (5, &two, &three)]);
    // Checkpoints of all times, each signed by the key of its time.
    let kept: Vec<String> = (0..=7)
        .map(|size| {
            let signer = if size <= 3 {
                1
            } else if size <= 5 {
                2
            } else {
                3
            };
            head(&log[..size], &key(signer))
        })
        .collect();
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    assert!(audit(&log, &[&key(1)], &kept, &head(&log, &key(3))).is_ok());
    assert!(audit(&log, &[&key(3), &key(1)], &kept, &head(&log, &key(3))).is_ok());
}

#[test]
fn replaced_keys_prove_nothing_later() {
    let log = rotated();
    let retired = AuditError::RetiredKey { size: 7 };
    assert_eq!(audit(&log, &[&key(1)], &[], &head(&log, &key(1))), Err(retired.clone()));
    assert_eq!(audit(&log, &[&key(1)], &[], &head(&log, &key(2))), Err(retired));
    let stolen = head(&log[..4], &key(1));
    assert_eq!(
        audit(&log, &[&key(1)], &[&stolen], &head(&log, &key(3))),
        Err(AuditError::RetiredKey { size: 4 })
    );
    // The new key does not sign for the time before.
    let early = head(&log[..2], &key(2));
    assert_eq!(audit(&log, &[&key(1)], &[&early], &head(&log, &key(3))), Err(AuditError::UnknownKey));
    // A log whose rotation was cut off, with a checkpoint of the new key.
    let later = head(&log[..4], &key(2));
    assert_eq!(
        audit(&log[..3], &[&key(1)], &[&later], &head(&log[..3], &key(1))),
        Err(AuditError::UnknownKey)
    );
}

#[test]
fn forged_rotations_are_errors() {
    let honest = String::from_utf8(rotation(&key(1), &key(2), 1)).expect("JSON");
    let vkeys = [1, 2, 3].map(|n| key(n).verifying_key().encode());
    let forged = [
        // By a key that nobody trusts, though it says who it is.
        (rotation(&key(3), &key(2), 1), "its old key is not trusted here"),
        (honest.replace(&vkeys[0], &vkeys[2]).into_bytes(), "the old key did not sign it"),
        (honest.replace(&vkeys[1], &vkeys[2]).into_bytes(), "the old key did not sign it"),
        (rotation(&key(1), &key(1), 1), "the new key is the old one"),
        // Replayed from elsewhere.
        (rotation(&key(1), &key(2), 2), "it was made for another place in the log"),
        (honest.replace("\"size\":1", "\"size\":1.0").into_bytes(), "it has no `size`"),
        (honest.replace("\"size\":1", "\"size\":\"1\"").into_bytes(), "it has no `size`"),
        (
            honest.replace("\"size\":1", "\"size\":1,\"size\":1").into_bytes(),
            "it is not an entry that can be read",
        ),
        (format!("{honest}{{}}").into_bytes(), "something follows its end"),
        (honest.replace("newKey", "newkey").into_bytes(), "it has no `newKey`"),
        (honest.replace(&vkeys[1], "x").into_bytes(), "`newKey` is not a key"),
        (honest.replace(&vkeys[0], "x").into_bytes(), "`oldKey` is not a key"),
        (br#""kind":"key-rotation""#.to_vec(), "it is not an entry that can be read"),
        (br#"["kind":"key-rotation"]"#.to_vec(), "it is not an entry that can be read"),
    ];
    for (entry, what) in forged {
        let mut auditor = Auditor::new(ORIGIN, vec![key(1).verifying_key()]);
        auditor.push(b"{}").expect("an entry");
        let result = auditor.push(&entry);
        let text = String::from_utf8_lossy(&entry);
        assert_eq!(result, Err(AuditError::ForgedRotation { index: 1, what }), "{text}");
    }
    // Each byte of the signature counts.
    let (before, signature) = honest.split_once("\"signature\":\"").expect("a signature");
    for at in 0..86 {
        let mut changed = signature.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let entry = [before.as_bytes(), b"\"signature\":\"", &changed].concat();
        let mut auditor = Auditor::new(ORIGIN, vec![key(1).verifying_key()]);
        auditor.push(b"{}").expect("an entry");
        assert!(matches!(auditor.push(&entry), Err(AuditError::ForgedRotation { index: 1, .. })), "{at}");
    }
}

#[test]
fn a_rotation_inside_something_recorded_is_none() {
    let inner = String::from_utf8(rotation(&key(3), &key(2), 0)).expect("JSON");
    for entry in [
        format!(r#"{{"input":{inner},"kind":"verdict"}}"#),
        format!(r#"{{"input":[{inner}]}}"#),
        inner.replace("\"kind\":\"key-rotation\"", "\"kind\":\"verdict\",\"x\":{\"kind\":\"key-rotation\"}"),
    ] {
        let log = vec![entry.into_bytes()];
        let proven = audit(&log, &[&key(1)], &[], &head(&log, &key(1))).expect("an honest log");
        assert!(proven.rotations.is_empty());
    }
    // More fields do no harm: an entry has a time, too.
    let log = vec![
        String::from_utf8(rotation(&key(1), &key(2), 0))
            .expect("JSON")
            .replacen('{', "{\"time\":1,", 1)
            .into_bytes(),
    ];
    assert_eq!(audit(&log, &[&key(1)], &[], &head(&log, &key(2))).expect("an honest log").rotations.len(), 1);
}

#[test]
fn a_rotation_is_bound_to_log_place_and_keys() {
    let (old, new, other) = (key(1), key(2).verifying_key(), key(3).verifying_key());
    let signature = old.sign_rotation(ORIGIN, 7, &new).expect("an origin");
    let public: VerifyingKey = old.verifying_key();
    assert!(public.verify_rotation(ORIGIN, 7, &new, &signature));
    assert!(!public.verify_rotation("other.example", 7, &new, &signature));
    assert!(!public.verify_rotation(ORIGIN, 8, &new, &signature));
    assert!(!public.verify_rotation(ORIGIN, 7, &other, &signature));
    assert!(!other.verify_rotation(ORIGIN, 7, &new, &signature));
    assert!(!public.verify_rotation(ORIGIN, 7, &new, ""));
    assert!(old.sign_rotation("two\nlines", 7, &new).is_err());
    let statement = sentinel_ledger::rotation_statement(ORIGIN, 7, &public, &new).expect("an origin");
    let expected = format!("sentinel-key-rotation/v1\n{ORIGIN}\n7\n{public}\n{new}\n");
    assert_eq!(String::from_utf8(statement).expect("text"), expected);
}
