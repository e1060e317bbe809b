//! Deciding shell commands: patterns, the views a deny looks through, and what raises a verdict.

mod canonical;
mod carriers;
mod code;
mod cwd;
mod environment;
mod evaluate;
mod options;
mod pattern;
mod set;
mod wrappers;

pub(crate) use environment::{AllowedEnv, is_dangerous};
pub(crate) use evaluate::{Files, evaluate};
pub(crate) use pattern::CommandPattern;
pub(crate) use set::CommandSet;
