//! What pages of others try with a browser that is logged in, and others with its cookie.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentinel::auth::Role;
use serde_json::json;

use crate::login::{Browser, JSON, OWN, refused, try_login};
use crate::support::{Daemon, KEY, token, token_of};

#[test]
fn the_cookie_is_no_credential_and_holds_none() {
    let daemon = Daemon::start();
    for credential in [KEY.to_owned(), token(&[Role::Audit], "*")] {
        let own = Browser::login(&daemon, &credential);
        let value = own.cookie.strip_prefix("sentinel_session=").unwrap();
        assert!(!own.cookie.contains(&credential));
        let said = URL_SAFE_NO_PAD.decode(value.split('.').next().unwrap());
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
    // Ending a login is all that a page may do that has lost the secret; a page of somebody else may not.
    let out = |headers: &[(&str, &str)]| {
        let headers: Vec<_> = [("cookie", other.cookie.as_str())].iter().chain(headers).copied().collect();
        daemon.ask("DELETE", "/v1/login", &headers, None)
    };
    for (headers, code) in [
        (&[][..], "bad-origin"),
        (&[same], "bad-csrf"),
        (&[("origin", "null")], "bad-origin"),
        (&[("origin", "https://evil.example")], "bad-origin"),
        (&[("origin", "http://localhost:3101")], "bad-origin"),
        (&[("origin", "https://evil.example"), same], "bad-origin"),
        (&[OWN, ("origin", "https://evil.example")], "bad-origin"),
        (&[OWN, ("sec-fetch-site", "cross-site")], "bad-origin"),
        (&[OWN, ("sec-fetch-site", "same-site")], "bad-origin"),
    ] {
        refused(&out(headers), 403, code);
    }
    let ended = out(&[OWN, same]);
    assert_eq!((ended.status, &ended.json()["ended"]), (200, &serde_json::json!(true)));
    refused(&out(&[OWN, same]), 401, "login-ended");
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
    let engine = URL_SAFE_NO_PAD;
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
    // One of them is forgotten every few seconds, so a slow machine may try some more.
    let vain = (0..1_000).find(|number| {
        let reply = try_login(&daemon, &format!("sok_{number}"), &[]);
        if reply.status != 429 {
            refused(&reply, 401, "unknown-key");
        }
        reply.status == 429
    });
    assert!(vain >= Some(10), "{vain:?}");
    // From now on not even the right one is looked at.
    let reply = try_login(&daemon, KEY, &[]);
    refused(&reply, 429, "too-many-attempts");
    assert!(reply.header("retry-after").is_some() && reply.json()["retryAfterSeconds"].is_u64(), "{reply:?}");
    assert!(daemon.get("/metrics").body.contains("soe_api_errors_total{code=\"too-many-attempts\"} 2"));
    // Who has a credential is not concerned.
    assert_eq!(daemon.get("/v1/agents").status, 200);
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(try_login(&daemon, KEY, &[]).status, 200);
}
