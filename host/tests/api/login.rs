//! Logging in as browsers do, and how a login ends.

use std::time::{Duration, Instant, SystemTime};

use sentinel::auth::jwt::{Claims, mint_jwt};
use sentinel::auth::setup::JwtSecret;
use sentinel::auth::{AgentScope, ApiKey, KeyRecord, Role, RoleSet, Secret};
use sentinel::state::Millis;
use sentinel::store::Backend as _;
use sentinel::store::sqlite::Sqlite;
use serde_json::{Value, json};

use crate::support::{Daemon, KEY, Reply, SECRET, token_of};

/// What a page of the daemon sends along.
pub(crate) const OWN: (&str, &str) = ("origin", "http://localhost");

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

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

pub(crate) fn refused(reply: &Reply, status: u16, code: &str) {
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
        assert!(since.elapsed() < Duration::from_secs(90), "not in time");
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
    // Whoever has the cookie alone, as every port of this host does, can change nothing with it.
    assert_eq!((&again["subject"], &again["csrf"]), (&json!("alice"), &Value::Null));
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
    let soon = Browser::login(&daemon, &short_token(15));
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
    assert!((12 * 3600 - 120..=12 * 3600).contains(&age), "{age}");
    let reply = try_login(&daemon, &short_token(600), &[]);
    let age = reply.header("set-cookie").unwrap().split("Max-Age=").nth(1).unwrap().parse::<u64>().unwrap();
    assert!((480..=600).contains(&age), "{age}");
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
