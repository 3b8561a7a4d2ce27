//! The normal equations of least squares.

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use rayon::prelude::*;

use crate::{
    num::Real,
    problem::{
        data::{ClientData, Features},
        quadratic::{Hessian, QuadraticForm},
    },
};

/// Parameters beyond which the Gram matrix is not formed; the optimum then comes from conjugate gradients.
const LARGEST: usize = 1024;

/// Samples that enter the Gram matrix together.
const ROWS: usize = 512;

/// Columns of the Gram matrix that one job sums.
const COLUMNS: usize = 64;

/// The global least-squares objective as a quadratic form, summed in double precision in the order of the rows.
pub(super) fn form<R: Real>(
    data: &ClientData<R>,
    targets: &[R],
    weights: &[f64],
    intercept: bool,
    l2: f64,
) -> Option<QuadraticForm> {
    let dim = data.train.features.columns() + usize::from(intercept);
    if dim > LARGEST {
        return None;
    }
    let mut share = vec![0.0; targets.len()];
    for (client, weight) in weights.iter().enumerate() {
        let rows = data.rows(client);
        let each = weight / rows.len().max(1) as f64;
        share[rows].iter_mut().for_each(|share| *share += each);
    }
    let (mut gram, mut b, mut constant) = (vec![0.0; dim * dim], vec![0.0; dim], 0.0);
    let mut block = vec![0.0; ROWS * dim];
    for start in (0..targets.len()).step_by(ROWS) {
        let rows = start..(start + ROWS).min(targets.len());
        let block = &mut block[..rows.len() * dim];
        for (row, sample) in rows.zip(block.chunks_exact_mut(dim)) {
            let root = share[row].sqrt();
            fill(&data.train.features, row, root, intercept, sample);
            let target = root * targets[row].f64();
            sample.iter().zip(&mut b).for_each(|(a, b)| *b += a * target);
            constant += 0.5 * target * target;
        }
        add_gram(block, dim, &mut gram);
    }
    (0..dim).for_each(|j| gram[j * dim + j] += l2);
    Some(QuadraticForm::minimise(Hessian::Dense(gram), &b, constant))
}

/// Writes `factor` times the features of `row`, and of the constant, into `sample`.
fn fill<R: Real>(features: &Features<R>, row: usize, factor: f64, intercept: bool, sample: &mut [f64]) {
    match features {
        Features::Dense(matrix) => sample.iter_mut().zip(matrix.row(row)).for_each(|(to, from)| *to = factor * from.f64()),
        Features::Sparse(matrix) => {
            sample.fill(0.0);
            let (indices, values) = matrix.row(row);
            indices.iter().zip(values).for_each(|(&j, value)| sample[j as usize] = factor * value.f64());
        }
    }
    if let Some(last) = sample.last_mut().filter(|_| intercept) {
        *last = factor;
    }
}

/// Adds `BᵀB` for the row-major block `B`; each job owns some columns of the sum, so the order of additions is fixed.
fn add_gram(block: &[f64], dim: usize, gram: &mut [f64]) {
    let rows = block.len() / dim;
    gram.par_chunks_mut(COLUMNS * dim).enumerate().for_each(|(job, columns)| {
        let count = columns.len() / dim;
        let samples = MatRef::from_row_major_slice(block, rows, dim);
        let right = samples.subcols(job * COLUMNS, count);
        let sum = MatMut::from_column_major_slice_mut(columns, dim, count);
        matmul(sum, Accum::Add, samples.transpose(), right, 1.0, Par::Seq);
    });
}
