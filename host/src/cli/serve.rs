//! `sentinel serve`: configuration, start, listen, serve, drain.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use anyhow::Context as _;
use sentinel::app::{App, Started};
use sentinel::auth::AuthConfig;
use sentinel::config::{self, Config, LogFormat, ServeArgs};
use sentinel::http;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::{Context, Exit, page};

/// Stack of the threads that decide, in bytes: the guest's 512 KiB and ours.
const WORKER_STACK_BYTES: usize = 4 << 20;

/// Exit code of a daemon that was told twice to stop: as of a process that a signal ended.
const CUT_OFF: i32 = 130;

/// Run the daemon: decisions with budgets, a ledger, and an HTTP API
///
/// Settings come from flags, then the environment, then the file of --config. SIGTERM and SIGINT
/// stop it in order: what runs is finished and recorded, within the drain timeout. A second one ends
/// it at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    serve: ServeArgs,
}

pub(crate) fn run(args: &Args, _context: &Context) -> anyhow::Result<Exit> {
    let config = config::load(&args.serve)?;
    log(&config)?;
    for warning in &config.warnings {
        page::note(&format!("warning: {warning}"));
    }
    let (listen, drain) = (config.listen, config.drain_timeout);
    // Not on a thread of the runtime: some stores block.
    let started = App::start(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(WORKER_STACK_BYTES)
        .build()
        .context("the runtime could not be started")?;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("`{listen}` cannot be listened on: choose another with --port or --bind")
        })?;
        // Before anybody hears of us, and one for both: a signal is lost where nobody listens yet.
        let mut asked = Asked::listen()?;
        greet(&started, listener.local_addr()?);
        let stop = async move {
            asked.next().await;
            page::note("stopping: what runs is finished first; once more ends it at once");
            tokio::spawn(async move {
                asked.next().await;
                // What was answered is durable; what was not is not permitted.
                std::process::exit(CUT_OFF);
            });
        };
        http::serve(Arc::clone(&started.app), listener, stop).await?;
        anyhow::Ok(())
    });
    runtime.shutdown_timeout(drain);
    started.stop().context("the end could not be recorded")?;
    served?;
    page::note("stopped; everything that was answered is on record");
    Ok(Exit::Ok)
}

fn log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .with_context(|| format!("`{}` is no log filter: try `info`", config.log_filter.escape_debug()))?;
    // A log that takes nothing, as on a full disk, must not end the thread that writes to it.
    let lines =
        tracing_subscriber::fmt().log_internal_errors(false).with_env_filter(filter).with_writer(io::stderr);
    match config.log_format {
        LogFormat::Text => lines.with_target(false).with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

/// What somebody needs who just started it.
fn greet(started: &Started, listen: std::net::SocketAddr) {
    let app = &started.app;
    let config = &app.config;
    let store = match app.readers.store_name() {
        "sqlite" => format!("{} (SQLite)", config.home.display()),
        "postgres" => "PostgreSQL".to_owned(),
        other => format!("{other}: gone at the end"),
    };
    page::note(&format!("sentinel {} listens on http://{listen}", env!("CARGO_PKG_VERSION")));
    page::note(&format!("  data         {store}"));
    page::note(&format!("  ledger key   {}", app.signer.verifying_key()));
    let documents = config.definitions_dir.display();
    page::note(&format!("  policies     {} governing, from {documents}", app.catalog.count()));
    let note = if config.environment_is_set { "" } else { " (SOE_ENVIRONMENT is not set)" };
    page::note(&format!("  environment  {}{note}", config.environment));
    if let Some(mode) = config.mode {
        page::note(&format!("  mode         {}", sentinel::settings::mode_word(mode)));
    }
    if matches!(config.auth, AuthConfig::Disabled) {
        page::note("  AUTHENTICATION IS DISABLED: everybody on this machine may do everything");
    }
    if let Some(key) = &started.first_key {
        page::note("  first API key, shown this once; it may do everything:");
        page::note(&format!("    {}", key.expose()));
    }
}

/// The signals that end the daemon in order.
struct Asked {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Asked {
    fn listen() -> anyhow::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let listen = |kind| signal(kind).context("signals could not be listened for");
            Ok(Self {
                interrupt: listen(SignalKind::interrupt())?,
                terminate: listen(SignalKind::terminate())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        // Without a handler the default one ends the process, which is what was asked for.
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
