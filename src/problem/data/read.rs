//! Readers of data files. Each yields [`RawTable`]: features as numbers, targets as the file has them.

mod cell;
pub(super) mod csv;
pub(super) mod idx;
mod json;
pub(super) mod leaf;
pub(super) mod libsvm;
pub(super) mod numpy;
mod one_hot;
mod text;

use super::{Features, Grouping};
use crate::num::{Precision, Real};

/// Samples of a file.
#[derive(Debug, Clone)]
pub(super) struct RawTable<R> {
    /// Training samples.
    pub train: RawSamples<R>,
    /// Held-out samples, where the source has some.
    pub test: Option<RawSamples<R>>,
    /// Whose the training samples are.
    pub natural: Option<Grouping>,
    /// Other columns by which training samples can be divided.
    pub columns: Vec<Grouping>,
    /// What may not have been meant, a line each.
    pub notes: Vec<String>,
    /// What inputs are called that are bytes above 1, with the largest of them.
    pub unscaled: Option<(String, f64)>,
}

impl<R> RawTable<R> {
    /// Training samples alone.
    pub fn new(train: RawSamples<R>, test: Option<RawSamples<R>>) -> Self {
        Self { train, test, natural: None, columns: Vec::new(), notes: Vec::new(), unscaled: None }
    }
}

/// Features with targets that are not numbered yet.
#[derive(Debug, Clone)]
pub(super) struct RawSamples<R> {
    pub features: Features<R>,
    pub targets: RawTargets,
}

impl<R: Real> RawSamples<R> {
    /// Takes off the last `count` samples.
    pub fn split_off(&mut self, count: usize) -> Self {
        let first = self.targets.len().saturating_sub(count);
        let rows: Vec<usize> = (0..self.targets.len()).collect();
        let features = self.features.select(&rows[first..]);
        self.features = self.features.select(&rows[..first]);
        let targets = match &mut self.targets {
            RawTargets::Numbers(values) => RawTargets::Numbers(values.split_off(first)),
            RawTargets::Names(values) => RawTargets::Names(values.split_off(first)),
        };
        Self { features, targets }
    }
}

/// Targets as a file has them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawTargets {
    Numbers(Vec<f64>),
    Names(Vec<String>),
}

impl RawTargets {
    /// Numbers where all `cells` are numbers, names otherwise; whole numbers that `f64` does not tell apart are names.
    pub fn parse(cells: Vec<String>) -> Self {
        let numbers: Option<Vec<f64>> =
            cells.iter().map(|cell| cell.parse().ok().filter(|value: &f64| value.is_finite())).collect();
        match numbers {
            Some(numbers) if !(cells.iter().any(|cell| is_large(cell)) && cells.iter().all(|cell| is_whole(cell))) => {
                Self::Numbers(numbers)
            }
            _ => Self::Names(cells),
        }
    }

    /// Number of targets.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Names(values) => values.len(),
        }
    }
}

/// The largest size up to which `f64` tells whole numbers apart.
const EXACT: u64 = (1 << 53) - 1;

/// Whether `cell` is a whole number, written in digits.
fn is_whole(cell: &str) -> bool {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `cell` is a whole number, written in digits, beyond those that `f64` tells apart.
pub(super) fn is_large(cell: &str) -> bool {
    is_whole(cell) && cell.parse().is_ok_and(|value: f64| value.abs() > EXACT as f64)
}

/// What single precision adds to a message about values that are not finite.
fn bound<R: Real>() -> &'static str {
    match R::PRECISION {
        Precision::F32 => " (in single precision up to 3.4e38 in size; `precision = \"f64\"` takes more)",
        Precision::F64 => "",
    }
}

#[cfg(test)]
mod tests;
