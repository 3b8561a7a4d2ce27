//! The exponential function of numbers that are not positive.
//!
//! `x = n ln 2 + r` with a whole number `n` and `|r| ≤ ½ ln 2`; then `eˣ = 2ⁿ eʳ`. Adding and subtracting a large constant rounds to a
//! whole number and leaves `n` in the lowest bits, from where it is moved to the exponent.

/// Half the sum of the powers of two between which the last bit of an `f32` is worth 1.
const ROUND_F32: f32 = 12_582_912.0;

/// The same for an `f64`.
const ROUND_F64: f64 = 6_755_399_441_055_744.0;

/// `1/2!` to `1/13!`, the last one first.
const TAYLOR: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// `eˣ` for `x ≤ 0`; 0 below −87.
#[inline(always)]
pub(super) fn f32(x: f32) -> f32 {
    // ln 2 in two parts, of which the first has trailing zeros so that its multiples are exact.
    const HIGH: f32 = 355.0 / 512.0;
    const LOW: f32 = -2.121_944_4e-4;
    let shifted = x * std::f32::consts::LOG2_E + ROUND_F32;
    let n = shifted - ROUND_F32;
    let r = (x - n * HIGH) - n * LOW;
    let series = TAYLOR[6..].iter().fold(0.0, |sum, &c| sum * r + c as f32);
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    let value = (1.0 + (r + r * r * series)) * power;
    if x < -87.0 { 0.0 } else { value }
}

/// `eˣ` for `x ≤ 0`; 0 below −708.
#[inline(always)]
pub(super) fn f64(x: f64) -> f64 {
    const HIGH: f64 = 0.693_147_180_369_123_8;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    let shifted = x * std::f64::consts::LOG2_E + ROUND_F64;
    let n = shifted - ROUND_F64;
    let r = (x - n * HIGH) - n * LOW;
    let series = TAYLOR.iter().fold(0.0, |sum, &c| sum * r + c);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    let value = (1.0 + (r + r * r * series)) * power;
    if x < -708.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    #[test]
    fn agrees_with_the_library_within_two_units() {
        for j in 0..200_000 {
            let x = -710.0 * f64::from(j) / 200_000.0;
            let (found, expected) = (super::f64(x), if x < -708.0 { 0.0 } else { x.exp() });
            assert!((found - expected).abs() <= 2.0 * f64::EPSILON * expected, "e^{x} is {expected}, not {found}");
            let x = (x / 8.0) as f32;
            let (found, expected) = (f64::from(super::f32(x)), if x < -87.0 { 0.0 } else { f64::from(x).exp() });
            let unit = f64::from(f32::EPSILON);
            assert!((found - expected).abs() <= 2.0 * unit * expected, "e^{x} is {expected}, not {found}");
        }
    }

    #[test]
    fn ends_and_not_a_number() {
        assert_eq!((super::f32(0.0), super::f64(0.0)), (1.0, 1.0));
        assert_eq!((super::f32(f32::NEG_INFINITY), super::f64(f64::NEG_INFINITY)), (0.0, 0.0));
        assert!(super::f32(f32::NAN).is_nan() && super::f64(f64::NAN).is_nan());
    }
}
