//! `POST /v1/evaluate`, as every example has to answer it.

use std::collections::BTreeMap;
use std::fs;

use sentinel_tests::{native, repository};
use serde_json::{Value, json};

use crate::client::{Client, raw};
use crate::daemon::{Daemon, Mood};
use crate::place::{Place, TOKEN};

/// The agent of the example's own policy.
pub(crate) const AGENT: &str = "edge-agent";

/// The example's own policy, and one that holds nothing back.
pub(crate) fn policies() -> BTreeMap<String, String> {
    let path = repository("examples/edge-worker/policies/edge-agent.soe.json");
    let own = fs::read_to_string(path).expect("the example has a policy");
    let watched =
        own.replace(AGENT, "watched-agent").replacen("\"version\"", "\"mode\": \"audit\", \"version\"", 1);
    BTreeMap::from([(AGENT.to_owned(), own), ("watched-agent".to_owned(), watched)])
}

/// A call of the agent: a command, or a tool that pays so much.
pub(crate) fn call(tool: &str, what: &str) -> String {
    let mut call = json!({"agentId": AGENT, "toolName": tool, "toolInput": {"command": what}});
    if tool == "pay_invoice" {
        call["toolInput"] = json!({"invoice": 7});
        call["cost"] = json!({"usd": what});
    }
    call.to_string()
}

fn verdict(call: &str) -> String {
    let policies = policies();
    let value: Value = serde_json::from_str(call).expect("JSON");
    let policy = native::load(&policies[value["agentId"].as_str().expect("an agent")]);
    native::ask(&policy, call.as_bytes()).1.json
}

/// Verdicts, and what is added to them.
pub(crate) fn answers(place: &Place) {
    let client = place.client();
    let mut ids = Vec::new();
    for (call, decision) in [
        (call("Bash", "npm test"), "allow"),
        (call("Bash", "rm -rf /"), "deny"),
        (call("search", ""), "allow"),
        (call("delete_database", ""), "deny"),
        (call("Bash", "npm test").replace(AGENT, "watched-agent"), "allow"),
        (call("Bash", "rm -rf /").replace(AGENT, "watched-agent"), "deny"),
    ] {
        let answer = client.send("POST", "/v1/evaluate", &[("x-request-id", "r-1")], call.as_bytes());
        assert_eq!((answer.status, answer.text("decision")), (200, decision), "{call}: {answer:?}");
        let own = verdict(&call);
        let rest =
            answer.body.strip_prefix(own.strip_suffix('}').expect("an object")).expect("the engine's bytes");
        let more: Value = serde_json::from_str(&format!("{{{}", rest.trim_start_matches(','))).expect("JSON");
        let names: Vec<_> = more.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, ["timestamp", "verdictId"], "{rest}");
        let at = more["timestamp"].as_str().expect("a text");
        assert!(at.len() == 24 && at.starts_with("20") && at.ends_with('Z'), "{at}");
        ids.push(more["verdictId"].clone());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-request-id"), Some("r-1"));
    }
    for (number, id) in ids.iter().enumerate() {
        assert!(
            id.as_str().is_some_and(|id| id.starts_with("test-")) && !ids[..number].contains(id),
            "{ids:?}"
        );
    }
    let unknown = client.post("/v1/evaluate", call("Bash", "npm test").replace(AGENT, "nobody-knows"));
    assert_eq!(
        (unknown.status, unknown.text("decision"), unknown.text("code")),
        (200, "deny", "policy-missing")
    );
    assert_eq!(unknown.json()["permitted"], false);
}

/// Nobody gets in without the token, and a refusal is a denial.
pub(crate) fn credentials(place: &Place) {
    let call = call("Bash", "npm test");
    let client = place.client();
    let own = format!("Bearer {TOKEN}");
    let shorter = format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]);
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[("authorization", "")], "no-credentials"),
        (&[("authorization", "Bearer wrong")], "unknown-key"),
        (&[("authorization", &shorter)], "unknown-key"),
        (&[("authorization", &format!("Basic {TOKEN}"))], "malformed-credentials"),
        (&[("authorization", &format!("Bearer {TOKEN} {TOKEN}"))], "malformed-credentials"),
        (&[("authorization", &own), ("x-soe-api-key", TOKEN)], "conflicting-credentials"),
        (&[("authorization", "Bearer")], "malformed-credentials"),
    ];
    for (headers, code) in cases {
        let answer = client.send("POST", "/v1/evaluate", headers, call.as_bytes());
        assert_eq!((answer.status, answer.text("code")), (401, code), "{headers:?}: {answer:?}");
        assert_eq!((answer.text("decision"), &answer.json()["permitted"]), ("deny", &json!(false)));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"sentinel\""));
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    let twice = client.send(
        "POST",
        "/v1/evaluate",
        &[("authorization", &own), ("authorization", &own)],
        call.as_bytes(),
    );
    assert_eq!(twice.status, 401, "{twice:?}");
    let elsewhere = Client::new(&place.url, "wrong").post("/access/v1/evaluation", &call);
    assert_eq!((elsewhere.status, &elsewhere.json()["decision"]), (401, &json!(false)));
}

/// What is no call.
pub(crate) fn malformed(place: &Place) {
    let client = place.client();
    let deep = format!(
        r#"{{"agentId":"{AGENT}","toolName":"search","toolInput":{}{}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let good = call("search", "");
    let not_text = [br#"{"agentId":""#.as_slice(), &[0xff], b"\"}"].concat();
    let cases: [(&[u8], u16, &str); 13] = [
        (b"", 400, "bad-json"),
        (b"{", 400, "bad-json"),
        (b"hello", 400, "bad-request"),
        (b"[]", 400, "bad-request"),
        (b"null", 400, "bad-request"),
        (b"{}", 400, "bad-request"),
        (&not_text, 400, "bad-request"),
        (br#"{"agentId":7,"toolName":"search","toolInput":{}}"#, 400, "bad-request"),
        (br#"{"agentId":"../x","toolName":"search","toolInput":{}}"#, 400, "bad-request"),
        (br#"{"agentId":"a..b","toolName":"search","toolInput":{}}"#, 400, "bad-request"),
        (br#"{"agentId":"edge-agent","toolInput":{}}"#, 400, "bad-request"),
        (deep.as_bytes(), 400, "too-deep"),
        (b"{\"agentId\":\"edge-agent\",\"toolName\":\"search\",\"toolInput\":{}} x", 400, "bad-json"),
    ];
    for (body, status, code) in cases {
        let answer = client.post("/v1/evaluate", body);
        let shown: String = String::from_utf8_lossy(body).chars().take(80).collect();
        assert_eq!((answer.status, answer.text("code")), (status, code), "{shown}: {answer:?}");
        assert_eq!((answer.text("decision"), &answer.json()["permitted"]), ("deny", &json!(false)));
    }
    // What the engine reads, it also refuses.
    let twice = client
        .post("/v1/evaluate", r#"{"agentId":"edge-agent","toolName":"search","toolInput":{"a":1,"a":2}}"#);
    assert_eq!((twice.status, twice.text("code")), (200, "call-duplicate-key"));
    let unknown =
        client.post("/v1/evaluate", r#"{"agentId":"edge-agent","toolName":"search","toolInput":{},"x":1}"#);
    assert_eq!((unknown.status, unknown.text("code")), (200, "call-unknown-field"));
    for (headers, status) in [
        ([("content-type", "text/plain")], 415),
        ([("content-type", "application/json; charset=latin1")], 415),
        ([("content-encoding", "gzip")], 415),
        ([("content-type", "application/json; charset=utf-8")], 200),
    ] {
        let answer = client.send("POST", "/v1/evaluate", &headers, good.as_bytes());
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
    }
    assert_eq!(client.post("/v1/evaluate?x=1", &good).status, 400);
    assert_eq!(client.post("/v1/nothing", &good).text("code"), "not-found");
    assert_eq!(client.post("/__proto__", &good).text("code"), "not-found");
    let get = client.send("GET", "/v1/evaluate", &[], b"");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    let head = format!("POST /v1/evaluate HTTP/1.1\nHost: x\nAuthorization: Bearer {TOKEN}\n");
    let large = 9 << 20;
    assert_eq!(raw(&place.url, &format!("{head}Content-Length: {large}\n\n"), b""), Some(413));
    let body = vec![b' '; large];
    let chunk = [format!("{large:x}\r\n").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    assert_eq!(raw(&place.url, &format!("{head}Transfer-Encoding: chunked\n\n"), &chunk), Some(413));
}

/// A call, with the environment of the place that was asked.
fn placed(call: &str, environment: &str) -> String {
    call.replacen('{', &format!("{{\"environment\":\"{environment}\","), 1)
}

/// A daemon of another environment is told which one this is, so that it refuses.
pub(crate) fn elsewhere(place: &Place, daemon: &Daemon) {
    let pays = call("pay_invoice", "1.00");
    place.client().post("/v1/evaluate", &pays);
    assert_eq!(daemon.last_asked().0, placed(&pays, "production"));
}

/// A place says which environment it is.
pub(crate) fn environment(place: &Place) {
    let client = place.client();
    let own = call("Bash", "npm test");
    let answer = client.post("/v1/evaluate", &own);
    let placed = own.replacen('{', "{\"environment\":\"production\",", 1);
    let expected = verdict(&placed);
    assert!(
        answer.body.starts_with(expected.strip_suffix('}').expect("an object")),
        "{answer:?}\n{expected}"
    );
    assert_eq!(client.post("/v1/evaluate", &placed).text("decision"), "allow");
    let other = client.post("/v1/evaluate", placed.replace("production", "development"));
    assert_eq!((other.status, other.text("code"), other.text("decision")), (400, "bad-request", "deny"));
}

/// What needs memory is denied, in every mode.
pub(crate) fn without_daemon(place: &Place) {
    let client = place.client();
    let pays = call("pay_invoice", "1.00");
    let with =
        |name: &str, value: &str| call("search", "").replacen('{', &format!("{{\"{name}\":\"{value}\","), 1);
    for body in [
        pays.clone(),
        pays.replace(AGENT, "watched-agent"),
        with("sessionId", "s"),
        with("approvalId", "a"),
        with("idempotencyKey", "k"),
    ] {
        let answer = client.post("/v1/evaluate", &body);
        assert_eq!((answer.status, answer.text("code")), (503, "daemon-missing"), "{body}: {answer:?}");
        assert_eq!((answer.text("decision"), &answer.json()["permitted"]), ("deny", &json!(false)));
    }
    let key = client.send("POST", "/v1/evaluate", &[("idempotency-key", "k")], call("search", "").as_bytes());
    assert_eq!(key.text("code"), "daemon-missing");
    // What is denied whatever the meters say needs none.
    let denied = client.post("/v1/evaluate", call("delete_database", "").replace("{}", r#"{"x":1}"#));
    assert_eq!((denied.status, denied.text("code")), (200, "tool-denied"), "{denied:?}");
}

/// What needs memory is asked, and nothing but a verdict on this very call is taken for an answer. `environment`: the
/// place's own, if it has one.
pub(crate) fn with_daemon(place: &Place, daemon: &Daemon, environment: Option<&str>) {
    daemon.mood(Mood::Well);
    let client = place.client();
    let pays = call("pay_invoice", "1.00");
    let before = daemon.asked();
    let answer = client.post("/v1/evaluate", &pays);
    assert_eq!(
        (answer.status, answer.text("decision"), answer.text("verdictId")),
        (200, "allow", "main-7"),
        "{answer:?}"
    );
    assert_eq!(answer.json()["ledger"]["index"], 7);
    let told = environment.map_or_else(|| pays.clone(), |own| placed(&pays, own));
    assert_eq!(daemon.last_asked(), (told.clone(), None), "byte for byte, and the environment");
    let keyed = client.send("POST", "/v1/evaluate", &[("idempotency-key", "once")], pays.as_bytes());
    assert_eq!((keyed.status, daemon.last_asked()), (200, (told, Some("once".to_owned()))));
    assert_eq!(daemon.asked(), before + 2);
    assert_eq!(client.post("/v1/evaluate", call("Bash", "npm test")).status, 200);
    assert_eq!(daemon.asked(), before + 2, "what needs no memory is not asked");
    // Neither a key nor an answer is a way around the policy of this place.
    let denied = call("delete_database", "");
    let headers: [&[(&str, &str)]; 2] = [&[("idempotency-key", "x")], &[]];
    for (headers, name) in headers.into_iter().zip(["sessionId", "approvalId"]) {
        let body = denied.replacen('{', &format!("{{\"{name}\":\"x\","), 1);
        let answer = client.send("POST", "/v1/evaluate", headers, body.as_bytes());
        assert_eq!((answer.status, answer.text("code")), (200, "tool-denied"), "{name}: {answer:?}");
        assert_eq!(answer.json()["permitted"], false);
    }
    assert_eq!(daemon.asked(), before + 2, "what is denied here is not asked");
    for (mood, code) in [
        (Mood::Away, "daemon-unreachable"),
        (Mood::Slow, "daemon-timeout"),
        (Mood::Broken, "daemon-refused"),
        (Mood::Elsewhere, "daemon-refused"),
        (Mood::Contradicting, "daemon-refused"),
    ] {
        daemon.mood(mood);
        let answer = client.post("/v1/evaluate", &pays);
        assert_eq!((answer.status, answer.text("code")), (503, code), "{mood:?}: {answer:?}");
        assert_eq!((answer.text("decision"), &answer.json()["permitted"]), ("deny", &json!(false)));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    daemon.mood(Mood::Well);
    assert_eq!(client.post("/v1/evaluate", &pays).status, 200, "it is back");
}
