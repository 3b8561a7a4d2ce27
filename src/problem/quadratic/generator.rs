//! Fleets of random quadratics that need not be stored: a client is a function of its stream.

use std::ops::Range;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::{
    form::{Hessian, QuadraticForm},
    kernel::stride,
    spec::{Alike, GeneratorSpec, Shape},
};
use crate::{
    num::Real,
    problem::{Optimum, Workspace, evaluate},
    random::{Purpose, Rng, Streams},
};

/// The node whose stream holds what all clients share: the optimum and a common curvature.
const SHARED: usize = usize::MAX;

/// The law that the clients of one seed are drawn from.
#[derive(Debug, Clone)]
pub(super) struct Law {
    spec: GeneratorSpec,
    streams: Streams,
    clients: usize,
    /// The scale and the shift of raw draws, so that the offsets have mean 0 and mean square ζ².
    factor: f64,
    shift: Vec<f64>,
}

/// Buffers that one client is written into.
pub(super) struct Client<R> {
    /// `[d]`, or column-major `[stride(d), d]`; untouched where all clients share one curvature.
    pub curvature: Vec<R>,
    /// `[d]`.
    pub offset: Vec<R>,
    /// `½ gᵀ A⁻¹ g` for the offset `g`: what the local objective has at the origin above its minimum 0.
    pub floor: f64,
}

impl Law {
    /// Opens the law; one pass over the clients makes the stated dissimilarity exact.
    pub fn new(spec: &GeneratorSpec, clients: usize, streams: Streams) -> Self {
        let dim = spec.dimension;
        let mut law = Self { spec: spec.clone(), streams, clients, factor: 1.0, shift: vec![0.0; dim] };
        if let Some(linear) = spec.linear {
            law.shift.fill(-linear.mean);
            law.factor = -linear.sd;
            return law;
        }
        let (mut sum, mut square) = (vec![0.0; dim], 0.0);
        let draw = |range: Range<usize>| {
            let (mut sum, mut square) = (vec![0.0; dim], 0.0);
            for client in range {
                let mut rng = law.stream(client);
                for sum in &mut sum {
                    let normal: f64 = StandardNormal.sample(&mut rng);
                    *sum += normal;
                    square += normal * normal;
                }
            }
            (sum, square)
        };
        evaluate::ordered_fold(clients, draw, |(part, squares)| {
            evaluate::add(&mut sum, &part);
            square += squares;
        });
        let n = clients as f64;
        sum.iter_mut().for_each(|sum| *sum /= n);
        let spread = square / n - sum.iter().map(|m| m * m).sum::<f64>();
        law.factor = if clients > 1 { (spec.dissimilarity / spread).sqrt() } else { 0.0 };
        law.shift = sum.iter().map(|mean| -law.factor * mean).collect();
        law
    }

    /// Whether curvatures are full matrices.
    pub fn dense(&self) -> bool {
        self.spec.shape == Shape::Dense
    }

    /// Scalars that one curvature takes.
    pub fn curvature_len(&self) -> usize {
        let dim = self.spec.dimension;
        if self.dense() { stride(dim) * dim } else { dim }
    }

    /// Whether all clients share one curvature.
    pub fn alike(&self) -> bool {
        self.spec.curvature == Alike::Same
    }

    /// The origin that all clients share: the optimum, or 0 where the linear terms are drawn instead.
    pub fn origin(&self) -> Vec<f64> {
        let mut rng = self.stream(SHARED);
        let draw = |_| if self.spec.linear.is_some() { 0.0 } else { StandardNormal.sample(&mut rng) };
        (0..self.spec.dimension).map(draw).collect()
    }

    /// The curvature that all clients share: eigenvalues evenly spaced in the logarithm from `L/κ` to `L`.
    pub fn shared_curvature<R: Real>(&self, work: &mut Workspace<R>) -> Vec<R> {
        let mut curvature = vec![R::zero(); self.curvature_len()];
        let mut eigenvalues = work.take(self.spec.dimension);
        self.spaced(&mut eigenvalues);
        let vectors = self.shared_vectors(work);
        self.assemble(&eigenvalues, &vectors, &mut curvature, work);
        work.give(vectors);
        work.give(eigenvalues);
        curvature
    }

    /// Empty buffers of a client.
    pub fn take<R: Real>(&self, work: &mut Workspace<R>) -> Client<R> {
        let len = if self.alike() { 0 } else { self.curvature_len() };
        Client { curvature: work.take(len), offset: work.take(self.spec.dimension), floor: 0.0 }
    }

    /// Writes `client` into `out`; the floor only where it is asked for.
    pub fn client<R: Real>(&self, client: usize, with_floor: bool, out: &mut Client<R>, work: &mut Workspace<R>) {
        let mut rng = self.stream(client);
        for (offset, shift) in out.offset.iter_mut().zip(&self.shift) {
            let normal: f64 = StandardNormal.sample(&mut rng);
            *offset = R::of(self.factor * normal + shift);
        }
        if self.alike() && !with_floor {
            return;
        }
        let mut eigenvalues = work.take(self.spec.dimension);
        let vectors = if self.alike() {
            self.spaced(&mut eigenvalues);
            self.shared_vectors(work)
        } else {
            self.drawn(&mut eigenvalues, &mut rng);
            let mut vectors = work.take(self.vectors_len());
            draw(&mut vectors, &mut rng);
            self.assemble(&eigenvalues, &vectors, &mut out.curvature, work);
            vectors
        };
        if with_floor {
            let mut turned = work.take(self.spec.dimension);
            turned.copy_from_slice(&out.offset);
            if self.dense() {
                turn_back(&vectors, &mut turned);
            }
            out.floor = turned.iter().zip(&eigenvalues).map(|(g, h)| 0.5 * g.f64().powi(2) / h.f64()).sum();
            work.give(turned);
        }
        work.give(vectors);
        work.give(eigenvalues);
    }

    /// The global objective, by one streaming pass over the clients.
    pub fn form(&self) -> QuadraticForm {
        let dim = self.spec.dimension;
        let mut hessian = Hessian::zeros(dim, self.dense());
        let (mut offset, mut floor) = (vec![0.0; dim], 0.0);
        let pass = |range: Range<usize>| self.partial(range);
        evaluate::ordered_fold(self.clients, pass, |(part, offsets, floors)| {
            self.add_curvature(&part, &mut hessian);
            evaluate::add(&mut offset, &offsets);
            floor += floors;
        });
        if self.alike() {
            let shared = self.shared_curvature(&mut Workspace::new());
            self.add_curvature(&shared, &mut hessian);
        } else {
            hessian.entries_mut().iter_mut().for_each(|h| *h /= self.clients as f64);
        }
        let n = self.clients as f64;
        offset.iter_mut().for_each(|g| *g /= n);
        self.complete(hessian, &offset, floor / n)
    }

    /// Sums of curvatures, offsets and floors over some clients; curvatures only where clients differ in them.
    fn partial(&self, range: Range<usize>) -> (Vec<f64>, Vec<f64>, f64) {
        let mut work = Workspace::new();
        let mut client = self.take::<f64>(&mut work);
        let (mut curvature, mut offset, mut floor) = (vec![0.0; client.curvature.len()], vec![0.0; client.offset.len()], 0.0);
        for index in range {
            self.client(index, true, &mut client, &mut work);
            evaluate::add(&mut curvature, &client.curvature);
            evaluate::add(&mut offset, &client.offset);
            floor += client.floor;
        }
        (curvature, offset, floor)
    }

    /// Sums a curvature in the layout of the kernels into one without padding.
    fn add_curvature(&self, part: &[f64], hessian: &mut Hessian) {
        match hessian {
            Hessian::Diagonal(sum) => evaluate::add(sum, part),
            Hessian::Dense(sum) => {
                let dim = self.spec.dimension;
                part.chunks_exact(stride(dim)).zip(sum.chunks_exact_mut(dim)).for_each(|(part, sum)| evaluate::add(sum, part));
            }
        }
    }

    fn complete(&self, hessian: Hessian, offset: &[f64], floor: f64) -> QuadraticForm {
        if self.spec.linear.is_some() {
            let b: Vec<f64> = offset.iter().map(|g| -g).collect();
            return QuadraticForm::minimise(hessian, &b, floor);
        }
        // The offsets are gradients at the shared origin and have mean 0: the origin is the optimum.
        let gradient_norm = offset.iter().map(|g| g * g).sum::<f64>().sqrt();
        QuadraticForm { optimum: Optimum { x: self.origin(), value: floor, gradient_norm }, hessian }
    }

    fn stream(&self, client: usize) -> Rng {
        self.streams.stream(Purpose::Data, client, 0)
    }

    fn vectors_len(&self) -> usize {
        if self.dense() { len(self.spec.dimension) } else { 0 }
    }

    fn shared_vectors<R: Real>(&self, work: &mut Workspace<R>) -> Vec<R> {
        let mut vectors = work.take(self.vectors_len());
        draw(&mut vectors, &mut self.streams.stream(Purpose::Data, SHARED, 1));
        vectors
    }

    fn spaced<R: Real>(&self, eigenvalues: &mut [R]) {
        let last = (eigenvalues.len() - 1).max(1) as f64;
        let GeneratorSpec { smoothness, condition, .. } = self.spec;
        for (k, value) in eigenvalues.iter_mut().enumerate() {
            *value = R::of(smoothness * condition.powf(-(k as f64) / last));
        }
    }

    fn drawn<R: Real>(&self, eigenvalues: &mut [R], rng: &mut Rng) {
        let log = self.spec.condition.ln();
        for value in eigenvalues {
            *value = R::of(self.spec.smoothness * (-log * rng.random::<f64>()).exp());
        }
    }

    fn assemble<R: Real>(&self, eigenvalues: &[R], vectors: &[R], curvature: &mut [R], work: &mut Workspace<R>) {
        if self.dense() {
            let mut scratch = work.take(eigenvalues.len());
            conjugate(eigenvalues, vectors, stride(eigenvalues.len()), curvature, &mut scratch);
            work.give(scratch);
        } else {
            curvature.copy_from_slice(eigenvalues);
        }
    }
}

/// Scalars that the reflections of dimension `dim` take.
pub(super) fn len(dim: usize) -> usize {
    (dim * (dim + 1) / 2).saturating_sub(1)
}

/// Draws the reflections of a Haar-distributed orthogonal `Q` into `vectors`, shape [`len`]`(d)`.
///
/// G. W. Stewart, "The efficient generation of random orthogonal matrices", SIAM J. Numer. Anal. 17 (1980): Gaussian
/// vectors of 2, 3, …, d coordinates, each reflecting the last coordinates. Signs are left out: they cancel in `Q Λ Qᵀ`.
pub(super) fn draw<R: Real>(vectors: &mut [R], rng: &mut Rng) {
    for value in vectors {
        let normal: f64 = StandardNormal.sample(rng);
        *value = R::of(normal);
    }
}

/// `Q Λ Qᵀ` into the column-major `matrix` with `stride` rows; `scratch` has length `d`.
pub(super) fn conjugate<R: Real>(eigenvalues: &[R], vectors: &[R], stride: usize, matrix: &mut [R], scratch: &mut [R]) {
    let dim = eigenvalues.len();
    matrix.fill(R::zero());
    for (j, &value) in eigenvalues.iter().enumerate() {
        matrix[j * stride + j] = value;
    }
    let mut rest = vectors;
    for size in 2..=dim {
        let (v, others) = rest.split_at(size);
        reflect_both_sides(&mut matrix[(dim - size) * (stride + 1)..], stride, v, &mut scratch[..size]);
        rest = others;
    }
}

/// `x ← Qᵀ x`.
pub(super) fn turn_back<R: Real>(vectors: &[R], x: &mut [R]) {
    let mut end = vectors.len();
    for size in (2..=x.len()).rev() {
        let v = &vectors[end - size..end];
        let from = x.len() - size;
        let x = &mut x[from..];
        let along = R::of(2.0) * inner(v, x) / inner(v, v);
        x.iter_mut().zip(v).for_each(|(x, &v)| *x -= along * v);
        end -= size;
    }
}

/// `A ← P A P` with `P = I − 2 v vᵀ / ‖v‖²` on the leading block of a symmetric column-major matrix: a rank-two update.
fn reflect_both_sides<R: Real>(matrix: &mut [R], stride: usize, v: &[R], w: &mut [R]) {
    let beta = R::of(2.0) / inner(v, v);
    w.fill(R::zero());
    for (column, &vj) in matrix.chunks(stride).zip(v) {
        w.iter_mut().zip(column).for_each(|(w, &a)| *w += a * vj);
    }
    w.iter_mut().for_each(|w| *w *= beta);
    let half = R::of(0.5) * beta * inner(v, w);
    w.iter_mut().zip(v).for_each(|(w, &v)| *w -= half * v);
    for ((column, &vj), &wj) in matrix.chunks_mut(stride).zip(v).zip(w.iter()) {
        for ((a, &v), &w) in column.iter_mut().zip(v).zip(w.iter()) {
            *a -= v * wj + w * vj;
        }
    }
}

fn inner<R: Real>(a: &[R], b: &[R]) -> R {
    a.iter().zip(b).fold(R::zero(), |sum, (&a, &b)| sum + a * b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn the_spectrum_survives_and_the_basis_turns_back() {
        let (dim, stride) = (7, 8);
        let eigenvalues: Vec<f64> = (1..=dim).map(|k| k as f64).collect();
        let mut vectors = vec![0.0; len(dim)];
        draw(&mut vectors, &mut Streams::new(1).stream(Purpose::Data, 0, 0));
        let (mut matrix, mut scratch) = (vec![0.0; dim * stride], vec![0.0; dim]);
        conjugate(&eigenvalues, &vectors, stride, &mut matrix, &mut scratch);

        let trace: f64 = (0..dim).map(|i| matrix[i * stride + i]).sum();
        let square: f64 = matrix.iter().map(|a| a * a).sum();
        assert!((trace - 28.0).abs() < 1e-12 && (square - 140.0).abs() < 1e-11);

        // A x = Q Λ Qᵀ x, so turning A x back gives Λ times x turned back.
        let x: Vec<f64> = (0..dim).map(|k| (k as f64).sin()).collect();
        let mut left: Vec<f64> = (0..dim).map(|i| (0..dim).map(|j| matrix[j * stride + i] * x[j]).sum()).collect();
        let mut right = x.clone();
        turn_back(&vectors, &mut left);
        turn_back(&vectors, &mut right);
        for k in 0..dim {
            assert!((left[k] - eigenvalues[k] * right[k]).abs() < 1e-12);
        }
    }
}
