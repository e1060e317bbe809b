//! One corpus, one more path: requests of the corpus go through the filter in a real Envoy, and come
//! to the verdict that the engine gives as a library and that the corpus asks for.
//!
//! Calls of other tools come through in answers of a model: `tools.rs`.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails loudly")]

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_engine::{Actor, HttpHead, HttpRequest, Resolved, http_call};
use sentinel_envoy_tests::{Answer, Bootstrap, Connection, Envoy, Upstream, module, wasm};
use sentinel_tests::corpus::{Case, Corpus, Expect, Forward};
use sentinel_tests::native;
use serde_json::{Value, json};

/// How long to look for an answer to a request that promises more than it sends: there is none.
const SILENCE: Duration = Duration::from_millis(700);

/// Requests that Envoy writes in another way before the filter sees them, and the code that they are
/// refused with then. Every other refusal has the code that it has without a proxy.
const REWRITTEN: &[(&str, &str)] = &[
    ("http-path-deny-only-slashes", "path-denied"),
    ("http-path-leading-slashes-host", "path-not-allowed"),
    ("http-path-leading-slashes-denied", "path-denied"),
    ("http-path-backslash-dots", "path-not-allowed"),
    ("http-path-parameter-dots", "path-denied"),
    ("http-path-parameter-escape", "path-not-allowed"),
    // Several `Host` are one, with commas.
    ("http-agree-host-differs-denied-authority", "host-malformed"),
    ("http-agree-host-twice", "host-malformed"),
    ("http-agree-host-twice-other", "host-malformed"),
];

/// A case as somebody sends it.
struct Sent<'c> {
    case: &'c Case,
    input: Value,
    body: Option<Vec<u8>>,
}

impl<'c> Sent<'c> {
    /// `None` for what is no request, or cannot be one on the wire.
    fn read(case: &'c Case) -> Option<Self> {
        let call: Value = serde_json::from_slice(&case.call).ok()?;
        if call["toolName"] != "http" || case.not_through_proxy.is_some() {
            return None;
        }
        let input = call["toolInput"].clone();
        let body = match (&input["body"], &input["bodyBase64"]) {
            (Value::String(text), _) => Some(text.clone().into_bytes()),
            (_, Value::String(text)) => Some(STANDARD.decode(text).expect("base64")),
            (_, _) => None,
        };
        Some(Self { case, input, body })
    }

    fn text(&self, member: &str) -> &str {
        self.input[member].as_str().unwrap_or_default()
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        let pairs = self.input["headers"].as_array().into_iter().flatten();
        pairs.map(|pair| (pair[0].as_str().expect("a name"), pair[1].as_str().expect("a value"))).collect()
    }

    /// Whether it sends all that it promises.
    fn is_whole(&self) -> bool {
        let sent = self.body.as_ref().map_or(0, Vec::len);
        let headers = self.headers().into_iter();
        let mut lengths = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        lengths.all(|(_, length)| length.parse::<usize>().is_ok_and(|length| length <= sent))
    }

    /// On the wire, with nothing in between that would correct it.
    fn bytes(&self) -> Vec<u8> {
        let (method, authority) = (self.text("method"), self.text("authority"));
        let target = match self.text("path") {
            "" if method == "CONNECT" => authority,
            path => path,
        };
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {authority}\r\n");
        for (name, value) in self.headers() {
            head += &format!("{name}: {value}\r\n");
        }
        let has = |name: &str| self.headers().iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let mut body = self.body.clone().unwrap_or_default();
        if has("transfer-encoding") {
            body = in_chunks(&body);
        } else if self.body.is_some() && !has("content-length") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        [head.as_bytes(), b"\r\n", &body].concat()
    }

    /// The call that the filter makes of it, before the proxy has changed anything.
    fn call(&self) -> Vec<u8> {
        let actor = Actor { agent_id: &self.case.policy, environment: None, session_id: None, secret: None };
        let headers = self.headers();
        let head = HttpHead {
            method: self.text("method"),
            scheme: self.text("scheme"),
            authority: self.text("authority"),
            path: self.text("path"),
            headers: &headers,
        };
        let body = self.body.as_deref();
        http_call(&actor, &HttpRequest { head, body, resolved: Resolved::Unknown })
    }
}

fn in_chunks(body: &[u8]) -> Vec<u8> {
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let chunks: Vec<u8> = body.chunks(1_000).flat_map(chunk).collect();
    [chunks.as_slice(), b"0\r\n\r\n"].concat()
}

fn fits(expect: Expect, outcome: &str) -> bool {
    match expect {
        Expect::Exactly(expected) => outcome == expected,
        Expect::NotAllow => outcome != "allow",
    }
}

fn shown(case: &Case) -> String {
    let call: String = String::from_utf8_lossy(&case.call).chars().take(700).collect();
    format!("{} [{}] expected {:?} ({})\n  {call}", case.name, case.policy, case.expect, case.because)
}

/// The corpus without a proxy: a mistake of the engine shows here, and in a second.
#[test]
fn the_engine_decides_every_request_as_the_corpus_says() {
    let corpus = Corpus::load();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (name, text) in &corpus.policies {
        let policy = native::load(text);
        for case in corpus.cases.iter().filter(|case| case.policy == *name && is_request(case)) {
            tried += 1;
            let (decision, verdict) = native::ask(&policy, &case.call);
            let outcome = verdict.decision.as_str();
            let has_code = |code: &String| {
                decision.reasons.iter().any(|reason| match code.strip_suffix('*') {
                    Some(start) => reason.code.starts_with(start),
                    None => reason.code == *code,
                })
            };
            let forward = decision
                .forward
                .as_ref()
                .map(|own| Forward { authority: own.authority.clone(), path: own.path.clone() });
            let is_right = fits(case.expect, outcome)
                && case.code.as_ref().is_none_or(has_code)
                && (case.forward.is_none() || forward == case.forward);
            if !is_right {
                wrong.push(format!(
                    "{}, code {:?}, {:?}\n  {}",
                    shown(case),
                    case.code,
                    case.forward,
                    verdict.json
                ));
            }
            // The filter leaves out secrets and what proxies add: nothing is decided by them.
            if let Some(sent) = Sent::read(case) {
                let (_, of_filter) = native::ask(&policy, &sent.call());
                if (of_filter.decision, &of_filter.code) != (verdict.decision, &verdict.code) {
                    wrong.push(format!(
                        "{}: the filter's call is decided in another way\n  {}",
                        shown(case),
                        of_filter.json
                    ));
                }
            }
        }
    }
    assert!(tried > 1_000, "{tried} requests");
    assert!(wrong.is_empty(), "{} of {tried} cases:\n{}", wrong.len(), wrong.join("\n"));
}

fn is_request(case: &Case) -> bool {
    case.policy.starts_with("http")
}

/// What came of a request, as far as anybody outside can see.
struct Seen {
    /// `deny` for what Envoy refuses itself.
    outcome: &'static str,
    /// The filter's own code.
    code: Option<String>,
    status: Option<u16>,
    forwarded: Option<Forward>,
}

fn through_envoy(sent: &Sent<'_>, port: u16, upstream: &Upstream) -> Seen {
    upstream.forget();
    let mut connection = Connection::open(port);
    if !sent.is_whole() {
        connection.set_patience(SILENCE);
    }
    connection.send(&sent.bytes());
    let response = connection.receive_head();
    let header = |name: &str| response.as_ref().and_then(|response| response.header(name));
    let requests = upstream.requests();
    assert!(requests.len() < 2, "{}: one request became more: {requests:#?}", sent.case.name);
    let forwarded = requests.first().map(|request| Forward {
        authority: request.header("host").unwrap_or_default(),
        path: request.target.clone(),
    });
    let outcome = match (header("x-soe-decision").as_deref(), &forwarded) {
        (Some("escalate"), None) => "escalate",
        (None, Some(_)) => "allow",
        (Some("deny") | None, None) => "deny",
        (told, Some(_)) => panic!("{}: {told:?}, and it is at the upstream", sent.case.name),
        (Some(other), None) => panic!("{}: `{other}`", sent.case.name),
    };
    Seen { outcome, code: header("x-soe-code"), status: response.map(|own| own.status), forwarded }
}

fn code_of<'c>(case: &Case, native: &'c str) -> &'c str {
    REWRITTEN.iter().find(|(name, _)| *name == case.name).map_or(native, |(_, code)| code)
}

#[test]
fn every_request_through_envoy_has_the_engine_s_verdict() {
    let corpus = Corpus::load();
    let sent: Vec<Sent<'_>> = corpus.cases.iter().filter_map(Sent::read).collect();
    assert!(sent.len() > 1_000, "{} requests", sent.len());
    let upstream = Upstream::answering(|_| Answer::json(&json!({})));
    let policies: BTreeMap<&str, &String> =
        sent.iter().map(|own| (own.case.policy.as_str(), &corpus.policies[&own.case.policy])).collect();
    let bootstraps: Vec<(&str, Bootstrap)> = policies
        .iter()
        .map(|(name, text)| {
            let policy: Value = serde_json::from_str(text).expect("a policy");
            let filter = wasm(module::sentinel(), &json!({ "agentId": name, "policy": policy }));
            let bootstrap = Bootstrap::new(upstream.port()).buffer_bytes(4 << 20).filter(filter);
            let tunnels = json!([{ "upgrade_type": "CONNECT" }, { "upgrade_type": "websocket" }]);
            (*name, bootstrap.manager("upgrade_configs", tunnels))
        })
        .collect();
    let all: Vec<(&str, &Bootstrap)> = bootstraps.iter().map(|(name, own)| (*name, own)).collect();
    let mut envoy = Envoy::start(&Bootstrap::build_all(&all));
    let mut wrong = Vec::new();
    let (mut allowed, mut by_filter) = (0, 0);
    for (name, text) in policies {
        let policy = native::load(text);
        for own in sent.iter().filter(|own| own.case.policy == name) {
            let (_, verdict) = native::ask(&policy, &own.call());
            let seen = through_envoy(own, envoy.port_of(name), &upstream);
            allowed += usize::from(seen.outcome == "allow");
            by_filter += usize::from(seen.code.is_some());
            let is_forwarded =
                own.case.forward.is_none() || seen.forwarded.is_none() || seen.forwarded == own.case.forward;
            let is_right = fits(own.case.expect, seen.outcome)
                && verdict.decision.as_str() == seen.outcome
                && seen.code.as_deref().is_none_or(|code| code == code_of(own.case, &verdict.code))
                && is_forwarded;
            if !is_right {
                wrong.push(format!(
                    "{}\n  {:?}; through Envoy {} {:?} {:?}, {:?}\n  native {}",
                    shown(own.case),
                    own.case.forward,
                    seen.outcome,
                    seen.status,
                    seen.code,
                    seen.forwarded,
                    verdict.json
                ));
            }
        }
    }
    assert!(envoy.is_running());
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), sent.len(), wrong.join("\n"));
    // A filter that allows or denies everything would not get here, and one that is asked nothing neither.
    println!("{} requests: {allowed} allowed, {by_filter} refused by the filter", sent.len());
}
