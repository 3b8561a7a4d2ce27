//! Secure aggregation: the sum of a batch in which single updates are hidden.

use rand::RngExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    num::Real,
    random::Rng,
};

/// Secure aggregation: the server learns the weighted sum of a batch and nothing else about its updates.
///
/// Clients clip every coordinate to `±range`, multiply it by its staleness weight, which follows from public version numbers,
/// round it at random without bias to a grid, and add integers modulo `2^bits`, in which pairwise masks cancel exactly (Bonawitz
/// et al. 2017; for buffers So, Ali, Güler and Avestimehr 2021, arXiv 2110.02177). The grid is as fine as a full batch allows
/// whose sum never wraps round. A batch of one update, which no mask hides, is thrown away. Agreement on keys, shares for those who
/// drop out, and their traffic are not simulated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SecureSpec {
    /// Size of a coordinate on the wire, from 2 to 52; sums are taken modulo `2^bits` [bit].
    pub bits: u32,
    /// Largest magnitude of a coordinate; greater ones are clipped to it.
    pub range: f64,
}

impl Default for SecureSpec {
    fn default() -> Self {
        Self { bits: 32, range: 1.0 }
    }
}

impl SecureSpec {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        require((2..=52).contains(&self.bits), "bits", self.bits, "from 2 to 52 bits")?;
        require(self.range > 0.0 && self.range.is_finite(), "range", self.range, "a positive magnitude")
    }
}

/// The fixed-point grid of secure aggregation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    bits: u32,
    range: f64,
    /// Steps of the grid from 0 to the range of a single update.
    levels: u64,
    /// The greatest weight of an update; others are fractions of it.
    heaviest: f64,
}

impl Grid {
    /// The finest grid on which sums of `most` updates do not wrap round; `None` where there is none.
    pub fn new(spec: SecureSpec, most: usize, heaviest: f64) -> Option<Self> {
        let levels = ((1_u64 << (spec.bits - 1)) - 1) / most as u64;
        (levels > 0).then_some(Self { bits: spec.bits, range: spec.range, levels, heaviest })
    }

    /// Size of a coordinate on the wire [bit].
    pub fn bits(&self) -> u64 {
        u64::from(self.bits)
    }

    /// The distance between neighbouring sums of weighted updates.
    pub fn step(&self) -> f64 {
        self.range * self.heaviest / self.levels as f64
    }

    /// A coordinate on the wire: `weight · clip(value)` in steps of the grid, modulo `2^bits`, without its masks.
    fn encode(&self, value: f64, weight: f64, draw: f64) -> u64 {
        let share = value.clamp(-self.range, self.range) / self.range * (weight / self.heaviest);
        let at = share * self.levels as f64;
        // Not ⌊at + draw⌋, which may round to a level too many.
        let below = at.floor();
        let level = if draw < at - below { below + 1.0 } else { below };
        self.reduce(level as i64 as u64)
    }

    /// The number of steps that a sum of residues represents.
    fn decode(&self, residue: u64) -> i64 {
        let unused = 64 - self.bits;
        ((residue << unused) as i64) >> unused
    }

    fn reduce(&self, sum: u64) -> u64 {
        sum & ((1 << self.bits) - 1)
    }
}

/// The sum of the uploads collected so far, and all that the server learns of them. The masks of a batch cancel, so none are drawn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct MaskedSum {
    /// Residues modulo `2^bits` of each vector of an upload, shape `[k][d]`.
    sums: Vec<Vec<u64>>,
    /// Whether a coordinate was not a number: integers cannot express it, and the recorder has to see divergence.
    broken: bool,
}

impl MaskedSum {
    /// Adds an upload of this weight.
    pub fn add<R: Real>(&mut self, vectors: &[Vec<R>], weight: f64, grid: &Grid, rng: &mut Rng) {
        self.sums.resize(self.sums.len().max(vectors.len()), Vec::new());
        for (sum, vector) in self.sums.iter_mut().zip(vectors) {
            sum.resize(vector.len(), 0);
            for (sum, value) in sum.iter_mut().zip(vector) {
                self.broken |= !value.is_finite();
                *sum = grid.reduce(*sum + grid.encode(value.f64(), weight, rng.random()));
            }
        }
    }

    /// The weighted sum of vector number `k`, times `factor`, shape `[d]`.
    pub fn vector<R: Real>(&self, k: usize, grid: &Grid, factor: f64) -> Vec<R> {
        let unit = if self.broken { f64::NAN } else { grid.step() * factor };
        self.sums[k].iter().map(|&sum| R::of(grid.decode(sum) as f64 * unit)).collect()
    }

    /// Begins the next batch.
    pub fn clear(&mut self) {
        self.sums.iter_mut().for_each(|sum| sum.fill(0));
        self.broken = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    fn grid(bits: u32, range: f64, most: usize) -> Grid {
        Grid::new(SecureSpec { bits, range }, most, 1.0).unwrap()
    }

    fn rng(count: u64) -> Rng {
        Streams::new(5).stream(Purpose::Secure, 0, count)
    }

    #[test]
    fn the_largest_batch_just_does_not_wrap_round() {
        // Eight bits hold sums from −128 to 127: three updates of up to 42 steps.
        let grid = grid(8, 0.5, 3);
        assert_eq!(grid.step(), 0.5 / 42.0);
        for (value, expected) in [(0.5, 1.5), (9.0, 1.5), (-0.5, -1.5), (-1e300, -1.5), (0.0, 0.0)] {
            let mut sum = MaskedSum::default();
            (0..3).for_each(|count| sum.add(&[vec![value]], 1.0, &grid, &mut rng(count)));
            approx::assert_relative_eq!(sum.vector::<f64>(0, &grid, 1.0)[0], expected, max_relative = 1e-14);
        }
        assert!(Grid::new(SecureSpec { bits: 3, range: 1.0 }, 4, 1.0).is_none(), "sums from −4 to 3 have no room for four");
        assert!(Grid::new(SecureSpec { bits: 4, range: 1.0 }, 4, 1.0).is_some());
    }

    #[test]
    fn masks_that_add_up_to_zero_change_nothing() {
        let grid = grid(12, 1.0, 2);
        let (a, b, mask) = (grid.encode(-0.7, 1.0, 0.3), grid.encode(0.4, 0.5, 0.8), 3210);
        let masked = [grid.reduce(a + mask), grid.reduce(b + (1 << 12) - mask)];
        assert_eq!(grid.reduce(masked[0] + masked[1]), grid.reduce(a + b));
        assert_eq!(grid.decode(grid.reduce(a + b)), grid.decode(a) + grid.decode(b));
        assert!(grid.decode(a) < 0 && grid.decode(b) > 0);
    }

    #[test]
    fn the_order_of_uploads_does_not_matter() {
        let grid = grid(20, 1.0, 16);
        let sum = |order: &mut dyn Iterator<Item = u64>| {
            let mut sum = MaskedSum::default();
            for count in order {
                let vector: Vec<f64> = (0..50).map(|j| f64::sin((count * 50 + j) as f64)).collect();
                sum.add(&[vector], 1.0 / (1.0 + count as f64), &grid, &mut rng(count));
            }
            sum
        };
        assert_eq!(sum(&mut (0..16)), sum(&mut (0..16).rev()));
    }

    #[test]
    fn rounding_has_no_bias() {
        // Two levels a unit: 0.3 · 0.5 is 0.3 steps, which are a step in three cases of ten.
        let grid = grid(4, 1.0, 3);
        let trials = 40_000;
        let mean = |value: f64| {
            let total: i64 = (0..trials).map(|count| grid.decode(grid.encode(value, 0.5, rng(count).random()))).sum();
            total as f64 / trials as f64
        };
        for (value, expected) in [(0.3, 0.3), (-0.3, -0.3), (0.9, 0.9), (1.0, 1.0), (-2.0, -1.0)] {
            assert!((mean(value) - expected).abs() < 0.01, "{value}: {}", mean(value));
        }
    }

    #[test]
    fn what_is_not_a_number_shows() {
        let grid = grid(32, 1.0, 2);
        let mut sum = MaskedSum::default();
        sum.add(&[vec![f64::NAN, 0.5]], 1.0, &grid, &mut rng(0));
        assert!(sum.vector::<f64>(0, &grid, 1.0).iter().all(|value| value.is_nan()));
        sum.clear();
        assert_eq!(sum.vector::<f64>(0, &grid, 1.0), [0.0, 0.0]);
    }
}
