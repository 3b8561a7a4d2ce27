//! An objective from the loss of one sample: the short way to an objective over data.

use super::{
    Block, HeldOutScore, Inputs, Objective, Sample, Workspace,
    data::{HeldOut, Samples},
    supervised::{Supervised, of_shared},
};
use crate::{invalid::Invalid, num::Real};

/// The loss of one sample, and its gradient.
pub trait SampleLoss<R: Real>: Send + Sync {
    /// The named blocks (layers) of the parameter vector, in order, without gaps.
    fn blocks(&self) -> &[Block];

    /// The loss `φ(x)` of sample number `row`, without regularisation. Where there is a `gradient`, shape `[d]`, with a factor,
    /// adds the factor times `∇φ(x)` to it.
    fn loss(&self, samples: &Samples<R>, row: usize, x: &[R], gradient: Option<(R, &mut [R])>) -> f64;

    /// Whether sample number `row` is classified correctly; `None` for regression.
    fn is_right(&self, samples: &Samples<R>, row: usize, x: &[R]) -> Option<bool> {
        let _ = (samples, row, x);
        None
    }

    /// Rough cost of the gradient of one sample [multiply-adds].
    fn cost(&self) -> f64 {
        2.0 * self.blocks().last().map_or(0, |last| last.range.end) as f64
    }
}

/// `fᵢ(x) = (1/nᵢ) Σ φ(x; sample) + (λ/2) ‖x‖²` over the samples of client `i`.
#[derive(Debug)]
pub struct PerSample<L, R> {
    loss: L,
    shared: Supervised<R>,
}

impl<R: Real, L: SampleLoss<R>> PerSample<L, R> {
    /// The objective of `loss` over the samples of `inputs`.
    ///
    /// # Errors
    /// [`Invalid`] at `data`, `partition` or `l2`: no samples, shapes that do not fit, a negative `λ`.
    pub fn new(loss: L, inputs: &Inputs<R>) -> Result<Self, Invalid> {
        let mut shared = Supervised::new(inputs.data()?, inputs.l2)?;
        shared.reweight(&inputs.weights)?;
        Ok(Self { loss, shared })
    }
}

impl<R: Real, L: SampleLoss<R>> Objective<R> for PerSample<L, R> {
    of_shared!();

    fn blocks(&self) -> &[Block] {
        self.loss.blocks()
    }

    fn gradient(&self, client: usize, x: &[R], sample: Sample<'_, R>, gradient: &mut [R], _: &mut Workspace<R>) -> f64 {
        let data = &self.shared.data;
        self.shared.begin_gradient(x, gradient);
        let picked = self.shared.pick(client, sample);
        let share = 1.0 / picked.len().max(1) as f64;
        let loss = |i| self.loss.loss(&data.train, picked.source(i), x, Some((R::of(share), &mut *gradient)));
        share * (0..picked.len()).map(loss).sum::<f64>() + self.shared.ridge(x)
    }

    fn local_loss(&self, client: usize, x: &[R], _: &mut Workspace<R>) -> f64 {
        let data = &self.shared.data;
        let rows = data.rows(client);
        let share = 1.0 / rows.len().max(1) as f64;
        share * rows.map(|row| self.loss.loss(&data.train, row, x, None)).sum::<f64>() + self.shared.ridge(x)
    }

    fn score(&self, part: HeldOut, x: &[R], _: &mut Workspace<R>) -> Option<HeldOutScore> {
        let samples = self.shared.data.held_out(part)?;
        let rows = || 0..samples.len();
        let loss = rows().map(|row| self.loss.loss(samples, row, x, None)).sum::<f64>() / samples.len() as f64;
        let right: Option<Vec<bool>> = rows().map(|row| self.loss.is_right(samples, row, x)).collect();
        let share = |right: Vec<bool>| right.iter().filter(|&&right| right).count() as f64 / right.len() as f64;
        Some(HeldOutScore { loss, accuracy: right.map(share) })
    }

    fn cost(&self, samples: usize) -> f64 {
        samples as f64 * self.loss.cost()
    }
}
