//! fedfleet with a custom method, compressor, objective and metric. Every verb of the command line knows them.

mod bernoulli;
mod fed_sign;
mod huber;
mod loss_spread;

use std::process::ExitCode;

use fedfleet::prelude::Registry;

fn main() -> ExitCode {
    let registry = Registry::builtin().method::<fed_sign::FedSign>().compressor::<bernoulli::Bernoulli>();
    fedfleet::cli::run(&registry.objective::<huber::Huber>().metric::<loss_spread::LossSpread>())
}
