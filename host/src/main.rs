//! `sentinel`: arguments in, exit code out. What a command does is in `cli`.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A daemon allocates for every call on one thread and frees on another, which the system's
/// allocator is slow at.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
