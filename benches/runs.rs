//! Whole runs on one thread, beside the same local steps called one after another without engine, messages or server.
//!
//! `run / loop` is what the simulator costs on top of its kernels. At the end stands the share of processor time that is not the
//! kernels', `1 − loop / run`, which tells the same on a machine that has other work.

use std::{hint::black_box, path::Path, sync::Arc, time::Duration};

use criterion::{BatchSize, Criterion, criterion_group};
use fedfleet::{
    engine::{Engine, Watcher, Workers},
    interrupt::Interrupt,
    num::{Real, vector},
    problem::{self, Batches, Correction, Visit, Workspace},
    protocol::federated::Federated,
    random::Purpose,
    registry::Parameters,
    run::{Plan, RunId, build_world, federated},
    scenario::Scenario,
    world::{World, WorldClock},
};

/// Client updates of a run.
const UPDATES: u64 = 200;

/// Ends a run after some updates.
struct Until(u64);

impl<R: Real> Watcher<Federated<R>> for Until {
    fn before(&mut self, _: f64, engine: &Engine<Federated<R>>) -> bool {
        engine.protocol().participation().updates < self.0
    }
}

/// A scenario's only method in its world, before the first event.
struct Ready<R: Real> {
    world: Arc<World<R>>,
    plan: Plan,
}

impl<R: Real> Ready<R> {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/bench").join(name);
        let text = std::fs::read_to_string(&path).expect("the scenario is shipped");
        let scenario =
            Scenario::read(&path, &text, &[], &fedfleet::registry::Registry::builtin()).expect("the scenario is sound");
        let plan = Plan::resolve(scenario, &[]).unwrap_or_else(|_| panic!("the scenario is sound"));
        let world = build_world(&plan.cells[0].cell, 0, Path::new(".")).expect("the scenario is sound");
        Self { world: Arc::new(world), plan }
    }

    fn engine(&self) -> Engine<Federated<R>> {
        let Parameters::Federated { own, parts } = &self.plan.arm(RunId { cell: 0, seed: 0, method: 0, arm: 0 }).parameters
        else {
            panic!("the method has a server")
        };
        let protocol = federated(own.as_ref(), parts, Arc::clone(&self.world), Path::new(".")).expect("the scenario is sound");
        let clock = Box::new(WorldClock::new(Arc::clone(&self.world)));
        Engine::new(protocol, clock, self.world.streams(), Workers::single())
    }

    /// As many visits of `steps` local steps, each from the same model and added to a sum.
    fn visits(&self, updates: u64, steps: usize, batch: problem::BatchSize, lr: f64) -> Vec<R> {
        let objective = self.world.objective();
        let start = self.world.problem.initial(0);
        let (mut sum, mut y) = (vec![R::zero(); start.len()], start.clone());
        let (mut work, mut order, mut draw) = (Workspace::new(), Vec::new(), Vec::new());
        for update in 0..updates {
            let client = update as usize * 37 % objective.clients();
            let mut rng = self.world.streams().stream(Purpose::Batch, client, update);
            let shape = (objective.samples(client), objective.dim());
            let mut batches = Batches::new(batch, 0.0, shape, &mut rng, &mut order, &mut draw);
            y.copy_from_slice(&start);
            let mut visit = Visit { steps, lr: &|_| lr, batches: &mut batches, interrupt: Interrupt::default() };
            objective.descend(client, &mut y, &mut visit, &Correction::NONE, &mut work);
            vector::axpy(R::one(), &y, &mut sum);
        }
        sum
    }
}

fn compare<R: Real>(criterion: &mut Criterion, file: &str, updates: u64, local: (usize, problem::BatchSize, f64)) {
    let ready = Ready::<R>::read(file);
    let (steps, batch, lr) = local;
    let mut group = criterion.benchmark_group(format!("{file}, {updates} updates"));
    group.bench_function("run", |bencher| {
        let run = |mut engine: Engine<Federated<R>>| {
            let _ = engine.run(&mut Until(updates));
            engine
        };
        bencher.iter_batched(|| ready.engine(), run, BatchSize::SmallInput);
    });
    group.bench_function("loop", |bencher| bencher.iter(|| black_box(ready.visits(updates, steps, batch, lr))));
    group.finish();
}

fn runs(criterion: &mut Criterion) {
    let ten = problem::BatchSize::Rows(10);
    compare::<f32>(criterion, "softmax.toml", UPDATES, (25, ten, 0.01));
    compare::<f32>(criterion, "fedbuff.toml", UPDATES, (25, ten, 0.01));
    compare::<f64>(criterion, "quadratic.toml", 10 * UPDATES, (10, problem::BatchSize::Full, 0.1));
}

/// Processor time of this thread [ns].
fn processor_time() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells the time of each thread");
    told.split(' ').next().and_then(|time| time.parse().ok()).expect("it begins with the time")
}

/// Processor time of `work` [ns].
fn timed<T>(work: impl FnOnce() -> T) -> u64 {
    let before = processor_time();
    let _ = black_box(work());
    processor_time() - before
}

/// Tells the median over turns of the share of a run's processor time that its local steps alone do not take.
fn share<R: Real>(file: &str, updates: u64, (steps, batch, lr): (usize, problem::BatchSize, f64)) {
    let ready = Ready::<R>::read(file);
    let turn = |_| {
        let mut engine = ready.engine();
        let run = timed(|| engine.run(&mut Until(updates)));
        1.0 - timed(|| ready.visits(updates, steps, batch, lr)) as f64 / run as f64
    };
    let mut shares: Vec<f64> = (0..15).map(turn).collect();
    shares.sort_by(f64::total_cmp);
    println!("{file}, {updates} updates: {:.0} % of the time outside the local steps", 100.0 * shares[7]);
}

fn shares() {
    let ten = problem::BatchSize::Rows(10);
    share::<f32>("softmax.toml", 10 * UPDATES, (25, ten, 0.01));
    share::<f32>("fedbuff.toml", 10 * UPDATES, (25, ten, 0.01));
    share::<f64>("quadratic.toml", 200 * UPDATES, (10, problem::BatchSize::Full, 0.1));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    targets = runs
}
fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    shares();
}
