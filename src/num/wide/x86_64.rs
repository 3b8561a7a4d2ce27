//! [`WideLanes`] with AVX-512.
//!
//! The only `unsafe` of the crate, for three reasons: a [`Wide`] proves that the instructions exist, whole vectors lie within
//! rows whose common length is asserted, and what is left of a row is loaded and stored under a mask of its length.
//!
//! Loops stand where closures would be shorter: a closure with these instructions is not inlined into code without them.
#![allow(unsafe_code)]

use std::{arch::x86_64::*, ops::Deref};

use super::WideLanes;

/// Proof that the processor has vectors of 512 bits.
#[derive(Debug, Clone, Copy)]
pub struct Wide(());

impl Wide {
    /// The proof, where it can be given.
    #[inline]
    pub fn detect() -> Option<Self> {
        let found =
            is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl");
        found.then_some(Self(()))
    }
}

/// The loops of a scalar with `$half` lanes to 256 bits and `$full` lanes to 512.
macro_rules! wide {
    (
        $module:ident, $scalar:ident, $half:literal, $full:literal,
        $load:ident, $load_rest:ident, $broadcast:ident, $widen:ident, $insert:ident, $low:ident, $high:ident,
        $zero:ident, $splat:ident, $fma:ident, $load_full:ident, $load_full_rest:ident, $store_full:ident, $store_full_rest:ident,
        $lane_sum:ident
    ) => {
        impl WideLanes for $scalar {
            #[inline]
            fn dots<const K: usize, const M: usize>(_: Wide, w: [&[Self]; K], x: [&[Self]; M]) -> [[Self; K]; M] {
                // SAFETY: a `Wide` proves that the processor has these instructions.
                unsafe { $module::dots(w, x) }
            }

            #[inline]
            fn add_rows<const K: usize, const M: usize>(_: Wide, w: [&mut [Self]; K], x: [&[Self]; M], factors: [[Self; M]; K]) {
                // SAFETY: a `Wide` proves that the processor has these instructions.
                unsafe { $module::add_rows(w, x, factors) }
            }
        }

        mod $module {
            use super::*;

            #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
            pub(super) fn dots<const K: usize, const M: usize>(w: [&[$scalar]; K], x: [&[$scalar]; M]) -> [[$scalar; K]; M] {
                let len = length(&w);
                assert_eq!(len, length(&x));
                let rest = len % $half;
                // Of row `2 p` in the lower half and of row `2 p + 1`, or once more of the last one, in the upper half.
                let mut sums = [[$zero(); K]; M];
                let upper = |p: usize| (2 * p + 1).min(M - 1);
                for at in (0..len - rest).step_by($half) {
                    let mut weights = [$zero(); K];
                    for j in 0..K {
                        // SAFETY: all rows have `len` scalars, of which a vector from `at` on is within the first `len - rest`.
                        weights[j] = $broadcast(unsafe { $load(w[j].as_ptr().add(at)) });
                    }
                    for p in 0..M.div_ceil(2) {
                        // SAFETY: as above.
                        let (low, high) = unsafe { ($load(x[2 * p].as_ptr().add(at)), $load(x[upper(p)].as_ptr().add(at))) };
                        let x = $insert::<1>($widen(low), high);
                        for j in 0..K {
                            sums[p][j] = $fma(x, weights[j], sums[p][j]);
                        }
                    }
                }
                if rest > 0 {
                    let mask = (1 << rest) - 1;
                    let last = |row: &[$scalar]| {
                        let row = &row[len - rest..];
                        // SAFETY: the mask has `rest` lanes, as many as the slice has scalars.
                        unsafe { $load_rest(mask, row.as_ptr()) }
                    };
                    for p in 0..M.div_ceil(2) {
                        let x = $insert::<1>($widen(last(x[2 * p])), last(x[upper(p)]));
                        for j in 0..K {
                            sums[p][j] = $fma(x, $broadcast(last(w[j])), sums[p][j]);
                        }
                    }
                }
                let mut dots = [[0.0; K]; M];
                for p in 0..M.div_ceil(2) {
                    for j in 0..K {
                        dots[upper(p)][j] = $lane_sum($high::<1>(sums[p][j]));
                        dots[2 * p][j] = $lane_sum($low(sums[p][j]));
                    }
                }
                dots
            }

            #[target_feature(enable = "avx512f")]
            pub(super) fn add_rows<const K: usize, const M: usize>(
                w: [&mut [$scalar]; K],
                x: [&[$scalar]; M],
                factors: [[$scalar; M]; K],
            ) {
                let len = length(&w);
                assert_eq!(len, length(&x));
                let rest = len % $full;
                let mut factor = [[$zero(); M]; K];
                for j in 0..K {
                    for s in 0..M {
                        factor[j][s] = $splat(factors[j][s]);
                    }
                }
                for at in (0..len - rest).step_by($full) {
                    let mut sums = [$zero(); K];
                    for j in 0..K {
                        // SAFETY: all rows have `len` scalars, of which a vector from `at` on is within the first `len - rest`.
                        sums[j] = unsafe { $load_full(w[j].as_ptr().add(at)) };
                    }
                    for s in 0..M {
                        // SAFETY: as above.
                        let x = unsafe { $load_full(x[s].as_ptr().add(at)) };
                        for j in 0..K {
                            sums[j] = $fma(factor[j][s], x, sums[j]);
                        }
                    }
                    for j in 0..K {
                        // SAFETY: as above.
                        unsafe { $store_full(w[j].as_mut_ptr().add(at), sums[j]) };
                    }
                }
                if rest == 0 {
                    return;
                }
                let mask = (1 << rest) - 1;
                for j in 0..K {
                    let w = &mut w[j][len - rest..];
                    // SAFETY: the mask has `rest` lanes, as many as the slices have scalars.
                    let mut sum = unsafe { $load_full_rest(mask, w.as_ptr()) };
                    for s in 0..M {
                        // SAFETY: as above.
                        let x = unsafe { $load_full_rest(mask, x[s][len - rest..].as_ptr()) };
                        sum = $fma(factor[j][s], x, sum);
                    }
                    // SAFETY: as above.
                    unsafe { $store_full_rest(w.as_mut_ptr(), mask, sum) };
                }
            }
        }
    };
}

wide!(
    single,
    f32,
    8,
    16,
    _mm256_loadu_ps,
    _mm256_maskz_loadu_ps,
    _mm512_broadcast_f32x8,
    _mm512_castps256_ps512,
    _mm512_insertf32x8,
    _mm512_castps512_ps256,
    _mm512_extractf32x8_ps,
    _mm512_setzero_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_loadu_ps,
    _mm512_maskz_loadu_ps,
    _mm512_storeu_ps,
    _mm512_mask_storeu_ps,
    sum_of_eight
);
wide!(
    double,
    f64,
    4,
    8,
    _mm256_loadu_pd,
    _mm256_maskz_loadu_pd,
    _mm512_broadcast_f64x4,
    _mm512_castpd256_pd512,
    _mm512_insertf64x4,
    _mm512_castpd512_pd256,
    _mm512_extractf64x4_pd,
    _mm512_setzero_pd,
    _mm512_set1_pd,
    _mm512_fmadd_pd,
    _mm512_loadu_pd,
    _mm512_maskz_loadu_pd,
    _mm512_storeu_pd,
    _mm512_mask_storeu_pd,
    sum_of_four
);

/// The common length of rows.
#[inline(always)]
fn length<T>(rows: &[impl Deref<Target = [T]>]) -> usize {
    let len = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == len));
    len
}

/// The upper half onto the lower half until one lane is left.
#[target_feature(enable = "avx")]
fn sum_of_eight(vector: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps::<1>(vector));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

/// The same in double precision.
#[target_feature(enable = "avx")]
fn sum_of_four(vector: __m256d) -> f64 {
    let two = _mm_add_pd(_mm256_castpd256_pd128(vector), _mm256_extractf128_pd::<1>(vector));
    _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
}
