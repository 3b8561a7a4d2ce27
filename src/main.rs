//! The program `fedfleet`.

use std::process::ExitCode;

use fedfleet::registry::Registry;

fn main() -> ExitCode {
    fedfleet::cli::run(&Registry::builtin())
}
