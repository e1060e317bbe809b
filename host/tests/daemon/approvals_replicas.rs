//! Questions that several daemons share, and daemons that die over them.

use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::approvals::{
    AGENT, LIFE, OVER, PATIENT, REQUESTER, WAIT, approve, ask, asking, check_approved, deploy, entries,
    evaluate, say, wait_at, with_id,
};
use crate::client::Client;
use crate::harness::{Daemon, Place, SOON, eventually};
use crate::ledger::verify;
use crate::postgres::Postgres;

/// Rounds in which a daemon dies, at least; and until it has died on either side of a commit, at most. An
/// agent may ask 120 questions in an hour.
const ROUNDS: u64 = 20;
const ROUNDS_MAX: u64 = 100;

/// Three daemons on one database.
struct Three {
    places: Vec<Place>,
    daemons: Vec<Option<Daemon>>,
    _keys: TempDir,
}

impl Three {
    fn start(approvals: &Value) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let database = Postgres::shared().database();
        let place = |_| Place::beside(&keys.path().join("key"), &database).with(PATIENT.0, PATIENT.1);
        let places: Vec<Place> = (0..3).map(place).collect();
        places.iter().for_each(|own| own.govern(&asking(approvals, &[])));
        let daemons = places.iter().map(|own| Some(own.start())).collect();
        Self { places, daemons, _keys: keys }
    }

    fn client(&self, daemon: usize, subject: &str, role: &str) -> Client {
        let token = self.places[daemon].token(subject, role, "*");
        self.daemons[daemon].as_ref().unwrap().client_with(&token)
    }

    fn kill(&mut self, daemon: usize) {
        self.daemons[daemon].take().unwrap().kill9();
    }

    fn restart(&mut self, daemon: usize) {
        self.daemons[daemon] = Some(self.places[daemon].start());
    }

    fn admin(&self, daemon: usize) -> Client {
        self.daemons[daemon].as_ref().unwrap().client()
    }
}

fn numbered(number: u64) -> Value {
    let mut body = deploy();
    body["toolInput"]["number"] = json!(number);
    body
}

#[test]
fn asked_here_answered_there_and_used_elsewhere() {
    let mut three = Three::start(&json!({}));
    let id = ask(&mut three.client(0, REQUESTER, "evaluate"), &deploy());
    let open = ask(&mut three.client(0, REQUESTER, "evaluate"), &numbered(1));
    three.kill(0);
    // Somebody waits on the third daemon while the second is told, and somebody for what nobody answers.
    let (token, address) =
        (three.places[2].token(REQUESTER, "evaluate", "*"), three.daemons[2].as_ref().unwrap().address);
    let idle = wait_at(address, &token, &open);
    let waiting = wait_at(address, &token, &id);
    let mut alice = three.client(1, "alice", "approve");
    thread::sleep(Duration::from_millis(400));
    approve(&mut alice, &id);
    assert_eq!(waiting.join().unwrap()["status"], "approved");
    assert!(!idle.is_finished(), "it ended with the answer, and not with its time");
    three.client(1, REQUESTER, "evaluate").post(&format!("/v1/approvals/{open}/cancel"), &json!({})).ok();
    assert_eq!(idle.join().unwrap()["status"], "cancelled");
    // All that live are sent the call at once, with the id, so that nobody asks anew.
    three.restart(0);
    let tokens: Vec<_> = three.places.iter().map(|own| own.token(REQUESTER, "evaluate", AGENT)).collect();
    let body = with_id(&deploy(), &id);
    let permitted: usize = thread::scope(|scope| {
        let all: Vec<_> = (0..48)
            .map(|number| {
                let address = three.daemons[number % 3].as_ref().unwrap().address;
                let (token, body) = (&tokens[number % 3], &body);
                scope.spawn(move || {
                    evaluate(&mut Client::new(address, Some(token)), body)["permitted"] == true
                })
            })
            .collect();
        all.into_iter().filter(|_| true).map(|own| usize::from(own.join().unwrap())).sum()
    });
    assert_eq!(permitted, 1);
    let used = entries(&mut three.admin(1), "verdict");
    assert_eq!(
        used.iter().filter(|own| own["approvalId"] == json!(id) && own["permitted"] == true).count(),
        1
    );
    verify(&three.places[2], &[]);
}

#[test]
fn of_two_who_answer_on_two_daemons_one_is_heard() {
    let three = Three::start(&json!({}));
    let mut robot = three.client(0, REQUESTER, "evaluate");
    let tokens =
        [three.places[1].token("alice", "approve", "*"), three.places[2].token("bob", "approve", "*")];
    let addresses = [1, 2].map(|number: usize| three.daemons[number].as_ref().unwrap().address);
    for round in 0..20 {
        let body = numbered(round);
        let id = ask(&mut robot, &body);
        let replies: Vec<_> = thread::scope(|scope| {
            let two: Vec<_> = [(0, "approve"), (1, "deny")]
                .map(|(number, word): (usize, &str)| {
                    let (token, address, id) = (&tokens[number], addresses[number], id.as_str());
                    scope.spawn(move || say(&mut Client::new(address, Some(token)), id, word))
                })
                .into_iter()
                .collect();
            two.into_iter().map(|own| own.join().unwrap()).collect()
        });
        let statuses: Vec<_> = replies.iter().map(|own| own.status).collect();
        assert!(statuses == [200, 409] || statuses == [409, 200], "{replies:?}");
        let told = evaluate(&mut robot, &with_id(&body, &id));
        assert_eq!(told["permitted"], json!(statuses[0] == 200), "{told}");
    }
    assert_eq!(entries(&mut three.admin(0), "approval-answer").len(), 20);
}

#[test]
fn whichever_daemon_lives_ends_a_question_once() {
    let mut three = Three::start(&json!({ "expiresSeconds": LIFE }));
    let id = ask(&mut three.client(0, REQUESTER, "evaluate"), &deploy());
    three.kill(0);
    let waiting = thread::spawn({
        let mut client = three.client(1, "alice", "approve");
        let path = format!("/v1/approvals/{id}?wait={WAIT}");
        move || client.get(&path).ok()["status"].clone()
    });
    thread::sleep(OVER);
    assert_eq!(waiting.join().unwrap(), "expired");
    eventually("its end is on record", SOON, || !entries(&mut three.admin(2), "approval-end").is_empty());
    // Both that live look every few seconds.
    thread::sleep(Duration::from_secs(6));
    let ends = entries(&mut three.admin(2), "approval-end");
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert_eq!((&ends[0]["approvalId"], &ends[0]["state"]), (&json!(id), &json!("expired")));
}

/// Numbers that nobody chose.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as u64 | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

/// A yes outlives the daemon that heard it. Killed around its use, a daemon has permitted the call
/// or not, and never does so twice.
#[test]
fn a_yes_survives_a_crash_and_is_used_once() {
    let place = Place::new();
    place.govern(&asking(&json!({}), &[]));
    let (robot, alice) = (place.token(REQUESTER, "evaluate", AGENT), place.token("alice", "approve", "*"));
    let (mut before, mut after) = (0, 0);
    // How late it dies at most, in microseconds: later where it died before the use, and the other way round.
    // So both sides are met, however long a commit takes here.
    let mut latest = 6_000_u64;
    for (round, number) in (0..ROUNDS_MAX).zip(numbers()) {
        if round >= ROUNDS && before > 0 && after > 0 {
            break;
        }
        let moment = Duration::from_micros(number % latest);
        let body = numbered(round);
        let daemon = place.start();
        let id = ask(&mut daemon.client_with(&robot), &body);
        approve(&mut daemon.client_with(&alice), &id);
        daemon.kill9();
        let daemon = place.start();
        let address = daemon.address;
        let text = with_id(&body, &id).to_string();
        // Four clients send it at once, and the daemon dies meanwhile.
        let told: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> = (0..4)
                .map(|_| {
                    let mut client = Client::new(address, Some(&robot));
                    let text = text.as_str();
                    scope.spawn(move || client.try_send("POST", "/v1/evaluate", &[], Some(text)))
                })
                .collect();
            thread::sleep(moment);
            daemon.kill9();
            all.into_iter().map(|own| own.join().unwrap()).collect()
        });
        let answered = told.iter().flatten().filter(|own| own.json()["permitted"] == true).count();
        let daemon = place.start();
        let mut client = daemon.client_with(&robot);
        let again = evaluate(&mut client, &with_id(&body, &id));
        let recorded = entries(&mut daemon.client(), "verdict");
        let own = recorded.iter().filter(|own| own["approvalId"] == json!(id) && own["permitted"] == true);
        assert_eq!(own.count(), 1, "round {round}: permitted not once: {told:?} {again}");
        if again["permitted"] == true {
            assert_eq!(answered, 0, "round {round}: permitted twice");
            check_approved(&again);
            before += 1;
            latest = (latest + latest / 2).min(5_000_000);
        } else {
            assert_eq!(again["code"], "approval-used", "round {round}: {again}");
            assert!(answered <= 1, "round {round}");
            after += 1;
            latest = (latest * 2 / 3).max(200);
        }
        daemon.kill9();
    }
    verify(&place, &[]);
    println!("{before} died before the use, {after} after it");
    assert!(before > 0 && after > 0, "nothing was interrupted: {before} before, {after} after");
}

/// The same with one database: the call goes to the others while one of them dies.
#[test]
fn a_yes_is_used_once_although_daemons_die() {
    let mut three = Three::start(&json!({}));
    let tokens: Vec<_> = three.places.iter().map(|own| own.token(REQUESTER, "evaluate", AGENT)).collect();
    for (round, moment) in (0..6).zip(numbers().map(|own| Duration::from_micros(own % 8_000))) {
        let body = numbered(round);
        let (first, victim) = ((round % 3) as usize, ((round + 1) % 3) as usize);
        let id = ask(&mut three.client(first, REQUESTER, "evaluate"), &body);
        approve(&mut three.client(first, "alice", "approve"), &id);
        let text = with_id(&body, &id).to_string();
        let addresses: Vec<_> = three.daemons.iter().map(|own| own.as_ref().unwrap().address).collect();
        let permitted: usize = thread::scope(|scope| {
            let all: Vec<_> = (0..12)
                .map(|number| {
                    let (address, token, text) = (addresses[number % 3], &tokens[number % 3], text.as_str());
                    scope.spawn(move || {
                        let reply = Client::new(address, Some(token)).try_send(
                            "POST",
                            "/v1/evaluate",
                            &[],
                            Some(text),
                        );
                        usize::from(
                            reply.is_ok_and(|own| own.status == 200 && own.json()["permitted"] == true),
                        )
                    })
                })
                .collect();
            thread::sleep(moment);
            three.daemons[victim].take().unwrap().kill9();
            all.into_iter().map(|own| own.join().unwrap()).sum()
        });
        three.restart(victim);
        let again = evaluate(&mut three.client(victim, REQUESTER, "evaluate"), &with_id(&body, &id));
        assert_eq!(again["code"], "approval-used", "round {round}: {again}");
        let recorded = entries(&mut three.admin(first), "verdict");
        let own =
            recorded.iter().filter(|own| own["approvalId"] == json!(id) && own["permitted"] == true).count();
        assert!(own == 1 && permitted <= 1, "round {round}: {own} recorded, {permitted} answered");
    }
    verify(&three.places[0], &[]);
}
