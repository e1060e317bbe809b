//! Findings as the author of a policy sees them, and the sample policies without any errors.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::fs;

use sentinel_engine::{Diagnostic, Format, Policy};
use serde_json::json;

/// Findings, one per line: where, what, the text that is meant, and what to do.
fn shown(text: &str, findings: &[Diagnostic]) -> String {
    let line = |one: &Diagnostic| {
        let underlined = text[one.span.start..one.span.end].replace('\n', "\\n");
        format!(
            "{:?}[{}] {}:{} {}: {} | {underlined} | {}",
            one.severity,
            one.code,
            one.line,
            one.column,
            one.pointer,
            one.message,
            one.help.as_deref().unwrap_or("-")
        )
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn refused(text: &str, format: Format) -> String {
    shown(text, &Policy::load(text, format).expect_err("a document with mistakes"))
}

fn json(text: &str) -> String {
    refused(text, Format::Json)
}

fn yaml(text: &str) -> String {
    refused(text, Format::Yaml)
}

/// Warnings about a policy with these sections, each without its place: the text was made here.
fn warnings(authority: &str, sections: &serde_json::Value) -> String {
    let mut document = json!({
        "agentId": "a",
        "version": "1",
        "identity": {"authorityLevel": authority, "environmentScope": ["development"]},
    });
    let members = sections.as_object().expect("sections").clone();
    document.as_object_mut().expect("an object").extend(members);
    let text = document.to_string();
    let policy = Policy::load(&text, Format::Json).expect("a document without mistakes");
    let line = |one: &Diagnostic| {
        let help = one.help.as_deref().unwrap_or("-");
        format!(
            "{:?}[{}] {}: {} | {} | {help}",
            one.severity,
            one.code,
            one.pointer,
            one.message,
            &text[one.span.start..one.span.end]
        )
    };
    policy.warnings().iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A document around one part of it.
fn document(rest: &str) -> String {
    format!(
        "{{\n  \"agentId\": \"a\",\n  \"version\": \"1\",\n  \"identity\": {{ \"authorityLevel\": \"limited-ops\", \"environmentScope\": [\"development\"] }},\n{rest}\n}}"
    )
}

// === mistakes ===

#[test]
fn three_mistakes_in_one_go() {
    insta::assert_snapshot!(json(&document("  \"mode\": \"enforced\",\n  \"dataAcces\": {},\n  \"toolActions\": { \"bash\": { \"allow\": \"git *\" } }")), @r#"
    Error[unknown-value] 5:11 /mode: unknown value `enforced` | "enforced" | allowed here: `enforce`, `audit`, `shadow`, `dry-run`
    Error[unknown-field] 6:3 /dataAcces: unknown field `dataAcces` | "dataAcces" | did you mean `dataAccess`? allowed here: `$schema`, `agentId`, `version`, `schemaVersion`, `description`, `complianceFrameworks`, `classification`, `mode`, `identity`, `dataAccess`, `toolActions`, `network`, `transport`, `riskBudget`, `budgets`, `rateLimits`, `anomaly`, `approvals`, `rules`, `tags`, `metadata`, `redact`
    Error[wrong-type] 7:39 /toolActions/bash/allow: expected an array, found a string | "git *" | -
    "#);
}

#[test]
fn an_unknown_field_with_a_suggestion() {
    insta::assert_snapshot!(json(&document("  \"dataAccess\": { \"readDney\": [\"**/.env*\"] }")), @r#"Error[unknown-field] 5:19 /dataAccess/readDney: unknown field `readDney` | "readDney" | did you mean `readDeny`? allowed here: `readAllow`, `readDeny`, `writeAllow`, `writeDeny`"#);
}

#[test]
fn an_unknown_field_like_no_other() {
    insta::assert_snapshot!(json(&document("  \"riskBudget\": { \"maxPerSession\": 1, \"owner\": \"x\" }")), @r#"Error[unknown-field] 5:39 /riskBudget/owner: unknown field `owner` | "owner" | allowed here: `maxPerSession`, `maxPerDay`, `maxPerCall`, `thresholds`, `points`"#);
}

#[test]
fn a_wrong_type() {
    insta::assert_snapshot!(json(&document("  \"dataAccess\": { \"readAllow\": [\"a\", 1, null] }")), @r#"
    Error[wrong-type] 5:38 /dataAccess/readAllow/1: expected a string, found a number | 1 | -
    Error[wrong-type] 5:41 /dataAccess/readAllow/2: expected a string, found null | null | -
    "#);
}

#[test]
fn a_missing_field() {
    insta::assert_snapshot!(json("{ \"agentId\": \"a\", \"version\": \"1\" }"), @r#"Error[missing-field] 1:1 : missing field `identity` | { | -"#);
}

#[test]
fn a_duplicate_key() {
    insta::assert_snapshot!(json(&document("  \"toolActions\": { \"denied\": [\"x\"], \"d\\u0065nied\": [] }")), @r#"Error[duplicate-key] 5:37 : key `denied` stands twice in one object | "d\u0065nied" | keep one of them; which one counts would be a guess"#);
}

#[test]
fn an_unknown_value() {
    insta::assert_snapshot!(json(&document("  \"mode\": \"off\"")), @r#"Error[unknown-value] 5:11 /mode: unknown value `off` | "off" | allowed here: `enforce`, `audit`, `shadow`, `dry-run`"#);
}

#[test]
fn thresholds_out_of_order() {
    insta::assert_snapshot!(json(&document("  \"riskBudget\": { \"maxPerSession\": 100, \"thresholds\": { \"warn\": 50, \"throttle\": 40, \"exhausted\": 101 } }")), @r#"
    Error[threshold-order] 5:65 /riskBudget/thresholds/warn: `warn` is 50 but `throttle` is 40 | 50 | the order is 0 ≤ warn ≤ throttle ≤ critical ≤ exhausted ≤ maxPerSession ≤ maxPerDay
    Error[threshold-order] 5:98 /riskBudget/thresholds/exhausted: `exhausted` is 101 but `maxPerSession` is 100 | 101 | the order is 0 ≤ warn ≤ throttle ≤ critical ≤ exhausted ≤ maxPerSession ≤ maxPerDay
    "#);
}

#[test]
fn a_day_that_is_smaller_than_a_session() {
    insta::assert_snapshot!(json(&document("  \"riskBudget\": { \"maxPerSession\": 100, \"maxPerDay\": 99 }")), @r#"Error[threshold-order] 5:36 /riskBudget/maxPerSession: `maxPerSession` is 100 but `maxPerDay` is 99 | 100 | the order is 0 ≤ warn ≤ throttle ≤ critical ≤ exhausted ≤ maxPerSession ≤ maxPerDay"#);
}

#[test]
fn a_limit_in_dollars_that_is_no_text() {
    insta::assert_snapshot!(json(&document("  \"budgets\": [{ \"name\": \"a\", \"limit\": 25.5, \"per\": \"day\" }, { \"name\": \"b\", \"unit\": \"usd\", \"limit\": \"1e3\", \"per\": \"day\" }]")), @r#"
    Error[bad-money] 5:39 /budgets/0/limit: `25.5` is not an amount of dollars | 25.5 | write dollars as a text with at most 6 decimals, such as "25.00": numbers lose cents
    Error[bad-money] 5:100 /budgets/1/limit: `1e3` is not an amount of dollars | "1e3" | write dollars as a text with at most 6 decimals, such as "25.00": numbers lose cents
    "#);
}

#[test]
fn a_limit_that_is_no_whole_number() {
    insta::assert_snapshot!(json(&document("  \"budgets\": [{ \"name\": \"a\", \"unit\": \"tokens\", \"limit\": \"5\", \"per\": \"day\" }, { \"name\": \"b\", \"unit\": \"calls\", \"limit\": -1, \"per\": \"day\" }, { \"name\": \"c\", \"limit\": null, \"per\": \"year\" }]")), @r#"
    Error[bad-number] 5:57 /budgets/0/limit: `5` is not a whole number from 0 to 9007199254740991 | "5" | write a plain whole number; only `usd` is written as a text
    Error[bad-number] 5:119 /budgets/1/limit: `-1` is not a whole number from 0 to 9007199254740991 | -1 | write a plain whole number; only `usd` is written as a text
    Error[wrong-type] 5:163 /budgets/2/limit: expected dollars as a string, or a whole number, found null | null | -
    Error[unknown-value] 5:176 /budgets/2/per: unknown value `year` | "year" | allowed here: `call`, `run`, `session`, `hour`, `day`, `lifetime`
    "#);
}

#[test]
fn meters_of_one_name() {
    insta::assert_snapshot!(json(&document("  \"budgets\": [{ \"name\": \"a\", \"limit\": \"1\", \"per\": \"day\" }, { \"name\": \"a\", \"limit\": \"1\", \"per\": \"run\" }, { \"name\": \"a b\", \"limit\": \"1\", \"per\": \"run\" }],\n  \"rateLimits\": { \"windows\": [{ \"name\": \"maxCallsPerMinute\", \"maxCalls\": 1, \"seconds\": 0 }] }")), @r#"
    Error[duplicate-name] 5:70 /budgets/1/name: the name `a` is taken | "a" | give each its own name; the meter is found by it
    Error[bad-name] 5:115 /budgets/2/name: `a b` is not a name for a meter | "a b" | use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit, without `..`
    Error[duplicate-name] 6:41 /rateLimits/windows/0/name: the name `maxCallsPerMinute` is taken | "maxCallsPerMinute" | give each its own name; the meter is found by it
    Error[bad-number] 6:88 /rateLimits/windows/0/seconds: `0` is not a whole number from 1 to 31622400 | 0 | -
    "#);
}

#[test]
fn an_empty_pattern() {
    insta::assert_snapshot!(json(&document("  \"toolActions\": { \"bash\": { \"deny\": [\"\"] } },\n  \"dataAccess\": { \"readDeny\": [\" \"] }")), @r#"
    Error[empty-text] 5:39 /toolActions/bash/deny/0: empty text | "" | -
    Error[empty-text] 6:32 /dataAccess/readDeny/0: empty text | " " | -
    "#);
}

#[test]
fn a_pattern_with_an_invisible_character() {
    insta::assert_snapshot!(json(&document("  \"toolActions\": { \"bash\": { \"deny\": [\"rm\\u00a0-rf *\"] } }")), @r#"Error[invisible-character] 5:39 /toolActions/bash/deny/0: invisible character \u{a0} in a pattern | "rm\u00a0-rf *" | remove it, or write a plain blank"#);
}

#[test]
fn a_globstar_glued_to_text() {
    insta::assert_snapshot!(json(&document("  \"dataAccess\": { \"readAllow\": [\"src/**.rs\"] }")), @r#"Error[bad-path-pattern] 5:33 /dataAccess/readAllow/0: `**` is glued to other text | "src/**.rs" | `**` stands for whole segments, as in `src/**/*.rs`; inside a segment write `*`"#);
}

#[test]
fn an_agent_id_that_is_a_path() {
    insta::assert_snapshot!(json("{ \"agentId\": \"../a\", \"version\": \"1\", \"identity\": {} }"), @r#"Error[bad-agent-id] 1:14 /agentId: `../a` is not an agent id | "../a" | use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit, without `..`"#);
}

#[test]
fn a_variable_that_decides_what_runs() {
    insta::assert_snapshot!(json(&document("  \"toolActions\": { \"bash\": { \"allowEnv\": [\"LD_PRELOAD\", \"A-B\"] } }")), @r#"
    Error[dangerous-variable] 5:43 /toolActions/bash/allowEnv/0: `LD_PRELOAD` decides what other programs run and cannot be allowed | "LD_PRELOAD" | set it where the agent is started, not in its commands
    Error[bad-variable] 5:57 /toolActions/bash/allowEnv/1: `A-B` is not the name of a variable | "A-B" | letters, digits and `_`, with `*` at the end at most
    "#);
}

#[test]
fn an_empty_scope() {
    insta::assert_snapshot!(json("{ \"agentId\": \"a\", \"version\": \"1\", \"identity\": { \"authorityLevel\": \"read-only\", \"environmentScope\": [] } }"), @r#"Error[empty-list] 1:100 /identity/environmentScope: environmentScope is empty, so the agent could act nowhere | [] | name environments, such as `development`"#);
}

// === notation ===

#[test]
fn json_that_is_none() {
    insta::assert_snapshot!(json("{\n  \"agentId\": \"a\",\n  // who\n  \"version\": \"1\"\n}"), @r#"Error[syntax] 3:3 : expected a key in double quotes, found `/` | / | JSON has no comments and no trailing commas; YAML is accepted too"#);
}

#[test]
fn json_with_a_trailing_comma() {
    insta::assert_snapshot!(json("{\n  \"agentId\": \"ü\",\n}"), @r#"Error[syntax] 3:1 : expected a key in double quotes, found `}` | } | JSON has no comments and no trailing commas; YAML is accepted too"#);
}

#[test]
fn a_yaml_anchor() {
    insta::assert_snapshot!(yaml("agentId: a\nversion: &v \"1\"\nschemaVersion: *v\n"), @r#"Error[syntax] 2:10 : anchors are not allowed in a policy; write the value out | &v "1" | YAML without anchors, aliases and tags"#);
}

#[test]
fn a_yaml_key_that_stands_twice() {
    insta::assert_snapshot!(yaml("agentId: a\nversion: \"1\"\nversion: \"2\"\nidentity:\n  authorityLevel: read-only\n  environmentScope: [development]\n"), @r#"Error[duplicate-key] 3:1 : key `version` stands twice in one object | version | keep one of them; which one counts would be a guess"#);
}

#[test]
fn a_yaml_number_for_a_text() {
    insta::assert_snapshot!(yaml("agentId: a\nversion: 1.0\nidentity:\n  authorityLevel: read-only\n  environmentScope: [no]\n"), @r#"Error[wrong-type] 2:10 /version: expected a string, found a number | 1.0 | -"#);
}

// === warnings ===

#[test]
fn warnings_about_files() {
    insta::assert_snapshot!(warnings("limited-ops", &json!({"dataAccess": {
        "readAllow": ["**", "src/**", "src/**"],
        "writeAllow": ["**"],
        "readDeny": ["**/.env*"],
    }})), @r#"
    Warning[missing-credential-deny] /dataAccess/readDeny: dataAccess.readDeny lacks credential patterns: **/credentials*, **/secrets*, **/api-key*, **/password* |  | every policy should deny these
    Warning[allows-everything] /dataAccess/readAllow/0: dataAccess.readAllow contains '**' which allows reading all files | "**" | name the directories that the agent needs
    Warning[repeated] /dataAccess/readAllow/2: `src/**` stands in this list twice | "src/**" | remove one of them
    Warning[allows-everything] /dataAccess/writeAllow/0: dataAccess.writeAllow contains '**' which allows writing all files | "**" | name the directories that the agent needs
    "#);
}

#[test]
fn a_warning_about_an_allow_that_never_applies() {
    insta::assert_snapshot!(warnings("limited-ops", &json!({"dataAccess": {
        "readAllow": ["src/**"],
        "writeAllow": ["src/a/**"],
        "readDeny": ["src/**", "**/.env*", "**/credentials*", "**/secrets*", "**/api-key*", "**/password*"],
    }})), @r#"
    Warning[unreachable] /dataAccess/readAllow/0: `src/**` is denied by readDeny and never applies | "src/**" | deny wins; remove one of the two
    Warning[unreachable] /dataAccess/writeAllow/0: `src/a/**` is denied and never applies | "src/a/**" | deny wins; remove one of the two
    "#);
}

#[test]
fn a_warning_about_writing_what_cannot_be_read() {
    insta::assert_snapshot!(warnings("advisory-only", &json!({"dataAccess": {"readAllow": [], "writeAllow": ["out/**"]}})), @r#"Warning[write-without-read] /dataAccess/writeAllow/0: `out/**` may be written but is not covered by readAllow | "out/**" | add it to readAllow, unless the agent should not see what it wrote"#);
}

#[test]
fn warnings_about_commands() {
    insta::assert_snapshot!(warnings("limited-ops", &json!({"toolActions": {"bash": {
        "allow": ["*", "git*", "npm test && npm run lint", "rm -rf build"],
        "deny": ["rm -rf *", "DROP TABLE *"],
    }}})), @r#"
    Warning[missing-mandatory-deny] /toolActions/bash/deny: bash.deny lacks mandatory patterns: sudo * |  | every policy with commands should deny these
    Warning[allows-everything] /toolActions/bash/allow/0: bash.allow contains '*' which allows every command | "*" | list the commands that the agent needs; a deny list is never complete
    Warning[glued-star] /toolActions/bash/allow/1: `*` is glued to a word in `git*`: everything that starts with `git` matches | "git*" | put a blank in front of the `*`
    Warning[several-commands] /toolActions/bash/allow/2: `npm test && npm run lint` holds several commands, and a pattern speaks of one | "npm test && npm run lint" | write one pattern per command
    Warning[unreachable] /toolActions/bash/allow/3: `rm -rf build` is denied and never applies | "rm -rf build" | deny wins; remove one of the two
    Warning[dead-rule] /toolActions/bash/deny/1: `DROP TABLE *` can match no command: a pattern starts with the name of a program | "DROP TABLE *" | to keep SQL out of a client, deny the client, as in `psql *`
    "#);
}

#[test]
fn warnings_about_rules_under_a_level_that_has_no_use_for_them() {
    insta::assert_snapshot!(warnings("read-only", &json!({
        "dataAccess": {"writeAllow": ["a"]},
        "toolActions": {"bash": {"allow": ["git *"], "deny": ["rm -rf *", "sudo *"]}},
    })), @r#"
    Warning[dead-rule] /dataAccess/writeAllow/0: writeAllow under authority level `read-only` never applies | "a" | raise the level, or remove the list
    Warning[write-without-read] /dataAccess/writeAllow/0: `a` may be written but is not covered by readAllow | "a" | add it to readAllow, unless the agent should not see what it wrote
    Warning[dead-rule] /toolActions/bash/allow/0: bash.allow under authority level `read-only` never applies | "git *" | use `limited-ops`, or remove the list
    "#);
}

#[test]
fn warnings_about_tools() {
    insta::assert_snapshot!(warnings("superuser", &json!({"toolActions": {"allowed": ["x", "mcp__*", "y"], "denied": ["x"]}})), @r#"
    Warning[unknown-authority] /identity/authorityLevel: authority level `superuser` is not one of the four levels and means `limited-ops` | "superuser" | set it to `read-only`, `advisory-only`, `limited-ops` or `full-ops`
    Warning[unreachable] /toolActions/allowed/0: tool `x` is also denied and never allowed | "x" | deny wins; remove one of the two
    Warning[literal-star] /toolActions/allowed/1: `*` in `mcp__*` is a plain character: tool names are matched exactly | "mcp__*" | name each tool
    "#);
}

#[test]
fn warnings_about_limits() {
    insta::assert_snapshot!(warnings("limited-ops", &json!({
        "riskBudget": {"maxPerSession": 50, "maxPerCall": 51},
        "budgets": [
            {"name": "call", "limit": "2", "per": "call", "tools": ["pay"]},
            {"name": "session", "limit": "1.50", "per": "session"},
            {"name": "payees", "unit": "calls", "limit": 9, "per": "day", "by": "payee"},
        ],
        "rateLimits": {"windows": [{"name": "ends", "maxCalls": 9, "seconds": 9, "by": "endpoint"}]},
    })), @r#"
    Warning[unreachable] /budgets/0/name: budget `call` allows more per call than `session` allows altogether | "call" | lower the limit per call
    Warning[denies-unnamed] /budgets/2/name: `payees` denies every call that names no payee | "payees" | list the tools that it speaks of in `tools`
    Warning[denies-unnamed] /rateLimits/windows/0/name: `ends` denies every call that names no endpoint | "ends" | list the tools that it speaks of in `tools`
    Warning[unreachable] /riskBudget/maxPerCall: `maxPerCall` is 51, and a whole session may use 50 | 51 | lower it below `maxPerSession`
    "#);
}

#[test]
fn warnings_about_an_identity_that_grants_nothing() {
    let text = r#"{"agentId":"a","version":"1","identity":{}}"#;
    let policy = Policy::load(text, Format::Json).expect("a document without mistakes");
    insta::assert_snapshot!(shown(text, policy.warnings()), @r#"
    Warning[no-authority] 1:1 /identity/authorityLevel: identity.authorityLevel is missing, so every call is denied |  | set it to `read-only`, `advisory-only`, `limited-ops` or `full-ops`
    Warning[no-environment] 1:1 /identity/environmentScope: identity.environmentScope is missing, so every call is denied |  | name the environments, such as `["development"]`
    "#);
}

#[test]
fn every_sample_policy_loads() {
    let mut names = Vec::new();
    for entry in fs::read_dir(sentinel_tests::repository("examples/policies")).expect("a directory") {
        let path = entry.expect("an entry").path();
        let format =
            if path.extension().is_some_and(|own| own == "json") { Format::Json } else { Format::Yaml };
        let text = fs::read_to_string(&path).expect("a text file");
        let policy = Policy::load(&text, format);
        policy.unwrap_or_else(|found| panic!("{}:\n{}", path.display(), shown(&text, &found)));
        names.push(path);
    }
    assert_eq!(names.len(), 11, "{names:?}");
}
