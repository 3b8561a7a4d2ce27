//! Kernels on vectors. Sums over clients run in a fixed order, so a result never depends on the number of threads.

use super::Real;

/// `y ← y + a x`.
pub fn axpy<R: Real>(a: R, x: &[R], y: &mut [R]) {
    debug_assert_eq!(x.len(), y.len());
    for (y, &x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// `y ← a y`.
pub fn scale<R: Real>(a: R, y: &mut [R]) {
    for y in y {
        *y *= a;
    }
}

/// `a − b` as a new vector.
pub fn difference<R: Real>(a: &[R], b: &[R]) -> Vec<R> {
    debug_assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| a - b).collect()
}

/// `⟨a, b⟩`, accumulated in `f64` in index order.
pub fn dot<R: Real>(a: &[R], b: &[R]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| a.f64() * b.f64()).sum()
}

/// `‖a‖²`, accumulated in `f64` in index order.
pub fn norm2<R: Real>(a: &[R]) -> f64 {
    dot(a, a)
}

/// `‖a − b‖²`, accumulated in `f64` in index order.
pub fn distance2<R: Real>(a: &[R], b: &[R]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| (a.f64() - b.f64()).powi(2)).sum()
}

/// Whether every coordinate is finite.
pub fn is_finite<R: Real>(a: &[R]) -> bool {
    a.iter().all(|a| a.is_finite())
}
