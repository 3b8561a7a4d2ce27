//! Products with few outputs (a handful of classes) on rows read in place: the two halves of a fused local step.
//!
//! With `X` the chosen rows, shape `[m, p]`, and `W` the weights, shape `[c, p]`, the forward half is
//! [`products`] `Z = X Wᵀ` and the backward half is [`accumulate`] `W ← W + Aᵀ X`, which applies a gradient to the weights
//! without ever writing it down. Rows are picked through an index list, so no sample is copied.
//!
//! Each number is one chain of fused multiply-adds over vectors of 256 bits in index order, whatever the blocking and even where
//! a vector of 512 bits carries two chains: results do not depend on the other rows of the batch, on the number of threads or
//! on the kind of processor.

mod kernel;

use std::{array, ops::Range};

use pulp::{Simd, WithSimd};

use self::kernel::{Kernel, Narrow};
use super::{Real, lanes, wide::Wide};

/// Rows that are worked on together, so that they stay in the inner caches while all outputs pass over them.
const ROW_BLOCK: usize = 32;

/// Outputs that are worked on together.
const OUTPUT_BLOCK: usize = 16;

/// Bytes of the rows and weights worked on together, in the second cache.
const CACHED_BYTES: usize = 64 << 10;

/// Rows of a row-major matrix, picked in place.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, R> {
    values: &'a [R],
    columns: usize,
    picked: Option<&'a [u32]>,
}

impl<'a, R: Copy> Rows<'a, R> {
    /// All rows of `values`, shape `[rows, columns]`.
    #[inline]
    pub fn all(values: &'a [R], columns: usize) -> Self {
        Self { values, columns, picked: None }
    }

    /// The rows `picked` of `values`, shape `[rows, columns]`, in this order.
    #[inline]
    pub fn picked(values: &'a [R], columns: usize, picked: &'a [u32]) -> Self {
        Self { values, columns, picked: Some(picked) }
    }

    /// The rows next to each other, shape `[m, p]`, where all are picked.
    #[inline]
    pub fn contiguous(&self) -> Option<&'a [R]> {
        self.picked.is_none().then_some(self.values)
    }

    /// Number of rows `m`.
    #[inline]
    pub fn len(&self) -> usize {
        self.picked.map_or_else(|| self.values.len() / self.columns.max(1), <[u32]>::len)
    }

    /// Whether there is no row.
    #[inline]
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
    lanes::dispatch(Products { x, weights, layout, out, wide: Wide::detect() });
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
    lanes::dispatch(Accumulate { x, factors, weights, layout, prepare, wide: Wide::detect() });
}

struct Products<'a, R> {
    x: Rows<'a, R>,
    weights: &'a [R],
    layout: Layout,
    out: &'a mut [R],
    wide: Option<Wide>,
}

impl<R: Real> WithSimd for Products<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.wide {
            Some(wide) => self.run(wide),
            None => self.run(Narrow(simd)),
        }
    }
}

impl<R: Real> Products<'_, R> {
    #[inline(always)]
    fn run(mut self, kernel: impl Kernel<R>) {
        let (rows, outputs) = (self.x.len(), self.layout.rows);
        for start in (0..rows).step_by(ROW_BLOCK) {
            let block = start..(start + ROW_BLOCK).min(rows);
            let mut k = 0;
            while k < outputs {
                k += kernel.products(&mut self, k, block.clone());
            }
        }
    }

    /// Outputs `k..k + K` of the rows in `block`: `M` rows at a time, and what is left by twos; returns `K`.
    #[inline(always)]
    fn strip<const K: usize, const M: usize>(&mut self, kernel: impl Kernel<R>, k: usize, block: Range<usize>) -> usize {
        let mut i = block.start;
        while i + M <= block.end {
            self.tile::<K, M>(kernel, k, i);
            i += M;
        }
        while i + 2 <= block.end {
            self.tile::<K, 2>(kernel, k, i);
            i += 2;
        }
        if i < block.end {
            self.tile::<K, 1>(kernel, k, i);
        }
        K
    }

    /// Outputs `k..k + K` of the rows `i..i + M`.
    #[inline(always)]
    fn tile<const K: usize, const M: usize>(&mut self, kernel: impl Kernel<R>, k: usize, i: usize) {
        let Layout { rows: outputs, columns, stride } = self.layout;
        let weights = array::from_fn::<_, K, _>(|j| &self.weights[(k + j) * stride..][..columns]);
        let dots = kernel.dots::<K, M>(weights, array::from_fn(|s| self.x.row(i + s)));
        for (s, dots) in dots.iter().enumerate() {
            self.out[(i + s) * outputs + k..][..K].copy_from_slice(dots);
        }
    }
}

struct Accumulate<'a, R, P> {
    x: Rows<'a, R>,
    factors: &'a [R],
    weights: &'a mut [R],
    layout: Layout,
    prepare: P,
    wide: Option<Wide>,
}

impl<R: Real, P: FnMut(Range<usize>, &mut [R])> WithSimd for Accumulate<'_, R, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.wide {
            Some(wide) => self.run(wide),
            None => self.run(Narrow(simd)),
        }
    }
}

impl<R: Real, P: FnMut(Range<usize>, &mut [R])> Accumulate<'_, R, P> {
    #[inline(always)]
    fn run(mut self, kernel: impl Kernel<R>) {
        let (count, Layout { rows: outputs, columns, stride }) = (self.x.len(), self.layout);
        // One pass even without rows, so that all weights are prepared.
        for start in (0..count.max(1)).step_by(ROW_BLOCK) {
            let rows = start..(start + ROW_BLOCK).min(count);
            for first in (0..outputs).step_by(OUTPUT_BLOCK) {
                let outputs = first..(first + OUTPUT_BLOCK).min(outputs);
                if start == 0 {
                    let block = &mut self.weights[first * stride..(outputs.end - 1) * stride + columns];
                    (self.prepare)(outputs.clone(), block);
                }
                let width = CACHED_BYTES / (size_of::<R>() * (rows.len() + outputs.len()));
                for left in (0..columns).step_by(width) {
                    self.block(kernel, rows.clone(), outputs.clone(), left..(left + width).min(columns));
                }
            }
        }
    }

    /// Adds the columns `part` of `rows` to some of the weights: all of it stays in the inner caches.
    #[inline(always)]
    fn block<K: Kernel<R>>(&mut self, kernel: K, rows: Range<usize>, outputs: Range<usize>, part: Range<usize>) {
        let mut i = rows.start;
        while i < rows.end {
            let (outputs, part) = (outputs.clone(), part.clone());
            i += match (rows.end - i).min(K::ADDED) {
                1 => self.strip::<1>(kernel, i, outputs, part),
                2 => self.strip::<2>(kernel, i, outputs, part),
                3 => self.strip::<3>(kernel, i, outputs, part),
                4 => self.strip::<4>(kernel, i, outputs, part),
                5..10 => self.strip::<5>(kernel, i, outputs, part),
                _ => self.strip::<10>(kernel, i, outputs, part),
            };
        }
    }

    /// Adds the columns `part` of the rows `i..i + M` to the weights, two outputs at a time; returns `M`.
    #[inline(always)]
    fn strip<const M: usize>(&mut self, kernel: impl Kernel<R>, i: usize, outputs: Range<usize>, part: Range<usize>) -> usize {
        let stride = self.layout.stride;
        let x = array::from_fn::<_, M, _>(|s| &self.x.row(i + s)[part.clone()]);
        let mut k = outputs.start;
        while k + 2 <= outputs.end {
            let factors = self.factors::<2, M>(i, k);
            let (first, second) = self.weights[k * stride..].split_at_mut(stride);
            kernel.add_rows::<2, M>([&mut first[part.clone()], &mut second[part.clone()]], x, factors);
            k += 2;
        }
        if k < outputs.end {
            let factors = self.factors::<1, M>(i, k);
            kernel.add_rows::<1, M>([&mut self.weights[k * stride..][part]], x, factors);
        }
        M
    }

    /// The factors of the rows `i..i + M` in outputs `k..k + K`.
    #[inline(always)]
    fn factors<const K: usize, const M: usize>(&self, i: usize, k: usize) -> [[R; M]; K] {
        let mut factors = [[R::zero(); M]; K];
        let rows = self.factors[i * self.layout.rows..].chunks_exact(self.layout.rows);
        for (s, row) in rows.take(M).enumerate() {
            for (j, factors) in factors.iter_mut().enumerate() {
                factors[s] = row[k + j];
            }
        }
        factors
    }
}

#[cfg(test)]
mod tests;
