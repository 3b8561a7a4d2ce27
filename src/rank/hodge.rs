//! Hodge's decomposition of a game between methods into a ranking and cycles.

/// The decomposition of an antisymmetric matrix `A = grad(div A) + rot(A)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hodge {
    /// The divergence, each method's mean advantage over all: a rating as Elo's.
    pub divergence: Vec<f64>,
    /// The share of `‖A‖²` in cycles, which no rating tells; `None` where all methods are equal.
    pub cyclic: Option<f64>,
}

impl Hodge {
    /// Decomposes `a`, where `a[i][j] = −a[j][i]` is the advantage of `i` over `j`.
    pub fn of(a: &[Vec<f64>]) -> Self {
        let n = a.len() as f64;
        let divergence: Vec<f64> = a.iter().map(|row| row.iter().sum::<f64>() / n).collect();
        let (mut whole, mut cycles) = (0.0, 0.0);
        for (i, row) in a.iter().enumerate() {
            for (j, advantage) in row.iter().enumerate() {
                whole += advantage * advantage;
                cycles += (advantage - divergence[i] + divergence[j]).powi(2);
            }
        }
        Self { divergence, cyclic: (whole > 0.0).then(|| cycles / whole) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_has_no_cycles_and_a_cycle_no_rating() {
        let ratings = [2.0, 0.5, -2.5];
        let gradient: Vec<Vec<f64>> = ratings.iter().map(|i| ratings.iter().map(|j| i - j).collect()).collect();
        assert_eq!(Hodge::of(&gradient), Hodge { divergence: ratings.to_vec(), cyclic: Some(0.0) });
        let cycle = [[0.0, 1.0, -1.0], [-1.0, 0.0, 1.0], [1.0, -1.0, 0.0]].map(|row| row.to_vec());
        assert_eq!(Hodge::of(&cycle), Hodge { divergence: vec![0.0; 3], cyclic: Some(1.0) });
        // Both: ‖C‖² = 6 and ‖grad‖² = Σ (r_i − r_j)² are orthogonal.
        let sum: Vec<Vec<f64>> = (0..3).map(|i| (0..3).map(|j| cycle[i][j] + gradient[i][j]).collect()).collect();
        let squares = 2.0 * (1.5_f64.powi(2) + 4.5_f64.powi(2) + 3.0_f64.powi(2));
        approx::assert_relative_eq!(Hodge::of(&sum).cyclic.unwrap(), 6.0 / (6.0 + squares), max_relative = 1e-12);
        assert_eq!(Hodge::of(&[vec![0.0; 2], vec![0.0; 2]]).cyclic, None);
    }
}
