//! Tickets for event streams: one use, one route, half a minute.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use sentinel::auth::Role;

use crate::login::Browser;
use crate::support::{Daemon, KEY, Reply, token, write_request};

fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.code().as_str()), (status, code), "{reply:?}");
}

fn ticket(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.json()["expiresAt"].is_string(), "{reply:?}");
    reply.json()["ticket"].as_str().unwrap().to_owned()
}

/// Opens a stream, and returns its lines if it was opened.
fn open(
    daemon: &Daemon,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<BufReader<std::net::TcpStream>, String> {
    let mut stream = daemon.connect();
    write_request(&mut stream, "GET", path, headers, None);
    let mut lines = BufReader::new(stream);
    let mut status = String::new();
    lines.read_line(&mut status).unwrap();
    if status.starts_with("HTTP/1.1 200") { Ok(lines) } else { Err(status) }
}

/// Reads on until a line begins so.
fn await_line(lines: &mut BufReader<std::net::TcpStream>, start: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the stream ended");
        if line.starts_with(start) {
            return line;
        }
    }
}

#[test]
fn a_ticket_opens_one_stream_with_the_rights_of_who_got_it() {
    let daemon = Daemon::governed();
    let own = token(&[Role::Evaluate], "my-agent");
    let own = ticket(&daemon.ask_as(&own, "POST", "/v1/events/ticket", None));
    let foreign = format!("/v1/events/stream?agent=another-agent&ticket={own}");
    assert!(open(&daemon, &foreign, &[]).unwrap_err().contains("403"));
    let path = format!("/v1/events/stream?ticket={own}");
    let reply = daemon.ask("GET", &path, &[], None);
    refused(&reply, 401, "login-ended");

    let any = ticket(&daemon.post("/v1/events/ticket", ""));
    let path = format!("/v1/events/stream?ticket={any}");
    let mut lines = open(&daemon, &path, &[]).unwrap();
    await_line(&mut lines, "retry:");
    let call = r#"{"agentId":"my-agent","toolName":"search_code","toolInput":{}}"#;
    assert_eq!(daemon.post("/v1/evaluate", call).status, 200);
    assert!(await_line(&mut lines, "data:").contains("search_code"));
    // Once.
    for _ in 0..3 {
        refused(&daemon.ask("GET", &path, &[], None), 401, "login-ended");
    }
}

#[test]
fn of_many_who_use_a_ticket_at_once_one_is_let_in() {
    let daemon = Daemon::governed();
    for _ in 0..5 {
        let path = format!("/v1/events/stream?ticket={}", ticket(&daemon.post("/v1/events/ticket", "")));
        let opened: usize = std::thread::scope(|scope| {
            let all: Vec<_> =
                (0..12).map(|_| scope.spawn(|| usize::from(open(&daemon, &path, &[]).is_ok()))).collect();
            all.into_iter().map(|own| own.join().unwrap()).sum()
        });
        assert_eq!(opened, 1);
    }
}

#[test]
fn a_ticket_is_for_streams_and_for_nothing_else() {
    let daemon = Daemon::governed();
    let own = ticket(&daemon.post("/v1/events/ticket", ""));
    for path in ["/v1/agents", "/v1/login", "/v1/dashboard", "/v1/ledger/entries", "/metrics"] {
        let reply = daemon.ask("GET", &format!("{path}?ticket={own}"), &[], None);
        refused(&reply, 400, "bad-request");
    }
    let bearer = format!("Bearer {own}");
    assert_eq!(daemon.ask("GET", "/v1/agents", &[("authorization", &bearer)], None).status, 401);
    assert_eq!(daemon.ask("POST", "/v1/events/ticket", &[("authorization", &bearer)], None).status, 401);
    let cookie = format!("sentinel_session={own}");
    refused(&daemon.ask("GET", "/v1/agents", &[("cookie", &cookie)], None), 401, "bad-login");
    // A login is no ticket, and a credential neither.
    let browser = Browser::login(&daemon, KEY);
    let login = browser.cookie.split_once('=').unwrap().1;
    for wrong in [login, KEY, "", "x", "a.b", &format!("{own}A"), &own[1..]] {
        let reply = daemon.ask("GET", &format!("/v1/events/stream?ticket={wrong}"), &[], None);
        refused(&reply, 401, "bad-login");
    }
    let twice = format!("/v1/events/stream?ticket={own}&ticket={own}");
    refused(&daemon.ask("GET", &twice, &[], None), 400, "bad-request");
    // Beside a credential nobody knows which counts; a cookie comes along by itself.
    let bearer = format!("Bearer {KEY}");
    let path = format!("/v1/events/stream?ticket={own}");
    refused(&daemon.ask("GET", &path, &[("authorization", &bearer)], None), 401, "conflicting-credentials");
    assert!(open(&daemon, &path, &[("cookie", &browser.cookie)]).is_ok());
    // Another daemon's.
    let other = Daemon::start();
    let foreign = ticket(&other.post("/v1/events/ticket", ""));
    let reply = daemon.ask("GET", &format!("/v1/events/stream?ticket={foreign}"), &[], None);
    refused(&reply, 401, "bad-login");
}

#[test]
fn a_browser_that_is_logged_in_needs_no_ticket_and_may_have_one() {
    let daemon = Daemon::governed();
    let browser = Browser::login(&daemon, &token(&[Role::Audit], "*"));
    let headers = [("cookie", browser.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    assert!(open(&daemon, "/v1/events/stream", &headers).is_ok());
    let foreign = [("cookie", browser.cookie.as_str()), ("sec-fetch-site", "cross-site")];
    assert!(open(&daemon, "/v1/events/stream", &foreign).unwrap_err().contains("403"));
    let own = ticket(&browser.post(&daemon, "/v1/events/ticket", ""));
    // It is not asked for with a cookie alone.
    let alone = daemon.ask("POST", "/v1/events/ticket", &[("cookie", &browser.cookie)], None);
    refused(&alone, 403, "bad-origin");
    // Who logs out takes their tickets along.
    let out = [
        ("cookie", browser.cookie.as_str()),
        ("x-sentinel-csrf", &browser.csrf),
        ("origin", "http://localhost"),
    ];
    assert_eq!(daemon.ask("DELETE", "/v1/login", &out, None).status, 200);
    let reply = daemon.ask("GET", &format!("/v1/events/stream?ticket={own}"), &[], None);
    refused(&reply, 401, "login-ended");
}

/// A stream looks every quarter of a minute.
#[test]
fn streams_end_with_the_login() {
    let daemon = Daemon::governed();
    let browser = Browser::login(&daemon, &token(&[Role::Audit], "*"));
    let headers = [("cookie", browser.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let path =
        format!("/v1/events/stream?ticket={}", ticket(&browser.post(&daemon, "/v1/events/ticket", "")));
    let mut streams =
        [open(&daemon, "/v1/events/stream", &headers).unwrap(), open(&daemon, &path, &[]).unwrap()];
    let out = [
        ("cookie", browser.cookie.as_str()),
        ("x-sentinel-csrf", &browser.csrf),
        ("origin", "http://localhost"),
    ];
    assert_eq!(daemon.ask("DELETE", "/v1/login", &out, None).status, 200);
    for lines in &mut streams {
        lines.get_ref().set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        let mut rest = Vec::new();
        std::io::Read::read_to_end(lines, &mut rest).unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("data:"));
    }
}

#[test]
fn a_ticket_expires() {
    let daemon = Daemon::governed();
    let own = ticket(&daemon.post("/v1/events/ticket", ""));
    std::thread::sleep(Duration::from_secs(31));
    let reply = daemon.ask("GET", &format!("/v1/events/stream?ticket={own}"), &[], None);
    refused(&reply, 401, "login-expired");
}
