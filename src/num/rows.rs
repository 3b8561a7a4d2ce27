//! Products with few outputs (a handful of classes) on rows read in place: the two halves of a fused local step.
//!
//! With `X` the chosen rows, shape `[m, p]`, and `W` the weights, shape `[c, p]`, the forward half is
//! [`products`] `Z = X Wᵀ` and the backward half is [`accumulate`] `W ← W + Aᵀ X`, which applies a gradient to the weights
//! without ever writing it down. Rows are picked through an index list, so no sample is copied.
//!
//! Each number is one chain of fused multiply-adds over vectors of 256 bits in index order, whatever the blocking: results
//! do not depend on the other rows of the batch, on the number of threads or on the kind of processor.

use std::{array, ops::Range};

use pulp::{Simd, WithSimd};

use super::{Real, lanes};

/// Rows that are worked on together, so that they stay in the inner caches while all outputs pass over them.
const ROW_BLOCK: usize = 32;

/// Outputs that are worked on together.
const OUTPUT_BLOCK: usize = 16;

/// Vectors of the rows and weights worked on together: 64 KiB of the second cache.
const CACHED_VECTORS: usize = 2048;

/// Rows of a row-major matrix, picked in place.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, R> {
    values: &'a [R],
    columns: usize,
    picked: Option<&'a [u32]>,
}

impl<'a, R: Copy> Rows<'a, R> {
    /// All rows of `values`, shape `[rows, columns]`.
    pub fn all(values: &'a [R], columns: usize) -> Self {
        Self { values, columns, picked: None }
    }

    /// The rows `picked` of `values`, shape `[rows, columns]`, in this order.
    pub fn picked(values: &'a [R], columns: usize, picked: &'a [u32]) -> Self {
        Self { values, columns, picked: Some(picked) }
    }

    /// The rows next to each other, shape `[m, p]`, where all are picked.
    pub fn contiguous(&self) -> Option<&'a [R]> {
        self.picked.is_none().then_some(self.values)
    }

    /// Number of rows `m`.
    pub fn len(&self) -> usize {
        self.picked.map_or_else(|| self.values.len() / self.columns.max(1), <[u32]>::len)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row `i` of those picked, shape `[p]`.
    #[inline(always)]
    pub fn row(&self, i: usize) -> &'a [R] {
        let row = self.picked.map_or(i, |picked| picked[i] as usize);
        &self.values[row * self.columns..(row + 1) * self.columns]
    }
}

/// Row `k` of a matrix whose rows of length `columns` start every `stride` scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Number of rows `c`.
    pub rows: usize,
    /// Length of a row `p`.
    pub columns: usize,
    /// Distance between the starts of two rows, at least `columns`.
    pub stride: usize,
}

/// `out ← X Wᵀ`: `out`, shape `[m, c]`, holds the product of row `i` of `x` and row `k` of `weights` at `[i, k]`.
pub fn products<R: Real>(x: Rows<'_, R>, weights: &[R], layout: Layout, out: &mut [R]) {
    lanes::dispatch(Products { x, weights, layout, out });
}

/// `W ← W + Aᵀ X`: adds `factors[i, k] · x[i]` to row `k` of `weights`, for every row `i` in order; `factors` has shape `[m, c]`.
pub fn accumulate<R: Real>(x: Rows<'_, R>, factors: &[R], weights: &mut [R], layout: Layout) {
    accumulate_after(x, factors, weights, layout, |_, _| ());
}

/// [`accumulate`], where `prepare` first changes the weights: it gets a few rows of `W`, their numbers and their scalars from
/// the start of the first to the end of the last, just before these rows are added to, so that they are read from memory once.
pub fn accumulate_after<R: Real>(
    x: Rows<'_, R>,
    factors: &[R],
    weights: &mut [R],
    layout: Layout,
    prepare: impl FnMut(Range<usize>, &mut [R]),
) {
    lanes::dispatch(Accumulate { x, factors, weights, layout, prepare });
}

struct Products<'a, R> {
    x: Rows<'a, R>,
    weights: &'a [R],
    layout: Layout,
    out: &'a mut [R],
}

impl<R: Real> WithSimd for Products<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (rows, outputs) = (self.x.len(), self.layout.rows);
        for start in (0..rows).step_by(ROW_BLOCK) {
            let block = start..(start + ROW_BLOCK).min(rows);
            let mut k = 0;
            while k < outputs {
                // Shapes that keep both multiply-add units busy within sixteen registers.
                k += match outputs - k {
                    1 => self.strip::<S, 1, 6>(simd, k, block.clone()),
                    2 | 4 => self.strip::<S, 2, 5>(simd, k, block.clone()),
                    3 | 6 => self.strip::<S, 3, 4>(simd, k, block.clone()),
                    _ => self.strip::<S, 5, 2>(simd, k, block.clone()),
                };
            }
        }
    }
}

impl<R: Real> Products<'_, R> {
    /// Outputs `k..k + K` of the rows in `block`, `M` rows at a time; returns `K`.
    #[inline(always)]
    fn strip<S: Simd, const K: usize, const M: usize>(&mut self, simd: S, k: usize, block: Range<usize>) -> usize {
        let Layout { rows: outputs, columns, stride } = self.layout;
        let weights = array::from_fn::<_, K, _>(|j| &self.weights[(k + j) * stride..][..columns]);
        let mut i = block.start;
        while i + M <= block.end {
            let x = array::from_fn::<_, M, _>(|s| self.x.row(i + s));
            let dots = dots::<S, R, K, M>(simd, weights, x);
            for (s, dots) in dots.iter().enumerate() {
                self.out[(i + s) * outputs + k..][..K].copy_from_slice(dots);
            }
            i += M;
        }
        while i < block.end {
            let [dots] = dots::<S, R, K, 1>(simd, weights, [self.x.row(i)]);
            self.out[i * outputs + k..][..K].copy_from_slice(&dots);
            i += 1;
        }
        K
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

struct Accumulate<'a, R, P> {
    x: Rows<'a, R>,
    factors: &'a [R],
    weights: &'a mut [R],
    layout: Layout,
    prepare: P,
}

impl<R: Real, P: FnMut(Range<usize>, &mut [R])> WithSimd for Accumulate<'_, R, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (count, Layout { rows: outputs, columns, stride }) = (self.x.len(), self.layout);
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        // One pass even without rows, so that all weights are prepared.
        for start in (0..count.max(1)).step_by(ROW_BLOCK) {
            let rows = start..(start + ROW_BLOCK).min(count);
            for first in (0..outputs).step_by(OUTPUT_BLOCK) {
                let outputs = first..(first + OUTPUT_BLOCK).min(outputs);
                if start == 0 {
                    let block = &mut self.weights[first * stride..(outputs.end - 1) * stride + columns];
                    (self.prepare)(outputs.clone(), block);
                }
                let width = lanes * (CACHED_VECTORS / (rows.len() + outputs.len()));
                for left in (0..columns).step_by(width) {
                    self.block(simd, rows.clone(), outputs.clone(), left..(left + width).min(columns));
                }
            }
        }
    }
}

impl<R: Real, P: FnMut(Range<usize>, &mut [R])> Accumulate<'_, R, P> {
    /// Adds the columns `part` of `rows` to some of the weights: all of it stays in the inner caches.
    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, rows: Range<usize>, outputs: Range<usize>, part: Range<usize>) {
        let mut i = rows.start;
        while i < rows.end {
            let (outputs, part) = (outputs.clone(), part.clone());
            i += match rows.end - i {
                1 => self.strip::<S, 1>(simd, i, outputs, part),
                2 => self.strip::<S, 2>(simd, i, outputs, part),
                3 => self.strip::<S, 3>(simd, i, outputs, part),
                4 => self.strip::<S, 4>(simd, i, outputs, part),
                _ => self.strip::<S, 5>(simd, i, outputs, part),
            };
        }
    }

    /// Adds the columns `part` of the rows `i..i + M` to the weights, two outputs at a time; returns `M`.
    #[inline(always)]
    fn strip<S: Simd, const M: usize>(&mut self, simd: S, i: usize, outputs: Range<usize>, part: Range<usize>) -> usize {
        let Layout { rows: all, stride, .. } = self.layout;
        let x = array::from_fn::<_, M, _>(|s| &self.x.row(i + s)[part.clone()]);
        let factors = array::from_fn::<_, M, _>(|s| &self.factors[(i + s) * all..][..all]);
        let mut k = outputs.start;
        while k + 2 <= outputs.end {
            let (first, second) = self.weights[k * stride..].split_at_mut(stride);
            let factors = array::from_fn(|j| array::from_fn(|s| factors[s][k + j]));
            add_rows::<S, R, 2, M>(simd, [&mut first[part.clone()], &mut second[part.clone()]], x, factors);
            k += 2;
        }
        if k < outputs.end {
            let factors = [array::from_fn(|s| factors[s][k])];
            add_rows::<S, R, 1, M>(simd, [&mut self.weights[k * stride..][part]], x, factors);
        }
        M
    }
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

#[cfg(test)]
mod tests;
