//! Random orthogonal matrices as products of reflections.

use rand_distr::{Distribution, StandardNormal};

use crate::{num::Real, random::Rng};

/// Scalars that the reflections of dimension `dim` take.
pub(super) fn len(dim: usize) -> usize {
    (dim * (dim + 1) / 2).saturating_sub(1)
}

/// Draws the reflections of a Haar-distributed orthogonal `Q` into `vectors`, shape [`len`]`(d)`.
///
/// G. W. Stewart, "The efficient generation of random orthogonal matrices", SIAM J. Numer. Anal. 17 (1980): Gaussian
/// vectors of 2, 3, …, d coordinates, each reflecting the last coordinates. Signs are left out: they cancel in `Q Λ Qᵀ`.
pub(super) fn draw<R: Real>(vectors: &mut [R], rng: &mut Rng) {
    for value in vectors {
        let normal: f64 = StandardNormal.sample(rng);
        *value = R::of(normal);
    }
}

/// `Q Λ Qᵀ` into the column-major `matrix` with `stride` rows; `scratch` has length `d`.
pub(super) fn conjugate<R: Real>(eigenvalues: &[R], vectors: &[R], stride: usize, matrix: &mut [R], scratch: &mut [R]) {
    let dim = eigenvalues.len();
    matrix.fill(R::zero());
    for (j, &value) in eigenvalues.iter().enumerate() {
        matrix[j * stride + j] = value;
    }
    let mut rest = vectors;
    for size in 2..=dim {
        let (v, others) = rest.split_at(size);
        reflect_both_sides(&mut matrix[(dim - size) * (stride + 1)..], stride, v, &mut scratch[..size]);
        rest = others;
    }
}

/// `x ← Qᵀ x`.
pub(super) fn turn_back<R: Real>(vectors: &[R], x: &mut [R]) {
    let mut end = vectors.len();
    for size in (2..=x.len()).rev() {
        let v = &vectors[end - size..end];
        let from = x.len() - size;
        let x = &mut x[from..];
        let along = R::of(2.0) * inner(v, x) / inner(v, v);
        x.iter_mut().zip(v).for_each(|(x, &v)| *x -= along * v);
        end -= size;
    }
}

/// `A ← P A P` with `P = I − 2 v vᵀ / ‖v‖²` on the leading block of a symmetric column-major matrix: a rank-two update.
fn reflect_both_sides<R: Real>(matrix: &mut [R], stride: usize, v: &[R], w: &mut [R]) {
    let beta = R::of(2.0) / inner(v, v);
    w.fill(R::zero());
    for (column, &vj) in matrix.chunks(stride).zip(v) {
        w.iter_mut().zip(column).for_each(|(w, &a)| *w += a * vj);
    }
    w.iter_mut().for_each(|w| *w *= beta);
    let half = R::of(0.5) * beta * inner(v, w);
    w.iter_mut().zip(v).for_each(|(w, &v)| *w -= half * v);
    for ((column, &vj), &wj) in matrix.chunks_mut(stride).zip(v).zip(w.iter()) {
        for ((a, &v), &w) in column.iter_mut().zip(v).zip(w.iter()) {
            *a -= v * wj + w * vj;
        }
    }
}

fn inner<R: Real>(a: &[R], b: &[R]) -> R {
    a.iter().zip(b).fold(R::zero(), |sum, (&a, &b)| sum + a * b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn the_spectrum_survives_and_the_basis_turns_back() {
        let (dim, stride) = (7, 8);
        let eigenvalues: Vec<f64> = (1..=dim).map(|k| k as f64).collect();
        let mut vectors = vec![0.0; len(dim)];
        draw(&mut vectors, &mut Streams::new(1).stream(Purpose::Data, 0, 0));
        let (mut matrix, mut scratch) = (vec![0.0; dim * stride], vec![0.0; dim]);
        conjugate(&eigenvalues, &vectors, stride, &mut matrix, &mut scratch);

        let trace: f64 = (0..dim).map(|i| matrix[i * stride + i]).sum();
        let square: f64 = matrix.iter().map(|a| a * a).sum();
        assert!((trace - 28.0).abs() < 1e-12 && (square - 140.0).abs() < 1e-11);

        // A x = Q Λ Qᵀ x, so turning A x back gives Λ times x turned back.
        let x: Vec<f64> = (0..dim).map(|k| (k as f64).sin()).collect();
        let mut left: Vec<f64> = (0..dim).map(|i| (0..dim).map(|j| matrix[j * stride + i] * x[j]).sum()).collect();
        let mut right = x.clone();
        turn_back(&vectors, &mut left);
        turn_back(&vectors, &mut right);
        for k in 0..dim {
            assert!((left[k] - eigenvalues[k] * right[k]).abs() < 1e-12);
        }
    }
}
