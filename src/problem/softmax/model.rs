//! The parameters of a linear model, in the flat layout or aligned for speed, and its two products.

use std::ops::Deref;

use crate::{
    num::{
        Real,
        rows::{self, Layout},
        vector,
    },
    problem::supervised::{Picked, View},
};

/// Weights, shape `[C, p]` with rows a stride apart, and biases, shape `[C]`, in slices `V`.
#[derive(Debug)]
pub(super) struct Model<V> {
    weights: V,
    pub biases: V,
    layout: Layout,
}

impl<V> Model<V> {
    /// Rows next to each other, as in the flat parameter vector.
    pub fn packed<R>(weights: V, biases: V, columns: usize) -> Self
    where
        V: Deref<Target = [R]>,
    {
        let layout = Layout { rows: biases.len(), columns, stride: columns };
        Self { weights, biases, layout }
    }

    /// Scalars to set aside for an [`aligned`](Model::aligned) model.
    pub fn aligned_len<R>(classes: usize, columns: usize) -> usize {
        vector::aligned_len::<R>(classes * (columns.next_multiple_of(vector::line::<R>()) + 1))
    }

    /// The same model, read only.
    pub fn view<R>(&self) -> Model<&[R]>
    where
        V: Deref<Target = [R]>,
    {
        Model { weights: &self.weights, biases: &self.biases, layout: self.layout }
    }
}

impl<R: Real> Model<&mut [R]> {
    /// Row `k` of the weights, shape `[p]`.
    pub fn row(&mut self, k: usize) -> &mut [R] {
        &mut self.weights[k * self.layout.stride..][..self.layout.columns]
    }

    /// The same model for a shorter time.
    pub fn reborrow(&mut self) -> Model<&mut [R]> {
        Model { weights: self.weights, biases: self.biases, layout: self.layout }
    }

    /// Takes over the parameters of a model of another stride.
    pub fn copy_from(&mut self, other: &Model<&[R]>) {
        for k in 0..self.layout.rows {
            self.row(k).copy_from_slice(&other.weights[k * other.layout.stride..][..other.layout.columns]);
        }
        self.biases.copy_from_slice(other.biases);
    }
}

impl<'a, R: Real> Model<&'a mut [R]> {
    /// Rows that start at cache lines, in a buffer of [`aligned_len`](Self::aligned_len); the contents are arbitrary.
    pub fn aligned(buffer: &'a mut [R], classes: usize, columns: usize) -> Self {
        let stride = columns.next_multiple_of(vector::line::<R>());
        let (weights, biases) = vector::aligned(buffer, classes * (stride + 1)).split_at_mut(classes * stride);
        Self { weights, biases, layout: Layout { rows: classes, columns, stride } }
    }
}

/// `out ← A Wᵀ + 1 bᵀ`: the logits of the rows `A`, shape `[rows, C]`.
pub(super) fn logits<R: Real>(rows: &Picked<'_, R>, model: Model<&[R]>, out: &mut [R]) {
    let Model { weights, biases, layout } = model;
    match rows.view() {
        View::Sparse(matrix) => {
            for (i, z) in out.chunks_exact_mut(layout.rows).enumerate() {
                let (indices, values) = matrix.row(rows.source(i));
                for (k, z) in z.iter_mut().enumerate() {
                    let weights = &weights[k * layout.stride..][..layout.columns];
                    let terms = indices.iter().zip(values);
                    *z = terms.fold(R::zero(), |sum, (&column, &value)| sum + value * weights[column as usize]);
                }
            }
        }
        View::Dense(dense) => rows::products(dense, weights, layout, out),
    }
    for z in out.chunks_exact_mut(layout.rows) {
        z.iter_mut().zip(biases).for_each(|(z, &b)| *z += b);
    }
}

/// `W ← W + Zᵀ A` and `b ← b + Zᵀ 1` for factors `Z`, shape `[rows, C]`.
pub(super) fn accumulate<R: Real>(rows: &Picked<'_, R>, factors: &[R], model: &mut Model<&mut [R]>) {
    let layout = model.layout;
    match rows.view() {
        View::Sparse(matrix) => {
            for (i, factors) in factors.chunks_exact(layout.rows).enumerate() {
                let (indices, values) = matrix.row(rows.source(i));
                for (k, &factor) in factors.iter().enumerate() {
                    let weights = model.row(k);
                    for (&column, &value) in indices.iter().zip(values) {
                        weights[column as usize] += factor * value;
                    }
                }
            }
        }
        View::Dense(dense) => rows::accumulate(dense, factors, model.weights, layout),
    }
    for factors in factors.chunks_exact(layout.rows) {
        model.biases.iter_mut().zip(factors).for_each(|(b, &factor)| *b += factor);
    }
}
