//! Payloads: the vectors and scalars that nodes send or remember.

use serde::{Deserialize, Serialize};

use crate::num::Real;

/// Bits of one uncompressed number on the wire, whatever the type it is computed in [bit].
pub const FLOAT_BITS: u64 = 32;

/// Vectors of shape `[d]` (usually) and scalars: a message, or the memory of a client.
///
/// Each method documents which vector is which, in the order of its paper.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Payload<R> {
    /// The vectors.
    pub vectors: Vec<Vec<R>>,
    /// The scalars; sent in full precision.
    pub scalars: Vec<f64>,
}

impl<R: Real> Payload<R> {
    /// A payload of one vector.
    pub fn one(vector: Vec<R>) -> Self {
        Self { vectors: vec![vector], scalars: Vec::new() }
    }

    /// A payload of vectors.
    pub fn of(vectors: impl Into<Vec<Vec<R>>>) -> Self {
        Self { vectors: vectors.into(), scalars: Vec::new() }
    }

    /// `x` and `count` zero vectors of its shape.
    pub fn with_zeros(x: Vec<R>, count: usize) -> Self {
        let zeros = vec![vec![R::zero(); x.len()]; count];
        Self::of([vec![x], zeros].concat())
    }

    /// Adds a scalar.
    #[must_use]
    pub fn with_scalar(mut self, scalar: f64) -> Self {
        self.scalars.push(scalar);
        self
    }

    /// Size on the wire without compression [bit].
    pub fn dense_bits(&self) -> u64 {
        let numbers = self.vectors.iter().map(Vec::len).sum::<usize>() + self.scalars.len();
        FLOAT_BITS * numbers as u64
    }

    /// Whether it holds neither vectors nor scalars.
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty() && self.scalars.is_empty()
    }

    /// Vector number `k`, or zeros of shape `[d]` where there is none yet.
    pub fn vector_or_zeros(&self, k: usize, d: usize) -> Vec<R> {
        self.vectors.get(k).cloned().unwrap_or_else(|| vec![R::zero(); d])
    }

    /// The first `N` vectors.
    ///
    /// # Panics
    /// When there are fewer, which is a fault of the method that made the payload.
    pub fn firsts<const N: usize>(&self) -> [&[R]; N] {
        std::array::from_fn(|k| self.vectors[k].as_slice())
    }
}
