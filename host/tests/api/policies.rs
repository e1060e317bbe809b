//! Documents: tried out, deployed, looked at, rolled back, removed.

use sentinel::auth::Role;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Daemon, POLICY, token};

fn sent(policy: &str) -> String {
    format!("{{\"soe\":{policy}}}")
}

fn newer(version: &str) -> String {
    POLICY.replace("1.0.0", version)
}

#[test]
fn a_document_is_validated() {
    let daemon = Daemon::start();
    // The example of the SOE API.
    let seed = r#"{"soe":{"agentId":"my-agent","version":"1.0.0","identity":{"role":"Assistant"},"dataAccess":{"readAllow":["**"]},"toolActions":{}}}"#;
    let reply = daemon.post("/v1/validate", seed).json();
    assert_eq!((&reply["valid"], &reply["errors"]), (&json!(true), &json!([])));
    let warnings = reply["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|own| own.as_str().unwrap().contains("readAllow")), "{reply}");

    let document = &POLICY.replace("dataAccess", "dataAcess");
    let reply = daemon.post("/v1/validate", &sent(document));
    assert_eq!(reply.status, 200, "an invalid document is a good question");
    let reply = reply.json();
    assert_eq!(reply["valid"], false);
    let finding =
        reply["diagnostics"].as_array().unwrap().iter().find(|own| own["severity"] == "error").unwrap();
    for field in ["code", "message", "pointer"] {
        assert!(finding[field].is_string(), "{finding}");
    }
    // Places are places in the document as it was sent.
    let (start, end) =
        (finding["start"].as_u64().unwrap() as usize, finding["end"].as_u64().unwrap() as usize);
    assert!(document[start..end].contains("dataAcess"), "{finding}");

    let yaml = json!({ "soe": "agentId: a\nversion: '1'\nidentity: {}\n", "format": "yaml" }).to_string();
    assert_eq!(daemon.post("/v1/validate", &yaml).json()["valid"], true);
    for (body, code) in [
        (json!({ "soe": "agentId: a" }), "bad-request"),
        (json!({ "soe": "agentId: a", "format": "toml" }), "bad-request"),
        (json!({ "soe": {}, "format": "yaml" }), "bad-request"),
        (json!({ "soe": 1 }), "bad-request"),
        (json!({ "policy": {} }), "bad-request"),
    ] {
        assert_eq!(daemon.post("/v1/validate", &body.to_string()).code(), code, "{body}");
    }
}

/// Two people edit the same policy: whoever is second does not undo what the first one did, unread.
#[test]
fn a_change_of_another_policy_than_the_one_that_governs_is_not_deployed() {
    let daemon = Daemon::start();
    let deploy = |version: &str, base: Value| {
        let soe: Value = serde_json::from_str(&newer(version)).unwrap();
        daemon.post("/v1/deploy", &json!({ "soe": soe, "base": base }).to_string())
    };
    let changed = |reply: &crate::support::Reply, governing: &Value| {
        assert_eq!((reply.status, reply.code().as_str()), (409, "policy-changed"), "{reply:?}");
        assert_eq!(&reply.json()["governing"], governing, "{reply:?}");
    };
    let none = format!("sha256:{}", "0".repeat(64));
    changed(&deploy("1.0.0", json!(none)), &Value::Null);
    let first = deploy("1.0.0", Value::Null);
    assert_eq!(first.status, 200, "{first:?}");
    let first = first.json()["digest"].clone();
    let second = deploy("1.1.0", first.clone());
    assert_eq!(second.status, 200, "{second:?}");
    let second = second.json()["digest"].clone();
    // Both were made from the first one, and the second one governs. It is no question of versions.
    let governing = json!({ "digest": second, "revision": 2, "version": "1.1.0" });
    for (version, base) in [("1.2.0", first.clone()), ("1.0.5", first.clone()), ("1.2.0", Value::Null)] {
        changed(&deploy(version, base), &governing);
    }
    let back = |base: Value| {
        let body = json!({ "revision": 1, "base": base }).to_string();
        daemon.post("/v1/agents/my-agent/rollback", &body)
    };
    changed(&back(first.clone()), &governing);
    assert_eq!(daemon.get("/v1/agents/my-agent/policy").json()["digest"], second);
    let restored = back(second);
    assert_eq!((restored.status, &restored.json()["digest"]), (200, &first), "{restored:?}");
    // What was removed does not govern.
    assert_eq!(daemon.delete("/v1/agents/my-agent/policy").status, 200);
    changed(&deploy("1.3.0", first), &Value::Null);
    assert_eq!(deploy("1.3.0", Value::Null).status, 200);
    // Who says nothing is asked nothing; and there is one question to a validation.
    assert_eq!(daemon.post("/v1/deploy", &sent(&newer("1.4.0"))).status, 200);
    for body in [json!({ "soe": {}, "base": 1 }), json!({ "soe": {}, "basis": null })] {
        assert_eq!(daemon.post("/v1/deploy", &body.to_string()).code(), "bad-request", "{body}");
    }
    assert_eq!(
        daemon.post("/v1/validate", &json!({ "soe": {}, "base": null }).to_string()).code(),
        "bad-request"
    );
}

#[test]
fn a_document_is_deployed_and_governs_at_once() {
    let daemon = Daemon::start();
    let reply = daemon.post("/v1/deploy", &sent(POLICY));
    assert_eq!(reply.status, 200, "{reply:?}");
    let reply = reply.json();
    for (field, value) in [
        ("deployed", json!(true)),
        ("agentId", json!("my-agent")),
        ("path", json!("my-agent.soe.json")),
        ("version", json!("1.0.0")),
        ("revision", json!(1)),
    ] {
        assert_eq!(reply[field], value, "{field}: {reply}");
    }
    let policy = daemon.get("/v1/agents/my-agent/policy").json();
    assert_eq!((&policy["document"], &policy["format"]), (&json!(POLICY), &json!("json")));
    assert_eq!((&policy["digest"], &policy["deployedBy"]), (&reply["digest"], &json!("environment-key")));
    assert_eq!(policy["description"]["role"], "DevOps");

    let again = daemon.post("/v1/deploy", &sent(POLICY));
    assert_eq!((again.status, again.code().as_str()), (409, "version-not-newer"));
    let refused = daemon.post("/v1/deploy", &sent(r#"{"agentId":"my-agent"}"#));
    assert_eq!((refused.status, refused.code().as_str()), (422, "policy-refused"));
    assert!(!refused.json()["errors"].as_array().unwrap().is_empty());
    let escape = daemon.post("/v1/deploy", &sent(&POLICY.replace("my-agent", "../../x")));
    assert_eq!((escape.status, escape.code().as_str()), (422, "policy-refused"));
}

#[test]
fn there_is_a_way_back() {
    let daemon = Daemon::governed();
    let asks = || {
        let body = r#"{"agentId":"my-agent","toolName":"search_code","toolInput":{}}"#;
        daemon.post("/v1/evaluate", body).json()["decision"].clone()
    };
    assert_eq!(asks(), "allow");
    daemon.deploy(&newer("2.0.0").replace("\"search_code\", ", ""));
    assert_eq!(asks(), "deny");
    let back = daemon.post("/v1/agents/my-agent/rollback", r#"{"revision":1}"#);
    assert_eq!((back.status, &back.json()["revision"]), (200, &json!(3)), "{back:?}");
    assert_eq!(asks(), "allow");
    assert_eq!(daemon.post("/v1/agents/my-agent/rollback", r#"{"revision":9}"#).status, 404);
    assert_eq!(daemon.post("/v1/agents/my-agent/rollback", "{}").code(), "bad-request");

    let removed = daemon.delete("/v1/agents/my-agent/policy").json();
    assert_eq!(removed, json!({ "removed": true, "agentId": "my-agent", "revision": 4 }));
    assert_eq!(asks(), "deny");
    for path in ["/v1/agents/my-agent/policy", "/v1/agents/nobody/policy", "/v1/agents/nobody/policy/history"]
    {
        assert_eq!(daemon.get(path).status, 404, "{path}");
    }
    assert_eq!(daemon.delete("/v1/agents/my-agent/policy").status, 404);
    assert_eq!(daemon.post("/v1/agents/my-agent/rollback", r#"{"revision":4}"#).code(), "conflict");

    let history = daemon.get("/v1/agents/my-agent/policy/history").json();
    let states: Vec<_> = history["revisions"].as_array().unwrap().iter().map(line).collect();
    assert_eq!(states, [(4, "removed"), (3, "active"), (2, "active"), (1, "active")]);
    let newest = daemon.get("/v1/agents/my-agent/policy/history?limit=1").json();
    assert_eq!(newest["revisions"].as_array().unwrap().len(), 1);
    assert!(history["revisions"][0].get("document").is_none());
}

fn line(own: &Value) -> (u64, &str) {
    (own["revision"].as_u64().unwrap(), own["state"].as_str().unwrap())
}

#[test]
fn an_agent_does_not_deploy() {
    let daemon = Daemon::governed();
    let own = token(&[Role::Evaluate, Role::Audit, Role::Approve], "my-agent");
    for (method, path, body) in [
        ("POST", "/v1/deploy", Some(sent(&newer("2.0.0")))),
        ("POST", "/v1/agents/my-agent/rollback", Some("{\"revision\":1}".to_owned())),
        ("POST", "/v1/agents/my-agent/reset", None),
        ("DELETE", "/v1/agents/my-agent/policy", None),
    ] {
        let reply = daemon.ask_as(&own, method, path, body.as_deref());
        assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{method} {path}");
    }
    assert_eq!(daemon.get("/v1/agents/my-agent/policy").json()["version"], "1.0.0");
}

/// An enforcement point fetches what it decides with, and asks again whether it is still so.
#[test]
fn who_sends_the_calls_of_an_agent_may_have_its_policy() {
    let daemon = Daemon::start();
    // An author's own spelling: white space, escapes and all.
    let text = POLICY.replace("\"version\":", "\n\t\"version\"  :  ").replace("DevOps", "Dev\\u004fps é");
    daemon.deploy(&text);
    let own = format!("Bearer {}", token(&[Role::Evaluate], "my-agent"));
    let path = "/v1/agents/my-agent/policy";
    let ask = |known: &[&str]| {
        let mut headers = vec![("authorization", own.as_str())];
        headers.extend(known.iter().map(|tag| ("if-none-match", *tag)));
        daemon.ask("GET", path, &headers, None)
    };
    let first = ask(&[]);
    assert_eq!(first.status, 200, "{first:?}");
    let policy = first.json();
    assert_eq!(policy["document"], json!(text));
    let digest = Sha256::digest(policy["document"].as_str().unwrap().as_bytes());
    assert_eq!(policy["digest"], json!(format!("sha256:{}", hex::encode(digest))));

    let etag = first.header("etag").unwrap().to_owned();
    for known in [vec![etag.as_str()], vec![&format!("\"x\", W/{etag}")], vec!["\"x\"", &etag], vec!["*"]] {
        let reply = ask(&known);
        assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{known:?}");
        assert_eq!(reply.header("etag"), Some(etag.as_str()));
    }
    for known in ["\"x\"", "", etag.trim_matches('"')] {
        assert_eq!(ask(&[known]).status, 200, "{known}");
    }
    daemon.deploy(&text.replace("1.0.0", "1.0.1"));
    let changed = ask(&[&etag]);
    assert_eq!((changed.status, &changed.json()["version"]), (200, &json!("1.0.1")));
    assert_ne!(changed.header("etag"), Some(etag.as_str()));
    let other = token(&[Role::Evaluate], "another-agent");
    assert_eq!(daemon.ask_as(&other, "GET", path, None).code(), "foreign-agent");
}

#[test]
fn a_revision_is_there_with_its_document() {
    let daemon = Daemon::governed();
    let yaml = "agentId: my-agent # as it was written\nversion: '2.0.0'\nidentity: {}\n";
    let sent = json!({ "soe": yaml, "format": "yaml" }).to_string();
    assert_eq!(daemon.post("/v1/deploy", &sent).status, 200);
    let governing = daemon.get("/v1/agents/my-agent/policy").json();
    assert_eq!(daemon.get("/v1/agents/my-agent/policy/history/2").json(), governing);
    assert_eq!(governing["document"], yaml);
    let first = daemon.get("/v1/agents/my-agent/policy/history/1").json();
    assert_eq!(
        (&first["version"], &first["format"], &first["state"]),
        (&json!("1.0.0"), &json!("json"), &json!("active"))
    );
    assert_eq!(first["description"]["role"], "DevOps");
    let digest = hex::encode(Sha256::digest(first["document"].as_str().unwrap()));
    assert_eq!(first["digest"], json!(format!("sha256:{digest}")));
    // A removal is one, too; and the agent is still found.
    assert_eq!(daemon.delete("/v1/agents/my-agent/policy").status, 200);
    assert_eq!(daemon.get("/v1/agents/my-agent/policy/history/3").json()["state"], "removed");
    let agents = daemon.get("/v1/agents").json();
    assert_eq!(
        (&agents["agents"][0]["agentId"], &agents["agents"][0]["version"]),
        (&json!("my-agent"), &Value::Null)
    );
    assert_eq!(daemon.get("/v1/agents/my-agent/risk").status, 200);
    for (revision, code) in [
        ("4", "not-found"),
        ("0", "not-found"),
        ("x", "bad-request"),
        ("+1", "bad-request"),
        ("-1", "bad-request"),
        ("99999999999999999999", "bad-request"),
    ] {
        assert_eq!(
            daemon.get(&format!("/v1/agents/my-agent/policy/history/{revision}")).code(),
            code,
            "{revision}"
        );
    }
    assert_eq!(daemon.get("/v1/agents/nobody/policy/history/1").code(), "not-found");
}
