//! Deciding shell commands: patterns, the views a deny looks through, and what raises a verdict.

mod evaluate;

mod builtins;
mod operands;
mod surroundings;

mod carriers;
mod wrappers;

mod denies;
mod options;

mod allows;
mod code;

mod pipelines;

mod canonical;
mod cwd;
mod environment;
mod pattern;
mod set;

mod outline;

pub(crate) use environment::{AllowedEnv, is_dangerous};
pub(crate) use evaluate::{Files, Rulebook, evaluate};
pub(crate) use outline::outline;
pub use outline::{CommandNode, Relation};
pub(crate) use pattern::CommandPattern;
pub(crate) use set::CommandSet;
