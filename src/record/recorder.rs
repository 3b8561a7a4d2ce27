//! Samples a run while it goes on, and ends it.

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    axis::Axis,
    column::Column,
    iterates::Iterates,
    measure::Better,
    part::Part,
    plan::{EverySpec, PeerModel},
    progress::{Outcome, Progress},
    sample::Sample,
    standstill::Standstill,
    stop::Stop,
    tiers::Tiers,
};
use crate::{
    engine::{Engine, Watcher},
    num::Real,
    role::Observed,
    rounding::end_of_instant,
    world::World,
};

/// What a recorder remembers, for checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecorderState {
    /// Where on the sampled axis the next sample is due.
    next: f64,
    /// Where the latest sample was taken.
    latest: Option<Progress>,
    /// How the run came out, once it has ended.
    outcome: Option<Outcome>,
    /// Number of samples taken.
    pub samples: u64,
    /// The first metric of the latest sample, for progress bars.
    pub headline: Option<f64>,
    /// Whether the run still gets anywhere.
    standstill: Standstill,
}

/// What a recorder records.
pub struct RecordPlan {
    /// Distance between samples.
    pub every: EverySpec,
    /// Columns of `curves.csv`.
    pub columns: Vec<Column>,
    /// Which model of peers is scored.
    pub peers: PeerModel,
    /// When the run ends.
    pub stop: Stop,
}

/// What an onlooker wants before an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The run goes on.
    GoOn,
    /// A checkpoint is saved, and the run goes on.
    Checkpoint,
    /// A checkpoint is saved, and the run is left where it is.
    Leave,
}

/// Looks on at every sample: shows progress, saves checkpoints.
pub trait Onlooker<P: crate::engine::Protocol> {
    /// Called before every event.
    fn wish(&mut self) -> Wish;

    /// Saves a checkpoint.
    ///
    /// # Errors
    /// When it cannot be written.
    fn checkpoint(&mut self, engine: &Engine<P>, recorder: &RecorderState, written: u64) -> io::Result<()>;

    /// Called after every sample.
    fn sampled(&mut self, progress: &Progress, headline: Option<f64>);
}

/// How a run came out, and the iterates that were kept.
type Ended<R> = (Outcome, Option<Vec<Vec<R>>>);

/// Samples a run into its part file.
pub struct Recorder<'a, R: Real, P: Observed<R>> {
    world: &'a World<R>,
    plan: &'a RecordPlan,
    part: Part,
    state: RecorderState,
    onlooker: &'a mut dyn Onlooker<P>,
    iterates: Option<Iterates>,
    /// The clients by width, where a metric needs them.
    tiers: Option<Tiers>,
    left: bool,
    failure: Option<io::Error>,
}

impl<'a, R: Real, P: Observed<R>> Recorder<'a, R, P> {
    /// A recorder of a run that has not begun, or that goes on from `state`.
    pub fn new(
        world: &'a World<R>,
        plan: &'a RecordPlan,
        part: Part,
        state: Option<RecorderState>,
        onlooker: &'a mut dyn Onlooker<P>,
    ) -> Self {
        let standstill = Standstill::default();
        let fresh = RecorderState { next: 0.0, latest: None, outcome: None, samples: 0, headline: None, standstill };
        let tiers = plan.columns.iter().any(|column| column.metric.needs_widths()).then(|| Tiers::of(&world.fleet));
        let state = state.unwrap_or(fresh);
        Self { world, plan, part, state, onlooker, iterates: None, tiers, left: false, failure: None }
    }

    /// Keeps the iterate of every sample in this file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_iterates(&mut self, path: PathBuf) -> io::Result<()> {
        self.iterates = Some(Iterates::open(path, self.state.samples, self.world.objective().dim())?);
        Ok(())
    }

    /// Ends the recording: how the run came out and the iterates that were kept; `None` for a run that was left in the middle.
    ///
    /// # Errors
    /// When something could not be written.
    pub fn finish(mut self, engine: &Engine<P>) -> io::Result<Option<Ended<R>>> {
        if self.state.outcome.is_none() && !self.left {
            self.sample_if_new(Progress::of(engine), engine);
            self.state.outcome = self.state.outcome.or(Some(Outcome::Idle));
        }
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let Some(outcome) = self.state.outcome else { return Ok(None) };
        let iterates = self.iterates.map(|iterates| iterates.finish(self.world.objective().dim()));
        Ok(Some((outcome, iterates.transpose()?)))
    }

    /// Takes every sample that is due before the clock moves to `time`.
    fn sample_due(&mut self, time: f64, engine: &Engine<P>) {
        let progress = Progress::of(engine);
        if self.plan.every.axis() == Axis::Seconds {
            let horizon = self.plan.stop.seconds.unwrap_or(f64::INFINITY);
            // There may be many before the next event: the onlooker is asked between them too.
            while end_of_instant(self.state.next) < time && self.state.next <= horizon && self.goes_on(engine) {
                self.sample(Progress { seconds: self.state.next, ..progress }, engine);
                self.state.next = self.plan.every.following(self.state.next, self.plan.stop.seconds);
            }
            return;
        }
        let here = if self.plan.every.axis() == Axis::Updates { progress.updates } else { progress.round } as f64;
        if here >= self.state.next {
            self.sample(progress, engine);
            while self.state.next <= here {
                self.state.next = self.plan.every.following(self.state.next, self.plan.stop.seconds);
            }
        }
    }

    /// Does what the onlooker wishes for; whether the run has not ended and is not left.
    fn goes_on(&mut self, engine: &Engine<P>) -> bool {
        if self.has_ended() {
            return false;
        }
        let wish = self.onlooker.wish();
        if wish != Wish::GoOn {
            let saved = self.part.flush().and_then(|written| self.onlooker.checkpoint(engine, &self.state, written));
            self.failure = saved.err();
        }
        self.left = wish == Wish::Leave;
        !self.left && self.failure.is_none()
    }

    fn has_ended(&self) -> bool {
        self.left || self.state.outcome.is_some() || self.failure.is_some()
    }

    fn sample_if_new(&mut self, progress: Progress, engine: &Engine<P>) {
        if self.state.latest != Some(progress) {
            self.sample(progress, engine);
        }
    }

    fn sample(&mut self, progress: Progress, engine: &Engine<P>) {
        let wanted = (&self.plan.columns[..], self.plan.peers);
        let sample = Sample::take(self.world, engine, wanted, self.tiers.as_ref());
        let values: Vec<Option<f64>> = self.plan.columns.iter().map(|&column| sample.value(column)).collect();
        let kept = match (&mut self.iterates, sample.model()) {
            (Some(iterates), Some(x)) => iterates.push(x),
            _ => Ok(()),
        };
        self.failure = kept.and_then(|()| self.part.write(&progress, &values)).err();
        self.state.samples += 1;
        self.state.latest = Some(progress);
        self.state.headline = values.first().copied().flatten();
        if !sample.is_finite() {
            self.state.outcome = Some(Outcome::Diverged);
        } else if self.target_reached(&values) {
            self.state.outcome = Some(Outcome::Reached);
        }
        self.onlooker.sampled(&progress, self.state.headline);
    }

    fn target_reached(&self, values: &[Option<f64>]) -> bool {
        let Some(target) = &self.plan.stop.target else { return false };
        let reached = |(name, &bound): (&String, &f64)| {
            let value = self.plan.columns.iter().position(|column| column.name() == *name).and_then(|at| values[at]);
            value.is_some_and(|value| Better::of(name).reached(value, bound))
        };
        !target.is_empty() && target.iter().all(reached)
    }

    fn limit_reached(&self, next: f64, engine: &Engine<P>) -> bool {
        self.plan.stop.is_reached(engine.protocol().round(), engine.protocol().updates(), next, engine.ledger())
    }
}

impl<R: Real, P: Observed<R>> Watcher<P> for Recorder<'_, R, P> {
    fn before(&mut self, next: f64, engine: &Engine<P>) -> bool {
        self.sample_due(next, engine);
        if !self.has_ended() && self.limit_reached(next, engine) {
            let mut progress = Progress::of(engine);
            if let Some(seconds) = self.plan.stop.seconds.filter(|&seconds| next > seconds) {
                progress.seconds = seconds.max(progress.seconds);
            }
            self.sample_if_new(progress, engine);
            let idle = next.is_infinite() && !self.limit_reached(engine.now(), engine);
            self.state.outcome = self.state.outcome.or(Some(if idle { Outcome::Idle } else { Outcome::Finished }));
        }
        if !self.goes_on(engine) {
            return false;
        }
        // After the checkpoint, so that a run that is taken up again counts no event twice.
        if self.state.standstill.notices(next, engine.ledger(), self.world.clients(), &self.plan.stop) {
            self.sample_if_new(Progress::of(engine), engine);
            self.state.outcome = self.state.outcome.or(Some(Outcome::Stuck));
        }
        !self.has_ended()
    }

    fn horizon(&self) -> f64 {
        self.plan.stop.seconds.unwrap_or(f64::INFINITY)
    }
}
