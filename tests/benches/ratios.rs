//! The same calls on every path, in turn, so that the ratios hold on a machine whose speed drifts:
//! the engine as a library, the component in wasmtime, and a whole `sentinel hook`.
//!
//! Prints medians and ratios; nothing is asserted. `cargo xtask bench` runs it.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops if it cannot be set up"
)]

use std::hint::black_box;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use sentinel::engine::{self, Engine, Session};
use sentinel_engine::{Circumstances, EffectOutcome, Format, Policy, conclude, decide_bytes};

#[path = "../../guest/engine/benches/inputs.rs"]
#[expect(dead_code, reason = "shared with the bench of the engine, which uses all of it")]
mod inputs;

const ROUNDS: usize = 40;
const CALLS_PER_ROUND: u32 = 2_000;

fn main() {
    // `cargo test` runs benches as tests; they are none.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let text = inputs::policy(100);
    let policy = Policy::load(&text, Format::Json).expect("the bench policy loads");
    let engine = Engine::embedded().expect("the engine starts");
    let mut session = Session::open(&engine, text, engine::Format::Json).expect("the bench policy loads");
    println!("100 rules, from the bytes of a call to the JSON of its verdict");
    println!("{:<14} {:>12} {:>14} {:>8}", "call", "native us", "component us", "ratio");
    for (name, call) in inputs::calls() {
        let (mut native, mut component) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            native.push(per_call_us(|| {
                let decision = decide_bytes(&policy, black_box(&call));
                let outcomes = vec![EffectOutcome::Unmetered; decision.effects.len()];
                black_box(conclude(&policy, &decision, &outcomes, &Circumstances::default()));
            }));
            component.push(per_call_us(|| {
                black_box(session.evaluate(
                    black_box(&call),
                    engine::Circumstances::default(),
                    engine::unmetered,
                ));
            }));
        }
        let ratios: Vec<f64> =
            native.iter().zip(&component).map(|(native, component)| component / native).collect();
        println!("{name:<14} {:>12.2} {:>14.2} {:>8.2}", median(native), median(component), median(ratios));
    }
    hook();
}

/// Start of `sentinel hook` to its answer, process included, if the binary is named.
fn hook() {
    let Ok(binary) = std::env::var("SENTINEL_BIN") else {
        println!("SENTINEL_BIN names no binary: start to answer of the hook is not measured");
        return;
    };
    let policy = sentinel_tests::repository("examples/session/policy.soe.json");
    let event = br#"{"session_id":"s","cwd":"/workspace/shop","permission_mode":"default","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"git status"},"tool_use_id":"t"}"#;
    let mut times: Vec<f64> = (0..100)
        .map(|_| {
            let start = Instant::now();
            let mut child = Command::new(&binary)
                .args(["hook", "claude-code", "--policy"])
                .arg(&policy)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("the binary starts");
            child.stdin.take().expect("a pipe").write_all(event).expect("the hook reads");
            child.wait_with_output().expect("the hook answers");
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("sentinel hook, start to answer: median {:.1} ms, p90 {:.1} ms", at(50), at(90));
}

fn per_call_us(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS_PER_ROUND {
        work();
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS_PER_ROUND)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
