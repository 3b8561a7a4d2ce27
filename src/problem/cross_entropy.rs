//! Softmax and cross-entropy of one sample, safe from overflow.

use crate::num::Real;

/// Turns the logits `z`, shape `[C]`, into `softmax(z) − e_label` and returns the loss `−ln softmax(z)_label`.
#[inline]
pub(crate) fn residual<R: Real>(z: &mut [R], label: usize) -> f64 {
    let largest = largest(z);
    let margin = largest - z[label];
    let mut sum = R::zero();
    for z in z.iter_mut() {
        *z = (*z - largest).exp();
        sum += *z;
    }
    let inverse = R::one() / sum;
    for z in z.iter_mut() {
        *z *= inverse;
    }
    z[label] -= R::one();
    sum.f64().ln() + margin.f64()
}

/// `−ln softmax(z)_label`.
pub(crate) fn loss<R: Real>(z: &[R], label: usize) -> f64 {
    let largest = largest(z);
    let sum: f64 = z.iter().map(|&z| (z - largest).f64().exp()).sum();
    sum.ln() + (largest - z[label]).f64()
}

/// The class of the largest logit, the first one of equals.
pub(crate) fn predicted<R: Real>(z: &[R]) -> usize {
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
        let mut z = [3.0; 4];
        approx::assert_relative_eq!(residual(&mut z, 1), 4.0_f64.ln(), epsilon = 1e-15);
        assert_eq!(z, [0.25, -0.75, 0.25, 0.25]);
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        let mut z = [1e4_f32, -1e4, 0.0];
        assert_eq!(loss(&z, 1), 2e4);
        assert_eq!(residual(&mut z, 0), 0.0);
        assert_eq!(z, [0.0, 0.0, 0.0]);
    }

    #[test]
    fn ties_go_to_the_first_class() {
        assert_eq!(predicted(&[1.0, 2.0, 2.0]), 1);
    }

    #[test]
    fn not_a_number_is_passed_on() {
        let mut z = [f64::NAN, 1.0];
        assert!(residual(&mut z, 1).is_nan());
    }
}
