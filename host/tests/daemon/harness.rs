//! Starts the real program on a free port, with a place of its own, and ends it in several ways.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Client;

/// Longer than a start takes, with ten thousand policies on a busy machine too.
const START_DEADLINE: Duration = Duration::from_secs(300);

/// Longer than anything takes that has to come about by itself. Nobody waits for it longer than it takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// May do everything.
pub(crate) const KEY: &str = "a-key-that-somebody-made-up";

/// Signs the tokens of these tests.
const SECRET: &str = "the secret of these tests has more than 32 bytes";

/// Starts a program that a file which may not grow does not end with a signal.
pub(crate) const UNSIGNALLED: &[&str] = &["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];

/// What a daemon keeps, and what it is told. Daemons come and go; this stays.
pub(crate) struct Place {
    directory: TempDir,
    settings: Vec<(String, String)>,
    /// What runs the program, where something has to.
    wrapper: Vec<String>,
}

/// A process.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Place {
    pub(crate) fn new() -> Self {
        let own = Self {
            directory: tempfile::tempdir().expect("a directory"),
            settings: Vec::new(),
            wrapper: Vec::new(),
        };
        fs::create_dir(own.definitions()).expect("a directory for definitions");
        fs::create_dir(own.home()).expect("a home");
        own
    }

    /// One of several that share a database and the key of its ledger.
    pub(crate) fn beside(key_file: &Path, database: &str) -> Self {
        Self::new()
            .with("SOE_STORAGE", "postgres")
            .with("DATABASE_URL", database)
            .with("SENTINEL_LEDGER_KEY_FILE", &key_file.display().to_string())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Has the program started by this one.
    pub(crate) fn wrapped(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|&word| word.to_owned()).collect();
        self
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    pub(crate) fn definitions(&self) -> PathBuf {
        self.directory.path().join("definitions")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts a policy where the daemon looks, all at once.
    pub(crate) fn govern(&self, policy: &Value) {
        let agent = policy["agentId"].as_str().expect("an agent");
        let temporary = self.definitions().join(format!(".{agent}.new"));
        fs::write(&temporary, policy.to_string()).expect("a policy");
        fs::rename(temporary, self.document(agent)).expect("a policy in its place");
    }

    pub(crate) fn document(&self, agent: &str) -> PathBuf {
        self.definitions().join(format!("{agent}.soe.json"))
    }

    /// The program with the settings of this place and nothing else.
    fn program(&self, wrapper: &[String]) -> Command {
        let sentinel = env!("CARGO_BIN_EXE_sentinel");
        let mut command = match wrapper {
            [] => Command::new(sentinel),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(sentinel);
                command
            }
        };
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("SENTINEL_HOME", self.home())
            .env("SOE_DEFINITIONS_DIR", self.definitions())
            .env("SOE_API_KEY", KEY)
            .env("SOE_JWT_SECRET", SECRET)
            .env("SOE_API_PORT", "0")
            .env("SENTINEL_DRAIN_TIMEOUT", "10000")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of the program beside the daemon.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.program(&[]).args(arguments).output().expect("the program runs")
    }

    /// A token for one role and one agent.
    pub(crate) fn token(&self, subject: &str, role: &str, agent: &str) -> String {
        let arguments =
            ["token", "mint", "--role", role, "--agent", agent, "--expires", "1h", "--subject", subject];
        let output = self.run(&arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Starts a daemon, and waits until it answers.
    pub(crate) fn start(&self) -> Daemon {
        let log = self.path("log");
        let file = File::options().create(true).append(true).open(&log).expect("a log");
        let begin = file.metadata().expect("a log").len();
        let mut command = self.program(&self.wrapper);
        command.arg("serve").stdout(file.try_clone().expect("a log")).stderr(file);
        let child = command.spawn().expect("the program starts");
        // From here on it ends with this value.
        let mut own = Daemon { child, log, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let end = Instant::now() + START_DEADLINE;
        loop {
            if let Some(address) = own.announced(begin) {
                own.address = address;
                break;
            }
            let ended = own.child.try_wait().expect("a child");
            assert!(ended.is_none() && Instant::now() < end, "it did not start: {ended:?}");
            thread::sleep(Duration::from_millis(5));
        }
        own.client().get("/v1/health");
        own
    }
}

impl Daemon {
    /// The address that it printed, in what it logged since this start.
    fn announced(&self, begin: u64) -> Option<SocketAddr> {
        let text = self.log_from(begin);
        let (_, rest) = text.split_once("listens on http://")?;
        rest.split_once('\n')?.0.trim().parse().ok()
    }

    fn log_from(&self, begin: u64) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let begin = usize::try_from(begin).expect("a small log");
        String::from_utf8_lossy(bytes.get(begin..).unwrap_or_default()).into_owned()
    }

    /// Everything that was logged in its place, by earlier ones too.
    pub(crate) fn log(&self) -> String {
        self.log_from(0)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Somebody who may do everything.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address, Some(KEY))
    }

    pub(crate) fn client_with(&self, bearer: &str) -> Client {
        Client::new(self.address, Some(bearer))
    }

    /// Ends it between two instructions.
    pub(crate) fn kill9(mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("a child");
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-s", "TERM", &self.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Lets no file of it grow beyond so many bytes.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let limit = format!("--fsize={bytes}:unlimited");
        let status = Command::new("prlimit").args(["--pid", &self.id().to_string(), &limit]).status();
        assert!(status.expect("prlimit runs").success());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, patience: Duration) -> ExitStatus {
        let end = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < end, "it did not end within {patience:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines.get(lines.len().saturating_sub(25)..).unwrap_or_default().join("\n");
            let _ = writeln!(std::io::stderr(), "the daemon's log ends with\n{end}");
        }
    }
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, patience: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + patience;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {patience:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A call without a cost.
pub(crate) fn call(agent: &str, tool: &str) -> Value {
    json!({ "agentId": agent, "toolName": tool, "toolInput": {} })
}

/// A call that costs a cent.
pub(crate) fn cent(agent: &str) -> Value {
    json!({ "agentId": agent, "toolName": "pay", "toolInput": {}, "cost": { "usd": "0.01" } })
}
