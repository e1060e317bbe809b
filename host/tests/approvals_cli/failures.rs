//! What goes wrong on the way to the daemon, and what is said about it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::{fs, thread};

use sentinel_envoy_tests::port::Port;
use serde_json::json;

use crate::harness::{Place, eventually};
use crate::scene::{Run, Scene};

/// `sentinel approvals list` of somebody who knows no daemon.
fn list(server: &str, env: &[(&str, &str)]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
    command.args(["approvals", "list"]).env_clear().env("SENTINEL_URL", server).envs(env.iter().copied());
    Run::of(command.stdin(Stdio::null()).output().unwrap())
}

#[track_caller]
fn fails(run: &Run, part: &str) {
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.stdout, "");
    assert!(run.stderr.starts_with("error: ") && run.stderr.contains(part), "{part}: {run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
}

/// A server with one answer, and what it was asked.
fn server(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let length = stream.read(&mut head).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    (url, thread)
}

#[test]
fn nobody_there() {
    let port = Port::take();
    let url = format!("http://127.0.0.1:{}", port.number());
    fails(&list(&url, &[]), "start one with `sentinel serve`");
}

#[test]
fn no_credential_a_wrong_one_and_one_without_the_role() {
    let scene = Scene::new();
    fails(&list(&scene.url(), &[]), "set SENTINEL_TOKEN");
    fails(&list(&scene.url(), &[("SENTINEL_TOKEN", "nonsense")]), "does not accept this credential");
    fails(&list(&scene.url(), &[("SENTINEL_TOKEN", "two words")]), "holds no credential");
    let ci = scene.credential("ci", "evaluate");
    fails(&scene.approvals(&ci, &["list"]), "this needs the role approve or audit");
    let auditor = scene.credential("auditor", "audit");
    let id = scene.ask(&json!({}));
    assert_eq!(scene.approvals(&auditor, &["list"]).code, 0);
    fails(&scene.approvals(&auditor, &["approve", &id]), "this needs the role approve");
    fails(&scene.approvals("/absent", &["list"]), "`/absent` could not be read");
}

#[test]
fn what_is_no_question() {
    let scene = Scene::new();
    let bob = scene.credential("bob", "approve");
    fails(&scene.approvals(&bob, &["show", "../agents"]), "is no id of a question");
    let unknown = "apr_00000000000000000000000000000000_1";
    fails(&scene.approvals(&bob, &["approve", unknown]), "list --all");
}

#[test]
fn what_is_no_daemon() {
    let (url, asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    fails(&list(&url, &[]), "is no Sentinel daemon");
    asked.join().unwrap();
    for wrong in ["localhost:3100", "ftp://a", "http://user:secret@127.0.0.1"] {
        let run = list(wrong, &[]);
        fails(&run, "");
        assert!(!run.stderr.contains("secret@") || !wrong.contains("secret"), "{run:?}");
    }
}

#[test]
fn the_credential_does_not_follow_a_redirect() {
    let (other, asked_other) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let answer = format!("HTTP/1.1 307 x\r\nlocation: {other}/v1/approvals\r\ncontent-length: 0\r\n\r\n");
    let (url, asked) = server(answer.leak());
    fails(&list(&url, &[("SENTINEL_TOKEN", "abc")]), "the credential stays here");
    assert!(asked.join().unwrap().contains("authorization: Bearer abc"));
    assert!(!asked_other.is_finished(), "the other one was asked");
}

#[test]
fn a_daemon_here_is_not_asked_through_a_proxy() {
    let scene = Scene::new();
    let bob = fs::read_to_string(scene.credential("bob", "approve")).unwrap();
    let run = list(&scene.url(), &[("SENTINEL_TOKEN", &bob), ("http_proxy", "http://127.0.0.1:9")]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_certificate_that_nobody_vouches_for() {
    let place = Place::new();
    let (key, certificate) = (place.path("key.pem"), place.path("certificate.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", "-subj", "/CN=localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl is there: run `cargo xtask setup`");
    assert!(made.status.success(), "{made:?}");
    let log = place.path("tls.log");
    let mut tls = Command::new("openssl")
        .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-key"])
        .arg(&key)
        .arg("-cert")
        .arg(&certificate)
        .stdout(fs::File::create(&log).unwrap())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut port = None;
    eventually("TLS listens", std::time::Duration::from_secs(120), || {
        let text = fs::read_to_string(&log).unwrap();
        port = text.lines().find_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:").map(str::to_owned));
        port.is_some()
    });
    let url = format!("https://localhost:{}", port.unwrap());
    fails(&list(&url, &[]), "name the file of your authority with SSL_CERT_FILE");
    let file = certificate.display().to_string();
    fails(&list(&url, &[("SSL_CERT_FILE", &file)]), "is no Sentinel daemon");
    tls.kill().unwrap();
    tls.wait().unwrap();
}

#[test]
fn a_page_needs_a_terminal() {
    let scene = Scene::new();
    let bob = scene.credential("bob", "approve");
    fails(&scene.approvals(&bob, &[]), "use `sentinel approvals list`");
}
