//! Compose files, held against the schema of the Compose Specification.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sentinel_envoy_tests::port::Port;
use serde_json::{Value, json};

use crate::support::{Place, policy};

const KEY: &str = "${SOE_API_KEY:?a key of 16 characters or more}";

fn compose(place: &Place, arguments: &[&str]) -> Value {
    let text = place.text(&[&["compose", "--soe", "coder.soe.json"], arguments].concat());
    assert_eq!(place.mistakes("compose", &text), "", "{text}");
    place.documents(&text).remove(0)
}

#[test]
fn the_schema_finds_mistakes() {
    let place = Place::new(&policy(""));
    let text = place.text(&["compose", "--soe", "coder.soe.json", "agent"]);
    let wrong = text.replace("network_mode:", "network_mood:");
    assert!(place.mistakes("compose", &wrong).contains("network_mood"));
}

#[test]
fn an_agent_has_no_way_out_of_its_own() {
    let place = Place::new(&policy(""));
    let file = compose(&place, &["my-agent:latest", "--", "npm", "start", "$HOME"]);
    let agent = &file["services"]["agent"];
    assert_eq!(agent["image"], "my-agent:latest");
    assert_eq!(agent["command"], json!(["npm", "start", "$$HOME"]));
    assert_eq!(agent["network_mode"], "service:namespace");
    assert_eq!((&agent["cap_drop"], &agent["user"]), (&json!(["ALL"]), &json!("10001:10001")));
    assert_eq!(agent["security_opt"], json!(["no-new-privileges:true"]));
    assert!(agent.get("networks").is_none() && agent.get("cap_add").is_none(), "{agent}");
    let waits = &agent["depends_on"];
    assert_eq!(waits["namespace"], json!({ "condition": "service_healthy", "restart": true }));
    assert_eq!(waits["sidecar"]["condition"], "service_healthy");
    for (name, service) in file["services"].as_object().unwrap() {
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service.get("cap_add").is_some(), name == "namespace", "{name}");
        assert_eq!(service.get("ports"), None, "{name}");
    }
}

#[test]
fn it_brings_a_daemon_unless_there_is_one() {
    let place = Place::new(&policy(""));
    let own = compose(&place, &["x"]);
    assert_eq!(own["services"]["daemon"]["environment"]["SOE_API_KEY"], KEY);
    // What may do everything is the daemon's alone.
    for (name, service) in own["services"].as_object().unwrap() {
        assert_eq!(service.to_string().contains("SOE_API_KEY:?"), name == "daemon", "{name}");
    }
    let address = &own["services"]["daemon"]["networks"]["control"]["ipv4_address"];
    let url = format!("http://{}:3100", address.as_str().unwrap());
    assert_eq!(own["services"]["sidecar"]["environment"]["SOE_API_URL"], url);
    assert!(
        own["configs"]["redirect"]["content"]
            .as_str()
            .unwrap()
            .contains(&format!("{}/32", address.as_str().unwrap()))
    );
    assert_eq!(own["networks"]["control"]["internal"], true);

    let other = compose(&place, &["--api-url", "https://soe.example", "--token", "sok_a$b", "x"]);
    let environment = &other["services"]["sidecar"]["environment"];
    assert_eq!(
        (&environment["SOE_API_URL"], &environment["SOE_API_KEY"]),
        (&json!("https://soe.example"), &json!("sok_a$$b"))
    );
    assert!(other["services"].get("daemon").is_none() && other.get("volumes").is_none(), "{other}");
    let without = compose(&place, &["--api-url", "https://soe.example", "x"]);
    let key = without["services"]["sidecar"]["environment"]["SOE_API_KEY"].as_str().unwrap();
    assert!(key.starts_with("${SOE_API_KEY:?") && key.contains("evaluate"), "{key}");
    let both =
        ["compose", "--soe", "coder.soe.json", "--api-url", "http://x", "--publish", "127.0.0.1:1", "x"];
    assert!(place.refusal(&both).contains("cannot be used with"));
}

/// The value of a container's variable with its paths where they are here.
fn here(place: &Place, value: &Value) -> String {
    let own = |name: &str| place.path(name).display().to_string();
    let text = value.as_str().unwrap().replace("$$", "$");
    let text = text.replace("/var/lib/sentinel-key", &own("key")).replace("/var/lib/sentinel", &own("home"));
    text.replace("/etc/sentinel/policies", &own("."))
}

/// A service of the file as a process, without the container around it.
fn service(place: &Place, service: &Value, program: &str, more: &[&str]) -> Command {
    let mut command = Command::new(program);
    let directory = Path::new(env!("CARGO_BIN_EXE_sentinel")).parent().unwrap();
    let words = service["entrypoint"].as_array().unwrap().iter().skip(1);
    command
        .args(words.map(|word| here(place, word)))
        .args(more)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", directory.display()))
        .current_dir(&place.directory);
    for (name, value) in service["environment"].as_object().unwrap() {
        command.env(name, here(place, value));
    }
    command
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The status that the daemon answers with; nothing while nobody is there.
fn status(port: u16, line: &str, key: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let head = format!("{line} HTTP/1.1\r\nhost: x\r\nx-soe-api-key: {key}\r\ncontent-length: 2\r\n");
    let rest = "content-type: application/json\r\nconnection: close\r\n\r\n{}";
    stream.write_all(format!("{head}{rest}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1).map(str::to_owned)
}

/// The proxy stands beside the agent: whoever gets at its key may ask as this agent, and answer nobody.
#[test]
fn the_key_of_the_proxy_asks_for_its_agent_and_does_nothing_else() {
    let place = Place::new(&policy(""));
    let file = compose(&place, &["x"]);
    let services = &file["services"];
    let (key, daemon, sidecar) = (&services["key"], &services["daemon"], &services["sidecar"]);
    assert_eq!(sidecar["depends_on"]["key"]["condition"], "service_completed_successfully");
    assert_eq!(key["network_mode"], "none");
    for (name, volumes) in [
        ("key", json!(["ledger:/var/lib/sentinel", "key:/var/lib/sentinel-key"])),
        ("daemon", json!(["ledger:/var/lib/sentinel"])),
        ("sidecar", json!(["key:/var/lib/sentinel-key:ro"])),
    ] {
        assert_eq!(services[name]["volumes"], volumes, "{name}");
    }
    assert!(services["agent"].get("volumes").is_none());

    for directory in ["home", "key"] {
        std::fs::create_dir(place.path(directory)).unwrap();
    }
    let port = Port::take();
    let mut command = service(&place, daemon, env!("CARGO_BIN_EXE_sentinel"), &[]);
    command
        .env("SOE_API_KEY", "0123456789abcdef-of-the-operator")
        .env("SOE_API_PORT", port.number().to_string());
    command.env("SENTINEL_BIND", "127.0.0.1").stdout(Stdio::null()).stderr(Stdio::null());
    let _daemon = Running(command.spawn().unwrap());
    // The daemon makes its store meanwhile.
    let make = || {
        let output = service(&place, key, "/bin/sh", &[]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(place.path("key/key")).unwrap()
    };
    let made = make();
    assert_eq!(make(), made, "one key, however often the containers start");
    let mode = std::fs::metadata(place.path("key/key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let begun = Instant::now();
    let key = made.trim();
    let mut said = None;
    // It looks at the store for new keys from time to time.
    while said.as_deref() != Some("200") && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(50));
        said = status(port.number(), "GET /v1/agents/coder/policy", key);
    }
    assert_eq!(said.as_deref(), Some("200"));
    for (line, expected) in [
        ("GET /v1/agents/other/policy", "403"),
        ("POST /v1/deploy", "403"),
        ("GET /v1/approvals", "403"),
        ("POST /v1/approvals/apr_0_1/approve", "403"),
        ("GET /v1/ledger/entries/0", "403"),
    ] {
        assert_eq!(status(port.number(), line, key).as_deref(), Some(expected), "{line}");
    }
    let printed = service(&place, sidecar, env!("CARGO_BIN_EXE_sentinel"), &["--print"]).output().unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(text.contains(&format!("\"apiKey\":\"{key}\"")), "{}", String::from_utf8_lossy(&printed.stderr));
}

/// Who answers questions has to get there.
#[test]
fn the_daemon_is_published_where_that_is_asked() {
    let place = Place::new(&policy(""));
    let file = compose(&place, &["--publish", "127.0.0.1:3107", "x"]);
    let daemon = &file["services"]["daemon"];
    assert_eq!(daemon["ports"], json!(["127.0.0.1:3107:3100"]));
    assert!(daemon["networks"].get("people").is_some() && file["networks"].get("people").is_some());
    // The agent and its proxy are not on that network.
    assert_eq!(file["services"]["namespace"]["networks"], json!(["egress", "control"]));
    let six = compose(&place, &["--publish", "[::1]:3107", "x"]);
    assert_eq!(six["services"]["daemon"]["ports"], json!(["[::1]:3107:3100"]));
}

#[test]
fn the_mode_of_the_installation_is_everybodys() {
    let place = Place::new(&policy(r#", "mode": "audit""#));
    let made = |environment: &[(&str, &str)]| {
        place.documents(&place.text_with(environment, &["compose", "--soe", "coder.soe.json", "x"])).remove(0)
    };
    let (with, without) = (made(&[("SOE_MODE", "enforce")]), made(&[]));
    for name in ["sidecar", "daemon"] {
        assert_eq!(with["services"][name]["environment"]["SOE_MODE"], "enforce", "{name}");
        assert!(without["services"][name]["environment"].get("SOE_MODE").is_none(), "{name}");
    }
}

#[test]
fn the_policy_arrives_as_it_is() {
    let text = policy("");
    let place = Place::new(&text);
    let file = compose(&place, &["x"]);
    // Compose takes one of two dollars away.
    assert_eq!(file["configs"]["policy"]["content"].as_str().unwrap().replace("$$", "$"), text);
}

#[test]
fn it_goes_into_a_file_that_is_its_owners() {
    let place = Place::new(&policy(""));
    assert_eq!(place.text(&["compose", "--soe", "coder.soe.json", "-o", "c.yaml", "x"]), "");
    let file = place.path("c.yaml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        place.text(&["compose", "--soe", "coder.soe.json", "x"])
    );
}

#[test]
fn nobody_is_the_proxy_but_the_proxy() {
    let place = Place::new(&policy(""));
    let user = |user| place.refusal(&["compose", "--soe", "coder.soe.json", "--user", user, "x"]);
    assert!(user("1337:1").contains("1337 is the proxy"));
    assert!(user("0").contains("another uid"));
    assert!(user("node").contains("in numbers"));
    let file = compose(&place, &["--user", "1000", "x"]);
    assert_eq!(file["services"]["agent"]["user"], "1000:1000");
    let refusal = place.refusal(&["compose", "--soe", "coder.soe.json", "--api-url", "soe.example", "x"]);
    assert!(refusal.contains("is no URL of a daemon"), "{refusal}");
}
