//! The ledger, checked as a stranger would check it.

use sentinel_ledger::tiles::decode_bundle;
use sentinel_ledger::{Checkpoint, Hash, Receipt, VerifyingKey, leaf_hash, verify_consistency};
use serde_json::{Value, json};

use crate::support::Daemon;

fn evaluate(daemon: &Daemon) -> Value {
    let body = r#"{"agentId":"my-agent","toolName":"search_code","toolInput":{"query":"x"}}"#;
    daemon.post("/v1/evaluate", body).json()
}

fn key(daemon: &Daemon) -> VerifyingKey {
    VerifyingKey::decode(daemon.get("/v1/ledger/key").body.trim()).unwrap()
}

fn checkpoint(daemon: &Daemon) -> Checkpoint {
    Checkpoint::open(&daemon.get("/v1/ledger/checkpoint").body, &[key(daemon)]).unwrap()
}

#[test]
fn a_receipt_proves_its_verdict() {
    let daemon = Daemon::governed();
    let verdict = evaluate(&daemon);
    let index = verdict["ledger"]["index"].as_u64().unwrap();
    let reply = daemon.get(&format!("/v1/ledger/entries/{index}/receipt"));
    let verified = Receipt::parse(&reply.body).unwrap().verify(&[key(&daemon)]).unwrap();
    assert_eq!(verified.index(), index);
    let entry: Value = serde_json::from_slice(verified.entry()).unwrap();
    assert_eq!((&entry["id"], &entry["decision"]), (&verdict["verdictId"], &verdict["decision"]));
    assert_eq!(leaf_hash(verified.entry()).to_string(), verdict["ledger"]["leaf"].as_str().unwrap());
    for wrong in ["99999", "-1", "+1", "x", "9223372036854775808"] {
        let status = daemon.get(&format!("/v1/ledger/entries/{wrong}/receipt")).status;
        assert_eq!(status, if wrong == "99999" { 404 } else { 400 }, "{wrong}");
    }
}

#[test]
fn the_ledger_only_grows() {
    let daemon = Daemon::governed();
    let old = checkpoint(&daemon);
    evaluate(&daemon);
    evaluate(&daemon);
    let new = checkpoint(&daemon);
    assert_eq!(new.size(), old.size() + 2);
    let path = format!("/v1/ledger/consistency?old={}&new={}", old.size(), new.size());
    let proof: Vec<Hash> = daemon.get(&path).json()["proof"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| Hash::from_base64(hash.as_str().unwrap()).unwrap())
        .collect();
    verify_consistency(old.size(), &old.root(), new.size(), &new.root(), &proof).unwrap();
    assert_eq!(daemon.get("/v1/ledger/consistency?old=1&new=99999").status, 404);
    assert_eq!(daemon.get("/v1/ledger/consistency?old=3&new=1").status, 404);
    assert_eq!(daemon.get("/v1/ledger/consistency?old=1").status, 400);
}

#[test]
fn entries_come_in_pages_and_by_kind() {
    let daemon = Daemon::governed();
    for _ in 0..3 {
        evaluate(&daemon);
    }
    let size = checkpoint(&daemon).size();
    let page = daemon.get("/v1/ledger/entries?limit=2").json();
    let indexes: Vec<_> =
        page["entries"].as_array().unwrap().iter().map(|own| own["index"].clone()).collect();
    assert_eq!((indexes, &page["nextFrom"]), (vec![json!(0), json!(1)], &json!(2)));
    assert_eq!(page["entries"][0]["entry"]["kind"], "daemon-start");
    let rest = daemon.get("/v1/ledger/entries?from=2").json();
    assert_eq!(
        (rest["entries"].as_array().unwrap().len() as u64, &rest["nextFrom"]),
        (size - 2, &Value::Null)
    );
    let count = |query: &str| {
        let reply = daemon.get(&format!("/v1/ledger/entries?{query}")).json();
        reply["entries"].as_array().unwrap().len()
    };
    assert_eq!((count("kind=verdict"), count("kind=policy-deploy"), count("decision=allow")), (3, 1, 3));
    assert_eq!((count("agent=my-agent"), count("agent=nobody")), (4, 0));
    for wrong in [
        "kind=nonsense",
        "decision=nonsense",
        "agent=..%2F",
        "limit=1001",
        "from=-1",
        "from=9223372036854775808",
    ] {
        assert_eq!(daemon.get(&format!("/v1/ledger/entries?{wrong}")).code(), "bad-request", "{wrong}");
    }
}

#[test]
fn tiles_hold_what_they_name() {
    let daemon = Daemon::governed();
    evaluate(&daemon);
    let size = checkpoint(&daemon).size();
    let reply = daemon.get(&format!("/v1/ledger/tile/entries/000.p/{size}"));
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/octet-stream")));
    assert!(reply.header("cache-control").unwrap().contains("immutable"));
    let entries = decode_bundle(&reply.bytes).unwrap();
    assert_eq!(entries.len() as u64, size);
    let hashes = daemon.get(&format!("/v1/ledger/tile/0/000.p/{size}"));
    let leaves: Vec<u8> = entries.iter().flat_map(|entry| *leaf_hash(entry).as_bytes()).collect();
    assert_eq!((hashes.status, hashes.bytes), (200, leaves));
    for wrong in [
        format!("0/000.p/{}", size + 1),
        "0/000".to_owned(),
        "0/001".to_owned(),
        "1/000.p/1".to_owned(),
        "0/000.p/0".to_owned(),
        "nonsense".to_owned(),
        "entries/000.p/256".to_owned(),
        "99/000.p/1".to_owned(),
    ] {
        assert_eq!(daemon.get(&format!("/v1/ledger/tile/{wrong}")).status, 404, "{wrong}");
    }
}
