//! A real PostgreSQL for tests: a private cluster on a free port, gone when the test ends.
//!
//! `fsync` stays on, so that a test sees the durability that a daemon gets. It knows nothing of
//! Sentinel. Suites of other crates take this file and `port.rs` by their paths.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::port::Port;

/// How long a cluster may take to start. It takes a second, and several on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How long it may take to stop in order.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

const INSTALL: &str = "PostgreSQL is missing; install it with: apt-get install postgresql";

/// Waits until its input ends, which it does with this process, however that ends. Then stops the
/// server and removes the directory; where there is a file `keep`, only the data.
const GUARD: &str = r#"
trap "" INT TERM HUP
cat > /dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid"
while kill -0 "$pid" 2> /dev/null; do sleep 0.05; done
rm -rf "$1/data"
[ -e "$1/keep" ] || rm -rf "$1"
"#;

/// A cluster of its own.
#[derive(Debug)]
pub struct Postgres {
    directory: PathBuf,
    bin: PathBuf,
    port: Port,
    server: Option<Child>,
    guard: Child,
}

impl Postgres {
    /// Makes a cluster and starts it. A machine without PostgreSQL fails here, with what to do.
    pub fn start() -> Self {
        let bin = binaries();
        let directory =
            tempfile::Builder::new().prefix("sentinel-pg-").tempdir().expect("a directory").keep();
        // The server refuses to be root, so its own user has to come here.
        if is_root() {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(&directory, mode).expect("a directory that others may enter");
            succeed(Command::new("chown").arg("postgres").arg(&directory));
        }
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        succeed(as_server(&bin.join("initdb")).arg("--pgdata").arg(directory.join("data")).args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]));
        let mut own = Self { directory, bin, port: Port::take(), server: None, guard };
        own.restart();
        own
    }

    /// The cluster that all tests of this process share, made at the first call.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Postgres> = LazyLock::new(|| {
            let own = Postgres::start();
            let directory = own.directory.clone();
            // Nobody drops it, so a failure is told when it happens.
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                keep_log(&directory);
                before(info);
            }));
            own
        });
        &SHARED
    }

    /// The address of the database that every cluster has.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Makes an empty database, and returns its address.
    pub fn database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.psql(&self.url(), &format!("CREATE DATABASE {name}"));
        self.url_of(&name)
    }

    /// Runs SQL by `psql`, and returns what it prints: values without decoration.
    pub fn psql(&self, url: &str, sql: &str) -> String {
        self.try_psql(url, sql).unwrap_or_else(|error| panic!("`{sql}`: {error}"))
    }

    /// Like [`Self::psql`], for SQL that may fail: then it returns the message.
    ///
    /// # Errors
    ///
    /// Where the SQL fails.
    pub fn try_psql(&self, url: &str, sql: &str) -> Result<String, String> {
        let output = Command::new(self.bin.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--command", sql, url])
            .stdin(Stdio::null())
            .output()
            .expect("psql runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The directory of the server's data. It belongs to the server's user.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Adds a line to the configuration, for the next start.
    pub fn configure(&self, line: &str) {
        let file = File::options().append(true).open(self.data().join("postgresql.conf"));
        writeln!(file.expect("a configuration"), "{line}").expect("a longer configuration");
    }

    /// Stops the server, whoever is connected. The data stays.
    pub fn stop(&mut self) {
        // The fast way: it ends all sessions and writes everything down.
        self.end("INT");
    }

    /// Ends the server without a word to anybody. The next start has to recover.
    pub fn crash(&mut self) {
        self.end("QUIT");
    }

    /// Starts the server again, at the same address.
    pub fn restart(&mut self) {
        self.stop();
        let log = File::options().create(true).append(true).open(self.directory.join("log")).expect("a log");
        let mut command = as_server(&self.bin.join("postgres"));
        command.arg("-D").arg(self.data()).args(["-p", &self.port.number().to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "fsync=on", "max_connections=200"] {
            command.args(["-c", setting]);
        }
        command.arg("-c").arg(format!("unix_socket_directories={}", self.directory.display()));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        self.server = Some(command.spawn().expect("postgres starts"));
        let end = Instant::now() + START_DEADLINE;
        while let Err(error) = self.try_psql(&self.url(), "SELECT 1") {
            let is_running = matches!(self.server.as_mut().map(Child::try_wait), Some(Ok(None)));
            assert!(is_running && Instant::now() < end, "PostgreSQL did not start: {error}");
            thread::sleep(Duration::from_millis(30));
        }
    }

    fn end(&mut self, signal: &str) {
        let Some(mut server) = self.server.take() else { return };
        succeed(Command::new("kill").args(["-s", signal, &server.id().to_string()]));
        let end = Instant::now() + STOP_DEADLINE;
        while matches!(server.try_wait(), Ok(None)) {
            assert!(Instant::now() < end, "PostgreSQL did not stop within {STOP_DEADLINE:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port.number())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if thread::panicking() {
            keep_log(&self.directory);
        }
        drop(self.guard.stdin.take());
        // The server is our child: it stays a zombie until somebody asks for it.
        let _ = self.server.take().map(|mut server| server.wait());
        let _ = self.guard.wait();
    }
}

/// Says where the log is and how it ends, and tells the guard to leave it.
fn keep_log(directory: &Path) {
    let path = directory.join("log");
    let _ = File::create(directory.join("keep"));
    let text = fs::read_to_string(&path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n");
    let _ = writeln!(std::io::stderr(), "the log of PostgreSQL, {}, ends with\n{end}", path.display());
}

/// A program as the user of the server.
fn as_server(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").env("LC_ALL", "C");
    command
}

/// Where the programs of the server are. Debian keeps them off `PATH`.
fn binaries() -> PathBuf {
    let told = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output();
    let told = told.ok().map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    // The newest first: 9.6 is the only version whose name sorts wrong, and too old for anybody.
    found.sort();
    found.reverse();
    let mut places = told.into_iter().chain(found);
    places.find(|bin| bin.join("initdb").exists()).unwrap_or_else(|| panic!("{INSTALL}"))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.trim_ascii() == b"0"
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
