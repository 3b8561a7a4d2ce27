//! The cost of a run, estimated from a trial of its first rounds.
//!
//! A trial is the run itself, in memory and without a record, for its first rounds; what it spends in the latter part of them
//! is taken to go on at the same rate up to the bound of `stop` that binds first. Where every round costs the same, that is
//! exact. Visits take their time and count their gradients, but only the first of their steps is computed. A target is not
//! foreseen. What it costs of this machine is timed in a second trial: see [`whole`].

mod timing;
mod whole;

use std::{
    io::{self, Write},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use timing::Timed;

use super::{
    any_world::AnyWorld,
    arm::Arm,
    cell::{PlannedCell, swept},
    done::RunId,
    error::RunError,
    plan::Plan,
    protocols::Pilot,
    threads::{now, shares_threads},
    worlds::Worlds,
};
use crate::{
    engine::{AtWork, Engine, Protocol, Watcher, Workers},
    num::Real,
    protocol::Recorded,
    record::{
        Progress, RecordPlan, Stop,
        axis::Axis,
        curves::crews::{self, Crew},
        spread::Quartiles,
    },
    registry::Parameters,
    world::{World, WorldClock},
};

pub use whole::Whole;

/// Visits after which a trial ends with the round.
const VISITS: u64 = 48;
/// Rounds that a trial takes at least.
const ROUNDS: usize = 12;
/// Events after which a trial ends anywhere, besides some for every client.
const EVENTS: u64 = 20_000;
/// Events for every client.
const EVENTS_EACH: u64 = 10;

/// Wall time for the timed trials of all methods in all cells.
const TIMED: Duration = Duration::from_secs(3);
/// The least and the most of one.
const TIMED_EACH: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(300)];

/// The expected end of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// Rounds [1].
    pub rounds: f64,
    /// Virtual time [s].
    pub seconds: f64,
    /// Stochastic gradients [1].
    pub gradients: f64,
    /// Bits sent by clients [bit].
    pub uplink_bits: f64,
    /// Bits sent to clients [bit].
    pub downlink_bits: f64,
    /// Clients at work at a time.
    pub at_work: AtWork,
    /// Samples of the record [1].
    pub samples: u64,
    /// State of the run: memory while it runs, and the size of a checkpoint [byte].
    pub state: u64,
    /// Time that one run takes on this machine [s].
    pub wall: f64,
}

/// The forecast for a cell, in the world of the first seed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forecast {
    /// The topology in words, where there is one.
    pub topology: Option<String>,
    /// Widths of the clients with what a model takes of their memory, both in [bit]; empty where all have full precision.
    pub models: Vec<(u32, u64)>,
    /// A run of each method, with its first arm.
    pub runs: Vec<Estimate>,
    /// Time that the world of one seed took to build, and its optimum to find where that is recorded [s].
    pub world_wall: f64,
}

/// A forecast of each cell, and of all of them together.
///
/// # Errors
/// [`RunError`] when a world cannot be built, or an optimum that is recorded is not found.
pub fn forecast(plan: &Plan) -> Result<(Vec<Forecast>, Whole), RunError> {
    let before = whole::peak_memory();
    let all_threads = shares_threads(plan.runs().len());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(if all_threads { 0 } else { 1 }).build()?;
    let cells = pool.install(|| of_cells(plan, all_threads))?;
    let whole = Whole::of(plan, &cells, before);
    Ok((cells, whole))
}

/// The cost of `runs` of `plan`, by trials of the methods in the first cell that together take about `budget`, on so many threads:
/// the forecast of that cell, and of all if each cost the same. `None` where that cell has no run, or nothing is left to run.
///
/// # Errors
/// [`RunError`] for a method that cannot be built.
pub fn outlook(
    plan: &Plan,
    runs: &[RunId],
    threads: Option<usize>,
    budget: Duration,
) -> Result<Option<(Forecast, Whole)>, RunError> {
    let before = whole::peak_memory();
    let planned = &plan.cells[0];
    // The first run in this world takes it: it costs nothing to build, and what is worked out here need not be worked out again.
    let checked = planned.checked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let tried: Vec<RunId> = plan.runs().into_iter().filter(|run| run.cell == 0 && run.seed == 0 && run.arm == 0).collect();
    let Some(world) = checked.filter(|_| !runs.is_empty() && !tried.is_empty()) else { return Ok(None) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build()?;
    pool.install(|| {
        let (begun, each) = (now(), budget / tried.len() as u32);
        let mut first = Forecast { world_wall: planned.build_wall.as_secs_f64(), ..Forecast::default() };
        for run in tried {
            let known = first.runs.last().filter(|_| begun.elapsed() > budget).copied();
            let within = Budget { trial: Some(each / 2), timed: each / 2, together: Some(budget) };
            let trial = || of_run(plan, run, world.clone(), within, shares_threads(runs.len()));
            first.runs.push(known.map_or_else(trial, Ok)?);
        }
        let alike = |planned: &PlannedCell| Forecast { world_wall: planned.build_wall.as_secs_f64(), ..first.clone() };
        let cells: Vec<Forecast> = plan.cells.iter().map(alike).collect();
        let whole = Whole::of(plan, &cells, before).shared(runs.len() as f64 / plan.runs().len() as f64);
        Ok(Some((first, whole)))
    })
}

/// Wall time that trials of one run may take.
#[derive(Debug, Clone, Copy)]
struct Budget {
    /// For what is spent, without bound if `None`.
    trial: Option<Duration>,
    /// For the time that it takes.
    timed: Duration,
    /// For the visits that are computed together, where they outlast the rest; without bound if `None`.
    together: Option<Duration>,
}

/// The estimate of a run in its world.
fn of_run(plan: &Plan, run: RunId, world: AnyWorld, budget: Budget, all_threads: bool) -> Result<Estimate, RunError> {
    let RecordPlan { every, stop, .. } = &plan.cells[run.cell].record;
    let until = budget.trial.map(|trial| now() + trial);
    let Trialled { end, steps, each, estimate } = plan.build(run, world.clone(), Trial { stop, until })?;
    every.check_samples(estimate.seconds).map_err(|invalid| plan.reject(run.cell, invalid.under("record")))?;
    // Visits that go on together are computed together: where they outlast the budget, the first step of each represents all.
    let together = each * steps * estimate.at_work.mean;
    let sketch = budget.together.is_some_and(|most| together > most.as_secs_f64());
    let timed = Timed { record: &plan.cells[run.cell].record, budget: budget.timed, steps, sketch, all_threads };
    let timing = plan.build(run, world, timed)?;
    let samples = every.samples(end.on(every.axis()), stop.seconds);
    Ok(Estimate { samples, wall: timing.of(&end, samples), ..estimate })
}

fn of_cells(plan: &Plan, all_threads: bool) -> Result<Vec<Forecast>, RunError> {
    let runs: Vec<RunId> = plan.runs().into_iter().filter(|run| run.seed == 0 && run.arm == 0).collect();
    let worlds = Worlds::new(plan, &runs);
    let mut all = vec![Forecast::default(); plan.cells.len()];
    let [least, most] = TIMED_EACH;
    let budget = (TIMED / runs.len().max(1) as u32).clamp(least, most);
    for run in runs {
        let planned = &plan.cells[run.cell];
        let world = worlds.of(run)?;
        let cell = &mut all[run.cell];
        if cell.runs.is_empty() {
            cell.topology = world.topology().map(ToString::to_string);
            cell.models = world.models();
            let before = now();
            world.check_optimum(&planned.metrics).map_err(|invalid| plan.reject(run.cell, invalid))?;
            cell.world_wall = (planned.build_wall + before.elapsed()).as_secs_f64();
        }
        cell.runs.push(of_run(plan, run, world, Budget { trial: None, timed: budget, together: None }, all_threads)?);
    }
    Ok(all)
}

/// Notes on methods of one cell whose numbers of clients at work differ.
pub fn differing_crews(plan: &Plan, forecasts: &[Forecast]) -> Vec<String> {
    let of_cell = |(planned, forecast): (&PlannedCell, &Forecast)| {
        let cell = swept(&planned.cell);
        let crew = |(arms, run): (&Vec<Arm>, &Estimate)| Crew {
            cell: cell.clone(),
            method: arms[0].label.clone(),
            server: matches!(arms[0].parameters, Parameters::Federated { .. }),
            mean: Quartiles::at(run.at_work.mean),
            most: Quartiles::at(run.at_work.most as f64),
        };
        planned.methods.iter().zip(&forecast.runs).map(crew).collect::<Vec<_>>()
    };
    crews::notes(&plan.cells.iter().zip(forecasts).flat_map(of_cell).collect::<Vec<_>>())
}

struct Trial<'a> {
    stop: &'a Stop,
    /// The latest end.
    until: Option<Instant>,
}

/// The result of a trial.
struct Trialled {
    /// The end of the run.
    end: Spent,
    /// Local steps of a visit [1].
    steps: f64,
    /// Wall time for a visit with its first step only [s].
    each: f64,
    estimate: Estimate,
}

impl Pilot for Trial<'_> {
    type Outcome = Trialled;

    fn fly<R: Real, P: Recorded<R>>(self, world: Arc<World<R>>, protocol: P) -> Result<Self::Outcome, RunError> {
        let events = EVENTS + EVENTS_EACH * world.clients() as u64;
        let clock = Box::new(WorldClock::new(Arc::clone(&world)));
        let mut engine = Engine::new(protocol, clock, world.streams(), Workers::pool().sketching());
        let mut marks = Marks {
            stop: self.stop,
            left: events,
            until: self.until,
            marks: vec![Progress::default()],
            ended: None,
            middle: None,
            scalar: std::marker::PhantomData,
        };
        let begun = now();
        let _ = engine.run(&mut marks);
        let wall = begun.elapsed().as_secs_f64();
        let (here, visits, middle) = (Progress::of(&engine), engine.ledger().visits, marks.middle);
        let end = marks.end(here);
        let at_work = engine.at_work(here.seconds, here.round);
        let Spent { rounds, seconds, gradients, uplink_bits, downlink_bits, .. } = end;
        let state = State { bytes: state_bytes(&engine), visits };
        // Gradients of a visit are alike, so that visits grow as they do.
        let all_visits = visits as f64 * (gradients / (here.gradients.max(1) as f64)).max(1.0);
        let state = state.grown(middle, all_visits.min(world.clients() as f64));
        let estimate = Estimate { rounds, seconds, gradients, uplink_bits, downlink_bits, at_work, state, ..Estimate::default() };
        let count = visits.max(1) as f64;
        Ok(Trialled { end, steps: here.gradients as f64 / count, each: wall / count, estimate })
    }
}

/// The size of a run's state at some point of a trial.
#[derive(Debug, Clone, Copy)]
struct State {
    bytes: u64,
    visits: u64,
}

impl State {
    /// The size after visits to `clients` clients, if it goes on to grow as it has since `middle` [byte].
    fn grown(self, middle: Option<Self>, clients: f64) -> u64 {
        let Some(middle) = middle.filter(|middle| middle.visits < self.visits) else { return self.bytes };
        let slope = self.bytes.saturating_sub(middle.bytes) as f64 / (self.visits - middle.visits) as f64;
        self.bytes + (slope * (clients - self.visits as f64).max(0.0)) as u64
    }
}

/// Size of all that changes during a run [byte].
fn state_bytes<P: Protocol>(engine: &Engine<P>) -> u64 {
    let mut out = Counted(0);
    // What cannot be counted is not.
    let _ = engine.save(&mut out).is_ok();
    out.0
}

/// Counts what is written.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Notes the spending of a run at the beginning of each round.
struct Marks<'a, R> {
    stop: &'a Stop,
    /// Events that are left of the trial.
    left: u64,
    /// The latest end.
    until: Option<Instant>,
    marks: Vec<Progress>,
    /// The end of the run, if it ended within the trial.
    ended: Option<Progress>,
    /// The state in the middle of the trial.
    middle: Option<State>,
    scalar: std::marker::PhantomData<R>,
}

impl<R: Real, P: Recorded<R>> Watcher<P> for Marks<'_, R> {
    fn before(&mut self, next: f64, engine: &Engine<P>) -> bool {
        let here = Progress::of(engine);
        if self.stop.is_reached(here.round, here.updates, next, engine.ledger()) {
            let seconds = self.stop.seconds.filter(|&seconds| next > seconds).unwrap_or(here.seconds);
            self.ended = Some(Progress { seconds, ..here });
            return false;
        }
        self.left = self.left.saturating_sub(1);
        if self.marks.last().is_some_and(|mark| mark.round < here.round) {
            self.marks.push(here);
            if self.marks.len() == ROUNDS / 2 {
                self.middle = Some(State { bytes: state_bytes(engine), visits: engine.ledger().visits });
            }
            if self.marks.len() > ROUNDS && engine.ledger().visits >= VISITS {
                return false;
            }
        }
        let is_over = self.until.is_some_and(|until| now() >= until);
        self.left > 0 && !is_over
    }
}

impl<R> Marks<'_, R> {
    /// The end of the run, which goes on from here at the rate of the latter half of the trial.
    fn end(self, here: Progress) -> Spent {
        if let Some(end) = self.ended {
            return Spent::of(&end);
        }
        let (from, to) = match self.marks[..] {
            [.., last] if self.marks.len() > 2 => (self.marks[self.marks.len() / 2], last),
            _ => (self.marks[0], here),
        };
        let (from, to) = (Spent::of(&from), Spent::of(&to));
        let rate = to.less(&from);
        to.plus(&rate, rate.steps_to(&to, self.stop))
    }
}

/// The spending on every axis.
#[derive(Debug, Clone, Copy)]
struct Spent {
    rounds: f64,
    seconds: f64,
    updates: f64,
    gradients: f64,
    uplink_bits: f64,
    downlink_bits: f64,
}

impl Spent {
    fn of(progress: &Progress) -> Self {
        let Progress { round, seconds, updates, gradients, uplink_bits, downlink_bits } = *progress;
        Self {
            rounds: round as f64,
            seconds,
            updates: updates as f64,
            gradients: gradients as f64,
            uplink_bits: uplink_bits as f64,
            downlink_bits: downlink_bits as f64,
        }
    }

    fn with(&self, other: &Self, merge: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            rounds: merge(self.rounds, other.rounds),
            seconds: merge(self.seconds, other.seconds),
            updates: merge(self.updates, other.updates),
            gradients: merge(self.gradients, other.gradients),
            uplink_bits: merge(self.uplink_bits, other.uplink_bits),
            downlink_bits: merge(self.downlink_bits, other.downlink_bits),
        }
    }

    fn less(&self, other: &Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    fn plus(&self, rate: &Self, steps: f64) -> Self {
        self.with(rate, |a, rate| a + rate * steps)
    }

    /// The place on an axis.
    fn on(&self, axis: Axis) -> f64 {
        match axis {
            Axis::Rounds => self.rounds,
            Axis::Seconds => self.seconds,
            Axis::Updates => self.updates,
            Axis::Gradients => self.gradients,
            Axis::UplinkBits => self.uplink_bits,
            Axis::DownlinkBits => self.downlink_bits,
        }
    }

    /// The multiple of this rate that leads from `here` to the first bound; 0 where no bound comes nearer.
    fn steps_to(&self, here: &Self, stop: &Stop) -> f64 {
        let bounds = [
            (stop.rounds.map(|most| most as f64), here.rounds, self.rounds),
            (stop.seconds, here.seconds, self.seconds),
            (stop.updates.map(|most| most as f64), here.updates, self.updates),
            (stop.gradients.map(|most| most as f64), here.gradients, self.gradients),
            (stop.uplink_bits.map(|most| most as f64), here.uplink_bits, self.uplink_bits),
        ];
        let steps = bounds.into_iter().filter(|(.., rate)| *rate > 0.0);
        let nearest = steps.filter_map(|(most, here, rate)| Some((most? - here) / rate)).fold(f64::INFINITY, f64::min);
        if nearest.is_finite() { nearest.max(0.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        record::curves::Curves,
        run::{Options, Results, Silent, execute},
        scenario::Scenario,
    };

    /// The forecast of each method of a scenario, and where its runs ended: gradients, bits up and bits down.
    fn foreseen_and_spent(methods: &str) -> Vec<([f64; 3], [f64; 3])> {
        let text = format!(
            "stop = {{ rounds = 400 }}
            seeds = 1
            problem.objective = {{ quadratic = {{ generate = {{ dimension = 5, condition = 10.0 }} }} }}
            fleet.clients = 30
            fleet.step = {{ exponential = {{ mean = 0.5 }} }}
            network.topology = {{ random-regular = {{ degree = 4 }} }}
            record.every = {{ rounds = 100 }}
            federated.local = {{ steps = 3, lr = 0.01 }}
            peers.local = {{ steps = 3, lr = 0.01 }}
            {methods}"
        );
        let scenario = Scenario::read(Path::new("estimate.toml"), &text, &[], &crate::registry::Registry::builtin()).unwrap();
        let plan = Plan::resolve(scenario, &[]).unwrap();
        let (forecasts, _) = forecast(&plan).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let _ = execute(&plan, &Results::at(folder.path()), &Options::default(), &Silent).unwrap();
        let curves = Curves::read(&folder.path().join("curves.csv")).unwrap();
        let axes = [Axis::Gradients, Axis::UplinkBits, Axis::DownlinkBits];
        let spent = curves.runs.iter().map(|run| axes.map(|axis| run.end(axis)));
        let foreseen = forecasts[0].runs.iter().map(|run| [run.gradients, run.uplink_bits, run.downlink_bits]);
        foreseen.zip(spent).collect()
    }

    #[test]
    fn rounds_are_foreseen_exactly() {
        let methods = "[[method]]\nname = 'fedavg'\nschedule = { rounds = { cohort = 10 } }\n[[method]]\nname = 'scaffold'\n\
                       [[method]]\nname = 'fedavg'\nlabel = 'top-k'\nuplink = { top-k = { k = 2 } }";
        for (foreseen, spent) in foreseen_and_spent(methods) {
            for (foreseen, spent) in foreseen.into_iter().zip(spent) {
                approx::assert_relative_eq!(foreseen, spent, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn other_runs_are_foreseen_within_a_fifth() {
        let methods = "[[method]]\nname = 'fedbuff'\nschedule = { buffered = { size = 5, concurrency = 10 } }\n\
                       [[method]]\nname = 'd-psgd'\n[[method]]\nname = 'push-gossip'\nperiod = 2.0";
        for (foreseen, spent) in foreseen_and_spent(methods) {
            for (foreseen, spent) in foreseen.into_iter().zip(spent).filter(|(_, spent)| *spent > 0.0) {
                assert!((foreseen / spent - 1.0).abs() < 0.2, "{foreseen} instead of {spent}");
            }
        }
    }
}
