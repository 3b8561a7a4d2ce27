//! What a sample of a run is made of.

use std::borrow::Cow;

use super::{
    column::{Column, wanted},
    plan::{Metric, PeerModel},
    tiers::{Accuracies, Tiers},
};
use crate::{
    engine::{Engine, Ledger},
    num::{Real, vector},
    problem::{BlockKind, evaluate::Evaluation},
    protocol::{Models, Observed},
    world::World,
};

/// The models of a protocol at an instant, and their scores.
pub(super) struct Sample<'a, R: Real, P> {
    world: &'a World<R>,
    protocol: &'a P,
    ledger: &'a Ledger,
    models: Models<'a, R>,
    scored: Vec<Cow<'a, [R]>>,
    scores: Vec<Evaluation>,
    by_width: Option<Accuracies>,
}

impl<'a, R: Real, P: Observed<R>> Sample<'a, R, P> {
    /// Scores what `columns` need of the run of `engine`; `peers` says which models of nodes, and `tiers` which clients run them in which width.
    pub fn take(
        world: &'a World<R>,
        engine: &'a Engine<P>,
        (columns, peers): (&[Column], PeerModel),
        tiers: Option<&Tiers>,
    ) -> Self {
        let (protocol, ledger) = (engine.protocol(), engine.ledger());
        let models = protocol.models();
        let scored = scored(&models, peers);
        let scores = world.problem.evaluate_all(&scored, wanted(columns));
        let by_width = tiers.and_then(|tiers| tiers.score(world, protocol));
        Self { world, protocol, ledger, models, scored, scores, by_width }
    }

    /// The first model that is scored, shape `[d]`.
    pub fn model(&self) -> Option<&[R]> {
        self.scored.first().map(|x| x.as_ref())
    }

    /// Whether the models and their losses are finite numbers.
    pub fn is_finite(&self) -> bool {
        self.scored.iter().all(|x| vector::is_finite(x)) && self.scores.iter().all(|score| score.loss.is_none_or(f64::is_finite))
    }

    /// The value of a column, if it has one.
    pub fn value(&self, column: Column) -> Option<f64> {
        match column.metric {
            Metric::AccuracyNarrowest => self.by_width.map(|accuracies| accuracies.narrowest),
            Metric::AccuracyWidest => self.by_width.map(|accuracies| accuracies.widest),
            Metric::AccuracyClients => self.by_width.map(|accuracies| accuracies.clients),
            Metric::Staleness => self.protocol.staleness(),
            Metric::Participation => self.protocol.latest_batch().map(|batch| batch as f64 / self.world.clients() as f64),
            Metric::Energy => Some(self.ledger.energy),
            Metric::GradientsUsed => Some(self.ledger.gradients_used as f64),
            Metric::ClientMemory => self.protocol.client_memory().map(|bits| bits as f64),
            Metric::Consensus => self.nodes().map(consensus),
            Metric::LayerVariance => self.layer_variance(column.layer?),
            metric => self.mean(|score| of_model(metric, score)),
        }
    }

    fn mean(&self, score: impl Fn(&Evaluation) -> Option<f64>) -> Option<f64> {
        let values: Option<Vec<f64>> = self.scores.iter().map(score).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// The models of all nodes; `None` with a server.
    fn nodes(&self) -> Option<&[&'a [R]]> {
        match &self.models {
            Models::Nodes(nodes) => Some(nodes),
            Models::Server(_) => None,
        }
    }

    fn layer_variance(&self, layer: usize) -> Option<f64> {
        let nodes = self.nodes()?;
        let weights = |block: &&crate::problem::Block| block.kind == BlockKind::Weight;
        let block = self.world.objective().blocks().iter().filter(weights).nth(layer)?;
        let variances = nodes.iter().map(|x| vector::variance(&x[block.range.clone()]));
        Some(variances.sum::<f64>() / nodes.len() as f64)
    }
}

/// The value of a metric that a model has by itself.
pub(super) fn of_model(metric: Metric, score: &Evaluation) -> Option<f64> {
    match metric {
        Metric::Loss => score.loss,
        Metric::Gap => score.gap,
        Metric::GradNorm => score.gradient_norm,
        Metric::Distance => score.distance,
        Metric::Accuracy => score.test.and_then(|test| test.accuracy),
        Metric::TestLoss => score.test.map(|test| test.loss),
        Metric::WorstDecileLoss => score.worst_decile,
        _ => None,
    }
}

/// The models to score.
fn scored<'a, R: Real>(models: &Models<'a, R>, peers: PeerModel) -> Vec<Cow<'a, [R]>> {
    match (models, peers) {
        (Models::Server(x), _) => vec![(*x).into()],
        (Models::Nodes(nodes), PeerModel::Nodes(count)) => {
            let count = count.min(nodes.len());
            (0..count).map(|k| nodes[k * nodes.len() / count].into()).collect()
        }
        (Models::Nodes(nodes), PeerModel::Mean) => vec![vector::mean(nodes).into()],
    }
}

/// Root mean square distance of the nodes' models from their mean.
fn consensus<R: Real>(nodes: &[&[R]]) -> f64 {
    let mean = vector::mean(nodes);
    let total: f64 = nodes.iter().map(|x| vector::distance2(x, &mean)).sum();
    (total / nodes.len() as f64).sqrt()
}
