//! The method that CONTRIBUTING.md invents: its page compiles, and its test holds.

use std::{path::Path, sync::Arc};

use super::{BY_WEIGHTING, Card, Method, Paper, ServedMethod, Setup, fedavg};
use crate::{
    engine::{Engine, Watcher, Workers},
    registry::Parameters,
    role::served::Served,
    run::{arms, build_world, served},
    scenario::Scenario,
    world::WorldClock,
};

mod fedsign;

use fedsign::FedSign;

const PAGE: &str = include_str!("../../CONTRIBUTING.md");

/// The blocks of code of the page: the method's file and its test.
fn blocks() -> (&'static str, &'static str) {
    let mut blocks = PAGE.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    (blocks.next().unwrap(), blocks.next().unwrap())
}

#[test]
fn the_page_shows_what_is_compiled() {
    assert_eq!(blocks().0, include_str!("example/fedsign.rs"));
}

/// The parameters and the trace of `assert_trace(&Bench::q4("fedsign; PARAMETERS").iterates(_), &[TRACE]);`.
fn promised() -> (FedSign, Vec<f64>) {
    let (_, call) = blocks().1.split_once("Bench::q4(\"fedsign; ").unwrap();
    let (parameters, rest) = call.split_once('"').unwrap();
    let (_, trace) = rest.split_once("&[").unwrap();
    let trace = trace.split(']').next().unwrap().split(',').map(|value| value.trim().parse().unwrap());
    (toml::from_str(parameters).unwrap(), trace.collect())
}

/// Collects the first coordinate after each server step.
struct Iterates {
    wanted: usize,
    found: Vec<f64>,
}

impl Watcher<Served<f64>> for Iterates {
    fn before(&mut self, _: f64, engine: &Engine<Served<f64>>) -> bool {
        if engine.protocol().version() > self.found.len() as u64 {
            self.found.push(engine.protocol().iterate()[0]);
        }
        self.found.len() < self.wanted
    }
}

#[test]
fn its_test_holds() {
    let (method, trace) = promised();
    method.validate().unwrap();
    // The bench problem Q4: curvatures 1, 2, 0.5 and 4, centres −1, 0, 1 and 2, from 5.
    let text = "stop.rounds = 1\nfleet.clients = 4\nserved.local = { steps = 4, lr = 0.05 }\n\
                problem.objective = { quadratic = { curvature = [1.0, 2.0, 0.5, 4.0], centre = [-1.0, 0.0, 1.0, 2.0] } }\n\
                problem.init = { constant = 5.0 }\nmethod = [{ name = 'fedavg' }]\n";
    let scenario = Scenario::read(Path::new("example.toml"), text, &[], &crate::registry::Registry::builtin()).unwrap();
    let world = Arc::new(build_world::<f64>(&scenario.cells[0], 0, Path::new("")).unwrap());
    let arms = arms(&scenario.cells[0], 4, (Path::new(""), &scenario.registry)).unwrap();
    let Parameters::Served { parts, .. } = &arms[0][0].parameters else { panic!("FedAvg has a server") };
    let protocol = served(&method, parts, Arc::clone(&world), Path::new("")).unwrap();
    let clock = Box::new(WorldClock::new(Arc::clone(&world)));
    let mut iterates = Iterates { wanted: trace.len(), found: Vec::new() };
    let _ = Engine::new(protocol, clock, world.streams(), Workers::single()).run(&mut iterates);
    assert!(trace.len() >= 2);
    approx::assert_abs_diff_eq!(iterates.found[..], trace[..], epsilon = 1e-12);
}
