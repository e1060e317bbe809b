//! Servers of the bench: this program again, in another role.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs, thread};

use sentinel::app::App;
use sentinel::config::{self, Inputs, ServeArgs};
use sentinel::http;

use super::generator::is_there;

/// What lets the load in.
const KEY: &str = "bench-key-of-some-length";

/// What a server is.
pub(super) enum Role {
    /// The same server with a constant answer.
    Constant,
    /// The daemon on its embedded store.
    Embedded,
    /// The daemon on PostgreSQL, at this address.
    Postgres(String),
    /// The daemon with so many policies.
    Policies(usize),
}

impl Role {
    pub(super) fn from_argument(argument: &str) -> Option<Self> {
        match argument.split_once('=')? {
            ("--role", "constant") => Some(Self::Constant),
            ("--role", "embedded") => Some(Self::Embedded),
            ("--role", other) => other.strip_prefix("postgres:").map(|url| Self::Postgres(url.to_owned())),
            _ => None,
        }
    }

    fn argument(&self) -> String {
        match self {
            Self::Constant => "--role=constant".to_owned(),
            Self::Embedded | Self::Policies(_) => "--role=embedded".to_owned(),
            Self::Postgres(url) => format!("--role=postgres:{url}"),
        }
    }
}

/// A server that runs. It ends with this value.
pub(super) struct Server {
    process: Child,
    role: String,
    directory: Arc<tempfile::TempDir>,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// What lets the load in.
    pub(super) key: &'static str,
    /// How long it took until it answered.
    pub(super) start_seconds: f64,
}

impl Server {
    pub(super) fn start(role: &Role) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let definitions = directory.path().join("definitions");
        fs::create_dir(&definitions).expect("a directory");
        let policies = if let Role::Policies(count) = role { *count } else { 1 };
        for number in 0..policies {
            let agent = if number == 0 { "bench-agent".to_owned() } else { format!("agent-{number}") };
            fs::write(definitions.join(format!("{agent}.soe.json")), policy(&agent)).expect("a file");
        }
        Self::spawn(role.argument(), Arc::new(directory))
    }

    /// Ends it and starts it again where it was.
    pub(super) fn restart(mut self) -> Self {
        stop(&mut self.process);
        Self::spawn(self.role.clone(), Arc::clone(&self.directory))
    }

    fn spawn(role: String, directory: Arc<tempfile::TempDir>) -> Self {
        let free = StdListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let started = Instant::now();
        let process = Command::new(env::current_exe().expect("this program"))
            .arg(&role)
            .arg(format!("--port={}", address.port()))
            .arg(format!("--directory={}", directory.path().display()))
            .stdin(Stdio::null())
            .spawn()
            .expect("a server starts");
        while !is_there(address) {
            thread::sleep(std::time::Duration::from_millis(5));
        }
        let start_seconds = started.elapsed().as_secs_f64();
        Self { process, role, directory, address, key: KEY, start_seconds }
    }

    /// Memory that it has in use.
    pub(super) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.process);
    }
}

fn stop(process: &mut Child) {
    // It may have ended by itself.
    let _ = process.kill();
    let _ = process.wait();
}

/// A policy like those people write, with a budget that a bench does not use up.
fn policy(agent: &str) -> String {
    let document = serde_json::json!({
        "agentId": agent,
        "version": "1.0.0",
        "identity": {
            "role": "Bench", "authorityLevel": "limited-ops",
            "environmentScope": ["development"], "dataClassification": "internal"
        },
        "dataAccess": {
            "readAllow": ["src/**", "docs/**", "config/**"],
            "readDeny": ["**/.env*", "**/credentials*", "**/secrets*"],
            "writeAllow": ["src/**", "docs/**"],
            "writeDeny": ["config/production/**", "**/credentials*"]
        },
        "toolActions": {
            "allowed": ["read_file", "write_file", "search_code"],
            "denied": ["delete_database", "send_email", "transfer_funds"],
            "bash": {
                "allow": ["npm test", "npm run build", "git *"],
                "deny": ["rm -rf *", "sudo *", "curl * | sh", "eval *"]
            }
        },
        "riskBudget": { "maxPerSession": 1_000_000_000 }
    });
    document.to_string()
}

/// Is a server, until somebody ends it.
pub(super) fn run(role: Role, arguments: &[String]) {
    let value =
        |name: &str| arguments.iter().find_map(|argument| argument.strip_prefix(name)).expect("an argument");
    let directory = Path::new(value("--directory="));
    let mut environment = vec![
        ("SOE_API_PORT", value("--port=").to_owned()),
        ("SOE_API_KEY", KEY.to_owned()),
        ("SENTINEL_HOME", directory.join("home").display().to_string()),
        ("SOE_DEFINITIONS_DIR", directory.join("definitions").display().to_string()),
    ];
    let is_constant = matches!(role, Role::Constant);
    if let Role::Postgres(url) = role {
        environment.extend([("SOE_STORAGE", "postgres".to_owned()), ("DATABASE_URL", url)]);
    }
    let environment: Vec<_> =
        environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let cores = thread::available_parallelism().expect("cores");
    let args = ServeArgs::default();
    let config = config::read(Inputs { args: &args, environment: &environment, file: None, cores });
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    let listen = config.listen;
    let started = App::start(config).unwrap_or_else(|error| panic!("{error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await.expect("the port is free");
        let app = Arc::clone(&started.app);
        let served = if is_constant {
            http::serve_constant(app, listener, std::future::pending()).await
        } else {
            http::serve(app, listener, std::future::pending()).await
        };
        served.expect("the server serves");
    });
}
