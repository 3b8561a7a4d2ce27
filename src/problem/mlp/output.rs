//! The last layer: what the outputs mean and what they cost.

use crate::{
    invalid::Invalid,
    num::Real,
    problem::{
        classes, cross_entropy,
        data::{ClientData, Targets},
        supervised::Picked,
    },
};

/// Number of outputs: one per class, or one for real targets.
pub(super) fn count<R: Real>(data: &ClientData<R>) -> Result<usize, Invalid> {
    let train = &data.train.targets;
    if let Targets::Classes { count: ..2, .. } = train {
        return Err(classes::only_one(data));
    }
    let fits = |test: &Targets<R>| test.outputs() == train.outputs() && is_classification(test) == is_classification(train);
    if data.test.as_ref().is_some_and(|test| !fits(&test.targets)) {
        return Err(Invalid::at("data", "held-out samples have other targets than training samples"));
    }
    Ok(train.outputs())
}

/// Whether targets are classes.
pub(super) fn is_classification<R>(targets: &Targets<R>) -> bool {
    matches!(targets, Targets::Classes { .. })
}

/// Replaces the outputs, shape `[rows, outputs]`, by `factor` times their derivatives of the loss.
pub(super) fn residuals<R: Real>(rows: &Picked<'_, R>, factor: f64, outputs: &mut [R]) {
    match rows.targets() {
        Targets::Classes { labels, count } => {
            cross_entropy::residuals(outputs, *count, factor, |i| labels[rows.source(i)] as usize);
        }
        Targets::Values(values) => {
            for (i, z) in outputs.iter_mut().enumerate() {
                *z = R::of(factor) * (*z - values[rows.source(i)]);
            }
        }
    }
}

/// Summed loss and number of rows whose class is predicted, for outputs of shape `[rows, outputs]`.
pub(super) fn score<R: Real>(rows: &Picked<'_, R>, outputs: &[R]) -> (f64, usize) {
    match rows.targets() {
        Targets::Classes { labels, count } => cross_entropy::score(outputs, *count, labels, |i| rows.source(i)),
        Targets::Values(values) => {
            let errors = outputs.iter().enumerate().map(|(i, z)| z.f64() - values[rows.source(i)].f64());
            (errors.map(|error| 0.5 * error * error).sum(), 0)
        }
    }
}
