//! A bench for methods: small problems with known answers, written as scenarios, run through the engine and watched.

use std::{fmt::Write, path::Path, sync::Arc};

use fedfleet::{
    analysis::Ground,
    engine::{Engine, Workers},
    protocol::{Scratch, federated::Federated},
    registry::Parameters,
    run::{arms, build_world, federated},
    scenario::Scenario,
    world::{World, WorldClock},
};

use crate::watch::{Arrival, Observer, Until};

/// Curvatures of the problem Q4 of the golden values.
pub const H: [f64; 4] = [1.0, 2.0, 0.5, 4.0];
/// Centres of Q4, whose optimum is 1.
pub const C: [f64; 4] = [-1.0, 0.0, 1.0, 2.0];
/// Durations of a visit in the hardware spread F-80 of four clients [s].
pub const F80: [f64; 4] = [1.0, 11.0 / 15.0, 7.0 / 15.0, 0.2];
/// Who takes part in the six rounds of the participation pattern PAT.
pub const PATTERN: &str = "{ rounds = { cohort = { trace = [[0], [1, 2], [], [3], [0, 1, 2, 3], [1]] } } }";

/// A world, and a run in it.
type Run = (Arc<World<f64>>, Engine<Federated<f64>>);

/// A method on a problem, as a scenario. Keys that are set twice count as set last.
#[derive(Debug, Clone)]
pub struct Bench {
    method: String,
    keys: Vec<(&'static str, String)>,
    pub seed: u64,
}

impl Bench {
    /// A method on Q4 from 5 with four exact local steps of 0.05; `text` is its name and then its parameters, each behind a
    /// semicolon.
    pub fn q4(text: &str) -> Self {
        Self::new(text, format!("{{ quadratic = {{ curvature = {H:?}, centre = {C:?} }} }}"))
            .set("problem.init", "{ constant = 5.0 }")
            .set("fleet.clients", 4)
    }

    /// A method on random quadratics in five dimensions from 0, with four exact local steps of 0.05.
    pub fn random(text: &str, clients: usize) -> Self {
        let law = "{ quadratic = { generate = { dimension = 5, condition = 10.0 } } }";
        Self::new(text, law.to_owned()).set("fleet.clients", clients)
    }

    fn new(text: &str, objective: String) -> Self {
        Self { method: text.to_owned(), keys: vec![("problem.objective", objective)], seed: 0 }
            .set("federated.local.steps", 4)
            .set("federated.local.lr", 0.05)
    }

    /// Another method under the same conditions.
    pub fn method(mut self, text: &str) -> Self {
        self.method = text.to_owned();
        self
    }

    /// Sets a key of the scenario to a value written in TOML.
    pub fn set(mut self, key: &'static str, value: impl ToString) -> Self {
        self.keys.retain(|(other, _)| *other != key);
        self.keys.push((key, value.to_string()));
        self
    }

    /// Leaves a key to its default.
    pub fn without(mut self, key: &str) -> Self {
        self.keys.retain(|(other, _)| *other != key);
        self
    }

    pub fn schedule(self, schedule: &str) -> Self {
        self.set("federated.schedule", schedule)
    }

    pub fn weighting(self, weighting: &str) -> Self {
        self.set("federated.weighting", format!("\"{weighting}\""))
    }

    pub fn steps(self, steps: &str) -> Self {
        self.set("federated.local.steps", steps)
    }

    pub fn lr(self, lr: f64) -> Self {
        self.set("federated.local.lr", lr)
    }

    /// Seconds of a visit by client, whatever its number of steps.
    pub fn visits(self, seconds: &[f64]) -> Self {
        self.set("fleet.step", 0.0).set("fleet.visit", format!("{{ values = {seconds:?} }}"))
    }

    /// Probabilities of taking part in a round by client, independently from round to round.
    pub fn bernoulli(self, probabilities: &[f64]) -> Self {
        self.set("fleet.availability", format!("{{ bernoulli = {{ probability = {{ values = {probabilities:?} }} }} }}"))
    }

    fn text(&self) -> String {
        let mut text = "stop = { rounds = 1 }\n".to_owned();
        for (key, value) in &self.keys {
            writeln!(text, "{key} = {value}").expect("text grows");
        }
        let (name, parameters) = self.method.split_once(';').unwrap_or((&self.method, ""));
        text + &format!("[[method]]\nname = \"{name}\"\n{}\n", parameters.replace(';', "\n"))
    }

    /// The world and the run before its start.
    ///
    /// # Errors
    /// Every fault of the scenario, as a user would read it.
    pub fn build(&self, workers: Workers<Scratch<f64>>) -> Result<Run, String> {
        let scenario = self.scenario()?;
        let world =
            Arc::new(build_world::<f64>(&scenario.cells[0], self.seed, Path::new("")).map_err(|fault| fault.to_string())?);
        let protocol = Self::protocol_of(&scenario, &self.method, &world)?;
        let clock = Box::new(WorldClock::new(Arc::clone(&world)));
        let engine = Engine::new(protocol, clock, world.streams(), workers);
        Ok((world, engine))
    }

    /// The protocol of the method in `world`, before its start.
    pub fn protocol(&self, world: &Arc<World<f64>>) -> Federated<f64> {
        let protocol = self.scenario().and_then(|scenario| Self::protocol_of(&scenario, &self.method, world));
        protocol.unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn scenario(&self) -> Result<Scenario, String> {
        let registry = fedfleet::registry::Registry::builtin();
        Scenario::read(Path::new("bench.toml"), &self.text(), &[], &registry).map_err(|fault| format!("{fault:?}"))
    }

    fn protocol_of(scenario: &Scenario, method: &str, world: &Arc<World<f64>>) -> Result<Federated<f64>, String> {
        let (cell, folder) = (&scenario.cells[0], Path::new(""));
        let arms = arms(cell, Ground::of(world), (folder, &scenario.registry)).map_err(|faults| format!("{faults:?}"))?;
        let Parameters::Federated { own, parts } = &arms[0][0].parameters else { panic!("`{method}` has a server") };
        federated(own.as_ref(), parts, Arc::clone(world), folder).map_err(|fault| fault.to_string())
    }

    /// The run before its start, on one thread.
    pub fn engine(&self) -> Engine<Federated<f64>> {
        self.build(Workers::single()).unwrap_or_else(|fault| panic!("{fault}")).1
    }

    /// The first coordinate of the iterate after each of the first `count` server steps.
    pub fn iterates(&self, count: usize) -> Vec<f64> {
        self.observe(Until::Versions(count)).versions.iter().map(|x| x[0]).collect()
    }

    /// The iterate after each of the first `count` server steps, all coordinates.
    pub fn path(&self, count: usize) -> Vec<Vec<f64>> {
        self.observe(Until::Versions(count)).versions
    }

    /// The first `count` arrivals: their staleness, and the iterate after each.
    pub fn arrivals(&self, count: usize) -> Vec<Arrival> {
        self.observe(Until::Arrivals(count)).arrivals
    }

    /// The first coordinate of the iterate after `count` server steps.
    pub fn last(&self, count: usize) -> f64 {
        *self.iterates(count).last().expect("at least one server step was asked for")
    }

    /// Loss above the optimum at the start, and after `count` server steps.
    pub fn gaps(&self, count: usize) -> (f64, f64) {
        let (world, mut engine) = self.build(Workers::single()).unwrap_or_else(|fault| panic!("{fault}"));
        let form = world.objective().quadratic_form().expect("the problem is quadratic");
        let start = form.gap(engine.protocol().iterate());
        let _ = engine.run(&mut Observer::new(Until::Versions(count)));
        (start, form.gap(engine.protocol().iterate()))
    }

    fn observe(&self, until: Until) -> Observer {
        let mut observer = Observer::new(until);
        let _ = self.engine().run(&mut observer);
        observer
    }
}
