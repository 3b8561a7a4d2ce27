//! Compressors with memory of earlier messages.

use super::{Class, Encoder, Wire};
use crate::{
    message::{FLOAT_BITS, Payload},
    num::{Real, vector},
};

/// A compressor, shrunk by `1/(1+ω)` where it is unbiased: then it is contractive, as error feedback needs.
pub(crate) fn contract<R: Real>(inner: &dyn Encoder<R>, v: &mut [R], wire: &mut Wire<'_>) -> u64 {
    let bits = inner.transmit(v, &mut Payload::default(), wire);
    if let Class::Unbiased(omega) = inner.class(v.len())
        && omega > 0.0
    {
        vector::scale(R::of(1.0 / (1.0 + omega)), v);
    }
    bits
}

/// The class of [`contract`].
fn contracted(class: Class) -> Class {
    match class {
        Class::Unbiased(omega) => Class::Contractive(1.0 / (1.0 + omega)),
        class => class,
    }
}

/// Error feedback: `p = e + v`; `C(p)` is sent; `e ← p − C(p)` (Stich et al., 2018; Karimireddy et al., ICML 2019, arXiv
/// 1901.09847). Memory: `e`, shape `[d]`, zero at first.
pub struct ErrorFeedback<R> {
    /// The compressor.
    pub inner: Box<dyn Encoder<R>>,
}

impl<R: Real> Encoder<R> for ErrorFeedback<R> {
    fn transmit(&self, v: &mut [R], memory: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let error = zero_at_first(memory, v.len());
        vector::axpy(R::one(), error, v);
        error.copy_from_slice(v);
        let bits = contract(self.inner.as_ref(), v, wire);
        vector::axpy(-R::one(), v, error);
        bits
    }

    fn class(&self, d: usize) -> Class {
        contracted(self.inner.class(d))
    }
}

/// EF21: both ends hold `g`; `C(v − g)` is sent and `g ← g + C(v − g)` arrives (Richtárik, Sokolov and Fatkhullin, NeurIPS
/// 2021, arXiv 2106.05203). The first message is sent as it is. Memory: `g`, shape `[d]`.
pub struct Ef21<R> {
    /// The compressor.
    pub inner: Box<dyn Encoder<R>>,
}

impl<R: Real> Encoder<R> for Ef21<R> {
    fn transmit(&self, v: &mut [R], memory: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let Some(known) = memory.vectors.first_mut() else {
            memory.vectors.push(v.to_vec());
            return FLOAT_BITS * v.len() as u64;
        };
        vector::axpy(-R::one(), known, v);
        let bits = contract(self.inner.as_ref(), v, wire);
        vector::axpy(R::one(), v, known);
        v.copy_from_slice(known);
        bits
    }

    fn class(&self, d: usize) -> Class {
        contracted(self.inner.class(d))
    }
}

/// DIANA: both ends hold `h`; `m = C(v − h)` is sent, `h + m` arrives, and `h ← h + m / (1 + ω)` (Mishchenko et al., 2019,
/// arXiv 1901.09269). Memory: `h`, shape `[d]`, zero at first.
pub struct Diana<R> {
    /// The compressor, unbiased.
    pub inner: Box<dyn Encoder<R>>,
}

impl<R: Real> Encoder<R> for Diana<R> {
    fn transmit(&self, v: &mut [R], memory: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let d = v.len();
        let known = zero_at_first(memory, d);
        vector::axpy(-R::one(), known, v);
        let bits = self.inner.transmit(v, &mut Payload::default(), wire);
        let rate = R::of(if let Class::Unbiased(omega) = self.inner.class(d) { 1.0 / (1.0 + omega) } else { 1.0 });
        vector::run(
            #[inline(always)]
            move || {
                for (v, known) in v.iter_mut().zip(known) {
                    let message = *v;
                    *v += *known;
                    *known += rate * message;
                }
            },
        );
        bits
    }

    fn class(&self, d: usize) -> Class {
        self.inner.class(d)
    }
}

/// The memory's only vector, made if there is none.
fn zero_at_first<R: Real>(memory: &mut Payload<R>, d: usize) -> &mut Vec<R> {
    if memory.vectors.is_empty() {
        memory.vectors.push(vec![R::zero(); d]);
    }
    &mut memory.vectors[0]
}
