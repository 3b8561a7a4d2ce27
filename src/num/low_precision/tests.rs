use rand::SeedableRng;

use super::*;

fn bits(bits: u32) -> Bits {
    Bits::new(bits).unwrap()
}

fn ramp<R: Real>(len: usize) -> Vec<R> {
    (0..len).map(|j| R::of((j as f64 * 0.83 + 0.1).sin() * (1.0 + j as f64 / 7.0))).collect()
}

#[test]
fn three_bits_have_seven_symmetric_points() {
    // Multiples k = −3, −2, −1, 0, 0, 1, 1, 3 with Σ k w / Σ k² = 22.9 / 25.
    let mut block = [-3.0_f64, -1.6, -1.4, -0.4, 0.0, 0.6, 1.2, 2.5];
    symmetric(bits(3), &mut Rounding::Nearest, &mut block);
    for (found, multiple) in block.iter().zip([-3.0, -2.0, -1.0, 0.0, 0.0, 1.0, 1.0, 3.0]) {
        approx::assert_relative_eq!(*found, multiple * 0.916, epsilon = 1e-15);
    }
}

#[test]
fn the_step_fits_by_least_squares() {
    for width in [3, 4, 6, 8, 12] {
        let (values, mut block) = (ramp::<f64>(333), ramp::<f64>(333));
        symmetric(bits(width), &mut Rounding::Nearest, &mut block);
        let (left, size) = values.iter().zip(&block).fold((0.0, 0.0), |(left, size), (w, q)| (left + q * (w - q), size + q * q));
        assert!(f64::abs(left) < 1e-12 * size, "{width} bits: {left}");
    }
}

#[test]
fn one_weight_that_grows_does_not_take_the_others_along() {
    // Multiples 3, 3, −3, 2, 1, −1 of one step; the first moves out by a tenth: Σ k w / Σ k² = 33.9 / 33.
    let mut block = [3.3_f64, 3.0, -3.0, 2.0, 1.0, -1.0];
    symmetric(bits(3), &mut Rounding::Nearest, &mut block);
    approx::assert_relative_eq!(block[4], 33.9 / 33.0, epsilon = 1e-15);
}

#[test]
fn two_bits_are_a_ternary_weight_network() {
    // Mean magnitude 1, threshold 0.7; 0.8, 1.2 and 2.4 are kept.
    let mut block = [0.8_f64, -1.2, 0.1, -0.5, 2.4];
    symmetric(bits(2), &mut Rounding::Nearest, &mut block);
    let scale = (0.8 + 1.2 + 2.4) / 3.0;
    for (found, expected) in block.iter().zip([scale, -scale, 0.0, 0.0, scale]) {
        approx::assert_relative_eq!(*found, expected, epsilon = 1e-15);
    }
}

#[test]
fn one_bit_keeps_signs_and_the_mean_magnitude() {
    let mut block = [1.0, -2.0, 0.0, 5.0];
    symmetric(bits(1), &mut Rounding::Nearest, &mut block);
    assert_eq!(block, [2.0, -2.0, 2.0, 2.0]);
}

#[test]
fn two_bits_spread_over_the_range() {
    let mut block = [1.0, 1.4, 2.0, 2.6, 4.0];
    spread(bits(2), &mut Rounding::Nearest, &mut block);
    assert_eq!(block, [1.0, 1.0, 2.0, 3.0, 4.0]);
}

fn check_idempotent<R: Real>() {
    for width in [1, 2, 3, 4, 6, 8, 12, 16, 24, 31, 32] {
        for quantise in [symmetric::<R>, spread::<R>] {
            let mut once = ramp::<R>(333);
            quantise(bits(width), &mut Rounding::Nearest, &mut once);
            let mut twice = once.clone();
            quantise(bits(width), &mut Rounding::Nearest, &mut twice);
            assert_eq!(once, twice, "{width} bits");
            let (mut rng, mut drawn) = (Rng::seed_from_u64(3), ramp::<R>(333));
            quantise(bits(width), &mut Rounding::Stochastic(&mut rng), &mut drawn);
            let mut again = drawn.clone();
            quantise(bits(width), &mut Rounding::Stochastic(&mut rng), &mut again);
            assert_eq!(drawn, again, "{width} bits at random");
        }
    }
}

#[test]
fn rounding_twice_is_rounding_once() {
    check_idempotent::<f32>();
    check_idempotent::<f64>();
}

#[test]
fn errors_stay_within_half_a_step_and_within_a_step() {
    let (values, mut rng) = (ramp::<f64>(500), Rng::seed_from_u64(1));
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let largest = high.max(-low);
    for width in [2, 4, 8] {
        let steps = [largest / f64::from((1 << (width - 1)) - 1), (high - low) / f64::from((1 << width) - 1)];
        for (quantise, step) in [symmetric, spread].into_iter().zip(steps) {
            let mut drawn = values.clone();
            quantise(bits(width), &mut Rounding::Stochastic(&mut rng), &mut drawn);
            assert!(values.iter().zip(&drawn).all(|(v, q)| (v - q).abs() <= step * (1.0 + 1e-12)));
            let mut nearest = values.clone();
            quantise(bits(width), &mut Rounding::Nearest, &mut nearest);
            // The fitted step of the symmetric grid has a test of its own.
            let fitted = step == steps[0];
            assert!(fitted || values.iter().zip(&nearest).all(|(v, q)| (v - q).abs() <= 0.5 * step * (1.0 + 1e-12)));
        }
    }
}

#[test]
fn rounding_at_random_is_unbiased_with_the_exact_variance() {
    // Grid −1, 0, 1 with the ends pinned by the first two coordinates.
    let values = [1.0, -1.0, 0.3, -0.85];
    let (draws, mut rng) = (40_000, Rng::seed_from_u64(9));
    let mut sums = [[0.0; 2]; 4];
    for _ in 0..draws {
        let mut block = values;
        symmetric(bits(2), &mut Rounding::Stochastic(&mut rng), &mut block);
        for (sum, value) in sums.iter_mut().zip(block) {
            sum[0] += value;
            sum[1] += value * value;
        }
    }
    for ([sum, squares], value) in sums.into_iter().zip(values) {
        let mean = sum / f64::from(draws);
        let variance = value.abs() * (1.0 - value.abs());
        assert!((mean - value).abs() <= 5.0 * (variance / f64::from(draws)).sqrt());
        approx::assert_relative_eq!(squares / f64::from(draws) - mean * mean, variance, epsilon = 0.01);
    }
}

#[test]
fn zero_float_and_divergence_pass() {
    for quantise in [symmetric, spread] {
        let mut zero = [0.0; 3];
        quantise(bits(4), &mut Rounding::Nearest, &mut zero);
        assert_eq!(zero, [0.0; 3]);
        let mut float = [0.1, 0.2];
        quantise(Bits::FLOAT, &mut Rounding::Nearest, &mut float);
        assert_eq!(float, [0.1, 0.2]);
        let mut infinite = [0.1, f64::INFINITY];
        quantise(bits(4), &mut Rounding::Nearest, &mut infinite);
        assert_eq!(infinite, [0.1, f64::INFINITY]);
        quantise(bits(4), &mut Rounding::Nearest, &mut []);
    }
}

#[test]
fn widths_and_messages() {
    assert!(Bits::new(0).is_err() && Bits::new(33).is_err());
    assert_eq!(bits(8).symmetric_message(100, 2), 864);
    assert_eq!(bits(4).spread_message(100, 1), 464);
    assert_eq!(Bits::FLOAT.symmetric_message(100, 2), 3200);
}

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
