//! The command line of fedfleet.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::main()
}
