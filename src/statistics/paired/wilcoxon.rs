//! Wilcoxon's signed-rank test.

use statrs::distribution::{ContinuousCDF, Normal};

/// What becomes of differences of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeros {
    /// They are left out before the others are ranked.
    Wilcox,
    /// They are ranked with the others, and their ranks left out (Pratt, 1959).
    Pratt,
}

/// Sums of the ranks of sizes, and the p-value that one of them is as small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRanks {
    /// Of the positive differences.
    pub plus: f64,
    /// Of the negative ones.
    pub minus: f64,
    /// The two-sided p-value; exact up to 50 differences other than zero, by the normal law with corrections for ties and continuity
    /// above.
    pub p: f64,
}

/// Most differences for which all combinations of signs are counted; they fit the 53 bits of an `f64`.
const EXACT: usize = 50;

/// Wilcoxon's signed-rank test that `differences` are symmetric about zero. Those of the same size, to twelve digits, share the average of
/// their ranks; there must be no NaN.
pub fn wilcoxon(differences: &[f64], zeros: Zeros) -> SignedRanks {
    let mut found: Vec<f64> = differences.iter().map(|&d| rounded(d)).filter(|&d| zeros == Zeros::Pratt || d != 0.0).collect();
    found.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let mut signed = Vec::new();
    let mut before = 0;
    for same in found.chunk_by(|a, b| a.abs() == b.abs()) {
        // Twice the average of before + 1, …, before + len: a whole number.
        let doubled = 2 * before + same.len() + 1;
        signed.extend(same.iter().filter(|&&d| d != 0.0).map(|&d| (doubled, d > 0.0)));
        before += same.len();
    }
    let sum = |positive: bool| signed.iter().filter(|(_, sign)| *sign == positive).map(|(rank, _)| rank).sum::<usize>();
    let (plus, minus) = (sum(true), sum(false));
    let ranks: Vec<usize> = signed.iter().map(|(rank, _)| *rank).collect();
    let p = if ranks.len() <= EXACT { exact(&ranks, plus.min(minus)) } else { normal(&ranks, plus.min(minus)) };
    SignedRanks { plus: 0.5 * plus as f64, minus: 0.5 * minus as f64, p }
}

/// To twelve digits, so that differences which are the same but for rounding tie.
fn rounded(difference: f64) -> f64 {
    format!("{difference:.11e}").parse().unwrap_or(difference)
}

/// Twice the share of combinations of signs under which the sum of doubled ranks is at most `least`.
fn exact(ranks: &[usize], least: usize) -> f64 {
    let mut ways = vec![0.0; ranks.iter().sum::<usize>() + 1];
    ways[0] = 1.0;
    for &rank in ranks {
        (rank..ways.len()).rev().for_each(|sum| ways[sum] += ways[sum - rank]);
    }
    let tail: f64 = ways[..=least].iter().sum();
    (2.0 * tail / 2.0_f64.powi(ranks.len() as i32)).min(1.0)
}

/// By the normal law: a sum of ranks `r` with random signs has the mean `Σ r / 2` and the variance `Σ r² / 4`, ties and omitted zeros
/// included.
fn normal(ranks: &[usize], least: usize) -> f64 {
    let ranks = ranks.iter().map(|&rank| 0.5 * rank as f64);
    let (mean, variance) = ranks.fold((0.0, 0.0), |(mean, variance), rank| (mean + 0.5 * rank, variance + 0.25 * rank * rank));
    let distance = (mean - 0.5 * least as f64 - 0.5).max(0.0);
    (2.0 * Normal::standard().sf(distance / variance.sqrt())).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(differences: &[f64]) -> f64 {
        wilcoxon(differences, Zeros::Wilcox).p
    }

    #[test]
    fn eight_differences_of_which_the_two_smallest_are_negative() {
        // Sums of at most 3 out of 1, …, 8: {}, {1}, {2}, {3}, {1, 2}: 2 · 5 / 2⁸.
        let found = wilcoxon(&[3.0, -1.0, 4.0, -2.0, 5.0, 6.0, 7.0, 8.0], Zeros::Wilcox);
        assert_eq!(found, SignedRanks { plus: 33.0, minus: 3.0, p: 0.039_062_5 });
    }

    #[test]
    fn all_of_one_sign_is_as_clear_as_can_be() {
        assert_eq!((p(&[1.0, 2.0, 3.0, 4.0, 5.0]), p(&[-6.0, -1.0, -2.0, -3.0, -4.0, -5.0])), (0.0625, 0.031_25));
        assert_eq!((p(&[]), p(&[0.0; 4])), (1.0, 1.0));
        assert_eq!(p(&[f64::INFINITY; 6]), 0.031_25);
    }

    #[test]
    fn zeros_are_left_out_before_or_after_ranking() {
        let d = [0.0, 1.0, -2.0, 3.0, 0.0, 4.0];
        // Ranks 1, …, 4, with 2 negative: sums of at most 2 are {}, {1}, {2}.
        assert_eq!(wilcoxon(&d, Zeros::Wilcox), SignedRanks { plus: 8.0, minus: 2.0, p: 6.0 / 16.0 });
        // Ranks 3, 4, 5, 6, with 4 negative: sums of at most 4 are {}, {3}, {4}.
        assert_eq!(wilcoxon(&d, Zeros::Pratt), SignedRanks { plus: 14.0, minus: 4.0, p: 6.0 / 16.0 });
    }

    #[test]
    fn ties_share_their_ranks_even_when_they_round_differently() {
        // 0.5 − 0.48 and 0.48 − 0.5 are not quite 0.02: ranks 1.5, 1.5, 3 with 1.5 negative. Sums of at most 1.5: {}, {1.5}, {1.5}.
        let found = wilcoxon(&[0.5 - 0.48, 0.46 - 0.48, 1.0], Zeros::Wilcox);
        assert_eq!(found, SignedRanks { plus: 4.5, minus: 1.5, p: 6.0 / 8.0 });
    }

    #[test]
    fn the_normal_law_takes_over_smoothly() {
        let ranks: Vec<usize> = (1..=50).map(|rank| 2 * rank).collect();
        for least in [700, 850, 1000] {
            approx::assert_abs_diff_eq!(normal(&ranks, least), exact(&ranks, least), epsilon = 2e-3);
        }
    }
}
