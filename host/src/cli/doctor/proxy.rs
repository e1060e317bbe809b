//! What an agent behind a proxy can do, tried from where the agent is.
//!
//! A proxy that nobody has to use looks exactly like one that works. So beside the canary, which must be
//! denied by our filter and by nobody else, ways around are tried: each must end nowhere, or at the
//! filter again. Run it where the agent runs, as the agent's user; from elsewhere it says nothing.

mod request;
mod ways;

use std::path::Path;

use request::{Answer, Target};
use sentinel::engine::Engine;
use sentinel::policy_file::PolicyFile;
use serde_json::Value;

use super::Check;

/// A host that no policy names, and that no resolver knows.
pub(super) const CANARY: &str = "http://sentinel-canary.invalid/";

/// Words of the filter's denials.
const ERRORS: [&str; 2] = ["egress_denied", "blocked_by_soe"];

/// What to try.
#[derive(Debug, clap::Args)]
pub(super) struct Through {
    /// Check the proxy of this place: that a canary is denied, and that there is no way around
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "http://127.0.0.1:15001")]
    pub(super) proxy: Option<String>,
    /// A URL that must be denied
    #[arg(long, value_name = "URL", default_value = CANARY, requires = "proxy")]
    deny: String,
    /// A URL that must be allowed
    #[arg(long, value_name = "URL", requires = "proxy")]
    allow: Option<String>,
    /// A public address that must not be reached around the proxy
    #[arg(long, value_name = "ADDRESS", default_value_t = ways::OUTSIDE, requires = "proxy")]
    outside: std::net::Ipv4Addr,
}

/// All checks of a proxy. `policy` is what should govern there.
pub(super) fn checks(args: &Through, proxy: &str, policy: Option<&Path>) -> Vec<Check> {
    let proxy = match Target::parse(proxy) {
        Ok(proxy) => proxy,
        Err(error) => return vec![Check::new("proxy", Err(error))],
    };
    let denied = Target::parse(&args.deny).and_then(|target| request::through(&proxy, &target));
    let mut checks = vec![Check::new(
        "canary is denied by the proxy",
        denied.as_ref().map_err(Clone::clone).and_then(ours),
    )];
    checks.push(digest(denied.as_ref().ok(), policy));
    if let Some(allow) = &args.allow {
        let answer = Target::parse(allow).and_then(|target| request::through(&proxy, &target));
        checks.push(Check::new("allowed by the proxy", answer.and_then(|answer| allowed(&answer))));
    }
    checks.extend(ways::around(args.outside, &proxy));
    checks
}

/// Whether a denial is the filter's own. Any server can say 403.
fn ours(answer: &Answer) -> Result<String, String> {
    let body = body(answer);
    let word = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let decision = answer.header("x-soe-decision").unwrap_or_default();
    if decision != "deny" || !ERRORS.contains(&word("error")) || word("decision") != "deny" {
        return Err(format!(
            "answered {} and not by the filter: the canary got through, or something else answers",
            answer.status
        ));
    }
    if answer.status == 503 {
        return Err(format!("denied, and not healthy: {} ({})", word("code"), word("reason")));
    }
    Ok(format!("{} {}, {}", answer.status, word("error"), word("code")))
}

/// Which policy denied it, and whether it is the one that should.
fn digest(answer: Option<&Answer>, policy: Option<&Path>) -> Check {
    const NAME: &str = "policy of the proxy";
    let own = answer.map(body).and_then(|body| body.get("policyDigest")?.as_str().map(str::to_owned));
    let Some(own) = own.filter(|own| own.starts_with("sha256:")) else {
        return Check::new(NAME, Err("the answer names no policy".to_owned()));
    };
    let Some(policy) = policy else { return Check::new(NAME, Ok(own)) };
    let expected = || -> anyhow::Result<String> {
        Ok(PolicyFile::read(policy)?.open(&Engine::embedded()?)?.digest().to_owned())
    };
    Check::new(
        NAME,
        match expected() {
            Ok(expected) if expected == own => Ok(own),
            Ok(expected) => Err(format!("it has {own}, and `{}` is {expected}", policy.display())),
            Err(error) => Err(format!("{error:#}")),
        },
    )
}

fn allowed(answer: &Answer) -> Result<String, String> {
    if answer.header("x-soe-decision").is_some() {
        return Err(format!("denied: {} {}", answer.status, answer.text()));
    }
    if answer.status >= 500 {
        return Err(format!("allowed, and not reached: {}", answer.status));
    }
    Ok(format!("answered {}", answer.status))
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::request::Answer;
    use super::{allowed, ours};

    fn answer(text: &str) -> Answer {
        Answer::parse(text.replace('\n', "\r\n").as_bytes()).unwrap_or_default()
    }

    #[test]
    fn only_the_filter_denies() {
        let denial = "HTTP/1.1 403 Forbidden\nX-SOE-Decision: deny\n\n{\"error\":\"egress_denied\",\"decision\":\"deny\",\"code\":\"host-not-allowed\"}";
        assert_eq!(ours(&answer(denial)).as_deref(), Ok("403 egress_denied, host-not-allowed"));
        for other in [
            "HTTP/1.1 200 OK\n\n{}",
            "HTTP/1.1 403 Forbidden\n\n{\"error\":\"egress_denied\",\"decision\":\"deny\"}",
            "HTTP/1.1 403 Forbidden\nx-soe-decision: deny\n\nno",
            "HTTP/1.1 503 Unavailable\nx-soe-decision: deny\n\n{\"error\":\"blocked_by_soe\",\"decision\":\"deny\"}",
            "",
        ] {
            assert!(ours(&answer(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_allowed_has_to_arrive() {
        assert!(allowed(&answer("HTTP/1.1 404 Not Found\n\n")).is_ok());
        assert!(allowed(&answer("HTTP/1.1 503 Unavailable\n\n")).is_err());
        assert!(allowed(&answer("HTTP/1.1 403 Forbidden\nx-soe-decision: deny\n\n{}")).is_err());
    }
}
