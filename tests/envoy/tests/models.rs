//! Answers of model APIs through the filter, read by the official clients: a call that is permitted is
//! as the model made it, one that is denied never gets to the agent, and a stream stays one.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails loudly")]

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sentinel_envoy_tests::client::{request, send};
use sentinel_envoy_tests::filter::{governed, policy};
use sentinel_envoy_tests::model::{Api, SENTENCE};
use sentinel_envoy_tests::{
    Answer, Bootstrap, Connection, Envoy, Gate, Request, Response, Upstream, script, tools,
};
use serde_json::{Value, json};

/// Between the events of a stream.
const GAP: Duration = Duration::from_millis(20);

/// What clients ask the upstream for when they have read the first words.
const READ: &str = "/read";

/// How a stream ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// The model's server goes away in the middle of a call.
    CutOff,
    /// Something comes that nobody can read.
    Unreadable,
}

/// What the model says next.
#[derive(Clone, Debug, Default)]
struct Script {
    tools: Vec<&'static str>,
    breaks: Option<Break>,
    /// What the rest of a stream waits for, behind the first words.
    gate: Option<Gate>,
}

struct Rig {
    envoy: Envoy,
    upstream: Upstream,
    script: &'static Mutex<Script>,
}

fn answer(request: &Request, script: &Script) -> Answer {
    let api = Api::of(&request.target);
    let streams =
        serde_json::from_slice::<Value>(&request.body).is_ok_and(|body| body["stream"] == json!(true));
    if !streams {
        return Answer::new(200, "application/json", api.whole(&script.tools));
    }
    let events = api.events(&script.tools);
    let mut events: Vec<&str> = events.iter().map(String::as_str).collect();
    let Some(way) = script.breaks else {
        let said = Answer::stream("text/event-stream", &events, GAP);
        let Some(gate) = &script.gate else { return said };
        gate.set(false);
        let first = events.iter().position(|event| event.contains(SENTENCE[0])).expect("the first words");
        return said.gated(first + 1, gate);
    };
    let call = events.iter().position(|event| event.contains("Bern")).expect("a call");
    events.truncate(call);
    if way == Break::Unreadable {
        events.push("data: {\"type\": [\n\n");
        return Answer::stream("text/event-stream", &events, GAP);
    }
    let body = events.concat();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    Answer::raw(format!("{head}{:x}\r\n{body}\r\n", body.len()))
}

/// One proxy for all tests, one at a time.
fn rig(tools: &[&'static str], breaks: Option<Break>) -> MutexGuard<'static, Rig> {
    static SCRIPT: Mutex<Script> = Mutex::new(Script { tools: Vec::new(), breaks: None, gate: None });
    static RIG: LazyLock<Mutex<Rig>> = LazyLock::new(|| {
        let upstream = Upstream::answering(|request| {
            let script = SCRIPT.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if request.target == READ {
                script.gate.iter().for_each(|gate| gate.set(true));
                return Answer::new(200, "text/plain", "");
            }
            answer(request, &script)
        });
        let mut own = policy(&json!({
            "rules": [{ "hosts": ["model.example", "127.0.0.1:*"], "blockPrivateIps": false, "llm": true }],
        }));
        own["toolActions"] = json!({ "allowed": ["get_weather"] });
        let envoy = Envoy::start(&Bootstrap::new(upstream.port()).filter(governed(&own)).build());
        Mutex::new(Rig { envoy, upstream, script: &SCRIPT })
    });
    let rig = RIG.lock().unwrap_or_else(PoisonError::into_inner);
    *rig.script.lock().unwrap_or_else(PoisonError::into_inner) =
        Script { tools: tools.to_vec(), breaks, gate: None };
    rig
}

fn ask(api: Api, stream: bool) -> Vec<u8> {
    let body = json!({ "model": "m", "stream": stream }).to_string();
    let headers = [("content-type", "application/json"), ("authorization", "Bearer key")];
    request("POST", "model.example", api.path(), &headers, body.as_bytes())
}

impl Rig {
    fn ask(&self, api: Api, stream: bool) -> Response {
        send(self.envoy.port(), &ask(api, stream)).expect("an answer")
    }

    /// What the official clients make of it, each way in turn.
    fn clients(&self, ways: &[(Api, bool)]) -> Vec<Value> {
        let name = |api: Api| match api {
            Api::Chat => "chat",
            Api::Responses => "responses",
            Api::Messages => "messages",
        };
        let way = |(api, stream): &(Api, bool)| {
            format!("{}:{}", name(*api), if *stream { "stream" } else { "whole" })
        };
        let read = format!("http://127.0.0.1:{}{READ}", self.upstream.port());
        let arguments: Vec<String> =
            [self.envoy.port().to_string(), read].into_iter().chain(ways.iter().map(way)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let told = script::run(&tools::models(), "model.mjs", &arguments);
        let told = told.as_array().expect("a list").clone();
        assert_eq!(told.len(), ways.len());
        told
    }
}

const STREAMED: [(Api, bool); 3] = [(Api::Chat, true), (Api::Responses, true), (Api::Messages, true)];

fn every_way() -> Vec<(Api, bool)> {
    Api::ALL.into_iter().flat_map(|api| [(api, false), (api, true)]).collect()
}

#[test]
fn a_permitted_call_passes_byte_for_byte() {
    let tools = ["get_weather", "get_weather"];
    let rig = rig(&tools, None);
    for (api, stream) in every_way() {
        let sent = if stream { api.events(&tools).concat() } else { api.whole(&tools) };
        let answer = rig.ask(api, stream);
        assert!(answer.complete, "{api:?} {stream}");
        assert_eq!(answer.text(), sent, "{api:?} {stream}");
    }
}

#[test]
fn a_denied_call_never_gets_to_the_agent() {
    let rig = rig(&["rm", "get_weather", "rm"], None);
    for (api, stream) in every_way() {
        let text = rig.ask(api, stream).text();
        assert!(!text.contains("\"rm\"") && text.contains("get_weather"), "{api:?} {stream}: {text}");
    }
    for ((api, stream), told) in every_way().iter().zip(rig.clients(&every_way())) {
        let weather = json!([{ "name": "get_weather", "arguments": { "city": "Bern" } }]);
        assert_eq!(told["calls"], weather, "{api:?} {stream}: {told}");
        let text = told["text"].as_str().unwrap_or_default();
        let is_told = text.contains("A tool call was denied by policy") && text.contains("rm");
        assert!(text.starts_with(&SENTENCE.concat()) && is_told, "{api:?} {stream}: {told}");
    }
}

#[test]
fn where_every_call_is_denied_the_agent_reads_why() {
    let rig = rig(&["rm"], None);
    for ((api, stream), told) in every_way().iter().zip(rig.clients(&every_way())) {
        let log = || rig.envoy.log();
        assert_eq!(told["thrown"], Value::Null, "{api:?} {stream}: {told}\n{}", log());
        assert_eq!(told["calls"], json!([]), "{api:?} {stream}: {told}");
        let text = told["text"].as_str().unwrap_or_default();
        assert!(text.contains("denied by policy"), "{api:?} {stream}: {told}");
    }
}

/// The first words are there while the model still thinks about what to call.
#[test]
fn text_arrives_before_the_stream_ends() {
    let rig = rig(&["get_weather", "get_weather"], None);
    let gate = Gate::default();
    rig.script.lock().unwrap_or_else(PoisonError::into_inner).gate = Some(gate.clone());
    for api in Api::ALL {
        let mut connection = Connection::open(rig.envoy.port());
        connection.send(&ask(api, true));
        let first = connection.read_until(SENTENCE[0]);
        assert!(!first.contains("Bern"), "{api:?}: {first}");
        gate.set(true);
        let rest = connection.read_until("\r\n0\r\n\r\n");
        assert!(rest.contains("Bern"), "{api:?}: {rest}");
    }
    for (api, told) in Api::ALL.iter().zip(rig.clients(&STREAMED)) {
        // The stream went on because the client had read its first words: without them it breaks.
        assert_eq!((&told["thrown"], &told["hasRead"]), (&Value::Null, &json!(true)), "{api:?}: {told}");
    }
}

/// Nothing of a call that was never whole, and no end that looks like one.
#[test]
fn a_stream_that_breaks_ends_broken() {
    for way in [Break::CutOff, Break::Unreadable] {
        let rig = rig(&["get_weather"], Some(way));
        for api in Api::ALL {
            let answer = rig.ask(api, true);
            let text = answer.text();
            assert!(!answer.complete, "{way:?} {api:?}: {text}");
            assert!(text.contains(SENTENCE[0]) && !text.contains("get_weather"), "{way:?} {api:?}: {text}");
        }
        for (api, told) in Api::ALL.iter().zip(rig.clients(&STREAMED)) {
            assert_eq!(told["calls"], json!([]), "{way:?} {api:?}: {told}");
            assert!(told["thrown"].is_string(), "{way:?} {api:?}: {told}");
        }
    }
}

/// Errors have no calls, and clients want to read them.
#[test]
fn paths_that_are_no_model_s_pass() {
    let upstream =
        Upstream::answering(|_| Answer::new(429, "application/json", r#"{"error":{"type":"rate_limit"}}"#));
    let mut own = policy(&json!({ "rules": [{ "hosts": ["model.example"], "llm": true }] }));
    own["toolActions"] = json!({ "allowed": ["get_weather"] });
    let envoy = Envoy::start(&Bootstrap::new(upstream.port()).filter(governed(&own)).build());
    for bytes in [ask(Api::Chat, true), request("GET", "model.example", "/v1/models", &[], b"")] {
        let answer = send(envoy.port(), &bytes).expect("an answer");
        assert_eq!((answer.status, answer.text().as_str()), (429, r#"{"error":{"type":"rate_limit"}}"#));
    }
}
