//! Compressors: the vector that a receiver reconstructs, and the size of its message.
//!
//! A compressor replaces a vector by the receiver's reconstruction, and returns the size of the message on the wire. It looks at
//! the vector alone; [`ErrorFeedback`], [`Ef21`] and [`Diana`] wrap one and remember its errors. A compressor is
//! immutable: its memory is a [`Payload`] that its user keeps and commits when the message has arrived.
//!
//! The zero vector arrives as it is. Coordinates that are not finite are passed on and not rounded: the recorder has to see
//! divergence.

mod builtin;
mod dither;
mod memory;
mod round;
mod sparse;
mod spec;
#[cfg(test)]
mod tests;

pub use builtin::{
    DianaSpec, DitherSpec, Ef, Ef21Spec, NaturalDither, Nearest, Qsgd, RandKSpec, RoundSpec, Stochastic, TernGrad,
};
pub use dither::{Dithering, Natural, NaturalDithering, Norm};
pub(crate) use memory::contract;
pub use memory::{Diana, Ef21, ErrorFeedback};
pub use round::{Identity, Levels, RoundTo, ScaledSign, round_blocks};
pub use sparse::{Keep, Lazy, Pruned, RandK, TopK};
pub use spec::{AnyCompressor, Compressor, CompressorSpec, Promises};

use crate::{message::Payload, num::Real, problem::Block, random::Rng};

/// The context of a message.
#[derive(Debug)]
pub struct Wire<'a> {
    /// The message's own random stream.
    pub rng: &'a mut Rng,
    /// The named blocks (layers) of the model; they apply to vectors of the model's length.
    pub blocks: &'a [Block],
}

impl Wire<'_> {
    /// The blocks of a vector of `d` coordinates as lengths: the model's layers, or one block for any other vector.
    pub fn lengths(&self, d: usize) -> Vec<usize> {
        lengths(self.blocks, d)
    }
}

/// The blocks of a vector of `d` coordinates as lengths: the model's layers, or one block for any other vector.
pub fn lengths(blocks: &[Block], d: usize) -> Vec<usize> {
    match blocks.last() {
        Some(last) if last.range.end == d => blocks.iter().map(|block| block.range.len()).collect(),
        _ => vec![d],
    }
}

/// The error bound of a compressor for vectors `v` of `d` coordinates, of which `C(v)` arrives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Class {
    /// `E C(v) = v` and `E‖C(v) − v‖² ≤ ω ‖v‖²`.
    Unbiased(f64),
    /// `E‖C(v) − v‖² ≤ (1 − δ) ‖v‖²`.
    Contractive(f64),
    /// The error is bounded by the range of `v`, not by its norm.
    Absolute,
}

/// A compressor, ready for vectors of one scalar type.
pub trait Encoder<R: Real>: Send + Sync {
    /// Replaces `v` by the receiver's reconstruction and returns the size of the message [bit]. `memory` is empty at first and belongs to
    /// this sender and this vector of its messages.
    fn transmit(&self, v: &mut [R], memory: &mut Payload<R>, wire: &mut Wire<'_>) -> u64;

    /// The error bound for vectors of `d` coordinates, memory aside.
    fn class(&self, d: usize) -> Class;
}

/// `⌈log₂ n⌉`: bits that tell `n` cases apart [bit].
fn index_bits(n: usize) -> u64 {
    u64::from(n.max(1).next_power_of_two().trailing_zeros())
}
