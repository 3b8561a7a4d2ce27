//! The values of the metrics in one sample.

use std::borrow::Cow;

use super::{
    plan::{Metric, PeerModel, wanted},
    probe::{Models, Observed},
};
use crate::{
    num::{Real, vector},
    problem::{BlockKind, evaluate::Evaluation},
    world::World,
};

/// The models that are scored.
pub(super) fn scored<'m, R: Real>(models: &'m Models<'_, R>, peers: PeerModel) -> Vec<Cow<'m, [R]>> {
    match (models, peers) {
        (Models::Server(x), _) => vec![(*x).into()],
        (Models::Nodes(nodes), PeerModel::Nodes(count)) => {
            let count = count.min(nodes.len());
            (0..count).map(|k| nodes[k * nodes.len() / count].into()).collect()
        }
        (Models::Nodes(nodes), PeerModel::Mean) => vec![vector::mean(nodes).into()],
    }
}

/// The scored models of a sample with what they come to.
pub(super) struct Scores<'m, R: Real> {
    world: &'m World<R>,
    scored: &'m [Cow<'m, [R]>],
    models: &'m Models<'m, R>,
    evaluations: Vec<Evaluation>,
}

impl<'m, R: Real> Scores<'m, R> {
    /// Evaluates `scored` of all `models`, as far as `metrics` need it.
    pub fn of(world: &'m World<R>, scored: &'m [Cow<'m, [R]>], models: &'m Models<'m, R>, metrics: &[Metric]) -> Self {
        Self { world, scored, models, evaluations: world.problem.evaluate_all(scored, wanted(metrics)) }
    }

    /// Whether models and losses are finite numbers.
    pub fn are_finite(&self) -> bool {
        self.scored.iter().all(|x| vector::is_finite(x))
            && self.evaluations.iter().all(|score| score.loss.is_none_or(f64::is_finite))
    }

    /// The value of `metric`, the mean over the scored models.
    pub fn value<P: Observed<R>>(&self, metric: Metric, protocol: &P) -> Option<f64> {
        match metric {
            Metric::Loss => self.mean(|score| score.loss),
            Metric::Gap => self.mean(|score| score.gap),
            Metric::GradNorm => self.mean(|score| score.gradient_norm),
            Metric::Distance => self.mean(|score| score.distance),
            Metric::Accuracy => self.mean(|score| score.test.and_then(|test| test.accuracy)),
            Metric::TestLoss => self.mean(|score| score.test.map(|test| test.loss)),
            Metric::WorstDecileLoss => self.mean(|score| score.worst_decile),
            Metric::Staleness => protocol.staleness(),
            Metric::Participation => protocol.latest_batch().map(|batch| batch as f64 / self.world.clients() as f64),
            Metric::Consensus => consensus(self.models),
            Metric::LayerVariance => self.layer_variance(),
        }
    }

    fn mean(&self, score: fn(&Evaluation) -> Option<f64>) -> Option<f64> {
        let values: Option<Vec<f64>> = self.evaluations.iter().map(score).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    }

    fn layer_variance(&self) -> Option<f64> {
        let Models::Nodes(nodes) = self.models else { return None };
        let block = self.world.objective().blocks().iter().find(|block| block.kind == BlockKind::Weight)?;
        let variances = nodes.iter().map(|x| vector::variance(&x[block.range.clone()]));
        Some(variances.sum::<f64>() / nodes.len() as f64)
    }
}

/// Root mean square distance of the nodes' models from their mean.
fn consensus<R: Real>(models: &Models<'_, R>) -> Option<f64> {
    let Models::Nodes(nodes) = models else { return None };
    let mean = vector::mean(nodes);
    let total: f64 = nodes.iter().map(|x| vector::distance2(x, &mean)).sum();
    Some((total / nodes.len() as f64).sqrt())
}
