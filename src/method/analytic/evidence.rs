//! The evidence for a linear layer and its features: the marginal likelihood of all targets, exact for Gaussian weights and noise.
//!
//! With `y = X w + ε`, `w ~ N(0, s I)` and `ε ~ N(0, v I)`, all that it depends on are sums over samples: `n`, `yᵀ y`, `Xᵀ y` and `Xᵀ X`. So it
//! is the same for every partition, order and number of clients.

use std::f64::consts::TAU;

use faer::{Mat, MatRef, Side, linalg::solvers::Solve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

use crate::invalid::{Invalid, require};

/// The law of the weights and of the noise. The outputs of a layer are independent of each other, each with a law of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Prior {
    /// Both variances are known.
    KnownNoise {
        /// Variance `s` of a weight.
        signal: f64,
        /// Variance `v` of the noise of a target; `v / s` is the ridge of the most probable weights.
        noise: f64,
    },
    /// The variance of the noise is unknown, inverse gamma: `v ~ InvGamma(shape, scale)`, and that of a weight is `ratio · v`.
    UnknownNoise {
        /// Variance of a weight as a multiple of that of the noise \[1\].
        ratio: f64,
        /// Shape `a` \[1\].
        shape: f64,
        /// Scale `b`, in the unit of a squared target.
        scale: f64,
    },
}

/// Sums over samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statistics<'a> {
    /// Number of samples `n`, then `yᵀ y` of each of `C` outputs, shape `[1 + C]`.
    pub targets: &'a [f64],
    /// `Xᵀ X`, shape `[q, q]`.
    pub gram: &'a [f64],
    /// `Xᵀ Y`, shape `[q, C]`.
    pub cross: &'a [f64],
}

impl Prior {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// [`Invalid`] at the key of one that is not above 0.
    pub(super) fn check(self) -> Result<(), Invalid> {
        let values = match self {
            Self::KnownNoise { signal, noise } => vec![("known-noise.signal", signal), ("known-noise.noise", noise)],
            Self::UnknownNoise { ratio, shape, scale } => {
                vec![("unknown-noise.ratio", ratio), ("unknown-noise.shape", shape), ("unknown-noise.scale", scale)]
            }
        };
        values
            .into_iter()
            .try_for_each(|(key, value)| require(value > 0.0 && value.is_finite(), key, value, "a finite number above 0"))
    }

    /// `ln p(Y | X)`, summed over the outputs; NaN where the sums are not finite.
    pub(super) fn evidence(self, Statistics { targets, gram, cross }: Statistics<'_>) -> f64 {
        let Some((&count, squares)) = targets.split_first() else { return f64::NAN };
        let (outputs, features) = (squares.len(), gram.len().isqrt());
        let ratio = match self {
            Self::KnownNoise { signal, noise } => signal / noise,
            Self::UnknownNoise { ratio, .. } => ratio,
        };
        // I + g Xᵀ X, whose determinant is that of I + g X Xᵀ.
        let gram = MatRef::from_row_major_slice(gram, features, features);
        let system = Mat::from_fn(features, features, |i, j| ratio * gram[(i, j)] + f64::from(u8::from(i == j)));
        let Ok(factor) = system.llt(Side::Lower) else { return f64::NAN };
        let log_det = (0..features).map(|i| 2.0 * factor.L()[(i, i)].ln()).sum::<f64>();
        let cross = MatRef::from_row_major_slice(cross, features, outputs);
        let solved = factor.solve(cross);
        let of_output = |(output, square): (usize, &f64)| {
            let explained: f64 = (0..features).map(|i| cross[(i, output)] * solved[(i, output)]).sum();
            // yᵀ (I + g X Xᵀ)⁻¹ y
            let left = square - ratio * explained;
            -0.5 * log_det
                + match self {
                    Self::KnownNoise { noise, .. } => -0.5 * count * (TAU * noise).ln() - 0.5 * left / noise,
                    Self::UnknownNoise { shape, scale, .. } => {
                        let after = shape + 0.5 * count;
                        shape * scale.ln() - ln_gamma(shape) + ln_gamma(after)
                            - 0.5 * count * TAU.ln()
                            - after * (scale + 0.5 * left).ln()
                    }
                }
        };
        squares.iter().enumerate().map(of_output).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `y = (0, 2, 1, 5, 3)` at `t = 0…4`: n = 5, yᵀ y = 39, Σ t = 10, Σ t² = 30, Σ y = 11, Σ t y = 31.
    const LINE: Statistics<'_> = Statistics { targets: &[5.0, 39.0], gram: &[5.0, 10.0, 10.0, 30.0], cross: &[11.0, 31.0] };
    const CONSTANT: Statistics<'_> = Statistics { targets: &[5.0, 39.0], gram: &[5.0], cross: &[11.0] };

    fn known(signal: f64, noise: f64) -> Prior {
        Prior::KnownNoise { signal, noise }
    }

    #[track_caller]
    fn assert_close(found: f64, expected: f64) {
        approx::assert_abs_diff_eq!(found, expected, epsilon = 1e-8);
    }

    /// With s = v = 1 and a constant alone: det(1 + 5) = 6 and yᵀ (I + X Xᵀ)⁻¹ y = 39 − 11²/6, so that
    /// ln Z = −5/2 ln 2π − ½ ln 6 − ½ (39 − 121/6) = −14.907239067. The other values come from the same sums of two features.
    #[test]
    fn golden_values_of_a_line() {
        assert_close(known(1.0, 1.0).evidence(CONSTANT), -2.5 * TAU.ln() - 0.5 * 6.0_f64.ln() - 0.5 * (39.0 - 121.0 / 6.0));
        assert_close(known(1.0, 1.0).evidence(CONSTANT), -14.907_239_067);
        assert_close(known(1.0, 1.0).evidence(LINE), -10.641_633_757);
        assert_close(known(1.0, 0.5).evidence(LINE), -12.840_005_896);
        assert_close(known(4.0, 1.0).evidence(LINE), -11.488_408_657);
    }

    /// The slope is worth 4.27 nats where the noise is known, and half of that where it is not.
    #[test]
    fn unknown_noise_halves_the_evidence_for_the_slope() {
        let prior = Prior::UnknownNoise { ratio: 1.0, shape: 2.0, scale: 1.0 };
        assert_close(prior.evidence(LINE), -11.445_395_296);
        assert_close(prior.evidence(CONSTANT), -13.582_167_724);
        assert_close(prior.evidence(LINE) - prior.evidence(CONSTANT), 2.136_772_428);
        assert_close(known(1.0, 1.0).evidence(LINE) - known(1.0, 1.0).evidence(CONSTANT), 4.265_605_311);
    }

    /// A second output with the same targets counts again.
    #[test]
    fn outputs_add_up() {
        let twice = Statistics { targets: &[5.0, 39.0, 39.0], gram: LINE.gram, cross: &[11.0, 11.0, 31.0, 31.0] };
        assert_close(known(1.0, 0.5).evidence(twice), 2.0 * known(1.0, 0.5).evidence(LINE));
    }
}
