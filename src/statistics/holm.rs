//! Several tests at once.

/// Holm's adjusted p-values, in the order of `p`: rejecting the hypotheses whose adjusted values are at most `α` makes one mistake or
/// more with probability at most `α`, however the tests depend on each other (Holm, 1979).
///
/// The `i`-th smallest of `k` values is multiplied by `k − i + 1`; none is below one that was smaller, and none above 1. Those that are
/// not a number stay so, and do not count.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let mut adjusted = p.to_vec();
    let mut least = 0.0_f64;
    for (rank, &i) in order.iter().enumerate() {
        least = least.max((order.len() - rank) as f64 * p[i]).min(1.0);
        adjusted[i] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_is_multiplied_by_the_number_of_tests() {
        // 4 · 0.0078125, 3 · 0.015625, 2 · 0.0625 = 1/8, and 0.078125 is raised to 1/8.
        assert_eq!(holm(&[0.015_625, 0.078_125, 0.0625, 0.007_812_5]), [0.046_875, 0.125, 0.125, 0.031_25]);
        assert_eq!(holm(&[0.5, 0.75]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }

    #[test]
    fn what_was_not_tested_does_not_count() {
        let found = holm(&[0.25, f64::NAN, 0.125]);
        assert_eq!((found[0], found[2]), (0.25, 0.25));
        assert!(found[1].is_nan());
    }

    #[test]
    fn one_test_stays_as_it_is_and_the_order_moves_nothing() {
        assert_eq!(holm(&[0.03]), [0.03]);
        let (a, b) = (holm(&[0.01, 0.02, 0.04]), holm(&[0.04, 0.01, 0.02]));
        assert_eq!([a[0], a[1], a[2]], [b[1], b[2], b[0]]);
    }
}
