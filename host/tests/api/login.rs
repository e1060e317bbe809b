//! Logging in as browsers do, and what pages of others try with a browser that is logged in.

use std::time::{Duration, Instant, SystemTime};

use sentinel::auth::jwt::{Claims, mint_jwt};
use sentinel::auth::setup::JwtSecret;
use sentinel::auth::{AgentScope, ApiKey, KeyRecord, Role, RoleSet, Secret};
use sentinel::state::Millis;
use sentinel::store::Backend as _;
use sentinel::store::sqlite::Sqlite;
use serde_json::json;

use crate::support::{Daemon, KEY, Reply, SECRET, token, token_of};

/// What a page of the daemon sends along.
const OWN: (&str, &str) = ("origin", "http://localhost");

const JSON: (&str, &str) = ("content-type", "application/json");

/// A browser that is logged in.
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

pub(crate) fn try_login(daemon: &Daemon, credential: &str, headers: &[(&str, &str)]) -> Reply {
    let body = json!({ "token": credential }).to_string();
    let headers: Vec<_> = [OWN, JSON].iter().chain(headers).copied().collect();
    daemon.ask("POST", "/v1/login", &headers, Some(&body))
}

impl Browser {
    pub(crate) fn login(daemon: &Daemon, credential: &str) -> Self {
        let reply = try_login(daemon, credential, &[]);
        assert_eq!(reply.status, 200, "{reply:?}");
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Self { cookie, csrf: reply.json()["csrf"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn get(&self, daemon: &Daemon, path: &str) -> Reply {
        daemon.ask("GET", path, &[("cookie", &self.cookie), ("sec-fetch-site", "same-origin")], None)
    }

    /// As a page of the daemon sends it.
    pub(crate) fn post(&self, daemon: &Daemon, path: &str, body: &str) -> Reply {
        self.send(daemon, "POST", path, Some(body))
    }

    fn send(&self, daemon: &Daemon, method: &str, path: &str, body: Option<&str>) -> Reply {
        let own = [
            ("cookie", self.cookie.as_str()),
            ("x-sentinel-csrf", &self.csrf),
            ("sec-fetch-site", "same-origin"),
            OWN,
            JSON,
        ];
        daemon.ask(method, path, &own, body)
    }
}

fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.code().as_str()), (status, code), "{reply:?}");
    assert_eq!(reply.header("set-cookie"), None, "{reply:?}");
}

/// A token that ends in so many seconds.
fn short_token(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let claims = Claims {
        subject: "alice".to_owned(),
        roles: RoleSet::from_iter([Role::Audit]),
        agent: AgentScope::Any,
        issuer: "sentinel".to_owned(),
        audiences: vec!["sentinel".to_owned()],
        issued_at: now - 60,
        expires_at: now + seconds,
        not_before: None,
    };
    mint_jwt(&JwtSecret::new(Secret::new(SECRET)).unwrap(), &claims).unwrap().expose().to_owned()
}

/// A key of the store, as the command line makes it.
fn store_key(daemon: &Daemon) -> (ApiKey, KeyRecord) {
    let key = ApiKey::generate().unwrap();
    let roles = RoleSet::from_iter([Role::Audit, Role::Approve]);
    let record = KeyRecord::new(&key, "carol", roles, AgentScope::Any, 1, None);
    let store = Sqlite::open_shared(&daemon.home()).unwrap();
    store.writer().unwrap().add_key(&record).unwrap();
    eventually(|| daemon.ask_as(key.expose(), "GET", "/v1/agents", None).status == 200);
    (key, record)
}

fn eventually(mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < Duration::from_secs(20), "not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn somebody_logs_in_looks_changes_something_and_logs_out() {
    let daemon = Daemon::governed();
    let reply = try_login(&daemon, &token_of("alice", &[Role::Audit, Role::Approve], "*"), &[]);
    assert_eq!(reply.status, 200, "{reply:?}");
    let who = reply.json();
    assert_eq!(
        (&who["authentication"], &who["subject"], &who["roles"], &who["agents"]),
        (&json!("required"), &json!("alice"), &json!(["approve", "audit"]), &json!(["*"]))
    );
    assert!(who["expiresAt"].is_string() && who["csrf"].as_str().unwrap().len() == 43, "{who}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let cookie = reply.header("set-cookie").unwrap();
    for part in ["sentinel_session=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");

    let alice = Browser::login(&daemon, &token_of("alice", &[Role::Audit, Role::Approve], "*"));
    let again = alice.get(&daemon, "/v1/login").json();
    assert_eq!((&again["subject"], again["csrf"].as_str()), (&json!("alice"), Some(alice.csrf.as_str())));
    assert_eq!(alice.get(&daemon, "/v1/agents").status, 200);
    // It may do what its credential may, and no more.
    refused(&alice.post(&daemon, "/v1/agents/my-agent/reset", "{}"), 403, "forbidden");
    let admin = Browser::login(&daemon, KEY);
    assert_eq!(admin.get(&daemon, "/v1/login").json()["subject"], "environment-key");
    assert_eq!(admin.post(&daemon, "/v1/agents/my-agent/reset", "{}").status, 200);

    let out = alice.send(&daemon, "DELETE", "/v1/login", None);
    assert_eq!((out.status, &out.json()["ended"]), (200, &json!(true)));
    let forgotten: Vec<_> = out.head.lines().filter(|line| line.starts_with("set-cookie")).collect();
    assert!(forgotten.len() == 2 && forgotten.iter().all(|line| line.contains("Max-Age=0")), "{forgotten:?}");
    // Whoever has a copy of the cookie has nothing.
    refused(&alice.get(&daemon, "/v1/agents"), 401, "login-ended");
    refused(&alice.send(&daemon, "DELETE", "/v1/login", None), 401, "login-ended");
    assert_eq!(admin.get(&daemon, "/v1/agents").status, 200, "another login goes on");
}

#[test]
fn the_cookie_is_no_credential_and_holds_none() {
    let daemon = Daemon::start();
    for credential in [KEY.to_owned(), token(&[Role::Audit], "*")] {
        let own = Browser::login(&daemon, &credential);
        let value = own.cookie.strip_prefix("sentinel_session=").unwrap();
        assert!(!own.cookie.contains(&credential));
        use base64::Engine as _;
        let said = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(value.split('.').next().unwrap());
        let said = String::from_utf8(said.unwrap()).unwrap();
        assert!(said.contains("\"subject\"") && !said.contains(&credential), "{said}");
        for headers in [
            [("authorization", format!("Bearer {value}"))],
            [("x-soe-api-key", value.to_owned())],
            [("cookie", format!("sentinel_session={credential}"))],
        ] {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(daemon.ask("GET", "/v1/agents", &headers, None).status, 401, "{headers:?}");
        }
        // Nor does it stand in for one at a login.
        assert_eq!(try_login(&daemon, value, &[]).status, 401);
    }
}

#[test]
fn with_an_encrypted_page_the_cookie_is_for_this_host_alone() {
    let daemon = Daemon::with(&[
        ("SOE_API_KEY", KEY),
        ("SOE_JWT_SECRET", SECRET),
        ("SENTINEL_PUBLIC_URL", "https://sentinel.example/"),
    ]);
    let body = json!({ "token": KEY }).to_string();
    let own = [("origin", "https://sentinel.example"), JSON, ("host", "10.0.0.7:3100")];
    let reply = daemon.ask("POST", "/v1/login", &own, Some(&body));
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("__Host-sentinel_session=") && cookie.contains("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(daemon.ask("GET", "/v1/agents", &[("cookie", cookie)], None).status, 200);
    // A page on another host of that domain can set a cookie of the other name. It means nothing.
    let plain = cookie.replace("__Host-", "");
    refused(&daemon.ask("GET", "/v1/agents", &[("cookie", &plain)], None), 401, "no-credentials");
    for origin in
        ["https://sentinel.example.evil.example", "http://sentinel.example", "https://sentinel.example:444"]
    {
        let headers = [("origin", origin), JSON, ("host", "10.0.0.7:3100")];
        refused(&daemon.ask("POST", "/v1/login", &headers, Some(&body)), 403, "bad-origin");
    }

    // Behind a proxy that was not told of, the page says itself that it came encrypted.
    let daemon = Daemon::start();
    let own = [("origin", "https://sentinel.example"), JSON, ("host", "sentinel.example")];
    let reply = daemon.ask("POST", "/v1/login", &own, Some(&body));
    assert!(reply.header("set-cookie").unwrap().starts_with("__Host-"), "{reply:?}");
    // One is not the other under its name.
    let secure = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let plain = secure.replace("__Host-", "");
    refused(&daemon.ask("GET", "/v1/agents", &[("cookie", &plain)], None), 401, "bad-login");
    let raised = format!("__Host-{}", Browser::login(&daemon, KEY).cookie);
    refused(&daemon.ask("GET", "/v1/agents", &[("cookie", &raised)], None), 401, "bad-login");
}

#[test]
fn pages_of_others_change_nothing() {
    let daemon = Daemon::governed();
    let admin = Browser::login(&daemon, KEY);
    let cookie = ("cookie", admin.cookie.as_str());
    let csrf = ("x-sentinel-csrf", admin.csrf.as_str());
    let other = Browser::login(&daemon, &token(&[Role::Admin], "*"));
    let same = ("sec-fetch-site", "same-origin");
    let reset = |headers: &[(&str, &str)]| {
        let headers: Vec<_> = [cookie].iter().chain(headers).copied().collect();
        daemon.ask("POST", "/v1/agents/my-agent/reset", &headers, Some("{}"))
    };
    assert_eq!(reset(&[csrf, OWN, same, JSON]).status, 200, "what a page of ours sends");
    assert_eq!(reset(&[csrf, OWN, JSON]).status, 200, "an old browser");
    for (headers, code) in [
        (&[OWN, same, JSON][..], "bad-csrf"),
        (&[OWN, same, JSON, ("x-sentinel-csrf", "")], "bad-csrf"),
        (&[OWN, same, JSON, ("x-sentinel-csrf", "undefined")], "bad-csrf"),
        (&[OWN, same, JSON, ("x-sentinel-csrf", other.csrf.as_str())], "bad-csrf"),
        (&[OWN, same, JSON, csrf, csrf], "bad-csrf"),
        (&[csrf, JSON], "bad-origin"),
        (&[csrf, JSON, ("origin", "https://evil.example")], "bad-origin"),
        (&[csrf, JSON, ("origin", "null")], "bad-origin"),
        (&[csrf, JSON, ("origin", "")], "bad-origin"),
        (&[csrf, JSON, ("origin", "http://localhost:3101")], "bad-origin"),
        (&[csrf, JSON, ("origin", "http://localhost.evil.example")], "bad-origin"),
        (&[csrf, JSON, OWN, ("origin", "https://evil.example")], "bad-origin"),
        (&[csrf, JSON, OWN, ("sec-fetch-site", "cross-site")], "bad-origin"),
        (&[csrf, JSON, OWN, ("sec-fetch-site", "same-site")], "bad-origin"),
        (&[csrf, JSON, OWN, ("sec-fetch-site", "none")], "bad-origin"),
        (&[csrf, JSON, OWN, same, ("sec-fetch-site", "cross-site")], "bad-origin"),
        (&[csrf, JSON, same, ("origin", "https://evil.example")], "bad-origin"),
        // A form of another page: no header of its own, and its own origin.
        (
            &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
            ],
            "bad-origin",
        ),
        (&[("content-type", "text/plain"), ("origin", "null")], "bad-origin"),
    ] {
        refused(&reset(headers), 403, code);
    }
    // Each method that changes something.
    let delete = daemon.ask("DELETE", "/v1/agents/my-agent/policy", &[cookie, OWN, same], None);
    refused(&delete, 403, "bad-csrf");
    refused(&daemon.ask("DELETE", "/v1/login", &[cookie, OWN, same], None), 403, "bad-csrf");
    assert_eq!(daemon.get("/v1/agents/my-agent/policy").status, 200);
    // A decision that was not asked for by a page of ours is a denial.
    let call = r#"{"agentId":"my-agent","toolName":"search_code","toolInput":{}}"#;
    let denied = daemon.ask("POST", "/v1/evaluate", &[cookie, OWN, same, JSON], Some(call));
    assert_eq!((denied.status, denied.json()["decision"].as_str()), (403, Some("deny")));
    assert_eq!(admin.post(&daemon, "/v1/evaluate", call).json()["decision"], "allow");
    // With one method in the place of another.
    for method in ["PUT", "PATCH", "OPTIONS", "TRACE"] {
        assert_eq!(daemon.ask(method, "/v1/agents/my-agent/reset", &[cookie], None).status, 405, "{method}");
    }
}

#[test]
fn pages_of_others_see_nothing() {
    let daemon = Daemon::governed();
    let admin = Browser::login(&daemon, KEY);
    let cookie = ("cookie", admin.cookie.as_str());
    for method in ["GET", "HEAD"] {
        let look = |headers: &[(&str, &str)]| {
            let headers: Vec<_> = [cookie].iter().chain(headers).copied().collect();
            daemon.ask(method, "/v1/agents", &headers, None).status
        };
        assert_eq!(look(&[]), 200);
        assert_eq!(look(&[("sec-fetch-site", "same-origin")]), 200);
        assert_eq!(look(&[("sec-fetch-site", "none")]), 200, "an address that somebody typed");
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "Same-Origin"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            assert_eq!(look(&[header]), 403, "{method} {header:?}");
        }
    }
    // Pages that may ask with a credential of their own may not ask with the cookie.
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SOE_CORS_ORIGINS", "https://console.example")]);
    let admin = Browser::login(&daemon, KEY);
    let headers = [("cookie", admin.cookie.as_str()), ("origin", "https://console.example")];
    let reply = daemon.ask("GET", "/v1/agents", &headers, None);
    refused(&reply, 403, "bad-origin");
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    let preflight = [
        ("origin", "https://console.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-sentinel-csrf"),
    ];
    let reply = daemon.ask("OPTIONS", "/v1/deploy", &preflight, None);
    let allowed = reply.header("access-control-allow-headers").unwrap_or_default();
    assert!(!allowed.contains("csrf"), "{allowed}");
}

#[test]
fn a_cookie_that_somebody_made_or_changed_is_none() {
    let daemon = Daemon::start();
    let own = Browser::login(&daemon, &token(&[Role::Audit], "*"));
    let look = |cookie: &str| daemon.ask("GET", "/v1/agents", &[("cookie", cookie)], None);
    assert_eq!(look(&own.cookie).status, 200);
    assert_eq!(look(&format!("theme=dark; {}; other=1", own.cookie)).status, 200);
    let (said, code) = own.cookie.strip_prefix("sentinel_session=").unwrap().split_once('.').unwrap();
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let text = String::from_utf8(engine.decode(said).unwrap()).unwrap();
    let raised = engine.encode(text.replace("\"audit\"", "\"admin\""));
    assert_ne!(raised, said, "{text}");
    let longer = engine.encode(text.replacen("\"ends_at\":1", "\"ends_at\":9", 1));
    assert_ne!(longer, said, "{text}");
    for value in [
        format!("{raised}.{code}"),
        format!("{longer}.{code}"),
        format!("{said}."),
        format!("{said}.{code}A"),
        format!("{said}.{code}="),
        format!(".{code}"),
        said.to_owned(),
        String::new(),
        "a.b".to_owned(),
        "%00".to_owned(),
        "x".repeat(5_000),
    ] {
        refused(&look(&format!("sentinel_session={value}")), 401, "bad-login");
    }
    refused(&look(&format!("{0}; {0}", own.cookie)), 401, "conflicting-credentials");
    let two = [("cookie", own.cookie.as_str()), ("cookie", own.cookie.as_str())];
    refused(&daemon.ask("GET", "/v1/agents", &two, None), 401, "conflicting-credentials");
    // Another daemon's, with the same secrets and another ledger.
    let other = Daemon::start();
    refused(&other.ask("GET", "/v1/agents", &[("cookie", &own.cookie)], None), 401, "bad-login");
}

#[test]
fn a_login_gets_a_cookie_of_its_own() {
    let daemon = Daemon::start();
    let attacker = Browser::login(&daemon, &token_of("mallory", &[Role::Audit], "*"));
    // Somebody put a cookie into the browser before.
    for cookie in [attacker.cookie.as_str(), "sentinel_session=chosen", "__Host-sentinel_session=chosen"] {
        let reply = try_login(&daemon, &token_of("alice", &[Role::Audit], "*"), &[("cookie", cookie)]);
        assert_eq!((reply.status, &reply.json()["subject"]), (200, &json!("alice")));
        let own = reply.header("set-cookie").unwrap();
        assert!(!own.contains(cookie) && !own.contains("chosen"), "{own}");
        assert_ne!(reply.json()["csrf"].as_str(), Some(attacker.csrf.as_str()));
    }
    let (one, two) = (Browser::login(&daemon, KEY), Browser::login(&daemon, KEY));
    assert!(one.cookie != two.cookie && one.csrf != two.csrf);
}

#[test]
fn a_login_ends_with_what_it_was_made_with() {
    let daemon = Daemon::start();
    // A key that is revoked.
    let (key, record) = store_key(&daemon);
    let carol = Browser::login(&daemon, key.expose());
    assert_eq!(carol.get(&daemon, "/v1/agents").status, 200);
    let store = Sqlite::open_shared(&daemon.home()).unwrap();
    assert!(store.writer().unwrap().revoke_key(&record.id, Millis(1_000)).unwrap());
    eventually(|| carol.get(&daemon, "/v1/agents").status == 401);
    refused(&carol.get(&daemon, "/v1/agents"), 401, "key-revoked");
    refused(&try_login(&daemon, key.expose(), &[]), 401, "key-revoked");
    // A token that expires.
    let soon = Browser::login(&daemon, &short_token(2));
    assert_eq!(soon.get(&daemon, "/v1/agents").status, 200);
    eventually(|| soon.get(&daemon, "/v1/agents").status == 401);
    refused(&soon.get(&daemon, "/v1/agents"), 401, "login-expired");
    // One that is over, but within what clocks may differ, makes no login.
    refused(&try_login(&daemon, &short_token(0), &[]), 401, "token-expired");
}

#[test]
fn a_login_lasts_half_a_day_at_most() {
    let daemon = Daemon::start();
    let reply = try_login(&daemon, KEY, &[]);
    let age = reply.header("set-cookie").unwrap().split("Max-Age=").nth(1).unwrap().parse::<u64>().unwrap();
    assert!((12 * 3600 - 5..=12 * 3600).contains(&age), "{age}");
    let reply = try_login(&daemon, &short_token(600), &[]);
    let age = reply.header("set-cookie").unwrap().split("Max-Age=").nth(1).unwrap().parse::<u64>().unwrap();
    assert!((595..=600).contains(&age), "{age}");
}

#[test]
fn one_credential_and_not_two() {
    let daemon = Daemon::start();
    let own = Browser::login(&daemon, KEY);
    let bearer = format!("Bearer {KEY}");
    for header in [("authorization", bearer.as_str()), ("x-soe-api-key", KEY), ("authorization", "")] {
        let headers = [("cookie", own.cookie.as_str()), header];
        refused(&daemon.ask("GET", "/v1/agents", &headers, None), 401, "conflicting-credentials");
        refused(&try_login(&daemon, KEY, &[header]), 401, "conflicting-credentials");
    }
    // Who has no cookie needs nothing of what browsers send, and is told who it is.
    let reply = daemon.get("/v1/login").json();
    assert_eq!(
        (&reply["subject"], &reply["csrf"], &reply["expiresAt"]),
        (&json!("environment-key"), &json!(null), &json!(null))
    );
    assert_eq!(daemon.delete("/v1/login").json()["ended"], false);
}

#[test]
fn garbage_does_not_log_in() {
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY)]);
    let ask = |headers: &[(&str, &str)], body: &str| daemon.ask("POST", "/v1/login", headers, Some(body));
    for (body, status, code) in [
        ("", 400, "bad-json"),
        ("{", 400, "bad-json"),
        ("[]", 400, "bad-request"),
        ("{}", 400, "bad-request"),
        ("{\"token\":1}", 400, "bad-request"),
        ("{\"token\":\"x\",\"more\":1}", 400, "bad-request"),
    ] {
        refused(&ask(&[OWN, JSON], body), status, code);
    }
    let good = json!({ "token": KEY }).to_string();
    let deep = format!("{{\"token\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    refused(&ask(&[OWN, JSON], &deep), 400, "too-deep");
    let huge = json!({ "token": "x".repeat(100_000) }).to_string();
    refused(&ask(&[OWN, JSON], &huge), 413, "body-too-large");
    // As forms and pages of others can send it.
    refused(&ask(&[OWN], &good), 415, "unsupported-media-type");
    refused(&ask(&[OWN, ("content-type", "text/plain")], &good), 415, "unsupported-media-type");
    let form = ("content-type", "application/x-www-form-urlencoded");
    refused(&ask(&[OWN, form], "token=x"), 415, "unsupported-media-type");
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        refused(&ask(&[JSON, ("origin", origin)], &good), 403, "bad-origin");
    }
    refused(&ask(&[JSON], &good), 403, "bad-origin");
    refused(&ask(&[JSON, OWN, ("sec-fetch-site", "cross-site")], &good), 403, "bad-origin");
    // Not by looking, and not by the address.
    refused(&daemon.ask("GET", "/v1/login", &[OWN], None), 401, "no-credentials");
    refused(&daemon.ask("GET", &format!("/v1/login?token={KEY}"), &[OWN], None), 400, "bad-request");
    // What is wrong is not said with what was sent.
    let reply = ask(&[OWN, JSON], "{\"token\":\"a-secret-in-a-bad-place\",\"token\":1}");
    assert!(!reply.body.contains("a-secret"), "{reply:?}");
    assert_eq!(ask(&[OWN, JSON], &good).status, 200);
}

#[test]
fn only_so_many_attempts_are_in_vain() {
    let daemon = Daemon::start();
    for number in 0..10 {
        refused(&try_login(&daemon, &format!("sok_{number}"), &[]), 401, "unknown-key");
    }
    // From now on not even the right one is looked at.
    let reply = try_login(&daemon, KEY, &[]);
    refused(&reply, 429, "too-many-attempts");
    assert!(reply.header("retry-after").is_some() && reply.json()["retryAfterSeconds"].is_u64(), "{reply:?}");
    assert!(daemon.get("/metrics").body.contains("soe_api_errors_total{code=\"too-many-attempts\"} 1"));
    // Who has a credential is not concerned.
    assert_eq!(daemon.get("/v1/agents").status, 200);
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(try_login(&daemon, KEY, &[]).status, 200);
}

#[test]
fn without_authentication_nobody_logs_in_and_pages_of_others_stay_out() {
    let daemon = Daemon::with(&[("SOE_AUTH_DISABLED", "true")]);
    let who = daemon.ask("GET", "/v1/login", &[("sec-fetch-site", "same-origin")], None).json();
    assert_eq!(
        (&who["authentication"], &who["subject"], &who["agents"], &who["csrf"]),
        (&json!("disabled"), &json!("anybody"), &json!(["*"]), &json!(null))
    );
    let reply = try_login(&daemon, "whatever", &[]);
    assert_eq!((reply.status, reply.header("set-cookie")), (200, None));
    let own = [OWN, JSON, ("sec-fetch-site", "same-origin")];
    let call = r#"{"agentId":"a","toolName":"x","toolInput":{}}"#;
    assert_eq!(daemon.ask("POST", "/v1/evaluate", &own, Some(call)).status, 200, "the dashboard's own page");
    // A name that somebody points at this machine, with a page under it.
    for host in ["rebound.evil.example:3100", "localhost.evil.example", "127.0.0.1.nip.io"] {
        let origin = format!("http://{host}");
        for (method, path) in
            [("GET", "/dashboard/"), ("GET", "/v1/agents"), ("GET", "/v1/login"), ("GET", "/")]
        {
            let reply = daemon.ask(method, path, &[("host", host), ("sec-fetch-site", "same-origin")], None);
            refused(&reply, 403, "bad-host");
        }
        let headers = [("host", host), ("origin", origin.as_str()), JSON, ("sec-fetch-site", "same-origin")];
        refused(&daemon.ask("POST", "/v1/login", &headers, Some("{\"token\":\"x\"}")), 403, "bad-host");
        let reply = daemon.ask("POST", "/v1/evaluate", &headers, Some(call));
        assert_eq!((reply.status, reply.code().as_str()), (403, "bad-host"));
    }
    // A cookie says nothing here.
    let headers = [("cookie", "sentinel_session=x; sentinel_session=y")];
    assert_eq!(daemon.ask("GET", "/v1/agents", &headers, None).status, 200);
}

#[test]
fn where_there_is_no_dashboard_nobody_logs_in() {
    let daemon =
        Daemon::with(&[("SOE_API_KEY", KEY), ("SOE_JWT_SECRET", SECRET), ("SENTINEL_DASHBOARD", "false")]);
    refused(&try_login(&daemon, KEY, &[]), 404, "not-found");
    let headers = [("cookie", "sentinel_session=x.y")];
    refused(&daemon.ask("GET", "/v1/agents", &headers, None), 401, "no-credentials");
    let bearer = format!("Bearer {KEY}");
    let both = [("cookie", "sentinel_session=x.y"), ("authorization", bearer.as_str())];
    assert_eq!(daemon.ask("GET", "/v1/agents", &both, None).status, 200);
}
