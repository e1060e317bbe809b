//! Links in messages: what they show, and the one thing that each of them can do.

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::harness::{Daemon, Place};
use crate::receiver::{Receiver, body};
use crate::support::{
    PUBLIC_URL, again, ask, place, policy, raw, status, wait_for_status, with_slack, with_webhook,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// The paths of a message's two links, for this daemon.
fn links(message: &Value) -> [String; 2] {
    let blocks = message["blocks"].as_array().unwrap();
    let actions = blocks.iter().find(|own| own["type"] == "actions").unwrap();
    [0, 1].map(|place| {
        let url = actions["elements"][place]["url"].as_str().unwrap();
        url.strip_prefix(PUBLIC_URL).unwrap().to_owned()
    })
}

/// Opens a link as a browser does that knows no credential.
fn open(daemon: &Daemon, path: &str) -> Reply {
    Client::new(daemon.address, None).get(path)
}

fn press(daemon: &Daemon, path: &str, form: &str) -> Reply {
    raw(daemon, "POST", path, FORM, form)
}

fn start(receiver: &Receiver, approvals: &Value) -> (Place, Daemon) {
    let place = with_slack(place(approvals), receiver);
    let daemon = place.start();
    (place, daemon)
}

/// No scripts, nothing kept, nothing loaded, no other page around it.
fn check_headers(reply: &Reply) {
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    let policy = reply.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    assert!(!reply.body.contains("<script"), "{}", reply.body);
}

#[test]
fn looking_answers_nothing_and_pressing_answers_once() {
    let receiver = Receiver::start();
    let (place, daemon) = start(&receiver, &json!({ "tools": ["deploy"] }));
    let asked = ask(&place, &daemon, json!({ "to": "production" }));
    let [approve, deny] = links(&body(&receiver.wait_for("/slack", 1)[0]));

    for _ in 0..3 {
        let page = open(&daemon, &approve);
        assert_eq!(page.status, 200);
        check_headers(&page);
        assert!(page.body.contains("Approve this call") && page.body.contains("Your name"), "{}", page.body);
        assert!(page.body.contains("&quot;to&quot;:&quot;production&quot;"), "{}", page.body);
        assert_eq!(raw(&daemon, "HEAD", &approve, FORM, "").status, 200);
    }
    assert!(open(&daemon, &deny).body.contains("Deny this call"));
    assert_eq!(status(&mut daemon.client(), &asked.id)["answers"], json!([]));

    for (form, expect) in
        [("", 400), ("name=", 400), ("name=%20%20", 400), (&*format!("name={}", "x".repeat(101)), 400)]
    {
        assert_eq!(press(&daemon, &approve, form).status, expect, "{form}");
    }
    let json_form = raw(&daemon, "POST", &approve, "application/json", "{\"name\":\"x\"}");
    assert_eq!(json_form.status, 415, "{json_form:?}");
    assert_eq!(press(&daemon, &approve, &format!("name={}", "x".repeat(5000))).status, 413);
    assert_eq!(status(&mut daemon.client(), &asked.id)["status"], "pending");

    let done = press(&daemon, &approve, "name=Ann+%3Cb%3E&other=1");
    assert_eq!(done.status, 200, "{done:?}");
    check_headers(&done);
    assert!(done.body.contains("You approved this call"), "{}", done.body);
    let seen = wait_for_status(&daemon, &asked.id, "approved");
    let answer = &seen["answers"][0];
    assert_eq!(
        (&answer["subject"], &answer["channel"], &answer["note"]),
        (&json!("slack:link"), &json!("slack"), &json!("Ann <b>"))
    );

    // The same again, and the other one: said plainly, and nothing changes.
    for path in [&approve, &deny] {
        for reply in [open(&daemon, path), press(&daemon, path, "name=Bob")] {
            assert_eq!(reply.status, 409, "{reply:?}");
            check_headers(&reply);
            assert!(reply.body.contains("used already"), "{}", reply.body);
        }
    }
    assert_eq!(status(&mut daemon.client(), &asked.id)["answers"].as_array().unwrap().len(), 1);
    assert_eq!(again(&place, &daemon, &asked)["permitted"], true);
    assert_eq!(again(&place, &daemon, &asked)["permitted"], false);
}

#[test]
fn a_link_is_good_for_one_question_and_one_answer() {
    let receiver = Receiver::start();
    let (place, daemon) = start(&receiver, &json!({ "tools": ["deploy"] }));
    let one = ask(&place, &daemon, json!({ "n": 1 }));
    let two = ask(&place, &daemon, json!({ "n": 2 }));
    let messages: Vec<Value> = receiver.wait_for("/slack", 2).iter().map(body).collect();
    let of = |id: &str| messages.iter().map(links).find(|[approve, _]| approve.contains(id)).unwrap();
    let ([approve, deny], [other, _]) = (of(&one.id), of(&two.id));

    let code = |path: &str| path.rsplit_once('.').unwrap().1.to_owned();
    let (said, end) = (approve.rsplit_once('.').unwrap().0, approve.split('.').nth(2).unwrap());
    let later = (end.parse::<i64>().unwrap() + 60_000).to_string();
    for forged in [
        approve.replace("approve.", "deny."),
        deny.replace("deny.", "approve."),
        approve.replace(&one.id, &two.id),
        approve.replace(end, &later),
        format!("{said}.{}", code(&deny)),
        format!("{said}.{}", code(&other)),
        format!("{said}."),
        format!("/approve/{}", one.id),
        "/approve/x".to_owned(),
        format!("{approve}A"),
    ] {
        for reply in [open(&daemon, &forged), press(&daemon, &forged, "name=Mallory")] {
            assert_eq!(reply.status, 403, "{forged}: {reply:?}");
            check_headers(&reply);
            assert!(reply.body.contains("not genuine"), "{}", reply.body);
        }
    }
    for id in [&one.id, &two.id] {
        assert_eq!(status(&mut daemon.client(), id)["answers"], json!([]));
    }
    assert_eq!(press(&daemon, &deny, "name=Ann").status, 200);
    wait_for_status(&daemon, &one.id, "denied");
    assert_eq!(status(&mut daemon.client(), &two.id)["status"], "pending");
}

#[test]
fn an_expired_link_says_so() {
    let receiver = Receiver::start();
    let (place, daemon) = start(&receiver, &json!({ "tools": ["deploy"], "expiresSeconds": SHORTEST }));
    let asked = ask(&place, &daemon, json!({}));
    let [approve, _] = links(&body(&receiver.wait_for("/slack", 1)[0]));
    wait_for_status(&daemon, &asked.id, "expired");
    for reply in [open(&daemon, &approve), press(&daemon, &approve, "name=Ann")] {
        assert_eq!(reply.status, 410, "{reply:?}");
        assert!(reply.body.contains("expired"), "{}", reply.body);
    }
    assert_eq!(again(&place, &daemon, &asked)["permitted"], false);
}

/// Seconds of the shortest question that a policy may ask.
const SHORTEST: u32 = 10;

#[test]
fn nothing_of_a_call_means_anything() {
    let receiver = Receiver::start();
    let (place, daemon) = start(&receiver, &json!({ "tools": ["deploy"] }));
    let hostile =
        "</pre><script>alert(1)</script>`<!channel> <https://x|y> & \u{202e}\u{200b}\u{3164}\u{1b}[2J'\"";
    let asked = ask(&place, &daemon, json!({ hostile: hostile }));
    let message = &receiver.wait_for("/slack", 1)[0];
    let text = message["body"].as_str().unwrap();
    assert!(
        !text.contains("<!channel>") && !text.contains("<https://x") && !text.contains("<script"),
        "{text}"
    );
    assert!(!text.contains('\u{202e}') && !text.contains('\u{200b}') && !text.contains('\u{3164}'), "{text}");
    let said = body(message);
    let call = said["blocks"][2]["text"]["text"].as_str().unwrap();
    assert!(
        call.contains("&lt;!channel&gt;") && call.contains(r"\u{202e}") && call.contains(r"\u{60}"),
        "{call}"
    );
    assert_eq!(call.matches("```").count(), 2, "{call}");

    let page = open(&daemon, &links(&said)[0]);
    check_headers(&page);
    assert!(
        page.body.contains("&lt;/pre&gt;&lt;script&gt;") && page.body.contains(r"\u{202e}"),
        "{}",
        page.body
    );
    assert!(page.body.is_ascii() || !page.body.contains('\u{202e}'));
    assert_eq!(page.body.matches("<pre>").count(), 1);
    assert_eq!(page.body.matches("</pre>").count(), 1);
    assert_eq!(status(&mut daemon.client(), &asked.id)["status"], "pending");
}

#[test]
fn without_messages_there_are_no_links() {
    let place = Place::new();
    let daemon = place.start();
    for reply in [open(&daemon, "/approve/x"), press(&daemon, "/approve/x", "name=Ann")] {
        assert_eq!(reply.status, 404, "{reply:?}");
        check_headers(&reply);
    }
}

/// A yes is for every reason, so each of them is in what people read; and so is that it is worth
/// nothing, once another policy governs.
#[test]
fn every_reason_is_told_and_whether_a_yes_counts() {
    let receiver = Receiver::start();
    let approvals = json!({ "tools": ["deploy"], "above": "1.00" });
    let place = with_webhook(with_slack(place(&approvals), &receiver), &receiver, "sentinel", "/hook");
    let daemon = place.start();
    let call = json!({
        "agentId": "deployer", "toolName": "deploy", "toolInput": {}, "cost": { "usd": "2.50" },
    });
    let token = place.token("deployer-bot", "evaluate", "deployer");
    let asked = daemon.client_with(&token).post("/v1/evaluate", &call).ok();
    let id = asked["approval"]["id"].as_str().unwrap();

    let message = body(&receiver.wait_for("/slack", 1)[0]);
    let said = status(&mut daemon.client(), id);
    let reasons: Vec<&str> =
        said["reasons"].as_array().unwrap().iter().map(|own| own["message"].as_str().unwrap()).collect();
    assert_eq!(reasons.len(), 2, "{said}");
    let text = message.to_string();
    let page = open(&daemon, &links(&message)[0]).body;
    for reason in &reasons {
        let shown = serde_json::to_string(reason).unwrap();
        assert!(text.contains(shown.trim_matches('"')), "{reason}: {text}");
        let shown = reason.replace('"', "&quot;");
        assert!(page.contains(&format!("<dd>{shown}</dd>")), "{reason}: {page}");
    }
    let told = body(&receiver.wait_for("/hook", 1)[0]);
    assert_eq!(told["approval"]["reasons"], said["reasons"]);
    assert_eq!(told["approval"]["governs"], true);

    assert!(!page.contains("worth nothing"), "{page}");
    let mut newer = policy(&approvals);
    newer["version"] = json!("2.0.0");
    daemon.client().post("/v1/deploy", &json!({ "soe": newer })).ok();
    let page = open(&daemon, &links(&message)[0]).body;
    assert!(page.contains("a yes is worth nothing"), "{page}");
}
