//! A data set before it is divided among clients.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis};

use super::{Features, Samples, SparseRows, Targets};
use crate::num::Real;

/// Training and held-out samples, with the columns that can tell clients apart.
#[derive(Debug, Clone)]
pub struct Table<R> {
    /// Training samples, in the order of the source.
    pub train: Samples<R>,
    /// Held-out samples for the report.
    pub test: Option<Samples<R>>,
    /// Held-out samples for choices.
    pub validation: Option<Samples<R>>,
    /// Name of each class; empty for real targets.
    pub classes: Vec<String>,
    /// The natural owners of the training samples: the user, the subject, the generated client.
    pub natural: Option<Grouping>,
    /// Further columns by which the training samples can be divided.
    pub columns: Vec<Grouping>,
    /// The owners of the training samples where a file of client ids names them.
    pub ids: Option<Ids>,
    /// Of which values the held-out samples are, in the columns of which that is known.
    pub held_out: Vec<Grouping>,
    /// The numbers of two classes, where the objective fits numbers.
    pub fitted: Option<[f64; 2]>,
    /// Notes on data that may not be as the author meant, a line each.
    pub notes: Vec<String>,
}

impl<R: Real> Table<R> {
    /// Samples without clients of their own.
    pub fn new(train: Samples<R>, test: Option<Samples<R>>, classes: Vec<String>) -> Self {
        Self {
            train,
            test,
            validation: None,
            classes,
            natural: None,
            columns: Vec::new(),
            ids: None,
            held_out: Vec::new(),
            fitted: None,
            notes: Vec::new(),
        }
    }

    /// The training samples and the held-out parts.
    pub(super) fn parts_mut(&mut self) -> impl Iterator<Item = &mut Samples<R>> {
        [Some(&mut self.train), self.test.as_mut(), self.validation.as_mut()].into_iter().flatten()
    }

    /// The training rows of each client that the source or a file of ids names; all rows together where neither does.
    pub(super) fn owned(&self) -> Vec<Vec<usize>> {
        match (&self.ids, &self.natural) {
            (Some(ids), _) => ids.members(),
            (None, Some(natural)) => natural.members(),
            (None, None) => vec![(0..self.train.len()).collect()],
        }
    }

    /// The grouping by the column `name`.
    pub fn grouping(&self, name: &str) -> Option<&Grouping> {
        self.natural.iter().chain(&self.columns).find(|grouping| grouping.name == name)
    }

    /// Keeps the training rows `rows`, in this order.
    pub(super) fn keep_train(&mut self, rows: &[usize]) {
        self.train = self.train.select(rows);
        for grouping in self.natural.iter_mut().chain(&mut self.columns) {
            *grouping = grouping.select(rows);
        }
        if let Some(ids) = &mut self.ids {
            ids.of = rows.iter().map(|&row| ids.of[row]).collect();
        }
    }
}

/// Client ids of the training samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    /// Number of clients.
    pub clients: usize,
    /// The client of each training row.
    pub of: Vec<u32>,
}

impl Ids {
    /// The rows of each client.
    pub fn members(&self) -> Vec<Vec<usize>> {
        members(self.clients, &self.of)
    }

    /// The clients of `rows`, as a column that no source has.
    pub(super) fn grouping(&self, rows: &[usize]) -> Grouping {
        let of = rows.iter().map(|&row| self.of[row]).collect();
        let values = (0..self.clients).map(|client| client.to_string()).collect();
        Grouping { name: String::new(), values, of, empty: Vec::new() }
    }
}

/// The rows of each of `count` values.
fn members(count: usize, of: &[u32]) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); count];
    for (row, &value) in of.iter().enumerate() {
        members[value as usize].push(row);
    }
    members
}

/// A column with a few distinct values: which value each training row has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Name of the column.
    pub name: String,
    /// The distinct values, in ascending order (numerically where all are numbers).
    pub values: Vec<String>,
    /// Index into `values` of each training row.
    pub of: Vec<u32>,
    /// Further values that the source names, of which no training row is.
    pub empty: Vec<String>,
}

impl Grouping {
    /// Numbers the distinct `cells`, in ascending order.
    pub fn new(name: impl Into<String>, cells: &[String]) -> Self {
        let mut values: Vec<String> = cells.to_vec();
        values.sort_unstable();
        values.dedup();
        if let Ok(numbers) = values.iter().map(|value| value.parse::<f64>()).collect::<Result<Vec<_>, _>>() {
            let mut order: Vec<(f64, String)> = numbers.into_iter().zip(values).collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0));
            values = order.into_iter().map(|(_, value)| value).collect();
        }
        let index: BTreeMap<&str, u32> = values.iter().map(String::as_str).zip(0..).collect();
        let of = cells.iter().map(|cell| index[cell.as_str()]).collect();
        Self { name: name.into(), values, of, empty: Vec::new() }
    }

    /// The rows of each value.
    pub fn members(&self) -> Vec<Vec<usize>> {
        members(self.values.len(), &self.of)
    }

    /// Forgets the values that no row has any more.
    pub(super) fn renumber(&mut self) {
        let old = std::mem::take(&mut self.values);
        let mut index = vec![None; old.len()];
        self.of.iter().for_each(|&value| index[value as usize] = Some(0));
        for (slot, value) in index.iter_mut().zip(old).filter(|(slot, _)| slot.is_some()) {
            *slot = Some(self.values.len() as u32);
            self.values.push(value);
        }
        self.of.iter_mut().for_each(|value| *value = index[*value as usize].unwrap_or_default());
    }

    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Self { of: rows.iter().map(|&row| self.of[row]).collect(), ..self.clone() }
    }
}

impl<R: Real> Samples<R> {
    /// The samples `rows`, in this order.
    pub fn select(&self, rows: &[usize]) -> Self {
        Self { features: self.features.select(rows), targets: self.targets.select(rows) }
    }

    /// As [`select`](Self::select) of an order of all rows, without a second copy of dense features.
    pub(super) fn permute(&mut self, order: &[usize]) {
        debug_assert_eq!(order.len(), self.len());
        self.targets = self.targets.select(order);
        match &mut self.features {
            Features::Dense(matrix) => permute_rows(matrix, order),
            sparse => *sparse = sparse.select(order),
        }
    }
}

impl<R: Real> Features<R> {
    /// The rows `rows`, in this order.
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Dense(matrix) => {
                let mut values = Vec::with_capacity(rows.len() * matrix.ncols());
                for &row in rows {
                    values
                        .extend_from_slice(matrix.index_axis(Axis(0), row).to_slice().expect("features are in standard layout"));
                }
                Self::Dense(dense(rows.len(), matrix.ncols(), values))
            }
            Self::Sparse(matrix) => {
                let mut chosen = SparseRows { columns: matrix.columns, starts: vec![0], indices: Vec::new(), values: Vec::new() };
                for &row in rows {
                    let (indices, values) = matrix.row(row);
                    chosen.indices.extend_from_slice(indices);
                    chosen.values.extend_from_slice(values);
                    chosen.starts.push(chosen.indices.len());
                }
                Self::Sparse(chosen)
            }
        }
    }
}

impl<R: Real> Targets<R> {
    /// Two classes as their numbers.
    pub(super) fn numbers(&self, of: [f64; 2]) -> Self {
        match self {
            Self::Classes { labels, .. } => Self::Values(labels.iter().map(|&label| R::of(of[label as usize])).collect()),
            values @ Self::Values(_) => values.clone(),
        }
    }

    /// The targets of `rows`, in this order.
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { labels, count } => {
                Self::Classes { labels: rows.iter().map(|&row| labels[row]).collect(), count: *count }
            }
            Self::Values(values) => Self::Values(rows.iter().map(|&row| values[row]).collect()),
        }
    }
}

/// Moves row `order[i]` to row `i`, along the cycles of the permutation.
fn permute_rows<R: Real>(matrix: &mut Array2<R>, order: &[usize]) {
    let columns = matrix.ncols();
    let values = matrix.as_slice_mut().expect("features are in standard layout");
    let mut done = vec![false; order.len()];
    let mut first = vec![R::zero(); columns];
    for start in 0..order.len() {
        if done[start] || order[start] == start {
            continue;
        }
        first.copy_from_slice(&values[start * columns..][..columns]);
        let mut row = start;
        while order[row] != start {
            values.copy_within(order[row] * columns..(order[row] + 1) * columns, row * columns);
            done[row] = true;
            row = order[row];
        }
        values[row * columns..][..columns].copy_from_slice(&first);
        done[row] = true;
    }
}

/// A row-major matrix from exactly `rows · columns` values.
pub(super) fn dense<R: Real>(rows: usize, columns: usize, values: Vec<R>) -> Array2<R> {
    Array2::from_shape_vec((rows, columns), values).expect("there are rows · columns values")
}
