//! Samples a run while it goes on, and ends it.

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    axis::Axis,
    iterates::Iterates,
    measure::Better,
    part::Part,
    plan::{EverySpec, LogSpec, Metric, PeerModel, wanted},
    probe::{Models, Observed},
    tiers::{Accuracies, Tiers},
};
use crate::{
    engine::{Engine, Watcher},
    num::{Real, vector},
    problem::{BlockKind, evaluate::Evaluation},
    scenario::Stop,
    world::World,
};

/// How a run came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It reached a limit.
    Finished,
    /// It reached its target.
    Reached,
    /// It ended because nothing was left to happen.
    Idle,
    /// Its model left the finite numbers.
    Diverged,
}

/// Where a run stands on the axes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Rounds.
    pub round: u64,
    /// Virtual time [s].
    pub seconds: f64,
    /// Client updates.
    pub updates: u64,
    /// Local steps.
    pub gradients: u64,
    /// Bits sent by clients [bit].
    pub uplink_bits: u64,
    /// Bits sent to clients [bit].
    pub downlink_bits: u64,
}

impl Progress {
    /// Where the run of an engine stands.
    pub fn of<R: Real, P: Observed<R>>(engine: &Engine<P>) -> Self {
        let ledger = engine.ledger();
        Self {
            round: engine.protocol().round(),
            seconds: engine.now(),
            updates: engine.protocol().updates(),
            gradients: ledger.gradients,
            uplink_bits: ledger.uplink_bits,
            downlink_bits: ledger.downlink_bits,
        }
    }
}

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
}

/// What a recorder records.
pub struct RecordPlan {
    /// Distance between samples.
    pub every: EverySpec,
    /// Columns.
    pub metrics: Vec<Metric>,
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
        let fresh = RecorderState { next: 0.0, latest: None, outcome: None, samples: 0, headline: None };
        let tiers = plan.metrics.iter().any(|metric| metric.needs_widths()).then(|| Tiers::of(&world.fleet));
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
    pub fn finish(mut self, engine: &Engine<P>) -> io::Result<Option<(Outcome, Option<Vec<Vec<R>>>)>> {
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
        if self.sampled_axis() == Axis::Seconds {
            let horizon = self.plan.stop.seconds.unwrap_or(f64::INFINITY);
            while self.state.next < time && self.state.next <= horizon && self.state.outcome.is_none() {
                self.sample(Progress { seconds: self.state.next, ..progress }, engine);
                self.state.next = self.following(self.state.next);
            }
            return;
        }
        let here = if self.sampled_axis() == Axis::Updates { progress.updates } else { progress.round } as f64;
        if here >= self.state.next {
            self.sample(progress, engine);
            while self.state.next <= here {
                self.state.next = self.following(self.state.next);
            }
        }
    }

    fn sampled_axis(&self) -> Axis {
        match self.plan.every {
            EverySpec::Rounds(_) => Axis::Rounds,
            EverySpec::Seconds(_) => Axis::Seconds,
            EverySpec::Updates(_) => Axis::Updates,
            EverySpec::Log(LogSpec { axis, .. }) => axis,
        }
    }

    /// Where the sample after the one at `place` is due.
    fn following(&self, place: f64) -> f64 {
        match self.plan.every {
            EverySpec::Rounds(step) | EverySpec::Updates(step) => ((place / step as f64).floor() + 1.0) * step as f64,
            EverySpec::Seconds(step) => ((place / step).round() + 1.0) * step,
            EverySpec::Log(LogSpec { axis, per_decade }) => {
                let factor = 10_f64.powf(1.0 / per_decade);
                let counts = axis != Axis::Seconds;
                let first = if counts { 1.0 } else { self.plan.stop.seconds.unwrap_or(1.0) * 1e-4 };
                let grown = (place * factor).max(first);
                if counts { grown.ceil().max(place + 1.0) } else { grown }
            }
        }
    }

    fn sample_if_new(&mut self, progress: Progress, engine: &Engine<P>) {
        if self.state.latest != Some(progress) {
            self.sample(progress, engine);
        }
    }

    fn sample(&mut self, progress: Progress, engine: &Engine<P>) {
        let protocol = engine.protocol();
        let models = protocol.models();
        let scored = self.scored(&models);
        let scores: Vec<Evaluation> = self.world.problem.evaluate_all(&scored, wanted(&self.plan.metrics));
        let by_width = self.tiers.as_ref().and_then(|tiers| tiers.score(self.world, protocol));
        let value = |&metric: &Metric| self.value(metric, (&scores, by_width), &models, protocol);
        let values: Vec<Option<f64>> = self.plan.metrics.iter().map(value).collect();
        let finite =
            scored.iter().all(|x| vector::is_finite(x)) && scores.iter().all(|score| score.loss.is_none_or(f64::is_finite));
        let kept = match (&mut self.iterates, scored.first()) {
            (Some(iterates), Some(x)) => iterates.push(x),
            _ => Ok(()),
        };
        self.failure = kept.and_then(|()| self.part.write(&progress, &values)).err();
        self.state.samples += 1;
        self.state.latest = Some(progress);
        self.state.headline = values.first().copied().flatten();
        if !finite {
            self.state.outcome = Some(Outcome::Diverged);
        } else if self.target_reached(&values) {
            self.state.outcome = Some(Outcome::Reached);
        }
        self.onlooker.sampled(&progress, self.state.headline);
    }

    /// The models to score.
    fn scored<'m>(&self, models: &'m Models<'_, R>) -> Vec<std::borrow::Cow<'m, [R]>> {
        match (models, self.plan.peers) {
            (Models::Server(x), _) => vec![(*x).into()],
            (Models::Nodes(nodes), PeerModel::Nodes(count)) => {
                let count = count.min(nodes.len());
                (0..count).map(|k| nodes[k * nodes.len() / count].into()).collect()
            }
            (Models::Nodes(nodes), PeerModel::Mean) => vec![vector::mean(nodes).into()],
        }
    }

    fn value(
        &self,
        metric: Metric,
        (scores, by_width): (&[Evaluation], Option<Accuracies>),
        models: &Models<'_, R>,
        protocol: &P,
    ) -> Option<f64> {
        let mean = |score: fn(&Evaluation) -> Option<f64>| {
            let values: Option<Vec<f64>> = scores.iter().map(score).collect();
            values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
        };
        match metric {
            Metric::Loss => mean(|score| score.loss),
            Metric::Gap => mean(|score| score.gap),
            Metric::GradNorm => mean(|score| score.gradient_norm),
            Metric::Distance => mean(|score| score.distance),
            Metric::Accuracy => mean(|score| score.test.and_then(|test| test.accuracy)),
            Metric::TestLoss => mean(|score| score.test.map(|test| test.loss)),
            Metric::AccuracyNarrowest => by_width.map(|accuracies| accuracies.narrowest),
            Metric::AccuracyWidest => by_width.map(|accuracies| accuracies.widest),
            Metric::AccuracyClients => by_width.map(|accuracies| accuracies.clients),
            Metric::WorstDecileLoss => mean(|score| score.worst_decile),
            Metric::Staleness => protocol.staleness(),
            Metric::Participation => protocol.latest_batch().map(|batch| batch as f64 / self.world.clients() as f64),
            Metric::Consensus => consensus(models),
            Metric::LayerVariance => self.layer_variance(models),
        }
    }

    fn layer_variance(&self, models: &Models<'_, R>) -> Option<f64> {
        let Models::Nodes(nodes) = models else { return None };
        let block = self.world.objective().blocks().iter().find(|block| block.kind == BlockKind::Weight)?;
        let variances = nodes.iter().map(|x| vector::variance(&x[block.range.clone()]));
        Some(variances.sum::<f64>() / nodes.len() as f64)
    }

    fn target_reached(&self, values: &[Option<f64>]) -> bool {
        let Some(target) = &self.plan.stop.target else { return false };
        let reached = |(name, &bound): (&String, &f64)| {
            let column = name.replace('-', "_");
            let value = self.plan.metrics.iter().position(|metric| metric.column() == column).and_then(|at| values[at]);
            value.is_some_and(|value| Better::of(&column).reached(value, bound))
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
        if self.state.outcome.is_none() && self.limit_reached(next, engine) {
            let mut progress = Progress::of(engine);
            if let Some(seconds) = self.plan.stop.seconds.filter(|&seconds| next > seconds) {
                progress.seconds = seconds;
            }
            self.sample_if_new(progress, engine);
            self.state.outcome = self.state.outcome.or(Some(Outcome::Finished));
        }
        if self.state.outcome.is_some() || self.failure.is_some() {
            return false;
        }
        let wish = self.onlooker.wish();
        if wish != Wish::GoOn {
            let saved = self.part.flush().and_then(|written| self.onlooker.checkpoint(engine, &self.state, written));
            self.failure = saved.err();
        }
        self.left = wish == Wish::Leave;
        !self.left
    }

    fn horizon(&self) -> f64 {
        self.plan.stop.seconds.unwrap_or(f64::INFINITY)
    }
}

/// Root mean square distance of the nodes' models from their mean.
fn consensus<R: Real>(models: &Models<'_, R>) -> Option<f64> {
    let Models::Nodes(nodes) = models else { return None };
    let mean = vector::mean(nodes);
    let total: f64 = nodes.iter().map(|x| vector::distance2(x, &mean)).sum();
    Some((total / nodes.len() as f64).sqrt())
}
