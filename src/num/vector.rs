//! Kernels on vectors. Sums over clients run in a fixed order, so a result never depends on the number of threads.
//!
//! Coordinates are computed on their own, without fused multiply-adds, and sums are [`PARTIALS`] interleaved partial sums
//! folded in a fixed order: the same bits on every processor.

use pulp::{Simd, WithSimd};

use super::{Real, lanes::dispatch};

/// Number of interleaved partial sums: coordinate `j` goes to partial sum `j mod 16`.
pub const PARTIALS: usize = 16;

/// Coordinates that are worked on together, so that they stay in the innermost cache over several passes.
pub(crate) const CHUNK: usize = 1024;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Scalars to a cache line.
#[inline]
pub const fn line<R>() -> usize {
    LINE / size_of::<R>()
}

/// Length of a buffer in which [`aligned`] finds `len` scalars.
#[inline]
pub const fn aligned_len<R>(len: usize) -> usize {
    len + line::<R>()
}

/// `len` scalars of the buffer that start at a cache line.
///
/// Only speed depends on where they start: no address reaches a result.
#[inline]
pub fn aligned<R>(buffer: &mut [R], len: usize) -> &mut [R] {
    let start = aligned_start(buffer);
    &mut buffer[start..start + len]
}

/// The first scalar of the buffer that starts a cache line.
#[inline]
pub fn aligned_start<R>(buffer: &[R]) -> usize {
    buffer.as_ptr().align_offset(LINE).min(line::<R>())
}

/// `y ← y + a x`.
pub fn axpy<R: Real>(a: R, x: &[R], y: &mut [R]) {
    debug_assert_eq!(x.len(), y.len());
    run(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y += a * x;
            }
        },
    );
}

/// `y ← a y`.
pub fn scale<R: Real>(a: R, y: &mut [R]) {
    run(
        #[inline(always)]
        || {
            for y in y {
                *y *= a;
            }
        },
    );
}

/// `y ← b y + a x`.
pub fn blend<R: Real>(a: R, x: &[R], b: R, y: &mut [R]) {
    debug_assert_eq!(x.len(), y.len());
    run(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = b * *y + a * x;
            }
        },
    );
}

/// `yⱼ ← e^{yⱼ}` for coordinates of at most 0.
pub fn exp_below<R: Real>(y: &mut [R]) {
    run(
        #[inline(always)]
        || {
            for y in y {
                *y = y.exp_below();
            }
        },
    );
}

/// `a − b` as a new vector.
pub fn difference<R: Real>(a: &[R], b: &[R]) -> Vec<R> {
    debug_assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| a - b).collect()
}

/// `out ← Σ wᵢ vᵢ`, each coordinate accumulated in `f64` in the order of the terms and rounded once.
///
/// Without terms the result is zero.
pub fn weighted_sum<R: Real>(terms: &[(f64, &[R])], out: &mut [R]) {
    debug_assert!(terms.iter().all(|(_, vector)| vector.len() == out.len()));
    run(
        #[inline(always)]
        || {
            for (index, out) in out.chunks_mut(CHUNK).enumerate() {
                let mut sums = [0.0; CHUNK];
                let sums = &mut sums[..out.len()];
                for (weight, vector) in terms {
                    let part = &vector[index * CHUNK..][..out.len()];
                    for (sum, &value) in sums.iter_mut().zip(part) {
                        *sum += weight * value.f64();
                    }
                }
                for (out, &sum) in out.iter_mut().zip(sums.iter()) {
                    *out = R::of(sum);
                }
            }
        },
    );
}

/// `x ← own · x + Σ wᵢ vᵢ`, each coordinate accumulated in `f64` in this order and rounded once.
pub fn mix<'v, R: Real>(own: f64, x: &mut [R], others: impl Iterator<Item = (f64, &'v [R])> + Clone) {
    debug_assert!(others.clone().all(|(_, vector)| vector.len() == x.len()));
    run(
        #[inline(always)]
        || {
            for (index, x) in x.chunks_mut(CHUNK).enumerate() {
                let mut sums = [0.0; CHUNK];
                let sums = &mut sums[..x.len()];
                sums.iter_mut().zip(x.iter()).for_each(|(sum, x)| *sum = own * x.f64());
                for (weight, vector) in others.clone() {
                    let part = &vector[index * CHUNK..][..sums.len()];
                    sums.iter_mut().zip(part).for_each(|(sum, &value)| *sum += weight * value.f64());
                }
                x.iter_mut().zip(sums.iter()).for_each(|(x, &sum)| *x = R::of(sum));
            }
        },
    );
}

/// `⟨a, b⟩`, accumulated in `f64`.
pub fn dot<R: Real>(a: &[R], b: &[R]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    sum_of(a, b, |a, b| a * b)
}

/// `‖a‖²`, accumulated in `f64`.
pub fn norm2<R: Real>(a: &[R]) -> f64 {
    dot(a, a)
}

/// `‖a − b‖²`, accumulated in `f64`.
pub fn distance2<R: Real>(a: &[R], b: &[R]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    sum_of(a, b, |a, b| (a - b) * (a - b))
}

/// Whether every coordinate is finite.
pub fn is_finite<R: Real>(a: &[R]) -> bool {
    a.chunks(CHUNK).all(|chunk| run(|| chunk.iter().fold(true, |finite, a| finite & a.is_finite())))
}

/// The smallest and the largest coordinate, those that are not numbers aside; `(∞, −∞)` without any.
pub fn ends<R: Real>(a: &[R]) -> (R, R) {
    run(
        #[inline(always)]
        || {
            let (mut low, mut high) = ([R::infinity(); PARTIALS], [R::neg_infinity(); PARTIALS]);
            let (whole, rest) = a.as_chunks::<PARTIALS>();
            for chunk in whole {
                low.iter_mut().zip(chunk).for_each(|(low, &v)| *low = if v < *low { v } else { *low });
                high.iter_mut().zip(chunk).for_each(|(high, &v)| *high = if v > *high { v } else { *high });
            }
            let least = low.iter().chain(rest).fold(R::infinity(), |least, &v| if v < least { v } else { least });
            let most = high.iter().chain(rest).fold(R::neg_infinity(), |most, &v| if v > most { v } else { most });
            (least, most)
        },
    )
}

/// The largest magnitude `max |aⱼ|`; 0 without coordinates.
pub fn largest<R: Real>(a: &[R]) -> R {
    let (least, most) = ends(a);
    if a.is_empty() { R::zero() } else { most.max(-least) }
}

/// `Σ term(aⱼ, bⱼ)` in [`PARTIALS`] partial sums, which are folded in halves at the end.
fn sum_of<R: Real>(a: &[R], b: &[R], term: impl Fn(f64, f64) -> f64) -> f64 {
    run(
        #[inline(always)]
        || {
            let mut sums = [0.0; PARTIALS];
            let (a, a_rest) = a.as_chunks::<PARTIALS>();
            let (b, b_rest) = b.as_chunks::<PARTIALS>();
            for (a, b) in a.iter().zip(b) {
                for j in 0..PARTIALS {
                    sums[j] += term(a[j].f64(), b[j].f64());
                }
            }
            for (sum, (&a, &b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
                *sum += term(a.f64(), b.f64());
            }
            let mut half = PARTIALS / 2;
            while half > 0 {
                for j in 0..half {
                    sums[j] += sums[j + half];
                }
                half /= 2;
            }
            sums[0]
        },
    )
}

struct Closure<F>(F);

impl<T, F: FnOnce() -> T> WithSimd for Closure<F> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> T {
        (self.0)()
    }
}

/// Runs a loop compiled for the widest vectors of the processor.
#[inline]
pub(crate) fn run<T>(body: impl FnOnce() -> T) -> T {
    dispatch(Closure(body))
}

/// The mean of vectors of equal length, added up in order; there must be at least one.
pub fn mean<R: Real>(vectors: &[&[R]]) -> Vec<R> {
    let mut mean = vec![R::zero(); vectors[0].len()];
    for vector in vectors {
        axpy(R::one(), vector, &mut mean);
    }
    scale(R::of(1.0 / vectors.len() as f64), &mut mean);
    mean
}

/// Population variance (divisor `N`) of the entries, in `f64`.
pub fn variance<R: Real>(a: &[R]) -> f64 {
    let count = a.len() as f64;
    let mean = a.iter().map(|a| a.f64()).sum::<f64>() / count;
    a.iter().map(|a| (a.f64() - mean).powi(2)).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(len: usize) -> Vec<f64> {
        (0..len).map(|j| (j as f64 * 0.37).sin()).collect()
    }

    #[test]
    fn mixing_in_place_is_the_weighted_sum() {
        for len in [0, 1, 17, 1000] {
            let (a, b, c) = (ramp(len), ramp(len + 3)[3..].to_vec(), ramp(len + 5)[5..].to_vec());
            let (mut sum, mut mixed) = (vec![0.0; len], a.clone());
            weighted_sum(&[(0.5, &a), (0.2, &b), (0.3, &c)], &mut sum);
            mix(0.5, &mut mixed, [(0.2, b.as_slice()), (0.3, &c)].into_iter());
            assert_eq!(sum, mixed);
        }
    }

    #[test]
    fn sums_agree_with_a_plain_sum_at_every_length() {
        for len in [0, 1, 15, 16, 17, 33, 1000] {
            let (a, b) = (ramp(len), ramp(len).iter().map(|v| 1.0 - v).collect::<Vec<_>>());
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            approx::assert_relative_eq!(dot(&a, &b), plain, epsilon = 1e-12);
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
            approx::assert_relative_eq!(distance2(&a, &b), plain, epsilon = 1e-12);
        }
    }

    #[test]
    fn a_sum_of_integers_is_exact() {
        let a: Vec<f32> = (1..=1000).map(|j| j as f32).collect();
        assert_eq!(norm2(&a), 1000.0 * 1001.0 * 2001.0 / 6.0);
    }

    #[test]
    fn blend_is_scale_then_axpy() {
        let (x, mut y) = (ramp(100), vec![2.0; 100]);
        let mut expected = y.clone();
        scale(0.5, &mut expected);
        axpy(3.0, &x, &mut expected);
        blend(3.0, &x, 0.5, &mut y);
        assert_eq!(y, expected);
    }

    #[test]
    fn ends_are_found_at_every_place() {
        assert_eq!((ends::<f32>(&[]), largest::<f32>(&[])), ((f32::INFINITY, f32::NEG_INFINITY), 0.0));
        for len in [1, 16, 17, 40] {
            for at in 0..len {
                let mut a = ramp(len);
                a[at] = -3.0;
                a[(at + 5) % len] = 2.0 + f64::from(u8::from(len == 1)) * -5.0;
                let least = a.iter().copied().fold(f64::INFINITY, f64::min);
                let most = a.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                assert_eq!((ends(&a), largest(&a)), ((least, most), 3.0));
            }
        }
    }

    #[test]
    fn a_weighted_sum_accumulates_in_double_precision_in_order() {
        let len = CHUNK + 3;
        let (big, small) = (vec![1e8_f32; len], vec![1.0_f32; len]);
        let mut out = vec![9.0_f32; len];
        weighted_sum(&[(1.0, &big), (1.0, &small), (-1.0, &big)], &mut out);
        assert!(out.iter().all(|&v| v == 1.0), "single precision would lose the small term");
        weighted_sum(&[], &mut out);
        assert!(out.iter().all(|&v| v == 0.0));
    }
}
