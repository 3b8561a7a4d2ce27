//! The exact test by flipping signs.

use rand::RngExt as _;

use crate::random::{Purpose, Streams};

/// Most differences whose signs are tried in all combinations: the sums of two halves are a million each.
const EXACT: usize = 40;

/// Combinations of signs that are drawn where there are more differences.
const DRAWN: u32 = 100_000;

/// Sums that differ by less than this share of the sum of all sizes are the same: they round differently in another order.
const SAME: f64 = 1e-12;

/// The two-sided p-value of the hypothesis that `differences` are symmetric about `threshold`: the share of all `2ⁿ` combinations of signs
/// of the distances to it whose sum is as far from zero as that of the distances (Fisher's randomisation test). It is exact up to 40
/// differences; of more, 100 000 combinations are drawn.
///
/// No p-value is below `2 / 2ⁿ`: five differences never show anything at 5 %.
pub fn sign_flip(differences: &[f64], threshold: f64) -> f64 {
    let distances = finite(differences.iter().map(|difference| difference - threshold).collect());
    let sizes: f64 = distances.iter().map(|distance| distance.abs()).sum();
    let far = distances.iter().sum::<f64>().abs() - SAME * sizes;
    if far <= 0.0 {
        return 1.0;
    }
    if distances.len() > EXACT { drawn(&distances, far) } else { 2.0 * share_above(&distances, far) }
}

/// Infinite distances replaced by finite ones of which each is larger than all others together, in order of size.
fn finite(mut distances: Vec<f64>) -> Vec<f64> {
    distances.sort_by(f64::total_cmp);
    let sizes: f64 = distances.iter().filter(|distance| distance.is_finite()).map(|distance| distance.abs()).sum();
    let huge = if sizes > 0.0 { 2.0 * sizes } else { 1.0 };
    distances.iter_mut().for_each(|distance| *distance = distance.clamp(-huge, huge));
    distances
}

/// The share of all combinations of signs whose sum is at least `bound`.
fn share_above(distances: &[f64], bound: f64) -> f64 {
    let (left, right) = distances.split_at(distances.len() / 2);
    let (left, right) = (sums(left), sums(right));
    // The larger the one, the more of the other are enough.
    let (mut least, mut found) = (right.len(), 0);
    for sum in &left {
        while least > 0 && sum + right[least - 1] >= bound {
            least -= 1;
        }
        found += right.len() - least;
    }
    found as f64 / (left.len() as f64 * right.len() as f64)
}

/// The sums of `distances` under all combinations of signs, in order.
fn sums(distances: &[f64]) -> Vec<f64> {
    distances.iter().fold(vec![0.0], |sums, distance| merged(&sums, distance.abs()))
}

/// All of `sums` with `size` taken away or added, in order if they are.
fn merged(sums: &[f64], size: f64) -> Vec<f64> {
    let (mut less, mut more) = (sums.iter().map(|sum| sum - size).peekable(), sums.iter().map(|sum| sum + size).peekable());
    let next = || match (less.peek(), more.peek()) {
        (Some(a), Some(b)) if a <= b => less.next(),
        (_, Some(_)) => more.next(),
        _ => less.next(),
    };
    std::iter::from_fn(next).collect()
}

/// The share of combinations that are drawn, and of the one at hand, whose sum is at least `far` from zero.
fn drawn(distances: &[f64], far: f64) -> f64 {
    let mut rng = Streams::new(0).stream(Purpose::Resample, 0, 3);
    let mut is_far = || {
        let sum: f64 = distances.iter().map(|&distance| if rng.random() { distance } else { -distance }).sum();
        sum.abs() >= far
    };
    let found = (0..DRAWN).filter(|_| is_far()).count();
    (found as f64 + 1.0) / (f64::from(DRAWN) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sign_in_all_combinations() {
        // Of eight signs, the sums as far from zero as 3 − 1 + 4 − 2 + 5 + 6 + 7 + 8 = 30 of 36: those with at most 3 on the other side,
        // which are {}, {1}, {2}, {3}, {1, 2}, and the same of the other sign: 10 of 256.
        assert_eq!(sign_flip(&[3.0, -1.0, 4.0, -2.0, 5.0, 6.0, 7.0, 8.0], 0.0), 10.0 / 256.0);
        assert_eq!(sign_flip(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.0), 2.0 / 32.0);
        // Of 0.1 on one side and 0.2, 0.3 on the other the sums in another order differ by rounding: all are ±0.6, ±0.4, ±0.2, 0.
        assert_eq!(sign_flip(&[-0.1, 0.2, 0.3], 0.0), 4.0 / 8.0);
        assert_eq!(sign_flip(&[0.3, 0.2, -0.1], 0.0), 4.0 / 8.0);
    }

    #[test]
    fn equal_methods_do_not_differ_and_swapping_them_moves_nothing() {
        assert_eq!(sign_flip(&[0.0; 7], 0.0), 1.0);
        assert_eq!(sign_flip(&[2.0, -2.0, 1.0, -1.0], 0.0), 1.0);
        assert_eq!(sign_flip(&[], 0.0), 1.0);
        let (d, swapped) = ([0.5, -0.1, 0.4, 0.7, 0.2, 0.3], [-0.5, 0.1, -0.4, -0.7, -0.2, -0.3]);
        assert_eq!(sign_flip(&d, 0.0), sign_flip(&swapped, 0.0));
    }

    #[test]
    fn a_constant_that_outweighs_all_gives_the_least_there_is() {
        let mut d = [0.5, -0.1, 0.4, 0.7, 0.2, 0.3];
        d.iter_mut().for_each(|d| *d += 1.0);
        assert_eq!(sign_flip(&d, 0.0), 2.0 / 64.0);
        // About the middle of what was added nothing is left of it.
        assert_eq!(sign_flip(&d.map(|d| d + 7.0), 7.0), 2.0 / 64.0);
        assert_eq!(sign_flip(&[1.0; 6], 1.0), 1.0);
    }

    #[test]
    fn an_infinite_difference_outweighs_all_finite_ones() {
        // As far as ∞ − 1 − 2 are all sums in which ∞ has one sign and all but 1 + 2 the other, that is any: 1.
        assert_eq!(sign_flip(&[f64::INFINITY, -1.0, -2.0], 0.0), 1.0);
        assert_eq!(sign_flip(&[f64::INFINITY, 1.0, 2.0], 0.0), 2.0 / 8.0);
        // Two of four infinite ones on either side cancel.
        assert_eq!(sign_flip(&[f64::INFINITY, f64::NEG_INFINITY], 0.0), 1.0);
        assert_eq!(sign_flip(&[f64::INFINITY; 6], 0.0), 2.0 / 64.0);
    }

    #[test]
    fn both_halves_and_the_drawn_ones_agree() {
        // 1, 2, …, 40 with 19 and 31 negative: whole numbers, whose distribution the ranks of Wilcoxon's test have too.
        let d: Vec<f64> = (1..=40).map(|i| if [19, 31, 37].contains(&i) { -f64::from(i) } else { f64::from(i) }).collect();
        let exact = super::super::wilcoxon(&d, super::super::Zeros::Wilcox).p;
        approx::assert_relative_eq!(sign_flip(&d, 0.0), exact, max_relative = 1e-9);
        let even: Vec<f64> = (0..60).map(|i| if i % 3 == 0 { -1.0 } else { 1.0 }).collect();
        // 40 of 60 coins, or 20: twice the upper tail of a binomial law from 40 on, 0.01349 (normal with continuity: 0.0142).
        assert!((sign_flip(&even, 0.0) - 0.0135).abs() < 0.0015, "{}", sign_flip(&even, 0.0));
    }
}
