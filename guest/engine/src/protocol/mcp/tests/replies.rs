//! What clients are told.

use serde_json::Value;

use super::*;

const TOLD: Told<'_> = Told {
    reason: "Tool \"rm\" is denied.",
    code: "tool-denied",
    verdict_id: Some("v1"),
    policy_digest: Some("sha256:00"),
};
const PENDING: Pending<'_> = Pending { id: "apr_1", seconds: Some(300) };

const ASKS: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}"#;

fn message(body: &str) -> Message<'_> {
    read(body.as_bytes(), &Headers::none()).unwrap()
}

fn parsed(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

fn legacy_call() -> Message<'static> {
    message(r#"{"jsonrpc":"2.0","id":"\u0061","method":"tools/call","params":{"name":"rm"}}"#)
}

#[track_caller]
fn check_refusal(list: &[(&str, &str)], body: &str, status: u16, expect: &str) {
    let reply = refusal(&read(body.as_bytes(), &headers(list)).unwrap_err());
    assert_eq!((reply.status, reply.body.as_str()), (status, expect));
}

#[test]
fn a_refusal_has_the_number_that_the_specification_gives_it() {
    check_refusal(
        &[],
        "[]",
        400,
        r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"batches are not accepted; send each message by itself"}}"#,
    );
    check_refusal(
        &[],
        "{",
        400,
        r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"message is not one JSON document: expected a key in double quotes, found the end of the text at byte 1"}}"#,
    );
    check_refusal(
        &[("Mcp-Name", "foo")],
        r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"bar"}}"#,
        400,
        r#"{"jsonrpc":"2.0","id":"a","error":{"code":-32020,"message":"Header mismatch: Mcp-Name header value `foo` does not match body value `bar`"}}"#,
    );
    check_refusal(
        &[("MCP-Protocol-Version", "1900-01-01")],
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        400,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"Unsupported protocol version","data":{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],"requested":"1900-01-01"}}}"#,
    );
    // A 404 would make an old client start a new session.
    check_refusal(
        &[],
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/run"}"#,
        200,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"method `tools/run` is none of the Model Context Protocol"}}"#,
    );
    let body = modern(r#""name":"rm""#).replace("tools/call", "tools/run");
    let list: Vec<_> = [&MODERN[..1], &[("Mcp-Method", "tools/run")]].concat();
    let reply = refusal(&read(body.as_bytes(), &headers(&list)).unwrap_err());
    assert_eq!(reply.status, 404);
    assert_eq!(parsed(&reply)["error"]["code"], -32601);
    let reply = refusal(
        &read(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, &headers(&[])).unwrap_err(),
    );
    assert_eq!((reply.status, parsed(&reply)["error"]["code"].as_i64()), (400, Some(-32602)));
}

#[test]
fn the_model_can_read_a_denial() {
    let reply = denial(&legacy_call(), &TOLD);
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.body,
        r#"{"jsonrpc":"2.0","id":"\u0061","result":{"content":[{"type":"text","text":"Denied by policy (tool-denied): Tool \"rm\" is denied."}],"isError":true,"_meta":{"sentinel/verdict":{"decision":"deny","code":"tool-denied","reason":"Tool \"rm\" is denied.","verdictId":"v1","policyDigest":"sha256:00"}}}}"#
    );
    let body = modern(r#""name":"rm""#);
    let reply = denial(&message(&body), &TOLD);
    assert_eq!(parsed(&reply)["result"]["resultType"], "complete");
    assert_eq!(parsed(&reply)["result"]["isError"], true);
}

#[test]
fn another_request_is_denied_by_an_error() {
    let reply = denial(
        &message(r#"{"jsonrpc":"2.0","id":9,"method":"resources/read","params":{"uri":"x:y"}}"#),
        &TOLD,
    );
    assert_eq!(reply.status, 200);
    let error = &parsed(&reply)["error"];
    assert_eq!(error["code"], 403);
    assert!(!(-32768..=-32000).contains(&POLICY_DENIED) && !(-32768..=-32000).contains(&POLICY_ESCALATED));
    assert_eq!(error["data"]["code"], "tool-denied");
}

#[test]
fn what_has_no_id_is_not_answered() {
    for body in
        [r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#]
    {
        for reply in [denial(&message(body), &TOLD), escalation(&message(body), &TOLD, &PENDING)] {
            assert_eq!(reply, Reply { status: 403, body: String::new() });
        }
    }
}

#[test]
fn an_escalation_is_text_where_the_client_cannot_be_asked() {
    let old = escalation(&legacy_call(), &TOLD, &PENDING);
    // The current revision forbids to ask a client that does not say that it can be asked.
    let body = modern(r#""name":"rm""#);
    let new = escalation(&message(&body), &TOLD, &PENDING);
    for reply in [&old, &new] {
        let result = &parsed(reply)["result"];
        assert_eq!(result["isError"], true);
        assert_eq!(result["_meta"]["sentinel/verdict"]["approvalId"], "apr_1");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("Approval apr_1 is pending and expires in 300 seconds"), "{text}");
        assert!(text.ends_with("Once it is approved, call again with the same arguments."), "{text}");
    }
    assert_eq!(parsed(&new)["result"]["resultType"], "complete");
    assert_eq!(parsed(&old)["result"].get("resultType"), None);
    // Forms only: a client that only opens links shows none.
    let body = modern(r#""name":"rm""#)
        .replace(r#"clientCapabilities":{}"#, r#"clientCapabilities":{"elicitation":{"url":{}}}"#);
    assert_eq!(parsed(&escalation(&message(&body), &TOLD, &PENDING))["result"]["resultType"], "complete");
    let reply = escalation(
        &message(r#"{"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{"name":"x"}}"#),
        &TOLD,
        &PENDING,
    );
    assert_eq!(parsed(&reply)["error"]["code"], 428);
}

#[test]
fn an_escalation_is_a_question_where_the_client_can_be_asked() {
    for form in ["{}", r#"{"form":{}}"#, r#"{"form":{},"url":{}}"#] {
        let params = ASKS.replace(r#""elicitation":{}"#, &format!(r#""elicitation":{form}"#));
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{params},"name":"rm","arguments":{{"a":1}}}}}}"#
        );
        let result = parsed(&escalation(&message(&body), &TOLD, &PENDING))["result"].clone();
        assert_eq!(result["resultType"], "input_required");
        assert_eq!(result["requestState"], "sentinel-approval:apr_1");
        let question = &result["inputRequests"]["sentinel_approval"];
        assert_eq!(question["method"], "elicitation/create");
        assert_eq!(question["params"]["mode"], "form");
        assert_eq!(question["params"]["requestedSchema"]["type"], "object");
        assert!(question["params"]["message"].as_str().unwrap().contains("apr_1"));
    }
}

fn retry(more: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{{ASKS},"name":"rm","arguments":{{"a":1}}{more}}}}}"#
    )
}

fn call(body: &str) -> ToolCall<'_> {
    let Message::ToolCall(call) = message(body) else { panic!("no call") };
    call
}

#[test]
fn a_retry_is_the_same_call_and_the_server_never_sees_our_question() {
    let body = retry(
        r#", "inputResponses":{"sentinel_approval":{"action":"accept","content":{}}},"requestState":"sentinel-approval:apr_1""#,
    );
    let found = call(&body);
    assert_eq!((found.name.as_ref(), found.arguments), ("rm", r#"{"a":1}"#));
    assert_eq!(found.approval.as_deref(), Some("apr_1"));
    assert_eq!(found.forward.as_deref(), Some(retry("").as_str()));
    // Wherever they stand.
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"requestState":"sentinel-approval:apr_1" , {ASKS},"name":"rm","arguments":{{"a":1}}}}}}"#
    );
    assert_eq!(call(&body).forward.as_deref(), Some(retry("").as_str()));
}

#[test]
fn whoever_does_not_want_to_wait_is_not_asked_again() {
    let body = retry(
        r#","inputResponses":{"sentinel_approval":{"action":"decline"}},"requestState":"sentinel-approval:apr_1""#,
    );
    let reply = escalation(&message(&body), &TOLD, &PENDING);
    assert_eq!(parsed(&reply)["result"]["isError"], true);
}

#[test]
fn what_the_server_had_asked_for_goes_through_our_question() {
    let theirs = r#","inputResponses":{"login":{"action":"accept","content":{"n":"\u00e9\""}}},"requestState":"theirs:1""#;
    let body = retry(theirs);
    assert_eq!((call(&body).approval, call(&body).forward), (None, None), "it is none of ours, and passes");
    let reply = parsed(&escalation(&message(&body), &TOLD, &PENDING));
    let state = &reply["result"]["requestState"];
    let again = retry(&format!(
        r#","inputResponses":{{"sentinel_approval":{{"action":"accept"}}}},"requestState":{state}"#
    ));
    assert_eq!(call(&again).approval.as_deref(), Some("apr_1"));
    assert_eq!(call(&again).forward.as_deref(), Some(body.as_str()));
    // And once more, with another approval.
    let reply = parsed(&escalation(&message(&again), &TOLD, &Pending { id: "apr_2", seconds: None }));
    let state = &reply["result"]["requestState"];
    let again = retry(&format!(r#","requestState":{state}"#));
    assert_eq!(call(&again).forward.as_deref(), Some(body.as_str()));
}

#[test]
fn a_state_that_was_not_given_out_is_refused() {
    for carried in [
        r#""name":"rm2""#,
        r#""arguments":{}"#,
        r#""requestState":7"#,
        r#""requestState":"a","requestState":"b""#,
        r#""requestState":"a"}}{"jsonrpc":"2.0""#,
        r#""requestState":"sentinel-approval:apr_1""#,
        "\"inputResponses\":\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}}\n",
        "",
    ] {
        let state = serde_json::to_string(&format!("sentinel-approval:apr_1:{carried}")).unwrap();
        let body = retry(&format!(r#","requestState":{state}"#));
        let found = read(body.as_bytes(), &Headers::none());
        let expect = if carried.is_empty() { None } else { Some("mcp-request-state") };
        assert_eq!(found.err().map(|found| found.code), expect, "{carried}");
    }
    for more in [r#","requestState":null"#, r#","inputResponses":[]"#] {
        assert_eq!(
            read(retry(more).as_bytes(), &Headers::none()).err().map(|found| found.code),
            Some("mcp-wrong-type")
        );
    }
}
