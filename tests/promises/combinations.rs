//! What the needs of methods allow builds and runs, and what they refuse is refused before anything runs.

use std::{path::Path, sync::Arc};

use fedfleet::{
    analysis::Ground,
    engine::{Engine, Watcher, Workers},
    protocol::{Models, Recorded},
    registry::{Choice, Entry, Parameters, Registry},
    run::{Plan, arms, build_world, federated, peers},
    scenario::Scenario,
    world::{World, WorldClock},
};
use rayon::prelude::*;

/// A method with choices of parts.
struct Case<'a> {
    entry: &'a Entry,
    choices: Vec<Choice>,
}

struct Rounds(u64);

impl<P: Recorded<f64>> Watcher<P> for Rounds {
    fn before(&mut self, _: f64, engine: &Engine<P>) -> bool {
        engine.protocol().round() < self.0
    }
}

impl Case<'_> {
    fn scenario(&self, registry: &Registry) -> Scenario {
        let has = |kind: &str, name: &str| self.choices.iter().any(|choice| (choice.kind, choice.name) == (kind, name));
        let problem = if has("objective", "any other") {
            "{ objective = 'quadratic' }"
        } else {
            "{ objective = 'least-squares', data = { linear = { features = 5, samples = 40 } }, partition = 'contiguous' }"
        };
        let topology = if has("topology", "directed") { "exponential" } else { "ring" };
        let keys: String = self.choices.iter().map(|choice| format!("{}\n", choice.keys)).collect();
        let text = format!(
            "seeds = 1\nprecision = 'f64'\nstop = {{ rounds = 3 }}\nproblem = {problem}\nfleet = {{ clients = 4, step = 0.1, visit = 0.5 }}\n\
             network.topology = '{topology}'\n[[method]]\nname = '{}'\nlocal = {{ steps = 2, lr = 0.05 }}\n{keys}",
            self.entry.card.name
        );
        Scenario::read(Path::new("combination.toml"), &text, &[], registry).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// What is wrong with how the case is treated.
    fn fault(&self, registry: &Registry) -> (bool, Option<String>) {
        let names: Vec<String> = self.choices.iter().map(|choice| format!("{} {}", choice.kind, choice.name)).collect();
        let told = |what: String| Some(format!("{} with {}: {what}", self.entry.card.name, names.join(", ")));
        let misfits = self.entry.misfits(&self.choices, registry);
        let scenario = self.scenario(registry);
        match (misfits.first(), Plan::resolve(self.scenario(registry), &[])) {
            (None, Ok(_)) => (true, self.run(&scenario).and_then(told)),
            (Some(_), Err(_)) => (false, None),
            (None, Err(rejected)) => (true, told(format!("the needs allow it, but\n{rejected}"))),
            (Some(misfit), Ok(_)) => (false, told(format!("it is accepted, though {}", misfit.message))),
        }
    }

    /// What is wrong with three rounds.
    fn run(&self, scenario: &Scenario) -> Option<String> {
        let (cell, folder) = (&scenario.cells[0], Path::new(""));
        let world = Arc::new(build_world::<f64>(cell, 0, folder).expect("the world is sound"));
        let arms = arms(cell, Ground::of(&world), (folder, &scenario.registry)).expect("the plan is sound");
        match &arms[0][0].parameters {
            Parameters::Federated { own, parts } => match federated(own.as_ref(), parts, Arc::clone(&world), folder) {
                Ok(federated) => self.ends_finite(&world, federated),
                Err(fault) => Some(fault.to_string()),
            },
            Parameters::Peers { own, parts } => match peers(own.as_ref(), parts, Arc::clone(&world), folder) {
                Ok(peers) => self.ends_finite(&world, peers),
                Err(fault) => Some(fault.to_string()),
            },
        }
    }

    fn ends_finite<P: Recorded<f64>>(&self, world: &Arc<World<f64>>, protocol: P) -> Option<String> {
        let clock = Box::new(WorldClock::new(Arc::clone(world)));
        let mut engine = Engine::new(protocol, clock, world.streams(), Workers::single());
        let _ = engine.run(&mut Rounds(3));
        if engine.protocol().round() < 3 {
            return Some(format!("it stops in round {}", engine.protocol().round()));
        }
        let is_finite = match engine.protocol().models() {
            Models::Server(x) => x.iter().all(|x| x.is_finite()),
            Models::Nodes(all) => all.iter().all(|x| x.iter().all(|x| x.is_finite())),
        };
        (!is_finite).then(|| "a model is not finite".to_owned())
    }
}

/// Every choice with every method, every pair of choices with the method that leaves most open, and some pairs with all others.
fn cases<'a>(entries: &[&'a Entry], open: &str) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let choices = entry.choices();
        for (i, &first) in choices.iter().enumerate() {
            cases.push(Case { entry, choices: vec![first] });
            let others = choices.iter().enumerate().skip(i + 1).filter(|(_, second)| !first.excludes(second));
            let others = others.filter(|(j, _)| entry.card.name == open || (i * 31 + j * 17 + number * 7).is_multiple_of(11));
            cases.extend(others.map(|(_, &second)| Case { entry, choices: vec![first, second] }));
        }
    }
    cases
}

fn hold(section: &str, open: &str) -> (usize, usize) {
    let registry = Registry::builtin();
    let entries: Vec<&Entry> = registry.methods().iter().filter(|entry| entry.section == section).collect();
    let found: Vec<(bool, Option<String>)> = cases(&entries, open).par_iter().map(|case| case.fault(&registry)).collect();
    let faults: Vec<&str> = found.iter().filter_map(|(_, fault)| fault.as_deref()).collect();
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), found.len(), faults[..faults.len().min(20)].join("\n"));
    let allowed = found.iter().filter(|(allowed, _)| *allowed).count();
    (allowed, found.len() - allowed)
}

#[test]
fn methods_with_a_server_run_with_what_they_allow_and_nothing_else() {
    let (allowed, refused) = hold("federated", "fedavg");
    assert!(allowed > 1000 && refused > 500, "{allowed} allowed, {refused} refused");
}

#[test]
fn methods_of_peers_run_with_what_they_allow_and_nothing_else() {
    let (allowed, refused) = hold("peers", "d-psgd");
    assert!(allowed > 40 && refused > 5, "{allowed} allowed, {refused} refused");
}
