//! fedfleet with a method, a compressor and an objective of one's own. Every verb of the command line knows them.

mod bernoulli;
mod fed_sign;
mod huber;

use std::process::ExitCode;

use fedfleet::prelude::Registry;

fn main() -> ExitCode {
    let registry = Registry::builtin().method::<fed_sign::FedSign>().compressor::<bernoulli::Bernoulli>();
    fedfleet::cli::run(&registry.objective::<huber::Huber>())
}
