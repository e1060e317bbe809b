//! What stands around an agent so that the proxy is its only way out: Envoy's bootstrap, the rules of
//! the firewall, and the documents that start both.
//!
//! Text in, text out: nothing here starts a process or opens a connection. It does not decide either.
//! Of a policy it reads how TLS is to be treated and which hosts it names ([`document`]), because
//! Envoy and Istio want lists of their own; what those mean to a request stays with the engine.
//!
//! In reading order: [`document`] and [`daemon`] are what somebody has, [`Sidecar`] is what they want,
//! [`mod@bootstrap`] and [`mod@redirect`] are the two texts that enforce it, [`mod@compose`],
//! [`mod@kube`] and [`mod@istio`] wrap them up. [`resolver`] answers names in an agent's namespace.

pub mod daemon;
pub mod document;
pub mod network;

pub mod bootstrap;
pub mod redirect;

pub mod compose;
pub mod istio;
pub mod kube;

pub mod resolver;

mod template;
mod yaml;

use std::path::PathBuf;

pub use daemon::Daemon;
pub use document::Document;
pub use network::Network;

use crate::engine::Mode;

/// Where the agent's connections arrive.
pub const PROXY_PORT: u16 = 15001;
/// Where `/healthz` and `/metrics` are.
pub const HEALTH_PORT: u16 = 3101;
/// Where names are answered.
pub const RESOLVER_PORT: u16 = 15053;
/// Who the proxy is. The firewall tells it from the agent by this.
pub const PROXY_UID: u32 = 1337;
/// Who the agent is, unless somebody says so.
pub const AGENT_UID: u32 = 10001;
/// The image with Envoy, the filter, `nft` and this program: `envoy/Dockerfile`.
pub const IMAGE: &str = concat!("sentinel-sidecar:", env!("CARGO_PKG_VERSION"));
/// Where that image has the filter.
pub const FILTER: &str = "/usr/share/sentinel/sentinel_envoy.wasm";
/// Where policies are in it.
pub const DEFINITIONS: &str = "/etc/sentinel/policies";
/// Where Envoy's administration listens, in a directory of the proxy's own.
pub const ADMIN_SOCKET: &str = "/run/sentinel/admin.sock";
/// Certificate authorities of the hosts that are asked over TLS.
pub const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What becomes of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Https {
    /// The agent's TLS is refused, plain HTTP is decided.
    Refuse,
    /// The agent's TLS is passed on to listed names, unseen.
    SniOnly,
    /// What the agent says in plain HTTP goes out over TLS, decided in full.
    TlsOrigination,
}

/// Which verdicts of the proxy's own are recorded. Those of the daemon always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Every one, and what is permitted before it leaves: the daemon decides it.
    Durable,
    /// Every one, soon after; what cannot be recorded does not leave.
    All,
    /// Those that are not permitted.
    Denied,
}

impl Record {
    /// The word on the command line and in the configuration of the filter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::All => "all",
            Self::Denied => "denied",
        }
    }
}

/// What somebody wants of a sidecar.
#[derive(Clone, Debug)]
pub struct Sidecar {
    /// The agent's policy.
    pub document: Document,
    /// The daemon, if there is one.
    pub daemon: Option<Daemon>,
    /// The environment of the calls, matched against `environmentScope`.
    pub environment: Option<String>,
    /// Mode of the installation; the stricter of it and the policy's counts.
    pub mode: Option<Mode>,
    /// Which verdicts are recorded, if the daemon keeps records. `None`: all.
    pub record: Option<Record>,
    /// What becomes of TLS.
    pub https: Https,
    /// Networks that are not public, and that the agent may reach if its policy allows it.
    pub allow_private: Vec<Network>,
    /// Where the agent's connections arrive.
    pub proxy_port: u16,
    /// Where `/healthz` is.
    pub health_port: u16,
    /// The built filter.
    pub filter: PathBuf,
}
