//! The global score of an iterate: loss, gap, gradient norm, distance, test score, worst clients.
//!
//! Clients are evaluated in parallel over fixed chunks and folded in order, in double precision, so that a score has the
//! same bits on any number of threads.

use super::{Objective, Optimum, TestScore, Workspace, sums};
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
    pub test: Option<TestScore>,
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
    let sums = needed.then(|| sums::over_clients(objective, x, form.is_none() && wanted.gradient_norm));
    let (loss, gap, gradient_norm) = match (form, &sums) {
        (Some(form), _) => (Some(form.loss(x)), Some(form.gap(x)), Some(form.gradient_norm(x))),
        (None, Some(sums)) => {
            (Some(sums.loss), optimum.map(|optimum| sums.loss - optimum.value), Some(norm2(&sums.gradient).sqrt()))
        }
        (None, None) => (None, None, None),
    };
    Evaluation {
        loss: loss.filter(|_| wanted.loss),
        gap: gap.filter(|_| wanted.gap),
        gradient_norm: gradient_norm.filter(|_| wanted.gradient_norm),
        distance: optimum.filter(|_| wanted.distance).map(|optimum| optimum.distance(x)),
        test: wanted.test.then(|| objective.test(x, &mut Workspace::new())).flatten(),
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

#[cfg(test)]
mod tests;
