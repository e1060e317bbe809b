//! How long a policy of another product takes to become one of ours: 1,000 rules, converted, and
//! converted and compiled.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up has to stop")]

use std::hint::black_box;

use criterion::Criterion;
use sentinel_engine::{ConvertOptions, Dialect, Format, Policy, convert};

const RULES: usize = 1_000;

/// A rules file; every tenth rule needs an expression, every id a new name.
fn source() -> String {
    let rule = |n: usize| {
        let (pattern, operator, value) = match n % 10 {
            0 => (format!("tool_{n}_?"), "matches", format!("\"^item-{n}-[a-z]+$\"")),
            1..=5 => (format!("tool_{n}_*"), "gt", n.to_string()),
            _ => (format!("tool_{n}"), "in", format!("[\"a{n}\", \"b\", 1]")),
        };
        format!(
            r#"{{"id": "rule {n}", "name": "Rule {n}", "function_pattern": "{pattern}", "action": "block", "priority": {},
  "conditions": [{{"param": "p.{n}", "operator": "{operator}", "value": {value}}}], "message": "no {n}"}}"#,
            n % 7
        )
    };
    format!("{{\"rules\": [{}]}}", (0..RULES).map(rule).collect::<Vec<_>>().join(",\n"))
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("convert");
    group.sample_size(20);
    let (text, options) =
        (source(), ConvertOptions { agent_id: "bench", version: "1.0.0", environments: &[] });
    let converted = || {
        convert(black_box(&text), Format::Json, Some(Dialect::RulesJson), &options)
            .expect("the bench file converts")
    };
    group.bench_function("rules-json/1000", |b| b.iter(converted));
    group.bench_function("rules-json-compiled/1000", |b| {
        b.iter(|| Policy::load(&converted().document, Format::Json).expect("the bench policy loads"))
    });
    group.finish();
    criterion.final_summary();
}
