//! The inner loops of the products, in vectors of 256 or 512 bits.

use std::ops::Range;

use pulp::Simd;

use super::Products;
use crate::num::{Real, wide::Wide};

/// The inner loops, in vectors of some width.
pub(super) trait Kernel<R>: Copy {
    /// Most rows that are added to the weights together: 5 or 10.
    const ADDED: usize;

    /// Outputs from `k` on of the rows in `block`; returns how many outputs.
    fn products(self, products: &mut Products<'_, R>, k: usize, block: Range<usize>) -> usize;

    /// The `M × K` inner products of rows of equal length, each in its own register.
    fn dots<const K: usize, const M: usize>(self, w: [&[R]; K], x: [&[R]; M]) -> [[R; K]; M];

    /// `w[j] ← w[j] + Σ_s factors[j][s] x[s]` for rows of equal length.
    fn add_rows<const K: usize, const M: usize>(self, w: [&mut [R]; K], x: [&[R]; M], factors: [[R; M]; K]);
}

/// Vectors of 256 bits of an instruction set; shapes that keep both multiply-add units busy within sixteen registers.
#[derive(Clone, Copy)]
pub(super) struct Narrow<S>(pub(super) S);

impl<S: Simd, R: Real> Kernel<R> for Narrow<S> {
    const ADDED: usize = 5;

    #[inline(always)]
    fn products(self, products: &mut Products<'_, R>, k: usize, block: Range<usize>) -> usize {
        match products.layout.rows - k {
            1 => products.strip::<1, 6>(self, k, block),
            2 | 4 => products.strip::<2, 5>(self, k, block),
            3 | 6 => products.strip::<3, 4>(self, k, block),
            _ => products.strip::<5, 2>(self, k, block),
        }
    }

    #[inline(always)]
    fn dots<const K: usize, const M: usize>(self, w: [&[R]; K], x: [&[R]; M]) -> [[R; K]; M] {
        dots(self.0, w, x)
    }

    #[inline(always)]
    fn add_rows<const K: usize, const M: usize>(self, w: [&mut [R]; K], x: [&[R]; M], factors: [[R; M]; K]) {
        add_rows(self.0, w, x, factors);
    }
}

/// Vectors of 512 bits; shapes that do the same within thirty-two registers.
impl<R: Real> Kernel<R> for Wide {
    const ADDED: usize = 10;

    #[inline(always)]
    fn products(self, products: &mut Products<'_, R>, k: usize, block: Range<usize>) -> usize {
        match products.layout.rows - k {
            1 => products.strip::<1, 10>(self, k, block),
            2 | 4 => products.strip::<2, 10>(self, k, block),
            3 | 6 => products.strip::<3, 10>(self, k, block),
            _ => products.strip::<5, 10>(self, k, block),
        }
    }

    #[inline(always)]
    fn dots<const K: usize, const M: usize>(self, w: [&[R]; K], x: [&[R]; M]) -> [[R; K]; M] {
        R::dots(self, w, x)
    }

    #[inline(always)]
    fn add_rows<const K: usize, const M: usize>(self, w: [&mut [R]; K], x: [&[R]; M], factors: [[R; M]; K]) {
        R::add_rows(self, w, x, factors);
    }
}

/// The `M × K` inner products of rows of equal length, each in its own register.
#[inline(always)]
fn dots<S: Simd, R: Real, const K: usize, const M: usize>(simd: S, w: [&[R]; K], x: [&[R]; M]) -> [[R; K]; M] {
    let mut sums = [[R::splat(simd, R::zero()); K]; M];
    let full = R::vectors::<S>(w[0]).0.len();
    let mut w_full = [R::vectors::<S>(w[0]).0; K];
    let mut x_full = [w_full[0]; M];
    let (mut w_rest, mut x_rest) = (w, x);
    for j in 0..K {
        let (vectors, rest) = R::vectors::<S>(w[j]);
        (w_full[j], w_rest[j]) = (&vectors[..full], rest);
    }
    for s in 0..M {
        let (vectors, rest) = R::vectors::<S>(x[s]);
        (x_full[s], x_rest[s]) = (&vectors[..full], rest);
    }
    for v in 0..full {
        for s in 0..M {
            for j in 0..K {
                sums[s][j] = R::fma(simd, x_full[s][v], w_full[j][v], sums[s][j]);
            }
        }
    }
    if !w_rest[0].is_empty() {
        for s in 0..M {
            let x = R::load_rest(simd, x_rest[s]);
            for j in 0..K {
                sums[s][j] = R::fma(simd, x, R::load_rest(simd, w_rest[j]), sums[s][j]);
            }
        }
    }
    let mut dots = [[R::zero(); K]; M];
    for s in 0..M {
        for j in 0..K {
            dots[s][j] = R::lane_sum(simd, sums[s][j]);
        }
    }
    dots
}

/// `w[j] ← w[j] + Σ_s factors[j][s] x[s]` for rows of equal length.
#[inline(always)]
fn add_rows<S: Simd, R: Real, const K: usize, const M: usize>(simd: S, w: [&mut [R]; K], x: [&[R]; M], factors: [[R; M]; K]) {
    let zero = R::splat(simd, R::zero());
    let mut factor = [[zero; M]; K];
    for j in 0..K {
        for s in 0..M {
            factor[j][s] = R::splat(simd, factors[j][s]);
        }
    }
    let mut x_full = [R::vectors::<S>(x[0]).0; M];
    let full = x_full[0].len();
    let mut x_rest = x;
    for s in 0..M {
        let (vectors, rest) = R::vectors::<S>(x[s]);
        (x_full[s], x_rest[s]) = (&vectors[..full], rest);
    }
    let mut w = w.map(|row| R::vectors_mut::<S>(row));
    let w_full = w.each_mut().map(|(vectors, _)| &mut vectors[..full]);
    for v in 0..full {
        // Every vector is loaded once: all loads come before the first store.
        let mut sums = [zero; K];
        for j in 0..K {
            sums[j] = w_full[j][v];
        }
        for s in 0..M {
            let x = x_full[s][v];
            for j in 0..K {
                sums[j] = R::fma(simd, factor[j][s], x, sums[j]);
            }
        }
        for j in 0..K {
            w_full[j][v] = sums[j];
        }
    }
    if x_rest[0].is_empty() {
        return;
    }
    for j in 0..K {
        let mut sum = R::load_rest(simd, w[j].1);
        for s in 0..M {
            sum = R::fma(simd, factor[j][s], R::load_rest(simd, x_rest[s]), sum);
        }
        R::store_rest(simd, w[j].1, sum);
    }
}
