//! Every case of the corpus through the engine as a library.

use sentinel_engine::{Circumstances, EffectOutcome, Format, Policy, conclude, decide_bytes};
use sentinel_tests::corpus::{Corpus, Expect};

#[test]
fn every_case_is_decided_as_the_corpus_says() {
    let corpus = Corpus::load();
    let mut wrong = Vec::new();
    for case in &corpus.cases {
        let policy = Policy::load(&corpus.policies[&case.policy], Format::Json)
            .unwrap_or_else(|found| panic!("{}: {found:?}", case.policy));
        let decision = decide_bytes(&policy, &case.call);
        let verdict = conclude(
            &policy,
            &decision,
            &[EffectOutcome::Settled],
            &Circumstances { approver: true, ..Circumstances::default() },
        );
        let outcome = verdict.decision.as_str();
        let as_expected = match case.expect {
            Expect::Exactly(expected) => outcome == expected,
            Expect::NotAllow => outcome != "allow",
        };
        let rule_named = case.rule.as_ref().is_none_or(|rule| {
            decision.reasons.iter().any(|reason| reason.rule.as_ref().is_some_and(|own| own.pattern == *rule))
        });
        if !as_expected || !rule_named {
            let what =
                case.command.clone().unwrap_or_else(|| String::from_utf8_lossy(&case.call).into_owned());
            wrong.push(format!(
                "{} [{}]\n  {what:?}\n  expected {:?} ({}), rule {:?}\n  got {outcome}: {} {:?}",
                case.name,
                case.policy,
                case.expect,
                case.because,
                case.rule,
                verdict.reason,
                verdict.rule.map(|rule| rule.pattern)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), corpus.cases.len(), wrong.join("\n"));
}
