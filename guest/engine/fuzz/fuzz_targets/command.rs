//! Any text as a command line: it is decided; what is allowed is not allowed any more in front of,
//! or behind, a command that is denied.

#![no_main]

use std::fmt::Write as _;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sentinel_engine::{Format, Outcome, Policy, decide_bytes};

static NARROW: LazyLock<Policy> = LazyLock::new(|| policy(r#"{"allow":["git *"],"deny":["rm -rf *"]}"#));
static WIDE: LazyLock<Policy> = LazyLock::new(|| {
    policy(r#"{"allow":["*"],"deny":["rm -rf *","sudo *","curl * | sh","* --force*"],"allowEnv":["X"]}"#)
});

fn policy(bash: &str) -> Policy {
    let text = format!(
        r#"{{"agentId":"a","version":"1",
        "identity":{{"authorityLevel":"limited-ops","environmentScope":["development"]}},
        "dataAccess":{{"readAllow":["**"],"writeAllow":["out/**"]}},"toolActions":{{"bash":{bash}}}}}"#
    );
    Policy::load(&text, Format::Json).expect("the policies of this target load")
}

fn call(line: &str) -> Vec<u8> {
    let mut call = r#"{"agentId":"a","toolName":"Bash","workspace":"/w","toolInput":{"command":""#.to_owned();
    for c in line.chars() {
        match c {
            '"' | '\\' => call.extend(['\\', c]),
            '\0'..='\u{1f}' => write!(call, "\\u{:04x}", u32::from(c)).expect("text takes text"),
            _ => call.push(c),
        }
    }
    call.push_str("\"}}");
    call.into_bytes()
}

fn allows(policy: &Policy, line: &str) -> bool {
    decide_bytes(policy, &call(line)).outcome == Outcome::Allow
}

fuzz_target!(|line: &str| {
    for policy in [&*NARROW, &*WIDE] {
        if !allows(policy, line) {
            continue;
        }
        // A line that is allowed is complete, so a new line starts a new command; only a backslash
        // at its end joins the two.
        let ends_open = line.ends_with('\\');
        assert!(ends_open || !allows(policy, &format!("{line}\nrm -rf /")), "{line:?} hides what follows it");
        assert!(!allows(policy, &format!("rm -rf /\n{line}")), "{line:?} hides what precedes it");
        assert!(!allows(policy, &format!("( {line}\n)\nrm -rf /")), "{line:?} hides it in a group");
    }
});
