//! `sentinel sidecar`: starts Envoy as the only way out of an agent, configured by the environment as
//! the sidecars of the seeds are; and what `compose` and `kube` are told about a sidecar.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{ArgAction, ValueEnum};
use sentinel::engine::Engine;
use sentinel::policy_file::PolicyFile;
use sentinel::sidecar::bootstrap::{Place, bootstrap};
use sentinel::sidecar::{
    ADMIN_SOCKET, Daemon, Document, FILTER, HEALTH_PORT, Https, Network, PROXY_PORT, Record, Sidecar,
};

use super::{Context, Exit, page};

/// How long `--ready` waits for an answer.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// The word for closed, the only thing that a sidecar can be.
const CLOSED: &str = "closed";

/// Start Envoy as the only way out of an agent
///
/// Replaces itself with Envoy. The firewall that makes it the only way is `sentinel compose`'s,
/// `sentinel kube`'s or somebody's own.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy of the agent, as JSON [default: AGENT.soe.json in the definitions directory]
    #[arg(long, value_name = "FILE")]
    soe: Option<PathBuf>,
    /// Whose sidecar it is
    #[arg(long, env = "SOE_AGENT_ID", value_name = "AGENT")]
    agent_id: Option<String>,
    /// The same
    #[arg(long, env = "SOE_APP_ID", value_name = "AGENT", hide = true)]
    app_id: Option<String>,
    /// Directory of the policies
    #[arg(long, env = "SOE_DEFINITIONS_DIR", value_name = "DIR", default_value = sentinel::sidecar::DEFINITIONS)]
    definitions_dir: PathBuf,
    /// Daemon that has the policy, counts and records [default: none, the policy of the file decides]
    #[arg(long, env = "SOE_API_URL", value_name = "URL")]
    api_url: Option<String>,
    /// Key or token for the daemon
    #[arg(long, env = "SOE_API_KEY", value_name = "KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// The same
    #[arg(long, env = "SOE_API_TOKEN", value_name = "TOKEN", hide_env_values = true, hide = true)]
    token: Option<String>,
    /// File with the key, which the agent cannot read
    #[arg(long, env = "SOE_API_KEY_FILE", value_name = "FILE", conflicts_with_all = ["api_key", "token"])]
    api_key_file: Option<PathBuf>,
    #[command(flatten)]
    wants: Wants,
    /// Address that the agent's connections arrive at
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::from(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Address of `/healthz` and `/metrics`
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::from(Ipv4Addr::LOCALHOST))]
    health_address: IpAddr,
    /// Socket of Envoy's administration, in a directory that the agent cannot enter
    #[arg(long, value_name = "FILE", default_value = ADMIN_SOCKET)]
    admin_socket: PathBuf,
    /// The built filter
    #[arg(long, value_name = "FILE", default_value = FILTER)]
    filter: PathBuf,
    /// Envoy 1.40
    #[arg(long, value_name = "PROGRAM", default_value = "envoy")]
    envoy: PathBuf,
    /// What happens when the filter fails: `closed`, there is nothing else
    #[arg(long, env = "SOE_CIRCUIT_BREAKER_FAIL_MODE", value_name = "MODE", default_value = CLOSED, hide = true)]
    fail_mode: String,
    /// Whether the agent's connections are redirected: there is nothing else that restricts anybody
    #[arg(long, env = "SOE_TRANSPARENT", value_name = "BOOL", default_value_t = true, action = ArgAction::Set, hide = true)]
    transparent: bool,
    /// Print Envoy's bootstrap and start nothing
    #[arg(long)]
    print: bool,
    /// Ask a running sidecar whether it is ready; exits with 1 if not
    #[arg(long, conflicts_with = "print")]
    ready: bool,
    /// Arguments for Envoy, as `--concurrency 2`
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

/// What every sidecar may be told.
#[derive(Debug, clap::Args)]
pub(super) struct Wants {
    /// What becomes of TLS [default: `transport.httpsInspection` of the policy, or refuse]
    #[arg(long, env = "SENTINEL_HTTPS", value_enum, value_name = "MODE")]
    https: Option<HttpsWord>,
    /// Which of the proxy's own verdicts the daemon records [default: all]
    #[arg(long, env = "SENTINEL_RECORD", value_enum, value_name = "WHICH")]
    record: Option<RecordWord>,
    /// Network that is not public and may be reached where the policy allows it
    #[arg(long, env = "SENTINEL_ALLOW_PRIVATE", value_name = "NETWORK", value_delimiter = ',')]
    pub(super) allow_private: Vec<Network>,
    /// Port that the agent's connections arrive at
    #[arg(long, env = "SOE_PROXY_PORT", value_name = "PORT", default_value_t = PROXY_PORT)]
    proxy_port: u16,
    /// Port of `/healthz` and `/metrics`
    #[arg(long, env = "SOE_HEALTH_PORT", value_name = "PORT", default_value_t = HEALTH_PORT)]
    health_port: u16,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HttpsWord {
    /// The agent's TLS is refused
    Refuse,
    /// The agent's TLS is passed on, unseen, to names in `transport.tlsPassthrough`
    SniOnly,
    /// Plain HTTP of the agent goes out over TLS
    TlsOrigination,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RecordWord {
    /// All, and what is permitted before it leaves: the daemon decides every request
    Durable,
    /// All, soon after
    All,
    /// What is not permitted
    Denied,
}

impl Wants {
    /// A sidecar with the policy of a file.
    pub(super) fn sidecar(
        &self,
        soe: &Path,
        daemon: Option<Daemon>,
        filter: &Path,
        context: &Context,
    ) -> anyhow::Result<Sidecar> {
        let file = PolicyFile::read(soe)?;
        let (name, text) = (file.name.clone(), file.text.clone());
        let session = file.open(&Engine::embedded()?)?;
        let document = Document::new(&name, session.describe(), text)?;
        let https = self.https.map_or_else(|| document.https(), HttpsWord::into_https);
        let withheld = document.withheld();
        if https != Https::Refuse && !withheld.is_empty() {
            let names = withheld.join("`, `");
            page::note(&format!(
                "warning: TLS to `{names}` is refused: the policy denies it, or a name below it"
            ));
        }
        ensure!(
            https != Https::SniOnly || !document.passthrough().is_empty(),
            "sni-only passes nothing on: list names in `transport.tlsPassthrough` of `{name}`"
        );
        ensure!(
            self.proxy_port != self.health_port && self.proxy_port != 0 && self.health_port != 0,
            "proxy and health need a port each"
        );
        let settings = &context.settings;
        Ok(Sidecar {
            document,
            daemon,
            environment: settings.environment_is_set.then(|| settings.environment.clone()),
            mode: settings.mode,
            record: self.record.map(RecordWord::into_record),
            https,
            allow_private: self.allow_private.clone(),
            proxy_port: self.proxy_port,
            health_port: self.health_port,
            filter: filter.to_owned(),
        })
    }
}

/// Records need somebody who keeps them.
pub(super) fn check_record(sidecar: &Sidecar) -> anyhow::Result<()> {
    ensure!(
        sidecar.record.is_none() || sidecar.daemon.is_some(),
        "`--record` needs a daemon, which keeps the records: give its address with `--api-url`"
    );
    Ok(())
}

impl RecordWord {
    const fn into_record(self) -> Record {
        match self {
            Self::Durable => Record::Durable,
            Self::All => Record::All,
            Self::Denied => Record::Denied,
        }
    }
}

impl HttpsWord {
    const fn into_https(self) -> Https {
        match self {
            Self::Refuse => Https::Refuse,
            Self::SniOnly => Https::SniOnly,
            Self::TlsOrigination => Https::TlsOrigination,
        }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    if args.ready {
        return ready(SocketAddr::new(args.health_address, args.wants.health_port));
    }
    ensure!(
        args.fail_mode == CLOSED,
        "SOE_CIRCUIT_BREAKER_FAIL_MODE is `{}`: a sidecar fails closed",
        args.fail_mode
    );
    ensure!(args.transparent, "SOE_TRANSPARENT is false: variables alone would restrict nobody");
    let daemon = match args.api_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => Some(Daemon::new(url, Some(&args.key()?))?),
        None => None,
    };
    let sidecar = args.wants.sidecar(&args.policy()?, daemon, &args.filter, context)?;
    check_record(&sidecar)?;
    let own = sidecar.document.agent_id();
    if let Some(agent_id) = args.agent() {
        ensure!(agent_id == own, "the policy is `{own}`'s, and the sidecar `{agent_id}`'s");
    }
    let place = Place {
        listen: args.listen,
        health: args.health_address,
        admin: args.admin_socket.display().to_string(),
    };
    let text = bootstrap(&sidecar, &place).context("the bootstrap's template lost a section")?;
    if args.print {
        let mut out = context.page.out();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        return Ok(Exit::Ok);
    }
    Err(start(args, &text))
}

impl Args {
    fn agent(&self) -> Option<&str> {
        self.agent_id.as_deref().or(self.app_id.as_deref()).filter(|agent| !agent.is_empty())
    }

    /// The key for the daemon.
    fn key(&self) -> anyhow::Result<String> {
        if let Some(file) = &self.api_key_file {
            let text = fs::read_to_string(file)
                .with_context(|| format!("the key in `{}` cannot be read", file.display()))?;
            return Ok(text.trim_end().to_owned());
        }
        let key = self.api_key.as_ref().or(self.token.as_ref()).filter(|key| !key.is_empty());
        key.cloned().context("the daemon needs a key: set SOE_API_KEY, SOE_API_TOKEN or SOE_API_KEY_FILE")
    }

    fn policy(&self) -> anyhow::Result<PathBuf> {
        match (&self.soe, self.agent()) {
            (Some(soe), _) => Ok(soe.clone()),
            (None, Some(agent)) => Ok(self.definitions_dir.join(format!("{agent}.soe.json"))),
            (None, None) => bail!("whose sidecar is it? give --soe FILE, or set SOE_AGENT_ID"),
        }
    }
}

/// Becomes Envoy. Returns only where that fails.
fn start(args: &Args, text: &str) -> anyhow::Error {
    let file = args.admin_socket.with_file_name("envoy.yaml");
    // The key is in it, so nobody else reads it: files of `tempfile` are their owner's.
    let written = || -> anyhow::Result<()> {
        let directory = file.parent().context("the administration's socket is in no directory")?;
        let mut new = tempfile::NamedTempFile::new_in(directory)?;
        new.write_all(text.as_bytes())?;
        new.persist(&file)?;
        // Left by an Envoy that was killed.
        match fs::remove_file(&args.admin_socket) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    };
    if let Err(error) = written() {
        return error.context(format!("`{}` cannot be written", file.display()));
    }
    let mut command = Command::new(&args.envoy);
    command
        .arg("-c")
        .arg(&file)
        .args(["--disable-hot-restart", "--log-level", "warning"])
        .args(&args.arguments);
    // What is a secret to the agent need not be in Envoy's environment, where its log could show it.
    command.env_remove("SOE_API_KEY").env_remove("SOE_API_TOKEN");
    let error = command.exec();
    anyhow!(error).context(format!("`{}` cannot be started", args.envoy.display()))
}

fn ready(address: SocketAddr) -> anyhow::Result<Exit> {
    let mut stream = TcpStream::connect_timeout(&address, READY_TIMEOUT).context("no answer")?;
    stream.set_read_timeout(Some(READY_TIMEOUT))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: health\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    ensure!(&status == b"HTTP/1.1 200", "not ready");
    Ok(Exit::Ok)
}
