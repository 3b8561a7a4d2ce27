//! Softmax and cross-entropy of one sample, safe from overflow.

use crate::num::{Lanes, Real, vector};

/// Turns the logits of several samples, shape `[rows, C]`, into `factor · (softmax(z) − e_label)`.
pub(crate) fn residuals<R: Real>(z: &mut [R], classes: usize, factor: f64, label: impl Fn(usize) -> usize) {
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
pub(crate) fn score<R: Real>(z: &[R], classes: usize, labels: &[u32], source: impl Fn(usize) -> usize) -> (f64, usize) {
    z.chunks_exact(classes).enumerate().fold((0.0, 0), |(sum, hits), (i, z)| {
        let label = labels[source(i)] as usize;
        (sum + loss(z, label), hits + usize::from(predicted(z) == label))
    })
}

/// The class of the largest logit, the first one of equals.
fn predicted<R: Real>(z: &[R]) -> usize {
    (1..z.len()).fold(0, |best, k| if z[k] > z[best] { k } else { best })
}

fn largest<R: Real>(z: &[R]) -> R {
    z.iter().fold(R::neg_infinity(), |largest, &z| if z > largest { z } else { largest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_give_equal_shares() {
        let mut z = [3.0; 8];
        approx::assert_relative_eq!(loss(&z[..4], 1), 4.0_f64.ln(), epsilon = 1e-15);
        residuals(&mut z, 4, 2.0, |i| i + 1);
        assert_eq!(z, [0.5, -1.5, 0.5, 0.5, 0.5, 0.5, -1.5, 0.5]);
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        let mut z = [1e4_f32, -1e4, 0.0];
        assert_eq!(loss(&z, 1), 2e4);
        residuals(&mut z, 3, 1.0, |_| 0);
        assert_eq!(z, [0.0, 0.0, 0.0]);
    }

    #[test]
    fn ties_go_to_the_first_class() {
        assert_eq!(predicted(&[1.0, 2.0, 2.0]), 1);
    }

    #[test]
    fn not_a_number_is_passed_on() {
        let mut z = [f64::NAN, 1.0];
        assert!(loss(&z, 1).is_nan());
        residuals(&mut z, 2, 1.0, |_| 0);
        assert!(z[0].is_nan() && z[1].is_nan());
    }
}
