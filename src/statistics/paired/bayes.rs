//! Bayes factors of paired differences.

use super::student;

/// How many times as likely `differences` are under a mean other than zero as under none, where the mean has the prior `N(0, g σ²)` and
/// the unknown variance the prior `1 / σ²` under both; `None` with fewer than two differences, or an infinite one.
///
/// With `t = √n d̄ / s` it is `(1 + n g)^(−1/2) [(1 + t² / (n − 1)) / (1 + t² / ((n − 1)(1 + n g)))]^(n / 2)`. However large the effect, it
/// stays below [`bayes_ceiling`], which it reaches where all differences are the same.
pub fn bayes_factor(differences: &[f64], g: f64) -> Option<f64> {
    let mean = student(differences, 0.95)?.value;
    let n = differences.len() as f64;
    // n d̄² and (n − 1) s², whose quotient is t² / (n − 1).
    let (signal, noise) = (n * mean * mean, differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>());
    if signal == 0.0 {
        return Some((1.0 + n * g).powf(-0.5));
    }
    let ratio = (noise + signal) / (noise + signal / (1.0 + n * g));
    Some((1.0 + n * g).powf(-0.5) * ratio.powf(0.5 * n))
}

/// The largest Bayes factor that `n` differences can give: `(1 + n g)^((n − 1) / 2)`.
pub fn bayes_ceiling(n: usize, g: f64) -> f64 {
    (1.0 + n as f64 * g).powf(0.5 * (n as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: [f64; 8] = [0.5, -0.1, 0.4, 0.7, 0.2, 0.3, 0.6, 0.0];

    #[test]
    fn it_is_the_ratio_of_two_integrals() {
        // t² = 3 · 1 / 0.04 = 75: (1/2) ((1 + 37.5) / (1 + 9.375))^(3/2).
        let found = bayes_factor(&[1.0, 1.2, 0.8], 1.0).unwrap();
        approx::assert_relative_eq!(found, 0.5 * (38.5_f64 / 10.375).powf(1.5), max_relative = 1e-12);
        approx::assert_abs_diff_eq!(found, 3.5742, epsilon = 5e-5);
        // d̄ = 0.325, Σ d² = 1.4, so that t² / 7 = 0.845 / 0.555.
        let found = bayes_factor(&D, 1.0).unwrap();
        approx::assert_relative_eq!(found, (1.4_f64 / (0.555 + 0.845 / 9.0)).powi(4) / 3.0, max_relative = 1e-12);
        approx::assert_abs_diff_eq!(found, 7.2229, epsilon = 5e-5);
    }

    #[test]
    fn few_seeds_cannot_give_large_evidence() {
        for (n, ceiling) in [(3, 4.0), (5, 36.0), (8, 2187.0)] {
            approx::assert_relative_eq!(bayes_ceiling(n, 1.0), ceiling, max_relative = 1e-12);
            approx::assert_relative_eq!(bayes_factor(&vec![5.0; n], 1.0).unwrap(), ceiling, max_relative = 1e-12);
            let far: Vec<f64> = (0..n).map(|i| 1e3 + i as f64).collect();
            assert!(bayes_factor(&far, 1.0).unwrap() < ceiling);
        }
    }

    #[test]
    fn without_an_effect_it_speaks_for_none() {
        for d in [[1.0, -1.0, 2.0, -2.0], [0.0; 4]] {
            approx::assert_relative_eq!(bayes_factor(&d, 1.0).unwrap(), 1.0 / 5.0_f64.sqrt(), max_relative = 1e-12);
        }
        approx::assert_abs_diff_eq!(bayes_factor(&D, 1e-9).unwrap(), 1.0, epsilon = 1e-7);
        assert_eq!(bayes_factor(&D, 1.0), bayes_factor(&D.map(|d| -d), 1.0));
        assert_eq!((bayes_factor(&[1.0], 1.0), bayes_factor(&[1.0, f64::INFINITY], 1.0)), (None, None));
    }
}
