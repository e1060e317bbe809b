//! What the benches decide: policies of any size, ordinary calls, and calls made to be slow.
//! Shared by the engine's bench and the host's, so that their figures speak of the same work.

/// A policy with `rules` rules in each of its lists, most of which have nothing to do with the
/// calls below.
pub(crate) fn policy(rules: usize) -> String {
    let list = |own: &[&str], other: &dyn Fn(usize) -> String| {
        let mut entries: Vec<String> = (own.len()..rules).map(other).collect();
        // The entries that matter stand in the middle.
        let middle = entries.len() / 2;
        for entry in own.iter().rev() {
            entries.insert(middle, (*entry).to_owned());
        }
        entries.iter().map(|entry| format!("\"{entry}\"")).collect::<Vec<_>>().join(",")
    };
    format!(
        r#"{{"agentId":"bench","version":"1.0.0",
"identity":{{"role":"Bench","authorityLevel":"limited-ops","environmentScope":["development"]}},
"dataAccess":{{"readAllow":[{}],"readDeny":[{}],"writeAllow":[{}],"writeDeny":[{}]}},
"toolActions":{{"allowed":[{}],"denied":[{}],"bash":{{"allow":[{}],"deny":[{}]}}}},
"riskBudget":{{"maxPerSession":1000000}}}}"#,
        list(&["src/**", "docs/**"], &|n| format!("area{n}/part{}/**", n % 7)),
        list(&["**/.env*", "**/credentials*"], &|n| format!("**/secret{n}*")),
        list(&["src/**"], &|n| format!("out{n}/**/*.log")),
        list(&["src/generated/**"], &|n| format!("locked{n}/**")),
        list(&["mcp__github__get_issue"], &|n| format!("mcp__server{}__tool{n}", n % 11)),
        list(&["delete_database"], &|n| format!("dangerous_tool_{n}")),
        list(&["git *", "npm test", "grep *", "head *", "echo *"], &|n| format!("tool{n} build *")),
        list(&["rm -rf *", "sudo *", "curl * | sh"], &|n| format!("danger{n} --force *")),
    )
}

fn call(tool: &str, input: &str) -> Vec<u8> {
    format!(
        r#"{{"agentId":"bench","toolName":"{tool}","toolInput":{input},"sessionId":"s-1","workspace":"/workspace/shop","cwd":"/workspace/shop"}}"#
    )
    .into_bytes()
}

/// Ordinary calls by name.
pub(crate) fn calls() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("tool", call("mcp__github__get_issue", r#"{"owner":"acme","repo":"shop","issue_number":42}"#)),
        ("path", call("Read", r#"{"file_path":"/workspace/shop/src/cart/total.ts"}"#)),
        ("path-denied", call("Read", r#"{"file_path":"/workspace/shop/config/.env.local"}"#)),
        ("command", call("Bash", r#"{"command":"npm test"}"#)),
        ("compound", call("Bash", &format!(r#"{{"command":{COMPOUND:?}}}"#))),
    ]
}

/// 200 bytes of everyday shell.
const COMPOUND: &str = concat!(
    "git status --short && git diff --stat HEAD~1 -- src/cart src/checkout | head -n 20; ",
    "grep -rn \"roundTotal\" src --include='*.ts' | head -50 && npm test 2>&1 && echo \"all tests of the cart passed\" >/dev/null"
);

/// A policy with patterns of many stars.
pub(crate) fn star_policy() -> String {
    let stars: Vec<String> =
        (0..50).map(|n| format!("\"{}*a*a*a*a*a*a*b{n}\"", if n % 2 == 0 { "*" } else { "a" })).collect();
    format!(
        r#"{{"agentId":"bench","version":"1.0.0","identity":{{"authorityLevel":"limited-ops","environmentScope":["development"]}},
"dataAccess":{{"readAllow":["**/*a*a*a*/**/*a*a*b","**/**/**/**/**/x"],"readDeny":["**/a/**/a/**/a/**/b"]}},
"toolActions":{{"bash":{{"allow":["a *",{}],"deny":["* | *b* | *c",{}]}}}}}}"#,
        stars.join(","),
        stars.join(",")
    )
}

/// Calls at the limits of the engine, by name.
pub(crate) fn adversarial() -> Vec<(&'static str, Vec<u8>)> {
    let command = |text: &str| call("Bash", &format!(r#"{{"command":{text:?}}}"#));
    let size = 64 * 1024;
    vec![
        ("64-kib-word", command(&"a".repeat(size - 2))),
        ("64-kib-words", command(&"a ".repeat(size / 2 - 1))),
        ("64-kib-holes", command(&"a$x ".repeat(size / 4 - 1))),
        ("1000-commands", command(&vec!["a b c"; 1000].join(";"))),
        ("250-stages", command(&vec!["a b"; 250].join("|"))),
        ("64-levels", command(&format!("{}a{}", "$(".repeat(63), ")".repeat(63)))),
        ("64-backticks", command(&format!("a {}", "`a`".repeat(990)))),
        ("64-wrappers", command(&format!("{}a", "env ".repeat(63)))),
        ("unclosed", command(&"a \"$(".repeat(size / 6))),
        ("braces", command(&"{".repeat(size - 1))),
        ("deep-path", call("Read", &format!(r#"{{"file_path":"{}"}}"#, "a/".repeat(2040)))),
        ("glob", call("Glob", &format!(r#"{{"pattern":"{}"}}"#, "*a*/".repeat(200) + "x"))),
    ]
}

/// A moment of 2025, in milliseconds.
pub(crate) const NOW: u64 = 1_750_000_000_000;

/// The section that has payments watched.
pub(crate) const WATCHED: &str = r#","anomaly":{}"#;

/// A policy of an agent that pays, with these further sections.
pub(crate) fn payer(sections: &str) -> String {
    format!(
        r#"{{"agentId":"bench","version":"1.0.0","identity":{{"authorityLevel":"limited-ops","environmentScope":["development"]}},
"toolActions":{{"allowed":["pay"]}}{sections}}}"#
    )
}

/// A payment: two numbers, a text of few values, a text of many.
pub(crate) fn payment(number: u64) -> Vec<u8> {
    let input = format!(
        r#"{{"amount":{}.25,"items":{},"currency":"C{}","note":"order {number} of the cart"}}"#,
        100 + number % 10,
        1 + number % 4,
        number % 5
    );
    call("pay", &input)
}
