//! A daemon on a free port, and a client that sends exactly what it is told to.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sentinel::app::{App, Started};
use sentinel::auth::jwt::{Claims, mint_jwt};
use sentinel::auth::setup::JwtSecret;
use sentinel::auth::{AgentScope, Role, RoleSet, Secret};
use sentinel::config::{Inputs, ServeArgs, read};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// May do everything.
pub(crate) const KEY: &str = "a-key-that-somebody-made-up";

pub(crate) const SECRET: &str = "the secret of these tests has more than 32 bytes";

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The policy of the SOE API's examples.
pub(crate) const POLICY: &str = r#"{
  "agentId": "my-agent",
  "version": "1.0.0",
  "identity": { "role": "DevOps", "authorityLevel": "limited-ops", "environmentScope": ["development", "uat"] },
  "dataAccess": { "readAllow": ["src/**"], "readDeny": ["**/.env*"], "writeAllow": ["src/**"] },
  "toolActions": { "allowed": ["search_code", "pay"], "bash": { "allow": ["npm test"], "deny": ["rm -rf *"] } },
  "riskBudget": { "maxPerSession": 50 },
  "budgets": [{ "name": "shop", "limit": "1.00", "per": "lifetime", "tools": ["pay"] }]
}"#;

/// A daemon, and everything that ends with it.
pub(crate) struct Daemon {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    runtime: Option<Runtime>,
    started: Option<Started>,
    dir: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// The body as it came, where it is no text.
    pub(crate) bytes: Vec<u8>,
}

impl Daemon {
    /// With a key and tokens.
    pub(crate) fn start() -> Self {
        Self::with(&[("SOE_API_KEY", KEY), ("SOE_JWT_SECRET", SECRET)])
    }

    /// With these settings, and a store of its own.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let (home, definitions) = (path("home"), path("definitions"));
        std::fs::create_dir(&definitions).unwrap();
        let own = [("SENTINEL_HOME", home.as_str()), ("SOE_DEFINITIONS_DIR", &definitions)];
        let environment: Vec<(OsString, OsString)> =
            own.iter().chain(settings).map(|(name, value)| (name.into(), value.into())).collect();
        let config = read(Inputs {
            args: &ServeArgs::default(),
            environment: &environment,
            file: None,
            cores: NonZeroUsize::new(2).unwrap(),
        })
        .unwrap();
        let started = App::start(config).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let app = Arc::clone(&started.app);
        let serving = runtime.spawn(sentinel::http::serve(Arc::clone(&app), listener, async {
            let _ = stopped.await;
        }));
        Self {
            app,
            address,
            stop: Some(stop),
            serving: Some(serving),
            runtime: Some(runtime),
            started: Some(started),
            dir,
        }
    }

    /// Where it keeps what it keeps.
    pub(crate) fn home(&self) -> std::path::PathBuf {
        self.dir.path().join("home")
    }

    /// With the policy of [`POLICY`].
    pub(crate) fn governed() -> Self {
        let daemon = Self::start();
        daemon.deploy(POLICY);
        daemon
    }

    pub(crate) fn deploy(&self, policy: &str) {
        let reply = self.post("/v1/deploy", &format!("{{\"soe\":{policy}}}"));
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// Asks as somebody who may do everything.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[("authorization", &format!("Bearer {KEY}"))], None)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.post_with(path, &[], body)
    }

    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let bearer = format!("Bearer {KEY}");
        let own = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let headers: Vec<_> = own.iter().chain(headers).copied().collect();
        self.ask("POST", path, &headers, Some(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path, &[("authorization", &format!("Bearer {KEY}"))], None)
    }

    /// Asks as whoever holds a token.
    pub(crate) fn ask_as(&self, token: &str, method: &str, path: &str, body: Option<&str>) -> Reply {
        self.ask(method, path, &[("authorization", &format!("Bearer {token}"))], body)
    }

    /// Asks with these headers and no others but those of the protocol.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Reply {
        let mut stream = self.connect();
        write_request(&mut stream, method, path, headers, body);
        // It may answer, and close, before it has read everything.
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        parse(&bytes).unwrap_or_else(|| panic!("{method} {path}: no answer"))
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Stops in order, and says whether that went well.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let (Some(runtime), Some(serving)) = (self.runtime.take(), self.serving.take()) {
            let served = runtime.block_on(async { tokio::time::timeout(PATIENCE, serving).await });
            served.unwrap().unwrap().unwrap();
        }
        if let Some(started) = self.started.take() {
            started.stop().unwrap();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        } else if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }
}

pub(crate) fn write_request(
    stream: &mut TcpStream,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) {
    let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        text.push_str("host: localhost\r\n");
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    // A refusal may come, and the connection go, before all of it is written.
    let _ = stream.write_all(text.as_bytes());
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let bytes = bytes[end + 4..].to_vec();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = if head.contains("transfer-encoding: chunked") { unchunked(&text) } else { text };
    Some(Reply { status: head.split(' ').nth(1)?.parse().ok()?, head, body, bytes })
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&after[..size.min(after.len())]);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    body
}

/// A token for an hour.
pub(crate) fn token(roles: &[Role], agent: &str) -> String {
    token_of("somebody", roles, agent)
}

/// The same, for somebody in particular.
pub(crate) fn token_of(subject: &str, roles: &[Role], agent: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let claims = Claims {
        subject: subject.to_owned(),
        roles: RoleSet::from_iter(roles.iter().copied()),
        agent: agent.parse::<AgentScope>().unwrap(),
        issuer: "sentinel".to_owned(),
        audiences: vec!["sentinel".to_owned()],
        issued_at: now,
        expires_at: now + 3600,
        not_before: None,
    };
    mint_jwt(&JwtSecret::new(Secret::new(SECRET)).unwrap(), &claims).unwrap().expose().to_owned()
}
