//! The same calls as a library and in each runtime that the package is for, in turns, so that the
//! ratios hold on a machine whose speed drifts; and how large the package is.
//!
//! Each turn takes the fastest of many short rounds, which what else the machine does spoils least.
//! Prints medians of the turns; nothing is asserted. `cargo xtask bench` runs it.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops if it cannot be set up"
)]

use std::hint::black_box;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_engine::{Approval, Circumstances, EffectOutcome, Format, Policy, conclude, decide_bytes};
use sentinel_web_tests::{RUNTIMES, Runtime, drive, run};
use serde_json::{Value, json};

#[path = "../../../guest/engine/benches/inputs.rs"]
#[expect(dead_code, reason = "shared with the bench of the engine, which uses all of it")]
mod inputs;

const TURNS: usize = 5;
const ROUNDS: usize = 100;
const CALLS_PER_ROUND: u32 = 200;

fn main() {
    // `cargo test` runs benches as tests; they are none.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let text = inputs::policy(100);
    let policy = Policy::load(&text, Format::Json).expect("the bench policy loads");
    let calls = inputs::calls();
    let encoded: Vec<_> = calls.iter().map(|(_, call)| STANDARD.encode(call)).collect();
    let input = json!({"policy": text, "calls": encoded, "rounds": ROUNDS, "callsPerRound": CALLS_PER_ROUND});
    println!(
        "100 rules, from the bytes of a call to the text of its verdict, in us; `object`: from an object to one"
    );
    println!(
        "{:<14} {:<10} {:>10} {:>10} {:>8} {:>10}",
        "call", "runtime", "native", "text", "ratio", "object"
    );
    for runtime in RUNTIMES {
        let mut turns: Vec<Vec<[f64; 3]>> = vec![Vec::new(); calls.len()];
        for _ in 0..TURNS {
            let own: Vec<f64> = calls.iter().map(|(_, call)| native(&policy, call)).collect();
            let found = measure(runtime, &input);
            for (at, native) in own.into_iter().enumerate() {
                let of = |what: &str| found[what][at].as_f64().expect("a number");
                turns[at].push([native, of("text"), of("object")]);
            }
        }
        for ((name, _), turns) in calls.iter().zip(&turns) {
            let column = |at: usize| median(turns.iter().map(|turn| turn[at]).collect());
            let ratio = median(turns.iter().map(|turn| turn[1] / turn[0]).collect());
            println!(
                "{name:<14} {:<10} {:>10.2} {:>10.2} {ratio:>8.2} {:>10.2}",
                format!("{runtime:?}"),
                column(0),
                column(1),
                column(2)
            );
        }
    }
    let sizes = drive("sizes", &[], &json!({}));
    println!("package: {} bytes, gzip {}, brotli {}", sizes["raw"], sizes["gzip"], sizes["brotli"]);
}

/// Clocks of workers stand still while they compute, so those are timed from outside.
fn measure(runtime: Runtime, input: &Value) -> Value {
    match runtime {
        Runtime::Node | Runtime::Chromium => run(runtime, "bench", input),
        Runtime::Workerd => drive("workerd-bench", &[], input),
    }
}

fn native(policy: &Policy, call: &[u8]) -> f64 {
    let circumstances = Circumstances { mode: None, approval: Approval::Possible, now: Some(0) };
    let rounds = (0..ROUNDS).map(|_| {
        let started = Instant::now();
        for _ in 0..CALLS_PER_ROUND {
            let decision = decide_bytes(policy, black_box(call));
            let outcomes = vec![EffectOutcome::Unmetered; decision.effects.len()];
            black_box(conclude(policy, &decision, &outcomes, &circumstances));
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS_PER_ROUND)
    });
    rounds.fold(f64::INFINITY, f64::min)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
