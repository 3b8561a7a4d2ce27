//! How a memory that takes up compressed messages comes along, tried out in advance.

use rand::RngExt as _;

use crate::{
    message::Payload,
    num::vector,
    part::compressor::{CompressorSpec, Wire},
    random::{Purpose, Streams},
};

/// Coordinates that a recursion sends at most, whatever the model.
const COORDINATES: usize = 1_000_000;

/// The factor a message, in the long run, of the distance `‖r‖` between a memory and what it is to learn, a vector of `d`
/// coordinates at rest, when the memory takes up its own messages: `r ← r − C(alpha r)`.
///
/// What a compressor like dithering loses depends on the vector, and the vectors are those that its own errors leave behind: a
/// bound over all vectors may be far off either way, so the recursion itself is tried, from a Gaussian vector on. Where `C` loses a
/// share `ω` of every vector, the factor is `√((1 − alpha)² + alpha² ω)` in the mean square, and need not be tried.
pub fn growth(compressor: &CompressorSpec, alpha: f64, d: usize) -> f64 {
    let (compressor, mut memory) = (compressor.build::<f64>(), Payload::default());
    let mut rng = Streams::new(0).stream(Purpose::Link, d, 0);
    let messages = (COORDINATES / d.max(1)).clamp(12, 2_000);
    let mut rest: Vec<f64> = (0..d).map(|_| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0).collect();
    let mut sent = vec![0.0; d];
    let mut logarithm = 0.0;
    for message in 0..messages {
        let norm = vector::norm2(&rest).sqrt();
        if norm == 0.0 {
            return 0.0;
        }
        vector::scale(1.0 / norm, &mut rest);
        // The first third is left for the vector to take the shape that the errors give it.
        logarithm += if message > messages / 3 { norm.ln() } else { 0.0 };
        sent.copy_from_slice(&rest);
        vector::scale(alpha, &mut sent);
        let _ = compressor.transmit(&mut sent, &mut memory, &mut Wire { rng: &mut rng, blocks: &[] });
        vector::axpy(-1.0, &sent, &mut rest);
    }
    (logarithm / (messages - 1 - messages / 3) as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::compressor::{DitherSpec, Identity, Keep, Norm, Qsgd, RandKSpec, TopK};

    fn dithering(levels: u32, norm: Norm) -> CompressorSpec {
        Qsgd(DitherSpec { bits: None, levels: Some(levels), norm }).into()
    }

    #[test]
    fn what_is_lost_of_every_vector_is_met() {
        // Without bias d/k or nothing arrives: (1 − α)² + α² ω in the mean square, here on vectors long enough for it to hold.
        for (alpha, k) in [(0.1, 5_000), (0.25, 5_000), (0.2, 1_250)] {
            let spec = RandKSpec { k: Some(k), fraction: None, scaled: true, seeded: true };
            let omega = 10_000.0 / k as f64 - 1.0;
            let expected = ((1.0 - alpha) * (1.0 - alpha) + alpha * alpha * omega).sqrt();
            let found = growth(&spec.into(), alpha, 10_000);
            assert!(found < expected * 1.01, "{found} and {expected}");
        }
        assert_eq!(growth(&Identity {}.into(), 1.0, 50), 0.0);
        assert!(growth(&TopK { keep: Keep { k: Some(10), fraction: None } }.into(), 1.0, 50) < 1e-9);
        approx::assert_relative_eq!(growth(&Identity {}.into(), 0.3, 50), 0.7, max_relative = 1e-9);
    }

    #[test]
    fn dithering_by_the_euclidean_norm_goes_astray_beyond_two_over_one_plus_its_variance() {
        // One level: what is left of a coordinate lies within ± α‖r‖, evenly over pairs x and α‖r‖ − x that trade places, which is
        // d α²/6 of ‖r‖²: it grows from α = √(6/d) on. The worst vector of all has ω = √d − 1.
        for d in [400, 2_400, 40_000] {
            let edge = (6.0 / d as f64).sqrt();
            let spec = dithering(1, Norm::L2);
            assert!(growth(&spec, 2.0 * edge, d) > 1.0, "d = {d}: {}", growth(&spec, 2.0 * edge, d));
            assert!(growth(&spec, 0.7 * edge, d) < 1.0, "d = {d}: {}", growth(&spec, 0.7 * edge, d));
        }
    }

    #[test]
    fn dithering_by_the_largest_magnitude_never_goes_astray() {
        // |rⱼ| − α max|r| is at most max|r|, whatever the level.
        for (alpha, levels) in [(0.1, 1), (1.0, 1), (1.0, 3), (0.5, 7)] {
            let found = growth(&dithering(levels, Norm::Max), alpha, 2_400);
            assert!(found <= 1.0, "{alpha}, {levels}: {found}");
        }
    }
}
