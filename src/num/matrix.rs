//! Matrix products on views into flat vectors, through faer, on the calling thread.

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};

use super::Real;

/// A read-only matrix of shape `[rows, columns]` over a slice.
pub type View<'a, R> = MatRef<'a, R>;

/// `values`, shape `[rows, columns]`, row by row.
pub fn by_rows<R>(values: &[R], rows: usize, columns: usize) -> View<'_, R> {
    MatRef::from_row_major_slice(values, rows, columns)
}

/// Where the result of a product goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Overwrites the target.
    Replace,
    /// Adds to the target.
    Add,
}

/// `target ← factor · A B`, or added to it; `target` has shape `[rows of A, columns of B]`, row by row.
///
/// # Panics
/// Where the shapes do not fit.
pub fn multiply<R: Real>(factor: R, a: View<'_, R>, b: View<'_, R>, target: &mut [R], write: Write) {
    // The transposed product has its target in columns, the order faer computes in without copying.
    let target = MatMut::from_column_major_slice_mut(target, b.ncols(), a.nrows());
    let accum = match write {
        Write::Replace => Accum::Replace,
        Write::Add => Accum::Add,
    };
    matmul(target, accum, b.transpose(), a.transpose(), factor, Par::Seq);
}
