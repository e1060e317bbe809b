//! `sentinel`: arguments in, exit code out. What a command does is in `cli`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
