//! AuthZEN's Authorization API 1.0, as every example has to speak it.

use serde_json::{Value, json};

use crate::client::Client;
use crate::daemon::{Daemon, Mood};
use crate::place::{Place, URL};
use crate::soe::AGENT;

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";

fn ask(client: &Client, path: &str, body: &Value) -> Value {
    let answer = client.post(path, body.to_string());
    assert_eq!(answer.status, 200, "{body}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

fn command(line: &str) -> Value {
    json!({
        "subject": {"type": "agent", "id": AGENT},
        "action": {"name": "Bash"},
        "resource": {"type": "command", "id": line},
    })
}

/// One evaluation, in each of its forms.
pub(crate) fn single(place: &Place) {
    let client = place.client();
    let yes = ask(&client, ONE, &command("npm test"));
    assert_eq!((&yes["decision"], &yes["context"]["code"]), (&json!(true), &json!("bash-allow")), "{yes}");
    assert_eq!(yes["context"]["verdict"], "allow");
    assert!(yes["context"]["verdictId"].is_string() && yes["context"]["policyDigest"].is_string(), "{yes}");
    let no = ask(&client, ONE, &command("rm -rf /"));
    assert_eq!((&no["decision"], &no["context"]["code"]), (&json!(false), &json!("bash-deny")), "{no}");
    assert!(no["context"]["reason"].as_str().is_some_and(|why| why.contains("rm -rf *")), "{no}");
    let tool = |action: Value, resource: Value| {
        let own = json!({"subject": {"type": "agent", "id": AGENT}, "action": action, "resource": resource});
        ask(&client, ONE, &own)
    };
    let is_yes = |answer: Value| answer["decision"] == true;
    let line = json!({"command": "git status"});
    assert!(is_yes(tool(json!({"name": "Bash", "properties": line}), json!({"type": "tool", "id": "Bash"}))));
    assert!(is_yes(tool(json!({"name": "Bash"}), json!({"type": "tool", "id": "Bash", "properties": line}))));
    assert!(is_yes(tool(json!({"name": "search"}), json!({"type": "tool", "id": "search"}))));
    assert!(!is_yes(tool(
        json!({"name": "delete_database"}),
        json!({"type": "tool", "id": "delete_database"})
    )));
    // Two names for one tool, two places for one input, two values of one member.
    assert!(!is_yes(tool(json!({"name": "search"}), json!({"type": "tool", "id": "Bash"}))));
    let twice = tool(
        json!({"name": "Bash", "properties": line}),
        json!({"type": "tool", "id": "Bash", "properties": line}),
    );
    assert!(!is_yes(twice));
    let again =
        tool(json!({"name": "Bash", "properties": line}), json!({"type": "command", "id": "npm test"}));
    assert_eq!(
        (&again["decision"], &again["context"]["code"]),
        (&json!(false), &json!("call-duplicate-key"))
    );
    // A path needs the directory that the agent works on, which comes with the context.
    let mut read = json!({
        "subject": {"type": "agent", "id": AGENT},
        "action": {"name": "Read"},
        "resource": {"type": "file_path", "id": "/w/src/a.rs"},
        "context": {"time": "1985-10-26T01:22-07:00"},
    });
    assert!(!is_yes(ask(&client, ONE, &read)));
    read["context"]["workspace"] = json!("/w");
    assert!(is_yes(ask(&client, ONE, &read)));
    read["resource"]["id"] = json!("/w/src/.env");
    assert!(!is_yes(ask(&client, ONE, &read)));
    // The example of the specification: a person, whom nothing governs here.
    let alice = json!({
        "subject": {"type": "user", "id": "alice@example.com"},
        "resource": {"type": "account", "id": "123"},
        "action": {"name": "can_read", "properties": {"method": "GET"}},
        "context": {"time": "1985-10-26T01:22-07:00"},
    });
    let answer = ask(&client, ONE, &alice);
    assert_eq!(
        (&answer["decision"], &answer["context"]["error"]["status"]),
        (&json!(false), &json!(400)),
        "{answer}"
    );
    let mut stranger = command("npm test");
    stranger["subject"]["id"] = json!("nobody-knows");
    assert_eq!(ask(&client, ONE, &stranger)["context"]["code"], "policy-missing");
    stranger["subject"]["id"] = json!("alice@example.com");
    assert_eq!(ask(&client, ONE, &stranger)["decision"], false);
    // What a policy only watches goes ahead, and says so.
    let mut watched = command("rm -rf /");
    watched["subject"]["id"] = json!("watched-agent");
    let answer = ask(&client, ONE, &watched);
    assert_eq!((&answer["decision"], &answer["context"]["verdict"]), (&json!(true), &json!("deny")));
    let named =
        client.send("POST", ONE, &[("x-request-id", "bfe9eb29")], command("npm test").to_string().as_bytes());
    assert_eq!(named.header("x-request-id"), Some("bfe9eb29"));
}

/// Many at once: what they share, and when they stop.
pub(crate) fn many(place: &Place) {
    let client = place.client();
    let decisions = |body: &Value| -> Vec<bool> {
        let answer = ask(&client, MANY, body);
        assert!(answer.get("decision").is_none(), "{answer}");
        let all = answer["evaluations"].as_array().expect("a list").clone();
        all.iter().map(|own| own["decision"].as_bool().expect("a truth")).collect()
    };
    let resource = |line: &str| json!({"resource": {"type": "command", "id": line}});
    let mut body = json!({
        "subject": {"type": "agent", "id": AGENT},
        "action": {"name": "Bash"},
        "evaluations": [resource("npm test"), resource("rm -rf /"), resource("git status")],
    });
    assert_eq!(decisions(&body), [true, false, true]);
    for (semantic, expected) in [
        ("execute_all", vec![true, false, true]),
        ("deny_on_first_deny", vec![true, false]),
        ("permit_on_first_permit", vec![true]),
    ] {
        body["options"] = json!({"evaluations_semantic": semantic, "another_option": "value"});
        assert_eq!(decisions(&body), expected, "{semantic}");
    }
    // Each may have its own, whole: an object beside is a default and is not mixed in.
    let own = json!({
        "subject": {"type": "agent", "id": AGENT},
        "action": {"name": "Bash", "properties": {"command": "npm test"}},
        "resource": {"type": "tool", "id": "Bash"},
        "evaluations": [
            {},
            {"action": {"name": "Bash", "properties": {"command": "rm -rf /"}}},
            {"action": {"name": "Bash"}},
            {"subject": {"type": "agent", "id": "nobody-knows"}},
            {"resource": {"type": "tool", "id": "search"}},
        ],
    });
    assert_eq!(decisions(&own), [true, false, false, false, false]);
    // One that lacks something fails alone.
    let alone =
        json!({"evaluations": [command("npm test"), {"action": {"name": "Bash"}}, 7, command("git status")]});
    let answer = ask(&client, MANY, &alone);
    assert_eq!(answer["evaluations"][1]["context"]["error"]["status"], 400, "{answer}");
    assert_eq!(decisions(&alone), [true, false, false, true]);
    let mut single = command("npm test");
    assert_eq!(ask(&client, MANY, &single)["decision"], true, "without a list it is one");
    single["evaluations"] = json!([]);
    assert_eq!(ask(&client, MANY, &single)["decision"], true, "with an empty list, too");
    body["evaluations"] = json!(vec![resource("npm test"); 100]);
    body["options"] = json!({});
    assert_eq!(decisions(&body), vec![true; 100]);
}

/// What is no request; none of these may look like a yes to anybody.
pub(crate) fn malformed(place: &Place) {
    let client = place.client();
    let without = |name: &str| {
        let mut own = command("npm test");
        own.as_object_mut().expect("an object").remove(name);
        own.to_string()
    };
    let mut many = json!({"evaluations": vec![command("npm test"); 101]});
    let too_many = many.to_string();
    many["evaluations"] = json!([command("npm test")]);
    many["options"] = json!({"evaluations_semantic": "guess"});
    let guess = many.to_string();
    let twice = command("npm test").to_string().replacen('{', r#"{"subject":{"type":"agent","id":"x"},"#, 1);
    let inside =
        command("npm test").to_string().replace(r#""id":"npm test""#, r#""id":"rm -rf /","id":"npm test""#);
    let not_text = command("npm test").to_string().replace(&format!("\"{AGENT}\""), "7");
    for (path, body) in [
        (ONE, String::new()),
        (ONE, "{".to_owned()),
        (ONE, "[]".to_owned()),
        (ONE, without("subject")),
        (ONE, without("action")),
        (ONE, without("resource")),
        (MANY, without("resource")),
        (ONE, not_text),
        (ONE, twice.clone()),
        (MANY, twice),
        (ONE, inside),
        (MANY, too_many),
        (MANY, guess),
        (MANY, r#"{"evaluations":{}}"#.to_owned()),
    ] {
        let answer = client.post(path, &body);
        let shown: String = body.chars().take(200).collect();
        assert_eq!((answer.status, &answer.json()["decision"]), (400, &json!(false)), "{shown}: {answer:?}");
    }
    let get = client.send("GET", ONE, &[], b"");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
}

/// Who the place says that it is, to anybody.
pub(crate) fn configuration(place: &Place) {
    let answer =
        place.client().send("GET", "/.well-known/authzen-configuration", &[("authorization", "")], b"");
    let expected = json!({
        "policy_decision_point": URL,
        "access_evaluation_endpoint": format!("{URL}{ONE}"),
        "access_evaluations_endpoint": format!("{URL}{MANY}"),
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
}

/// What needs memory is the daemon's to say. One that is away is not asked again and again.
pub(crate) fn with_daemon(place: &Place, daemon: &Daemon, environment: Option<&str>) {
    daemon.mood(Mood::Well);
    let client = place.client();
    let pays = json!({
        "subject": {"type": "agent", "id": AGENT},
        "action": {"name": "pay_invoice", "properties": {"invoice": 7}},
        "resource": {"type": "tool", "id": "pay_invoice"},
        "context": {"cost": {"usd": "1.00"}},
    });
    let answer = ask(&client, ONE, &pays);
    assert_eq!(
        (&answer["decision"], &answer["context"]["verdictId"]),
        (&json!(true), &json!("main-7")),
        "{answer}"
    );
    let (asked, _) = daemon.last_asked();
    let mut expected = json!({"agentId": AGENT, "toolName": "pay_invoice", "toolInput": {"invoice": 7}, "cost": {"usd": "1.00"}});
    if let Some(own) = environment {
        expected["environment"] = json!(own);
    }
    assert_eq!(serde_json::from_str::<Value>(&asked).expect("JSON"), expected);
    daemon.mood(Mood::Slow);
    let before = daemon.requests();
    let answer = ask(&client, MANY, &json!({"evaluations": [pays, pays, pays, pays, command("npm test")]}));
    let decisions: Vec<_> =
        answer["evaluations"].as_array().expect("a list").iter().map(|own| &own["decision"]).collect();
    assert_eq!(decisions, [false, false, false, false, true], "{answer}");
    assert_eq!(answer["evaluations"][3]["context"]["error"]["code"], "daemon-timeout");
    let asked = daemon.requests() - before;
    // A record of the last one may have come, too.
    assert!(asked <= 2, "{asked} requests");
    daemon.mood(Mood::Well);
}
