//! Metrics: the quantities that a run records, each a column of `curves.csv`, or one for each layer.
//!
//! A [`Metric`] is a [card](MetricCard) and a function: of the scores of a model, or of everything that can be observed of a run. Records
//! describe their metrics in [`metrics.csv`](Measure), so that a program without a metric still knows its direction, title and scale.

mod barrier;
mod builtin;
mod measure;
mod observation;
mod over_clients;
mod widths;

use std::fmt::{self, Debug, Formatter};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use builtin::{Accuracy, BUILTIN, Loss, ValidationLoss};
pub use measure::{Measure, TABLE, read, write};
pub use observation::{Column, Observation, Part, PeerModel, Sampled, Scored, wanted};
pub use over_clients::{Crowd, OverClients, Statistic, like, named, pattern};
pub use widths::{Accuracies, Widths};

use crate::{
    named::{Kind, Named},
    num::{Real, by_scalar},
    problem::{
        evaluate::{Evaluation, Wanted},
        predictions::Score,
    },
};

/// The direction in which values of a metric are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Losses, gaps, norms, distances.
    Lower,
    /// Accuracies.
    Higher,
    /// Quantities that only describe a run.
    Neither,
}

impl Better {
    /// Whether `a` is better than `b`; never where no value is, or where one is not a number.
    pub fn prefers(self, a: f64, b: f64) -> bool {
        match self {
            Self::Lower => a < b,
            Self::Higher => a > b,
            Self::Neither => false,
        }
    }

    /// The better of two values; a value that is not a number never wins.
    pub fn choose(self, a: f64, b: f64) -> f64 {
        if a.is_nan() || self.prefers(b, a) { b } else { a }
    }

    /// Whether `value` is as good as `target`.
    pub fn reached(self, value: f64, target: f64) -> bool {
        value == target || self.prefers(value, target)
    }

    /// The value of a run that diverged, worse than any other; infinite where no value is better.
    pub fn worst(self) -> f64 {
        if self == Self::Higher { f64::NEG_INFINITY } else { f64::INFINITY }
    }

    /// `value`, or the worst one where it is not finite.
    pub fn settle(self, value: f64) -> f64 {
        if value.is_finite() { value } else { self.worst() }
    }
}

/// The map of an axis from values to lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleKind {
    /// Equal differences, equal lengths.
    Linear,
    /// Equal ratios, equal lengths.
    Log,
}

/// A quantity that a run can record.
pub trait Metric: 'static {
    /// The description of the metric.
    const CARD: MetricCard;

    /// The value that a model has by itself, from the scores that the card asks for; `None` for metrics of a whole run.
    fn of_model(score: &Evaluation) -> Option<f64> {
        let _ = score;
        None
    }

    /// The value at a sample of a run; by default the mean of [`of_model`](Self::of_model) over the models that are scored.
    fn of_run<R: Real>(sample: &Observation<'_, R>) -> Option<f64> {
        sample.mean(Self::of_model)
    }
}

/// The description of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricCard {
    /// Name in scenarios, in kebab-case.
    pub name: &'static str,
    /// A sentence that says what it measures.
    pub summary: &'static str,
    /// Words for figures and tables.
    pub title: &'static str,
    /// Unit of its values; empty for plain numbers.
    pub unit: &'static str,
    /// The direction in which values are better.
    pub better: Better,
    /// The scale on which its values spread evenly.
    pub scale: ScaleKind,
    /// The scores that it is computed from, and what has to be there for it.
    pub needs: MetricNeeds,
}

/// The scores that a metric is computed from, and what the problem, the fleet or the methods of a scenario must have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricNeeds {
    /// Scores of the models. The gap and the distance need the exact optimum, a score on a held-out part needs the part.
    pub scores: Wanted,
    /// A method with a server.
    pub server: bool,
    /// A method without a server.
    pub peers: bool,
    /// The spread of the updates of a server step.
    pub updates: bool,
    /// Layers of weights: the metric has a value for each.
    pub layers: bool,
    /// A score of predictions of held-out samples, beside `scores`.
    pub prediction: Option<Score>,
    /// Models as clients of each bit-width run them, scored on held-out samples.
    pub widths: bool,
    /// The energy of a local step of every client.
    pub energy: bool,
    /// A method that knows the evidence for its model.
    pub evidence: bool,
}

impl MetricNeeds {
    /// No scores, and no conditions.
    pub const NOTHING: Self = Self {
        scores: Wanted::NOTHING,
        server: false,
        peers: false,
        updates: false,
        layers: false,
        prediction: None,
        widths: false,
        energy: false,
        evidence: false,
    };

    /// These scores, and no further conditions.
    pub const fn scores(scores: Wanted) -> Self {
        Self { scores, ..Self::NOTHING }
    }

    /// A score of predictions of held-out samples.
    pub const fn prediction(score: Score) -> Self {
        let scores = Wanted { predictions: true, ..Wanted::NOTHING };
        Self { scores, prediction: Some(score), ..Self::NOTHING }
    }
}

/// A metric that a scenario has chosen by its name.
#[derive(Clone, Copy)]
pub struct MetricSpec {
    card: MetricCard,
    clients: Option<OverClients>,
    of_model: fn(&Evaluation) -> Option<f64>,
    of_run_f32: fn(&Observation<'_, f32>) -> Option<f64>,
    of_run_f64: fn(&Observation<'_, f64>) -> Option<f64>,
}

impl MetricSpec {
    /// The metric `M`.
    pub const fn of<M: Metric>() -> Self {
        Self { card: M::CARD, clients: None, of_model: M::of_model, of_run_f32: M::of_run::<f32>, of_run_f64: M::of_run::<f64> }
    }

    /// The metric over clients that `clients` says.
    fn over_clients(card: MetricCard, clients: OverClients) -> Self {
        Self { card, clients: Some(clients), of_model: |_| None, of_run_f32: |_| None, of_run_f64: |_| None }
    }

    /// Its statistic over clients, where it is one.
    pub fn clients(&self) -> Option<OverClients> {
        self.clients
    }

    /// The description of the metric.
    pub fn card(&self) -> &MetricCard {
        &self.card
    }

    /// The name in scenarios and figures.
    pub fn name(&self) -> &'static str {
        self.card.name
    }

    /// Its needs.
    pub fn needs(&self) -> &MetricNeeds {
        &self.card.needs
    }

    /// Whether it has a value for each layer of weights.
    pub fn is_by_layer(&self) -> bool {
        self.needs().layers
    }

    /// Whether it needs the exact optimum.
    pub fn needs_optimum(&self) -> bool {
        self.needs().scores.gap || self.needs().scores.distance
    }

    /// Whether it needs held-out samples.
    pub fn needs_test(&self) -> bool {
        self.needs().scores.test || self.needs().scores.predictions || self.needs().widths
    }

    /// Whether it needs a validation part.
    pub fn needs_validation(&self) -> bool {
        self.needs().scores.validation
    }

    /// Whether it says how good a model is by the training samples alone.
    pub fn judges_training(&self) -> bool {
        let scores = self.needs().scores;
        scores != Wanted::NOTHING && !scores.test && !scores.predictions && !scores.validation
    }

    /// The value that a model with these scores has by itself.
    pub fn of_model(&self, score: &Evaluation) -> Option<f64> {
        (self.of_model)(score)
    }

    /// The value at a sample of a run.
    pub fn of_run<R: Real>(&self, sample: &Observation<'_, R>) -> Option<f64> {
        if let Some(clients) = self.clients {
            return sample.crowd?.value(clients, sample.share);
        }
        let measure: fn(&Observation<'_, R>) -> Option<f64> = by_scalar::<R, _, _, _>(|| self.of_run_f32, || self.of_run_f64);
        measure(sample)
    }
}

/// Metrics are equal if they have the same name.
impl PartialEq for MetricSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for MetricSpec {}

impl Debug for MetricSpec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Kind for MetricSpec {
    const KIND: &'static str = "metric";

    fn name(&self) -> &'static str {
        self.card.name
    }

    fn parameters(&self) -> toml::Value {
        toml::Table::new().into()
    }
}

impl Serialize for MetricSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for MetricSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Named::<Self>::deserialize(deserializer).map(|named| *named)
    }
}

impl JsonSchema for MetricSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Named::<Self>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Named::<Self>::json_schema(generator)
    }
}
