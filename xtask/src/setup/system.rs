//! Programs of the system, from Debian's packages: looked for, and installed where they are missing.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::output;
use crate::run::{download, run, say};

/// A program that the tests need.
struct Tool {
    name: &'static str,
    /// What for.
    why: &'static str,
    is_there: fn() -> bool,
    /// Debian's package.
    package: &'static str,
    /// What has to be in place before that package comes.
    prepare: fn() -> Result<()>,
}

/// The differential test compares our reading of commands with this bash's.
const BASH_MAJOR_MIN: u32 = 5;

const TOOLS: &[Tool] = &[
    Tool {
        name: "bash 5 or later",
        why: "the tests compare with a real bash",
        is_there: has_bash,
        package: "bash",
        prepare: || Ok(()),
    },
    Tool {
        name: "PostgreSQL",
        why: "the tests start a database of their own",
        is_there: has_postgres,
        package: "postgresql",
        prepare: no_cluster,
    },
    Tool {
        name: "openssl",
        why: "the tests make a certificate for that database",
        is_there: || output("openssl", &["version"]).is_some(),
        package: "openssl",
        prepare: || Ok(()),
    },
    Tool {
        name: "Python 3 with venv",
        why: "schemathesis, which the tests ask the daemon with, and what verifies signatures are Python",
        is_there: || output("python3", &["-c", "import ensurepip, venv"]).is_some(),
        package: "python3-venv",
        prepare: || Ok(()),
    },
    Tool {
        name: "tmux",
        why: "the tests type on the page of `sentinel approvals`",
        is_there: || output("tmux", &["-V"]).is_some(),
        package: "tmux",
        prepare: || Ok(()),
    },
    Tool {
        name: "nft",
        why: "the tests put an agent behind a firewall",
        is_there: || output("nft", &["--version"]).is_some(),
        package: "nftables",
        prepare: || Ok(()),
    },
    Tool {
        name: "ip",
        why: "the tests give that agent a network namespace",
        is_there: || output("ip", &["-V"]).is_some(),
        package: "iproute2",
        prepare: || Ok(()),
    },
    Tool {
        name: "npm",
        why: "the tests run MCP servers and clients, and payments, of npm's packages",
        is_there: || output("npm", &["--version"]).is_some(),
        package: "npm",
        prepare: || Ok(()),
    },
    Tool {
        name: "Chromium",
        why: "the tests open pages in it",
        is_there: || output("chromium", &["--version"]).is_some(),
        package: "chromium",
        prepare: || Ok(()),
    },
];

/// Only the benchmarks need it.
const WRK: Tool = Tool {
    name: "wrk",
    why: "the benchmark of the proxy loads it",
    // Asked for its version, it says it and fails.
    is_there: || Command::new("wrk").arg("--version").output().is_ok(),
    package: "wrk",
    prepare: || Ok(()),
};

/// For whatever apt fetches.
const RETRIES: &str = "Acquire::Retries=5";

/// Where Debian keeps the server's programs, off `PATH`.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// What Debian reads before it makes and starts a cluster that nobody here needs.
const CLUSTER_CONFIGURATION: &str = "/etc/postgresql-common/createcluster.conf";

pub(super) fn ready() -> Result<()> {
    TOOLS.iter().try_for_each(ensure_tool)
}

/// What the benchmarks need beyond that.
pub(super) fn ready_for_bench() -> Result<()> {
    ensure_tool(&WRK)
}

fn ensure_tool(tool: &Tool) -> Result<()> {
    let Tool { name, why, is_there, package, prepare } = tool;
    if is_there() {
        return Ok(());
    }
    say(&format!("setup: {why}, and {name} is not here"));
    ensure!(has_apt() && is_root(), "install {name} (`apt-get install {package}`, `brew install {package}`)");
    say(&format!("setup: installing Debian's `{package}`"));
    prepare()?;
    install(package).or_else(|_| {
        // What somebody interrupted has to end first; where that fails, installing says why.
        let _ = run(&mut debian("dpkg", &["--configure", "-a"]));
        download(&mut debian("apt-get", &["-o", RETRIES, "update"]))?;
        install(package)
    })?;
    ensure!(is_there(), "`{package}` is installed, and {name} is still not here: install it by hand");
    Ok(())
}

/// A fresh machine updates itself for minutes, and has the lock meanwhile.
fn install(package: &str) -> Result<()> {
    let patient = ["-o", "DPkg::Lock::Timeout=300", "-o", RETRIES];
    run(debian("apt-get", &patient).args(["install", "--yes", package]))
}

/// Without questions: files that are there already stay as they are.
fn debian(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command
}

fn has_bash() -> bool {
    let major =
        output("bash", &["-c", "echo ${BASH_VERSINFO[0]}"]).and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= BASH_MAJOR_MIN)
}

/// The server, not just the client's `pg_config`.
fn has_postgres() -> bool {
    let told = output("pg_config", &["--bindir"]).is_some_and(|bin| Path::new(&bin).join("initdb").exists());
    let versions = fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten().flatten();
    told || versions.into_iter().any(|version| version.path().join("bin/initdb").exists())
}

/// Keeps the package from starting a cluster. Where somebody has said what they want, that stays.
fn no_cluster() -> Result<()> {
    let path = Path::new(CLUSTER_CONFIGURATION);
    if path.exists() {
        return Ok(());
    }
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    written
        .and_then(|()| fs::write(path, "create_main_cluster = false\n"))
        .with_context(|| format!("`{CLUSTER_CONFIGURATION}` cannot be written"))
}

fn has_apt() -> bool {
    output("apt-get", &["--version"]).is_some()
}

fn is_root() -> bool {
    output("id", &["-u"]).as_deref() == Some("0")
}
