//! Corrections of local steps, and the part of a step that does not depend on the data.

use std::ops::Range;

use super::Sample;
use crate::num::{
    Real,
    vector::{self, CHUNK},
};

/// A departure of local steps from plain SGD: `y ← y − lr (scale · g + shift + pull (y − anchor))`.
///
/// One shape serves FedProx (`pull`), SCAFFOLD (`shift`), FedDyn (both) and local momentum (`scale` and `shift`), so that
/// fused kernels serve them all.
#[derive(Debug, Clone, Copy)]
pub struct Correction<'a, R> {
    /// Factor of the gradient.
    pub scale: f64,
    /// Constant direction added to every step, shape `[d]`.
    pub shift: Option<&'a [R]>,
    /// Proximal pull: its strength and the anchor, shape `[d]`.
    pub pull: Option<(f64, &'a [R])>,
}

impl<R: Real> Correction<'_, R> {
    /// Plain SGD.
    pub const NONE: Self = Self { scale: 1.0, shift: None, pull: None };

    /// `y ← y − lr (scale · g + shift + pull (y − anchor))`, coordinate by coordinate in this order of operations.
    #[inline]
    pub fn step(&self, lr: f64, gradient: &[R], y: &mut [R]) {
        let lr = R::of(lr);
        let gradient = &gradient[..y.len()];
        for j in 0..y.len() {
            y[j] -= lr * self.direction(j, gradient[j], y[j]);
        }
    }

    /// Turns a gradient at `y` into the direction `scale · g + shift + pull (y − anchor)`, in place.
    #[inline]
    pub fn turn(&self, gradient: &mut [R], y: &[R]) {
        for (j, (g, &y)) in gradient.iter_mut().zip(y).enumerate() {
            *g = self.direction(j, *g, y);
        }
    }

    #[inline]
    fn direction(&self, j: usize, g: R, y: R) -> R {
        let mut direction = R::of(self.scale) * g;
        if let Some(shift) = self.shift {
            direction += shift[j];
        }
        if let Some((strength, anchor)) = self.pull {
            direction += R::of(strength) * (y - anchor[j]);
        }
        direction
    }
}

/// A local step written as `y ← keep · y + Σ factorⱼ vectorⱼ + gradient · ∇(data loss)`.
///
/// With l2 regularisation `λ`, [`Correction`] and gradient noise `ν`, the step
/// `y ← y − lr (scale (∇loss + λ y + ν) + shift + pull (y − anchor))` has `keep = 1 − lr (scale λ + pull)`, the factors
/// `−lr` of the shift, `lr pull` of the anchor and `−lr scale` of the noise, and `gradient = −lr scale`. Only the last
/// term needs the data, so a kernel can add it to the weights directly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affine<'a, R> {
    /// Factor of the gradient of the data loss.
    pub gradient: f64,
    keep: R,
    terms: [Option<(R, &'a [R])>; 3],
}

impl<'a, R: Real> Affine<'a, R> {
    /// The step of size `lr` with this correction, on this sample.
    pub fn new(lr: f64, correction: &Correction<'a, R>, l2: f64, sample: Sample<'a, R>) -> Self {
        let (pull, anchor) = correction.pull.unzip();
        let pull = pull.unwrap_or(0.0);
        let noise = if let Sample::Noise(noise) = sample { Some(noise) } else { None };
        let term = |factor: f64, vector: Option<&'a [R]>| vector.map(|vector| (R::of(factor), vector));
        Self {
            gradient: -lr * correction.scale,
            keep: R::of(1.0 - lr * (correction.scale * l2 + pull)),
            terms: [term(-lr, correction.shift), term(lr * pull, anchor), term(-lr * correction.scale, noise)],
        }
    }

    /// `y ← keep · y + Σ factorⱼ vectorⱼ` on the coordinates `range`, of which `y` is the current value.
    pub fn apply(&self, range: Range<usize>, y: &mut [R]) {
        if self.terms.iter().all(Option::is_none) {
            if self.keep != R::one() {
                vector::scale(self.keep, y);
            }
            return;
        }
        for (index, y) in y.chunks_mut(CHUNK).enumerate() {
            let start = range.start + index * CHUNK;
            let mut keep = self.keep;
            for (factor, vector) in self.terms.iter().flatten() {
                vector::blend(*factor, &vector[start..start + y.len()], keep, y);
                keep = R::one();
            }
        }
    }
}
