//! One sample's features, dense or sparse.

use num_traits::Float;

use super::Features;
use crate::num::Real;

/// Partial sums of an inner product: their number is fixed, so that the bits do not depend on the vector width.
const LANES: usize = 16;

/// One sample's features.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a, R> {
    /// Every feature.
    Dense(&'a [R]),
    /// Columns of the stored entries, ascending, and their values.
    Sparse(&'a [u32], &'a [R]),
}

impl<R: Real> Features<R> {
    /// The features of a sample.
    #[inline(always)]
    pub fn row(&self, row: usize) -> Row<'_, R> {
        match self {
            Self::Dense(matrix) => {
                let entries = matrix.as_slice().expect("feature matrices have standard layout");
                let columns = matrix.ncols();
                Row::Dense(&entries[row * columns..][..columns])
            }
            Self::Sparse(matrix) => {
                let (indices, values) = matrix.row(row);
                Row::Sparse(indices, values)
            }
        }
    }
}

impl<R: Real> Row<'_, R> {
    /// The inner product with `w`, shape `[columns]`.
    #[inline(always)]
    pub fn dot(self, w: &[R]) -> R {
        match self {
            Row::Dense(row) => dense_dot(row, w),
            Row::Sparse(indices, values) => {
                indices.iter().zip(values).fold(R::zero(), |sum, (&j, &a)| Float::mul_add(a, w[j as usize], sum))
            }
        }
    }

    /// Adds `factor` times the row to `sum`, shape `[columns]`.
    #[inline(always)]
    pub fn add_to(self, factor: R, sum: &mut [R]) {
        match self {
            Row::Dense(row) => sum.iter_mut().zip(row).for_each(|(s, &a)| *s = Float::mul_add(factor, a, *s)),
            Row::Sparse(indices, values) => {
                for (&j, &a) in indices.iter().zip(values) {
                    sum[j as usize] = Float::mul_add(factor, a, sum[j as usize]);
                }
            }
        }
    }
}

#[inline(always)]
fn dense_dot<R: Real>(a: &[R], b: &[R]) -> R {
    let mut sums = [R::zero(); LANES];
    let (a_blocks, b_blocks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail = a_blocks.remainder().iter().zip(b_blocks.remainder());
    let tail = tail.fold(R::zero(), |sum, (&a, &b)| Float::mul_add(a, b, sum));
    for (a, b) in a_blocks.zip(b_blocks) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum = Float::mul_add(a, b, *sum);
        }
    }
    sums.iter().fold(tail, |total, &sum| total + sum)
}
