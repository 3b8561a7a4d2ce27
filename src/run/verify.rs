//! `--verify`: the same runs on one thread and on all, compared event by event.

use std::{fmt, hash::Hasher, sync::Arc};

use xxhash_rust::xxh3::Xxh3;

use super::{any_world::AnyWorld, done::RunId, error::RunError, plan::Plan, protocols::Pilot, worlds::Worlds};
use crate::{
    engine::{Engine, Watcher, Workers},
    num::Real,
    protocol::{Models, Recorded},
    record::{Stall, Stop},
    world::{World, WorldClock},
};

/// The first event after which two runs of the same scenario differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Label of the method.
    pub method: String,
    /// Seed of the world.
    pub seed: u64,
    /// Number of the event, from 0.
    pub event: usize,
    /// Virtual time of the event [s].
    pub seconds: f64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, seed, event, seconds } = self;
        write!(f, "`{method}`, seed {seed}: runs on one and on all threads differ from event {event} at {seconds} s on")
    }
}

/// Runs everything twice, on one thread and on `threads` (all when `None`), and returns the first difference of each run.
///
/// # Errors
/// [`RunError`] when a world cannot be built.
pub fn verify(plan: &Plan, threads: Option<usize>) -> Result<Vec<Difference>, RunError> {
    let many = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build()?;
    let runs = plan.runs();
    let worlds = Worlds::new(plan, &runs);
    let mut differences = Vec::new();
    for run in runs {
        let world = worlds.of(run)?;
        let alone = trace(plan, run, world.clone(), true)?;
        let together = many.install(|| trace(plan, run, world, false))?;
        if let Some((event, seconds)) = first_difference(&alone, &together) {
            let (method, seed) = (plan.arm(run).label.clone(), plan.seed(run));
            differences.push(Difference { method, seed, event, seconds });
        }
    }
    Ok(differences)
}

/// Time and fingerprint after each event.
type Trace = Vec<(f64, u64)>;

fn first_difference(a: &Trace, b: &Trace) -> Option<(usize, f64)> {
    let common = a.iter().zip(b).position(|(a, b)| (a.0.to_bits(), a.1) != (b.0.to_bits(), b.1));
    let at = common.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))?;
    Some((at, a.get(at).or(b.get(at)).map_or(f64::NAN, |event| event.0)))
}

fn trace(plan: &Plan, run: RunId, world: AnyWorld, single: bool) -> Result<Trace, RunError> {
    plan.build(run, world, Tracer { stop: &plan.cells[run.cell].record.stop, single })
}

struct Tracer<'a> {
    stop: &'a Stop,
    single: bool,
}

impl Pilot for Tracer<'_> {
    type Outcome = Trace;

    fn fly<R: Real, P: Recorded<R>>(self, world: Arc<World<R>>, protocol: P) -> Result<Trace, RunError> {
        let clock = Box::new(WorldClock::new(Arc::clone(&world)));
        let workers = if self.single { Workers::single() } else { Workers::pool().sharing_from(0.0) };
        let mut engine = Engine::new(protocol, clock, world.streams(), workers);
        let (clients, stall) = (world.clients(), Stall::default());
        let mut watcher =
            Fingerprints::<R> { stop: self.stop, clients, stall, trace: Vec::new(), scalar: std::marker::PhantomData };
        let _ = engine.run(&mut watcher);
        Ok(watcher.trace)
    }
}

/// Notes a fingerprint of the iterates and of the ledger after every event.
struct Fingerprints<'a, R> {
    stop: &'a Stop,
    clients: usize,
    stall: Stall,
    trace: Trace,
    scalar: std::marker::PhantomData<R>,
}

impl<R: Real, P: Recorded<R>> Watcher<P> for Fingerprints<'_, R> {
    fn before(&mut self, next: f64, engine: &Engine<P>) -> bool {
        let mut hash = Xxh3::new();
        let mut add = |x: &[R]| x.iter().for_each(|x| hash.write_u64(x.f64().to_bits()));
        match engine.protocol().models() {
            Models::Server(x) => add(x),
            Models::Nodes(nodes) => nodes.into_iter().for_each(add),
        }
        let ledger = engine.ledger();
        for count in [ledger.uplink_bits, ledger.downlink_bits, ledger.gradients, ledger.lost] {
            hash.write_u64(count);
        }
        self.trace.push((engine.now(), hash.finish()));
        let ends = self.stop.is_reached(engine.protocol().round(), engine.protocol().updates(), next, ledger);
        !ends && !self.stall.notices(next, ledger, self.clients, self.stop)
    }
}
