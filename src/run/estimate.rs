//! What a run will cost, from a trial of its first rounds.
//!
//! A trial is the run itself, in memory and without a record, for its first rounds; what it spends in the latter part of them
//! is taken to go on at the same rate up to the bound of `stop` that binds first. Where every round costs the same, that is
//! exact. Visits take their time and count their gradients, but only the first of their steps is computed. A target is not
//! foreseen.

use std::sync::Arc;

use super::{
    execute::{Pilot, RunError, build_and},
    plan::{Plan, RunId},
    worlds::Worlds,
};
use crate::{
    engine::{Engine, Watcher, Workers},
    num::Real,
    record::{Progress, Stop},
    registry::Halved,
    role::Observed,
    world::{World, WorldClock},
};

/// Visits after which a trial ends with the round.
const VISITS: u64 = 48;
/// Rounds that a trial takes at least.
const ROUNDS: usize = 12;
/// Events after which a trial ends anywhere, besides some for every client.
const EVENTS: u64 = 20_000;
/// Events for every client.
const EVENTS_EACH: u64 = 10;

/// Where a run is expected to end.
#[derive(Debug, Clone, Copy, PartialEq)]
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
}

/// What is known of a cell before it runs, in the world of the first seed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forecast {
    /// Who talks to whom, in words, where there is a topology.
    pub topology: Option<String>,
    /// Widths of the clients with what a model takes of their memory, both in [bit]; empty where all have full precision.
    pub models: Vec<(u32, u64)>,
    /// A run of each method, with its first arm.
    pub runs: Vec<Estimate>,
}

/// A forecast of each cell.
///
/// # Errors
/// [`RunError`] when a world cannot be built.
pub fn forecast(plan: &Plan) -> Result<Vec<Forecast>, RunError> {
    let runs: Vec<RunId> = plan.runs().into_iter().filter(|run| run.seed == 0 && run.arm == 0).collect();
    let worlds = Worlds::new(plan, &runs);
    let mut all = vec![Forecast::default(); plan.cells.len()];
    for run in runs {
        let trial = Trial { stop: &plan.cells[run.cell].record.stop };
        let world = worlds.of(run)?;
        let cell = &mut all[run.cell];
        if cell.runs.is_empty() {
            cell.topology = world.topology().map(ToString::to_string);
            cell.models = world.models();
        }
        cell.runs.push(build_and(plan, run, world, trial)?);
    }
    Ok(all)
}

struct Trial<'a> {
    stop: &'a Stop,
}

impl Pilot for Trial<'_> {
    type Outcome = Estimate;

    fn fly<R: Halved, P: Observed<R>>(self, world: Arc<World<R>>, protocol: P) -> Result<Estimate, RunError> {
        let events = EVENTS + EVENTS_EACH * world.clients() as u64;
        let clock = Box::new(WorldClock::new(Arc::clone(&world)));
        let mut engine = Engine::new(protocol, clock, world.streams(), Workers::pool().sketching());
        let mut marks = Marks {
            stop: self.stop,
            left: events,
            marks: vec![Progress::default()],
            ended: None,
            scalar: std::marker::PhantomData,
        };
        let _ = engine.run(&mut marks);
        Ok(marks.estimate(Progress::of(&engine)))
    }
}

/// Notes where a run stands at the beginning of each round.
struct Marks<'a, R> {
    stop: &'a Stop,
    /// Events that are left of the trial.
    left: u64,
    marks: Vec<Progress>,
    /// Where the run ended, if it did within the trial.
    ended: Option<Progress>,
    scalar: std::marker::PhantomData<R>,
}

impl<R: Real, P: Observed<R>> Watcher<P> for Marks<'_, R> {
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
            if self.marks.len() > ROUNDS && engine.ledger().visits >= VISITS {
                return false;
            }
        }
        self.left > 0
    }
}

impl<R> Marks<'_, R> {
    /// The run from here to its end, at the rate of the latter half of the trial.
    fn estimate(self, here: Progress) -> Estimate {
        if let Some(end) = self.ended {
            return Spent::of(&end).into();
        }
        let (from, to) = match self.marks[..] {
            [.., last] if self.marks.len() > 2 => (self.marks[self.marks.len() / 2], last),
            _ => (self.marks[0], here),
        };
        let (from, to) = (Spent::of(&from), Spent::of(&to));
        let rate = to.less(&from);
        to.plus(&rate, rate.steps_to(&to, self.stop)).into()
    }
}

/// What has been spent on every axis.
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

    /// How many times this rate has to be added to `here` to reach the bound that binds first; 0 where none comes nearer.
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

impl From<Spent> for Estimate {
    fn from(spent: Spent) -> Self {
        let Spent { rounds, seconds, gradients, uplink_bits, downlink_bits, .. } = spent;
        Self { rounds, seconds, gradients, uplink_bits, downlink_bits }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        record::{axis::Axis, curves::Curves},
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
            served.local = {{ steps = 3, lr = 0.01 }}
            peers.local = {{ steps = 3, lr = 0.01 }}
            {methods}"
        );
        let scenario = Scenario::read(Path::new("estimate.toml"), &text, &[], &crate::registry::Registry::builtin()).unwrap();
        let plan = Plan::resolve(scenario, &[]).unwrap();
        let forecasts = forecast(&plan).unwrap();
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
