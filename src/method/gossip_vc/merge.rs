//! The average of models whose layers get their variance back.

use super::{Reference, Target};
use crate::{
    num::Real,
    problem::{Block, BlockKind},
};

/// Averages with less variance than this are left alone.
const DEGENERATE: f64 = 1e-30;

/// What DFL_torch adds to both variances.
const TORCH_OFFSET: f64 = 1e-4;

/// How a node merges what it has received.
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
