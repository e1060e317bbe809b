//! A client that loses its stream again and again, and comes back with the last id that it saw.

use std::io::BufReader;
use std::net::TcpStream;

use serde_json::Value;

use crate::client::{Client, line};
use crate::harness::{Daemon, Place, call};
use crate::ledger;
use crate::load::Load;
use crate::policy;
use crate::postgres::Postgres;

const AGENT: &str = "buyer";

/// One event: id, name, data. A comment has none of them.
type Event = (Option<u64>, Option<String>, Option<Value>);

struct Events {
    lines: BufReader<TcpStream>,
}

impl Events {
    fn open(client: &Client, path: &str, last: Option<u64>) -> Self {
        let last = last.map(|last| last.to_string());
        let headers: Vec<(&str, &str)> = last.iter().map(|last| ("last-event-id", last.as_str())).collect();
        Self { lines: client.open(path, &headers).unwrap() }
    }

    /// The next event or comment. Sizes of chunks are lines that no field looks like.
    fn next(&mut self) -> Event {
        let mut event: Event = (None, None, None);
        let mut is_begun = false;
        loop {
            let line = line(&mut self.lines).unwrap();
            match line.split_once(':') {
                None if line.is_empty() && is_begun => return event,
                None => continue,
                Some(("id", value)) => event.0 = Some(value.trim().parse().unwrap()),
                Some(("event", value)) => event.1 = Some(value.trim().to_owned()),
                Some(("data", value)) => event.2 = Some(serde_json::from_str(value).unwrap()),
                Some(_) => {}
            }
            is_begun = true;
        }
    }

    fn next_with_data(&mut self) -> (u64, Option<String>, Value) {
        loop {
            if let (Some(id), name, Some(data)) = self.next() {
                return (id, name, data);
            }
        }
    }
}

#[test]
fn a_client_that_comes_back_sees_everything_once_and_in_order() {
    let place = Place::new();
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let mut client = daemon.client();
    let start = ledger::size(&mut client);
    let load = Load::start(daemon.address, AGENT, 4);
    let (mut seen, mut last, mut connections) = (Vec::new(), Some(start - 1), 0);
    while connections < 12 {
        connections += 1;
        let mut events = Events::open(&client, "/v1/events/stream", last);
        for _ in 0..(connections * 7) % 40 + 1 {
            let (id, name, data) = events.next_with_data();
            assert_ne!(name.as_deref(), Some("dropped"), "{data}");
            seen.push((id, name, data));
            last = Some(id);
        }
        // The connection ends here, in the middle of what was sent.
    }
    load.end();
    // And the rest of it.
    let size = ledger::size(&mut client);
    let mut events = Events::open(&client, "/v1/events/stream", last);
    while last.is_none_or(|last| last + 1 < size) {
        let event = events.next_with_data();
        last = Some(event.0);
        seen.push(event);
    }
    println!("{} events, {connections} connections", seen.len());
    let entries = ledger::entries(&mut client, start);
    let wrong = seen.iter().map(|event| event.0).zip(start..).find(|(id, expected)| id != expected);
    assert_eq!(wrong, None, "something came twice, or not, or in another order");
    assert_eq!((seen.len(), seen.len() as u64), (entries.len(), size - start), "not everything came");
    for (id, name, data) in &seen {
        let entry = &entries[id].1;
        match name.as_deref() {
            None => {
                assert_eq!((&data["verdictId"], "verdict"), (&entry["id"], entry["kind"].as_str().unwrap()))
            }
            Some(name) => assert_eq!((name, data), (entry["kind"].as_str().unwrap(), entry)),
        }
    }
    assert!(seen.len() > 200);
}

#[test]
fn filters_leave_out_the_rest() {
    let place = Place::new();
    place.govern(&policy::plain(AGENT, "1.0.0"));
    place.govern(&policy::plain("other", "1.0.0"));
    let daemon = place.start();
    let mut client = daemon.client();
    let mut denied = Events::open(&client, "/v1/events/stream?decision=deny", None);
    let mut others = Events::open(&client, "/v1/events/stream?agent=other", None);
    let mut both = Events::open(&client, "/v1/events/stream?agent=other&decision=deny", None);
    // Without an id a stream begins at the end, so nobody may ask before it is there.
    for own in [&mut denied, &mut others, &mut both] {
        own.next();
    }
    let mut ask = |agent: &str, tool: &str| {
        client.post("/v1/evaluate", &call(agent, tool)).ok()["ledger"]["index"].as_u64().unwrap()
    };
    let mine = [ask(AGENT, "search"), ask(AGENT, "nonsense")];
    let theirs = [ask("other", "search"), ask("other", "nonsense")];
    assert_eq!([denied.next_with_data().0, denied.next_with_data().0], [mine[1], theirs[1]]);
    assert_eq!([others.next_with_data().0, others.next_with_data().0], theirs);
    assert_eq!(both.next_with_data().0, theirs[1]);
}

#[test]
fn a_silent_stream_shows_that_it_is_there() {
    let place = Place::new();
    let daemon = place.start();
    let mut events = Events::open(&daemon.client(), "/v1/events/stream", None);
    events.next();
    // It comes within the patience of the client.
    assert_eq!(events.next().2, None, "nothing happened");
}

fn two_daemons() -> (Vec<Place>, Vec<Daemon>) {
    let database = Postgres::shared().database();
    let first = Place::new();
    let key = first.path("key");
    let places: Vec<Place> = (0..2).map(|_| Place::beside(&key, &database)).chain([first]).collect();
    places.iter().for_each(|place| place.govern(&policy::plain(AGENT, "1.0.0")));
    let daemons = places[..2].iter().map(Place::start).collect();
    (places, daemons)
}

#[test]
fn streams_hear_what_another_daemon_records() {
    let (_places, daemons) = two_daemons();
    let mut events = Events::open(&daemons[0].client(), "/v1/events/stream?agent=buyer&decision=allow", None);
    events.next();
    let told = daemons[1].client().post("/v1/evaluate", &call(AGENT, "search")).ok();
    assert_eq!(events.next_with_data().2["verdictId"], told["verdictId"]);
}

/// A client that lost one daemon comes back to another, which may not have heard of everything yet.
#[test]
fn a_client_that_changes_daemons_sees_nothing_twice() {
    let (_places, daemons) = two_daemons();
    let mut clients: Vec<Client> = daemons.iter().map(Daemon::client).collect();
    let ask = |client: &mut Client| {
        let verdict = client.post("/v1/evaluate", &call(AGENT, "search")).ok();
        verdict["ledger"]["index"].as_u64().unwrap()
    };
    for _ in 0..40 {
        let seen = ask(&mut clients[1]);
        let mut events = Events::open(&clients[0], "/v1/events/stream", Some(seen));
        let next = ask(&mut clients[0]);
        assert_eq!(events.next_with_data().0, next, "after {seen}");
    }
}
