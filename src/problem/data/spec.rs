//! How a scenario names its data.

mod files;
mod generated;
mod written;

use std::fmt;

pub use files::{CsvSpec, IdxSpec, LeafSpec, LibsvmSpec, NpySpec, NpzSpec, TextSpec};
pub use generated::{CentreLaw, LinearSpec, LinearTargets, MixtureClients, MixtureSpec, SyntheticSpec, TeacherSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use written::{DataSpec, Source};
pub(in crate::problem) use written::{PathOr, path_or_table};

use crate::invalid::{Invalid, require};

impl DataSpec {
    /// Whether the values of the specification are in range. Files are not looked at.
    ///
    /// # Errors
    /// [`Invalid`] at the offending key.
    pub fn check(&self) -> Result<(), Invalid> {
        if let Some(share) = self.test {
            require(share > 0.0 && share < 1.0, "test", share, "a share of the samples, above 0 and below 1")?;
        }
        if let Some(share) = self.validation {
            require(share > 0.0 && share < 1.0, "validation", share, "a share of the samples, above 0 and below 1")?;
            let rest = 1.0 - self.test.unwrap_or(0.0);
            require(share < rest, "validation", share, &format!("a share below {rest}, what `test` leaves"))?;
        }
        if let Some(Scale::Factor(scale)) = self.scale {
            require(scale.is_finite() && scale != 0.0, "scale", scale, "a finite factor other than 0")?;
        }
        if let Some(count) = self.random_features {
            require(count >= 1, "random-features", count, "at least 1 feature")?;
        }
        if let Some(classes) = &self.classes {
            let mut names: Vec<String> = classes.iter().map(ToString::to_string).collect();
            names.sort();
            names.dedup();
            require(names.len() == classes.len(), "classes", names.len(), "each class once")?;
            require(classes.len() >= 2, "classes", classes.len(), "at least two classes")?;
        }
        match &self.source {
            Source::Synthetic(spec) => spec.check().map_err(|error| error.under("synthetic")),
            Source::Mixture(spec) => spec.check().map_err(|error| error.under("mixture")),
            Source::Teacher(spec) => spec.check().map_err(|error| error.under("teacher")),
            Source::Linear(spec) => spec.check().map_err(|error| error.under("linear")),
            Source::Leaf(spec) => spec.text.as_ref().map_or(Ok(()), TextSpec::check).map_err(|error| error.under("leaf.text")),
            _ => Ok(()),
        }
    }
}

/// A set embedded in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Bundled {
    /// 10,000 handwritten digits, 28×28 pixels in [0, 1]: 8,000 for training, 2,000 held out; 10 classes.
    #[serde(rename = "mnist-10k")]
    Mnist10k,
    /// UCI Adult as 123 binary features, sparse: 32,561 for training, 16,281 held out; 2 classes. Can be divided by
    /// `education` or `occupation`.
    #[serde(rename = "adult-a9a")]
    AdultA9a,
    /// 1,797 handwritten digits, 8×8 pixels in [0, 1]; the last 360 are held out; 10 classes.
    #[serde(rename = "digits-8x8")]
    Digits8x8,
    /// Shoulder exercises seen by a watch, 48 standardised features, of 10 people (`subject`, the natural clients): 3,453
    /// for training, 1,012 held out; 7 classes.
    #[serde(rename = "watch-exercises")]
    WatchExercises,
}

/// How features are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number or \"bytes\"")]
pub enum Scale {
    /// A factor [1].
    Factor(f64),
    /// The word `"bytes"`.
    Bytes(Bytes),
}

impl Scale {
    /// Bytes as shares of 255.
    pub const BYTES: Self = Self::Bytes(Bytes::Bytes);

    /// A scaled value.
    pub fn of(self, value: f64) -> f64 {
        match self {
            Self::Factor(factor) => factor * value,
            Self::Bytes(_) => value / 255.0,
        }
    }
}

/// The word `"bytes"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bytes {
    /// From 0 to 255.
    Bytes,
}

/// Whether targets are classes or real values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// What the objective needs: classes of whole numbers for `softmax` and `logistic`; for `least-squares` and `mlp` classes
    /// where any target is text, or all are whole numbers with at most 64 distinct values (least squares then fits two of them
    /// as they are), else real values.
    #[default]
    Auto,
    /// Classes.
    Classes,
    /// Real values.
    Values,
}

/// A class by its number or name in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a class: a whole number or text")]
pub enum LabelName {
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
}

impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
