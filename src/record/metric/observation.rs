//! Samples: what can be observed of a run at an instant.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MetricSpec, Widths, widths::Accuracies};
use crate::{
    engine::{Engine, Ledger},
    num::{Real, vector},
    problem::evaluate::{Evaluation, Wanted},
    protocol::{Models, Observed, Recorded},
    world::World,
};

/// The models of a method without a server that are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PeerModel {
    /// The mean of all nodes' models.
    Mean,
    /// This many nodes, evenly spread over the node numbers; their scores are averaged.
    Nodes(usize),
}

impl Default for PeerModel {
    fn default() -> Self {
        Self::Nodes(10)
    }
}

/// A recorded metric, or one layer of a metric that has a value for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The metric.
    pub metric: MetricSpec,
    /// The layer, from 0, where the metric has a value for each.
    pub layer: Option<usize>,
}

impl Column {
    /// The columns of a metric of models with this many layers of weights.
    pub fn of(metric: MetricSpec, layers: usize) -> Vec<Self> {
        if metric.is_by_layer() {
            return (0..layers).map(|layer| Self { metric, layer: Some(layer) }).collect();
        }
        vec![Self { metric, layer: None }]
    }

    /// The name in scenarios and figures, such as `grad-norm`, or `layer-variance-2` for the second layer.
    pub fn name(self) -> String {
        let metric = self.metric.name();
        self.layer.map_or_else(|| metric.to_owned(), |layer| format!("{metric}-{}", layer + 1))
    }

    /// The name in the header, such as `grad_norm`.
    pub fn header(self) -> String {
        self.name().replace('-', "_")
    }
}

/// The scores that these columns are made of.
pub fn wanted(columns: &[Column]) -> Wanted {
    columns.iter().fold(Wanted::NOTHING, |all, column| all.and(column.metric.needs().scores))
}

/// The state of a run at an instant, as metrics see it.
#[derive(Clone, Copy)]
pub struct Observation<'a, R: Real> {
    /// The problem, the fleet and the network.
    pub world: &'a World<R>,
    /// The state of the method and its schedule.
    pub protocol: &'a dyn Observed<R>,
    /// Counts of bits, gradients and energy so far.
    pub ledger: &'a Ledger,
    /// The models of the server or of all nodes.
    pub models: &'a Models<'a, R>,
    /// The scores of each model that is scored: the server's, or those of the nodes that `record.peers` names.
    pub scores: &'a [Evaluation],
    /// Test accuracies by bit-width, where the metric needs them.
    pub by_width: Option<Accuracies>,
    /// The layer of weights that is measured, from 0; 0 for metrics of one value.
    pub layer: usize,
}

impl<'a, R: Real> Observation<'a, R> {
    /// The mean of `value` over the models that are scored.
    pub fn mean(&self, value: impl Fn(&Evaluation) -> Option<f64>) -> Option<f64> {
        let values: Option<Vec<f64>> = self.scores.iter().map(value).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// The models of all nodes; `None` with a server.
    pub fn nodes(&self) -> Option<&'a [&'a [R]]> {
        match self.models {
            Models::Nodes(nodes) => Some(nodes),
            Models::Server(_) => None,
        }
    }
}

/// The models of a protocol at an instant, and their scores.
pub struct Sampled<'a, R: Real> {
    world: &'a World<R>,
    protocol: &'a dyn Observed<R>,
    ledger: &'a Ledger,
    models: Models<'a, R>,
    scored: Vec<Cow<'a, [R]>>,
    scores: Vec<Evaluation>,
    by_width: Option<Accuracies>,
}

impl<'a, R: Real> Sampled<'a, R> {
    /// Scores what `columns` need of the run of `engine`; `peers` says which models of nodes, and `widths` which clients run them at which
    /// bit-width.
    pub fn new<P: Recorded<R>>(
        world: &'a World<R>,
        engine: &'a Engine<P>,
        (columns, peers): (&[Column], PeerModel),
        widths: Option<&Widths>,
    ) -> Self {
        let (protocol, ledger) = (engine.protocol(), engine.ledger());
        let models = protocol.models();
        let scored = scored(&models, peers);
        let scores = world.problem.evaluate_all(&scored, wanted(columns));
        let by_width = widths.and_then(|widths| widths.score(world, protocol));
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
    pub fn value(&self, Column { metric, layer }: Column) -> Option<f64> {
        let Self { world, protocol, ledger, by_width, .. } = *self;
        let (models, scores, layer) = (&self.models, &self.scores[..], layer.unwrap_or(0));
        metric.of_run(&Observation { world, protocol, ledger, models, scores, by_width, layer })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::metric::BUILTIN;

    #[test]
    fn a_metric_by_layer_has_a_column_for_each() {
        let metric = |name: &str| BUILTIN.iter().copied().find(|metric| metric.name() == name).unwrap();
        let names = |name, layers| Column::of(metric(name), layers).into_iter().map(Column::name).collect::<Vec<_>>();
        assert_eq!(names("layer-variance", 3), ["layer-variance-1", "layer-variance-2", "layer-variance-3"]);
        assert_eq!(names("grad-norm", 3), ["grad-norm"]);
        assert_eq!(Column::of(metric("layer-variance"), 1)[0].header(), "layer_variance_1");
    }
}
