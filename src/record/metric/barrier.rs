//! Barriers of loss between models and their mean (linear mode connectivity, layer by layer: Adilova, Andriushchenko, Kamp, Fischer and
//! Jaggi 2023, arXiv 2307.06966), for any number of models.

use std::ops::Range;

use super::Observation;
use crate::{
    num::{Real, vector},
    problem::{BlockKind, evaluate::Wanted},
};

/// `L(mean θ) − mean L(θ_k)`: what averaging all parameters costs. At most 0 for convex losses.
pub(super) fn full<R: Real>(models: &[&[R]], loss: impl Fn(&[R]) -> Option<f64>) -> Option<f64> {
    Some(loss(&vector::mean(models))? - mean_loss(models, loss)?)
}

/// The mean over models of `L(θ_k with the mean of one block) − mean L(θ_k)`: what averaging the block alone costs. The losses of the whole
/// models are the base, as in the paper, so that it may be positive where the loss is convex in the block.
pub(super) fn of_block<R: Real>(models: &[&[R]], block: Range<usize>, loss: impl Fn(&[R]) -> Option<f64>) -> Option<f64> {
    let blocks: Vec<&[R]> = models.iter().map(|model| &model[block.clone()]).collect();
    let mean = vector::mean(&blocks);
    let averaged: Option<Vec<f64>> = models
        .iter()
        .map(|model| {
            let mut model = model.to_vec();
            model[block.clone()].copy_from_slice(&mean);
            loss(&model)
        })
        .collect();
    Some(averaged?.iter().sum::<f64>() / models.len() as f64 - mean_loss(models, loss)?)
}

fn mean_loss<R: Real>(models: &[&[R]], loss: impl Fn(&[R]) -> Option<f64>) -> Option<f64> {
    let losses: Option<Vec<f64>> = models.iter().map(|model| loss(model)).collect();
    Some(losses?.iter().sum::<f64>() / models.len() as f64)
}

/// The barrier of the nodes' models on the global training loss.
pub(super) fn of_nodes<R: Real>(sample: &Observation<'_, R>) -> Option<f64> {
    full(sample.nodes()?, |x| loss(sample, x))
}

/// The barrier of the layer that is sampled: of its weights and biases.
pub(super) fn of_layer<R: Real>(sample: &Observation<'_, R>) -> Option<f64> {
    let blocks = sample.world.objective().blocks();
    let mut weights = (0..blocks.len()).filter(|&k| blocks[k].kind == BlockKind::Weight);
    let first = weights.nth(sample.layer)?;
    let end = weights.next().map_or(blocks.last()?.range.end, |next| blocks[next].range.start);
    of_block(sample.nodes()?, blocks[first].range.start..end, |x| loss(sample, x))
}

fn loss<R: Real>(sample: &Observation<'_, R>, x: &[R]) -> Option<f64> {
    sample.world.problem.evaluate(x, Wanted { loss: true, ..Wanted::NOTHING }).loss
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f = w₂ w₁`, `L = (f − 1)²`.
    fn product(w: &[f64]) -> Option<f64> {
        Some((w[0] * w[1] - 1.0).powi(2))
    }

    /// (1, 1) and (−1, −1) fit; their mean (0, 0), and each with a zero in one place, has the loss 1.
    #[test]
    fn mirrored_models_cannot_be_averaged_anywhere() {
        let models = [&[1.0, 1.0][..], &[-1.0, -1.0]];
        assert_eq!(full(&models, product), Some(1.0));
        assert_eq!((of_block(&models, 0..1, product), of_block(&models, 1..2, product)), (Some(1.0), Some(1.0)));
    }

    /// (1, 1) and (2, ½) fit; their mean is (1.5, 0.75), off by 0.125. With the mean of one block they are off by ½ and ¼.
    #[test]
    fn a_block_may_cost_more_than_all() {
        let models = [&[1.0, 1.0][..], &[2.0, 0.5]];
        assert_eq!(full(&models, product), Some(0.015625));
        assert_eq!(of_block(&models, 0..1, product), Some(0.5 * (0.25 + 0.0625)));
        assert_eq!(of_block(&models, 1..2, product), Some(0.5 * (0.0625 + 0.25)));
        assert_eq!(of_block(&models, 0..2, product), full(&models, product));
    }

    #[test]
    fn equal_models_have_none_and_a_convex_loss_has_no_full_one() {
        let same = [&[3.0, 0.5][..]; 2];
        assert_eq!((full(&same, product), of_block(&same, 0..1, product)), (Some(0.0), Some(0.0)));
        let convex = |w: &[f64]| Some(w[0] * w[0]);
        assert_eq!(full(&[&[1.0][..], &[-3.0]], convex), Some(1.0 - 5.0));
    }
}
