//! A yes is for one call: whatever differs in it, and however its question is spelled, it is no yes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::approvals::{
    AGENT, Desk, REQUESTER, approve, ask, asking, check_approved, check_denied, deploy, evaluate, say,
    with_id,
};
use crate::client::Client;

/// Everything that a call may say, as bytes.
fn whole(session: &str) -> String {
    format!(
        r#"{{"agentId":"{AGENT}","toolName":"deploy","toolInput":{{"service":"web","version":7}},"sessionId":"{session}","runId":"r1","workspace":"/w","home":"/h","cwd":"/w","shell":"bash","cost":{{"usd":"0.01","tokens":1}},"endpoint":"https://shop.example/a","payee":"shop","resolvedPaths":{{"/w/a":"/w/b"}},"protectedPaths":["/w/p"]}}"#
    )
}

/// What differs, and how: the text that is replaced, and by what.
const CHANGES: &[(&str, &str, &str)] = &[
    ("tool", r#""toolName":"deploy""#, r#""toolName":"deploy2""#),
    ("one byte of the input", "web", "wed"),
    ("one digit of the input", ":7}", ":8}"),
    ("a space in the input", r#""version":7"#, r#""version": 7"#),
    ("a space at the end of the input", ":7}", ":7 }"),
    ("another spelling of a number", ":7}", ":7.0}"),
    ("another spelling of a letter", r#""web""#, r#""\u0077eb""#),
    ("the order of keys", r#""service":"web","version":7"#, r#""version":7,"service":"web""#),
    ("an empty key more", ":7}", r#":7,"":0}"#),
    ("cwd", r#""cwd":"/w""#, r#""cwd":"/w/x""#),
    ("no cwd", r#""cwd":"/w","#, ""),
    ("workspace", r#""workspace":"/w""#, r#""workspace":"/""#),
    ("home", r#""home":"/h""#, r#""home":"/""#),
    ("shell", r#""shell":"bash""#, r#""shell":"powershell""#),
    ("no shell", r#""shell":"bash","#, ""),
    ("run", r#""runId":"r1""#, r#""runId":"r2""#),
    ("no run", r#""runId":"r1","#, ""),
    ("cost", r#""usd":"0.01""#, r#""usd":"0.02""#),
    ("the spelling of the cost", r#""usd":"0.01""#, r#""usd":"0.010""#),
    ("tokens", r#""tokens":1"#, r#""tokens":2"#),
    ("no cost", r#""cost":{"usd":"0.01","tokens":1},"#, ""),
    ("endpoint", "shop.example/a", "shop.example/b"),
    ("payee", r#""payee":"shop""#, r#""payee":"shop2""#),
    ("resolvedPaths", "/w/b", "/etc/b"),
    ("protectedPaths", r#"["/w/p"]"#, "[]"),
];

fn send(client: &mut Client, body: &str) -> Value {
    client.send("POST", "/v1/evaluate", &[], Some(body)).ok()
}

fn with_id_text(body: &str, id: &str) -> String {
    format!(r#"{{"approvalId":"{id}",{}"#, &body[1..])
}

#[test]
fn a_yes_is_for_the_call_that_was_shown_and_for_no_other() {
    let tools = json!({ "tools": ["deploy*"] });
    let allowed = json!({ "allowed": ["search", "deploy", "deploy2"] });
    let desk = Desk::new(&tools, &[("toolActions", allowed.clone())]);
    let mut other = asking(&tools, &[("toolActions", allowed)]);
    other["agentId"] = json!("other");
    desk.daemon.client().post("/v1/deploy", &json!({ "soe": other })).ok();
    // For every agent, so that nothing but the binding is in the way.
    let mut robot = desk.client(REQUESTER, "evaluate", "*");
    let mut mint = || {
        robot.post("/v1/sessions", &json!({ "agentId": AGENT })).ok()["sessionId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (session, another) = (mint(), mint());
    let call = whole(&session);
    let id = send(&mut robot, &call)["approval"]["id"].as_str().expect("a question").to_owned();
    approve(&mut desk.person("alice"), &id);

    let session_changes = [
        ("session", format!(r#""sessionId":"{session}""#), format!(r#""sessionId":"{another}""#)),
        ("no session", format!(r#""sessionId":"{session}","#), String::new()),
        ("agent", format!(r#""agentId":"{AGENT}""#), r#""agentId":"other""#.to_owned()),
    ];
    let fixed = CHANGES.iter().map(|(name, from, to)| (*name, (*from).to_owned(), (*to).to_owned()));
    let mut seen = BTreeSet::from([id.clone()]);
    for (name, from, to) in fixed.chain(session_changes) {
        let changed = call.replacen(&from, &to, 1);
        assert_ne!(changed, call, "{name}");
        let told = send(&mut robot, &with_id_text(&changed, &id));
        assert_eq!(
            (&told["permitted"], &told["decision"]),
            (&json!(false), &json!("deny")),
            "{name}: {told}"
        );
        // A session of another agent, and a shell that is not known, are refused before anybody looks.
        if !matches!(name, "agent" | "shell") {
            assert_eq!(told["code"], "approval-mismatch", "{name}: {told}");
        }
        // Without the id it is another question.
        let told = send(&mut robot, &changed);
        assert_eq!(told["permitted"], false, "{name}: {told}");
        if let Some(next) = told["approval"]["id"].as_str() {
            assert!(seen.insert(next.to_owned()), "{name}: the same question");
        }
    }
    assert!(seen.len() > CHANGES.len(), "most of them were questions: {seen:?}");

    // Another subject with the same agent: the session is not its own, and without it nor is the call.
    let mut thief = desk.client("thief", "evaluate", "*");
    assert_eq!(send(&mut thief, &with_id_text(&call, &id))["permitted"], false);
    // What the request is wrapped in is no part of the call.
    let wrapped = with_id_text(&call, &id).replacen(r#""runId":"r1","#, "", 1).replacen(
        '{',
        r#" { "runId" : "r1" , "#,
        1,
    );
    check_approved(&send(&mut robot, &wrapped));
    assert_eq!(send(&mut robot, &with_id_text(&call, &id))["code"], "approval-used");
}

#[test]
fn a_yes_is_for_who_asked() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut thief) = (desk.robot(), desk.client("thief", "evaluate", AGENT));
    let id = ask(&mut robot, &deploy());
    approve(&mut desk.person("alice"), &id);
    check_denied(&evaluate(&mut thief, &with_id(&deploy(), &id)), "approval-unknown");
    assert_ne!(ask(&mut thief, &deploy()), id);
    // The administrator is somebody else, too.
    check_denied(&evaluate(&mut desk.daemon.client(), &with_id(&deploy(), &id)), "approval-unknown");
    check_approved(&evaluate(&mut robot, &deploy()));
}

#[test]
fn an_id_has_one_spelling_and_belongs_to_one_question() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let id = ask(&mut robot, &deploy());
    approve(&mut alice, &id);
    let (stem, round) = id.rsplit_once('_').unwrap();
    let key = stem.strip_prefix("apr_").unwrap();
    let forged = [
        String::new(),
        " ".to_owned(),
        "null".to_owned(),
        key.to_owned(),
        stem.to_owned(),
        format!("{stem}_"),
        format!("{stem}_0"),
        format!("{stem}_0{round}"),
        format!("{stem}_2"),
        format!("{stem}_18446744073709551617"),
        format!("{stem}_99999999999999999999999999"),
        format!("{stem}_{round}\u{0}"),
        format!("{stem}_-1"),
        format!("{stem}_+1"),
        format!("{stem}_1.0"),
        format!("{stem}_１"),
        format!(" {id}"),
        format!("{id} "),
        format!("{id}\n"),
        id.to_uppercase(),
        format!("apr_{}_{round}", key.to_uppercase()),
        format!("apr_{}_{round}", "0".repeat(32)),
        format!("APR_{key}_{round}"),
        format!("apr_{key}0_{round}"),
        format!("apr_{}_{round}", &key[..31]),
        format!("{id}_{round}"),
        "a".repeat(100_000),
    ];
    for own in &forged {
        let told = evaluate(&mut robot, &with_id(&deploy(), own));
        check_denied(&told, "approval-unknown");
    }
    for wrong in [
        format!("{stem}_2"),
        format!("{stem}_0{round}"),
        format!("apr_{}_1", "0".repeat(32)),
        format!("{id}%20"),
        format!("{id}%00"),
    ] {
        assert_eq!(say(&mut alice, &wrong, "approve").status, 404, "{wrong}");
        assert_eq!(alice.get(&format!("/v1/approvals/{wrong}")).status, 404, "{wrong}");
    }
    for wrong in [json!(7), json!([id.clone()]), json!({ "id": id.clone() }), json!(true)] {
        let mut body = deploy();
        body["approvalId"] = wrong;
        assert_eq!(robot.post("/v1/evaluate", &body).status, 400, "{body}");
    }
    check_approved(&evaluate(&mut robot, &with_id(&deploy(), &id)));
}
