//! A bench for peer methods: quadratics on a topology, run through the engine.

use std::{path::Path, sync::Arc};

use fedfleet::{
    engine::{Ended, Engine, Watcher, Workers},
    fleet::FleetSpec,
    invalid::Invalid,
    network::NetworkSpec,
    part::{
        compressor::CompressorSpec,
        rate::Clock,
        rate::Rate,
        transform::{Chain, TransformSpec},
    },
    problem::{
        BatchSize, Problem, ProblemSpec,
        init::InitSpec,
        quadratic::{Numbers, QuadraticSpec},
    },
    protocol::{
        local::{LocalRule, Steps},
        peers::{Absent, Peers, PeersSpec, Plan},
        spec::BitWidthSpec,
    },
    random::{Quantity, Setting, Streams},
    registry::{Parameters, PeerParameters, Registry},
    scenario::Scenario,
    world::{World, WorldClock},
};

/// A method, its problem, and where it runs.
#[derive(Clone)]
pub struct Bench {
    pub method: Box<dyn PeerParameters>,
    pub problem: QuadraticSpec,
    pub fleet: FleetSpec,
    pub network: NetworkSpec,
    pub init: InitSpec,
    pub nodes: usize,
    pub seed: u64,
    pub steps: f64,
    pub lr: Rate,
    pub optimiser: Vec<TransformSpec>,
    pub absent: Absent,
    pub compressor: Option<CompressorSpec>,
    pub parts: PeersSpec,
}

/// What a scenario must have besides a method.
const PROBLEM: &str = "stop = { rounds = 1 }\nproblem = { objective = { quadratic = { curvature = [1], centre = [0] } } }\n";

/// The parameters of a method and its parts, written as in a scenario: its name, then keys separated by semicolons.
pub fn method(text: &str) -> (Box<dyn PeerParameters>, PeersSpec) {
    let (name, keys) = text.split_once(' ').unwrap_or((text, ""));
    let scenario = format!("{PROBLEM}[[method]]\nname = \"{name}\"\nlocal = {{ lr = 0.1 }}\n{}", keys.replace(';', "\n"));
    let scenario =
        Scenario::read(Path::new("bench.toml"), &scenario, &[], &Registry::builtin()).expect("the method is well written");
    let registry = Registry::builtin();
    let entry = registry.find(name).expect("the method is registered");
    let table = &scenario.cells[0].methods[0].table;
    match (entry.parse)(table, "method.0", &registry) {
        Ok(Parameters::Peers { own, parts }) => (own, *parts),
        other => panic!("{other:?}"),
    }
}

/// The part of a scenario under `[network]`.
pub fn network(text: &str) -> NetworkSpec {
    toml::from_str(text).expect("the network is well written")
}

/// The part of a scenario under `[fleet]`.
pub fn fleet(text: &str) -> FleetSpec {
    toml::from_str(text).expect("the fleet is well written")
}

impl Bench {
    /// A method on `nodes` quadratics with curvature 1 and these centres, one row a node, from 0; visits take no time.
    pub fn new(text: &str, topology: &str, centres: Vec<Vec<f64>>) -> Self {
        let (method, parts) = method(text);
        Self {
            method,
            nodes: centres.len(),
            problem: QuadraticSpec {
                curvature: Some(Numbers::Common(1.0)),
                centre: Some(Numbers::Vectors(centres)),
                ..QuadraticSpec::default()
            },
            fleet: fleet("step = 0.0"),
            network: network(&format!("topology = {topology}")),
            init: InitSpec::Zeros,
            seed: 1,
            steps: 1.0,
            lr: Rate::Constant(0.1),
            optimiser: Vec::new(),
            absent: Absent::Wait,
            compressor: parts.compressor.clone(),
            parts,
        }
    }

    pub fn curvatures(mut self, curvatures: Vec<Vec<f64>>) -> Self {
        self.problem.curvature = Some(Numbers::Vectors(curvatures));
        self
    }

    pub fn init(mut self, init: InitSpec) -> Self {
        self.init = init;
        self
    }

    pub fn lr(mut self, lr: f64) -> Self {
        self.lr = Rate::Constant(lr);
        self
    }

    pub fn steps(mut self, steps: f64) -> Self {
        self.steps = steps;
        self
    }

    pub fn world(&self) -> Arc<World<f64>> {
        let streams = Streams::new(self.seed);
        let setting = self.setting();
        let spec = ProblemSpec { init: Some(self.init.clone()), ..ProblemSpec::new(self.problem.clone().into()) };
        let problem = Problem::build(&spec, Some(self.nodes), streams, Path::new(".")).expect("the problem is sound");
        let fleet = self.fleet.build(&setting, None).expect("the fleet is sound");
        let network = self.network.build(&setting).expect("the network is sound");
        Arc::new(World { problem, fleet, network, streams })
    }

    fn setting(&self) -> Setting {
        Setting { streams: Streams::new(self.seed), clients: self.nodes, folder: ".".into() }
    }

    pub fn engine(&self, workers: Workers<fedfleet::protocol::Scratch<f64>>) -> Engine<Peers<f64>> {
        self.try_engine(workers).expect("the bench is sound")
    }

    pub fn try_engine(&self, workers: Workers<fedfleet::protocol::Scratch<f64>>) -> Result<Engine<Peers<f64>>, Invalid> {
        let world = self.world();
        let clock = Box::new(WorldClock::new(Arc::clone(&world)));
        let streams = world.streams;
        Ok(Engine::new(self.peers(world)?, clock, streams, workers))
    }

    /// The protocol in `world`, before its start.
    ///
    /// # Errors
    /// A scenario without a topology.
    pub fn peers(&self, world: Arc<World<f64>>) -> Result<Peers<f64>, Invalid> {
        let setting = self.setting();
        let steps = self.method.needs().steps.map_or(self.steps, |steps| steps as f64);
        let parts = PeersSpec { compressor: self.compressor.clone(), ..self.parts.clone() };
        let local = LocalRule {
            steps: Steps::Count(Quantity::from(steps).build("steps", &(1.0..=1e9), &setting).expect("steps are sound")),
            batch: BatchSize::Full,
            rate: self.lr.clone(),
            clock: Clock::Versions,
            optimiser: Chain::build(&self.optimiser),
            keep_state: true,
        };
        let nodes = self.method.nodes::<f64>(&parts, &setting).expect("the method is sound");
        let plan = Plan {
            world,
            local,
            absent: self.absent,
            compressor: self.compressor.as_ref().map(CompressorSpec::build),
            bit_width: BitWidthSpec::default(),
        };
        Peers::new(plan, nodes)
    }

    /// The initial models.
    pub fn models(&self) -> Vec<Vec<f64>> {
        let world = self.world();
        (0..self.nodes).map(|node| world.problem.initial(node)).collect()
    }

    /// The run after `seconds`.
    pub fn run(&self, seconds: f64) -> Engine<Peers<f64>> {
        let mut engine = self.engine(Workers::single());
        run_to(&mut engine, seconds);
        engine
    }

    /// All models after `seconds`.
    pub fn after(&self, seconds: f64) -> Vec<Vec<f64>> {
        iterates(&self.run(seconds))
    }
}

/// All models of a run.
pub fn iterates(engine: &Engine<Peers<f64>>) -> Vec<Vec<f64>> {
    let peers = engine.protocol();
    (0..peers.nodes()).map(|node| peers.iterate(node).to_vec()).collect()
}

/// Goes on with a run until all events up to `seconds` have been handled.
pub fn run_to(engine: &mut Engine<Peers<f64>>, seconds: f64) {
    assert_eq!(engine.run(&mut Until(seconds)), Ended::Stopped, "peers go on for ever");
}

/// Stops before the first event after this time [s].
pub struct Until(pub f64);

impl Watcher<Peers<f64>> for Until {
    fn before(&mut self, next: f64, _: &Engine<Peers<f64>>) -> bool {
        next <= self.0
    }

    fn horizon(&self) -> f64 {
        self.0
    }
}

/// Collects the mean of all models, and the gradients it took, at every round up to this one.
pub struct ByRound {
    pub rounds: u64,
    pub means: Vec<(Vec<f64>, u64)>,
}

impl Watcher<Peers<f64>> for ByRound {
    fn before(&mut self, _: f64, engine: &Engine<Peers<f64>>) -> bool {
        if engine.protocol().rounds() >= self.means.len() as u64 {
            self.means.push((mean(&iterates(engine)), engine.ledger().gradients));
        }
        self.means.len() as u64 <= self.rounds
    }
}

/// Population variance of the entries.
pub fn variance(x: &[f64]) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64
}

/// The mean of rows.
pub fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    (0..rows[0].len()).map(|j| rows.iter().map(|row| row[j]).sum::<f64>() / rows.len() as f64).collect()
}

/// Largest difference between two tables.
pub fn gap(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().zip(b).flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs())).fold(0.0, f64::max)
}
