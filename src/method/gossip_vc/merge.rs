//! The average of models whose layers get their variance back.

use super::{Reference, Target};
use crate::{
    num::Real,
    problem::{Block, BlockKind},
};

/// Averages with less variance than this are left alone.
const DEGENERATE: f64 = 1e-30;

/// The constant that DFL_torch adds to both variances.
const TORCH_OFFSET: f64 = 1e-4;

/// How a node merges received models.
#[derive(Debug, Clone, Copy)]
pub(super) struct Merge {
    pub beta: f64,
    pub target: Target,
    pub reference: Reference,
}

impl Merge {
    /// `x ← correct(beta x + (1 − beta) mean(received))`; nothing happens if nothing was received.
    pub fn apply<R: Real>(&self, x: &mut [R], received: &[&[R]], blocks: &[Block]) {
        if received.is_empty() {
            return;
        }
        let mut mixed = vec![0.0; x.len()];
        for model in received {
            mixed.iter_mut().zip(*model).for_each(|(sum, w)| *sum += w.f64());
        }
        let (own, others) = (self.beta, (1.0 - self.beta) / received.len() as f64);
        mixed.iter_mut().zip(x.iter()).for_each(|(u, x)| *u = own * x.f64() + others * *u);
        for block in blocks {
            let range = block.range.clone();
            let models = received.iter().map(|model| &model[range.clone()]);
            let part = &mixed[range.clone()];
            let corrects = block.kind == BlockKind::Weight || self.reference == Reference::DflTorch;
            let (centre, factor) = if corrects { self.correction(&x[range.clone()], part, models) } else { (0.0, 1.0) };
            for (x, &u) in x[range].iter_mut().zip(part) {
                *x = R::of(if factor == 1.0 { u } else { centre + factor * (u - centre) });
            }
        }
    }

    /// The mean of the average `u` of a layer, and the factor by which its deviations from the mean grow.
    fn correction<'m, R: Real>(&self, own: &[R], u: &[f64], received: impl ExactSizeIterator<Item = &'m [R]>) -> (f64, f64) {
        let torch = self.reference == Reference::DflTorch;
        let spread = |moments: Moments| moments.variance(torch);
        let average = Moments::of(u.iter().copied());
        let variance = spread(average);
        if u.len() < 2 || variance < DEGENERATE {
            return (average.mean, 1.0);
        }
        let count = received.len() as f64;
        let others = received.map(|model| spread(Moments::of(model.iter().map(|w| w.f64())))).sum::<f64>() / count;
        let target = match self.target {
            Target::Others => others,
            Target::FollowBeta => {
                let own = if torch { variance } else { spread(Moments::of(own.iter().map(|x| x.f64()))) };
                self.beta * own + (1.0 - self.beta) * others
            }
            Target::Itself | Target::None => return (average.mean, 1.0),
        };
        let offset = if torch { TORCH_OFFSET } else { 0.0 };
        (average.mean, ((target + offset) / (variance + offset)).sqrt())
    }
}

/// Mean and sum of squared deviations of a layer, in two passes.
#[derive(Debug, Clone, Copy)]
struct Moments {
    entries: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn of(values: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let entries = values.len() as f64;
        let mean = values.clone().sum::<f64>() / entries;
        let squares = values.map(|value| (value - mean).powi(2)).sum();
        Self { entries, mean, squares }
    }

    fn variance(&self, unbiased: bool) -> f64 {
        self.squares / if unbiased { self.entries - 1.0 } else { self.entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> [Block; 3] {
        let block = |range, kind| Block { name: "layer".into(), range, kind, fan_in: 1, fan_out: 1 };
        [block(0..40, BlockKind::Weight), block(40..44, BlockKind::Bias), block(44..45, BlockKind::Weight)]
    }

    fn model(k: usize) -> Vec<f64> {
        (0..45).map(|j| ((7 * j + 13 * k + 1) as f64).sin() + 0.1 * k as f64).collect()
    }

    fn merged(beta: f64, target: Target, reference: Reference, received: &[usize]) -> Vec<f64> {
        let models: Vec<Vec<f64>> = received.iter().map(|&k| model(k)).collect();
        let views: Vec<&[f64]> = models.iter().map(Vec::as_slice).collect();
        let mut x = model(0);
        Merge { beta, target, reference }.apply(&mut x, &views, &blocks());
        x
    }

    fn moments(x: &[f64]) -> Moments {
        Moments::of(x.iter().copied())
    }

    #[test]
    fn one_received_model_without_an_own_share_is_copied() {
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-14);
        assert!(close(&merged(0.0, Target::Others, Reference::Dfl2, &[3]), &model(3)));
        assert_eq!(merged(0.0, Target::None, Reference::Dfl2, &[3]), model(3));
    }

    #[test]
    fn a_layer_keeps_its_mean_and_gets_the_mean_variance_of_the_received() {
        let received = [1, 2, 5];
        let plain = merged(0.5, Target::None, Reference::Dfl2, &received);
        let corrected = merged(0.5, Target::Others, Reference::Dfl2, &received);
        assert_eq!(plain[40..], corrected[40..], "biases and single entries are plain averages");
        let (plain, corrected) = (moments(&plain[..40]), moments(&corrected[..40]));
        approx::assert_relative_eq!(plain.mean, corrected.mean, epsilon = 1e-14);
        let target = received.iter().map(|&k| moments(&model(k)[..40]).variance(false)).sum::<f64>() / 3.0;
        approx::assert_relative_eq!(corrected.variance(false), target, max_relative = 1e-12);
    }

    #[test]
    fn correcting_twice_is_correcting_once() {
        let once = merged(0.5, Target::Others, Reference::Dfl2, &[1, 2, 5]);
        let (received, mut twice) = ([model(1), model(2), model(5)], once.clone());
        let merge = Merge { beta: 0.5, target: Target::Others, reference: Reference::Dfl2 };
        let (centre, factor) = merge.correction(&once[..40], &once[..40], received.iter().map(|model| &model[..40]));
        twice[..40].iter_mut().for_each(|x| *x = centre + factor * (*x - centre));
        assert!(once.iter().zip(&twice).all(|(a, b)| (a - b).abs() < 1e-13));
    }

    #[test]
    fn targets_differ_as_they_say() {
        let spread = |x: &[f64], unbiased| moments(&x[..40]).variance(unbiased);
        let others = (spread(&model(1), false) + spread(&model(2), false)) / 2.0;
        let own = merged(0.25, Target::FollowBeta, Reference::Dfl2, &[1, 2]);
        let expected = 0.25 * spread(&model(0), false) + 0.75 * others;
        approx::assert_relative_eq!(spread(&own, false), expected, max_relative = 1e-12);
        let itself = merged(0.25, Target::Itself, Reference::Dfl2, &[1, 2]);
        assert_eq!(itself, merged(0.25, Target::None, Reference::Dfl2, &[1, 2]));
    }

    #[test]
    fn the_torch_simulator_offsets_its_ratio_and_corrects_biases() {
        let plain = merged(0.5, Target::None, Reference::DflTorch, &[1, 2]);
        let torch = merged(0.5, Target::Others, Reference::DflTorch, &[1, 2]);
        for range in [0..40, 40..44] {
            let spread = |x: &[f64]| moments(&x[range.clone()]).variance(true);
            let target = (spread(&model(1)) + spread(&model(2))) / 2.0;
            let ratio = (target + 1e-4) / (spread(&plain) + 1e-4);
            approx::assert_relative_eq!(spread(&torch), ratio * spread(&plain), max_relative = 1e-12);
        }
    }
}
