//! `sentinel compose`: a compose file around somebody's agent.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use sentinel::sidecar::compose::Compose;
use sentinel::sidecar::{AGENT_UID, Daemon, FILTER, IMAGE, PROXY_UID};

use super::sidecar::Wants;
use super::{Context, Exit, output};

/// Print a compose file in which a proxy is the agent's only way out
///
/// `sentinel compose --soe FILE IMAGE | docker compose -f - up`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    around: Around,
    /// Where people reach the file's own daemon, for its dashboard and to answer its questions, such as
    /// 127.0.0.1:3100 [default: nowhere but inside of its container]
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "api_url")]
    publish: Option<SocketAddr>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// An agent, and what it gets around it.
#[derive(Debug, clap::Args)]
pub(super) struct Around {
    /// Policy of the agent, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) soe: PathBuf,
    /// Daemon that has the policy, counts and records [default: see below]
    #[arg(long, value_name = "URL")]
    pub(super) api_url: Option<String>,
    /// Key or token for the daemon, to be written into what is printed
    #[arg(long, value_name = "TOKEN", requires = "api_url")]
    pub(super) token: Option<String>,
    #[command(flatten)]
    pub(super) wants: Wants,
    /// User and group of the agent
    #[arg(long, value_name = "UID:GID", default_value_t = format!("{AGENT_UID}:{AGENT_UID}"))]
    user: String,
    /// Image with Envoy, the filter, nft and this program
    #[arg(long, value_name = "IMAGE", default_value = IMAGE)]
    pub(super) sidecar_image: String,
    /// Image of the agent
    #[arg(value_name = "IMAGE")]
    pub(super) image: String,
    /// What to run in it, if not what it says itself
    #[arg(last = true, value_name = "ARGUMENT")]
    pub(super) command: Vec<String>,
}

impl Around {
    pub(super) fn daemon(&self) -> anyhow::Result<Option<Daemon>> {
        let daemon = self.api_url.as_deref().map(|url| Daemon::new(url, self.token.as_deref()));
        Ok(daemon.transpose()?)
    }

    /// The agent is told from the proxy by its uid, so it must not have the proxy's.
    pub(super) fn user(&self) -> anyhow::Result<(u32, u32)> {
        let (user, group) = self.user.split_once(':').unwrap_or((&self.user, &self.user));
        let read = |text: &str| text.parse::<u32>();
        let (user, group) = read(user)
            .and_then(|user| Ok((user, read(group)?)))
            .with_context(|| format!("`{}` is no user: write UID:GID, in numbers", self.user))?;
        ensure!(user != PROXY_UID, "{PROXY_UID} is the proxy: give the agent another uid");
        ensure!(
            user != 0,
            "an agent that is root can load rules of its own in some runtimes: give it another uid"
        );
        Ok((user, group))
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let around = &args.around;
    let sidecar = around.wants.sidecar(&around.soe, around.daemon()?, Path::new(FILTER), context)?;
    let compose = Compose {
        sidecar: &sidecar,
        agent: &around.image,
        command: &around.command,
        user: around.user()?,
        image: &around.sidecar_image,
        publish: args.publish,
    };
    let text = compose.render().context("a template lost a section")?;
    output::write(args.output.as_deref(), &text, context)?;
    Ok(Exit::Ok)
}
