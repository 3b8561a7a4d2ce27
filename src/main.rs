//! The program `fedfleet`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fedfleet::cli::run()
}
