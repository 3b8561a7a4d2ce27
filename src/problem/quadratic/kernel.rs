//! Gradients and visits of one quadratic client, compiled for the processor's widest instructions and chosen at run time.
//!
//! Products use explicit fused multiply-adds in a fixed order, so that the bits do not depend on the vector width. Loops count over
//! slices of equal length: adaptors of iterators are functions of their own, which are compiled for any processor and stay calls
//! where the linker does not optimise.

use num_traits::Float;
use pulp::{Arch, Simd, WithSimd};

use crate::{
    num::Real,
    problem::{Correction, Sample, Visit},
};

/// Rows of a dense curvature come in multiples of this; the matrix is padded with zeros.
const LANES: usize = 4;

/// Rows of a panel whose sums stay in registers.
const PANEL: usize = 32;

/// One client: `fᵢ(x) = ½ zᵀ A z + ⟨offset, z⟩ + floor` with `z = x − origin`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a, R> {
    pub curvature: Curvature<'a, R>,
    /// Shape `[d]`.
    pub origin: &'a [R],
    /// The gradient at the origin, shape `[d]`; `None` where the origin is the client's own minimiser.
    pub offset: Option<&'a [R]>,
}

/// The curvature `Aᵢ` of a client.
#[derive(Debug, Clone, Copy)]
pub(super) enum Curvature<'a, R> {
    /// Shape `[d]`.
    Diagonal(&'a [R]),
    /// Column-major, shape `[stride(d), d]`, rows from `d` on zero.
    Dense(&'a [R]),
}

/// Rows of a dense curvature in memory.
#[inline]
pub(super) fn stride(dim: usize) -> usize {
    dim.next_multiple_of(LANES)
}

impl<R: Real> Piece<'_, R> {
    /// `gradient ← A (x − origin) + offset`; `z` and `gradient` are buffers of length `stride(d)`.
    pub fn gradient(&self, x: &[R], z: &mut [R], gradient: &mut [R]) {
        Arch::new().dispatch(Gradient { piece: self, x, z, gradient });
    }

    /// `product ← A v`; `v` and `product` have length `stride(d)`, and `v` is zero from `d` on.
    pub fn product(&self, v: &[R], product: &mut [R]) {
        Arch::new().dispatch(Product { piece: self, v, product });
    }

    /// The local steps of a visit in one call; `z` and `gradient` are buffers of length `stride(d)`.
    pub fn descend(
        &self,
        y: &mut [R],
        visit: &mut Visit<'_, '_, R>,
        correction: &Correction<'_, R>,
        z: &mut [R],
        gradient: &mut [R],
    ) {
        Arch::new().dispatch(Descend { piece: self, y, visit, correction, z, gradient });
    }
}

struct Gradient<'a, 'p, R> {
    piece: &'a Piece<'p, R>,
    x: &'a [R],
    z: &'a mut [R],
    gradient: &'a mut [R],
}

impl<R: Real> WithSimd for Gradient<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.z[self.x.len()..].fill(R::zero());
        gradient_into(self.piece, self.x, self.z, self.gradient);
    }
}

struct Product<'a, 'p, R> {
    piece: &'a Piece<'p, R>,
    v: &'a [R],
    product: &'a mut [R],
}

impl<R: Real> WithSimd for Product<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        product_into(self.piece.curvature, self.piece.origin.len(), self.v, self.product);
    }
}

struct Descend<'a, 'p, 'v, 'b, 'd, R> {
    piece: &'a Piece<'p, R>,
    y: &'a mut [R],
    visit: &'a mut Visit<'v, 'b, R>,
    correction: &'a Correction<'d, R>,
    z: &'a mut [R],
    gradient: &'a mut [R],
}

impl<R: Real> WithSimd for Descend<'_, '_, '_, '_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { piece, y, visit, correction, z, gradient } = self;
        if let Curvature::Dense(matrix) = piece.curvature {
            match stride(y.len()) / LANES {
                1 => return descend_dense::<R, 4>(piece, matrix, y, visit, correction),
                2 => return descend_dense::<R, 8>(piece, matrix, y, visit, correction),
                3 => return descend_dense::<R, 12>(piece, matrix, y, visit, correction),
                4 => return descend_dense::<R, 16>(piece, matrix, y, visit, correction),
                5 => return descend_dense::<R, 20>(piece, matrix, y, visit, correction),
                6 => return descend_dense::<R, 24>(piece, matrix, y, visit, correction),
                7 => return descend_dense::<R, 28>(piece, matrix, y, visit, correction),
                8 => return descend_dense::<R, 32>(piece, matrix, y, visit, correction),
                _ => {}
            }
        }
        let dim = y.len();
        z[dim..].fill(R::zero());
        for k in visit.interrupt.steps(visit.steps) {
            gradient_into(piece, y, z, gradient);
            if let Sample::Noise(noise) = visit.batches.next_sample() {
                add_into(noise, gradient);
            }
            correction.step((visit.lr)(k), &gradient[..dim], y);
        }
    }
}

/// A visit whose vectors, padded to `P = stride(d)`, stay in registers; the operations and their order are those of the steps.
#[inline(always)]
fn descend_dense<R: Real, const P: usize>(
    piece: &Piece<'_, R>,
    matrix: &[R],
    y: &mut [R],
    visit: &mut Visit<'_, '_, R>,
    correction: &Correction<'_, R>,
) {
    let dim = y.len();
    let pad = |from: &[R]| {
        let mut to = [R::zero(); P];
        to[..dim].copy_from_slice(&from[..dim]);
        to
    };
    let (origin, offset) = (pad(piece.origin), piece.offset.map(pad));
    let plain = correction.scale == 1.0 && correction.shift.is_none() && correction.pull.is_none();
    let mut at = pad(y);
    let (mut z, mut gradient) = ([R::zero(); P], [R::zero(); P]);
    for k in visit.interrupt.steps(visit.steps) {
        for j in 0..P {
            z[j] = at[j] - origin[j];
        }
        panel::<R, P>(matrix, P, 0, &z[..dim], &mut gradient);
        if let Some(offset) = &offset {
            add_into(offset, &mut gradient);
        }
        if let Sample::Noise(noise) = visit.batches.next_sample() {
            add_into(noise, &mut gradient);
        }
        let lr = (visit.lr)(k);
        if plain {
            let lr = R::of(lr);
            for j in 0..P {
                at[j] -= lr * gradient[j];
            }
        } else {
            correction.step(lr, &gradient[..dim], &mut at[..dim]);
        }
    }
    y.copy_from_slice(&at[..dim]);
}

#[inline(always)]
fn gradient_into<R: Real>(piece: &Piece<'_, R>, x: &[R], z: &mut [R], gradient: &mut [R]) {
    let dim = x.len();
    let (z_rows, origin) = (&mut z[..dim], &piece.origin[..dim]);
    for j in 0..dim {
        z_rows[j] = x[j] - origin[j];
    }
    product_into(piece.curvature, dim, z, gradient);
    if let Some(offset) = piece.offset {
        add_into(offset, gradient);
    }
}

#[inline(always)]
fn add_into<R: Real>(part: &[R], sum: &mut [R]) {
    let len = part.len().min(sum.len());
    let (part, sum) = (&part[..len], &mut sum[..len]);
    for j in 0..len {
        sum[j] += part[j];
    }
}

#[inline(always)]
fn product_into<R: Real>(curvature: Curvature<'_, R>, dim: usize, v: &[R], out: &mut [R]) {
    match curvature {
        Curvature::Diagonal(diagonal) => {
            let (diagonal, v, out) = (&diagonal[..dim], &v[..dim], &mut out[..dim]);
            for j in 0..dim {
                out[j] = diagonal[j] * v[j];
            }
        }
        Curvature::Dense(matrix) => {
            let stride = stride(dim);
            for start in (0..stride).step_by(PANEL) {
                let out = &mut out[start..stride];
                match out.len().min(PANEL) / LANES {
                    1 => panel::<R, 4>(matrix, stride, start, &v[..dim], out),
                    2 => panel::<R, 8>(matrix, stride, start, &v[..dim], out),
                    3 => panel::<R, 12>(matrix, stride, start, &v[..dim], out),
                    4 => panel::<R, 16>(matrix, stride, start, &v[..dim], out),
                    5 => panel::<R, 20>(matrix, stride, start, &v[..dim], out),
                    6 => panel::<R, 24>(matrix, stride, start, &v[..dim], out),
                    7 => panel::<R, 28>(matrix, stride, start, &v[..dim], out),
                    _ => panel::<R, 32>(matrix, stride, start, &v[..dim], out),
                }
            }
        }
    }
}

/// `P` rows of the product from row `start`: even and odd columns have their own sums, to keep both multipliers busy.
#[inline(always)]
fn panel<R: Real, const P: usize>(matrix: &[R], stride: usize, start: usize, v: &[R], out: &mut [R]) {
    let mut even = [R::zero(); P];
    let mut odd = [R::zero(); P];
    let rows = |column: usize| &matrix[column * stride + start..][..P];
    let mut column = 0;
    while column + 1 < v.len() {
        accumulate(rows(column), v[column], &mut even);
        accumulate(rows(column + 1), v[column + 1], &mut odd);
        column += 2;
    }
    if column < v.len() {
        accumulate(rows(column), v[column], &mut even);
    }
    let out = &mut out[..P];
    for j in 0..P {
        out[j] = even[j] + odd[j];
    }
}

#[inline(always)]
fn accumulate<R: Real, const P: usize>(column: &[R], v: R, sums: &mut [R; P]) {
    let column = &column[..P];
    for j in 0..P {
        sums[j] = Float::mul_add(column[j], v, sums[j]);
    }
}
