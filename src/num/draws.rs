//! Rounding at random: one uniform draw a coordinate, cheap enough for every number of every message.

use rand::Rng as _;

use super::{Real, vector::run};
use crate::random::Rng;

/// Coordinates that draw together, so that everything besides the draws runs in vectors.
const TOGETHER: usize = 256;

/// Distance between two neighbouring draws: a number of the generator serves two coordinates. An event that is drawn for has
/// its probability up to this.
pub(crate) const RESOLUTION: f64 = 1.0 / (1_u64 << 32) as f64;

/// Replaces each coordinate by the `value` for it and a uniform draw of its own from [0, 1), in order.
///
/// `value` holds what it needs by value: behind a reference it would be read anew for every coordinate, which keeps the loop
/// from running in vectors.
#[inline]
pub(crate) fn replace_at_random<R: Real>(rng: &mut Rng, v: &mut [R], value: impl Fn(R, f64) -> R + Copy) {
    let mut draws = [0_u32; TOGETHER];
    for v in v.chunks_mut(TOGETHER) {
        let draws = &mut draws[..v.len().next_multiple_of(2)];
        for pair in draws.as_chunks_mut().0 {
            let bits = rng.next_u64();
            *pair = [(bits >> 32) as u32, bits as u32];
        }
        let draws = &*draws;
        run(
            #[inline(always)]
            move || {
                let value = value;
                for (v, &draw) in v.iter_mut().zip(draws.iter()) {
                    *v = value(*v, f64::from(draw) * RESOLUTION);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_coordinate_has_a_draw_of_its_own() {
        for len in [1, 2, 255, 256, 257, 1001] {
            let (mut rng, mut v) = (Rng::seed_from_u64(5), vec![0.0_f64; len]);
            replace_at_random(&mut rng, &mut v, |_, draw| draw);
            let mut again = Rng::seed_from_u64(5);
            for pair in v.chunks(2) {
                let bits = again.next_u64();
                let halves = [bits >> 32, bits & 0xffff_ffff].map(|half| half as f64 / 2_f64.powi(32));
                assert_eq!(pair, &halves[..pair.len()], "{len} coordinates");
            }
        }
    }

    #[test]
    fn draws_are_uniform_and_independent_of_their_neighbours() {
        let (len, mut rng) = (200_000, Rng::seed_from_u64(11));
        let mut v = vec![0.0_f64; len];
        replace_at_random(&mut rng, &mut v, |_, draw| draw);
        let n = len as f64;
        let mean = v.iter().sum::<f64>() / n;
        let variance = v.iter().map(|v| (v - 0.5).powi(2)).sum::<f64>() / n;
        // Standard errors of a mean, a variance and a covariance of uniform draws: √(1/12 n), √(1/180 n), 1/(12 √n).
        assert!((mean - 0.5).abs() < 5.0 / (12.0 * n).sqrt(), "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 5.0 / (180.0 * n).sqrt(), "{variance}");
        for lag in [1, 2, 256] {
            let covariance = v.iter().zip(&v[lag..]).map(|(a, b)| (a - 0.5) * (b - 0.5)).sum::<f64>() / n;
            assert!(covariance.abs() < 5.0 / (12.0 * n.sqrt()), "lag {lag}: {covariance}");
        }
    }
}
