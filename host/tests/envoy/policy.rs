//! Which policy governs: the daemon's, as soon as it says so, and no other.

use std::time::Duration;

use sentinel_envoy_tests::{Answer, Envoy, Upstream};
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, KEY, eventually};
use crate::scene::{AGENT, HOST, PATIENCE, Scene, check_refused, code, get, governed, key, policy, told};

fn deploy(daemon: &Daemon, version: &str, denied: &str) {
    let mut policy = policy(&[("network", json!({ "allowHosts": [HOST], "denyPaths": [denied] }))]);
    policy["version"] = json!(version);
    let reply = daemon.client().post("/v1/deploy", &json!({ "soe": policy }));
    assert!(matches!(reply.status, 200 | 201), "{reply:?}");
}

/// Waits until two workers and the main thread have said this so many times. What they answer does not tell
/// whether all have heard it: many connections in a row may be one worker's.
fn said(envoy: &Envoy, line: &str, times: usize) {
    eventually(line, PATIENCE, || envoy.log().matches(line).count() >= 3 * times);
}

#[test]
fn the_daemon_says_what_governs() {
    let scene = Scene::ungoverned(Upstream::start());
    let daemon = scene.place.start();
    let envoy = scene.asking(scene.port(), &[]).workers(2).start();
    check_refused(&get(&envoy, "/"), 503, "policy-missing");
    scene.upstream.assert_untouched();
    deploy(&daemon, "1.0.0", "/admin/**");
    said(&envoy, " governs", 1);
    assert_eq!(get(&envoy, "/").status, 200);
    check_refused(&get(&envoy, "/admin/users"), 403, "path-denied");
    assert_eq!(get(&envoy, "/v2/x").status, 200);
    // One that asks as seldom as it is told to has not heard of the next one when the others have.
    let seldom = scene.envoy(&[("daemon", told(&[("refreshSeconds", json!(3_600))]))]);
    governed(&seldom, 1);
    deploy(&daemon, "2.0.0", "/v2/**");
    said(&envoy, " governs", 2);
    check_refused(&get(&envoy, "/v2/x"), 403, "path-denied");
    assert_eq!(get(&seldom, "/v2/x").status, 200);
    assert_eq!(get(&envoy, "/admin/users").status, 200);
    let removed = daemon.client().delete(&format!("/v1/agents/{AGENT}/policy"));
    assert!(matches!(removed.status, 200 | 204), "{removed:?}");
    said(&envoy, "the daemon has no policy for this agent", 1);
    let refused = get(&envoy, "/");
    check_refused(&refused, 503, "policy-missing");
    assert_eq!(refused.json()["policyDigest"], Value::Null);
    deploy(&daemon, "3.0.0", "/admin/**");
    said(&envoy, " governs", 3);
    assert_eq!(get(&envoy, "/").status, 200);
    // A daemon that is gone takes nothing back.
    daemon.kill9();
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(get(&envoy, "/").status, 200);
    check_refused(&get(&envoy, "/admin/users"), 403, "path-denied");
}

#[test]
fn a_policy_of_the_configuration_governs_until_the_daemon_has_answered() {
    let scene = Scene::ungoverned(Upstream::start());
    let inline = policy(&[("network", json!({ "allowHosts": [HOST], "denyPaths": ["/inline/**"] }))]);
    let envoy = scene.envoy(&[("policy", inline)]);
    assert_eq!(get(&envoy, "/").status, 200);
    check_refused(&get(&envoy, "/inline/x"), 403, "path-denied");
    scene.place.govern(&policy(&[]));
    let _daemon = scene.place.start();
    governed(&envoy, 1);
    assert_eq!(get(&envoy, "/inline/x").status, 200);
    check_refused(&get(&envoy, "/admin/x"), 403, "path-denied");
}

/// What becomes of what the daemon said.
type Lie = fn(&str) -> String;

/// Somebody between the proxy and the daemon who writes into what the daemon says.
fn liar(port: u16, lie: Lie) -> Upstream {
    Upstream::answering(move |request| {
        let mut client = Client::new(([127, 0, 0, 1], port).into(), Some(KEY));
        let reply = client.get(&request.target);
        Answer::new(reply.status, "application/json", lie(&reply.body))
    })
}

#[test]
fn a_policy_that_is_not_what_was_deployed_is_not_taken() {
    let scene = Scene::new(&policy(&[]));
    let _daemon = scene.place.start();
    let lies: [(&str, Lie); 5] = [
        ("Digest", |body| body.replace("/admin/**", "/adm1n/**")),
        ("Digest", |body| body.replace("sha256:", "sha256:0")),
        ("Shape", |body| body.replace("\"document\"", "\"text\"")),
        ("Mistakes", |body| body.replace("allowHosts", "allowHost")),
        ("Shape", |_| String::new()),
    ];
    for (why, lie) in lies {
        let between = liar(scene.port(), lie);
        let envoy = scene.asking(between.port(), &[]).start();
        let line = envoy.wait_for_log("policy is not taken", PATIENCE);
        assert!(line.contains(why), "{why}: {line}");
        check_refused(&get(&envoy, "/"), 503, "policy-missing");
    }
    scene.upstream.assert_untouched();
}

/// What governed before goes on to.
#[test]
fn a_bad_policy_replaces_no_good_one() {
    let scene = Scene::new(&policy(&[]));
    let daemon = scene.place.start();
    let between = liar(scene.port(), |body| match body.contains("2.0.0") {
        true => body.replace("/none/**", "/n0ne/**"),
        false => body.to_owned(),
    });
    let envoy = scene.asking(between.port(), &[]).start();
    governed(&envoy, 1);
    check_refused(&get(&envoy, "/admin/x"), 403, "path-denied");
    deploy(&daemon, "2.0.0", "/none/**");
    envoy.wait_for_log("policy is not taken", PATIENCE);
    check_refused(&get(&envoy, "/admin/x"), 403, "path-denied");
    assert_eq!(get(&envoy, "/none/x").status, 200);
}

/// A document is nearly as long as documents may be, and twice as long as a string of JSON.
#[test]
fn a_long_policy_arrives() {
    let scene = Scene::ungoverned(Upstream::start());
    let text = format!("{}{}", policy(&[]), "\n".repeat(3_900_000));
    std::fs::write(scene.place.definitions().join(format!("{AGENT}.soe.json")), text).unwrap();
    let _daemon = scene.place.start();
    let envoy = scene.envoy(&[]);
    governed(&envoy, 1);
    assert_eq!(get(&envoy, "/").status, 200);
    check_refused(&get(&envoy, "/admin/x"), 403, "path-denied");
}

/// Whoever wants it so is not governed for ever by what nobody confirms any more.
#[test]
fn a_policy_that_nobody_confirms_ends_where_that_is_asked() {
    let scene = Scene::new(&policy(&[]));
    let daemon = scene.place.start();
    let asking = [("maxStaleSeconds", json!(12)), ("timeoutMs", json!(1_000))];
    let envoy = scene.envoy(&[("daemon", told(&asking)), ("record", json!("none"))]);
    governed(&envoy, 1);
    assert_eq!(get(&envoy, "/").status, 200);
    // As long as it is confirmed, it stays, however often that time is over.
    std::thread::sleep(Duration::from_secs(15));
    assert_eq!(get(&envoy, "/").status, 200);
    daemon.kill9();
    eventually("nothing goes out", PATIENCE, || code(&get(&envoy, "/")) == "policy-missing");
    envoy.wait_for_log("did not confirm the policy in time", PATIENCE);
    let _daemon = scene.place.start();
    eventually("it governs again", PATIENCE, || get(&envoy, "/").status == 200);
}

#[test]
fn a_key_of_somebody_else_opens_nothing() {
    let scene = Scene::new(&policy(&[]));
    let _daemon = scene.place.start();
    let foreign = key(&scene.place, "stranger", "evaluate", "another-agent");
    for key in [foreign.as_str(), "a-key-that-nobody-made", ""] {
        let envoy = scene.envoy(&[("daemon", told(&[("apiKey", json!(key))]))]);
        envoy.wait_for_log("policy could not be fetched", PATIENCE);
        check_refused(&get(&envoy, "/"), 503, "policy-missing");
    }
    scene.upstream.assert_untouched();
}
