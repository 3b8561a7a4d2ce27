//! The absolute aggregation law: how solutions of two sets of clients become that of both, as the paper prints it.

use faer::{Mat, MatRef, Side};
use serde::{Deserialize, Serialize};

use crate::problem::quadratic::Hessian;

/// Eigenvalues below this share of the largest count as zero.
const ZERO: f64 = 1e-13;

/// The least-squares solution of a set of clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Solution {
    /// `C = Σ (Xᵀ X + γ I)`, shape `[q, q]`.
    pub gram: Vec<f64>,
    /// `W`, shape `[q, C]`, row by row.
    pub weights: Vec<f64>,
}

impl Solution {
    /// `W = C⁻¹ B`, or the solution of least norm where `C` is singular: `pinv(X) Y` for `γ = 0`.
    pub fn of(gram: Vec<f64>, cross: &[f64]) -> Self {
        let features = gram.len().isqrt();
        let outputs = cross.len() / features;
        let system = Hessian::Dense(gram);
        let mut weights = vec![0.0; cross.len()];
        for output in 0..outputs {
            let target: Vec<f64> = cross.iter().skip(output).step_by(outputs).copied().collect();
            for (feature, value) in system.solve(&target).into_iter().enumerate() {
                weights[feature * outputs + output] = value;
            }
        }
        let Hessian::Dense(gram) = system else { unreachable!("it was made dense above") };
        Self { gram, weights }
    }

    /// The solution of both:
    /// `W = (I − R_u C_v + R_u C_v (C_u + C_v)⁻¹ C_v) W_u + (I − R_v C_u + R_v C_u (C_u + C_v)⁻¹ C_u) W_v`, `R = C⁻¹`.
    pub fn merge(&self, other: &Self) -> Self {
        let (u, v) = (self.gram(), other.gram());
        let sum = u + v;
        let inverse_of_both = pseudoinverse(sum.as_ref());
        let bracket = |own: MatRef<'_, f64>, other: MatRef<'_, f64>| {
            let carried = pseudoinverse(own) * other;
            Mat::<f64>::identity(own.nrows(), own.nrows()) - &carried + &carried * &inverse_of_both * other
        };
        let weights = bracket(u, v) * self.weights() + bracket(v, u) * other.weights();
        Self { gram: by_rows(sum.as_ref()), weights: by_rows(weights.as_ref()) }
    }

    /// `B = C W`, shape `[q, C]`, row by row.
    pub fn cross(&self) -> Vec<f64> {
        by_rows((self.gram() * self.weights()).as_ref())
    }

    fn gram(&self) -> MatRef<'_, f64> {
        let features = self.gram.len().isqrt();
        MatRef::from_row_major_slice(&self.gram, features, features)
    }

    fn weights(&self) -> MatRef<'_, f64> {
        let features = self.gram.len().isqrt();
        MatRef::from_row_major_slice(&self.weights, features, self.weights.len() / features)
    }
}

fn by_rows(matrix: MatRef<'_, f64>) -> Vec<f64> {
    matrix.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect()
}

/// The pseudo-inverse of a symmetric matrix without negative eigenvalues; NaN where its eigenvectors cannot be found.
fn pseudoinverse(matrix: MatRef<'_, f64>) -> Mat<f64> {
    let Ok(eigen) = matrix.self_adjoint_eigen(Side::Lower) else {
        return Mat::full(matrix.nrows(), matrix.ncols(), f64::NAN);
    };
    let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    let floor = values.iter().fold(0.0, |top: f64, &value| top.max(value)) * ZERO;
    let scaled = Mat::from_fn(matrix.nrows(), matrix.ncols(), |row, column| {
        if values[column] > floor { eigen.U()[(row, column)] / values[column] } else { 0.0 }
    });
    scaled * eigen.U().transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `X` of so many rows and three columns, and one target.
    fn client(rows: usize, salt: f64) -> (Vec<f64>, Vec<f64>) {
        let entry = |row: usize, column: usize| ((row * row * 7 + row * column * 5 + column) as f64 * 0.83 + salt).sin();
        let (mut gram, mut cross) = (vec![0.0; 9], vec![0.0; 3]);
        for row in 0..rows {
            for i in 0..3 {
                cross[i] += entry(row, i) * (row as f64 + salt).cos();
                for j in 0..3 {
                    gram[i * 3 + j] += entry(row, i) * entry(row, j);
                }
            }
        }
        (gram, cross)
    }

    fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| a + b).collect()
    }

    #[test]
    fn merging_in_any_order_solves_the_sum_where_everyone_can_solve() {
        let clients = [client(5, 0.1), client(4, 1.3), client(9, 2.9)];
        let gram = clients.iter().fold(vec![0.0; 9], |all, (gram, _)| sum(&all, gram));
        let cross = clients.iter().fold(vec![0.0; 3], |all, (_, cross)| sum(&all, cross));
        let central = Solution::of(gram, &cross);
        let [a, b, c] = clients.map(|(gram, cross)| Solution::of(gram, &cross));
        for merged in [a.merge(&b).merge(&c), c.merge(&a.merge(&b)), b.merge(&c).merge(&a)] {
            for (found, expected) in merged.weights.iter().zip(&central.weights) {
                approx::assert_relative_eq!(*found, *expected, max_relative = 1e-9);
            }
            for (found, expected) in merged.cross().iter().zip(&cross) {
                approx::assert_relative_eq!(*found, *expected, max_relative = 1e-9, epsilon = 1e-12);
            }
        }
    }

    #[test]
    fn solutions_of_fewer_rows_than_columns_do_not_merge() {
        let (few, many) = (client(2, 0.4), client(6, 1.7));
        let central = Solution::of(sum(&few.0, &many.0), &sum(&few.1, &many.1));
        let merged = Solution::of(few.0, &few.1).merge(&Solution::of(many.0, &many.1));
        let apart = merged.weights.iter().zip(&central.weights).map(|(a, b)| (a - b).abs()).sum::<f64>();
        assert!(apart > 1e-3, "{apart}");
    }
}
