//! The daemon is killed between two instructions, again and again, while clients ask.
//!
//! What was answered is on record, where and as it was answered; the meters stand at what the record
//! says; and the ledger is the one that was signed before. `CRASH_ROUNDS` sets how many rounds.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, KEY, Place, SOON, cent, eventually};
use crate::ledger::{self, Entries, Tally, verify};
use crate::load::{Load, Seen};
use crate::policy;
use crate::postgres::Postgres;

const AGENT: &str = "buyer";

/// Clients of each daemon.
const CLIENTS: usize = 6;

/// Rounds, unless told otherwise: some seconds.
const ROUNDS: usize = 12;

/// Rounds between two verifications of everything.
const VERIFY_EVERY: usize = 10;

fn rounds() -> usize {
    std::env::var("CRASH_ROUNDS").map_or(ROUNDS, |text| text.parse().expect("a number"))
}

/// Times of living that nobody chose. The seed is printed where a test fails.
fn lives() -> impl Iterator<Item = Duration> {
    let mut state = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as u64 | 1;
    tell(&format!("seed {state}"));
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Duration::from_micros(2_000 + state % 150_000)
    })
}

#[expect(clippy::print_stdout, reason = "shown where a test fails")]
fn tell(line: &str) {
    println!("{line}");
}

/// Every answer is on record, at its place, with its leaf and what it said.
fn check_answers(seen: &Seen, entries: &Entries) {
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
    for verdict in &seen.verdicts {
        let index = verdict["ledger"]["index"].as_u64().unwrap();
        let (leaf, entry) = entries.get(&index).unwrap_or_else(|| panic!("{verdict} is not on record"));
        assert_eq!(verdict["ledger"]["leaf"], json!(leaf), "{verdict} {entry}");
        assert_eq!(
            (&entry["id"], &entry["decision"], &entry["permitted"], &entry["reason"]),
            (&verdict["verdictId"], &verdict["decision"], &verdict["permitted"], &verdict["reason"])
        );
    }
}

/// What the answers alone say that was spent: a floor for the meters.
fn cents(verdicts: &[Value]) -> usize {
    verdicts.iter().filter(|own| own["permitted"] == true && own["holdEndsAt"].is_string()).count()
}

fn check_places(entries: &Entries, from: u64) {
    for (index, expected) in entries.keys().zip(from..) {
        assert_eq!(*index, expected, "there is a hole in the ledger");
    }
}

#[test]
fn sqlite_keeps_what_was_answered() {
    let place = Place::new();
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let (mut tally, mut from, mut checkpoints) = (Tally::default(), 0, Vec::new());
    let (mut answered, mut lost) = (0, 0);
    for (round, life) in (1..=rounds()).zip(lives()) {
        let daemon = place.start();
        if round % VERIFY_EVERY == 1 {
            checkpoints.push(daemon.client().get("/v1/ledger/checkpoint").body);
        }
        let load = Load::start(daemon.address, AGENT, CLIENTS);
        thread::sleep(life);
        daemon.kill9();
        let seen = load.gather();
        (answered, lost) = (answered + seen.verdicts.len(), lost + seen.lost);

        let daemon = place.start();
        let mut client = daemon.client();
        let entries = ledger::entries(&mut client, from);
        check_places(&entries, from);
        check_answers(&seen, &entries);
        tally.take(AGENT, &entries);
        from += entries.len() as u64;
        assert_eq!(tally.standings(), ledger::standings(&mut client, AGENT), "round {round}");
        let charged: usize = entries
            .values()
            .flat_map(|(_, entry)| entry["charges"].as_array().into_iter().flatten())
            .filter(|charge| charge["meter"] == "budgets/shop")
            .count();
        assert!(cents(&seen.verdicts) <= charged, "round {round}");
        if round % VERIFY_EVERY == 0 || round == rounds() {
            verify(&place, &checkpoints);
        }
        daemon.kill9();
    }
    println!("{} rounds, {answered} answered, {lost} cut off, {from} entries", rounds());
    assert!(answered > 0 && lost > 0, "nothing was interrupted: {answered} answered, {lost} cut off");
}

#[test]
fn one_of_three_daemons_dies_and_the_others_go_on() {
    let database = Postgres::shared().database();
    let keys = tempfile::tempdir().unwrap();
    let places: Vec<Place> = (0..3).map(|_| Place::beside(&keys.path().join("key"), &database)).collect();
    let mut daemons: Vec<Daemon> = Vec::new();
    for place in &places {
        place.govern(&policy::plain(AGENT, "1.0.0"));
        daemons.push(place.start());
    }
    let (mut tally, mut from, mut checkpoints) = (Tally::default(), 0, Vec::new());
    let (mut answered, mut lost) = (0, 0);
    let rounds = rounds().div_ceil(2);
    for (round, life) in (1..=rounds).zip(lives()) {
        if round % VERIFY_EVERY == 1 {
            checkpoints.push(daemons[0].client().get("/v1/ledger/checkpoint").body);
        }
        let loads: Vec<Load> =
            daemons.iter().map(|own| Load::start(own.address, AGENT, CLIENTS / 2)).collect();
        thread::sleep(life);
        let victim = round % 3;
        daemons.remove(victim).kill9();
        // The others are asked on for a while, and answer.
        let before: Vec<usize> = loads.iter().map(Load::answered).collect();
        thread::sleep(Duration::from_millis(150));
        for (number, load) in loads.iter().enumerate().filter(|(number, _)| *number != victim) {
            eventually("the others go on", SOON, || load.answered() > before[number]);
        }
        let mut all: BTreeMap<usize, Seen> = BTreeMap::new();
        for (number, load) in loads.into_iter().enumerate() {
            all.insert(number, if number == victim { load.gather() } else { load.end() });
        }
        daemons.insert(victim, places[victim].start());

        let mut client = daemons[(victim + 1) % 3].client();
        let entries = ledger::entries(&mut client, from);
        check_places(&entries, from);
        for (number, seen) in &all {
            check_answers(seen, &entries);
            (answered, lost) = (answered + seen.verdicts.len(), lost + seen.lost);
            assert!(*number == victim || (seen.lost == 0 && !seen.verdicts.is_empty()), "round {round}");
        }
        tally.take(AGENT, &entries);
        from += entries.len() as u64;
        for own in &daemons {
            assert_eq!(tally.standings(), ledger::standings(&mut own.client(), AGENT), "round {round}");
        }
        if round % VERIFY_EVERY == 0 || round == rounds {
            verify(&places[victim], &checkpoints);
        }
    }
    println!("{rounds} rounds, {answered} answered, {lost} cut off, {from} entries");
    assert!(answered > 0 && lost > 0, "nothing was interrupted: {answered} answered, {lost} cut off");
}

/// Whoever was cut off asks again with the same key, and is charged once.
#[test]
fn a_key_is_remembered_over_a_crash() {
    let place = Place::new();
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let body = cent(AGENT).to_string();
    let mut daemon = place.start();
    for (number, life) in (0..6).zip(lives()) {
        let text = format!("key-{number}");
        let key = [("idempotency-key", text.as_str())];
        let address = daemon.address;
        let asked = thread::scope(|scope| {
            let client = scope.spawn(|| {
                Client::new(address, Some(KEY)).try_send("POST", "/v1/evaluate", &key, Some(&body))
            });
            // Before, in the middle, and after.
            thread::sleep(life / 10);
            daemon.kill9();
            client.join().unwrap()
        });
        daemon = place.start();
        let mut client = daemon.client();
        let again = client.send("POST", "/v1/evaluate", &key, Some(&body));
        let once_more = client.send("POST", "/v1/evaluate", &key, Some(&body));
        if let Ok(first) = asked {
            assert_eq!((first.status, first.answer()), (200, again.answer()));
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
        }
        assert_eq!((again.status, again.answer()), (200, once_more.answer()));
        assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], (0, (number + 1) * 10_000));
    }
}
