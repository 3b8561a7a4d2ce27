//! A bench for methods: small problems with known answers, run through the engine, watched step by step.

use std::{path::Path, sync::Arc};

use fedfleet::{
    engine::{Engine, Workers},
    fleet::{AvailabilitySpec, FleetSpec},
    invalid::Invalid,
    method::{
        Setup,
        registry::{self, Halved, Parameters, ServedParameters},
    },
    network::NetworkSpec,
    part::{
        rate::Rate,
        transform::{Chain, TransformSpec},
        weighting::Weighting,
    },
    problem::{
        BatchSize,
        quadratic::{GeneratorSpec, Numbers, Quadratic, QuadraticSpec},
    },
    random::{Quantity, Setting, Streams},
    role::{
        local::{LocalRule, Steps},
        schedule::{
            RoundsSpec, ScheduleSpec,
            cohort::{CohortSpec, TraceSpec},
        },
        served::{Plan, Served, ServerParts},
    },
    scenario::Scenario,
    world::{World, WorldClock},
};

use crate::watch::{Arrival, Observer, Until};

/// Curvatures, centres and participation of the problem Q4 of the golden values; its optimum is 1.
pub const H: [f64; 4] = [1.0, 2.0, 0.5, 4.0];
/// Centres of Q4.
pub const C: [f64; 4] = [-1.0, 0.0, 1.0, 2.0];

/// Who takes part in the six rounds of the participation pattern PAT.
pub fn pattern() -> ScheduleSpec {
    cohorts(&[&[0], &[1, 2], &[], &[3], &[0, 1, 2, 3], &[1]])
}

/// Rounds with these cohorts.
pub fn cohorts(trace: &[&[usize]]) -> ScheduleSpec {
    let trace = trace.iter().map(|cohort| cohort.to_vec()).collect();
    ScheduleSpec::Rounds(RoundsSpec { cohort: CohortSpec::Trace(TraceSpec { trace }), ..RoundsSpec::default() })
}

/// Rounds of everyone.
pub fn everyone() -> ScheduleSpec {
    ScheduleSpec::Rounds(RoundsSpec::default())
}

/// The hardware spread F-80 of four clients as exact rationals [s].
pub fn f80() -> Quantity {
    Quantity::Values(vec![1.0, 11.0 / 15.0, 7.0 / 15.0, 0.2])
}

/// A method on a problem, with all its parts.
#[derive(Clone)]
pub struct Bench {
    pub method: Box<dyn ServedParameters>,
    pub problem: QuadraticSpec,
    pub fleet: FleetSpec,
    pub network: NetworkSpec,
    pub clients: usize,
    pub seed: u64,
    pub steps: Quantity,
    pub lr: f64,
    pub start: f64,
    pub schedule: Option<ScheduleSpec>,
    pub weighting: Option<Weighting>,
    pub server: Option<Vec<TransformSpec>>,
}

/// The parameters of a method, written as in a scenario after `name =`.
pub fn method(text: &str) -> Box<dyn ServedParameters> {
    let (name, keys) = text.split_once(' ').unwrap_or((text, ""));
    let scenario = format!("stop = {{ rounds = 1 }}\n[[method]]\nname = \"{name}\"\n{}", keys.replace(';', "\n"));
    let scenario = Scenario::read(Path::new("bench.toml"), &scenario, &[]).expect("the method is well written");
    let entry = registry::find(name).expect("the method is registered");
    match (entry.parse)(&scenario.cells[0].methods[0].variants[0].tree, "method.0") {
        Ok(Parameters::Served(parameters)) => parameters,
        Err(faults) => panic!("{faults:?}"),
    }
}

impl Bench {
    /// A method on Q4 from 5 with four exact local steps of 0.05.
    pub fn q4(text: &str) -> Self {
        let problem = QuadraticSpec {
            curvature: Some(Numbers::Scalars(H.to_vec())),
            centre: Some(Numbers::Scalars(C.to_vec())),
            ..QuadraticSpec::default()
        };
        Self {
            method: method(text),
            problem,
            fleet: FleetSpec::default(),
            network: NetworkSpec::default(),
            clients: 4,
            seed: 0,
            steps: Quantity::Constant(4.0),
            lr: 0.05,
            start: 5.0,
            schedule: None,
            weighting: None,
            server: None,
        }
    }

    /// A method on random quadratics in five dimensions, from 0.
    pub fn random(text: &str, clients: usize) -> Self {
        let law = GeneratorSpec { dimension: 5, condition: 10.0, ..GeneratorSpec::default() };
        let problem = QuadraticSpec { generate: Some(law), ..QuadraticSpec::default() };
        Self { problem, clients, start: 0.0, lr: 0.1, ..Self::q4(text) }
    }

    pub fn schedule(mut self, schedule: ScheduleSpec) -> Self {
        self.schedule = Some(schedule);
        self
    }

    pub fn weighting(mut self, weighting: Weighting) -> Self {
        self.weighting = Some(weighting);
        self
    }

    pub fn server(mut self, chain: &[TransformSpec]) -> Self {
        self.server = Some(chain.to_vec());
        self
    }

    /// Local steps by client.
    pub fn steps(mut self, steps: Quantity) -> Self {
        self.steps = steps;
        self
    }

    pub fn lr(mut self, lr: f64) -> Self {
        self.lr = lr;
        self
    }

    pub fn start(mut self, start: f64) -> Self {
        self.start = start;
        self
    }

    /// Seconds of a visit, whatever its number of steps.
    pub fn visits(mut self, seconds: Quantity) -> Self {
        self.fleet.step = Some(Quantity::Constant(0.0));
        self.fleet.visit = Some(seconds);
        self
    }

    pub fn availability(mut self, availability: AvailabilitySpec) -> Self {
        self.fleet.availability = Some(availability);
        self
    }

    /// The world of this bench.
    pub fn world(&self) -> Arc<World<f64>> {
        let streams = Streams::new(self.seed);
        let setting = Setting { streams, clients: self.clients, folder: ".".into() };
        let objective = Quadratic::new(&self.problem, Some(self.clients), streams, Path::new(".")).expect("the problem is sound");
        let fleet = self.fleet.build(&setting, None).expect("the fleet is sound");
        let network = self.network.build(&setting).expect("the network is sound");
        Arc::new(World { objective: Box::new(objective), fleet, network, streams })
    }

    /// The run before its start.
    ///
    /// # Errors
    /// What is wrong with the schedule.
    pub fn engine(&self, workers: Workers<fedfleet::role::Scratch<f64>>) -> Result<Engine<Served<f64>>, Invalid> {
        let world = self.world();
        let recipe = self.method.recipe();
        let schedule = self.schedule.clone().or(recipe.schedule).unwrap_or_else(everyone);
        schedule.validate(self.clients)?;
        let setting = Setting { streams: world.streams, clients: self.clients, folder: ".".into() };
        let steps = recipe.steps.map_or_else(|| self.steps.clone(), |steps| Quantity::Constant(steps as f64));
        let steps = Steps::Count(steps.build("local.steps", &(1.0..=1e9), &setting)?);
        let setup = Setup { x: vec![self.start; world.objective.dim()], clients: self.clients };
        let halves = f64::halves(self.method.as_ref(), setup);
        let plan = Plan {
            world: Arc::clone(&world),
            client: halves.client,
            local: LocalRule {
                steps,
                batch: BatchSize::Full,
                rate: Rate::Constant(self.lr),
                optimiser: Chain::build(&[]),
                keep_state: false,
            },
            server: ServerParts {
                weighting: self.weighting.unwrap_or(recipe.weighting),
                optimiser: Chain::build(&self.server.clone().unwrap_or(recipe.server)),
            },
            discount: schedule.discount(),
            max_staleness: schedule.max_staleness(),
        };
        let served = Served::new(plan, halves.server, schedule.build());
        Ok(Engine::new(served, Box::new(WorldClock::new(Arc::clone(&world))), world.streams, workers))
    }

    /// The first coordinate of the iterate after each of the first `count` server steps.
    pub fn iterates(&self, count: usize) -> Vec<f64> {
        self.observe(Until::Versions(count)).versions.iter().map(|x| x[0]).collect()
    }

    /// The first `count` arrivals: their staleness, and the iterate after each.
    pub fn arrivals(&self, count: usize) -> Vec<Arrival> {
        self.observe(Until::Arrivals(count)).arrivals
    }

    /// The iterate after `count` server steps, all coordinates.
    pub fn last(&self, count: usize) -> Vec<f64> {
        self.observe(Until::Versions(count)).versions.pop().expect("at least one server step was asked for")
    }

    fn observe(&self, until: Until) -> Observer {
        let mut observer = Observer::new(until);
        let _ = self.engine(Workers::single()).expect("the bench is sound").run(&mut observer);
        observer
    }
}
