//! `sentinel mcp`: stands between a client of the Model Context Protocol and a server of tools.
//!
//! Standard output belongs to the protocol. What happens is told on standard error.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::{Url, redirect};
use sentinel::engine::{Engine, Session};
use sentinel::mcp::{Daemon, Gate, Judge, Place, ServerName, Told, http, stdio};
use sentinel::policy_file::PolicyFile;
use serde::Serialize;
use tokio::net::TcpListener;

use super::approvals::client::{self, TOKEN_VARIABLE};
use super::page::{note, printable};
use super::{Context, Exit};

/// Time to connect to a server at an address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Characters of a reason on a terminal.
const REASON_CHARS_MAX: usize = 500;

const AFTER_HELP: &str = "\
Examples:
  sentinel mcp --policy agent.soe.yaml --server files -- mcp-server-filesystem /home/me/project
  sentinel mcp --daemon http://127.0.0.1:3100 --agent coder --server files -- mcp-server-filesystem .
  sentinel mcp --policy agent.soe.yaml --server search --listen 127.0.0.1:8808 \\
      --upstream https://search.example/mcp

Put it into the client's configuration in place of the server's own command. The tools of the server are
named mcp__NAME__TOOL in policies, with the NAME of --server. With --policy, meters count for as long as
this runs and nobody can be asked; with --daemon, budgets, approvals and the ledger hold.

The credential for the daemon comes from SENTINEL_TOKEN or a file, never from an argument, which everybody
on the machine could read. The server's program does not get it.

Exit code: that of the server's program; 1 if it could not be started.";

/// Decide every call of a tool of an MCP server, before the server sees it
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Policy document
    #[arg(long, value_name = "FILE", required_unless_present = "daemon", conflicts_with = "daemon")]
    policy: Option<PathBuf>,
    /// Daemon that decides, and whose policy it is
    #[arg(long, value_name = "URL", requires = "agent")]
    daemon: Option<String>,
    /// File with a token or an API key for the daemon [default: the variable SENTINEL_TOKEN]
    #[arg(long, value_name = "FILE", requires = "daemon")]
    token_file: Option<PathBuf>,
    /// Who calls; by default whom the policy governs
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Session that the daemon minted, for all calls
    #[arg(long, value_name = "ID", requires = "daemon")]
    session: Option<String>,
    /// Name of the server, as in mcp__NAME__TOOL
    #[arg(long, value_name = "NAME")]
    server: ServerName,
    /// Directory that relative patterns of the policy speak of; by default the current one
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Serve streamable HTTP here, in front of --upstream; the port may be 0
    #[arg(long, value_name = "ADDRESS:PORT", requires = "upstream", conflicts_with = "command")]
    listen: Option<SocketAddr>,
    /// Endpoint of the server
    #[arg(long, value_name = "URL", requires = "listen")]
    upstream: Option<String>,
    /// Origin of pages that may ask, beside those of this machine; may be repeated
    #[arg(long, value_name = "ORIGIN", requires = "listen")]
    allow_origin: Vec<String>,
    /// Tell every decision on standard error, as a line of JSON
    #[arg(long)]
    json: bool,
    /// The server's program and its arguments
    #[arg(last = true, value_name = "COMMAND", required_unless_present = "listen")]
    command: Vec<OsString>,
}

pub(crate) fn run(args: Args, context: &Context) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let ran = runtime.context("the runtime could not be started").and_then(|runtime| {
        let ran = runtime.block_on(proxy(args, context));
        // Somebody may still be reading our input, for ever.
        runtime.shutdown_background();
        ran
    });
    ran.unwrap_or_else(|error| {
        note(&format!("error: {error:#}"));
        Exit::Error.into()
    })
}

async fn proxy(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let engine = Engine::embedded()?;
    let (session, judge) = decider(&args, engine).await?;
    let workspace = args.workspace.map(std::path::absolute).transpose().context("--workspace is no path")?;
    let place = Place {
        server: args.server,
        agent: args.agent,
        session: args.session,
        workspace,
        policy: args.policy,
        settings: context.settings.clone(),
    };
    let is_json = args.json;
    let gate = Arc::new(Gate::new(session, place, judge, move |told| tell(told, is_json)));
    match (args.listen, args.upstream) {
        (Some(listen), Some(upstream)) => {
            let url = client::server(&upstream, "--upstream")?;
            let origins = origins(args.allow_origin)?;
            serve(gate, listen, url, origins).await?;
            Ok(ExitCode::SUCCESS)
        }
        (None, _) | (_, None) => start(&gate, &args.command).await,
    }
}

/// Who decides, and the policy that says which tools are shown.
async fn decider(args: &Args, engine: Engine) -> anyhow::Result<(Session, Judge)> {
    if let Some(path) = &args.policy {
        let session = PolicyFile::read(path)?.open(&engine)?;
        let agent = args.agent.as_deref().unwrap_or(session.agent_id()).to_owned();
        return Ok((session, Judge::policy(agent)));
    }
    let (Some(daemon), Some(agent)) = (&args.daemon, &args.agent) else {
        bail!("name who decides: --policy FILE, or --daemon URL and --agent ID");
    };
    let base = client::server(daemon, "--daemon")?;
    let credential = client::credential(args.token_file.as_deref())?;
    if credential.is_some() && base.scheme() == "http" && !client::is_here(&base) {
        note(
            "warning: the daemon is asked without encryption: whoever is on the way reads the credential; use https",
        );
    }
    let daemon = Daemon::new(engine, asking(&base)?, base, agent.clone(), credential);
    let session = daemon.newer_policy().await?;
    let session = session.with_context(|| format!("the daemon has no policy for agent `{agent}`"))?;
    Ok((session, Judge::Daemon(Box::new(daemon))))
}

/// Asks one server, and follows it nowhere.
fn asking(base: &Url) -> anyhow::Result<reqwest::Client> {
    let mut http = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .tls_backend_preconfigured(client::tls()?);
    if client::is_here(base) {
        http = http.no_proxy();
    }
    http.build().context("the HTTP client could not be started")
}

async fn start(gate: &Arc<Gate>, command: &[OsString]) -> anyhow::Result<ExitCode> {
    let Some((program, arguments)) = command.split_first() else {
        bail!("name the server's program after `--`");
    };
    let mut server = tokio::process::Command::new(program);
    server.args(arguments).env_remove(TOKEN_VARIABLE);
    let code = stdio::run(gate, server, asked_to_stop()).await;
    let shown = program.to_string_lossy();
    let code = code.with_context(|| format!("the server `{shown}` could not be run: is it on PATH?"))?;
    Ok(ExitCode::from(code))
}

async fn serve(
    gate: Arc<Gate>,
    listen: SocketAddr,
    url: Url,
    origins: BTreeSet<String>,
) -> anyhow::Result<()> {
    ensure!(
        http::is_loopback(&listen),
        "`{listen}` is reached by others, and nobody is authenticated here: listen on 127.0.0.1 or [::1]"
    );
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("`{listen}` cannot be listened on"))?;
    let address = listener.local_addr()?;
    note(&format!("sentinel mcp listens on http://{address}{}", url.path()));
    let upstream = http::Upstream { gate, http: asking(&url)?, url, origins };
    http::serve(upstream, listener, asked_to_stop()).await?;
    Ok(())
}

fn origins(given: Vec<String>) -> anyhow::Result<BTreeSet<String>> {
    for origin in &given {
        let url = Url::parse(origin).ok().filter(|url| url.origin().ascii_serialization() == *origin);
        ensure!(url.is_some(), "`{origin}` is no origin: use one such as `https://app.example`");
    }
    Ok(given.into_iter().collect())
}

/// A decision, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    decision: &'a str,
    permitted: bool,
    tool_name: &'a str,
    code: &'a str,
    reason: &'a str,
    verdict_id: Option<&'a str>,
}

fn tell(told: &Told<'_>, is_json: bool) {
    let Told { decision, permitted, tool, code, reason, verdict_id } = *told;
    if is_json {
        let line = Line { decision, permitted, tool_name: tool, code, reason, verdict_id };
        note(&serde_json::to_string(&line).unwrap_or_default());
    } else if !permitted {
        let reason = printable(reason, REASON_CHARS_MAX);
        note(&format!("sentinel mcp: {decision} {}({code}): {reason}", shown(tool)));
    }
}

fn shown(tool: &str) -> String {
    if tool.is_empty() { String::new() } else { format!("{} ", printable(tool, 120)) }
}

/// Waits for a signal that ends us in order.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = signals.map(signal) else {
        // Without handlers the default ones end the process, which is what would be asked for.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
}
