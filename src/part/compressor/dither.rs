//! Compressors that round every coordinate at random to one of few levels, without bias.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Class, Encoder, Wire, index_bits};
use crate::{
    message::{FLOAT_BITS, Payload},
    num::{Real, low_precision::replace_at_random, vector},
    random::Rng,
};

/// The norm that levels are multiples of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// Euclidean.
    #[default]
    L2,
    /// Largest magnitude.
    Max,
}

impl Norm {
    /// The norm of a vector, also where squares leave the range of the numbers.
    pub fn of<R: Real>(self, v: &[R]) -> f64 {
        match self {
            Self::L2 => euclidean(v),
            Self::Max => vector::largest(v).f64(),
        }
    }
}

fn euclidean<R: Real>(v: &[R]) -> f64 {
    let squares = vector::norm2(v);
    if squares.is_normal() {
        return squares.sqrt();
    }
    let largest = vector::largest(v).f64();
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * v.iter().map(|v| (v.f64() / largest).powi(2)).sum::<f64>().sqrt()
}

/// Random dithering (QSGD): `‖v‖ · sign(vⱼ) · ζⱼ / s` with `a = s |vⱼ| / ‖v‖` and `ζⱼ = ⌊a⌋ + Bern(a − ⌊a⌋)`.
///
/// With one level of the largest magnitude it is TernGrad. Sources: Alistarh et al., NeurIPS 2017, arXiv 1610.02132, Lemma
/// 3.1; Wen et al., NeurIPS 2017, arXiv 1705.07878.
#[derive(Debug, Clone, Copy)]
pub struct Dithering {
    /// Levels `s` above zero.
    pub levels: u32,
    /// The norm that levels are multiples of.
    pub norm: Norm,
}

impl<R: Real> Encoder<R> for Dithering {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let (norm, s) = (self.norm.of(v), f64::from(self.levels));
        dither(
            v,
            (norm, s, wire.rng),
            #[inline(always)]
            |at, draw| {
                let below = at.floor();
                if draw < at - below { below + 1.0 } else { below }
            },
        );
        level_bits(v.len(), self.levels)
    }

    fn class(&self, d: usize) -> Class {
        let (d, s) = (d as f64, f64::from(self.levels));
        Class::Unbiased((d / (s * s)).min(d.sqrt() / s))
    }
}

/// Natural dithering: as [`Dithering`], on the levels `0, 2^{1−s}, …, ½, 1` (Horváth et al., 2019, arXiv 1905.10988).
#[derive(Debug, Clone, Copy)]
pub struct NaturalDithering {
    /// Levels `s` above zero.
    pub levels: u32,
    /// The norm that levels are multiples of.
    pub norm: Norm,
}

impl<R: Real> Encoder<R> for NaturalDithering {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let (norm, least) = (self.norm.of(v), self.least());
        dither(
            v,
            (norm, 1.0, wire.rng),
            #[inline(always)]
            move |share, draw| {
                let power = power_below(share);
                let (below, gap) = if share >= least { (power, power) } else { (0.0, least) };
                either(below, gap, share, draw)
            },
        );
        level_bits(v.len(), self.levels)
    }

    fn class(&self, d: usize) -> Class {
        let reach = (d as f64).sqrt() * self.least();
        Class::Unbiased(0.125 + reach * reach.min(1.0))
    }
}

impl NaturalDithering {
    /// The smallest level above zero, `2^{1−s}`.
    fn least(&self) -> f64 {
        (1.0 - f64::from(self.levels)).exp2()
    }
}

/// Replaces `s |vⱼ| / ‖v‖` by the `level` for it and a uniform draw; signs and the norm stay.
#[inline(always)]
fn dither<R: Real>(v: &mut [R], (norm, s, rng): (f64, f64, &mut Rng), level: impl Fn(f64, f64) -> f64 + Copy) {
    let (density, step) = (s / norm, norm / s);
    if !(density.is_finite() && step.is_finite() && step > 0.0 && vector::is_finite(v)) {
        return;
    }
    replace_at_random(
        rng,
        v,
        #[inline(always)]
        move |v: R, draw| {
            let at = v.f64().abs() * density;
            let at = if at < s { at } else { s };
            R::of((step * level(at, draw)).copysign(v.f64()))
        },
    );
}

/// Size of a norm and of `d` coordinates with a sign and one of `s + 1` magnitudes [bit].
fn level_bits(d: usize, levels: u32) -> u64 {
    FLOAT_BITS + d as u64 * (1 + index_bits(levels as usize + 1))
}

/// Natural compression: each magnitude goes to a neighbouring power of two, without bias (Horváth et al., 2019, arXiv
/// 1905.10988).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Natural {}

/// Bits of a sign and an exponent [bit].
const NATURAL_BITS: u64 = 9;

impl<R: Real> Encoder<R> for Natural {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        if vector::is_finite(v) {
            replace_at_random(
                wire.rng,
                v,
                #[inline(always)]
                |v, draw| {
                    let power = power_below(v.f64().abs());
                    R::of(either(power, power, v.f64().abs(), draw).copysign(v.f64()))
                },
            );
        }
        NATURAL_BITS * v.len() as u64
    }

    fn class(&self, _: usize) -> Class {
        Class::Unbiased(0.125)
    }
}

/// The largest power of two up to a finite magnitude; 0 for magnitudes too small for a normal double.
#[inline(always)]
fn power_below(magnitude: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff << 52;
    f64::from_bits(magnitude.to_bits() & EXPONENT)
}

/// `below` or `below + gap`, without bias, for a `value` between them and a uniform draw.
#[inline(always)]
fn either(below: f64, gap: f64, value: f64, draw: f64) -> f64 {
    if draw * gap < value - below { below + gap } else { below }
}
