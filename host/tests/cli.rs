//! The program as a person or a script meets it: arguments, output, exit codes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::{Value, json};
use support::{ALLOWED, DENIED, POLICY, Run, dir_with, sentinel};

fn json_of(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn validate_accepts_a_good_policy() {
    let dir = dir_with("p.soe.json", POLICY);
    let run = sentinel(&dir, &["validate", "p.soe.json"], "");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("1 policy: 0 refused"), "{run:?}");
    assert!(!run.stdout.contains('\u{1b}'), "colours without a terminal: {run:?}");
}

#[test]
fn validate_names_the_place_of_every_mistake() {
    let dir = dir_with("p.soe.json", &POLICY.replace("\"version\"", "\"oops\""));
    let run = sentinel(&dir, &["validate", "p.soe.json"], "");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("p.soe.json:3:"), "{run:?}");
    let run = sentinel(&dir, &["validate", "--json", "p.soe.json"], "");
    assert_eq!(run.code, 1);
    let report = &json_of(&run)[0];
    assert_eq!(report["file"], "p.soe.json");
    assert_eq!(report["valid"], false);
    let error = report["errors"].as_array().unwrap().iter().find(|error| error["line"] == 3).unwrap();
    assert!(error["message"].is_string() && error["code"].is_string(), "{error}");
}

#[test]
fn validate_lets_warnings_fail_only_when_asked() {
    let dir = dir_with("p.soe.json", &POLICY.replace("[\"src/**\", \"docs/**\"]", "[\"**\"]"));
    assert_eq!(sentinel(&dir, &["validate", "p.soe.json"], "").code, 0);
    assert_eq!(sentinel(&dir, &["validate", "--strict", "p.soe.json"], "").code, 1);
    let run = sentinel(&dir, &["validate", "--json", "p.soe.json"], "");
    assert_eq!(json_of(&run)[0]["valid"], true);
    assert!(!json_of(&run)[0]["warnings"].as_array().unwrap().is_empty());
}

#[test]
fn validate_reads_standard_input_and_says_what_it_cannot_read() {
    let dir = dir_with("latin1.json", "");
    std::fs::write(dir.path().join("latin1.json"), b"{\"agentId\": \"\xe9\"}").unwrap();
    assert_eq!(sentinel(&dir, &["validate", "-"], POLICY).code, 0);
    let run = sentinel(&dir, &["validate", "latin1.json", "absent.json", "-"], POLICY);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("not UTF-8") && run.stdout.contains("absent.json"), "{run:?}");
    assert!(run.stdout.contains("3 policies: 2 refused"), "{run:?}");
}

#[test]
fn colours_appear_when_asked_for() {
    let dir = dir_with("p.soe.json", POLICY);
    let run = sentinel(&dir, &["validate", "--color", "always", "p.soe.json"], "");
    assert!(run.stdout.contains('\u{1b}'), "{run:?}");
}

#[test]
fn schema_is_json() {
    let run = sentinel(&dir_with("x", ""), &["schema"], "");
    assert_eq!(run.code, 0);
    assert!(json_of(&run)["$schema"].is_string());
}

#[test]
fn explain_exits_with_the_decision() {
    let dir = dir_with("p.soe.json", POLICY);
    let explain = |call: &str| sentinel(&dir, &["explain", "--policy", "p.soe.json", "--call", call], "");
    let allowed = explain(ALLOWED);
    assert_eq!(allowed.code, 0, "{allowed:?}");
    assert!(
        allowed.stdout.starts_with("allow  Bash command matches allow pattern \"npm test\"."),
        "{allowed:?}"
    );
    let denied = explain(DENIED);
    assert_eq!(denied.code, 2, "{denied:?}");
    assert!(denied.stdout.starts_with("deny") && denied.stdout.contains("rm -rf *"), "{denied:?}");
    assert_eq!(explain("not json").code, 2, "a call that cannot be read is denied");
    assert_eq!(explain(r#"{"toolName":"Bash","toolInput":{"command":"git $x"}}"#).code, 3);
}

#[test]
fn explain_takes_a_call_from_a_file_or_standard_input() {
    let dir = dir_with("p.soe.json", POLICY);
    std::fs::write(dir.path().join("call.json"), DENIED).unwrap();
    let args = |call| ["explain", "--json", "--policy", "p.soe.json", "--call", call];
    for run in [sentinel(&dir, &args("@call.json"), ""), sentinel(&dir, &args("-"), DENIED)] {
        assert_eq!(run.code, 2, "{run:?}");
        assert_eq!(json_of(&run)["verdict"]["decision"], "deny");
        assert_eq!(json_of(&run)["decision"]["findings"][0]["outcome"], "deny");
    }
    let run = sentinel(&dir, &args("@absent.json"), "");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("absent.json"), "{run:?}");
}

#[test]
fn explain_without_a_usable_policy_is_an_error() {
    let dir = dir_with("bad.json", "{");
    for policy in ["bad.json", "absent.json"] {
        let run = sentinel(&dir, &["explain", "--policy", policy, "--call", ALLOWED], "");
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stdout.is_empty() && run.stderr.contains(policy), "{run:?}");
    }
}

const SIMULATION: &str = r#"{"agentId":"my-agent","calls":[
    {"toolName":"Bash","toolInput":{"command":"npm test"}},
    {"toolName":"Bash","toolInput":{"command":"rm -rf /"}},
    {"toolName":"Read","toolInput":{"file_path":"src/index.js"}},
    {"toolName":"Read","toolInput":{"file_path":".env"}}]}"#;

#[test]
fn simulate_answers_as_the_seed_does() {
    let dir = dir_with("p.soe.json", POLICY);
    let run = sentinel(&dir, &["simulate", "--policy", "p.soe.json", "-"], SIMULATION);
    assert_eq!(run.code, 0, "{run:?}");
    let response = json_of(&run);
    assert_eq!(response["agentId"], "my-agent");
    let decisions: Vec<_> = response["results"].as_array().unwrap().iter().map(|r| &r["decision"]).collect();
    assert_eq!(decisions, ["allow", "deny", "allow", "deny"]);
    assert_eq!(response["results"][0]["toolName"], "Bash");
    assert_eq!(response["results"][0]["reason"], "Bash command matches allow pattern \"npm test\".");
    let summary = &response["summary"];
    assert_eq!(
        (&summary["total"], &summary["allowed"], &summary["denied"]),
        (&json!(4), &json!(2), &json!(2))
    );
    assert_eq!((&summary["escalated"], &summary["riskMax"]), (&json!(0), &json!(50)));
    assert!(summary["riskUsed"].as_u64().unwrap() > 0);
}

#[test]
fn simulate_fills_in_the_agent_and_clamps_the_risk() {
    let dir = dir_with("p.soe.json", POLICY);
    let calls = vec![json!({"toolName":"Bash","toolInput":{"command":"rm -rf /"}}); 40];
    let run =
        sentinel(&dir, &["simulate", "--policy", "p.soe.json", "-"], &json!({ "calls": calls }).to_string());
    let response = json_of(&run);
    assert_eq!(response["agentId"], "my-agent");
    assert_eq!(response["summary"]["denied"], 40);
    assert_eq!(response["summary"]["riskUsed"], 50);
}

#[test]
fn simulate_lets_budgets_run_out() {
    let limits = r#""budgets": [{ "name": "money", "limit": "1.00", "per": "session" }],
        "rateLimits": { "maxDenialsPerMinute": 1 }, "riskBudget": {"#;
    let dir = dir_with("p.soe.json", &POLICY.replace("\"riskBudget\": {", limits));
    let call = |usd: &str| json!({"toolName": "search_code", "toolInput": {}, "cost": {"usd": usd}});
    let simulate = |calls: Value| {
        let request = json!({ "calls": calls }).to_string();
        let run = sentinel(&dir, &["simulate", "--policy", "p.soe.json", "-"], &request);
        assert_eq!(run.code, 0, "{run:?}");
        let results = json_of(&run)["results"].as_array().unwrap().clone();
        results.iter().map(|line| line["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let reasons = simulate(json!([call("0.75"), call("0.25"), call("0"), call("0.01"), call("0")]));
    assert!(reasons[0..3].iter().all(|reason| reason.contains("is allowed")), "{reasons:?}");
    assert_eq!(reasons[3], "Budget \"money\" does not cover $0.01: $0.00 of $1.00 is left.");
    assert!(reasons[4].starts_with("Too many calls were denied"), "{reasons:?}");
    // Each run starts anew, and a look at one call sees meters that nobody has used.
    assert!(simulate(json!([call("1")]))[0].contains("is allowed"));
    let explain = |call: &Value| {
        sentinel(&dir, &["explain", "--json", "--policy", "p.soe.json", "--call", &call.to_string()], "")
    };
    let run = explain(&call("1"));
    assert_eq!(run.code, 0, "{run:?}");
    let effects = json_of(&run)["decision"]["effects"].clone();
    assert_eq!(
        effects[2],
        json!({"effect": "debit", "meter": "budgets/money", "amount": 1_000_000, "unit": "usd-micros"})
    );
    assert_eq!(explain(&call("1.01")).code, 2);
}

#[test]
fn simulate_has_a_limit_and_refuses_what_is_no_request() {
    let dir = dir_with("p.soe.json", POLICY);
    let run = |text: &str| sentinel(&dir, &["simulate", "--policy", "p.soe.json", "-"], text);
    let calls = vec![json!({"toolName":"Bash","toolInput":{"command":"npm test"}}); 101];
    let over = run(&json!({ "calls": calls }).to_string());
    assert_eq!(over.code, 1);
    assert!(over.stderr.contains("101") && over.stderr.contains("SOE_MAX_SIMULATE_CALLS"), "{over:?}");
    for text in ["", "[]", r#"{"calls":[],"oops":1}"#] {
        assert_eq!(run(text).code, 1, "{text}");
    }
}

fn eval_lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn eval_answers_every_line_in_order() {
    let dir = dir_with("p.soe.json", POLICY);
    let input: String = (0..500)
        .map(|id| format!("{{\"id\":{id},\"call\":{}}}\n", if id % 3 == 0 { DENIED } else { ALLOWED }))
        .collect();
    let run = sentinel(&dir, &["eval", "--policy", "p.soe.json"], &input);
    assert_eq!(run.code, 0, "{:?}", run.stderr);
    let lines = eval_lines(&run);
    assert_eq!(lines.len(), 500);
    for (id, line) in lines.iter().enumerate() {
        assert_eq!(line["id"], id);
        assert_eq!(line["decision"], if id % 3 == 0 { "deny" } else { "allow" });
        assert!(line["reason"].is_string() && line["layer"].is_string() && line["mode"].is_string());
    }
}

#[test]
fn eval_keeps_ids_as_they_are() {
    let dir = dir_with("p.soe.json", POLICY);
    let ids = [r#""a\u0041""#, "1.50", "null", r#"{"x":[1]}"#];
    let input: String = ids.iter().map(|id| format!("{{\"call\":{ALLOWED},\"id\":{id}}}\r\n\n")).collect();
    let run = sentinel(&dir, &["eval", "--policy", "p.soe.json", "-"], &input);
    assert_eq!(run.code, 0, "{run:?}");
    for (line, id) in run.stdout.lines().zip(ids) {
        assert!(line.starts_with(&format!("{{\"id\":{id},\"decision\":")), "{line}");
    }
}

#[test]
fn eval_answers_bad_lines_in_their_place() {
    let dir = dir_with("p.soe.json", POLICY);
    let good = format!("{{\"id\":1,\"call\":{ALLOWED}}}");
    let bad =
        ["not json", r#"{"id":"x"}"#, r#"{"id":7,"call":{},"oops":1}"#, r#"{"id":8,"call":{},"call":{}}"#];
    let input = format!("{good}\n{}\n{good}", bad.join("\n"));
    let run = sentinel(&dir, &["eval", "--policy", "p.soe.json"], &input);
    assert_eq!(run.code, 1, "{run:?}");
    let lines = eval_lines(&run);
    assert_eq!(lines.len(), 6);
    assert_eq!((&lines[0]["decision"], &lines[5]["decision"]), (&json!("allow"), &json!("allow")));
    for (line, (number, id)) in
        lines[1..5].iter().zip((2..).zip([json!(null), json!("x"), json!(7), json!(8)]))
    {
        assert_eq!((&line["line"], &line["id"]), (&json!(number), &id), "{line}");
        assert!(line["error"].is_string());
    }
}

#[test]
fn eval_takes_inline_policies_and_refuses_bad_ones() {
    let dir = dir_with("calls.jsonl", "");
    let inline: Value = serde_json::from_str(POLICY).unwrap();
    let line = |id, policy: &Value| format!("{{\"id\":{id},\"policy\":{policy},\"call\":{ALLOWED}}}\n");
    let mut input = line(0, &inline) + &line(1, &json!({})) + &format!("{{\"id\":2,\"call\":{ALLOWED}}}\n");
    // More different policies than are kept, each used twice.
    for id in 3..60 {
        let mut other = inline.clone();
        other["description"] = json!(format!("number {}", id % 25));
        input += &line(id, &other);
    }
    std::fs::write(dir.path().join("calls.jsonl"), input).unwrap();
    let run = sentinel(&dir, &["eval", "calls.jsonl"], "");
    assert_eq!(run.code, 1, "{run:?}");
    let lines = eval_lines(&run);
    assert_eq!(lines.len(), 60);
    assert!(lines[1]["error"].is_string() && lines[2]["error"].as_str().unwrap().contains("--policy"));
    assert!(lines.iter().filter(|line| line["decision"] == "allow").count() == 58, "{lines:?}");
}

#[test]
fn eval_denies_a_call_over_the_limit_without_asking_the_engine() {
    let dir = dir_with("p.soe.json", POLICY);
    let call = json!({"agentId":"my-agent","toolName":"Bash","toolInput":{"command":"x".repeat(sentinel::limits::CALL_BYTES_MAX)}});
    let run = sentinel(&dir, &["eval", "--policy", "p.soe.json"], &json!({"id":1,"call":call}).to_string());
    assert_eq!(run.code, 0);
    assert_eq!(eval_lines(&run)[0]["decision"], "deny");
    assert_eq!(eval_lines(&run)[0]["layer"], "engine");
}

#[test]
fn completions_name_the_commands() {
    let run = sentinel(&dir_with("x", ""), &["completions", "bash"], "");
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("simulate"));
}

#[test]
fn doctor_finds_the_program_healthy() {
    let dir = dir_with("p.soe.json", POLICY);
    let run = sentinel(&dir, &["doctor", "--json", "--policy", "p.soe.json"], "");
    assert_eq!(run.code, 0, "{run:?}");
    let checks = json_of(&run);
    let status = |name: &str| {
        let found = checks.as_array().unwrap().iter().find(|check| check["check"] == name);
        found.unwrap_or_else(|| panic!("{name}: {run:?}"))["status"].as_str().unwrap().to_owned()
    };
    for name in [
        "engine imports",
        "canary is denied",
        "canary is denied by the program",
        "canary is allowed",
        "policy denies",
    ] {
        assert_eq!(status(name), "ok", "{run:?}");
    }
    assert_eq!(status("environment"), "note", "unset is said");
}

#[test]
fn doctor_fails_on_a_bad_policy() {
    let dir = dir_with("bad.json", "{");
    assert_eq!(sentinel(&dir, &["doctor", "--policy", "bad.json"], "").code, 1);
}

#[test]
fn replay_prints_a_table_or_lines() {
    let dir = dir_with("p.soe.json", POLICY);
    let events: String = ["npm test", "rm -rf /"]
        .map(|command| format!("{}\n", support::event("Bash", &json!({ "command": command }), "/work")))
        .concat();
    std::fs::write(dir.path().join("s.jsonl"), events).unwrap();
    let run = sentinel(&dir, &["replay", "--policy", "p.soe.json", "s.jsonl"], "");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("2 calls: 1 allowed, 1 denied, 0 escalated"), "{run:?}");
    let run = sentinel(&dir, &["replay", "--json", "--policy", "p.soe.json", "s.jsonl"], "");
    assert_eq!(eval_lines(&run)[1]["verdict"]["decision"], "deny");
    let run = sentinel(&dir, &["replay", "--policy", "p.soe.json", "-"], "not json\n");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("line 1"), "{run:?}");
}

#[test]
fn bad_arguments_are_errors_and_help_is_not() {
    let dir = dir_with("x", "");
    assert_eq!(sentinel(&dir, &["no-such-command"], "").code, 1);
    assert_eq!(sentinel(&dir, &["explain"], "").code, 1);
    let help = sentinel(&dir, &["--help"], "");
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Exit codes") && help.stdout.contains("SOE_ENVIRONMENT"), "{help:?}");
}

#[test]
fn an_unknown_mode_is_enforced_with_a_warning() {
    let dir = dir_with("p.soe.json", POLICY);
    let args = ["explain", "--json", "--policy", "p.soe.json", "--call", DENIED];
    let run = support::sentinel_with(&dir, &args, "", &[("SOE_MODE", "off")]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("SOE_MODE"), "{run:?}");
    assert_eq!(json_of(&run)["verdict"]["mode"], "enforce");
}
