//! The loss of a model's outputs against targets: cross-entropy for classes, half the squared error for real targets.

use super::{
    data::{ClientData, Targets},
    supervised::{self, Picked},
};
use crate::{
    invalid::Invalid,
    num::{Lanes, Real, vector},
};

/// Logits whose exponentials are taken together: 4 KiB of the innermost cache.
const TOGETHER: usize = 512;

/// Turns the logits of several samples, shape `[rows, C]`, into `factor · (softmax(z) − e_label)`.
fn below_labels<R: Real>(z: &mut [R], classes: usize, factor: f64, label: impl Fn(usize) -> usize) {
    for z in z.chunks_exact_mut(classes) {
        let largest = largest(z);
        z.iter_mut().for_each(|z| *z -= largest);
    }
    vector::exp_below(z);
    let factor = R::of(factor);
    for (i, z) in z.chunks_exact_mut(classes).enumerate() {
        let sum = z.iter().fold(R::zero(), |sum, &z| sum + z);
        let share = factor / sum;
        z.iter_mut().for_each(|z| *z *= share);
        z[label(i)] -= factor;
    }
}

/// `−ln softmax(z)_label`.
fn loss<R: Real>(z: &[R], label: usize) -> f64 {
    let largest = largest(z);
    let sum: f64 = z.iter().map(|&z| (z - largest).f64().exp_below()).sum();
    sum.ln() + (largest - z[label]).f64()
}

/// Summed loss and number of hits of several samples with logits `z`, shape `[rows, C]`; row `i` has the label at `source(i)`.
fn cross_entropy<R: Real>(z: &[R], classes: usize, labels: &[u32], source: impl Fn(usize) -> usize) -> (f64, usize) {
    let (mut powers, mut tops) = ([0.0; TOGETHER], [R::zero(); TOGETHER]);
    let label = |i| labels[source(i)] as usize;
    let (mut sum, mut hits) = (0.0, 0);
    let samples = (TOGETHER / classes).max(1);
    for (block, z) in z.chunks(samples * classes).enumerate() {
        let first = block * samples;
        if classes > TOGETHER {
            sum += loss(z, label(first));
            hits += usize::from(is_hit(z, largest(z), label(first)));
            continue;
        }
        let powers = &mut powers[..z.len()];
        powers_below_tops(z, classes, powers, &mut tops);
        for (i, (powers, z)) in powers.chunks_exact(classes).zip(z.chunks_exact(classes)).enumerate() {
            let (label, top) = (label(first + i), tops[i]);
            sum += powers.iter().sum::<f64>().ln() + (top - z[label]).f64();
            hits += usize::from(is_hit(z, top, label));
        }
    }
    (sum, hits)
}

/// The largest logit of each of a few samples, and `e^{z − largest}` of all their logits, which runs in vectors.
fn powers_below_tops<R: Real>(z: &[R], classes: usize, powers: &mut [f64], tops: &mut [R]) {
    for ((powers, z), top) in powers.chunks_exact_mut(classes).zip(z.chunks_exact(classes)).zip(tops) {
        *top = largest(z);
        powers.iter_mut().zip(z).for_each(|(power, &z)| *power = (z - *top).f64());
    }
    vector::exp_below(powers);
}

/// Whether the label has the largest logit, `top`, and is the first one that has it.
fn is_hit<R: Real>(z: &[R], top: R, label: usize) -> bool {
    z[label] == top && !z[..label].contains(&top)
}

fn largest<R: Real>(z: &[R]) -> R {
    z.iter().fold(R::neg_infinity(), |largest, &z| if z > largest { z } else { largest })
}

/// Number of outputs: one per class, or one for real targets.
pub(super) fn count<R: Real>(data: &ClientData<R>) -> Result<usize, Invalid> {
    let train = &data.train.targets;
    if let Targets::Classes { count: ..2, .. } = train {
        return Err(supervised::only_one(data));
    }
    let fits = |part: &Targets<R>| part.outputs() == train.outputs() && is_classification(part) == is_classification(train);
    if [&data.test, &data.validation].into_iter().flatten().any(|part| !fits(&part.targets)) {
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
            below_labels(outputs, *count, factor, |i| labels[rows.source(i)] as usize);
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
        Targets::Classes { labels, count } => cross_entropy(outputs, *count, labels, |i| rows.source(i)),
        Targets::Values(values) => {
            let errors = outputs.iter().enumerate().map(|(i, z)| z.f64() - values[rows.source(i)].f64());
            (errors.map(|error| 0.5 * error * error).sum(), 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_give_equal_shares() {
        let mut z = [3.0; 8];
        approx::assert_relative_eq!(loss(&z[..4], 1), 4.0_f64.ln(), epsilon = 1e-15);
        below_labels(&mut z, 4, 2.0, |i| i + 1);
        assert_eq!(z, [0.5, -1.5, 0.5, 0.5, 0.5, 0.5, -1.5, 0.5]);
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        let mut z = [1e4_f32, -1e4, 0.0];
        assert_eq!(loss(&z, 1), 2e4);
        below_labels(&mut z, 3, 1.0, |_| 0);
        assert_eq!(z, [0.0, 0.0, 0.0]);
    }

    #[test]
    fn samples_scored_together_have_the_bits_of_samples_scored_alone() {
        for classes in [2, 10, 300, TOGETHER, TOGETHER + 1] {
            let z: Vec<f32> = (0..7 * classes * 20).map(|j| ((j * 7919) % 1013) as f32 / 50.0 - 10.0).collect();
            let labels: Vec<u32> = (0..140).map(|i| (i * 31 % classes) as u32).collect();
            let alone = z.chunks_exact(classes).zip(&labels);
            let sum = alone.clone().fold(0.0, |sum, (z, &label)| sum + loss(z, label as usize));
            let hits = alone.filter(|(z, label)| is_hit(z, largest(z), **label as usize)).count();
            assert_eq!(cross_entropy(&z, classes, &labels, |i| i), (sum, hits), "{classes}");
        }
    }

    #[test]
    fn ties_go_to_the_first_class() {
        assert_eq!([0, 1, 2].map(|label| is_hit(&[1.0, 2.0, 2.0], 2.0, label)), [false, true, false]);
    }

    #[test]
    fn not_a_number_is_passed_on() {
        let mut z = [f64::NAN, 1.0];
        assert!(loss(&z, 1).is_nan());
        below_labels(&mut z, 2, 1.0, |_| 0);
        assert!(z[0].is_nan() && z[1].is_nan());
    }
}
