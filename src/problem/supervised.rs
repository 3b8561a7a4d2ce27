//! What objectives on labelled samples have in common: the data, the clients' weights, regularisation, picked rows.

use std::{ops::Range, sync::Arc};

use super::{
    Sample,
    data::{ClientData, Features, Samples, SparseRows, Targets},
};
use crate::{
    invalid::{Invalid, require},
    num::{Real, rows::Rows},
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
        if let Some(test) = &data.test {
            check(test)?;
            if test.features.columns() != data.train.features.columns() {
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

    /// The rows of a client that `sample` names.
    pub fn pick<'a>(&'a self, client: usize, sample: Sample<'a, R>) -> Picked<'a, R> {
        let rows = if let Sample::Rows(rows) = sample { Some(rows) } else { None };
        Picked { samples: &self.data.train, range: self.data.rows(client), rows }
    }
}

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
    /// All sparse rows; row `i` of those picked stands at [`Picked::source`].
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

    /// Where row `i` stands in the samples.
    #[inline]
    pub fn source(&self, i: usize) -> usize {
        self.range.start + self.rows.map_or(i, |rows| rows[i] as usize)
    }

    /// What is to be predicted, for all samples: look up at [`source`](Self::source).
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
