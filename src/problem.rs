//! The problem: objectives over the clients' data, and their exact optimum.
//!
//! `f(x) = Σ pᵢ fᵢ(x)` with `fᵢ` the local objective of client `i` and `Σ pᵢ = 1`. Objectives are immutable and shared by
//! all threads; whatever a computation needs to write into comes in as a [`Workspace`].

pub mod batches;
#[cfg(test)]
mod check;
pub mod client_scores;
mod correction;
pub mod data;
pub mod evaluate;
pub mod head;
pub mod init;
pub mod kind;
pub mod net;
pub mod optimum;
mod outputs;
pub mod per_sample;
pub mod personal;
pub mod predictions;
pub mod predictor;
pub mod quadratic;
pub mod regression;
pub mod softmax;
pub mod spec;
mod supervised;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use batches::{BatchSize, Batches};
pub use correction::Correction;
pub use kind::{Inputs, ObjectiveKind, ObjectiveSpec, Properties};
pub use net::{Activation, Mlp};
pub use per_sample::{PerSample, SampleLoss};
pub use softmax::Softmax;
pub use spec::{Problem, ProblemSpec};

use data::HeldOut;
use head::LinearHead;
use predictor::Predictor;
use quadratic::QuadraticForm;

use crate::{
    interrupt::Interrupt,
    num::{Real, low_precision::Bits},
};

/// One local objective per client, with its exact gradient.
///
/// Vectors have shape `[d]` with `d = dim()` unless said otherwise.
pub trait Objective<R: Real>: Send + Sync {
    /// Number of parameters `d`.
    fn dim(&self) -> usize {
        self.blocks().last().map_or(0, |block| block.range.end)
    }

    /// Number of clients `n`.
    fn clients(&self) -> usize;

    /// Number of training samples `nᵢ` of a client; 1 for objectives that have no data.
    fn samples(&self, client: usize) -> usize;

    /// The weight `pᵢ` of a client in the global objective; the weights sum to 1.
    fn weight(&self, client: usize) -> f64;

    /// The named blocks (layers) of the parameter vector, in order, without gaps.
    fn blocks(&self) -> &[Block];

    /// Standard deviation of additive gradient noise per coordinate; 0 where randomness comes from mini-batches.
    fn gradient_noise(&self) -> f64 {
        0.0
    }

    /// Writes `∇fᵢ(x)` on the sample into `gradient` (regularisation included) and returns the loss on it.
    fn gradient(&self, client: usize, x: &[R], sample: Sample<'_, R>, gradient: &mut [R], work: &mut Workspace<R>) -> f64;

    /// [`gradient`](Self::gradient) as a client computes it that keeps its activations in few bits and passes errors straight
    /// through their rounding; the same for objectives without activations.
    fn gradient_in(
        &self,
        activations: Bits,
        client: usize,
        x: &[R],
        sample: Sample<'_, R>,
        gradient: &mut [R],
        work: &mut Workspace<R>,
    ) -> f64 {
        let _ = activations;
        self.gradient(client, x, sample, gradient, work)
    }

    /// One local step in place, `y ← y − lr (scale · ∇fᵢ(y) + shift + pull (y − anchor))`.
    ///
    /// The default computes the gradient and applies [`Correction::step`]; objectives with a fused kernel override it.
    fn step(
        &self,
        client: usize,
        y: &mut [R],
        sample: Sample<'_, R>,
        lr: f64,
        correction: &Correction<'_, R>,
        work: &mut Workspace<R>,
    ) {
        step_by_gradient(self, client, y, (sample, lr), correction, work);
    }

    /// `steps` local steps in place, each on its own sample with the step size `lr(k)`, `k` from 0.
    ///
    /// Objectives override it where a whole visit can be done faster than step by step.
    fn descend(
        &self,
        client: usize,
        y: &mut [R],
        visit: &mut Visit<'_, '_, R>,
        correction: &Correction<'_, R>,
        work: &mut Workspace<R>,
    ) {
        step_by_step(self, client, y, visit, correction, work);
    }

    /// Full local loss `fᵢ(x)`, regularisation included.
    fn local_loss(&self, client: usize, x: &[R], work: &mut Workspace<R>) -> f64;

    /// Loss and accuracy on a held-out part; `None` where there is none.
    fn score(&self, part: HeldOut, x: &[R], work: &mut Workspace<R>) -> Option<HeldOutScore>;

    /// [`score`](Self::score) of a model whose activations are kept in few bits; the same for objectives without activations.
    fn score_in(&self, activations: Bits, part: HeldOut, x: &[R], work: &mut Workspace<R>) -> Option<HeldOutScore> {
        let _ = activations;
        self.score(part, x, work)
    }

    /// Writes `∇²fᵢ(x) v` over all samples of the client into `product`, shape `[d]`; `false` where it is not available.
    ///
    /// The solver of the reference optimum then takes finite differences of gradients.
    fn hessian_product(&self, client: usize, x: &[R], v: &[R], product: &mut [R], work: &mut Workspace<R>) -> bool {
        let _ = (client, x, v, product, work);
        false
    }

    /// The global objective as an exact quadratic form about its minimiser, where it is one.
    ///
    /// Loss, gap and gradient norm are then evaluated without a pass over the clients and without cancellation.
    fn quadratic_form(&self) -> Option<&QuadraticForm> {
        None
    }

    /// The model's last, linear layer over samples, where it ends in one.
    fn linear_head(&self) -> Option<&dyn LinearHead<R>> {
        None
    }

    /// The model as a function of samples, where it is one.
    fn predictor(&self) -> Option<&dyn Predictor<R>> {
        None
    }

    /// Rough cost of one gradient over `samples` samples [multiply-adds]; decides whether work is worth a thread.
    fn cost(&self, samples: usize) -> f64;
}

/// A local step that computes the gradient as a whole, on a sample and with a step size.
fn step_by_gradient<R: Real>(
    objective: &(impl Objective<R> + ?Sized),
    client: usize,
    y: &mut [R],
    (sample, lr): (Sample<'_, R>, f64),
    correction: &Correction<'_, R>,
    work: &mut Workspace<R>,
) {
    let mut gradient = work.take(objective.dim());
    let _ = objective.gradient(client, y, sample, &mut gradient, work);
    correction.step(lr, &gradient, y);
    work.give(gradient);
}

/// The local steps of a visit, one after the other.
fn step_by_step<R: Real>(
    objective: &(impl Objective<R> + ?Sized),
    client: usize,
    y: &mut [R],
    visit: &mut Visit<'_, '_, R>,
    correction: &Correction<'_, R>,
    work: &mut Workspace<R>,
) {
    for k in visit.interrupt.steps(visit.steps) {
        objective.step(client, y, visit.batches.next_sample(), (visit.lr)(k), correction, work);
    }
}

/// A named, contiguous part of the parameter vector: a layer's weights or biases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Such as `layer1.weight`.
    pub name: String,
    /// Coordinates of the block.
    pub range: Range<usize>,
    /// Whether this is a weight matrix or a bias vector.
    pub kind: BlockKind,
    /// Inputs of the layer, for initialisation.
    pub fan_in: usize,
    /// Outputs of the layer, for initialisation.
    pub fan_out: usize,
}

/// The role of a [`Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A weight matrix.
    Weight,
    /// A bias vector.
    Bias,
}

/// The sample that a stochastic gradient is taken on. The same sample can be used at two points, as variance reduction needs.
#[derive(Debug, Clone, Copy)]
pub enum Sample<'a, R> {
    /// All samples of the client: the exact gradient.
    Full,
    /// Rows of the client's data, counted from the client's first.
    Rows(&'a [u32]),
    /// The exact gradient plus this noise, shape `[d]`.
    Noise(&'a [R]),
}

/// The local steps of one client visit.
pub struct Visit<'v, 'b, R> {
    /// Number of local steps.
    pub steps: usize,
    /// Step size of local step `k`.
    pub lr: &'v dyn Fn(usize) -> f64,
    /// The source of the samples of the steps.
    pub batches: &'v mut Batches<'b, R>,
    /// Whether the visit is to be left in the middle.
    pub interrupt: Interrupt<'v>,
}

/// Score on held-out samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOutScore {
    /// Mean loss, without regularisation.
    pub loss: f64,
    /// Share of correctly classified samples [1]; `None` for regression.
    pub accuracy: Option<f64>,
}

/// The exact optimum of a convex problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// The minimiser `x*`, shape `[d]`.
    pub x: Vec<f64>,
    /// The minimum `f* = f(x*)`.
    pub value: f64,
    /// `‖∇f(x*)‖`, as checked after solving.
    pub gradient_norm: f64,
}

impl Optimum {
    /// `‖x − x*‖`.
    pub fn distance<R: Real>(&self, x: &[R]) -> f64 {
        x.iter().zip(&self.x).map(|(x, best)| (x.f64() - best).powi(2)).sum::<f64>().sqrt()
    }
}

/// Reusable buffers of one thread: taken, written, given back. Contents are arbitrary when taken.
#[derive(Debug, Default)]
pub struct Workspace<R> {
    free: Vec<Vec<R>>,
}

impl<R: Real> Workspace<R> {
    /// An empty workspace; buffers come into being as they are first taken.
    #[inline]
    pub fn new() -> Self {
        Self { free: Vec::new() }
    }

    /// A buffer of exactly `len` scalars with arbitrary contents, out of the smallest that fits.
    #[inline]
    pub fn take(&mut self, len: usize) -> Vec<R> {
        let fitting = self.free.iter().enumerate().filter(|(_, buffer)| buffer.capacity() >= len);
        let best = fitting.min_by_key(|(_, buffer)| buffer.capacity()).map(|(at, _)| at);
        let mut buffer = best.map_or_else(Vec::new, |at| self.free.swap_remove(at));
        buffer.resize(len, R::zero());
        buffer
    }

    /// Gives a buffer back for later use.
    #[inline]
    pub fn give(&mut self, buffer: Vec<R>) {
        self.free.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_was_given_back_is_taken_again() {
        let mut work = Workspace::<f64>::new();
        let (large, small) = (work.take(100), work.take(10));
        let (large_at, small_at) = (large.as_ptr(), small.as_ptr());
        work.give(small);
        work.give(large);
        let (small, large) = (work.take(10), work.take(100));
        assert_eq!((small.len(), large.len()), (10, 100));
        assert_eq!((small.as_ptr(), large.as_ptr()), (small_at, large_at));
    }
}
