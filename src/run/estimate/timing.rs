//! The wall time of a run on this machine: its first rounds run as they will, and are timed.

use std::{
    marker::PhantomData,
    sync::Arc,
    time::{Duration, Instant},
};

use super::Spent;
use crate::{
    engine::{Engine, Watcher, Workers},
    num::Real,
    protocol::Recorded,
    record::{Progress, RecordPlan},
    run::{error::RunError, protocols::Pilot, threads::now},
    world::{World, WorldClock},
};

/// Local steps of a visit from which its time is that of the first step, times their number.
const MANY: f64 = 1000.0;

/// The cost of running and recording.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Timing {
    /// Time of the first part of the run, up to where it had spent [`from`](Self::from) [s].
    start: f64,
    from: f64,
    /// Wall time for each gradient, update or round after that [s].
    each: f64,
    unit: Unit,
    /// Wall time of a sample of the record [s].
    sample: f64,
}

/// The quantity by which the time of a run grows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Unit {
    #[default]
    Gradients,
    Updates,
    Rounds,
}

impl Unit {
    fn of(self, spent: &Spent) -> f64 {
        match self {
            Self::Gradients => spent.gradients,
            Self::Updates => spent.updates,
            Self::Rounds => spent.rounds,
        }
    }
}

impl Timing {
    /// Wall time of a run that spends `end` and takes `samples` samples [s].
    pub fn of(&self, end: &Spent, samples: u64) -> f64 {
        self.start + self.each * (self.unit.of(end) - self.from).max(0.0) + self.sample * samples as f64
    }
}

/// Budgets after which a trial ends that gets nowhere: nodes may wake for a long time before they do anything.
const PATIENCE: u32 = 10;

/// Times a run for `budget`, and to the end of a visit at least.
pub(super) struct Timed<'a> {
    pub record: &'a RecordPlan,
    pub budget: Duration,
    /// Local steps of a visit [1].
    pub steps: f64,
    /// Whether the first step of a visit represents the others, however few they are.
    pub sketch: bool,
    /// Whether the run will have all threads.
    pub all_threads: bool,
}

impl Pilot for Timed<'_> {
    type Outcome = Timing;

    fn fly<R: Real, P: Recorded<R>>(self, world: Arc<World<R>>, protocol: P) -> Result<Timing, RunError> {
        let clock = Box::new(WorldClock::new(Arc::clone(&world)));
        let workers = if self.all_threads { Workers::pool() } else { Workers::single() };
        // A visit of many steps may outlast any budget: only its first one is taken, and represents the others.
        let (workers, scale) = if self.sketch || self.steps > MANY { (workers.sketching(), self.steps) } else { (workers, 1.0) };
        let mut engine = Engine::new(protocol, clock, world.streams(), workers);
        let mut watch =
            Watch::<R> { record: self.record, budget: self.budget, start: now(), warm: None, over: false, scalar: PhantomData };
        let _ = engine.run(&mut watch);
        let (total, end) = (watch.start.elapsed().as_secs_f64(), Spent::of(&Progress::of(&engine)));
        // The first sample may solve for the optimum, which is not part of the others.
        self.record.score(&world, &engine);
        let before = now();
        self.record.score(&world, &engine);
        let sample = before.elapsed().as_secs_f64();
        let Some((warm, from)) = watch.warm.filter(|_| watch.over) else {
            return Ok(Timing { start: scale * total, from: f64::INFINITY, sample, ..Timing::default() });
        };
        let units = [Unit::Gradients, Unit::Updates, Unit::Rounds];
        let moves = |unit: &Unit| unit.of(&end) > unit.of(&from);
        let Some(unit) = units.into_iter().find(moves) else {
            return Ok(Timing { start: scale * total, from: f64::INFINITY, sample, ..Timing::default() });
        };
        let each = scale * (total - warm) / (unit.of(&end) - unit.of(&from));
        Ok(Timing { start: scale * warm, from: unit.of(&from), each, unit, sample })
    }
}

/// Looks at the clock on the wall before every event.
struct Watch<'a, R> {
    record: &'a RecordPlan,
    budget: Duration,
    start: Instant,
    /// The place of the run after a quarter of the budget, when buffers are warm.
    warm: Option<(f64, Spent)>,
    /// Whether the budget ended before the run.
    over: bool,
    scalar: PhantomData<R>,
}

impl<R: Real, P: Recorded<R>> Watcher<P> for Watch<'_, R> {
    fn before(&mut self, next: f64, engine: &Engine<P>) -> bool {
        let here = Progress::of(engine);
        if self.record.stop.is_reached(here.round, here.updates, next, engine.ledger()) {
            return false;
        }
        let elapsed = self.start.elapsed();
        match &self.warm {
            None if elapsed * 4 >= self.budget => self.warm = Some((elapsed.as_secs_f64(), Spent::of(&here))),
            Some((_, from)) if elapsed >= self.budget => {
                let here = Spent::of(&here);
                let gets_on = here.gradients > from.gradients || here.updates > from.updates || here.rounds > from.rounds;
                self.over = gets_on || elapsed >= self.budget * PATIENCE;
            }
            _ => {}
        }
        !self.over
    }
}
