//! Official MCP clients and servers, with the filter between them: what is allowed is as it is without
//! one, and what is denied can be read by the client.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails loudly")]

use std::path::Path;
use std::process::Command;
use std::thread;

use sentinel_envoy_tests::filter::{governed, policy};
use sentinel_envoy_tests::port::Port;
use sentinel_envoy_tests::script::{self, Server};
use sentinel_envoy_tests::{Bootstrap, Envoy, tools};
use serde_json::{Value, json};

/// A policy for servers whose hosts are ports of this machine.
fn mcp(lists: &Value) -> Value {
    let mut mcp = lists.clone();
    mcp["server"] = json!("tools");
    let hosts = json!(["127.0.0.1:*", "localhost:*", "*:*"]);
    governed(&policy(&json!({ "rules": [{ "hosts": hosts, "blockPrivateIps": false, "mcp": mcp }] })))
}

fn everything() -> Server {
    let port = Port::take();
    let program =
        tools::mcp_node().join("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    let mut command = Command::new(tools::node());
    command.arg(program).arg("streamableHttp").env("PORT", port.number().to_string());
    command.stderr(std::process::Stdio::null());
    Server::at(port, command)
}

/// What the conformance suite says of a server, a line for each scenario.
fn conformance(port: u16) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("http://127.0.0.1:{port}/mcp");
    let mut command = Command::new(tools::node());
    command
        .arg(tools::mcp_program("conformance"))
        .args(["server", "--url", &url, "--output-dir"])
        .arg(directory.path());
    // It ends with a failure where the server lacks what a scenario asks for.
    let output = script::finish(&mut command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter(|line| line.starts_with(['✓', '✗']) || line.starts_with("Total"));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_conformance_suite_says_the_same_with_and_without_the_filter() {
    let server = everything();
    let to_server = || Bootstrap::new(server.port());
    let ours = to_server().filter(mcp(&json!({ "allowTools": ["*"] })));
    let envoy = Envoy::start(&Bootstrap::build_all(&[("ours", &ours), ("bare", &to_server())]));
    let ports = [server.port(), envoy.port_of("bare"), envoy.port_of("ours")];
    let told = thread::scope(|scope| {
        let runs = ports.map(|port| scope.spawn(move || conformance(port)));
        runs.map(|run| run.join().expect("it ran"))
    });
    assert!(told[0].len() > 30, "{:#?}", told[0]);
    assert_eq!(told[0].last().map(String::as_str), Some("Total: 13 passed, 19 failed"));
    assert_eq!(told[0], told[1], "through Envoy alone");
    assert_eq!(told[0], told[2], "through the filter");
}

/// A client's tale: the tools that it saw, `echo` that ran, `rm` that did not.
#[track_caller]
fn check_tale(tale: &Value, who: &str) {
    assert_eq!(tale["tools"], json!(["echo", "read_page"]), "{who}: the forbidden tool is not in the list");
    let call = |name: &str| {
        let calls = tale["calls"].as_array().into_iter().flatten();
        calls.clone().find(|call| call["name"] == name).unwrap_or_else(|| panic!("{who}: {tale}")).clone()
    };
    assert_eq!(call("echo")["result"]["content"][0]["text"], json!("echo ran: hi"), "{who}: {tale}");
    let denied = call("rm");
    assert_eq!(denied["result"]["isError"], json!(true), "{who}: {denied}");
    let text = denied["result"]["content"][0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("denied") && text.contains("\"rm\""), "{who}: a model can read why: {text}");
}

fn tale(script: &str, port: u16, arguments: &[&str]) -> Value {
    let url = format!("http://127.0.0.1:{port}/mcp");
    let arguments = [&[url.as_str()], arguments].concat();
    if Path::new(script).extension().is_some_and(|extension| extension == "py") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(script);
        return script::json(Command::new(tools::mcp_python()).arg(path).args(arguments));
    }
    script::run(&tools::mcp_node(), script, &arguments)
}

#[test]
fn official_clients_see_what_they_may_and_read_what_they_may_not() {
    let servers = ["mcp-v2.mjs", "mcp-v1.mjs"].map(|script| Server::start(&tools::mcp_node(), script, &[]));
    let lists = json!({ "allowTools": ["*"], "denyTools": ["rm"] });
    let to = |name, server: &Server| Bootstrap::to(name, server.port()).filter(mcp(&lists));
    let (v2, v1) = (to("v2", &servers[0]), to("v1", &servers[1]));
    let envoy = Envoy::start(&Bootstrap::build_all(&[("v2", &v2), ("v1", &v1)]));
    let (v2, v1) = (envoy.port_of("v2"), envoy.port_of("v1"));
    let calls = ["echo", "rm"];
    let modern = ["2026-07-28", "echo", "rm"];
    let legacy = ["legacy", "echo", "rm"];
    let runs: &[(&str, u16, &[&str])] = &[
        ("client-v1.mjs", v1, &calls),
        ("client-v1.mjs", v2, &calls),
        ("client-v2.mjs", v1, &legacy),
        ("client-v2.mjs", v2, &legacy),
        ("client-v2.mjs", v2, &modern),
        ("client.py", v1, &legacy),
        ("client.py", v2, &legacy),
        ("client.py", v2, &modern),
    ];
    for (script, port, arguments) in runs {
        let server = if *port == v2 { "v2" } else { "v1" };
        check_tale(&tale(script, *port, arguments), &format!("{script} {arguments:?} to {server}"));
    }
    for server in servers {
        let ran = sentinel_envoy_tests::client::get(server.port(), "127.0.0.1", "/ran").json();
        let ran = ran.as_array().expect("a list");
        assert!(!ran.is_empty() && ran.iter().all(|tool| tool == "echo"), "{ran:?}");
    }
}

/// A session with a server that streams, and a tool that ends when its progress was read: that arrives while
/// the tool runs, not with its result.
#[test]
fn progress_of_a_long_call_is_not_held_back() {
    let server = everything();
    let lists = json!({ "allowTools": ["echo", "trigger-long-running-operation"], "denyTools": ["get-env"] });
    let envoy = Envoy::start(&Bootstrap::new(server.port()).filter(mcp(&lists)).build());
    let long = r#"trigger-long-running-operation@{"duration":2,"steps":4}"#;
    let told = tale("client-v1.mjs", envoy.port(), &["echo", "get-env", long]);
    assert_eq!(told["session"], json!(true), "{told}");
    let tools: Vec<&str> = told["tools"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(tools, ["echo", "trigger-long-running-operation"]);
    assert_eq!(told["calls"][0]["result"]["content"][0]["text"], json!("Echo: hi"));
    assert_eq!(told["calls"][1]["result"]["isError"], json!(true), "{told}");
    assert_eq!(told["calls"][2]["progress"], json!(4), "{told}");
    let server = Server::start(&tools::mcp_node(), "mcp-v1.mjs", &["slow"]);
    let slow = json!({ "allowTools": ["slow"] });
    let envoy = Envoy::start(&Bootstrap::new(server.port()).filter(mcp(&slow)).build());
    let call = format!("slow@{{}}@http://127.0.0.1:{}/go", server.port());
    let told = tale("client-v1.mjs", envoy.port(), &[&call]);
    assert_eq!(told["calls"][0]["result"]["content"][0]["text"], json!("it was read"), "{told}");
    assert_eq!(told["calls"][0]["progress"], json!(1), "{told}");
}
