//! Vectors of the processor, without `unsafe`: the operations the kernels need, and the choice of instruction set.

use pulp::{Scalar256b, Simd, WithSimd};

use super::{exp, wide::WideLanes};

/// A scalar that processors compute on in vectors of 256 bits: 8 lanes of `f32` or 4 of `f64`.
///
/// `S` is the instruction set. Every operation gives the same bits on every instruction set: the number of lanes is
/// fixed, products are fused with the sum, and [`lane_sum`](Self::lane_sum) always halves the vector.
pub trait Lanes: WideLanes + Copy + 'static {
    /// One vector of lanes.
    type Vector<S: Simd>: Copy;

    /// The full vectors of a slice and the scalars that are left over.
    fn vectors<S: Simd>(values: &[Self]) -> (&[Self::Vector<S>], &[Self]);

    /// The full vectors of a slice, writable, and the scalars that are left over.
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);

    /// A vector of equal lanes.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;

    /// Fewer scalars than lanes, filled up with zeros.
    fn load_rest<S: Simd>(simd: S, values: &[Self]) -> Self::Vector<S>;

    /// Writes the first lanes to fewer scalars than lanes.
    fn store_rest<S: Simd>(simd: S, values: &mut [Self], vector: Self::Vector<S>);

    /// `a b + c`, rounded once.
    fn fma<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;

    /// Sum of the lanes: the upper half onto the lower half until one lane is left.
    fn lane_sum<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self;

    /// `eˣ` for `x ≤ 0`, within two units in the last place, and 0 where it would be subnormal.
    ///
    /// Without branches, so that loops over it run in vectors; the same bits on every processor, unlike `exp`.
    fn exp_below(self) -> Self;
}

macro_rules! lanes {
    ($scalar:ident, $vector:ident, $split:ident, $split_mut:ident, $splat:ident, $load:ident, $store:ident, $fma:ident, $sum:ident) => {
        impl Lanes for $scalar {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn vectors<S: Simd>(values: &[Self]) -> (&[S::$vector], &[Self]) {
                S::$split(values)
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [Self]) -> (&mut [S::$vector], &mut [Self]) {
                S::$split_mut(values)
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn load_rest<S: Simd>(simd: S, values: &[Self]) -> S::$vector {
                simd.$load(values)
            }

            #[inline(always)]
            fn store_rest<S: Simd>(simd: S, values: &mut [Self], vector: S::$vector) {
                simd.$store(values, vector);
            }

            #[inline(always)]
            fn fma<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$fma(a, b, c)
            }

            #[inline(always)]
            fn lane_sum<S: Simd>(simd: S, vector: S::$vector) -> Self {
                simd.$sum(vector)
            }

            #[inline(always)]
            fn exp_below(self) -> Self {
                exp::$scalar(self)
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    splat_f32s,
    partial_load_f32s,
    partial_store_f32s,
    mul_add_f32s,
    reduce_sum_f32s
);
lanes!(
    f64,
    f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    splat_f64s,
    partial_load_f64s,
    partial_store_f64s,
    mul_add_f64s,
    reduce_sum_f64s
);

/// Runs `op` with AVX2 and FMA where the processor has them, else [portably](portable).
///
/// Wider vectors would change the order of sums; [`wide`](super::wide) has the loops where they are worth keeping it.
#[inline]
pub(crate) fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return Simd::vectorize(simd, op);
    }
    portable(op)
}

/// Runs `op` with the instructions the program was built for: the twin of every other instruction set, in the same bits.
#[inline]
pub(crate) fn portable<Op: WithSimd>(op: Op) -> Op::Output {
    Simd::vectorize(Scalar256b, op)
}
