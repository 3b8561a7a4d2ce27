//! Samples a run while it goes on, and ends it.

pub mod files;
pub mod progress;

use std::io;

use files::{Iterates, Part};
use progress::{End, Outcome, Progress};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    axis::Axis,
    clients::{ClientPlan, Groups, table},
    metric::{Better, Column, Crowd, PeerModel, Sampled, Scored, Widths},
    patience::Best,
    spec::EverySpec,
    stop::{Stall, Stop},
};
use crate::{
    engine::{Engine, Watcher},
    file::digest::Digest,
    invalid::Invalid,
    num::Real,
    protocol::Recorded,
    rounding::end_of_instant,
    world::World,
};

/// The state of a recorder, for checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecorderState {
    /// Place of the next sample on the sampled axis.
    next: f64,
    /// Place of the latest sample.
    latest: Option<Progress>,
    /// Outcome, once the run has ended.
    outcome: Option<Outcome>,
    /// Number of samples taken.
    pub samples: u64,
    /// The first metric of the latest sample, for progress bars.
    pub headline: Option<f64>,
    /// Detects a run that makes no progress.
    stall: Stall,
    /// The latest round whose participants are written.
    logged: u64,
    /// The best value of the metric of early stopping.
    best: Best,
}

impl RecorderState {
    /// The latest sample.
    pub fn latest(&self) -> Option<&Progress> {
        self.latest.as_ref()
    }
}

/// Digests of the files that a recorder has written to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The rows.
    pub part: Digest,
    /// The iterates, where they are kept.
    pub iterates: Option<Digest>,
    /// The participants, where they are kept.
    pub participants: Option<Digest>,
    /// The scores of clients, where they are kept.
    pub clients: Option<Digest>,
    /// The bins of confidence, where they are kept.
    pub reliability: Option<Digest>,
}

/// The files of a recorder.
pub struct Files {
    /// The rows.
    pub part: Part,
    /// The iterate of every sample, where it is kept.
    pub iterates: Option<Iterates>,
    /// The participants of every server step, where they are kept.
    pub participants: Option<Part>,
    /// The scores of clients, where they are kept.
    pub clients: Option<Part>,
    /// The bins of confidence, where they are kept.
    pub reliability: Option<Part>,
}

impl Files {
    /// Writes everything to disk.
    fn sync(&mut self) -> io::Result<Written> {
        Ok(Written {
            part: self.part.sync()?,
            iterates: self.iterates.as_ref().map(Iterates::sync).transpose()?,
            participants: self.participants.as_mut().map(Part::sync).transpose()?,
            clients: self.clients.as_mut().map(Part::sync).transpose()?,
            reliability: self.reliability.as_mut().map(Part::sync).transpose()?,
        })
    }

    /// Writes the scores of clients at an instant.
    fn score<R: Real>(
        &mut self,
        plan: &ClientPlan,
        (progress, groups): (&Progress, &Groups),
        crowd: &Crowd<'_>,
        world: &World<R>,
    ) -> io::Result<()> {
        if let (Some(part), Some(rows)) = (&mut self.clients, &plan.table) {
            let samples = |client| world.objective().samples(client);
            table::write(part, (rows, plan.models()), (progress, groups), crowd, samples)?;
        }
        self.reliability.as_mut().map_or(Ok(()), |part| table::write_bins(part, progress, crowd))
    }
}

/// The plan of a recording.
#[derive(Debug, Clone)]
pub struct RecordPlan {
    /// Distance between samples.
    pub every: EverySpec,
    /// Columns of `curves.csv`.
    pub columns: Vec<Column>,
    /// The models of peers that are scored.
    pub peers: PeerModel,
    /// How clients are scored, where something asks for it.
    pub clients: Option<ClientPlan>,
    /// The end of the run.
    pub stop: Stop,
}

impl RecordPlan {
    /// The same without the bounds of the run: runs for which this is alike have the same samples up to the nearest of their bounds.
    #[must_use]
    pub fn unbounded(&self) -> Self {
        let Stop { target, patience, seconds, .. } = self.stop.clone();
        // Samples that grow with time begin at a share of the whole.
        let by_time = matches!(self.every, EverySpec::Log(_)) && self.every.axis() == Axis::Seconds;
        Self { stop: Stop { target, patience, seconds: seconds.filter(|_| by_time), ..Stop::default() }, ..self.clone() }
    }

    /// Scores the models of a run once as a sample does, and keeps nothing.
    pub fn score<R: Real, P: Recorded<R>>(&self, world: &World<R>, engine: &Engine<P>) {
        let (widths, groups) = (self.widths(world), self.groups(world));
        let clients = self.clients.as_ref();
        let taken =
            Sampled::new(world, engine, self.scored(widths.as_ref()), |models| clients?.crowd(world, models, false, &groups));
        self.columns.iter().for_each(|&column| {
            let _ = taken.value(column);
        });
    }

    fn scored<'a>(&'a self, widths: Option<&'a Widths>) -> Scored<'a> {
        Scored { columns: &self.columns, peers: self.peers, widths }
    }

    /// The groups of clients, where they are scored.
    fn groups<R: Real>(&self, world: &World<R>) -> Groups {
        self.clients.as_ref().map_or_else(Groups::default, |clients| clients.groups(world))
    }

    /// The clients by bit-width, where a metric needs them.
    fn widths<R: Real>(&self, world: &World<R>) -> Option<Widths> {
        self.columns.iter().any(|column| column.metric.needs().widths).then(|| Widths::of(&world.fleet))
    }
}

/// A request of an onlooker before an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The run goes on.
    GoOn,
    /// A checkpoint is saved, and the run goes on.
    Checkpoint,
    /// A checkpoint is saved, and the run stops there.
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
    fn checkpoint(&mut self, engine: &Engine<P>, recorder: &RecorderState, written: &Written) -> io::Result<()>;

    /// Called once at the end of a run, before the last sample where it is one that a later end would not take; `written` writes the files
    /// to disk. By default nothing is kept.
    ///
    /// # Errors
    /// When the run cannot be kept.
    fn ends(
        &mut self,
        engine: &Engine<P>,
        recorder: &RecorderState,
        written: &mut dyn FnMut() -> io::Result<Written>,
    ) -> io::Result<()> {
        let _ = (engine, recorder, written);
        Ok(())
    }

    /// Called after every sample.
    fn sampled(&mut self, progress: &Progress, headline: Option<f64>);
}

/// Why a run could not be recorded to its end.
#[derive(Debug, Error)]
pub enum RecordError {
    /// A file cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The run is too long for the scenario's distance between samples; the path is from the root of the scenario.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// The outcome of a run, and its files.
pub struct Ended<R> {
    /// Outcome.
    pub end: End,
    /// Digests of its files.
    pub written: Written,
    /// The iterates that were kept.
    pub iterates: Option<Vec<Vec<R>>>,
}

/// Samples a run into its part file.
pub struct Recorder<'a, R: Real, P: Recorded<R>> {
    world: &'a World<R>,
    plan: &'a RecordPlan,
    files: Files,
    state: RecorderState,
    onlooker: &'a mut dyn Onlooker<P>,
    /// The clients by bit-width, where a metric needs them.
    widths: Option<Widths>,
    /// The groups of clients, where they are scored.
    groups: Groups,
    left: bool,
    /// Whether the onlooker has seen the end.
    shown: bool,
    failure: Option<RecordError>,
}

impl<'a, R: Real, P: Recorded<R>> Recorder<'a, R, P> {
    /// A recorder of a run that has not begun, or that goes on from `state`.
    pub fn new(
        world: &'a World<R>,
        plan: &'a RecordPlan,
        files: Files,
        state: Option<RecorderState>,
        onlooker: &'a mut dyn Onlooker<P>,
    ) -> Self {
        let stall = Stall::default();
        let best = Best::default();
        let fresh = RecorderState { next: 0.0, latest: None, outcome: None, samples: 0, headline: None, stall, logged: 0, best };
        let state = state.unwrap_or(fresh);
        Self {
            world,
            plan,
            files,
            state,
            onlooker,
            widths: plan.widths(world),
            groups: plan.groups(world),
            left: false,
            shown: false,
            failure: None,
        }
    }

    /// Ends the recording: the outcome and the files; `None` for a run that was interrupted.
    ///
    /// # Errors
    /// When something could not be written, or there are more samples than a run may have.
    pub fn finish(mut self, engine: &Engine<P>) -> Result<Option<Ended<R>>, RecordError> {
        if !self.left && self.failure.is_none() {
            self.show_end(engine);
            if self.state.outcome.is_none() {
                self.sample_if_new(Progress::of(engine), engine);
                self.state.outcome = self.state.outcome.or(Some(Outcome::Idle));
            }
        }
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let Some(outcome) = self.state.outcome else { return Ok(None) };
        if let (Some(clients), Some(latest)) = (self.plan.clients.as_ref().filter(|clients| clients.ends()), self.state.latest) {
            let crowd = clients.crowd(self.world, &engine.protocol().models(), true, &self.groups);
            crowd.map_or(Ok(()), |crowd| self.files.score(clients, (&latest, &self.groups), &crowd, self.world))?;
        }
        let written = self.files.sync()?;
        let iterates = self.files.iterates.map(|iterates| iterates.finish(self.world.objective().dim())).transpose()?;
        // The clock of the engine is at what would have come next.
        let seconds = self.state.latest.map_or(0.0, |latest| latest.seconds);
        let end = End { outcome, at_work: engine.at_work(seconds, engine.protocol().round()) };
        Ok(Some(Ended { end, written, iterates }))
    }

    /// Shows the onlooker the run as it ends, once.
    fn show_end(&mut self, engine: &Engine<P>) {
        if !std::mem::replace(&mut self.shown, true) {
            let Self { onlooker, state, files, .. } = self;
            self.failure = onlooker.ends(engine, state, &mut || files.sync()).err().map(RecordError::from);
        }
    }

    /// Writes who took part in the server steps of the latest event, unless it was written before a checkpoint.
    fn log_participants(&mut self, engine: &Engine<P>) {
        let Some(part) = &mut self.files.participants else { return };
        match part.participants(self.state.logged, engine.now(), engine.protocol().participants()) {
            Ok(logged) => self.state.logged = logged,
            Err(error) => self.failure = Some(error.into()),
        }
    }

    /// Takes every sample that is due before the clock moves to `time`.
    fn sample_due(&mut self, time: f64, engine: &Engine<P>) {
        let progress = Progress::of(engine);
        if self.plan.every.axis() == Axis::Seconds {
            let horizon = self.plan.stop.seconds.unwrap_or(f64::INFINITY);
            let end = time.min(horizon);
            // Nothing is left to happen, for ever.
            if end.is_infinite() {
                return;
            }
            if let Err(invalid) = self.plan.every.check_samples(end) {
                self.failure = Some(invalid.under("record").into());
                return;
            }
            // There may be many before the next event, so the onlooker can interrupt between them too.
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

    /// Follows the request of the onlooker; whether the run goes on.
    fn goes_on(&mut self, engine: &Engine<P>) -> bool {
        if self.has_ended() {
            return false;
        }
        let wish = self.onlooker.wish();
        if wish != Wish::GoOn {
            let saved = self.files.sync().and_then(|written| self.onlooker.checkpoint(engine, &self.state, &written));
            self.failure = saved.err().map(RecordError::from);
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
        let (plan, world, groups) = (self.plan, self.world, &self.groups);
        let due =
            plan.clients.as_ref().filter(|clients| clients.is_due(self.state.latest.map(|latest| latest.round), progress.round));
        let crowd = |models: &_| plan.clients.as_ref()?.crowd(world, models, due.is_some(), groups);
        let sample = Sampled::new(world, engine, plan.scored(self.widths.as_ref()), crowd);
        let values: Vec<Option<f64>> = self.plan.columns.iter().map(|&column| sample.value(column)).collect();
        let kept = match (&mut self.files.iterates, sample.model()) {
            (Some(iterates), Some(x)) => iterates.push(x),
            _ => Ok(()),
        };
        let scored = match (due, sample.crowd()) {
            (Some(clients), Some(crowd)) => self.files.score(clients, (&progress, groups), crowd, world),
            _ => Ok(()),
        };
        let written = kept.and(scored).and_then(|()| self.files.part.write(&progress, &values));
        self.failure = written.err().map(RecordError::from);
        self.state.samples += 1;
        self.state.latest = Some(progress);
        self.state.headline = values.first().copied().flatten();
        if !sample.is_finite() {
            self.state.outcome = Some(Outcome::Diverged);
        } else if self.target_reached(&values) {
            self.state.outcome = Some(Outcome::Reached);
        } else if self.patience_ends(&values, progress.round) {
            self.state.outcome = Some(Outcome::StoppedEarly);
        }
        self.onlooker.sampled(&progress, self.state.headline);
    }

    fn target_reached(&self, values: &[Option<f64>]) -> bool {
        let Some(target) = &self.plan.stop.target else { return false };
        let reached = |(name, &bound): (&String, &f64)| {
            self.found(name, values).is_some_and(|(better, value)| value.is_some_and(|value| better.reached(value, bound)))
        };
        !target.is_empty() && target.iter().all(reached)
    }

    fn patience_ends(&mut self, values: &[Option<f64>], round: u64) -> bool {
        let Some(patience) = &self.plan.stop.patience else { return false };
        let Some((better, value)) = self.found(&patience.metric, values) else { return false };
        self.state.best.exhausts(patience, better, value, round)
    }

    /// The direction and the value of the column `name` of a sample.
    fn found(&self, name: &str, values: &[Option<f64>]) -> Option<(Better, Option<f64>)> {
        let mut columns = self.plan.columns.iter().zip(values);
        columns.find(|(column, _)| column.name() == name).map(|(column, &value)| (column.metric.card().better, value))
    }

    fn limit_reached(&self, next: f64, engine: &Engine<P>) -> bool {
        self.plan.stop.is_reached(engine.protocol().round(), engine.protocol().updates(), next, engine.ledger())
    }
}

impl<R: Real, P: Recorded<R>> Watcher<P> for Recorder<'_, R, P> {
    fn before(&mut self, next: f64, engine: &Engine<P>) -> bool {
        self.log_participants(engine);
        self.sample_due(next, engine);
        if !self.has_ended() && self.limit_reached(next, engine) {
            self.show_end(engine);
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
        // After the checkpoint, so that a resumed run counts no event twice.
        if self.state.stall.notices(next, engine.ledger(), self.world.clients(), &self.plan.stop) {
            self.sample_if_new(Progress::of(engine), engine);
            self.state.outcome = self.state.outcome.or(Some(Outcome::Stuck));
        }
        !self.has_ended()
    }

    fn horizon(&self) -> f64 {
        self.plan.stop.seconds.unwrap_or(f64::INFINITY)
    }
}
