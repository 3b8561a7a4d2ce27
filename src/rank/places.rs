//! Places from values, with ties.

use std::cmp::Ordering;

/// Values that differ by less than this share of the larger are the same: sums of weights in another order round otherwise.
const SAME: f64 = 1e-9;

/// The order of two values, rounding apart.
pub fn compared(a: f64, b: f64) -> Ordering {
    let near = (a - b).abs() <= SAME * a.abs().max(b.abs()).max(1.0);
    // Infinite values are near nothing but themselves.
    if a == b || (near && a.is_finite() && b.is_finite()) { Ordering::Equal } else { a.total_cmp(&b) }
}

/// Whether `a` is above `b` by more than rounding.
pub fn above(a: f64, b: f64) -> bool {
    compared(a, b) == Ordering::Greater
}

/// The place of each value, the largest first: one more than the number of larger ones.
pub fn places(values: &[f64]) -> Vec<usize> {
    values.iter().map(|&value| 1 + values.iter().filter(|&&other| above(other, value)).count()).collect()
}

/// Which methods share the place of method `i`.
pub fn ties(places: &[usize], i: usize) -> impl Iterator<Item = usize> + '_ {
    (0..places.len()).filter(move |&j| j != i && places[j] == places[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_best_place() {
        assert_eq!(places(&[2.0, 5.0, 2.0, 1.0]), [2, 1, 2, 4]);
        assert_eq!(places(&[f64::NEG_INFINITY, 0.0, f64::NEG_INFINITY]), [2, 1, 2]);
        // 0.1 + 0.2 is not 0.3 in binary.
        assert_eq!(places(&[0.1 + 0.2, 0.3]), [1, 1]);
        assert_eq!(ties(&[2, 1, 2, 4], 0).collect::<Vec<_>>(), [2]);
    }
}
