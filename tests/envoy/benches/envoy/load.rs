//! Requests, and `wrk` that sends them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::LOAD_CPU;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// A request without a body.
    Headers,
    /// A call of an MCP tool in 110 bytes.
    Call,
    /// The same with a text of 4 KB.
    LargeCall,
}

/// The host that is asked without MCP.
pub(crate) const PLAIN_HOST: &str = "plain.example";

/// The host that speaks MCP.
pub(crate) const MCP_HOST: &str = "mcp.example";

/// The tool that is called.
pub(crate) const TOOL: &str = "echo";

const CALL_BYTES: usize = 110;

const LARGE_CALL_BYTES: usize = 4 << 10;

impl Load {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Headers => "headers only",
            Self::Call => "tools/call of 110 bytes",
            Self::LargeCall => "tools/call of 4 KB",
        }
    }

    /// A body of just so many bytes.
    fn body(self) -> Option<String> {
        let bytes = match self {
            Self::Headers => return None,
            Self::Call => CALL_BYTES,
            Self::LargeCall => LARGE_CALL_BYTES,
        };
        let call = |text: &str| -> Value {
            let params = json!({ "name": TOOL, "arguments": { "text": text } });
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })
        };
        let rest = bytes - call("").to_string().len();
        Some(call(&"a".repeat(rest)).to_string())
    }

    /// The program for `wrk`: what to send, and to say what came of it in one line.
    fn script(self) -> String {
        let mut lines = Vec::new();
        let host = if self == Self::Headers { PLAIN_HOST } else { MCP_HOST };
        lines.push(format!("wrk.headers['Host'] = '{host}'"));
        if let Some(body) = self.body() {
            lines.push("wrk.method = 'POST'".to_owned());
            lines.push("wrk.headers['Content-Type'] = 'application/json'".to_owned());
            lines.push("wrk.headers['Accept'] = 'application/json, text/event-stream'".to_owned());
            lines.push("wrk.headers['MCP-Protocol-Version'] = '2025-11-25'".to_owned());
            lines.push(format!("wrk.body = [==[{body}]==]"));
        }
        lines.push(DONE.to_owned());
        lines.join("\n")
    }
}

const DONE: &str = r#"
done = function(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('RESULT %d %d %d %d %d\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end"#;

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) requests: u64,
    pub(crate) duration: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Sent {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.duration.as_secs_f64()
    }
}

/// Sends one load.
#[derive(Debug)]
pub(crate) struct Wrk {
    directory: TempDir,
}

impl Wrk {
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("sentinel-wrk-").tempdir().expect("a directory");
        Self { directory }
    }

    /// Asks a port for a while. It panics where an answer is not 2xx or 3xx: what does not work is
    /// not measured.
    pub(crate) fn send(&self, load: Load, port: u16, connections: u32, duration: Duration) -> Sent {
        let script = self.directory.path().join("load.lua");
        fs::write(&script, load.script()).expect("a script");
        let output = Command::new("taskset")
            .args(["--cpu-list", &LOAD_CPU.to_string(), "wrk", "--threads", "1"])
            .args(["--connections", &connections.to_string()])
            .args(["--duration", &format!("{}s", duration.as_secs().max(1)), "--script"])
            .arg(&script)
            .arg(format!("http://127.0.0.1:{port}/v1/thing"))
            .output()
            .expect("taskset and wrk run; install them with: apt-get install util-linux wrk");
        let said = String::from_utf8_lossy(&output.stdout);
        let line = said.lines().find_map(|line| line.strip_prefix("RESULT "));
        let line = line.unwrap_or_else(|| panic!("wrk: {said}{}", String::from_utf8_lossy(&output.stderr)));
        let numbers: Vec<u64> = line.split(' ').map(|word| word.parse().expect("a number")).collect();
        let [requests, micros, p50, p99, failed] = numbers[..] else { panic!("wrk: {line}") };
        assert!(failed == 0 && requests > 0, "{failed} of {requests} requests failed: {said}");
        Sent {
            requests,
            duration: Duration::from_micros(micros),
            p50: Duration::from_micros(p50),
            p99: Duration::from_micros(p99),
        }
    }
}
