//! The last layer: what the outputs mean and what they cost.

use crate::{
    invalid::Invalid,
    num::{Real, vector},
    problem::{
        cross_entropy,
        data::{ClientData, Targets},
        supervised::Picked,
    },
};

/// Number of outputs: one per class, or one for real targets.
pub(super) fn count<R: Real>(data: &ClientData<R>) -> Result<usize, Invalid> {
    let outputs = |targets: &Targets<R>| match targets {
        Targets::Classes { count, .. } => *count,
        Targets::Values(_) => 1,
    };
    let train = &data.train.targets;
    if let Targets::Classes { count: count @ ..2, .. } = train {
        return Err(Invalid::at("data", format!("expected at least 2 classes, found {count}")));
    }
    let fits = |test: &Targets<R>| outputs(test) == outputs(train) && is_classification(test) == is_classification(train);
    if data.test.as_ref().is_some_and(|test| !fits(&test.targets)) {
        return Err(Invalid::at("data", "held-out samples have other targets than training samples"));
    }
    Ok(outputs(train))
}

/// Whether targets are classes.
pub(super) fn is_classification<R>(targets: &Targets<R>) -> bool {
    matches!(targets, Targets::Classes { .. })
}

/// Replaces the outputs, shape `[rows, outputs]`, by `factor` times their derivatives of the loss; returns the summed loss.
pub(super) fn residuals<R: Real>(rows: &Picked<'_, R>, factor: f64, outputs: &mut [R]) -> f64 {
    let width = outputs.len() / rows.len().max(1);
    let mut loss = 0.0;
    for (i, z) in outputs.chunks_exact_mut(width.max(1)).enumerate() {
        loss += match rows.targets() {
            Targets::Classes { labels, .. } => cross_entropy::residual(z, labels[rows.source(i)] as usize),
            Targets::Values(values) => {
                z[0] -= values[rows.source(i)];
                0.5 * z[0].f64().powi(2)
            }
        };
    }
    vector::scale(R::of(factor), outputs);
    loss
}

/// Summed loss and number of rows whose class is predicted, for outputs of shape `[rows, outputs]`.
pub(super) fn score<R: Real>(rows: &Picked<'_, R>, outputs: &[R]) -> (f64, usize) {
    let width = outputs.len() / rows.len().max(1);
    let (mut loss, mut hits) = (0.0, 0);
    for (i, z) in outputs.chunks_exact(width.max(1)).enumerate() {
        match rows.targets() {
            Targets::Classes { labels, .. } => {
                let label = labels[rows.source(i)] as usize;
                loss += cross_entropy::loss(z, label);
                hits += usize::from(cross_entropy::predicted(z) == label);
            }
            Targets::Values(values) => loss += 0.5 * (z[0].f64() - values[rows.source(i)].f64()).powi(2),
        }
    }
    (loss, hits)
}
