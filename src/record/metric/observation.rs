//! Samples: what can be observed of a run at an instant.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Crowd, MetricSpec, Widths, widths::Accuracies};
use crate::{
    engine::{Engine, Ledger},
    num::{Real, vector},
    problem::{
        client_scores::Whose,
        evaluate::{Evaluation, Wanted},
    },
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

/// A recorded metric, or a part of one that has several values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The metric.
    pub metric: MetricSpec,
    /// The part, where the metric has several values.
    pub part: Option<Part>,
}

/// A part of a metric that has several values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// A layer of weights, from 0.
    Layer(usize),
    /// The mixture of this number, and the share of the personalised model in it.
    Share(usize, f64),
}

impl Column {
    /// The columns of a metric of models with this many layers of weights, where mixtures have these `shares`, if there are several.
    pub fn of(metric: MetricSpec, layers: usize, shares: &[f64]) -> Vec<Self> {
        if metric.is_by_layer() {
            return (0..layers).map(|layer| Self { metric, part: Some(Part::Layer(layer)) }).collect();
        }
        if metric.clients().is_some_and(|over| over.whose == Whose::Mixed) && shares.len() > 1 {
            let part = |(number, &share)| Self { metric, part: Some(Part::Share(number, share)) };
            return shares.iter().enumerate().map(part).collect();
        }
        vec![Self { metric, part: None }]
    }

    /// The name in scenarios and figures, such as `grad-norm`, `layer-variance-2` for the second layer, or `mixed-loss-mean-0.3` for
    /// mixtures of several shares.
    pub fn name(self) -> String {
        let metric = self.metric.name();
        match self.part {
            None => metric.to_owned(),
            Some(Part::Layer(layer)) => format!("{metric}-{}", layer + 1),
            Some(Part::Share(_, share)) => format!("{metric}-{share}"),
        }
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
    /// Predictions for the clients' own held-out samples, where a metric needs them.
    pub crowd: Option<&'a Crowd<'a>>,
    /// The layer of weights that is measured, from 0; 0 for metrics of one value.
    pub layer: usize,
    /// The mixture that is measured, from 0.
    pub share: usize,
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
    crowd: Option<Crowd<'a>>,
}

/// What a sample scores.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// Columns of `curves.csv`.
    pub columns: &'a [Column],
    /// The models of nodes that are scored.
    pub peers: PeerModel,
    /// Which clients run models at which bit-width, where a metric needs it.
    pub widths: Option<&'a Widths>,
}

impl<'a, R: Real> Sampled<'a, R> {
    /// Scores the run of `engine`, with the predictions of `crowd` for its models.
    pub fn new<P: Recorded<R>>(
        world: &'a World<R>,
        engine: &'a Engine<P>,
        Scored { columns, peers, widths }: Scored<'_>,
        crowd: impl FnOnce(&Models<'a, R>) -> Option<Crowd<'a>>,
    ) -> Self {
        let (protocol, ledger) = (engine.protocol(), engine.ledger());
        let models = protocol.models();
        let scored = scored(&models, peers);
        let scores = world.problem.evaluate_all(&scored, wanted(columns));
        let by_width = widths.and_then(|widths| widths.score(world, protocol));
        let crowd = crowd(&models);
        Self { world, protocol, ledger, models, scored, scores, by_width, crowd }
    }

    /// The first model that is scored, shape `[d]`.
    pub fn model(&self) -> Option<&[R]> {
        self.scored.first().map(|x| x.as_ref())
    }

    /// Whether the models and their losses are finite numbers.
    pub fn is_finite(&self) -> bool {
        self.scored.iter().all(|x| vector::is_finite(x)) && self.scores.iter().all(|score| score.loss.is_none_or(f64::is_finite))
    }

    /// The predictions for the clients' own held-out samples, where something needs them.
    pub fn crowd(&self) -> Option<&Crowd<'a>> {
        self.crowd.as_ref()
    }

    /// The value of a column, if it has one.
    pub fn value(&self, Column { metric, part }: Column) -> Option<f64> {
        let Self { world, protocol, ledger, by_width, .. } = *self;
        let (models, scores, crowd) = (&self.models, &self.scores[..], self.crowd.as_ref());
        let (layer, share) = match part {
            Some(Part::Layer(layer)) => (layer, 0),
            Some(Part::Share(share, _)) => (0, share),
            None => (0, 0),
        };
        metric.of_run(&Observation { world, protocol, ledger, models, scores, by_width, crowd, layer, share })
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
    use crate::record::metric::{BUILTIN, named};

    #[test]
    fn mixtures_of_several_shares_have_a_column_for_each() {
        let names = |name, shares: &[f64]| {
            let columns = Column::of(named(name).unwrap(), 0, shares);
            columns.into_iter().map(Column::name).collect::<Vec<_>>()
        };
        assert_eq!(names("mixed-loss-mean", &[0.0, 0.25]), ["mixed-loss-mean-0", "mixed-loss-mean-0.25"]);
        assert_eq!(names("mixed-loss-mean", &[0.25]), ["mixed-loss-mean"]);
        assert_eq!(names("client-loss-mean", &[0.0, 0.25]), ["client-loss-mean"]);
    }

    #[test]
    fn a_metric_by_layer_has_a_column_for_each() {
        let metric = |name: &str| BUILTIN.iter().copied().find(|metric| metric.name() == name).unwrap();
        let names = |name, layers| Column::of(metric(name), layers, &[]).into_iter().map(Column::name).collect::<Vec<_>>();
        assert_eq!(names("layer-variance", 3), ["layer-variance-1", "layer-variance-2", "layer-variance-3"]);
        assert_eq!(names("grad-norm", 3), ["grad-norm"]);
        assert_eq!(Column::of(metric("layer-variance"), 1, &[])[0].header(), "layer_variance_1");
    }
}
