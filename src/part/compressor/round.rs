//! Compressors that send every coordinate in few bits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Class, Encoder, Wire, lengths};
use crate::{
    message::{FLOAT_BITS, Payload},
    num::{
        Real,
        low_precision::{Bits, Rounding, spread, symmetric},
        vector,
    },
    problem::Block,
};

/// Vectors travel as they are, 32 bits a number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {}

impl<R: Real> Encoder<R> for Identity {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, _: &mut Wire<'_>) -> u64 {
        FLOAT_BITS * v.len() as u64
    }

    fn class(&self, _: usize) -> Class {
        Class::Unbiased(0.0)
    }
}

/// The signs of each block times the mean magnitude in it; the sign of 0 is +1 (Karimireddy et al., ICML 2019, arXiv
/// 1901.09847).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ScaledSign {
    /// Coordinates of a block; the layers of the model when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
}

impl ScaledSign {
    fn lengths(&self, d: usize, wire: &Wire<'_>) -> Vec<usize> {
        match self.block {
            Some(block) => (0..d.div_ceil(block)).map(|at| block.min(d - at * block)).collect(),
            None => wire.lengths(d),
        }
    }
}

impl<R: Real> Encoder<R> for ScaledSign {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let (d, lengths) = (v.len() as u64, self.lengths(v.len(), wire));
        let bits = d + FLOAT_BITS * lengths.len() as u64;
        if vector::is_finite(v) {
            let mut rest = v;
            for length in lengths {
                let (block, after) = rest.split_at_mut(length);
                let scale = R::of(block.iter().map(|v| v.f64().abs()).sum::<f64>() / length as f64);
                for v in block {
                    *v = if *v < R::zero() { -scale } else { scale };
                }
                rest = after;
            }
        }
        bits
    }

    fn class(&self, d: usize) -> Class {
        Class::Contractive(1.0 / self.block.unwrap_or(d).max(1) as f64)
    }
}

/// The points that coordinates are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levels {
    /// `2^b` points over the range of the values, at random without bias.
    SpreadAtRandom,
    /// `2^b` points over the range of the values, to the nearest.
    SpreadNearest,
    /// Whole multiples of `max|v| / (2^{b−1} − 1)`, to the nearest; ternary for two bits.
    Symmetric,
}

/// Rounding to `b` bits a coordinate.
#[derive(Debug, Clone, Copy)]
pub struct RoundTo {
    /// The width.
    pub bits: Bits,
    /// The points.
    pub levels: Levels,
    /// Whether each layer has a range of its own.
    pub by_layer: bool,
}

impl<R: Real> Encoder<R> for RoundTo {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let d = v.len();
        let lengths = if self.by_layer { wire.lengths(d) } else { vec![d] };
        let blocks = lengths.len();
        let mut rest = v;
        for length in lengths {
            let (block, after) = rest.split_at_mut(length);
            match self.levels {
                Levels::SpreadAtRandom => spread(self.bits, &mut Rounding::Stochastic(wire.rng), block),
                Levels::SpreadNearest => spread(self.bits, &mut Rounding::Nearest, block),
                Levels::Symmetric => symmetric(self.bits, &mut Rounding::Nearest, block),
            }
            rest = after;
        }
        match self.levels {
            Levels::Symmetric => self.bits.symmetric_message(d, blocks),
            Levels::SpreadAtRandom | Levels::SpreadNearest => self.bits.spread_message(d, blocks),
        }
    }

    fn class(&self, _: usize) -> Class {
        if self.bits == Bits::FLOAT { Class::Unbiased(0.0) } else { Class::Absolute }
    }
}

/// Rounds a vector to the precision of a client: `Q_b` of every layer, to the nearest.
pub fn round_blocks<R: Real>(bits: Bits, blocks: &[Block], v: &mut [R]) {
    if bits != Bits::FLOAT {
        let mut rest = v;
        for length in lengths(blocks, rest.len()) {
            let (block, after) = rest.split_at_mut(length);
            symmetric(bits, &mut Rounding::Nearest, block);
            rest = after;
        }
    }
}
