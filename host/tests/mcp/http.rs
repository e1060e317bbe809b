//! In front of addresses.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::port::Port;
use crate::scene::{Scene, Sdk, check_python, python_server, server, steps_of_python, text};

const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with this value, and the port that it was told.
struct Running {
    process: Child,
    _port: Option<Port>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The official server with everything.
fn everything() -> (Running, u16) {
    start(|port| {
        let mut command = Command::new("node");
        command
            .args([server("server-everything"), "streamableHttp".to_owned()])
            .env("PORT", port.to_string());
        command
    })
}

/// A server at a port, as soon as it listens there.
fn start(at: impl FnOnce(u16) -> Command) -> (Running, u16) {
    let port = Port::take();
    let number = port.number();
    let mut command = at(number);
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    let mut own = Running { process: command.spawn().unwrap(), _port: Some(port) };
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", number)).is_err() {
        assert!(own.process.try_wait().unwrap().is_none(), "the server ends at once");
        assert!(begun.elapsed() < PATIENCE, "the server did not start");
        thread::sleep(Duration::from_millis(20));
    }
    (own, number)
}

/// `sentinel mcp --listen` in front of it; where it listens.
fn proxy(scene: &Scene, upstream: &str) -> (Running, String) {
    let policy = text(&scene.policy());
    let words =
        ["mcp", "--policy", &policy, "--server", "every", "--listen", "127.0.0.1:0", "--upstream", upstream];
    let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
    command.args(words).args(["--allow-origin", "https://app.example"]).stderr(Stdio::piped());
    let mut child = command.env("SOE_ENVIRONMENT", "development").spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let own = Running { process: child, _port: None };
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("{line}")).1.to_owned();
    // Nobody else reads it.
    thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    (own, address.trim_end_matches("/mcp").to_owned())
}

#[test]
fn clients_of_both_sdks_use_a_server_at_an_address() {
    let scene = Scene::new();
    let (_everything, port) = everything();
    let (_proxy, address) = proxy(&scene, &format!("http://127.0.0.1:{port}/mcp"));
    for sdk in Sdk::BOTH {
        let steps = json!([
            { "list": true },
            { "call": "echo", "arguments": { "message": "hi" } },
            { "call": "get-sum", "arguments": { "a": 1, "b": 2 } },
            { "call": "trigger-long-running-operation", "arguments": { "duration": 1, "steps": 2 }, "progress": true },
        ]);
        let said = sdk.run("http", &format!("http://{address}/mcp"), &steps);
        assert_eq!(said[0]["tools"], json!(["echo", "trigger-long-running-operation"]), "{sdk:?}");
        assert_eq!((&said[1]["isError"], &said[1]["text"]), (&json!(false), &json!("Echo: hi")), "{sdk:?}");
        assert_eq!(said[2]["isError"], true, "{sdk:?}");
        assert!(said[2]["text"].as_str().unwrap().contains("tool-unknown"), "{sdk:?}: {}", said[2]);
        assert_eq!(said[3]["isError"], false, "{sdk:?}: {}", said[3]);
        if matches!(sdk, Sdk::TypeScript) {
            assert_eq!(said[3]["notes"], json!(["progress", "progress"]), "events come as they happen");
        }
    }
}

/// What it answers is spelled by another SDK than the clients' and the other servers'.
#[test]
fn a_server_of_the_python_sdk_is_used_at_an_address() {
    let scene = Scene::new();
    let ran = scene.file("ran");
    let (_server, port) = start(|port| python_server(&ran, &["http", &port.to_string()]));
    let (_proxy, address) = proxy(&scene, &format!("http://127.0.0.1:{port}/mcp"));
    for sdk in Sdk::BOTH {
        let said = sdk.run("http", &format!("http://{address}/mcp"), &steps_of_python());
        check_python(sdk, &said, &ran);
    }
}

/// One request; its status and its body.
fn ask(address: &str, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(stream, "{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (status.unwrap_or_else(|| panic!("{answer}")), body.to_owned())
}

/// The server behind it would answer anything.
#[test]
fn what_is_refused_never_reaches_the_server() {
    let scene = Scene::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let (_proxy, address) = proxy(&scene, &format!("http://127.0.0.1:{port}/mcp"));
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let denied = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","arguments":{}}}"#;
    let json = "content-type: application/json";
    let here = "host: localhost";
    for (head, body, status) in [
        (format!("POST /mcp HTTP/1.1\r\n{here}\r\n{json}"), format!("[{ping}]"), 400),
        (format!("POST /mcp HTTP/1.1\r\n{here}\r\n{json}"), denied.to_owned(), 200),
        (format!("POST /mcp HTTP/1.1\r\n{here}\r\n{json}\r\nmcp-method: tools/list"), ping.to_owned(), 400),
        (format!("POST /mcp HTTP/1.1\r\n{here}\r\n{json}\r\ncontent-encoding: gzip"), ping.to_owned(), 415),
        (format!("POST /mcp HTTP/1.1\r\n{here}\r\ncontent-type: text/plain"), ping.to_owned(), 415),
        (format!("POST /mcp HTTP/1.1\r\nhost: evil.example\r\n{json}"), ping.to_owned(), 403),
        (
            format!("POST /mcp HTTP/1.1\r\n{here}\r\norigin: https://evil.example\r\n{json}"),
            ping.to_owned(),
            403,
        ),
        (format!("POST /mcp HTTP/1.1\r\n{here}\r\norigin: null\r\n{json}"), ping.to_owned(), 403),
        (format!("POST /other HTTP/1.1\r\n{here}\r\n{json}"), ping.to_owned(), 404),
        (format!("POST /mcp?x=1 HTTP/1.1\r\n{here}\r\n{json}"), ping.to_owned(), 404),
        (format!("PUT /mcp HTTP/1.1\r\n{here}\r\n{json}"), ping.to_owned(), 405),
        (format!("POST /mcp HTTP/1.1\r\n{here}\r\n{json}"), " ".repeat((8 << 20) + 1), 413),
    ] {
        let (got, said) = ask(&address, &head, &body);
        assert_eq!(got, status, "{head}: {said}");
        assert!(listener.accept().is_err(), "{head}: the server heard of it");
    }
    drop(listener);
    let origin = "origin: https://app.example";
    let (status, said) = ask(&address, &format!("POST /mcp HTTP/1.1\r\n{here}\r\n{origin}\r\n{json}"), ping);
    assert_eq!(status, 502, "it may pass, and there is no server: {said}");
}
