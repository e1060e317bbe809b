//! Requests and what they carry: a request is decided as what it does, and so is the call that it
//! stands for.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests fail loudly")]

use sentinel_engine::{
    Actor, AnswerPlan, BodyWanted, Decision, Exchange, Format, HttpHead, HttpRequest, Outcome, Policy,
    Resolved, Told, decide_bytes, http_call,
};

const POLICY: &str = r#"{
    "agentId": "a", "version": "1",
    "identity": {"authorityLevel": "full-ops", "environmentScope": ["development"]},
    "toolActions": {"allowed": ["mcp__files__search", "mcp__loose.example__free"], "denied": ["mcp__files__wipe"]},
    "rules": [
        {"name": "small", "tools": ["mcp__files__pay"], "when": {"param": "amount", "operator": "gt", "value": 10}, "action": "block"},
        {"name": "ask", "tools": ["mcp__files__deploy"], "action": "require_approval"}
    ],
    "budgets": [{"name": "day", "unit": "usd", "limit": "1.00", "per": "day"}],
    "network": {
        "allowHosts": ["top.example"],
        "x402": {"maxPerPayment": "0.50", "denyPayees": ["0x5afec0ded0d0cafef00dd00dbeef00c0ffee0002"]},
        "mcp": {"denyTools": ["evil*"]},
        "rules": [
            {"hosts": ["files.example"], "mcp": {"server": "files", "allowTools": ["echo", "search", "pay", "deploy", "wipe", "evil_echo"]}},
            {"hosts": ["loose.example"], "mcp": {}},
            {"hosts": ["model.example"], "llm": true},
            {"hosts": ["api.example", "plain.example"]}
        ]
    }}"#;

fn policy() -> Policy {
    Policy::load(POLICY, Format::Json).expect("the policy loads")
}

fn actor() -> Actor<'static> {
    Actor { agent_id: "a", environment: None, session_id: Some("s1"), secret: None }
}

fn open(authority: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Exchange {
    let method = if body.is_some() { "POST" } else { "GET" };
    let head = HttpHead { method, scheme: "http", authority, path, headers };
    let request = HttpRequest { head, body: body.map(str::as_bytes), resolved: Resolved::Unknown };
    let decided = Exchange::of_request(&policy(), &actor(), &request, false);
    let sent = Exchange::open(&policy(), http_call(&actor(), &request));
    assert_eq!(said(decided.decision()), said(sent.decision()), "in memory and as JSON");
    sent
}

fn call(name: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"{name}-1","method":"tools/call","params":{{"name":"{name}","arguments":{arguments}}}}}"#
    )
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Everything that a decision says, but the digest of the bytes.
fn said(decision: &Decision) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        decision.outcome,
        decision.reasons,
        decision.effects,
        decision.value,
        decision.tool_name,
        decision.forward
    )
}

#[track_caller]
fn codes(exchange: &Exchange, outcome: Outcome, code: &str) {
    let decision = exchange.decision();
    assert_eq!(decision.outcome, outcome, "{:?}", decision.reasons);
    assert_eq!(decision.reasons[0].code, code, "{:?}", decision.reasons);
    let derived = decide_bytes(&policy(), exchange.call().expect("a call"));
    assert_eq!(
        said(&derived),
        said(decision),
        "{}",
        String::from_utf8_lossy(exchange.call().expect("a call"))
    );
}

#[test]
fn a_call_of_a_tool_is_decided_as_that_tool() {
    for (name, arguments, outcome, code) in [
        ("echo", "{}", Outcome::Allow, "host-allowed"),
        ("rm", "{}", Outcome::Deny, "mcp-tool-not-allowed"),
        ("evil_echo", "{}", Outcome::Deny, "mcp-tool-denied"),
        ("wipe", "{}", Outcome::Deny, "tool-denied"),
        ("pay", r#"{"amount":11}"#, Outcome::Deny, "rule-block"),
        ("pay", r#"{"amount":10}"#, Outcome::Allow, "host-allowed"),
        ("deploy", "{}", Outcome::Escalate, "rule-approval"),
    ] {
        let exchange = open("files.example", "/mcp", JSON, Some(&call(name, arguments)));
        codes(&exchange, outcome, code);
        assert_eq!(exchange.decision().tool_name, format!("mcp__files__{name}"));
    }
}

#[test]
fn a_server_without_a_name_goes_by_its_host() {
    let exchange = open("loose.example", "/", JSON, Some(&call("free", "{}")));
    codes(&exchange, Outcome::Allow, "host-allowed");
    codes(&open("loose.example", "/", JSON, Some(&call("other", "{}"))), Outcome::Deny, "tool-unknown");
    codes(&open("loose.example", "/", JSON, Some(&call("evil", "{}"))), Outcome::Deny, "mcp-tool-denied");
}

#[test]
fn what_differs_when_it_is_sent_again_is_not_in_the_call() {
    let again = call("echo", "{}").replace("echo-1", "77");
    let first = open("files.example", "/mcp", JSON, Some(&call("echo", "{}")));
    let second = open("files.example", "/mcp?x=1", &[JSON[0], ("x-request-id", "2")], Some(&again));
    let third = open("files.example", "/mcp", &[JSON[0], ("x-request-id", "2")], Some(&again));
    assert_eq!(first.call(), third.call());
    assert_ne!(first.call(), second.call(), "another path is another call");
}

#[test]
fn messages_that_call_nothing_pass_to_a_server_that_may_be_reached() {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let exchange = open("files.example", "/mcp", JSON, Some(body));
    codes(&exchange, Outcome::Allow, "host-allowed");
    assert_eq!(exchange.decision().tool_name, "http");
    let unknown = body.replace("tools/list", "tools/install");
    codes(&open("files.example", "/mcp", JSON, Some(&unknown)), Outcome::Deny, "mcp-method-unknown");
}

#[test]
fn a_message_that_cannot_be_read_is_denied_in_its_own_words() {
    let batch = format!("[{}]", call("echo", "{}"));
    let exchange = open("files.example", "/mcp", JSON, Some(&batch));
    codes(&exchange, Outcome::Deny, "rpc-batch");
    let told = Told { reason: "r", code: "c", verdict_id: None, policy_digest: None, approval: None };
    let reply = exchange.denial(Outcome::Deny, &told).expect("MCP has words");
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("-32600"), "{}", reply.body);
    // Anywhere else it is a body like any other.
    codes(&open("plain.example", "/", JSON, Some(&batch)), Outcome::Allow, "host-allowed");
}

#[test]
fn an_escalation_names_its_approval() {
    let exchange = open("files.example", "/mcp", JSON, Some(&call("deploy", "{}")));
    let told = Told { reason: "r", code: "c", verdict_id: None, policy_digest: None, approval: Some("ap-1") };
    let reply = exchange.denial(Outcome::Escalate, &told).expect("MCP has words");
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("ap-1") && reply.body.contains(r#""id":"deploy-1""#), "{}", reply.body);
}

/// A payment of version 2, as JSON in base64.
fn payment(value: &str, signed: &str, to: &str) -> String {
    use base64::Engine as _;
    let text = format!(
        r#"{{"x402Version":2,"accepted":{{"scheme":"exact","network":"eip155:84532","amount":"{value}","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"{to}","maxTimeoutSeconds":90}},"payload":{{"signature":"0x1b","authorization":{{"from":"0xA11CE00000000000000000000000000000000000","to":"{to}","value":"{signed}","validAfter":"1","validBefore":"2","nonce":"0x77"}}}}}}"#
    );
    base64::engine::general_purpose::STANDARD.encode(text)
}

const PAYEE: &str = "0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001";
const CROOK: &str = "0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0002";

#[test]
fn a_payment_is_money_before_it_leaves() {
    for (value, signed, to, outcome, code) in [
        ("250000", "250000", PAYEE, Outcome::Allow, "host-allowed"),
        ("500001", "500001", PAYEE, Outcome::Deny, "payment-too-large"),
        ("10", "500001", PAYEE, Outcome::Deny, "payment-mismatch"),
        ("10", "10", CROOK, Outcome::Deny, "payee-denied"),
    ] {
        let header = payment(value, signed, to);
        let exchange = open("api.example", "/paid?x", &[("payment-signature", &header)], None);
        if code == "payment-mismatch" {
            assert_eq!(exchange.decision().outcome, outcome);
            continue;
        }
        codes(&exchange, outcome, code);
        let call = String::from_utf8(exchange.call().expect("a call").to_vec()).expect("UTF-8");
        assert!(!call.contains(&header), "the signature stays here: {call}");
        assert!(call.contains(r#""endpoint":"http://api.example/paid""#), "{call}");
        assert!(call.contains(r#""sessionId":"s1""#), "{call}");
        if outcome == Outcome::Allow {
            assert_eq!(exchange.decision().value, Some(250_000));
            let meters: Vec<_> = exchange.decision().effects.iter().filter_map(|own| own.debit()).collect();
            assert!(
                meters.iter().any(|own| own.meter == "budgets/day" && own.amount == 250_000),
                "{meters:?}"
            );
        }
    }
}

#[test]
fn a_tool_may_be_paid_for() {
    let header = payment("250000", "250000", PAYEE);
    let headers = [JSON[0], ("payment-signature", header.as_str())];
    let exchange = open("files.example", "/mcp", &headers, Some(&call("echo", "{}")));
    codes(&exchange, Outcome::Allow, "host-allowed");
    assert_eq!(exchange.decision().value, Some(250_000));
}

#[test]
fn credentials_are_not_in_the_call() {
    let exchange = open("api.example", "/", &[("authorization", "Bearer s3cret"), ("x-a", "b")], None);
    let call = String::from_utf8(exchange.call().expect("a call").to_vec()).expect("UTF-8");
    assert!(!call.contains("s3cret") && call.contains(r#"["x-a","b"]"#), "{call}");
}

fn plan(exchange: &Exchange, status: u16, headers: &[(&str, &str)]) -> AnswerPlan {
    exchange.answer(status, &|name| {
        headers.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn lists_of_tools_lose_what_may_not_be_called() {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let exchange = open("files.example", "/mcp", JSON, Some(body));
    let AnswerPlan::Read(mut reader) = plan(&exchange, 200, JSON) else { panic!("it is read") };
    let answer =
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"rm"},{"name":"echo"},{"name":"wipe"}]}}"#;
    reader.push(&policy(), answer.as_bytes(), true).expect("it can be read");
    let out = String::from_utf8(reader.take()).expect("UTF-8");
    assert_eq!(out, r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"}]}}"#);
}

#[test]
fn an_answer_that_nobody_can_read_is_refused() {
    let exchange = open("files.example", "/mcp", JSON, Some(&call("echo", "{}")));
    let encoded = [JSON[0], ("content-encoding", "gzip")];
    assert!(matches!(plan(&exchange, 200, &encoded), AnswerPlan::Refuse));
    assert!(matches!(plan(&exchange, 202, &encoded), AnswerPlan::Pass), "it has no body");
    let plain = open("plain.example", "/", &[], None);
    assert!(matches!(plan(&plain, 200, &encoded), AnswerPlan::Pass));
    let model = open("model.example", "/v1/chat/completions", JSON, Some("{}"));
    assert!(matches!(plan(&model, 200, &encoded), AnswerPlan::Refuse));
    assert!(matches!(plan(&model, 200, &[("content-type", "text/html")]), AnswerPlan::Refuse));
    assert!(matches!(plan(&model, 500, &[("content-type", "text/html")]), AnswerPlan::Pass));
}

#[test]
fn tool_calls_of_a_model_are_asked_about() {
    let exchange = open("model.example", "/v1/chat/completions", JSON, Some("{}"));
    let AnswerPlan::Read(mut reader) = plan(&exchange, 200, JSON) else { panic!("it is read") };
    let answer = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"Bash","arguments":"{\"command\":\"rm -rf /\"}"}}]},"finish_reason":"tool_calls"}]}"#;
    reader.push(&policy(), answer.as_bytes(), true).expect("it can be read");
    assert!(reader.take().is_empty(), "nothing goes before it is decided");
    let call = reader.asked(&actor()).expect("a call");
    let decision = decide_bytes(&policy(), &call);
    assert_eq!((decision.outcome, decision.tool_name.as_str()), (Outcome::Deny, "Bash"));
    reader.ruled(false, "no").expect("it goes on");
    assert!(reader.asked(&actor()).is_none());
    let out = String::from_utf8(reader.take()).expect("UTF-8");
    assert!(!out.contains("rm -rf") && out.contains("no"), "{out}");
}

#[test]
fn a_model_is_asked_only_where_its_answers_are_read() {
    for (path, outcome, code) in [
        ("/v1/messages", Outcome::Allow, "host-allowed"),
        ("/v1/messages/count_tokens", Outcome::Allow, "host-allowed"),
        ("/v1/embeddings?x", Outcome::Allow, "host-allowed"),
        ("/v1/completions", Outcome::Deny, "llm-path-unknown"),
        ("/v1/threads/t/runs", Outcome::Deny, "llm-path-unknown"),
        ("/v1beta/models/m:generateContent", Outcome::Deny, "llm-path-unknown"),
        ("/v1/messages/batches", Outcome::Deny, "llm-path-unknown"),
    ] {
        codes(&open("model.example", path, JSON, Some("{}")), outcome, code);
    }
    // What was said before has tool calls in it as well.
    for (path, outcome, code) in [
        ("/v1/models", Outcome::Allow, "host-allowed"),
        ("/v1/responses/r", Outcome::Allow, "host-allowed"),
        ("/v1/chat/completions/c", Outcome::Allow, "host-allowed"),
        ("/v1/conversations/c", Outcome::Allow, "host-allowed"),
        ("/v1/files/f/content", Outcome::Allow, "host-allowed"),
        ("/v1/chat/completions", Outcome::Deny, "llm-path-unknown"),
        ("/v1/chat/completions?limit=9", Outcome::Deny, "llm-path-unknown"),
        ("/v1/chat/completions/c/messages", Outcome::Deny, "llm-path-unknown"),
        ("/v1/responses/r/input_items/", Outcome::Deny, "llm-path-unknown"),
        ("/v1/conversations/c/items", Outcome::Deny, "llm-path-unknown"),
        ("/v1/conversations/c/items/i", Outcome::Deny, "llm-path-unknown"),
        ("/v1/threads/t/runs/r", Outcome::Deny, "llm-path-unknown"),
        ("/v1/messages/batches/b/results", Outcome::Deny, "llm-path-unknown"),
        ("/v1/chat/completions;x", Outcome::Deny, "path-parameters"),
    ] {
        codes(&open("model.example", path, &[], None), outcome, code);
    }
    let header = [("x-http-method-override", "POST")];
    codes(&open("model.example", "/v1/files", &header, None), Outcome::Deny, "header-override");
}

/// Payments stand in messages as well. Where nobody reads those, none passes.
#[test]
fn a_payment_in_a_message_that_nobody_reads_does_not_pass() {
    let message = |key: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"buy","_meta":{{"{key}":{{"value":"90000000"}}}}}}}}"#
        )
    };
    let paid = message("x402/payment");
    for (headers, body, code) in [
        (JSON, paid.clone(), "mcp-payment-unexpected"),
        (&[], paid.clone(), "mcp-payment-unexpected"),
        (
            &[("content-type", "application/vnd.x+json; charset=utf-8")],
            paid.clone(),
            "mcp-payment-unexpected",
        ),
        (JSON, format!("[{paid}]"), "mcp-payment-unexpected"),
        (JSON, format!("\u{feff}{paid}"), "mcp-payment-unexpected"),
        (JSON, message(r"x402\/p\u0061yment"), "mcp-payment-unexpected"),
        (JSON, paid.replace(r#""_meta""#, r#""_meta":{},"_meta""#), "mcp-payment-unexpected"),
        (JSON, format!("{paid} {{}}"), "payment-malformed"),
    ] {
        let exchange = open("plain.example", "/", headers, Some(&body));
        assert_eq!(exchange.decision().outcome, Outcome::Deny, "{body}");
        assert_eq!(exchange.decision().reasons[0].code, code, "{body}");
    }
    for (headers, body) in [
        (JSON, message("x402/other")),
        (JSON, r#"{"about":"x402/payment"}"#.to_owned()),
        (JSON, String::new()),
        (&[][..], "no JSON at all".to_owned()),
        (&[("content-type", "text/plain")], paid),
    ] {
        codes(&open("plain.example", "/", headers, Some(&body)), Outcome::Allow, "host-allowed");
    }
    let wanted = |authority: &str, content_type: &str| {
        let headers = [("content-type", content_type), ("content-length", "9")];
        policy().body_wanted(&HttpHead {
            method: "POST",
            scheme: "http",
            authority,
            path: "/",
            headers: &headers,
        })
    };
    assert_eq!(wanted("plain.example", "application/json"), BodyWanted::UpTo(1 << 20));
    assert_eq!(wanted("plain.example", "image/png"), BodyWanted::None);
    assert_eq!(wanted("model.example", "application/json"), BodyWanted::None, "a model is not paid so");
}

#[test]
fn an_offer_that_nobody_may_take_is_told() {
    use base64::Engine as _;
    let exchange = open("api.example", "/paid", &[], None);
    assert!(exchange.may_ask_for_payment());
    let offer = |amount: &str, to: &str| {
        format!(
            r#"{{"scheme":"exact","network":"eip155:84532","amount":"{amount}","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"{to}","maxTimeoutSeconds":90,"extra":{{"name":"USDC","version":"2"}}}}"#
        )
    };
    let challenge = |offers: &[String]| {
        let text = format!(
            r#"{{"x402Version":2,"error":"pay","resource":{{"url":"http://api.example/paid"}},"accepts":[{}]}}"#,
            offers.join(",")
        );
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let (fair, dear, crooked) = (offer("10", PAYEE), offer("500001", PAYEE), offer("10", CROOK));
    let said = |offers: &[String]| exchange.unpayable(&policy(), &challenge(offers));
    assert_eq!(said(std::slice::from_ref(&dear)).as_deref(), Some("payment-too-large"));
    assert_eq!(said(&[crooked, dear.clone()]).as_deref(), Some("payee-denied"));
    assert_eq!(said(&[dear, fair]), None);
    assert_eq!(exchange.unpayable(&policy(), "%").as_deref(), Some("payment-malformed"));
}
