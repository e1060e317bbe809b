//! What must hold of every decision, tried on cases made up from the corpus: monotonicity,
//! determinism, removal of allows and addition of denies. Spellings have a suite of their own.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails loudly")]

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed};
use sentinel_engine::Outcome;
use sentinel_tests::corpus::{Case, Corpus};
use sentinel_tests::native;
use serde_json::{Value, json};

/// The same cases on every run, and no files left behind.
fn config(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() }
}

static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::load);

/// The commands of the corpus with what the engine says of them: decided once, used often.
static COMMANDS: LazyLock<Vec<Decided>> = LazyLock::new(|| CORPUS.cases.iter().filter_map(decided).collect());

struct Decided {
    policy: &'static str,
    line: &'static str,
    allowed: bool,
    /// Whether it is a complete line that runs something.
    complete: bool,
}

fn decided(case: &'static Case) -> Option<Decided> {
    let line = case.command.as_deref()?;
    let decision = native::ask(&native::load(&CORPUS.policies[&case.policy]), &case.call).0;
    // Another line can complete these, or is all that runs.
    let open = ["bash-syntax", "bash-unsupported", "bash-empty"];
    Some(Decided {
        policy: &case.policy,
        line,
        allowed: decision.outcome == Outcome::Allow,
        complete: decision.reasons.iter().all(|reason| !open.contains(&reason.code.as_ref())),
    })
}

const SEPARATORS: &[&str] = &[";", " ; ", " & ", " && ", "&&", " || ", " | ", "|", " |& ", "\n", " ;\n"];

/// Whether a line may stand in front of another without changing what the other means.
fn leaves_next_alone(line: &str) -> bool {
    // A comment or a heredoc takes the rest in, and a directory is where the rest happens.
    !line.contains(['#', '\n']) && !line.ends_with('\\') && !line.split_whitespace().any(changes_directory)
}

fn changes_directory(word: &str) -> bool {
    matches!(word.trim_start_matches(['(', '{', '!']), "cd" | "pushd" | "popd")
}

/// Whether an allow pattern with `|` could cover the pair where it does not cover one of them.
fn allows_pipelines(policy: &str) -> bool {
    let document: Value = serde_json::from_str(&CORPUS.policies[policy]).expect("JSON");
    let allow = document.pointer("/toolActions/bash/allow").and_then(Value::as_array);
    allow.into_iter().flatten().any(|pattern| pattern.as_str().is_some_and(|pattern| pattern.contains('|')))
}

proptest! {
    #![proptest_config(config(4_096))]

    /// D1: what is not allowed is not allowed in company.
    #[test]
    fn a_separator_never_allows(bad in any::<Index>(), good in any::<Index>(), separator in any::<Index>()) {
        let bad: &Decided = {
            let all: Vec<&Decided> = COMMANDS.iter().filter(|one| !one.allowed && one.complete && !one.line.ends_with('\\')).collect();
            all[bad.index(all.len())]
        };
        let friends: Vec<&Decided> = COMMANDS.iter().filter(|one| one.allowed && one.policy == bad.policy).collect();
        prop_assume!(!friends.is_empty());
        let good = friends[good.index(friends.len())];
        let separator = *separator.get(SEPARATORS);
        // What a pipeline changes, it changes for its stage alone.
        let joins = separator.contains('|') && separator.trim() != "||";
        prop_assume!(!joins || !allows_pipelines(bad.policy) && !bad.line.split_whitespace().any(changes_directory));
        let policy = native::load(&CORPUS.policies[bad.policy]);
        let first = format!("{}{separator}{}", bad.line, good.line);
        prop_assert!(!native::allows(&policy, &native::command(bad.policy, &first)), "[{}] {first:?}", bad.policy);
        if leaves_next_alone(good.line) {
            let last = format!("{}{separator}{}", good.line, bad.line);
            prop_assert!(!native::allows(&policy, &native::command(bad.policy, &last)), "[{}] {last:?}", bad.policy);
        }
    }
}

/// Lists whose entries only ever allow, and lists whose entries only ever deny.
const ALLOWS: &[&str] = &[
    "/dataAccess/readAllow",
    "/dataAccess/writeAllow",
    "/toolActions/allowed",
    "/toolActions/bash/allow",
    "/toolActions/bash/allowEnv",
];
const DENIES: &[&str] =
    &["/dataAccess/readDeny", "/dataAccess/writeDeny", "/toolActions/denied", "/toolActions/bash/deny"];

/// Entries for each list of [`DENIES`].
const PATHS: &[&str] =
    &["**", "**/*.rs", "src/**", "/workspace/**", "/etc/**", "~/**", "out/*", "[a-m]*", "**/.*"];
const NAMES: &[&str] = &["Bash", "Read", "Write", "Grep", "search_code", "mcp__filesystem__read_file"];
const PATTERNS: &[&str] = &[
    "*",
    "git *",
    "git push *",
    "* --force*",
    "cat *",
    "curl * | *",
    "npm *",
    "* x",
    "echo a",
    "cd *",
    "env *",
];

/// Removes one entry of an allow list, or adds one to a deny list.
fn tighten(document: &mut Value, list: &Index, entry: &Index) {
    let all: Vec<&str> = ALLOWS.iter().chain(DENIES).copied().collect();
    let pointer = *list.get(&all);
    if ALLOWS.contains(&pointer) {
        if let Some(Value::Array(entries)) = document.pointer_mut(pointer)
            && !entries.is_empty()
        {
            entries.remove(entry.index(entries.len()));
        }
        return;
    }
    let new = match pointer {
        "/toolActions/denied" => *entry.get(NAMES),
        "/toolActions/bash/deny" => *entry.get(PATTERNS),
        _ => *entry.get(PATHS),
    };
    let (section, name) = pointer.rsplit_once('/').expect("a pointer");
    // A section that is absent allows nothing yet, and an empty one could not allow more.
    if let Some(Value::Object(section)) = document.pointer_mut(section) {
        let entries = section.entry(name).or_insert_with(|| json!([]));
        entries.as_array_mut().expect("a list").insert(0, json!(new));
    }
}

proptest! {
    #![proptest_config(config(512))]

    /// a tighter policy allows nothing that the looser one did not.
    #[test]
    fn a_tighter_policy_never_allows_more(
        policy in any::<Index>(),
        edits in prop::collection::vec((any::<Index>(), any::<Index>()), 1..4),
    ) {
        let names: Vec<&String> = CORPUS.policies.keys().collect();
        let name = *policy.get(&names);
        let text = &CORPUS.policies[name];
        let mut document: Value = serde_json::from_str(text).expect("JSON");
        for (list, entry) in &edits {
            tighten(&mut document, list, entry);
        }
        let (before, after) = (native::load(text), native::load(&document.to_string()));
        for case in CORPUS.cases.iter().filter(|case| case.policy == *name) {
            prop_assert!(
                !native::allows(&after, &case.call) || native::allows(&before, &case.call),
                "{} [{name}] is allowed by {document}", case.name
            );
        }
    }

    /// D6: the same bytes, the same answer; whatever the bytes are.
    #[test]
    fn the_same_bytes_give_the_same_bytes(
        case in any::<Index>(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
    ) {
        let case = case.get(&CORPUS.cases);
        let mut call = case.call.clone();
        for (at, byte) in damage {
            if !call.is_empty() {
                let at = at.index(call.len());
                call[at] = byte;
            }
        }
        let text = &CORPUS.policies[&case.policy];
        let policy = native::load(text);
        let (decision, verdict) = native::ask(&policy, &call);
        prop_assert_eq!(&native::ask(&policy, &call).0, &decision);
        let (again, verdict_again) = native::ask(&native::load(text), &call);
        prop_assert_eq!(again, decision);
        prop_assert_eq!(verdict_again.json, verdict.json);
    }
}
