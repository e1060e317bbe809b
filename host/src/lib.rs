//! Sentinel as a library: the policy engine in its sandbox, and what stands around it.
//!
//! In reading order: [`engine`] holds the component, [`settings`] what the environment says,
//! [`policy_file`] reads policies, [`paths`] resolves links, [`call`] writes calls, [`causes`] errors, and
//! [`hook`] answers coding agents, [`mcp`] stands between them and servers of tools. The daemon is
//! [`app`], what it can be asked; `http`, how; [`auth`], by whom; [`state`] and [`store`], what it
//! remembers and where; [`mod@config`], how it is told. [`sidecar`] writes what puts an agent behind a
//! proxy. The command line in `cli` uses nothing else.
//!
//! This crate translates and never decides. It does not know the engine as a crate, only as
//! the built component.

pub mod call;
pub mod causes;
pub mod engine;
pub mod hook;
pub mod limits;
pub mod mcp;
pub mod paths;
pub mod policy_file;
pub mod settings;

pub mod sidecar;

pub mod app;
pub mod auth;
pub mod config;
pub mod http;
pub mod state;
pub mod store;
