//! What an enforcement point decided by itself is recorded: once, whatever happens, and with what is
//! different here.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::harness::{Daemon, KEY, Place, call, cent};
use crate::ledger;
use crate::policy;

const AGENT: &str = "buyer";

fn governed(members: &[(&str, Value)]) -> (Place, Daemon, String) {
    let place = Place::new();
    place.govern(&policy::with(AGENT, members));
    let daemon = place.start();
    let own = daemon.client().get(&format!("/v1/agents/{AGENT}/policy")).ok();
    let digest = own["digest"].as_str().unwrap().to_owned();
    (place, daemon, digest)
}

fn record(call: &Value, decision: &str, digest: &str, id: &str) -> Value {
    json!({
        "call": call, "decision": decision, "code": "tool-allowed", "policyDigest": digest,
        "decidedAt": "2026-03-09T11:15:30.5+01:00", "id": id,
    })
}

fn batch(records: &[Value]) -> Value {
    json!({ "point": "envoy/edge-1", "records": records })
}

fn send(client: &mut Client, records: &[Value]) -> Reply {
    client.post("/v1/records", &batch(records))
}

fn ids(answer: &Value) -> Vec<String> {
    let ids = answer["verdictIds"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// The entry of a verdict.
fn entry(client: &mut Client, id: &str) -> Value {
    let index = id.strip_prefix("main-").unwrap();
    client.get(&format!("/v1/ledger/entries/{index}")).ok()["entry"].clone()
}

fn metric(client: &mut Client, name: &str) -> u64 {
    let text = client.get("/metrics").body;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

#[test]
fn a_batch_is_recorded_once_counted_and_charged() {
    let (_place, daemon, digest) = governed(&[]);
    let mut client = daemon.client();
    let records = || {
        vec![
            record(&cent(AGENT), "allow", &digest, "r1"),
            record(&call(AGENT, "search"), "allow", &digest, "r2"),
            record(&call(AGENT, "steal"), "deny", &digest, "r3"),
        ]
    };
    let first = send(&mut client, &records()).ok();
    assert_eq!(
        (&first["recorded"], &first["repeated"], &first["differing"], &first["errors"]),
        (&json!(3), &json!(0), &json!(0), &json!([])),
        "{first}"
    );
    let entries = ids(&first);
    let own = entry(&mut client, &entries[0]);
    for (field, value) in [
        ("kind", "verdict"),
        ("decision", "allow"),
        ("point", "envoy/edge-1"),
        ("pointDecision", "allow"),
        ("pointCode", "tool-allowed"),
        ("pointPolicy", &digest),
        ("decidedAt", "2026-03-09T10:15:30.500Z"),
        ("recordId", "r1"),
        ("toolName", "pay"),
    ] {
        assert_eq!(own[field], value, "{field}: {own}");
    }
    assert!(own.get("differs").is_none(), "{own}");
    assert_eq!(entry(&mut client, &entries[2])["decision"], "deny");

    let size = ledger::entries(&mut client, 0).len();
    let again = send(&mut client, &records()).ok();
    assert_eq!((&again["recorded"], &again["repeated"]), (&json!(3), &json!(3)));
    assert_eq!(again["verdictIds"], first["verdictIds"]);
    assert_eq!(ledger::entries(&mut client, 0).len(), size);
    assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], (0, 10_000));
    assert_eq!(metric(&mut client, "sentinel_records_total"), 3);
    assert_eq!(metric(&mut client, "sentinel_records_differing_total"), 0);
    // An outcome can still be told.
    let report =
        json!({ "agentId": AGENT, "toolName": "pay", "verdictId": entries[0], "cost": { "usd": "0.02" } });
    assert_eq!(client.post("/v1/audit", &report).ok()["hold"], "posted");
    assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], (20_000, 0));
}

/// Whoever gets no answer sends the batch again.
#[test]
fn a_batch_survives_a_kill() {
    let (place, mut daemon, digest) = governed(&[]);
    for (number, life) in [0, 2, 5, 9, 14].into_iter().enumerate() {
        let records = || -> Vec<Value> {
            (0..64).map(|own| record(&cent(AGENT), "allow", &digest, &format!("{number}-{own}"))).collect()
        };
        let address = daemon.address;
        thread::scope(|scope| {
            let body = batch(&records()).to_string();
            scope.spawn(move || {
                Client::new(address, Some(KEY)).try_send("POST", "/v1/records", &[], Some(&body)).map(drop)
            });
            thread::sleep(Duration::from_millis(life));
            daemon.kill9();
        });
        daemon = place.start();
        let mut client = daemon.client();
        let answer = send(&mut client, &records()).ok();
        assert_eq!(answer["recorded"], 64, "{answer}");
        let expected = (0, (number as u64 + 1) * 64 * 10_000);
        assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], expected);
        let all = ledger::entries(&mut client, 0);
        let recorded = all.values().filter(|(_, own)| own["point"] == "envoy/edge-1").count();
        assert_eq!(recorded, (number + 1) * 64);
    }
}

#[test]
fn what_is_different_here_is_said() {
    let budgets = json!([{ "name": "shop", "limit": "0.015", "per": "lifetime", "tools": ["pay"] }]);
    let (_place, daemon, digest) = governed(&[("budgets", budgets)]);
    let mut client = daemon.client();
    let other = format!("sha256:{}", "0".repeat(64));
    let answer = send(
        &mut client,
        &[
            // Another policy.
            record(&call(AGENT, "search"), "allow", &other, "policy"),
            // Denied there, allowed here: it did not happen, and costs no money.
            record(&cent(AGENT), "deny", &digest, "refused"),
            record(&cent(AGENT), "allow", &digest, "first"),
            // It happened, and the budget does not cover it: all that is left is used.
            record(&cent(AGENT), "allow", &digest, "second"),
            // No policy of ours would have let this happen.
            record(&call(AGENT, "steal"), "allow", &digest, "stolen"),
        ],
    );
    let answer = answer.ok();
    assert_eq!((&answer["recorded"], &answer["differing"]), (&json!(5), &json!(4)), "{answer}");
    let own: Vec<Value> = ids(&answer).iter().map(|id| entry(&mut client, id)).collect();
    let differing: Vec<bool> = own.iter().map(|own| own["differs"] == true).collect();
    assert_eq!(differing, [true, true, false, true, true]);
    let charged = |own: &Value| -> u64 {
        let charges = own["charges"].as_array().unwrap();
        let own = charges.iter().filter(|own| own["meter"] == "budgets/shop");
        own.map(|own| own["amount"].as_u64().unwrap()).sum()
    };
    assert_eq!(own.iter().map(charged).collect::<Vec<_>>(), [0, 0, 10_000, 5_000, 0]);
    assert_eq!((&own[3]["decision"], &own[3]["code"]), (&json!("deny"), &json!("budget-exceeded")));
    assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], (0, 15_000));
    assert_eq!(metric(&mut client, "sentinel_records_differing_total"), 4);
}

/// A point whose mode holds nothing back, with a daemon whose mode does.
#[test]
fn a_denial_that_went_ahead_elsewhere_is_said() {
    let (_place, daemon, digest) = governed(&[]);
    let mut client = daemon.client();
    let denied = |permitted: bool, id: &str| {
        let mut own = record(&call(AGENT, "steal"), "deny", &digest, id);
        own["permitted"] = json!(permitted);
        own
    };
    let answer = send(&mut client, &[denied(true, "went"), denied(false, "held")]).ok();
    assert_eq!((&answer["recorded"], &answer["differing"]), (&json!(2), &json!(1)), "{answer}");
    let own: Vec<Value> = ids(&answer).iter().map(|id| entry(&mut client, id)).collect();
    assert_eq!(own.iter().map(|own| own["differs"] == true).collect::<Vec<_>>(), [true, false]);
    assert_eq!(
        own.iter().map(|own| own["pointPermitted"].clone()).collect::<Vec<_>>(),
        [json!(true), json!(false)]
    );
    // What is allowed is permitted.
    let mut contradiction = record(&cent(AGENT), "allow", &digest, "none");
    contradiction["permitted"] = json!(false);
    assert_eq!(send(&mut client, &[contradiction]).ok()["recorded"], 0);
}

#[test]
fn a_malformed_record_is_named_and_the_others_are_recorded() {
    let (_place, daemon, digest) = governed(&[]);
    let mut client = daemon.client();
    let good = |id: &str| record(&call(AGENT, "search"), "allow", &digest, id);
    let with = |path: &str, value: Value| {
        let mut own = good("bad");
        *own.pointer_mut(path).unwrap() = value;
        own
    };
    let mut unknown = good("bad");
    unknown["more"] = json!(1);
    let mut keyed = good("bad");
    keyed["call"]["idempotencyKey"] = json!("x");
    let mut elsewhere = good("bad");
    elsewhere["call"]["environment"] = json!("production");
    let bad = [
        json!(1),
        json!({}),
        unknown,
        keyed,
        elsewhere,
        with("/call", json!([])),
        with("/call/agentId", json!("../x")),
        with("/decision", json!("permit")),
        with("/code", json!("A Code")),
        with("/policyDigest", json!("sha256:0")),
        with("/decidedAt", json!("yesterday")),
        with("/id", json!("a\nb")),
        with("/id", json!("")),
    ];
    let count = bad.len();
    let mut records = vec![good("a")];
    records.extend(bad);
    records.push(good("z"));
    // The same id with something else in it.
    records.push(record(&call(AGENT, "pay"), "allow", &digest, "a"));
    let answer = send(&mut client, &records).ok();
    assert_eq!(answer["recorded"], 2, "{answer}");
    let errors = answer["errors"].as_array().unwrap();
    let places: Vec<u64> = errors.iter().map(|own| own["index"].as_u64().unwrap()).collect();
    let expected: Vec<u64> = (1..=count as u64).chain([count as u64 + 2]).collect();
    assert_eq!(places, expected, "{answer}");
    let (last, others) = errors.split_last().unwrap();
    assert_eq!(last["code"], "idempotency-conflict");
    assert!(others.iter().all(|own| own["code"] == "bad-request"), "{answer}");
    let null: Vec<usize> = answer["verdictIds"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .filter(|(_, id)| id.is_null())
        .map(|(place, _)| place)
        .collect();
    assert_eq!(null.len(), count + 1);
    // A point that nobody can name, and a batch with nothing in it.
    for (point, status) in [("", 400), ("a b", 400), ("envoy/edge-1", 200)] {
        assert_eq!(client.post("/v1/records", &json!({ "point": point, "records": [] })).status, status);
    }
}

#[test]
fn too_many_too_large_and_of_others_are_refused_whole() {
    let (place, daemon, digest) = governed(&[]);
    let mut client = daemon.client();
    let size = ledger::entries(&mut client, 0).len();
    let many = |count: usize| -> Vec<Value> {
        (0..count).map(|id| record(&call(AGENT, "search"), "allow", &digest, &id.to_string())).collect()
    };
    let refused = send(&mut client, &many(257));
    assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("bad-request")));
    let mut large = call(AGENT, "search");
    large["toolInput"]["text"] = json!("x".repeat(4 << 20));
    let refused = send(&mut client, &[record(&large, "allow", &digest, "large")]);
    assert_eq!((refused.status, &refused.json()["code"]), (413, &json!("body-too-large")));

    let own = place.token("envoy", "evaluate", "other");
    let mut other = daemon.client_with(&own);
    let refused = send(&mut other, &many(2));
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("foreign-agent")));
    let mixed = vec![record(&call("other", "search"), "deny", &digest, "x"), many(1).remove(0)];
    assert_eq!(send(&mut other, &mixed).status, 403);
    let auditor = place.token("auditor", "audit", "*");
    assert_eq!(send(&mut daemon.client_with(&auditor), &many(1)).status, 403);
    assert_eq!(ledger::entries(&mut client, 0).len(), size);

    assert_eq!(send(&mut client, &many(256)).ok()["recorded"], 256);
    assert_eq!(ledger::entries(&mut client, 0).len(), size + 256);
    // An agent without a policy is denied everything, there and here.
    let answer = send(&mut other, &[record(&call("other", "search"), "deny", &digest, "x")]).ok();
    assert_eq!((&answer["recorded"], &answer["differing"]), (&json!(1), &json!(1)));
}
