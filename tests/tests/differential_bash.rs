//! The reader of commands against the real bash: whatever bash runs, the engine must have seen.
//!
//! Lines are made from seeds, so a failure names a line that can be run again. The number of
//! lines can be raised with `SENTINEL_DIFFERENTIAL_LINES`.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::collections::BTreeSet;

use sentinel_engine::{Decision, Format, Outcome, Policy, decide_bytes};
use sentinel_tests::bash::Bash;
use sentinel_tests::lines::{Dice, line};

const LINES: u64 = 3_000;

fn lines() -> u64 {
    std::env::var("SENTINEL_DIFFERENTIAL_LINES").ok().and_then(|text| text.parse().ok()).unwrap_or(LINES)
}

fn policy(bash: &str) -> Policy {
    let text = format!(
        r#"{{"agentId":"a","version":"1","identity":{{"authorityLevel":"limited-ops","environmentScope":["development"]}},
        "dataAccess":{{"readAllow":["**"],"writeAllow":["**"]}},"toolActions":{{"bash":{bash}}}}}"#
    );
    Policy::load(&text, Format::Json).expect("the policy loads")
}

fn decide(policy: &Policy, line: &str) -> Decision {
    let call = serde_json::json!({"agentId": "a", "toolName": "Bash", "toolInput": {"command": line}, "workspace": "/w"});
    decide_bytes(policy, call.to_string().as_bytes())
}

/// The programs that the engine saw, under a policy that allows none of them; `None` where it did
/// not follow the line, which is then not allowed whatever the policy says.
fn seen(policy: &Policy, line: &str) -> Option<BTreeSet<String>> {
    let decision = decide(policy, line);
    let mut programs = BTreeSet::new();
    for reason in &decision.reasons {
        match reason.code.as_ref() {
            "bash-no-match" => {
                let name = reason
                    .message
                    .strip_prefix("Bash command \"")?
                    .strip_suffix("\" matches no allow pattern.")?;
                // A name with a hole in it may be any program.
                if name.contains('…') || name.contains("\\u{") || name.contains(['*', '?', '~']) {
                    return None;
                }
                programs.insert(name.rsplit('/').next().unwrap_or(name).to_owned());
            }
            "bash-syntax"
            | "bash-unsupported"
            | "bash-limit"
            | "bash-inner-syntax"
            | "bash-opaque-code"
            | "bash-unknown-grammar" => return None,
            _ => {}
        }
    }
    Some(programs)
}

#[test]
fn every_program_that_bash_runs_was_seen() {
    let bash = Bash::new();
    let nothing = policy(r#"{"allow":[]}"#);
    let (mut followed, mut ran_something) = (0, 0);
    for seed in 1..=lines() {
        let line = line(&mut Dice::new(seed));
        if line.contains('\0') {
            continue;
        }
        let Some(seen) = seen(&nothing, &line) else { continue };
        followed += 1;
        let ran = bash.run(&line);
        ran_something += u64::from(!ran.is_empty());
        let unseen: Vec<&String> = ran.difference(&seen).collect();
        assert!(
            unseen.is_empty(),
            "seed {seed}: bash ran {unseen:?}, the engine saw {seen:?}\n{line}\n{line:?}"
        );
    }
    // The test means nothing if the engine gives up on most lines or bash refuses them.
    assert!(followed > lines() / 4, "only {followed} lines were followed");
    assert!(ran_something > lines() / 8, "only {ran_something} lines ran anything");
    println!("{followed} of {} lines followed, {ran_something} ran something", lines());
}

#[test]
fn an_allowed_line_runs_only_what_is_allowed() {
    let bash = Bash::new();
    let some = policy(
        r#"{"allow":["p1 *","p2 *","p3 *","env *","nice *","eval *","bash *","sh *","xargs *","echo *","command *","false","break"],"deny":["p4 *"],"allowEnv":["x","A"]}"#,
    );
    let allowed: BTreeSet<String> = ["p1", "p2", "p3"].map(str::to_owned).into();
    let mut count = 0;
    for seed in 1_000_000..1_000_000 + 4 * lines() {
        let line = line(&mut Dice::new(seed));
        if decide(&some, &line).outcome != Outcome::Allow {
            continue;
        }
        count += 1;
        let ran = bash.run(&line);
        assert!(ran.is_subset(&allowed), "seed {seed}: bash ran {ran:?}\n{line}\n{line:?}");
    }
    assert!(count > lines() / 20, "only {count} lines were allowed");
    println!("{count} lines allowed");
}
