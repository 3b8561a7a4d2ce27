//! The global score of an iterate: loss, gap, gradient norm, distance, test score, worst clients.
//!
//! Clients are evaluated in parallel over fixed chunks and folded in order, in double precision, so that a score has the
//! same bits on any number of threads.

use super::{Objective, TestScore, Workspace, optimum::Reference, sums};
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
/// Where the `reference` holds the objective as a quadratic form, loss, gap and gradient norm come from `x − x*` and take no
/// pass over the clients. Without a reference there is no gap and no distance.
pub fn evaluate<R: Real>(objective: &dyn Objective<R>, reference: Option<&Reference>, x: &[R], wanted: Wanted) -> Evaluation {
    let form = reference.and_then(|reference| reference.form.as_ref());
    let each = wanted.worst_decile || wanted.local_losses;
    let gradient = wanted.gradient_norm && form.is_none();
    let needs_loss = (wanted.loss || (wanted.gap && reference.is_some())) && form.is_none();
    let sums = (gradient || needs_loss || each).then(|| sums::over_clients(objective, x, gradient));
    let loss = match (form, &sums) {
        (Some(form), _) => Some(form.loss(x)),
        (None, sums) => sums.as_ref().map(|sums| sums.loss),
    };
    let gap =
        |reference: &Reference| form.map_or_else(|| loss.map(|loss| loss - reference.optimum.value), |form| Some(form.gap(x)));
    let gradient_norm =
        || form.map_or_else(|| sums.as_ref().map(|sums| norm2(&sums.gradient).sqrt()), |form| Some(form.gradient_norm(x)));
    Evaluation {
        loss: loss.filter(|_| wanted.loss),
        gap: reference.filter(|_| wanted.gap).and_then(gap),
        gradient_norm: wanted.gradient_norm.then(gradient_norm).flatten(),
        distance: reference.filter(|_| wanted.distance).map(|reference| reference.distance(x)),
        test: wanted.test.then(|| objective.test(x, &mut Workspace::new())).flatten(),
        worst_decile: sums.as_ref().filter(|_| wanted.worst_decile).map(|sums| worst_decile(&sums.losses)),
        local_losses: sums.filter(|_| wanted.local_losses).map(|sums| sums.losses),
    }
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
