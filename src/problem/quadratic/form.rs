//! The global objective of a quadratic problem, about its minimiser.

use faer::{Mat, MatRef, Side, linalg::solvers::Solve};

use crate::{num::Real, problem::Optimum};

/// `f(x) = f* + ½ (x − x*)ᵀ H (x − x*)`, in double precision.
///
/// Differences to the optimum come from `x − x*` and not from a difference of losses, so that a gap keeps all its digits
/// far below `f*` times the machine precision.
#[derive(Debug, Clone, PartialEq)]
pub struct QuadraticForm {
    /// The minimiser and the minimum.
    pub optimum: Optimum,
    /// The curvature `H = Σ pᵢ Aᵢ`.
    pub hessian: Hessian,
}

/// A symmetric positive semi-definite matrix.
#[derive(Debug, Clone, PartialEq)]
pub enum Hessian {
    /// The diagonal, shape `[d]`.
    Diagonal(Vec<f64>),
    /// All entries, shape `[d, d]`.
    Dense(Vec<f64>),
}

impl Hessian {
    /// All zeros.
    pub(crate) fn zeros(dim: usize, dense: bool) -> Self {
        if dense { Self::Dense(vec![0.0; dim * dim]) } else { Self::Diagonal(vec![0.0; dim]) }
    }

    /// The stored entries, for sums.
    pub(crate) fn entries_mut(&mut self) -> &mut [f64] {
        match self {
            Self::Diagonal(entries) | Self::Dense(entries) => entries,
        }
    }

    /// `H v`, shape `[d]`.
    pub fn product(&self, v: &[f64]) -> Vec<f64> {
        match self {
            Self::Diagonal(diagonal) => diagonal.iter().zip(v).map(|(h, v)| h * v).collect(),
            Self::Dense(matrix) => matrix.chunks_exact(v.len()).map(|row| row.iter().zip(v).map(|(h, v)| h * v).sum()).collect(),
        }
    }

    /// The solution of `H x = b` of least norm; directions in which `H` vanishes to rounding are left at 0.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        match self {
            Self::Diagonal(diagonal) => {
                let floor = diagonal.iter().fold(0.0, |top: f64, &h| top.max(h)) * 1e-14;
                diagonal.iter().zip(b).map(|(&h, &b)| if h > floor { b / h } else { 0.0 }).collect()
            }
            Self::Dense(matrix) => solve_dense(matrix, b),
        }
    }
}

impl QuadraticForm {
    /// The form of `½ xᵀ H x − ⟨b, x⟩ + constant`, minimised with the remaining gradient checked.
    pub(crate) fn minimise(hessian: Hessian, b: &[f64], constant: f64) -> Self {
        let x = hessian.solve(b);
        let product = hessian.product(&x);
        let gradient_norm = product.iter().zip(b).map(|(p, b)| (p - b).powi(2)).sum::<f64>().sqrt();
        let value = constant - x.iter().zip(b).map(|(x, b)| 0.5 * x * b).sum::<f64>();
        Self { optimum: Optimum { x, value, gradient_norm }, hessian }
    }

    /// `f(x) − f*`.
    pub fn gap<R: Real>(&self, x: &[R]) -> f64 {
        let away = self.away(x);
        0.5 * self.hessian.product(&away).iter().zip(&away).map(|(h, a)| h * a).sum::<f64>()
    }

    /// `f(x)`.
    pub fn loss<R: Real>(&self, x: &[R]) -> f64 {
        self.optimum.value + self.gap(x)
    }

    /// `‖∇f(x)‖`.
    pub fn gradient_norm<R: Real>(&self, x: &[R]) -> f64 {
        self.hessian.product(&self.away(x)).iter().map(|g| g * g).sum::<f64>().sqrt()
    }

    fn away<R: Real>(&self, x: &[R]) -> Vec<f64> {
        x.iter().zip(&self.optimum.x).map(|(x, best)| x.f64() - best).collect()
    }
}

/// Cholesky with two steps of iterative refinement; eigenvectors where the matrix is singular to rounding.
fn solve_dense(matrix: &[f64], b: &[f64]) -> Vec<f64> {
    let dim = b.len();
    let view = MatRef::from_row_major_slice(matrix, dim, dim);
    let rhs = |v: &[f64]| Mat::from_fn(dim, 1, |i, _| v[i]);
    let residual = |x: &[f64]| -> Vec<f64> {
        let rows = matrix.chunks_exact(dim).zip(b);
        rows.map(|(row, b)| b - row.iter().zip(x).map(|(h, x)| h * x).sum::<f64>()).collect()
    };
    let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>();
    let refine = |solve: &dyn Fn(&[f64]) -> Vec<f64>| {
        let mut x = solve(b);
        let mut left = residual(&x);
        for _ in 0..4 {
            let next: Vec<f64> = x.iter().zip(solve(&left)).map(|(x, step)| x + step).collect();
            let remains = residual(&next);
            if norm(&remains).partial_cmp(&norm(&left)) != Some(std::cmp::Ordering::Less) {
                break;
            }
            (x, left) = (next, remains);
        }
        x
    };
    let top = (0..dim).fold(0.0, |top: f64, i| top.max(matrix[i * dim + i]));
    if let Ok(factor) = view.llt(Side::Lower) {
        let smallest = (0..dim).fold(f64::INFINITY, |low, i| low.min(factor.L()[(i, i)]));
        if smallest * smallest > top * 1e-13 {
            return refine(&|v| factor.solve(rhs(v)).col(0).iter().copied().collect());
        }
    }
    let Ok(eigen) = view.self_adjoint_eigen(Side::Lower) else { return vec![f64::NAN; dim] };
    let (vectors, values) = (eigen.U(), eigen.S());
    let floor = (0..dim).fold(0.0, |top: f64, i| top.max(values[i])) * 1e-13;
    refine(&|v| {
        let mut x = vec![0.0; dim];
        for k in (0..dim).filter(|&k| values[k] > floor) {
            let along = (0..dim).map(|i| vectors[(i, k)] * v[i]).sum::<f64>() / values[k];
            x.iter_mut().enumerate().for_each(|(i, x)| *x += along * vectors[(i, k)]);
        }
        x
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_singular_system_gets_its_solution_of_least_norm() {
        let hessian = Hessian::Dense(vec![1.0, 1.0, 1.0, 1.0]);
        let x = hessian.solve(&[2.0, 2.0]);
        assert!((x[0] - 1.0).abs() < 1e-14 && (x[1] - 1.0).abs() < 1e-14, "{x:?}");
    }

    #[test]
    fn a_gap_keeps_its_digits_far_below_the_minimum() {
        let hessian = Hessian::Diagonal(vec![2.0, 0.5]);
        let form = QuadraticForm::minimise(hessian, &[2.0, 0.5], 1e6);
        let x = [1.0 + f64::powi(2.0, -40), 1.0];
        assert_eq!(form.gap(&x), f64::powi(2.0, -80));
        assert_eq!(form.loss(&x), form.optimum.value);
    }
}
