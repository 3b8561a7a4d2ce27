//! The common part of objectives on labelled samples: the data, the clients' weights, regularisation, picked rows.

use std::{ops::Range, sync::Arc};

use super::{
    Sample,
    data::{ClientData, Features, Samples, SparseRows, Targets},
};
use crate::{
    invalid::{Invalid, require},
    num::{Real, rows::Rows, vector},
};

/// Client data with weights `pᵢ` and the strength of l2 regularisation.
#[derive(Debug, Clone)]
pub(crate) struct Supervised<R> {
    pub data: Arc<ClientData<R>>,
    /// `λ` of `λ/2 ‖x‖²`, which acts on all parameters of every client.
    pub l2: f64,
    weights: Vec<f64>,
}

impl<R: Real> Supervised<R> {
    /// Checks the shapes; weights are the clients' shares of the training samples.
    pub fn new(data: Arc<ClientData<R>>, l2: f64) -> Result<Self, Invalid> {
        require(l2 >= 0.0 && l2.is_finite(), "l2", l2, "a finite number of at least 0")?;
        check(&data.train)?;
        if !data.offsets.cover(data.train.len()) {
            return Err(Invalid::at("partition", "the clients' rows do not cover the training samples in order"));
        }
        require(!data.train.is_empty(), "data", data.train.len(), "at least one training sample")?;
        for part in [&data.test, &data.validation].into_iter().flatten() {
            check(part)?;
            if part.features.columns() != data.train.features.columns() {
                return Err(Invalid::at("data", "held-out samples have another number of features than training samples"));
            }
        }
        let rows = |client| data.rows(client).len() as f64;
        let total: f64 = (0..data.clients()).map(rows).sum();
        let weights = (0..data.clients()).map(|client| rows(client) / total).collect();
        Ok(Self { data, l2, weights })
    }

    /// Replaces the weights by `weights`, scaled to sum to 1.
    pub fn reweight(&mut self, weights: &[f64]) -> Result<(), Invalid> {
        let total: f64 = weights.iter().sum();
        let valid = weights.iter().all(|weight| *weight >= 0.0) && total > 0.0 && total.is_finite();
        if weights.len() != self.data.clients() || !valid {
            let message = format!("expected {} weights of at least 0 that are not all 0", self.data.clients());
            return Err(Invalid::at("weights", message));
        }
        self.weights = weights.iter().map(|weight| weight / total).collect();
        Ok(())
    }

    /// Number of features `p`.
    pub fn columns(&self) -> usize {
        self.data.train.features.columns()
    }

    /// The weight `pᵢ` of a client.
    pub fn weight(&self, client: usize) -> f64 {
        self.weights[client]
    }

    /// `λ/2 ‖x‖²`.
    pub fn ridge(&self, x: &[R]) -> f64 {
        if self.l2 > 0.0 { 0.5 * self.l2 * vector::norm2(x) } else { 0.0 }
    }

    /// `gradient ← λ x`, to which an objective adds the gradient of its loss.
    pub fn begin_gradient(&self, x: &[R], gradient: &mut [R]) {
        gradient.copy_from_slice(x);
        vector::scale(R::of(self.l2), gradient);
    }

    /// The rows of a client that `sample` names.
    pub fn pick<'a>(&'a self, client: usize, sample: Sample<'a, R>) -> Picked<'a, R> {
        let rows = if let Sample::Rows(rows) = sample { Some(rows) } else { None };
        Picked { samples: &self.data.train, range: self.data.rows(client), rows }
    }
}

/// The methods of an [`Objective`](super::Objective) that follow from the [`Supervised`] in its field `shared`.
macro_rules! of_shared {
    () => {
        fn clients(&self) -> usize {
            self.shared.data.clients()
        }

        fn samples(&self, client: usize) -> usize {
            self.shared.data.rows(client).len()
        }

        fn weight(&self, client: usize) -> f64 {
            self.shared.weight(client)
        }
    };
}
pub(super) use of_shared;

/// Refuses samples whose targets do not belong to their features.
fn check<R: Real>(samples: &Samples<R>) -> Result<(), Invalid> {
    require(samples.features.columns() > 0, "data", samples.features.columns(), "at least one feature")?;
    if matches!(&samples.features, Features::Dense(matrix) if !matrix.is_standard_layout()) {
        return Err(Invalid::at("data", "dense features must be stored row by row"));
    }
    let targets = match &samples.targets {
        Targets::Classes { labels, count } => {
            if let Some(label) = labels.iter().find(|&&label| label as usize >= *count) {
                return Err(Invalid::at("data", format!("label {label} is out of range: expected below {count}")));
            }
            labels.len()
        }
        Targets::Values(values) => values.len(),
    };
    if targets != samples.len() {
        return Err(Invalid::at("data", format!("{targets} targets for {} samples", samples.len())));
    }
    Ok(())
}

/// The inputs of picked rows.
pub(crate) enum View<'a, R> {
    /// Dense rows, picked in place.
    Dense(Rows<'a, R>),
    /// All sparse rows; row `i` of those picked is at [`Picked::source`].
    Sparse(&'a SparseRows<R>),
}

/// Rows of samples, picked in place.
#[derive(Debug, Clone)]
pub(crate) struct Picked<'a, R> {
    samples: &'a Samples<R>,
    range: Range<usize>,
    rows: Option<&'a [u32]>,
}

impl<'a, R: Real> Picked<'a, R> {
    /// All samples.
    pub fn all(samples: &'a Samples<R>) -> Self {
        Self { samples, range: 0..samples.len(), rows: None }
    }

    /// Consecutive samples.
    pub fn range(samples: &'a Samples<R>, range: Range<usize>) -> Self {
        Self { samples, range, rows: None }
    }

    /// Writes what `outputs` outputs of a model should be, shape `[rows, outputs]`: real targets, or classes one-hot.
    pub fn wanted(&self, outputs: usize, out: &mut Vec<R>) {
        out.clear();
        out.resize(self.len() * outputs, R::zero());
        for (i, out) in out.chunks_exact_mut(outputs).enumerate() {
            match self.targets() {
                Targets::Classes { labels, .. } => out[labels[self.source(i)] as usize] = R::one(),
                Targets::Values(values) => out[0] = values[self.source(i)],
            }
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.map_or(self.range.len(), <[u32]>::len)
    }

    /// The rows in successive parts of at most `size`.
    pub fn parts(&self, size: usize) -> impl Iterator<Item = Self> {
        (0..self.len()).step_by(size).map(move |start| {
            let end = (start + size).min(self.len());
            match self.rows {
                Some(rows) => Self { rows: Some(&rows[start..end]), ..self.clone() },
                None => Self { range: self.range.start + start..self.range.start + end, ..self.clone() },
            }
        })
    }

    /// The place of row `i` in the samples.
    #[inline]
    pub fn source(&self, i: usize) -> usize {
        self.range.start + self.rows.map_or(i, |rows| rows[i] as usize)
    }

    /// The targets of all samples: look up at [`source`](Self::source).
    pub fn targets(&self) -> &'a Targets<R> {
        &self.samples.targets
    }

    /// The inputs: dense rows picked in place, or all sparse rows to look up at [`source`](Self::source).
    pub fn view(&self) -> View<'a, R> {
        let matrix = match &self.samples.features {
            Features::Sparse(matrix) => return View::Sparse(matrix),
            Features::Dense(matrix) => matrix,
        };
        let columns = matrix.ncols();
        let values = matrix.as_slice().expect("dense features are in standard layout");
        let values = &values[self.range.start * columns..self.range.end * columns];
        View::Dense(self.rows.map_or_else(|| Rows::all(values, columns), |rows| Rows::picked(values, columns, rows)))
    }

    /// The rows where they are dense, picked in place.
    pub fn dense(&self) -> Option<Rows<'a, R>> {
        if let View::Dense(rows) = self.view() { Some(rows) } else { None }
    }

    /// Copies the rows to the front of `out` and returns them, next to each other; zeros where nothing is stored.
    pub fn gather<'o>(&self, out: &'o mut [R]) -> Rows<'o, R> {
        let columns = self.samples.features.columns();
        let out = &mut out[..self.len() * columns];
        match self.view() {
            View::Dense(rows) => {
                for (i, out) in out.chunks_exact_mut(columns).enumerate() {
                    out.copy_from_slice(rows.row(i));
                }
            }
            View::Sparse(matrix) => {
                out.fill(R::zero());
                for (i, out) in out.chunks_exact_mut(columns).enumerate() {
                    let (indices, values) = matrix.row(self.source(i));
                    for (&column, &value) in indices.iter().zip(values) {
                        out[column as usize] = value;
                    }
                }
            }
        }
        Rows::all(out, columns)
    }
}

/// Most different values that may have been meant as classes.
const FEW: usize = 64;

/// The fault that all samples are of one class.
pub(super) fn only_one<R: Real>(data: &ClientData<R>) -> Invalid {
    let name = data.classes.first().map_or_else(String::new, |name| format!(", `{name}`"));
    Invalid::at("data", format!("all samples are of one class{name}: a classifier needs two or more to tell apart"))
        .help("see that the labels are read from the right place, by `target` in a CSV file, or take data of more classes")
}

/// The fault that the targets are `count` classes, which least squares does not fit.
pub(super) fn no_values<R: Real>(data: &ClientData<R>, count: usize) -> Invalid {
    let name = data.classes.iter().find(|name| name.parse::<f64>().is_err());
    let which = name.map_or_else(String::new, |name| format!(", of which `{name}` is not a number"));
    let invalid = Invalid::at("objective", format!("least squares needs real targets, and the data have {count} classes{which}"));
    invalid.help(match name {
        Some(_) => "write a number for each target, or use `objective = \"softmax\"`",
        None => "set `targets = \"values\"` in the data to fit the numbers themselves, or use `objective = \"softmax\"`",
    })
}

/// The fault that `values` are no classes, which `objective` needs; with `two`, exactly two.
pub(super) fn real<R: Real>(objective: &str, two: bool, values: &[R]) -> Invalid {
    let mut distinct: Vec<f64> = values.iter().map(|value| value.f64()).collect();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    let (needs, count) = (if two { "two classes" } else { "classes" }, distinct.len());
    let what = match distinct.as_slice() {
        [one] => format!("the one value {one}"),
        [one, other] => format!("the two values {one} and {other}"),
        _ => format!("{count} different real values"),
    };
    let invalid = Invalid::at("data", format!("{objective} needs {needs}, and the targets are {what}"));
    invalid.help(match count {
        2 => "set `targets = \"classes\"` in the data to take each of them for a class",
        3..=FEW if two => "use `objective = \"softmax\"` with `targets = \"classes\"` in the data to take each for a class, or `\"least-squares\"`",
        3..=FEW => "set `targets = \"classes\"` in the data to take each for a class, or use `objective = \"least-squares\"`",
        _ => "use `objective = \"least-squares\"` for real targets, or take data with class labels",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_may_be_classes_are_told_apart_from_those_that_are_not() {
        let halves = real("logistic regression", true, &[0.5, -0.5, 0.5]);
        assert_eq!(halves.message, "logistic regression needs two classes, and the targets are the two values -0.5 and 0.5");
        assert!(halves.help.is_some_and(|help| help.starts_with("set `targets = \"classes\"`")));
        let many: Vec<f64> = (0..100).map(|k| f64::from(k) / 7.0).collect();
        assert!(real("softmax regression", false, &many).help.is_some_and(|help| help.contains("least-squares")));
        let some = |two| real("it", two, &many[..5]).help.unwrap();
        assert!(some(true).contains("softmax") && !some(false).contains("softmax"));
    }
}
