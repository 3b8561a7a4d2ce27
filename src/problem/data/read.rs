//! Readers of data files. Each yields [`RawTable`]: features as numbers, targets as the file has them.

pub(super) mod csv;
pub(super) mod idx;
mod json;
pub(super) mod leaf;
pub(super) mod libsvm;
pub(super) mod numpy;
mod one_hot;
mod text;

use super::{Features, Grouping};
use crate::{
    num::{Precision, Real},
    table::is_missing,
};

/// Samples of a file.
#[derive(Debug, Clone)]
pub(super) struct RawTable<R> {
    /// Training samples.
    pub train: RawSamples<R>,
    /// Held-out samples for the report, where the source has some.
    pub test: Option<RawSamples<R>>,
    /// Held-out samples for choices, where the source has some.
    pub validation: Option<RawSamples<R>>,
    /// The owners of the training samples.
    pub natural: Option<Grouping>,
    /// Other columns by which training samples can be divided.
    pub columns: Vec<Grouping>,
    /// The same columns of the held-out samples, where the source has them.
    pub held_out: Vec<Grouping>,
    /// Notes on data that may not be as the author meant, a line each.
    pub notes: Vec<String>,
    /// The name of inputs that are bytes above 1, with the largest of them.
    pub unscaled: Option<(String, f64)>,
}

impl<R> RawTable<R> {
    /// Training samples, and those of a test part, without clients of their own.
    pub fn new(train: RawSamples<R>, test: Option<RawSamples<R>>) -> Self {
        Self {
            train,
            test,
            validation: None,
            natural: None,
            columns: Vec::new(),
            held_out: Vec::new(),
            notes: Vec::new(),
            unscaled: None,
        }
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

/// The end of a message about values that are not finite, in single precision.
fn bound<R: Real>() -> &'static str {
    match R::PRECISION {
        Precision::F32 => " (in single precision up to 3.4e38 in size; `precision = \"f64\"` takes more)",
        Precision::F64 => "",
    }
}

/// The number that `cell` is; what is missing is none.
pub(in crate::problem::data) fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|value: &f64| !value.is_nan())
}

/// The number that the target `cell` is, or `None` for a name. Where targets are `classes`, every text is a name.
///
/// # Errors
/// The fault of the target, as the end of a sentence.
fn target<R: Real>(cell: &str, classes: bool) -> Result<Option<f64>, String> {
    if is_missing(cell) {
        return Err("is missing".to_owned());
    }
    match (number(cell), oddity(cell)) {
        (Some(value), _) if !value.is_finite() => Err(format!("is `{cell}`: expected a finite number")),
        (Some(value), _) if !R::of(value).f64().is_finite() => Err(format!("is too large{}", bound::<R>())),
        (None, Some(oddity)) if !classes => Err(format!("is written with {oddity}: expected a number such as 1234.5")),
        (number, _) => Ok(number),
    }
}

/// Signs of currencies beside numbers.
const CURRENCIES: [char; 4] = ['$', '€', '£', '¥'];

/// The oddity of a cell that people read as a number: `1,5`, `1,5e-3`, `,5`, `1.234,5`, `1,234`, `1'234`, `1 234`, `5%`,
/// `$1,000`.
pub(in crate::problem::data) fn oddity(cell: &str) -> Option<&'static str> {
    let size = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    let is_number = |text: &str| number(text.trim()).is_some() || mark(text.trim()).is_some();
    if size.strip_suffix('%').is_some_and(is_number) {
        return Some("a percent sign");
    }
    if size.strip_prefix(CURRENCIES).or_else(|| size.strip_suffix(CURRENCIES)).is_some_and(is_number) {
        return Some("the sign of a currency");
    }
    let (digits, exponent) = size.split_once(['e', 'E']).unwrap_or((size, "0"));
    if exponent.parse::<i32>().is_ok() { mark(digits) } else { None }
}

/// The mark among `digits` that is not read.
fn mark(digits: &str) -> Option<&'static str> {
    let marks = |mark: char| digits.matches(mark).count();
    let apart = ['\'', '’', ' ', '\u{a0}', '\u{202f}'];
    let plain = |c: char| c.is_ascii_digit() || ",.".contains(c) || apart.contains(&c);
    if !digits.starts_with(|c: char| c == ',' || c.is_ascii_digit())
        || !digits.ends_with(|c: char| c.is_ascii_digit())
        || !digits.chars().all(plain)
    {
        return None;
    }
    let grouped = |mark: char| digits.split(['.', ',']).next().is_some_and(|whole| by_threes(whole, mark));
    match (marks(','), marks('.')) {
        _ if apart.iter().any(|&mark| grouped(mark)) => Some("spaces or quotes between its thousands"),
        (1, 0) if !by_threes(digits, ',') => Some("a decimal comma"),
        (1, dots) if dots > 0 && by_threes(digits.split(',').next().unwrap_or_default(), '.') => Some("a decimal comma"),
        (1.., _) if by_threes(digits.split('.').next().unwrap_or_default(), ',') => {
            Some("a comma, in front of its decimals or its thousands")
        }
        _ => None,
    }
}

/// Whether `text` is digits in groups of three, such as `12'345`.
fn by_threes(text: &str, mark: char) -> bool {
    let mut groups = text.split(mark);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&first.len())
        && digits(first)
        && rest.peek().is_some()
        && rest.all(|group| group.len() == 3 && digits(group))
}

#[cfg(test)]
mod tests;
