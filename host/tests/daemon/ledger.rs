//! What the ledger says must have happened, computed from its entries alone, and compared with what
//! the daemon says of its meters.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::client::Client;
use crate::harness::Place;

/// Entries of one request.
const PAGE: usize = 1_000;

/// Used and held, by meter.
pub(crate) type Standings = BTreeMap<String, (u64, u64)>;

/// An entry: its leaf and what was recorded.
pub(crate) type Entries = BTreeMap<u64, (String, Value)>;

/// Entries that the signed head covers.
pub(crate) fn size(client: &mut Client) -> u64 {
    let checkpoint = client.get("/v1/ledger/checkpoint").body;
    checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).expect("a checkpoint")
}

/// All entries from a place on, as the API gives them.
pub(crate) fn entries(client: &mut Client, mut from: u64) -> Entries {
    let mut all = Entries::new();
    loop {
        let page = client.get(&format!("/v1/ledger/entries?from={from}&limit={PAGE}")).ok();
        for own in page["entries"].as_array().unwrap() {
            let leaf = own["leaf"].as_str().unwrap().to_owned();
            let before = all.insert(own["index"].as_u64().unwrap(), (leaf, own["entry"].clone()));
            assert!(before.is_none(), "{own} came twice");
        }
        match page["nextFrom"].as_u64() {
            Some(next) => from = next,
            None => return all,
        }
    }
}

/// What an agent's meters stand at, by the entries.
#[derive(Default)]
pub(crate) struct Tally {
    used: BTreeMap<String, u64>,
    /// By verdict: meter, unit and amount.
    open: BTreeMap<String, Vec<(String, String, u64)>>,
}

impl Tally {
    /// Takes entries over in their order.
    pub(crate) fn take(&mut self, agent: &str, entries: &Entries) {
        for (_, entry) in entries.values().filter(|(_, entry)| entry["agentId"] == agent) {
            match entry["kind"].as_str().unwrap() {
                "verdict" => self.verdict(entry),
                "outcome" => {
                    let happened = entry["outcome"] != "not-executed";
                    self.settle(entry, |unit, amount| match (happened, &entry["cost"][unit]) {
                        (false, _) => 0,
                        (true, Value::Null) => amount,
                        (true, cost) => cost.as_u64().unwrap(),
                    });
                }
                "hold-expired" => self.settle(entry, |_, amount| amount),
                _ => {}
            }
        }
    }

    fn verdict(&mut self, entry: &Value) {
        for charge in entry["charges"].as_array().unwrap() {
            let text = |name: &str| charge[name].as_str().unwrap().to_owned();
            let (meter, amount) = (text("meter"), charge["amount"].as_u64().unwrap());
            if charge["held"] == true {
                let id = entry["id"].as_str().unwrap().to_owned();
                self.open.entry(id).or_default().push((meter, text("unit"), amount));
            } else {
                *self.used.entry(meter).or_default() += amount;
            }
        }
    }

    fn settle(&mut self, entry: &Value, spent: impl Fn(&str, u64) -> u64) {
        let Some(id) = entry["verdictId"].as_str() else { return };
        for (meter, unit, amount) in self.open.remove(id).unwrap_or_default() {
            *self.used.entry(meter).or_default() += spent(&unit, amount);
        }
    }

    pub(crate) fn standings(&self) -> Standings {
        let mut all: Standings = self.used.iter().map(|(name, used)| (name.clone(), (*used, 0))).collect();
        for (meter, _, amount) in self.open.values().flatten() {
            all.entry(meter.clone()).or_default().1 += amount;
        }
        all.retain(|_, standing| *standing != (0, 0));
        all
    }
}

/// What an agent's meters stand at, by what the daemon says.
pub(crate) fn standings(client: &mut Client, agent: &str) -> Standings {
    let mut all = Standings::new();
    let told = client.get(&format!("/v1/agents/{agent}/budgets")).ok();
    for own in told["budgets"].as_array().unwrap() {
        let amount = |name: &str| own[name].as_str().map_or_else(|| own[name].as_u64().unwrap(), micros);
        let standing = all.entry(own["meter"].as_str().unwrap().to_owned()).or_default();
        *standing = (standing.0 + amount("used"), standing.1 + amount("held"));
    }
    all.retain(|_, standing| *standing != (0, 0));
    all
}

/// Dollars as millionths.
pub(crate) fn micros(dollars: &str) -> u64 {
    let (whole, part) = dollars.split_once('.').unwrap_or((dollars, ""));
    whole.parse::<u64>().unwrap() * 1_000_000 + format!("{part:0<6}").parse::<u64>().unwrap()
}

/// Has the program verify a ledger, against checkpoints that were fetched before.
pub(crate) fn verify(place: &Place, checkpoints: &[String]) {
    let mut arguments = vec!["ledger".to_owned(), "verify".to_owned()];
    for (index, checkpoint) in checkpoints.iter().enumerate() {
        let path = place.path(&format!("checkpoint.{index}"));
        fs::write(&path, checkpoint).unwrap();
        arguments.extend(["--checkpoint".to_owned(), path.display().to_string()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = place.run(&arguments);
    assert!(output.status.success(), "{output:?}");
}

/// Whoever kept a key from before a rotation finds out which entry named its successor.
#[test]
fn every_key_that_signed_is_told_with_the_entry_that_named_it() {
    let place = Place::new();
    let keys = |daemon: &crate::harness::Daemon| {
        let mut client = daemon.client();
        let told = client.get("/v1/ledger/keys").ok()["keys"].clone();
        let current = client.get("/v1/ledger/key").body;
        assert_eq!(told.as_array().unwrap().last().unwrap()["key"], current.trim());
        (told, current.trim().to_owned())
    };
    let daemon = place.start();
    let (told, first) = keys(&daemon);
    assert_eq!(told, serde_json::json!([{ "key": first, "from": 0 }]));
    drop(daemon);
    let rotated = place.run(&["ledger", "rotate", "--json"]);
    let rotated: Value = serde_json::from_slice(&rotated.stdout).unwrap_or_else(|_| panic!("{rotated:?}"));
    let daemon = place.start();
    let (told, second) = keys(&daemon);
    assert_ne!(first, second);
    let from = rotated["index"].as_u64().unwrap();
    assert_eq!(told, serde_json::json!([{ "key": first, "from": 0 }, { "key": second, "from": from }]));
    let entry = daemon.client().get(&format!("/v1/ledger/entries/{from}")).ok()["entry"].clone();
    assert_eq!(
        (&entry["kind"], &entry["oldKey"], &entry["newKey"]),
        (&Value::from("key-rotation"), &Value::from(first), &Value::from(second))
    );
}
