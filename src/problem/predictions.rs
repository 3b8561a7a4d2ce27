//! Predictions of held-out samples beside the truth, and the scores that they get.

mod calibration;
mod classes;
mod mixing;
mod values;

use std::ops::Range;

pub use calibration::{BINS, Bin, Reliability};
pub use mixing::{Share, fitted_share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{classes::Classes, values::Values};
use super::{
    Workspace,
    data::{Samples, Targets},
    predictor::{Outputs, Predictor},
};
use crate::num::Real;

/// A score of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// Mean loss without regularisation: `−ln` of the probability of the true class, or half the squared error.
    Loss,
    /// Share of samples whose class is predicted \[1\].
    Accuracy,
    /// Mean over the classes that occur of the share of their samples that are predicted \[1\].
    BalancedAccuracy,
    /// Mean over the classes that occur or are predicted of the harmonic mean of precision and recall \[1\].
    MacroF1,
    /// Area under the receiver operating characteristic, one class against the rest, mean over the classes of which there are samples and
    /// others \[1\].
    Auc,
    /// Expected calibration error: mean over bins of confidence of the distance between confidence and accuracy \[1\].
    Ece,
    /// The part of that by which predictions are too sure, weighted by their confidence \[1\].
    OverConfidence,
    /// Mean squared distance of the probabilities of all classes from the truth \[1\].
    Brier,
    /// Root mean squared error.
    Rmse,
    /// Mean absolute error.
    Mae,
    /// Share of the variance of the targets that is explained \[1\].
    R2,
}

impl Score {
    /// All scores, in the order in which tables show them.
    pub const ALL: [Self; 11] = [
        Self::Loss,
        Self::Accuracy,
        Self::BalancedAccuracy,
        Self::MacroF1,
        Self::Auc,
        Self::Ece,
        Self::OverConfidence,
        Self::Brier,
        Self::Rmse,
        Self::Mae,
        Self::R2,
    ];

    /// The name in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::MacroF1 => "macro-f1",
            Self::Auc => "auc",
            Self::Ece => "ece",
            Self::OverConfidence => "over-confidence",
            Self::Brier => "brier",
            Self::Rmse => "rmse",
            Self::Mae => "mae",
            Self::R2 => "r2",
        }
    }

    /// Words for figures and tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Loss => "test loss",
            Self::Accuracy => "test accuracy",
            Self::BalancedAccuracy => "balanced accuracy",
            Self::MacroF1 => "macro F1",
            Self::Auc => "AUC",
            Self::Ece => "calibration error",
            Self::OverConfidence => "over-confidence",
            Self::Brier => "Brier score",
            Self::Rmse => "RMSE",
            Self::Mae => "mean absolute error",
            Self::R2 => "R²",
        }
    }

    /// Whether larger values are better.
    pub const fn higher_is_better(self) -> bool {
        matches!(self, Self::Accuracy | Self::BalancedAccuracy | Self::MacroF1 | Self::Auc | Self::R2)
    }

    /// Whether it is defined for classes, or else for real targets.
    pub const fn suits(self, classes: bool) -> bool {
        match self {
            Self::Loss => true,
            Self::Rmse | Self::Mae | Self::R2 => !classes,
            _ => classes,
        }
    }

    /// The score of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|score| score.name() == name)
    }
}

/// Predictions of some samples with their true targets, in double precision.
#[derive(Debug, Clone, PartialEq)]
pub enum Predictions {
    /// Of classes.
    Classes(Classes),
    /// Of real targets.
    Values(Values),
}

impl Predictions {
    /// The predictions of the model `x`, shape `[d]`, for consecutive `rows` of `samples`.
    pub fn of<R: Real>(
        predictor: &dyn Predictor<R>,
        x: &[R],
        (samples, rows): (&Samples<R>, Range<usize>),
        work: &mut Workspace<R>,
    ) -> Self {
        let mut outputs = Vec::new();
        predictor.predict(x, samples, rows.clone(), &mut outputs, work);
        let outputs = outputs.into_iter().map(R::f64);
        match (predictor.outputs(), &samples.targets) {
            (Outputs::Logits, Targets::Classes { labels, count }) => {
                Self::Classes(Classes::of_logits(*count, outputs.collect(), labels[rows].to_vec()))
            }
            (Outputs::Margin, targets) => {
                let logits = outputs.flat_map(|margin| [0.0, margin]).collect();
                let label = |row| match targets {
                    Targets::Classes { labels, .. } => labels[row],
                    Targets::Values(values) => u32::from(values[row] > R::zero()),
                };
                Self::Classes(Classes::of_logits(2, logits, rows.map(label).collect()))
            }
            // Least squares fits two classes as −1 and 1.
            (_, Targets::Classes { labels, .. }) => {
                let targets = labels[rows].iter().map(|&label| if label == 1 { 1.0 } else { -1.0 }).collect();
                Self::Values(Values { predicted: outputs.collect(), targets })
            }
            (_, Targets::Values(values)) => {
                let targets = values[rows].iter().map(|value| value.f64()).collect();
                Self::Values(Values { predicted: outputs.collect(), targets })
            }
        }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(values) => values.targets.len(),
        }
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A score; `None` where it is not defined: for the wrong kind of targets, without samples, and for an AUC of a single class or an R²
    /// of targets that are all the same.
    pub fn score(&self, score: Score) -> Option<f64> {
        match self {
            _ if self.is_empty() => None,
            Self::Classes(classes) => classes.score(score),
            Self::Values(values) => values.score(score),
        }
    }

    /// Confidence and accuracy in `bins` bins of equal width; `None` for real targets.
    pub fn reliability(&self, bins: usize) -> Option<Reliability> {
        match self {
            Self::Classes(classes) => Some(classes.reliability(bins)),
            Self::Values(_) => None,
        }
    }

    /// These predictions and then `others`, which are of the same targets.
    pub fn joined<'a>(all: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut all = all.into_iter();
        let mut joined = all.next()?.clone();
        for other in all {
            match (&mut joined, other) {
                (Self::Classes(joined), Self::Classes(other)) => joined.append(other),
                (Self::Values(joined), Self::Values(other)) => joined.append(other),
                _ => {}
            }
        }
        Some(joined)
    }
}
