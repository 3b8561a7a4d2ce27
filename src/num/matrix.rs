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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_match_their_definition_in_every_orientation() {
        let (m, k, n) = (5, 7, 3);
        let value = |i: usize, j: usize, salt: f64| (i as f64 * 1.3 + j as f64 * 0.7 + salt).sin();
        let fill = |rows, columns, salt| (0..rows * columns).map(|at| value(at / columns, at % columns, salt)).collect();
        let (a, b): (Vec<f64>, Vec<f64>) = (fill(m, k, 0.1), fill(k, n, 0.5));
        let flip = |v: &[f64], rows: usize, columns: usize| -> Vec<f64> {
            (0..rows * columns).map(|at| v[at % rows * columns + at / rows]).collect()
        };
        let (a_flipped, b_flipped) = (flip(&a, m, k), flip(&b, k, n));
        let left = [by_rows(&a, m, k), by_rows(&a_flipped, k, m).transpose()];
        let right = [by_rows(&b, k, n), by_rows(&b_flipped, n, k).transpose()];
        for (left, right) in left.into_iter().flat_map(|left| right.map(|right| (left, right))) {
            let mut target = vec![9.0; m * n];
            multiply(2.0, left, right, &mut target, Write::Replace);
            multiply(-0.5, left, right, &mut target, Write::Add);
            for (at, found) in target.iter().enumerate() {
                let exact: f64 = (0..k).map(|l| value(at / n, l, 0.1) * value(l, at % n, 0.5)).sum();
                approx::assert_relative_eq!(*found, 1.5 * exact, epsilon = 1e-13);
            }
        }
    }
}
