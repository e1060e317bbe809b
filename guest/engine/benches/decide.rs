//! How long a decision takes, natively: ordinary calls under small and large policies, and calls
//! made to be slow. `cargo xtask bench` runs it and prints the ratios.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up has to stop")]

mod inputs;
mod network;
mod rules;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use sentinel_engine::{
    Call, Circumstances, Effect, EffectOutcome, Format, Policy, conclude, decide, decide_bytes, learn,
};

fn ordinary(c: &mut Criterion) {
    let mut group = c.benchmark_group("decide");
    for rules in [10, 100, 1_000, 10_000] {
        let policy = Policy::load(&inputs::policy(rules), Format::Json).expect("the bench policy loads");
        for (name, bytes) in inputs::calls() {
            let call = Call::parse(&bytes).expect("the bench call is one");
            group.bench_function(BenchmarkId::new(name, rules), |b| {
                b.iter(|| decide(&policy, black_box(&call)))
            });
        }
    }
    group.finish();
}

/// From bytes to the canonical JSON of the verdict: what the component does per call.
fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("native");
    let policy = Policy::load(&inputs::policy(100), Format::Json).expect("the bench policy loads");
    for (name, bytes) in inputs::calls() {
        group.bench_function(name, |b| {
            b.iter(|| {
                let decision = decide_bytes(&policy, black_box(&bytes));
                let outcomes = vec![EffectOutcome::Unmetered; decision.effects.len()];
                conclude(&policy, &decision, &outcomes, &Circumstances::default())
            });
        });
    }
    group.finish();
}

fn adversarial(c: &mut Criterion) {
    let mut group = c.benchmark_group("adversarial");
    group.sample_size(10);
    let policy = Policy::load(&inputs::star_policy(), Format::Json).expect("the bench policy loads");
    for (name, bytes) in inputs::adversarial() {
        group.bench_function(name, |b| b.iter(|| decide_bytes(&policy, black_box(&bytes))));
    }
    group.finish();
}

/// What is remembered of past calls costs the same, however many there were: deciding and concluding
/// with a baseline and without one, and learning.
fn anomaly(c: &mut Criterion) {
    let mut group = c.benchmark_group("anomaly");
    let load = |text: &str| Policy::load(text, Format::Json).expect("the bench policy loads");
    let (plain, watched) = (load(&inputs::payer("")), load(&inputs::payer(inputs::WATCHED)));
    let bytes = inputs::payment(7);
    let call = Call::parse(&bytes).expect("the bench call is one");
    let circumstances = Circumstances { now: Some(inputs::NOW), ..Circumstances::default() };
    for (name, policy) in [("plain", &plain), ("watched", &watched)] {
        group.bench_function(BenchmarkId::new("decide", name), |b| {
            b.iter(|| decide(policy, black_box(&call)))
        });
    }
    let decision = decide(&plain, &call);
    let outcomes = vec![EffectOutcome::Reading(0); decision.effects.len()];
    group.bench_function(BenchmarkId::new("conclude", "plain"), |b| {
        b.iter(|| conclude(&plain, &decision, black_box(&outcomes), &circumstances));
    });
    for events in [10, 1_000_000] {
        let (baseline, observation) = learned(&watched, events);
        let decision = decide(&watched, &call);
        let answer = |effect: &Effect| match effect {
            Effect::Debit(_) => EffectOutcome::Reading(0),
            Effect::Baseline { .. } => EffectOutcome::Baseline(baseline.clone()),
        };
        let outcomes: Vec<_> = decision.effects.iter().map(answer).collect();
        group.bench_function(BenchmarkId::new("conclude", events), |b| {
            b.iter(|| conclude(&watched, &decision, black_box(&outcomes), &circumstances));
        });
        group.bench_function(BenchmarkId::new("learn", events), |b| {
            b.iter(|| learn(black_box(&baseline), black_box(&observation)));
        });
    }
    group.finish();
}

/// A baseline after so many payments, a second apart, and what it learns next.
fn learned(policy: &Policy, events: u64) -> (Vec<u8>, Vec<u8>) {
    let observe = |number: u64, now: u64| {
        let decision = decide_bytes(policy, &inputs::payment(number));
        let answer = |effect: &Effect| match effect {
            Effect::Debit(_) => EffectOutcome::Reading(0),
            Effect::Baseline { .. } => EffectOutcome::Baseline(Vec::new()),
        };
        let outcomes: Vec<_> = decision.effects.iter().map(answer).collect();
        let circumstances = Circumstances { now: Some(now), ..Circumstances::default() };
        let verdict = conclude(policy, &decision, &outcomes, &circumstances);
        verdict.observations.into_iter().next().expect("a payment is observed").bytes
    };
    let observations: Vec<_> =
        (0..100).map(|number| observe(number, inputs::NOW - 100_000 + number)).collect();
    let mut baseline = Vec::new();
    for observation in observations.iter().cycle().zip(0..events).map(|(own, _)| own) {
        baseline = learn(&baseline, observation);
    }
    (baseline, observe(7, inputs::NOW))
}

/// Rules by arguments: a few that speak of the tool among many that do not, and calls made to be slow.
fn by_rules(c: &mut Criterion) {
    let mut group = c.benchmark_group("rules");
    for count in [10, 100, 1_000, 10_000] {
        let policy = Policy::load(&rules::policy(count), Format::Json).expect("the bench policy loads");
        let bytes = rules::call();
        let call = Call::parse(&bytes).expect("the bench call is one");
        group
            .bench_function(BenchmarkId::new("few", count), |b| b.iter(|| decide(&policy, black_box(&call))));
    }
    for count in [10, 1_000, 10_000] {
        let policy = Policy::load(&rules::every(count), Format::Json).expect("the bench policy loads");
        let bytes = rules::call();
        let call = Call::parse(&bytes).expect("the bench call is one");
        group.bench_function(BenchmarkId::new("every", count), |b| {
            b.iter(|| decide(&policy, black_box(&call)))
        });
    }
    group.sample_size(10);
    for (name, policy, bytes) in rules::adversarial() {
        let policy = Policy::load(&policy, Format::Json).expect("the bench policy loads");
        let call = Call::parse(&bytes).expect("the bench call is one");
        group.bench_function(BenchmarkId::new("adversarial", name), |b| {
            b.iter(|| decide(&policy, black_box(&call)))
        });
    }
    let text = rules::policy(1_000);
    group.bench_function("load/1000", |b| b.iter(|| Policy::load(black_box(&text), Format::Json)));
    group.finish();
}

/// Requests over HTTP: what an ordinary one costs with few hosts and with many, and ones made to be slow.
fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("network");
    for hosts in [10, 10_000] {
        let policy = Policy::load(&network::policy(hosts), Format::Json).expect("the bench policy loads");
        for (name, bytes) in network::calls() {
            let call = Call::parse(&bytes).expect("the bench call is one");
            group.bench_function(BenchmarkId::new(name, hosts), |b| {
                b.iter(|| decide(&policy, black_box(&call)))
            });
        }
    }
    group.sample_size(10);
    let policy = Policy::load(&network::star_policy(), Format::Json).expect("the bench policy loads");
    for (name, bytes) in network::adversarial() {
        group.bench_function(BenchmarkId::new("adversarial", name), |b| {
            b.iter(|| decide_bytes(&policy, black_box(&bytes)));
        });
    }
    let text = network::policy(10_000);
    group.bench_function("load/10000", |b| b.iter(|| Policy::load(black_box(&text), Format::Json)));
    group.finish();
}

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("load");
    group.sample_size(20);
    for rules in [10, 1_000, 10_000] {
        let text = inputs::policy(rules);
        group.bench_function(BenchmarkId::new("policy", rules), |b| {
            b.iter(|| Policy::load(black_box(&text), Format::Json))
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    ordinary(&mut criterion);
    whole(&mut criterion);
    adversarial(&mut criterion);
    anomaly(&mut criterion);
    requests(&mut criterion);
    by_rules(&mut criterion);
    load(&mut criterion);
    criterion.final_summary();
}
