//! Memory that the models of runs take: told beforehand, and refused where there is less.
//!
//! What is counted are vectors of the model's size: those of the server and of every thread that computes, what a batch of arrivals
//! holds until it is applied, what is remembered of clients from one visit to the next, and the model of every peer. Samples are
//! held against the memory where they are read.

use super::{any_world::Facts, arm::Arm, threads::together};
use crate::{
    analysis::Identity,
    invalid::Invalid,
    memory,
    num::Precision,
    part::compressor::CompressorSpec,
    registry::{Parameters, complete},
    scenario::{Cell, Diagnostic},
};

/// Vectors around a server: its iterate, what it sends, sums, the state of its optimiser, and what is scored.
const SERVER: usize = 6;
/// Vectors of a thread: a local model, a gradient, and what is sent.
const THREAD: usize = 3;
/// Vectors of a peer: its model, and a message on its way.
const PEER: usize = 2;

/// Memory that the models of runs of the most demanding method take [byte], where `runs` are planned in all and as many go on
/// [together] as do.
///
/// # Errors
/// A fault at `problem.objective` where it is more than `available` bytes.
pub fn needed(methods: &[Vec<Arm>], cell: &Cell, facts: &Facts, runs: usize, available: u64) -> Result<u64, Vec<Diagnostic>> {
    let (threads, runs) = (rayon::current_num_threads(), together(runs));
    let number = if cell.precision == Precision::F32 { size_of::<f32>() } else { size_of::<f64>() };
    let mut most = 0.0_f64;
    for arm in methods.iter().flatten() {
        let vectors = runs as f64 * vectors(arm, cell, facts) as f64 + (threads * THREAD) as f64;
        let bytes = vectors * facts.dim as f64 * number as f64;
        let what = format!("`{}`: runs with {vectors} vectors of {} parameters", arm.label, facts.dim);
        memory::require("problem.objective", &what, bytes, available).map_err(|invalid| vec![cell.fault(helped(invalid))])?;
        most = most.max(bytes);
    }
    Ok(most as u64)
}

fn helped(invalid: Invalid) -> Invalid {
    invalid
        .help("take fewer features or clients, a smaller `cohort`, `precision = \"f32\"`, or fewer runs at a time, `--threads 1`")
}

/// Vectors of the model's size that a run holds.
fn vectors(arm: &Arm, cell: &Cell, facts: &Facts) -> usize {
    match &arm.parameters {
        Parameters::Federated { own, parts } => {
            let full = complete(own.as_ref(), parts, cell.problem.weights);
            let batch = full.schedule.unwrap_or_default().largest_batch(facts.clients);
            let compressors = [&parts.uplink, &parts.downlink];
            let remembers = own.needs().identity != Identity::Unknown
                || full.client.is_some_and(|client| client.keep_state)
                || compressors.into_iter().flatten().any(CompressorSpec::remembers);
            let visited =
                cell.stop.rounds.map_or(facts.clients, |rounds| batch.saturating_mul(rounds as usize).min(facts.clients));
            SERVER + batch + if remembers { visited } else { 0 }
        }
        Parameters::Peers { .. } => PEER * facts.clients,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        run::{AnyWorld, Plan},
        scenario::Scenario,
    };

    /// Vectors of the only method, with 50 clients of ten a round for three rounds.
    fn counted(method: &str) -> usize {
        let text = format!(
            "seeds = 1\nstop.rounds = 3\nproblem.objective = 'quadratic'\nfleet.clients = 50\nnetwork.topology = 'ring'
            federated = {{ local = {{ steps = 1, lr = 0.1 }}, schedule = {{ rounds = {{ cohort = 10 }} }} }}
            peers.local = {{ steps = 1, lr = 0.1 }}\n[[method]]\n{method}"
        );
        let plan = Plan::resolve(
            Scenario::read(Path::new("capacity.toml"), &text, &[], &crate::registry::Registry::builtin()).unwrap(),
            &[],
        )
        .unwrap();
        let cell = &plan.cells[0].cell;
        let facts = AnyWorld::build(cell, 0, Path::new("")).unwrap().facts();
        let counted = vectors(&plan.cells[0].methods[0][0], cell, &facts);
        let threads = rayon::current_num_threads();
        let needed = |runs, available| needed(&plan.cells[0].methods, cell, &facts, runs, available);
        let bytes = |runs: usize| ((runs * counted + THREAD * threads) * facts.dim * size_of::<f64>()) as u64;
        assert_eq!(needed(1, 1 << 30).ok(), Some(bytes(1)), "a run alone has all threads");
        assert_eq!(needed(2 * threads, 1 << 30).ok(), Some(bytes(threads)), "of many, each thread has one");
        assert_eq!(plan.cells[0].model_bytes, bytes(1));
        assert!(needed(1, 1 << 10).is_err());
        counted
    }

    #[test]
    fn batches_memories_and_peers_are_counted() {
        assert_eq!(counted("name = 'fedavg'"), SERVER + 10);
        assert_eq!(counted("name = 'mifa'"), SERVER + 10 + 30, "three rounds of ten others at most");
        assert_eq!(counted("name = 'fedavg'\nuplink = { ef21 = 'identity' }") - SERVER, 40);
        assert_eq!(counted("name = 'd-psgd'"), PEER * 50);
    }
}
