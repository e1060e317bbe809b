//! Every setting of the daemon, declared once: its variable, its flag, its key in the file, its
//! default and what it means.
//!
//! Flags, the file reader, the check for mistyped variables and a test of
//! `docs/configuration.md` are made from this table.

use crate::settings::{ENVIRONMENT_DEFAULT, SOE_ENVIRONMENT, SOE_MAX_SIMULATE_CALLS, SOE_MODE};

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its environment variable.
    pub variable: &'static str,
    /// Its flag without the dashes, and its key in the file. Secrets have neither.
    pub key: &'static str,
    /// What form a value has.
    pub kind: Kind,
    /// What stands for a value in the help.
    pub value_name: &'static str,
    /// What holds where nothing is said.
    pub default: Option<&'static str>,
    /// What it means, in one line.
    pub help: &'static str,
}

/// The form of a value, which the file has to respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text. In a file: a string.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`; in a variable also `1` or `0`.
    Switch,
    /// Texts with commas between. In a file: a list of strings.
    List,
    /// Text that must not be seen: from the environment only. A flag is seen by every process of
    /// the machine, and a file is copied.
    Secret,
}

macro_rules! catalog {
    ($($name:ident: $variable:expr, $key:literal, $kind:ident, $value:literal, $default:expr, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $name: Setting = Setting {
                variable: $variable,
                key: $key,
                kind: Kind::$kind,
                value_name: $value,
                default: $default,
                help: $help,
            };
        )*

        /// All of them, in the order of the help.
        pub static ALL: &[&Setting] = &[$(&$name),*];
    };
}

catalog! {
    BIND: "SENTINEL_BIND", "bind", Text, "ADDRESS", Some("127.0.0.1"),
        "IP address to listen on";
    PORT: "SOE_API_PORT", "port", Number, "PORT", Some("3100"),
        "Port to listen on; 0 takes a free one";
    MODE: SOE_MODE, "mode", Text, "MODE", None,
        "enforce, audit, shadow or dry-run; the stricter of it and the policy's counts [default: the policy's]";
    ENVIRONMENT: SOE_ENVIRONMENT, "environment", Text, "NAME", Some(ENVIRONMENT_DEFAULT),
        "Environment of the calls, matched against environmentScope";
    DEFINITIONS_DIR: "SOE_DEFINITIONS_DIR", "definitions-dir", Text, "DIR", Some("./soe-definitions"),
        "Directory of the policy files";
    HOME: "SENTINEL_HOME", "home", Text, "DIR", Some("./.sentinel"),
        "Directory of what the daemon keeps";
    STORAGE: "SOE_STORAGE", "storage", Text, "KIND", Some("local"),
        "local, memory, postgres, s3 or gcs";
    DATABASE_URL: "DATABASE_URL", "", Secret, "URL", None,
        "Address of PostgreSQL; with storage postgres only";
    BUCKET: "SENTINEL_BUCKET", "bucket", Text, "NAME", None,
        "Bucket that the ledger is published to; with storage s3 or gcs only";
    BUCKET_PREFIX: "SENTINEL_BUCKET_PREFIX", "bucket-prefix", Text, "PREFIX", None,
        "What names in the bucket begin with [default: nothing]";
    LEDGER_KEY_FILE: "SENTINEL_LEDGER_KEY_FILE", "ledger-key-file", Text, "FILE", None,
        "Key that signs the ledger's checkpoints [default: ledger.key in the home directory]";
    LEDGER_ORIGIN: "SENTINEL_LEDGER_ORIGIN", "ledger-origin", Text, "NAME", Some("sentinel/default"),
        "Name of the ledger in its checkpoints; no spaces, no plus sign";

    API_KEY: "SOE_API_KEY", "", Secret, "KEY", None,
        "API key that may do everything; at least 16 characters";
    JWT_SECRET: "SOE_JWT_SECRET", "", Secret, "SECRET", None,
        "Secret that signs and verifies tokens, HS256; at least 32 bytes";
    JWT_SECRET_PREVIOUS: "SOE_JWT_SECRET_PREVIOUS", "", Secret, "SECRET", None,
        "The secret before it, which verifies until its deadline";
    JWT_SECRET_PREVIOUS_UNTIL: "SOE_JWT_SECRET_PREVIOUS_UNTIL", "jwt-secret-previous-until", Text, "TIME", None,
        "Deadline of the previous secret, as 2030-01-31T12:00:00Z";
    JWT_KEY_FILE: "SENTINEL_JWT_KEY_FILE", "jwt-key-file", Text, "FILE", None,
        "Public key that verifies tokens, in PEM; instead of a secret";
    JWT_ALGORITHM: "SENTINEL_JWT_ALGORITHM", "jwt-algorithm", Text, "NAME", None,
        "What that public key is for: RS256, ES256 or EdDSA";
    JWT_JWKS_FILE: "SENTINEL_JWT_JWKS_FILE", "jwt-jwks-file", Text, "FILE", None,
        "Public keys that verify tokens, as a JWKS; instead of a secret";
    JWT_ISSUER: "SENTINEL_JWT_ISSUER", "jwt-issuer", Text, "NAME", Some("sentinel"),
        "What `iss` of tokens must be";
    JWT_AUDIENCE: "SENTINEL_JWT_AUDIENCE", "jwt-audience", Text, "NAME", Some("sentinel"),
        "What `aud` of tokens must be or contain";
    JWT_LIFETIME_MAX: "SENTINEL_JWT_LIFETIME_MAX", "jwt-lifetime-max", Number, "SECONDS", Some("86400"),
        "Longest time from `iat` to `exp` of tokens, in seconds";
    AUTH_DISABLED: "SOE_AUTH_DISABLED", "auth-disabled", Switch, "BOOL", Some("false"),
        "Let everybody do everything; on loopback addresses only";

    CORS_ORIGINS: "SOE_CORS_ORIGINS", "cors-origins", List, "ORIGINS", None,
        "Origins of web pages that may call the API, with commas between [default: none]";
    REQUEST_TIMEOUT: "SOE_REQUEST_TIMEOUT", "request-timeout", Number, "MS", Some("30000"),
        "Longest time that a request may take, in milliseconds";
    BODY_BYTES_MAX: "SENTINEL_BODY_BYTES_MAX", "body-bytes-max", Number, "BYTES", Some("8454144"),
        "Largest body of a request, in bytes";
    DRAIN_TIMEOUT: "SENTINEL_DRAIN_TIMEOUT", "drain-timeout", Number, "MS", Some("10000"),
        "Longest wait for open requests at the end, in milliseconds";
    RESERVATION_TTL: "SENTINEL_RESERVATION_TTL", "reservation-ttl", Number, "SECONDS", Some("900"),
        "Time after which a reservation that nobody settled counts as spent, in seconds";
    REDACT_KEYS: "SENTINEL_REDACT_KEYS", "redact-keys", List, "NAMES", None,
        "Further names of input fields that the ledger does not keep, with commas between";
    WORKERS: "SENTINEL_WORKERS", "workers", Number, "COUNT", None,
        "Engine instances that decide at the same time [default: the number of cores]";
    METRICS_PUBLIC: "SOE_METRICS_PUBLIC", "metrics-public", Switch, "BOOL", Some("false"),
        "Show /metrics to everybody";
    DASHBOARD: "SENTINEL_DASHBOARD", "dashboard", Switch, "BOOL", Some("true"),
        "Serve the dashboard at /dashboard, and let browsers log in";
    DASHBOARD_EVENTS_MAX: "SOE_MAX_DASHBOARD_EVENTS", "max-dashboard-events", Number, "COUNT", Some("10000"),
        "Most events that the dashboard loads";
    SIMULATE_CALLS_MAX: SOE_MAX_SIMULATE_CALLS, "max-simulate-calls", Number, "COUNT", Some("100"),
        "Most calls of one simulate request";
    LOG: "SENTINEL_LOG", "log", Text, "FILTER", Some("info"),
        "What is logged: a level, or a filter like sentinel=debug,warn";
    LOG_FORMAT: "SENTINEL_LOG_FORMAT", "log-format", Text, "FORMAT", Some("text"),
        "text or json";

    APPROVAL_WEBHOOK_URL: "SENTINEL_APPROVAL_WEBHOOK_URL", "approval-webhook-url", Text, "URL", None,
        "Where questions to people are sent [default: nowhere]";
    APPROVAL_WEBHOOK_FORMAT: "SENTINEL_APPROVAL_WEBHOOK_FORMAT", "approval-webhook-format", Text, "NAME", Some("sentinel"),
        "In which words: sentinel, agentic-sentinel or agent-sentinel";
    APPROVAL_WEBHOOK_STATUS_URL: "SENTINEL_APPROVAL_WEBHOOK_STATUS_URL", "approval-webhook-status-url", Text, "URL", None,
        "Where answers are asked for, with {action_id}; with format agentic-sentinel only";
    APPROVAL_WEBHOOK_TOKEN: "SENTINEL_APPROVAL_WEBHOOK_TOKEN", "", Secret, "TOKEN", None,
        "What that service knows this daemon by; with the agent formats only";
    APPROVAL_WEBHOOK_SECRET: "SENTINEL_APPROVAL_WEBHOOK_SECRET", "", Secret, "SECRET", None,
        "Secret that signs what is sent there; at least 24 characters";
    SLACK_WEBHOOK_URL: "SENTINEL_SLACK_WEBHOOK_URL", "", Secret, "URL", None,
        "Slack-compatible incoming webhook that gets questions to people";
    SLACK_SIGNING_SECRET: "SENTINEL_SLACK_SIGNING_SECRET", "", Secret, "SECRET", None,
        "Secret that signs those messages and the links in them; at least 32 characters";
    PUBLIC_URL: "SENTINEL_PUBLIC_URL", "public-url", Text, "URL", None,
        "Where people reach this daemon, if not as it is asked: for the links of messages, and for logins";
    WEBHOOK_ALLOW_PRIVATE: "SENTINEL_WEBHOOK_ALLOW_PRIVATE", "webhook-allow-private", Switch, "BOOL", Some("false"),
        "Let questions go to private addresses, other ports, and over plain HTTP";
}

/// Names the configuration file; not a setting, because it cannot stand in the file.
pub const SENTINEL_CONFIG: &str = "SENTINEL_CONFIG";

/// Variables that other programs of this repository read, or that `cargo run` passes on.
pub(super) const FOREIGN: [&str; 4] =
    ["SENTINEL_BIN", "SENTINEL_COMPONENT_DIGEST", "SENTINEL_TOKEN", "SENTINEL_URL"];

/// Variables of parts that do not exist. Whoever sets one has to know that nothing happens.
pub(super) const NO_EFFECT: [&str; 12] = [
    "SOE_EVENT_SINK",
    "SOE_EVENTBRIDGE_BUS",
    "SOE_WEBHOOK_URL",
    "SOE_WEBHOOK_SECRET",
    "SOE_EVENT_FILTER",
    "SOE_JUDGE_ENABLED",
    "SOE_JUDGE_INTERVAL_MS",
    "SOE_JUDGE_BATCH_SIZE",
    "SOE_AI_ENABLED",
    "SOE_AI_MODEL",
    "SOE_USE_OPA",
    "SOE_OTEL_ENABLED",
];
