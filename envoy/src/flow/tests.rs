//! Phases of a request, one by one, with the real engine and no proxy.

use std::rc::Rc;

use super::{Flow, Step, Target};
use crate::governor::Governor;
use crate::governor::tests::{governor, policy};
use crate::head::{Head, HeadError};
use crate::reply::{Fault, Reply};

const NETWORK: &str = r#"{
    "allowHosts": ["api.example"], "denyPaths": ["/admin/**"],
    "rules": [
        {"hosts": ["files.example"], "mcp": {"server": "files", "allowTools": ["echo"]}},
        {"hosts": ["small.example"], "maxBodyBytes": 4}
    ]}"#;

fn stateless() -> Governor {
    governor(&format!(r#"{{"agentId":"a","policy":{}}}"#, policy(NETWORK)))
}

/// With a meter that a daemon has to read.
fn stateful(daemon: bool) -> Governor {
    let text = policy(NETWORK)
        .replace(r#""version":"1","#, r#""version":"1","rateLimits":{"maxCallsPerMinute":2},"#);
    let daemon = if daemon { r#","daemon":{"cluster":"sentinel"}"# } else { "" };
    governor(&format!(r#"{{"agentId":"a","policy":{text}{daemon}}}"#))
}

fn head(method: &str, authority: &str, path: &str) -> Result<Rc<Head>, HeadError> {
    let pairs = [
        (":method", method),
        (":scheme", "http"),
        (":authority", authority),
        (":path", path),
        ("content-type", "application/json"),
    ];
    crate::head::tests::read(&pairs.map(|(name, value)| (name, value.as_bytes()))).map(Rc::new)
}

fn refusal(step: Step) -> Reply {
    match step {
        Step::Refuse(reply) => reply,
        Step::Wait | Step::Ask(_) | Step::Pass(_) | Step::Go => panic!("{step:?} is no refusal"),
    }
}

fn target(step: Step) -> Target {
    match step {
        Step::Pass(target) => target,
        Step::Wait | Step::Ask(_) | Step::Refuse(_) | Step::Go => panic!("{step:?} does not pass"),
    }
}

/// A request without a body, from its head to its end.
fn get(governor: &mut Governor, authority: &str, path: &str) -> Step {
    Flow::default().head(governor, head("GET", authority, path), Vec::new(), true)
}

fn post(governor: &mut Governor, authority: &str, body: &str) -> Step {
    let mut flow = Flow::default();
    match flow.head(governor, head("POST", authority, "/"), Vec::new(), false) {
        Step::Wait => flow.body(governor, body.len(), true, || Some(body.as_bytes().to_vec())),
        other @ (Step::Ask(_) | Step::Pass(_) | Step::Refuse(_) | Step::Go) => other,
    }
}

#[test]
fn what_is_allowed_goes_to_the_canonical_target() {
    let step = get(&mut stateless(), "API.example:80", "/v1/./x?q=%41");
    let target = target(step);
    assert_eq!((target.authority.as_str(), target.path.as_str()), ("api.example", "/v1/x?q=%41"));
}

#[test]
fn a_refused_host_is_egress_denied() {
    let reply = refusal(get(&mut stateless(), "evil.example", "/"));
    assert_eq!((reply.status, reply.code.as_str()), (403, "host-not-allowed"));
    assert!(reply.body.starts_with(r#"{"error":"egress_denied","decision":"deny","#), "{}", reply.body);
}

#[test]
fn a_refused_path_is_blocked() {
    let reply = refusal(get(&mut stateless(), "api.example", "/x/..//admin/"));
    assert_eq!(reply.code, "path-denied");
    assert!(reply.body.contains(r#""error":"blocked_by_soe""#), "{}", reply.body);
}

#[test]
fn a_body_that_is_decided_is_awaited_to_its_end() {
    let mut governor = stateless();
    let mut flow = Flow::default();
    let step = flow.head(&mut governor, head("POST", "small.example", "/"), Vec::new(), false);
    assert!(matches!(step, Step::Wait));
    let step = flow.body(&mut governor, 2, false, || panic!("it has not ended"));
    assert!(matches!(step, Step::Wait));
    target(flow.body(&mut governor, 4, true, || Some(b"1234".to_vec())));
    assert!(matches!(flow.body(&mut governor, 0, true, || None), Step::Go), "the rest of it goes");
}

#[test]
fn a_larger_body_is_refused_before_it_has_ended() {
    let mut governor = stateless();
    let mut flow = Flow::default();
    flow.head(&mut governor, head("POST", "small.example", "/"), Vec::new(), false);
    let reply = refusal(flow.body(&mut governor, 5, false, || None));
    assert_eq!((reply.status, reply.code.as_str()), (413, "body-too-large"));
    let step = flow.body(&mut governor, 6, true, || Some(b"123456".to_vec()));
    assert!(matches!(step, Step::Wait), "nothing follows a refusal");
}

#[test]
fn a_body_that_says_it_is_larger_is_refused_before_it_comes() {
    for (length, is_refused) in [("4", false), ("5", true), ("18446744073709551615", true)] {
        let pairs = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "files.example"),
            (":path", "/"),
            ("content-type", "application/json"),
            ("content-length", length),
        ];
        let head =
            crate::head::tests::read(&pairs.map(|(name, value)| (name, value.as_bytes()))).map(Rc::new);
        let network = r#"{"rules":[{"hosts":["files.example"],"maxBodyBytes":4,"mcp":{"server":"files"}}]}"#;
        let mut governor = governor(&format!(r#"{{"agentId":"a","policy":{}}}"#, policy(network)));
        let step = Flow::default().head(&mut governor, head, Vec::new(), false);
        if is_refused {
            let reply = refusal(step);
            assert_eq!((reply.status, reply.code.as_str()), (413, "body-too-large"), "{length}");
        } else {
            assert!(matches!(step, Step::Wait), "{length}: {step:?}");
        }
    }
}

#[test]
fn a_body_that_the_proxy_does_not_hand_over_is_refused() {
    for body in [None, Some(b"12".to_vec())] {
        let mut governor = stateless();
        let mut flow = Flow::default();
        flow.head(&mut governor, head("POST", "small.example", "/"), Vec::new(), false);
        assert_eq!(refusal(flow.body(&mut governor, 3, true, || body)).code, "proxy-failed");
    }
}

#[test]
fn a_body_before_its_head_is_refused() {
    let reply = refusal(Flow::default().body(&mut stateless(), 0, true, || Some(Vec::new())));
    assert_eq!(reply.code, "proxy-failed");
}

#[test]
fn trailers_of_an_awaited_body_are_refused() {
    let mut governor = stateless();
    let mut flow = Flow::default();
    flow.head(&mut governor, head("POST", "small.example", "/"), Vec::new(), false);
    assert_eq!(refusal(flow.trailers(&governor)).code, "request-malformed");
}

#[test]
fn bytes_that_are_no_head_are_refused() {
    for (error, code) in [(HeadError::NotText, "header-not-text"), (HeadError::Pseudo, "request-malformed")] {
        let reply = refusal(Flow::default().head(&mut stateless(), Err(error), Vec::new(), true));
        assert_eq!((reply.status, reply.code.as_str()), (400, code));
    }
}

#[test]
fn without_a_policy_nothing_goes() {
    let mut governor = governor(r#"{"agentId":"a","daemon":{"cluster":"c"}}"#);
    assert_eq!(refusal(get(&mut governor, "api.example", "/")).code, "policy-missing");
}

#[test]
fn a_meter_without_a_daemon_is_a_refusal() {
    let reply = refusal(get(&mut stateful(false), "api.example", "/"));
    assert_eq!((reply.status, reply.code.as_str()), (503, "daemon-missing"));
}

/// The daemon's words about a call.
fn ruling(permitted: bool, tool: &str) -> Vec<u8> {
    let decision = if permitted { "allow" } else { "deny" };
    format!(
        r#"{{"decision":"{decision}","permitted":{permitted},"reason":"r","code":"c","layer":"budget","agentId":"a","toolName":"{tool}","verdictId":"main-7"}}"#
    )
    .into_bytes()
}

#[test]
fn a_meter_is_asked_for_and_its_verdict_holds() {
    for (permitted, tool, expected) in
        [(true, "http", None), (false, "http", Some("c")), (true, "x", Some("daemon-refused"))]
    {
        let mut governor = stateful(true);
        let mut flow = Flow::default();
        let step = flow.head(&mut governor, head("GET", "api.example", "/"), Vec::new(), true);
        let Step::Ask(call) = step else { panic!("{step:?} does not ask") };
        assert!(call.starts_with(br#"{"agentId":"a""#));
        let step = flow.answered(&mut governor, Ok(ruling(permitted, tool)));
        match expected {
            None => drop(target(step)),
            Some(code) => assert_eq!(refusal(step).code, code),
        }
    }
}

/// Everything may need a person.
fn asking() -> Governor {
    let text =
        policy(NETWORK).replace(r#""version":"1","#, r#""version":"1","approvals":{"tools":["http"]},"#);
    governor(&format!(r#"{{"agentId":"a","policy":{text},"daemon":{{"cluster":"sentinel"}}}}"#))
}

fn approved(by: &str) -> Vec<u8> {
    let body = String::from_utf8(ruling(true, "http")).unwrap();
    body.replace("\"budget\"", &format!("\"{by}\"")).into_bytes()
}

#[test]
fn nobody_is_asked_before_the_body_is_there() {
    let mut governor = asking();
    let mut flow = Flow::default();
    let step = flow.head(&mut governor, head("POST", "api.example", "/"), Vec::new(), false);
    assert!(matches!(step, Step::Wait), "{step:?}");
    let step = flow.body(&mut governor, 5, true, || Some(b"seven".to_vec()));
    let Step::Ask(call) = step else { panic!("{step:?} does not ask") };
    assert!(String::from_utf8(call).unwrap().contains(r#""body":"seven""#));
    target(flow.answered(&mut governor, Ok(approved("approval"))));
    // What is denied in any case is not waited for.
    let step = Flow::default().head(&mut governor, head("POST", "evil.example", "/"), Vec::new(), false);
    assert_eq!(refusal(step).code, "host-not-allowed");
}

/// The daemon has another policy than the filter, for a while: a yes is for what was seen.
#[test]
fn a_yes_is_worth_nothing_where_the_body_was_not_there() {
    for (is_end, expected) in [(true, None), (false, Some("body-missing"))] {
        let mut governor = stateful(true);
        let mut flow = Flow::default();
        let step = flow.head(&mut governor, head("POST", "api.example", "/"), Vec::new(), is_end);
        assert!(matches!(step, Step::Ask(_)), "a meter does not need the body: {step:?}");
        let step = flow.answered(&mut governor, Ok(approved("approval")));
        match expected {
            None => drop(target(step)),
            Some(code) => assert_eq!(refusal(step).code, code),
        }
    }
}

/// What needs a person by the policy here goes with a yes, or not at all.
#[test]
fn a_daemon_does_not_permit_without_a_person() {
    let mut governor = asking();
    let mut flow = Flow::default();
    flow.head(&mut governor, head("GET", "api.example", "/"), Vec::new(), true);
    assert_eq!(refusal(flow.answered(&mut governor, Ok(approved("network")))).code, "daemon-differs");
}

#[test]
fn a_daemon_that_fails_is_a_refusal_of_its_own() {
    for fault in [Fault::DaemonUnreachable, Fault::DaemonTimeout, Fault::DaemonRefused] {
        let mut governor = stateful(true);
        let mut flow = Flow::default();
        flow.head(&mut governor, head("GET", "api.example", "/"), Vec::new(), true);
        let reply = refusal(flow.answered(&mut governor, Err(fault)));
        assert_eq!((reply.status, reply.code.as_str()), (503, fault.code()));
        assert_eq!(refusal(flow.answered(&mut governor, Ok(ruling(true, "http")))).code, "proxy-failed");
    }
}

#[test]
fn what_cannot_be_recorded_does_not_go() {
    let text = policy(NETWORK);
    let mut governor = governor(&format!(r#"{{"agentId":"a","policy":{text},"daemon":{{"cluster":"c"}}}}"#));
    let mut passed = 0;
    let reply = loop {
        match get(&mut governor, "api.example", "/") {
            Step::Pass(_) => passed += 1,
            other @ (Step::Wait | Step::Ask(_) | Step::Refuse(_) | Step::Go) => break refusal(other),
        }
        assert!(passed < 10_000, "records are not bounded");
    };
    assert_eq!(reply.code, "records-full");
    let batch = governor.queue.batch("p").unwrap();
    let count = batch.matches(r#""decidedAt""#).count();
    assert!(governor.queue.answered(format!(r#"{{"recorded":{count},"errors":[]}}"#).as_bytes()).is_some());
    target(get(&mut governor, "api.example", "/"));
}

#[test]
fn an_mcp_call_is_decided_on_its_body() {
    let call = |name: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{name}","arguments":{{}}}}}}"#
        )
    };
    let mut governor = stateless();
    assert!(target(post(&mut governor, "files.example", &call("echo"))).reads_answer);
    let reply = refusal(post(&mut governor, "files.example", &call("rm")));
    assert_eq!(reply.status, 200, "the model has to be able to read it");
    assert!(reply.body.contains(r#""id":7"#) && reply.body.contains(r#""isError":true"#), "{}", reply.body);
    let batch = format!("[{}]", call("echo"));
    let reply = refusal(post(&mut governor, "files.example", &batch));
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("-32600"), "{}", reply.body);
}

/// Looks at the address behind the router.
fn address(policy: &str, path: &str, address: &str) -> Step {
    let mut governor = governor(&format!(r#"{{"agentId":"a","policy":{policy},"position":"upstream"}}"#));
    let resolved = vec![address.to_owned()];
    Flow::default().head(&mut governor, head("GET", "api.example", path), resolved, false)
}

#[test]
fn an_address_is_decided_or_the_request_does_not_go() {
    let policy = policy(NETWORK);
    assert!(matches!(address(&policy, "/", "192.0.43.8"), Step::Go));
    assert_eq!(refusal(address(&policy, "/", "10.0.0.1")).code, "address-private");
    // Nobody looks at the address of what cannot be read.
    assert_eq!(refusal(address(&policy, "x", "10.0.0.1")).code, "request-malformed");
    let audit = policy.replace(r#""version":"1","#, r#""version":"1","mode":"audit","#);
    assert!(matches!(address(&audit, "/", "10.0.0.1"), Step::Go), "nothing is held back");
}

/// C3: a policy does not loosen what the installation enforces.
#[test]
fn the_stricter_mode_counts() {
    let audit = policy(NETWORK).replace(r#""version":"1","#, r#""version":"1","mode":"audit","#);
    for (mode, policy, passes) in [
        ("", &audit, true),
        (r#","mode":"audit""#, &audit, true),
        (r#","mode":"enforce""#, &audit, false),
        (r#","mode":"audit""#, &policy(NETWORK), false),
    ] {
        let mut governor = governor(&format!(r#"{{"agentId":"a","policy":{policy}{mode}}}"#));
        let step = get(&mut governor, "evil.example", "/");
        assert_eq!(matches!(step, Step::Pass(_)), passes, "{mode}: {step:?}");
    }
}

/// What goes out has to be on record first, and what does not is refused without asking anybody.
#[test]
fn the_daemon_decides_what_has_to_be_on_record_first() {
    let durable = |mode: &str| {
        let text =
            policy(NETWORK).replace(r#""version":"1","#, &format!(r#""version":"1","mode":"{mode}","#));
        governor(&format!(
            r#"{{"agentId":"a","policy":{text},"daemon":{{"cluster":"sentinel"}},"record":"durable"}}"#
        ))
    };
    let Step::Ask(call) = get(&mut durable("enforce"), "api.example", "/") else { panic!("nobody is asked") };
    assert!(String::from_utf8(call).unwrap().contains("api.example"));
    assert_eq!(refusal(get(&mut durable("enforce"), "evil.example", "/")).code, "host-not-allowed");
    assert!(matches!(post(&mut durable("enforce"), "small.example", "1234"), Step::Ask(_)));
    // What is only watched goes out as well.
    assert!(matches!(get(&mut durable("audit"), "evil.example", "/"), Step::Ask(_)));
}
