//! Entries as they happen, and a client that comes back.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sentinel::auth::Role;
use serde_json::{Value, json};

use crate::support::{Daemon, KEY, POLICY, SECRET, token, token_of, write_request};

/// A stream, read event by event.
struct Events {
    lines: BufReader<TcpStream>,
}

/// Its id, its name and its data.
type Event = (Option<u64>, Option<String>, Option<Value>);

impl Events {
    fn open(daemon: &Daemon, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = daemon.connect();
        let bearer = format!("Bearer {KEY}");
        let mut all = headers.to_vec();
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            all.push(("authorization", &bearer));
        }
        write_request(&mut stream, "GET", path, &all, None);
        let mut events = Self { lines: BufReader::new(stream) };
        let status = events.line().unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        while events.line().is_some_and(|line| !line.is_empty()) {}
        // The greeting: it says that the stream is there.
        assert_eq!(events.next().map(|(_, name, data)| (name, data)), Some((None, None)));
        events
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.lines.read_line(&mut line).unwrap();
        (count > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The next event; `None` at the end. Sizes of chunks are lines of their own, which no field
    /// looks like.
    fn next(&mut self) -> Option<Event> {
        let (mut id, mut name, mut data, mut any) = (None, None, None, false);
        loop {
            let line = self.line()?;
            let Some((field, value)) = line.split_once(':') else {
                if line.is_empty() && any {
                    return Some((id, name, data));
                }
                continue;
            };
            any = true;
            let value = value.trim_start();
            match field {
                "id" => id = Some(value.parse().unwrap()),
                "event" => name = Some(value.to_owned()),
                "data" => data = Some(serde_json::from_str(value).unwrap()),
                _ => {}
            }
        }
    }

    /// The next entry. Now and then a silent stream shows that it is there, which is none.
    fn entry(&mut self) -> Event {
        loop {
            let own = self.next().unwrap_or_else(|| panic!("the stream ended"));
            if own.2.is_some() {
                return own;
            }
        }
    }
}

fn evaluate(daemon: &Daemon, agent: &str, tool: &str) -> u64 {
    let body = json!({ "agentId": agent, "toolName": tool, "toolInput": {} }).to_string();
    daemon.post("/v1/evaluate", &body).json()["ledger"]["index"].as_u64().unwrap()
}

#[test]
fn verdicts_arrive_and_a_client_goes_on_where_it_was() {
    let daemon = Daemon::governed();
    let mut events = Events::open(&daemon, "/v1/events/stream", &[]);
    let first = evaluate(&daemon, "my-agent", "search_code");
    let (id, name, data) = events.entry();
    let data = data.unwrap();
    assert_eq!((id, name), (Some(first), None), "a verdict is the default event");
    for (field, value) in [
        ("decision", json!("allow")),
        ("agentId", json!("my-agent")),
        ("toolName", json!("search_code")),
        ("layer", json!("deterministic")),
        ("mode", json!("enforce")),
        ("enforced", json!(true)),
        ("permitted", json!(true)),
        ("verdictId", json!(format!("main-{first}"))),
    ] {
        assert_eq!(data[field], value, "{field}: {data}");
    }
    assert!(
        data["reason"].is_string() && data["timestamp"].is_string() && data["riskPoints"].is_u64(),
        "{data}"
    );
    drop(events);
    // While nobody listens.
    let second = evaluate(&daemon, "my-agent", "nonsense");
    daemon.post("/v1/sessions", r#"{"agentId":"my-agent"}"#);
    let last = first.to_string();
    for (path, headers) in [
        ("/v1/events/stream".to_owned(), vec![("last-event-id", last.as_str())]),
        (format!("/v1/events/stream?lastEventId={last}"), vec![]),
        ("/v1/events/stream?lastEventId=0".to_owned(), vec![("last-event-id", last.as_str())]),
    ] {
        let mut events = Events::open(&daemon, &path, &headers);
        let (id, name, data) = events.entry();
        assert_eq!((id, name, &data.unwrap()["decision"]), (Some(second), None, &json!("deny")), "{path}");
        let (id, name, data) = events.entry();
        assert_eq!((id, name.as_deref()), (Some(second + 1), Some("session-start")), "{path}");
        assert_eq!(data.unwrap()["kind"], "session-start");
    }
    for wrong in ["x", "-1", "99999999999999999999"] {
        let reply = daemon.ask(
            "GET",
            "/v1/events/stream",
            &[("authorization", &format!("Bearer {KEY}")), ("last-event-id", wrong)],
            None,
        );
        assert_eq!(reply.code(), "bad-request", "{wrong}");
    }
}

#[test]
fn a_stream_shows_what_was_asked_for_and_may_be_seen() {
    let daemon = Daemon::governed();
    daemon.deploy(&POLICY.replace("my-agent", "another-agent"));
    let own = format!("Bearer {}", token(&[Role::Evaluate], "my-agent"));
    let mut denied = Events::open(&daemon, "/v1/events/stream?decision=deny", &[]);
    let mut others = Events::open(&daemon, "/v1/events/stream?agent=another-agent", &[]);
    let mut mine = Events::open(&daemon, "/v1/events/stream", &[("authorization", &own)]);
    let theirs = evaluate(&daemon, "another-agent", "search_code");
    let allowed = evaluate(&daemon, "my-agent", "search_code");
    let refused = evaluate(&daemon, "my-agent", "nonsense");
    assert_eq!(others.entry().0, Some(theirs));
    assert_eq!(mine.entry().0, Some(allowed));
    assert_eq!(denied.entry().0, Some(refused));
    let foreign =
        daemon.ask("GET", "/v1/events/stream?agent=another-agent", &[("authorization", &own)], None);
    assert_eq!((foreign.status, foreign.code().as_str()), (403, "foreign-agent"));
}

#[test]
fn there_are_only_so_many_streams() {
    let daemon = Daemon::governed();
    let path = "/v1/events/stream";
    let mut open: Vec<Events> = Vec::new();
    // Nobody takes all of them.
    for number in 0..8 {
        let token = token_of(&format!("watcher-{number}"), &[Role::Audit], "*");
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        open.extend((0..32).map(|_| Events::open(&daemon, path, &headers)));
        let reply = daemon.ask_as(&token, "GET", path, None);
        assert_eq!(
            (reply.status, reply.code().as_str(), reply.header("retry-after")),
            (503, "busy", Some("1"))
        );
    }
    // Nor are there more for others.
    assert_eq!((open.len(), daemon.get(path).code().as_str()), (256, "busy"));
    // All of them hear of it.
    let index = evaluate(&daemon, "my-agent", "search_code");
    assert!(open.iter_mut().all(|events| events.entry().0 == Some(index)));
    // A place is given back.
    drop(open);
    let since = Instant::now();
    while daemon.get("/metrics").body.contains("sentinel_sse_streams 256\n") {
        assert!(since.elapsed() < Duration::from_secs(90), "no place was given back");
        evaluate(&daemon, "my-agent", "search_code");
    }
}

#[test]
fn streams_end_with_the_daemon_and_do_not_delay_it() {
    let long = ("SENTINEL_DRAIN_TIMEOUT", "600000");
    let mut daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SOE_JWT_SECRET", SECRET), long]);
    let mut events = Events::open(&daemon, "/v1/events/stream", &[]);
    assert!(daemon.get("/metrics").body.contains("sentinel_sse_streams 1\n"));
    // It would wait for ten minutes for whoever goes on, and nobody here does for it.
    daemon.stop();
    while events.next().is_some() {}
}
