//! The global score of an iterate: loss, gap, gradient norm, distance, scores on held-out parts, worst clients.
//!
//! Clients are evaluated in parallel over fixed chunks and folded in order, in double precision, so that a score has the
//! same bits on any number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::{HeldOutScore, Objective, Optimum, Sample, Workspace, data::HeldOut, predictions::Predictions};
use crate::num::{Real, vector::norm2};

/// Which scores are wanted; nothing else is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Global loss `f(x)`.
    pub loss: bool,
    /// `f(x) − f*`; needs the reference optimum.
    pub gap: bool,
    /// `‖∇f(x)‖`.
    pub gradient_norm: bool,
    /// `‖x − x*‖`; needs the reference optimum.
    pub distance: bool,
    /// Loss and accuracy on held-out samples.
    pub test: bool,
    /// Loss and accuracy on the validation part.
    pub validation: bool,
    /// Predictions of held-out samples.
    pub predictions: bool,
    /// Mean loss of the worst tenth of the clients.
    pub worst_decile: bool,
    /// The loss of every client.
    pub local_losses: bool,
}

impl Wanted {
    /// No scores.
    pub const NOTHING: Self = Self {
        loss: false,
        gap: false,
        gradient_norm: false,
        distance: false,
        test: false,
        validation: false,
        predictions: false,
        worst_decile: false,
        local_losses: false,
    };

    /// The scores of either.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            loss: self.loss || other.loss,
            gap: self.gap || other.gap,
            gradient_norm: self.gradient_norm || other.gradient_norm,
            distance: self.distance || other.distance,
            test: self.test || other.test,
            validation: self.validation || other.validation,
            predictions: self.predictions || other.predictions,
            worst_decile: self.worst_decile || other.worst_decile,
            local_losses: self.local_losses || other.local_losses,
        }
    }
}

/// The scores of one iterate; `None` where not wanted or not defined.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// `f(x) = Σ pᵢ fᵢ(x)`.
    pub loss: Option<f64>,
    /// `f(x) − f*`.
    pub gap: Option<f64>,
    /// `‖∇f(x)‖`.
    pub gradient_norm: Option<f64>,
    /// `‖x − x*‖`.
    pub distance: Option<f64>,
    /// Score on held-out samples.
    pub test: Option<HeldOutScore>,
    /// Score on the validation part.
    pub validation: Option<HeldOutScore>,
    /// Predictions of held-out samples; [`Problem::evaluate`](super::Problem::evaluate) makes them.
    pub predictions: Option<Predictions>,
    /// Mean of `fᵢ(x)` over the worst `⌈n/10⌉` clients, each counted once.
    pub worst_decile: Option<f64>,
    /// `fᵢ(x)` of every client, shape `[n]`.
    pub local_losses: Option<Vec<f64>>,
}

/// Evaluates `x`, shape `[d]`.
///
/// Where the objective is a quadratic form, loss, gap and gradient norm come from `x − x*` and take no pass over the clients.
/// Elsewhere gap and distance need the `optimum`. No score depends on which others are wanted.
pub fn evaluate<R: Real>(objective: &dyn Objective<R>, optimum: Option<&Optimum>, x: &[R], wanted: Wanted) -> Evaluation {
    let global = wanted.loss || wanted.gap || wanted.gradient_norm || wanted.distance;
    let form = if global { objective.quadratic_form() } else { None };
    let optimum = optimum.or(form.map(|form| &form.optimum));
    let by_pass = form.is_none() && (wanted.loss || wanted.gradient_norm || (wanted.gap && optimum.is_some()));
    let needed = by_pass || wanted.worst_decile || wanted.local_losses;
    let sums = needed.then(|| over_clients(objective, x, form.is_none() && wanted.gradient_norm));
    let (loss, gap, gradient_norm) = match (form, &sums) {
        (Some(form), _) => (Some(form.loss(x)), Some(form.gap(x)), Some(form.gradient_norm(x))),
        (None, Some(sums)) => {
            (Some(sums.loss), optimum.map(|optimum| sums.loss - optimum.value), Some(norm2(&sums.gradient).sqrt()))
        }
        (None, None) => (None, None, None),
    };
    let held_out = |is_wanted: bool, part| is_wanted.then(|| objective.score(part, x, &mut Workspace::new())).flatten();
    Evaluation {
        loss: loss.filter(|_| wanted.loss),
        gap: gap.filter(|_| wanted.gap),
        gradient_norm: gradient_norm.filter(|_| wanted.gradient_norm),
        distance: optimum.filter(|_| wanted.distance).map(|optimum| optimum.distance(x)),
        test: held_out(wanted.test, HeldOut::Test),
        validation: held_out(wanted.validation, HeldOut::Validation),
        predictions: None,
        worst_decile: sums
            .as_ref()
            .filter(|_| wanted.worst_decile)
            .map(|sums| worst_decile(&of_holders(objective, &sums.losses))),
        local_losses: sums.filter(|_| wanted.local_losses).map(|sums| sums.losses),
    }
}

/// The losses of the clients that have samples: the others have none.
fn of_holders<R: Real>(objective: &dyn Objective<R>, losses: &[f64]) -> Vec<f64> {
    losses.iter().enumerate().filter(|&(client, _)| objective.samples(client) > 0).map(|(_, &loss)| loss).collect()
}

/// Mean of the `⌈n/10⌉` largest losses.
pub fn worst_decile(losses: &[f64]) -> f64 {
    let mut sorted = losses.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let worst = &sorted[..losses.len().div_ceil(10)];
    worst.iter().sum::<f64>() / worst.len() as f64
}

/// Chunks that are in flight together; bounds the memory that partial results take.
const WAVE: usize = 16;

/// Chunks that a fleet is cut into at most, so that partial results stay few.
const CHUNKS: usize = 64;

/// Maps fixed chunks of `0..count` in parallel and folds the results in the order of the chunks.
///
/// The chunks depend on `count` alone, never on the number of threads.
pub(crate) fn ordered_fold<A: Send>(count: usize, map: impl Fn(Range<usize>) -> A + Sync, mut fold: impl FnMut(A)) {
    let size = count.div_ceil(CHUNKS).max(1);
    let chunks = count.div_ceil(size);
    for wave in (0..chunks).step_by(WAVE) {
        let done: Vec<A> = (wave..(wave + WAVE).min(chunks))
            .into_par_iter()
            .map(|chunk| map(chunk * size..((chunk + 1) * size).min(count)))
            .collect();
        done.into_iter().for_each(&mut fold);
    }
}

/// `sum ← sum + part`, coordinate by coordinate.
pub(crate) fn add(sum: &mut [f64], part: &[f64]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}

/// The result of a pass over all clients at one point.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// `f(x) = Σ pᵢ fᵢ(x)`.
    pub loss: f64,
    /// `∇f(x)`, shape `[d]`; empty where it was not asked for.
    pub gradient: Vec<f64>,
    /// `fᵢ(x)`, shape `[n]`.
    pub losses: Vec<f64>,
}

/// Losses of all clients, and the global gradient where asked, accumulated in double precision.
pub(super) fn over_clients<R: Real>(objective: &dyn Objective<R>, x: &[R], with_gradient: bool) -> Sums {
    let dim = if with_gradient { objective.dim() } else { 0 };
    let part = |clients: Range<usize>| {
        let mut sums = Sums { loss: 0.0, gradient: vec![0.0; dim], losses: Vec::with_capacity(clients.len()) };
        let (mut work, mut gradient) = (Workspace::new(), vec![R::zero(); dim]);
        for client in clients {
            let weight = objective.weight(client);
            let loss = if with_gradient {
                objective.gradient(client, x, Sample::Full, &mut gradient, &mut work)
            } else {
                objective.local_loss(client, x, &mut work)
            };
            sums.gradient.iter_mut().zip(&gradient).for_each(|(sum, g)| *sum += weight * g.f64());
            sums.loss += weight * loss;
            sums.losses.push(loss);
        }
        sums
    };
    let mut all = Sums { loss: 0.0, gradient: vec![0.0; dim], losses: Vec::with_capacity(objective.clients()) };
    ordered_fold(objective.clients(), part, |part| {
        all.loss += part.loss;
        add(&mut all.gradient, &part.gradient);
        all.losses.extend_from_slice(&part.losses);
    });
    all
}

#[cfg(test)]
mod tests;
