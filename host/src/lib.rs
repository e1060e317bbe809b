//! Sentinel as a library: the policy engine in its sandbox, and what stands around it.
//!
//! In reading order: [`engine`] holds the component, [`settings`] what the environment says,
//! [`policy_file`] reads policies, [`paths`] resolves links, [`call`] writes calls, and
//! [`hook`] answers coding agents. The command line in `cli` uses nothing else.
//!
//! This crate translates and never decides. It does not know the engine as a crate, only as
//! the built component.

pub mod call;
pub mod engine;
pub mod hook;
pub mod limits;
pub mod paths;
pub mod policy_file;
pub mod settings;
