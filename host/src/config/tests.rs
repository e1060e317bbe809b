//! Configurations as people write them, and what becomes of each.

use super::*;
use crate::auth::setup::VerifierConfig;
use clap::{Args as _, FromArgMatches as _};

const SECRET: &str = "a secret that has more than thirty-two bytes";
const OTHER_SECRET: &str = "the secret before it, with more than thirty-two bytes";

fn args(flags: &[&str]) -> ServeArgs {
    let command = ServeArgs::augment_args(clap::Command::new("serve").no_binary_name(true));
    ServeArgs::from_arg_matches(&command.try_get_matches_from(flags).unwrap()).unwrap()
}

fn all(flags: &[&str], environment: &[(&str, &str)], file: &str) -> Result<Config, ConfigError> {
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    read(Inputs {
        args: &args(flags),
        environment: &environment,
        file: Some((Path::new("sentinel.toml"), file)),
        cores: NonZeroUsize::new(4).unwrap(),
    })
}

fn env(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    all(&[], environment, "")
}

/// Every mistake, in one text.
fn mistakes(result: Result<Config, ConfigError>) -> String {
    let error = result.unwrap_err();
    let lines: Vec<_> = error.mistakes().iter().map(ToString::to_string).collect();
    assert!(lines.iter().all(|line| !line.contains('\n')), "{lines:?}");
    lines.join("\n")
}

#[test]
fn defaults() {
    let config = env(&[("SOE_API_KEY", "0123456789abcdef")]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:3100");
    assert_eq!(config.mode, None);
    assert_eq!((config.environment.as_str(), config.environment_is_set), ("development", false));
    assert_eq!(config.definitions_dir, Path::new("./soe-definitions"));
    assert_eq!(config.ledger_key_file, Path::new("./.sentinel/ledger.key"));
    assert_eq!(config.ledger_origin, "sentinel/default");
    assert!(matches!(config.store, StoreConfig::Embedded) && config.bucket.is_none());
    assert_eq!(config.request_timeout, Duration::from_secs(30));
    assert_eq!(config.drain_timeout, Duration::from_secs(10));
    assert_eq!(config.reservation_ttl, Duration::from_secs(900));
    assert_eq!(config.body_bytes_max, crate::limits::CALL_BYTES_MAX + (64 << 10));
    assert_eq!(config.simulate_calls_max, crate::limits::SIMULATE_CALLS_MAX);
    assert_eq!((config.dashboard_events_max, config.workers.get()), (10_000, 4));
    assert!(config.cors_origins.is_empty() && config.redact_keys.is_empty() && !config.metrics_public);
    assert_eq!((config.log_filter.as_str(), config.log_format), ("info", LogFormat::Text));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn flags_before_environment_before_file() {
    let port = |flags: &[&str], environment: &[(&str, &str)], file: &str| {
        all(flags, environment, file).unwrap().listen.port()
    };
    assert_eq!(port(&["--port", "1"], &[("SOE_API_PORT", "2")], "port = 3"), 1);
    assert_eq!(port(&[], &[("SOE_API_PORT", "2")], "port = 3"), 2);
    assert_eq!(port(&[], &[("SOE_API_PORT", "")], "port = 3"), 3);
    assert_eq!(port(&[], &[], ""), 3100);
    let file = "metrics-public = true\ncors-origins = [\"https://a.example\", \"http://b.example:81\"]";
    let config = all(&["--home", "/var/lib/sentinel"], &[], file).unwrap();
    assert!(config.metrics_public);
    assert_eq!(config.cors_origins.len(), 2);
    assert_eq!(config.ledger_key_file, Path::new("/var/lib/sentinel/ledger.key"));
    assert!(all(&["--metrics-public"], &[], "").unwrap().metrics_public);
    assert!(!all(&["--metrics-public=false"], &[("SOE_METRICS_PUBLIC", "1")], "").unwrap().metrics_public);
    assert!(env(&[("SOE_ENVIRONMENT", "development")]).unwrap().environment_is_set);
}

#[test]
fn values_that_stop_the_start() {
    let too_many = (crate::limits::INSTANCES_MAX + 1).to_string();
    for (name, value) in [
        ("SOE_API_PORT", "65536"),
        ("SOE_API_PORT", "-1"),
        ("SOE_API_PORT", "+1"),
        ("SOE_API_PORT", "tcp://10.0.0.1:3100"),
        ("SENTINEL_BIND", "localhost"),
        ("SENTINEL_BIND", "127.0.0.1:80"),
        ("SOE_MODE", "Audit"),
        ("SOE_MODE", "off"),
        ("SOE_STORAGE", "sqlite"),
        ("SOE_AUTH_DISABLED", "yes"),
        ("SOE_AUTH_DISABLED", "TRUE"),
        ("SOE_METRICS_PUBLIC", "on"),
        ("SOE_REQUEST_TIMEOUT", "0"),
        ("SOE_REQUEST_TIMEOUT", "30s"),
        ("SOE_CORS_ORIGINS", "*"),
        ("SOE_CORS_ORIGINS", "https://*.example.com"),
        ("SOE_CORS_ORIGINS", "https://a.example/"),
        ("SOE_CORS_ORIGINS", "https://a.example/x"),
        ("SOE_CORS_ORIGINS", "https://A.example"),
        ("SOE_CORS_ORIGINS", "https://a.example:443"),
        ("SOE_CORS_ORIGINS", "https://me@a.example"),
        ("SOE_CORS_ORIGINS", "a.example"),
        ("SOE_CORS_ORIGINS", "null"),
        ("SOE_CORS_ORIGINS", "https://a.example,"),
        ("SENTINEL_LEDGER_ORIGIN", "my ledger"),
        ("SENTINEL_LEDGER_ORIGIN", "a+b"),
        ("SENTINEL_WORKERS", "0"),
        ("SENTINEL_WORKERS", too_many.as_str()),
        ("SENTINEL_JWT_LIFETIME_MAX", "0"),
        ("SENTINEL_JWT_ISSUER", " "),
        ("SENTINEL_LOG_FORMAT", "xml"),
        ("SENTINEL_HOME", "  "),
        ("SOE_ENVIRONMENT", "a\nb"),
    ] {
        let said = mistakes(env(&[(name, value)]));
        assert!(said.starts_with(name) && said.contains(": "), "{name}={value}: {said}");
    }
}

#[test]
fn settings_that_do_not_go_together() {
    let until = ("SOE_JWT_SECRET_PREVIOUS_UNTIL", "2030-01-31T12:00:00Z");
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("SOE_STORAGE", "postgres")], "needs DATABASE_URL"),
        (&[("DATABASE_URL", "postgres://h/d")], "DATABASE_URL is set, but SOE_STORAGE"),
        (&[("SOE_STORAGE", "memory"), ("DATABASE_URL", "postgres://h/d")], "DATABASE_URL is set, but"),
        (&[("SOE_STORAGE", "s3")], "needs SENTINEL_BUCKET"),
        (&[("SENTINEL_BUCKET", "ledger")], "SENTINEL_BUCKET is set, but"),
        (&[("SENTINEL_BUCKET_PREFIX", "x")], "SENTINEL_BUCKET_PREFIX is set, but"),
        (&[("SOE_AUTH_DISABLED", "1"), ("SENTINEL_BIND", "0.0.0.0")], "no loopback address"),
        (&[("SOE_AUTH_DISABLED", "1"), ("SENTINEL_BIND", "::")], "no loopback address"),
        (&[("SOE_AUTH_DISABLED", "1"), ("SOE_API_KEY", "0123456789abcdef")], "SOE_API_KEY is set"),
        (&[("SOE_AUTH_DISABLED", "true"), ("SOE_JWT_SECRET", SECRET)], "SOE_JWT_SECRET is set"),
        (&[("SOE_AUTH_DISABLED", "true"), ("SENTINEL_JWT_JWKS_FILE", "k")], "SENTINEL_JWT_JWKS_FILE is set"),
        (&[("SOE_JWT_SECRET", SECRET), ("SENTINEL_JWT_JWKS_FILE", "k")], "set one of them"),
        (&[("SENTINEL_JWT_KEY_FILE", "k")], "needs SENTINEL_JWT_ALGORITHM"),
        (&[("SENTINEL_JWT_ALGORITHM", "RS256")], "SENTINEL_JWT_KEY_FILE is not"),
        (&[("SENTINEL_JWT_KEY_FILE", "k"), ("SENTINEL_JWT_ALGORITHM", "HS256")], "use RS256, ES256, EdDSA"),
        (&[("SOE_JWT_SECRET_PREVIOUS", SECRET), until], "but SOE_JWT_SECRET is not"),
        (&[("SOE_JWT_SECRET", SECRET), ("SOE_JWT_SECRET_PREVIOUS", OTHER_SECRET)], "must end some day"),
        (&[("SOE_JWT_SECRET", SECRET), until], "but SOE_JWT_SECRET_PREVIOUS is not"),
        (&[("SOE_JWT_SECRET", SECRET), ("SOE_JWT_SECRET_PREVIOUS", SECRET), until], "the same secret"),
        (
            &[
                ("SOE_JWT_SECRET", SECRET),
                ("SOE_JWT_SECRET_PREVIOUS", OTHER_SECRET),
                ("SOE_JWT_SECRET_PREVIOUS_UNTIL", "2030-01-31"),
            ],
            "use a time of RFC 3339",
        ),
        (&[("SOE_JWT_SECRET", &SECRET[..31])], "at least 32 are needed"),
        (&[("SOE_API_KEY", "0123456789abcde")], "at least 16 characters"),
        (&[("SOE_API_KEY", "0123456789 abcdef")], "without spaces"),
    ];
    for (environment, expect) in cases {
        let said = mistakes(env(environment));
        assert!(said.contains(expect), "{environment:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{environment:?}: {said}");
    }
}

#[test]
fn settings_that_do_go_together() {
    let config = env(&[
        ("SOE_JWT_SECRET", SECRET),
        ("SOE_JWT_SECRET_PREVIOUS", OTHER_SECRET),
        ("SOE_JWT_SECRET_PREVIOUS_UNTIL", "2030-01-31T12:00:00+01:00"),
    ])
    .unwrap();
    let AuthConfig::Required(accepted) = &config.auth else { panic!("{:?}", config.auth) };
    let tokens = accepted.tokens.as_ref().unwrap();
    let VerifierConfig::Secret(secrets) = &tokens.verifier else { panic!("{tokens:?}") };
    assert_eq!(secrets.previous.as_ref().unwrap().until, 1_896_087_600);
    assert_eq!(tokens.lifetime_max, crate::auth::setup::JWT_LIFETIME_DEFAULT);
    assert_eq!(tokens.issuer, crate::auth::setup::JWT_PARTY_DEFAULT);
    assert!(accepted.api_key.is_none());

    let config = env(&[("SENTINEL_JWT_KEY_FILE", "k"), ("SENTINEL_JWT_ALGORITHM", "ES256")]).unwrap();
    assert!(matches!(config.auth, AuthConfig::Required(accepted) if accepted.tokens.is_some()));
    let config = env(&[("SOE_AUTH_DISABLED", "1"), ("SENTINEL_BIND", "::1")]).unwrap();
    assert!(matches!(config.auth, AuthConfig::Disabled));
    assert!(config.warnings.iter().any(|line| line.contains("authentication is disabled")));
    let config = env(&[("SOE_STORAGE", "postgres"), ("DATABASE_URL", "postgres://me:pw@h/d")]).unwrap();
    assert!(matches!(&config.store, StoreConfig::Postgres(url) if url.expose().ends_with("/d")));
    let config = env(&[("SOE_STORAGE", "gcs"), ("SENTINEL_BUCKET", "my-ledger")]).unwrap();
    assert_eq!(config.bucket.unwrap().provider, BucketProvider::Gcs);
    assert!(env(&[]).unwrap().warnings.iter().any(|line| line.contains("token key create")));
}

#[test]
fn channels_that_stop_the_start() {
    let hook = |url: &'static str| ("SENTINEL_APPROVAL_WEBHOOK_URL", url);
    let format = |name: &'static str| ("SENTINEL_APPROVAL_WEBHOOK_FORMAT", name);
    let status = |url: &'static str| ("SENTINEL_APPROVAL_WEBHOOK_STATUS_URL", url);
    let good = hook("https://hooks.example.com/x");
    let token = ("SENTINEL_APPROVAL_WEBHOOK_TOKEN", "tell-nobody");
    let secret = |text: &'static str| ("SENTINEL_APPROVAL_WEBHOOK_SECRET", text);
    let slack = ("SENTINEL_SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/tell-nobody");
    let signing = ("SENTINEL_SLACK_SIGNING_SECRET", "0123456789abcdef0123456789tell-n");
    let public = |url: &'static str| ("SENTINEL_PUBLIC_URL", url);
    let allow = ("SENTINEL_WEBHOOK_ALLOW_PRIVATE", "true");
    let private = "its address is private";
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[hook("hooks.example.com")], "use a URL"),
        (&[hook("ftp://hooks.example.com/")], "begins with https"),
        (&[hook("http://hooks.example.com/")], "use https"),
        (&[hook("https://127.0.0.1/")], private),
        (&[hook("https://localhost/")], private),
        (&[hook("https://2130706433/")], private),
        (&[hook("https://0x7f.1/")], private),
        (&[hook("https://169.254.169.254/latest")], private),
        (&[hook("https://[::1]/")], private),
        (&[hook("https://[::ffff:10.0.0.1]/")], private),
        (&[hook("https://[fd00::1]/")], private),
        (&[hook("https://hooks.example.com:8443/")], "use port 443"),
        (&[hook("https://me:pw@hooks.example.com/")], "names a user"),
        (&[hook("https://hooks.example.com/#x")], "fragment"),
        (&[good, format("slack")], "use sentinel, agentic-sentinel, agent-sentinel"),
        (&[good, status("https://hooks.example.com/{action_id}")], "answers come over the API"),
        (&[good, token], "has none"),
        (&[good, format("agentic-sentinel")], "needs SENTINEL_APPROVAL_WEBHOOK_STATUS_URL"),
        (
            &[good, format("agentic-sentinel"), status("https://hooks.example.com/status")],
            "put `{action_id}`",
        ),
        (
            &[good, format("agentic-sentinel"), status("https://{action_id}.example.com/")],
            "put `{action_id}`",
        ),
        (&[good, format("agentic-sentinel"), status("https://10.0.0.1/{action_id}")], private),
        (&[good, format("agent-sentinel")], "needs SENTINEL_APPROVAL_WEBHOOK_TOKEN"),
        (
            &[good, format("agent-sentinel"), token, status("https://x.example/{id}")],
            "asks below its own URL",
        ),
        (&[hook("https://x.example/?a=b"), format("agent-sentinel"), token], "has no query"),
        (&[good, secret("short")], "at least 24 characters"),
        (&[good, secret("whsec_this-is-no-base64-at-all")], "no base64"),
        (&[good, format("agent-sentinel"), ("SENTINEL_APPROVAL_WEBHOOK_TOKEN", "a b")], "without spaces"),
        (&[format("sentinel")], "SENTINEL_APPROVAL_WEBHOOK_URL is not"),
        (&[status("https://x.example/{id}")], "SENTINEL_APPROVAL_WEBHOOK_URL is not"),
        (&[token], "SENTINEL_APPROVAL_WEBHOOK_URL is not"),
        (&[secret("0123456789abcdef01234567")], "SENTINEL_APPROVAL_WEBHOOK_URL is not"),
        (&[slack, signing], "needs SENTINEL_PUBLIC_URL"),
        (&[slack, public("https://sentinel.example.com")], "needs SENTINEL_SLACK_SIGNING_SECRET"),
        (&[slack, signing, public("http://sentinel.example.com")], "use https"),
        (&[slack, signing, public("https://sentinel.example.com/?a=b")], "leave out `?`"),
        (&[slack, ("SENTINEL_SLACK_SIGNING_SECRET", "short"), public("https://x.example")], "at least 32"),
        (
            &[
                ("SENTINEL_SLACK_WEBHOOK_URL", "https://10.0.0.1/tell-nobody"),
                signing,
                public("https://x.example"),
            ],
            private,
        ),
        (
            &[slack, signing, public("https://x.example"), ("SOE_AUTH_DISABLED", "1")],
            "without authentication",
        ),
        (&[signing], "SENTINEL_SLACK_WEBHOOK_URL is not"),
        (&[allow], "nothing is told"),
    ];
    for (environment, expect) in cases {
        let said = mistakes(env(environment));
        assert!(said.contains(expect) && !said.contains("tell-n"), "{environment:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{environment:?}: {said}");
    }
    assert!(env(&[]).unwrap().channels.is_none());
    let config =
        env(&[good, secret("0123456789abcdef01234567"), slack, signing, public("https://x.example:8443/a/")]);
    let channels = config.unwrap().channels.unwrap();
    assert_eq!(channels.webhook.unwrap().format, WebhookFormat::Sentinel);
    assert_eq!(channels.slack.unwrap().public_url, "https://x.example:8443/a");
    assert!(!channels.allow_private);
    let agentic = [good, format("agentic-sentinel"), status("https://x.example/s?id={action_id}")];
    assert_eq!(
        env(&agentic).unwrap().channels.unwrap().webhook.unwrap().format,
        WebhookFormat::AgenticSentinel
    );
    let config = env(&[hook("http://127.0.0.1:8000/x"), allow]).unwrap();
    assert!(config.channels.unwrap().allow_private);
    assert!(config.warnings.iter().any(|line| line.contains("private addresses")), "{:?}", config.warnings);
}

#[test]
fn names_that_nobody_knows() {
    for (name, expect) in [
        ("SOE_API_PROT", "SOE_API_PROT is no setting; did you mean `SOE_API_PORT`?"),
        ("SOE_AUTH_DISABLE", "SOE_AUTH_DISABLE is no setting; did you mean `SOE_AUTH_DISABLED`?"),
        ("SENTINEL_JWT_SECRET", "is no setting"),
        ("SENTINEL_X", "SENTINEL_X is no setting"),
        ("SOE_JUDGE_ENABLE", "is no setting"),
    ] {
        let said = mistakes(env(&[(name, "x")]));
        assert!(said.contains(expect), "{said}");
    }
    for (name, value) in [
        ("SENTINEL_BIN", "/usr/bin/sentinel"),
        ("SENTINEL_CONFIG", "sentinel.toml"),
        ("PATH", "/bin"),
        ("soe_api_port", "x"),
        ("SOE_NOTHING", ""),
        ("SENTINEL_SERVICE_HOST", "10.0.0.1"),
        ("SENTINEL_SERVICE_PORT_HTTP", "3100"),
        ("SENTINEL_PORT", "tcp://10.0.0.1:3100"),
        ("SENTINEL_PORT_3100_TCP_ADDR", "10.0.0.1"),
        ("ANTHROPIC_API_KEY", "x"),
    ] {
        assert!(env(&[(name, value)]).is_ok(), "{name}");
    }
    let config = env(&[("SOE_WEBHOOK_URL", "https://x.example"), ("SOE_USE_OPA", "true")]).unwrap();
    let of_no_effect = config.warnings.iter().filter(|line| line.ends_with("has no effect in this version"));
    assert_eq!(of_no_effect.count(), 2, "{:?}", config.warnings);
}

#[test]
fn files_that_stop_the_start() {
    for (file, expect) in [
        ("prot = 1", "`prot` in `sentinel.toml` is no setting; did you mean `port`?"),
        ("SOE_API_PORT = 1", "did you mean `port`?"),
        ("body_bytes_max = 1", "did you mean `body-bytes-max`?"),
        ("zzz = 1", "`zzz` in `sentinel.toml` is no setting"),
        ("port = \"3100\"", "use a whole number"),
        ("port = 3100.0", "use a whole number"),
        ("port = 99999", "`port` in `sentinel.toml` is `99999`: use a whole number from 0 to 65535"),
        ("home = 1", "use a string"),
        ("auth-disabled = \"true\"", "use true or false"),
        ("cors-origins = \"https://a.example\"", "use a list"),
        ("redact-keys = [\"a,b\"]", "use a list of strings without commas"),
        ("api-key = \"0123456789abcdef\"", "set SOE_API_KEY in the environment"),
        ("DATABASE_URL = \"postgres://h\"", "set DATABASE_URL in the environment"),
        ("[server]\nport = 1", "`server` in `sentinel.toml` is no setting"),
        ("port = 1\nport = 2", "is no TOML, line 2"),
        ("port = 1\n\nhome = ", "is no TOML, line 3"),
    ] {
        let said = mistakes(all(&[], &[], file));
        assert!(said.contains(expect), "{file}: {said}");
    }
    // A bad value is not excused by a good one before it.
    assert!(all(&["--port", "1"], &[], "prot = 2").is_err());
}

#[test]
fn all_mistakes_at_once_and_no_secret_in_any() {
    let environment =
        [("SOE_API_KEY", "tell-nobody"), ("SOE_JWT_SECRET", "tell-no-one"), ("SOE_API_PROT", "1")];
    let result = all(&["--workers", "many"], &environment, "mode = \"off\"\nextra = 1");
    let said = format!("{result:?}\n{}", result.as_ref().unwrap_err());
    assert!(!said.contains("tell-no"), "{said}");
    assert_eq!(result.unwrap_err().mistakes().len(), 6, "{said}");

    let environment = [
        ("SOE_API_KEY", "tell-nobody-0123456789"),
        ("SOE_JWT_SECRET", "tell-no-one-0123456789-0123456789-0123456789"),
        ("SOE_STORAGE", "postgres"),
        ("DATABASE_URL", "postgres://me:tell-no-body@h/d"),
    ];
    let said = format!("{:?}", env(&environment).unwrap());
    assert!(!said.contains("tell-no") && said.contains("[secret]"), "{said}");
    let said = mistakes(env(&[("SOE_STORAGE", "postgres"), ("DATABASE_URL", "mysql://me:tell-no-body@h")]));
    assert!(!said.contains("tell-no"), "{said}");
}

#[test]
fn secrets_have_no_flag() {
    let command = ServeArgs::augment_args(clap::Command::new("serve"));
    command.clone().debug_assert();
    let flags: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    for setting in catalog::ALL {
        assert_eq!(setting.key.is_empty(), setting.kind == catalog::Kind::Secret, "{}", setting.variable);
        assert!(setting.key.is_empty() || flags.contains(&setting.key), "{}", setting.variable);
    }
    assert!(!flags.contains(&"api-key"));
}

#[test]
fn the_document_has_every_setting() {
    let document = include_str!("../../../docs/configuration.md");
    for setting in catalog::ALL {
        let row = document.lines().find(|line| line.starts_with(&format!("| `{}` |", setting.variable)));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md has no row of {}", setting.variable));
        let is_named = setting.key.is_empty() || row.contains(&format!("| `{}` |", setting.key));
        let has_default = setting.default.is_none_or(|default| row.contains(&format!("`{default}`")));
        assert!(is_named && has_default, "{row}");
    }
    for name in catalog::NO_EFFECT {
        assert!(document.contains(name), "docs/configuration.md does not mention {name}");
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let environment = [("SENTINEL_HOME".into(), OsString::from_vec(vec![b'/', 0xff]))];
    let inputs = Inputs { args: &args(&[]), environment: &environment, file: None, cores: NonZeroUsize::MIN };
    assert!(mistakes(read(inputs)).contains("not UTF-8"));
}
