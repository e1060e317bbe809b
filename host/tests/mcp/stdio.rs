//! In front of programs.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scene::{Scene, Sdk, check_python, policy, python_server, steps_of_python};

#[test]
fn clients_of_both_sdks_use_a_server_of_files() {
    for sdk in Sdk::BOTH {
        let scene = Scene::new();
        let path = |name: &str| json!({ "path": scene.file(name) });
        let steps = json!([
            { "list": true },
            { "call": "read_text_file", "arguments": path("a.txt") },
            { "call": "read_text_file", "arguments": path(".env") },
            { "call": "write_file", "arguments": { "path": scene.file("out/new"), "content": "1" } },
            { "call": "write_file", "arguments": { "path": scene.file("a.txt"), "content": "2" } },
            { "call": "move_file", "arguments": { "source": scene.file("a.txt"), "destination": scene.file("b") } },
        ]);
        let said = sdk.run("stdio", &json!(scene.files()).to_string(), &steps);
        assert_eq!(said[0]["tools"], json!(["read_text_file", "write_file", "list_allowed_directories"]));
        assert_eq!((&said[1]["isError"], said[1]["text"].as_str().unwrap().trim()), (&json!(false), "hello"));
        for (place, part) in [(2, "**/.env"), (4, "path-no-match"), (5, "tool-unknown")] {
            assert_eq!(said[place]["isError"], true, "{sdk:?}: {}", said[place]);
            let text = said[place]["text"].as_str().unwrap();
            assert!(text.starts_with("Denied by policy") && text.contains(part), "{sdk:?}: {text}");
        }
        assert_eq!(said[3]["isError"], false, "{sdk:?}: {}", said[3]);
        assert_eq!(fs::read_to_string(scene.file("a.txt")).unwrap(), "hello");
        assert!(scene.file("out/new").exists() && !scene.file("b").exists());
    }
}

/// What it answers is spelled by another SDK than the clients' and the other servers'.
#[test]
fn a_server_of_the_python_sdk_is_used() {
    for sdk in Sdk::BOTH {
        let scene = Scene::new();
        let ran = scene.file("ran");
        let server = python_server(&ran, &["stdio"]);
        let own = std::iter::once(server.get_program()).chain(server.get_args());
        let own: Vec<&str> = own.map(|word| word.to_str().unwrap()).collect();
        let words = scene.words(&[], &own);
        let said = sdk.run("stdio", &json!(words).to_string(), &steps_of_python());
        check_python(sdk, &said, &ran);
    }
}

/// A link is what it leads to.
#[test]
fn links_are_resolved_before_a_path_is_decided() {
    let scene = Scene::new();
    std::os::unix::fs::symlink(scene.file(".env"), scene.file("out/innocent")).unwrap();
    let steps = json!([{ "call": "read_text_file", "arguments": { "path": scene.file("out/innocent") } }]);
    let said = Sdk::TypeScript.run("stdio", &json!(scene.files()).to_string(), &steps);
    assert!(said[0]["text"].as_str().unwrap().contains("**/.env"), "{said:?}");
}

/// A proxy in front of a program that writes down what it hears, and answers nothing.
struct Talk {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Talk {
    fn with(scene: &Scene, program: &str) -> Self {
        let words = scene.words(&[], &["sh", "-c", program]);
        let mut command = scene.sentinel(&words);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn say(&mut self, line: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"b" : 1.0,"a":"\u0041"}}}"#;

#[test]
fn what_is_permitted_arrives_byte_for_byte_and_nothing_else_arrives() {
    let scene = Scene::new();
    let mut talk = Talk::with(&scene, "exec tee heard");
    talk.say(CALL.as_bytes());
    // What arrives comes back: so it is there before anything ends, and has only so long for it.
    assert_eq!(talk.hear(), serde_json::from_str::<Value>(CALL).unwrap());
    let denied = CALL.replace("\"echo\"", "\"other\"");
    let too_long = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":"{}"}}"#, "x".repeat(8 << 20));
    let hidden =
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":"#.to_owned() + "\r" + &denied + "\r}}";
    let refused = [
        (format!("[{CALL}]"), -32600),
        (CALL.replace("\"name\":\"echo\"", r#""name":"echo","n\u0061me":"other""#), -32600),
        (CALL.replace("tools/call", "tools/take"), -32601),
        (format!("{CALL} {CALL}"), -32700),
        (format!("\u{feff}{CALL}"), -32700),
        ("nonsense".to_owned(), -32700),
        (too_long, -32600),
        // Some readers would take these for three lines.
        (hidden, -32700),
    ];
    for (line, code) in &refused {
        talk.say(line.as_bytes());
        let shown: String = line.chars().take(100).collect();
        assert_eq!(talk.hear()["error"]["code"], *code, "{shown}");
    }
    talk.say(b"");
    talk.say(denied.as_bytes());
    let told = talk.hear();
    assert_eq!((&told["id"], &told["result"]["isError"]), (&json!(7), &json!(true)), "{told}");
    talk.end();
    assert_eq!(fs::read_to_string(scene.file("heard")).unwrap(), format!("{CALL}\n"));
}

#[test]
fn what_a_server_says_is_read_as_well() {
    let scene = Scene::new();
    let tools = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","inputSchema":{}},{"name":"rm","inputSchema":{}}]}}"#;
    let note = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data" : 1.0}}"#;
    fs::write(scene.file("says"), format!("{note}\nplain text\n[{tools}]\n{tools}\n")).unwrap();
    let mut talk = Talk::with(&scene, "cat says; read -r _; exit 3");
    assert_eq!(talk.hear(), serde_json::from_str::<Value>(note).unwrap());
    for _ in 0..2 {
        assert_eq!(talk.hear()["error"]["code"], -32603);
    }
    let listed = talk.hear();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["result"]["tools"][0]["name"], "echo");
    // It has been heard, and ends by itself.
    talk.say(CALL.as_bytes());
    assert_eq!(talk.child.wait().unwrap().code(), Some(3), "the exit code is the server's");
}

#[test]
fn meters_count_for_as_long_as_the_process_lives() {
    let scene = Scene::new();
    let limits = json!({ "windows": [{ "name": "few", "maxCalls": 2, "seconds": 3600, "tools": ["mcp__files__echo"] }] });
    scene.govern(&policy(&[("rateLimits", limits)]));
    let mut talk = Talk::with(&scene, "cat");
    for place in 0..4 {
        talk.say(CALL.as_bytes());
        let told = talk.hear();
        // What comes back from `cat` is the call itself.
        assert_eq!(told["method"] == "tools/call", place < 2, "{told}");
        assert_eq!(told["result"]["isError"] == true, place >= 2, "{told}");
    }
}

fn is_alive(pid: &str) -> bool {
    Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status().unwrap().success()
}

/// However we end, what we have started ends.
#[test]
fn nothing_is_left_behind() {
    let stubborn = "trap '' TERM; sleep 300 & echo $! > child; echo $$ > own; while :; do sleep 0.1; done";
    for signal in ["TERM", "INT", "HUP", "none"] {
        let scene = Scene::new();
        let mut talk = Talk::with(&scene, stubborn);
        let begun = Instant::now();
        while !scene.file("own").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it did not start");
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(50));
        if signal != "none" {
            let id = talk.child.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        }
        drop(talk.input.take());
        assert_eq!(talk.child.wait().unwrap().code(), Some(137), "{signal}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{signal}");
        for name in ["own", "child"] {
            let pid = fs::read_to_string(scene.file(name)).unwrap();
            let gone = Instant::now();
            while is_alive(pid.trim()) {
                assert!(gone.elapsed() < Duration::from_secs(10), "{signal}: {name} is left");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

#[test]
fn mistakes_are_explained() {
    let scene = Scene::new();
    let said = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let output = scene.sentinel(&words).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (sentinel, policy) = (env!("CARGO_BIN_EXE_sentinel"), scene.policy());
    let policy = policy.to_str().unwrap();
    for (words, part) in [
        (&["--policy", policy, "--server", "files", "--", "/no/such/program"][..], "/no/such/program"),
        (&["--policy", policy, "--server", "a__b", "--", "cat"], "single `_`"),
        (&["--policy", policy, "--server", "files"], "required"),
        (&["--server", "files", "--", "cat"], "--policy"),
        (&["--policy", "/no/such/policy", "--server", "files", "--", "cat"], "/no/such/policy"),
        (&["--daemon", "http://127.0.0.1:9", "--agent", "a", "--server", "f", "--", "cat"], "sentinel serve"),
        (
            &[
                "--policy",
                policy,
                "--server",
                "f",
                "--listen",
                "0.0.0.0:0",
                "--upstream",
                "http://127.0.0.1:9/mcp",
            ],
            "127.0.0.1",
        ),
        (
            &[
                "--policy",
                policy,
                "--server",
                "f",
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "http://127.0.0.1:9/mcp",
                "--allow-origin",
                "app.example",
            ],
            "https://app.example",
        ),
    ] {
        let all: Vec<&str> = [sentinel, "mcp"].iter().chain(words).copied().collect();
        let (code, text) = said(&all);
        assert_eq!(code, Some(1), "{words:?}: {text}");
        assert!(text.contains(part), "{words:?}: {text}");
    }
}
