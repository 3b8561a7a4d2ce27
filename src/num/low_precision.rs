//! Simulated low precision: values rounded to what a client of few bits could hold, in place, one block (layer) at a time.
//!
//! Two grids: [`symmetric`] `Q_b` for weights, with zero on the grid, and [`spread`] over the range of the values for
//! messages. Either rounds to the nearest point or at random without bias. Both leave values alone that lie on the grid
//! already, so rounding twice is rounding once. Vectors with a coordinate that is not finite are passed on as they are.
//!
//! Sources: uniform fake quantisation with one scale a layer; ternary weight networks (Li, Zhang, Liu, 2016,
//! <https://arxiv.org/abs/1605.04711>) for two bits; binary weight networks (Rastegari et al., ECCV 2016) for one.

use rand::Rng as _;

use super::{
    Real,
    vector::{self, run},
};
use crate::{
    invalid::{Invalid, require},
    random::Rng,
};

/// A bit-width from 1 to 32, where 32 means plain floating point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bits(u32);

impl Bits {
    /// Plain floating point: nothing is rounded.
    pub const FLOAT: Self = Self(32);

    /// A width of `bits`, in `[bit]`.
    ///
    /// # Errors
    /// [`Invalid`] outside 1 to 32.
    pub fn new(bits: u32) -> Result<Self, Invalid> {
        require((1..=32).contains(&bits), "bits", bits, "1 to 32 (32 is plain floating point)").map(|()| Self(bits))
    }

    /// Width of the activations of a client whose weights have this one, in `[bit]`: at least 8.
    #[inline]
    pub fn of_activations(self) -> Self {
        self.max(Self(8))
    }

    /// The width, in `[bit]`.
    #[inline]
    pub fn get(self) -> u32 {
        self.0
    }

    /// `L = 2^{b−1} − 1`: points of a symmetric grid above zero.
    #[inline]
    pub fn levels(self) -> f64 {
        f64::from((1_u32 << (self.0 - 1)) - 1)
    }

    /// Size of a message of `d` symmetric coordinates in `blocks` blocks, each with a scale of 32 bits, in `[bit]`.
    pub fn symmetric_message(self, d: usize, blocks: usize) -> u64 {
        let scales = if self == Self::FLOAT { 0 } else { 32 * blocks as u64 };
        u64::from(self.0) * d as u64 + scales
    }

    /// Size of a message of `d` spread coordinates in `blocks` blocks, each with two ends of 32 bits, in `[bit]`.
    pub fn spread_message(self, d: usize, blocks: usize) -> u64 {
        let ends = if self == Self::FLOAT { 0 } else { 64 * blocks as u64 };
        u64::from(self.0) * d as u64 + ends
    }
}

/// How a value between two grid points is rounded.
#[derive(Debug)]
pub enum Rounding<'a> {
    /// To the nearer point, ties away from zero: biased, off by half a step at most.
    Nearest,
    /// Up or down with probabilities that keep the mean; one draw a coordinate.
    Stochastic(&'a mut Rng),
}

/// Rounds a block to `Q_b(w) = round(w L / max|w|) · s` with the [levels](Bits::levels) `L` and the step `s` that fits the block
/// best, by least squares; at random, to the same multiples of `max|w| / L`.
///
/// The step is not that of the largest weight alone: a model that is rounded time and again would grow as a whole with every
/// outward move of one of its largest weights, and never shrink.
///
/// To the nearest, two bits are ternary, `{−a, 0, a}` with `a` the mean magnitude of the coordinates beyond `0.7 · mean|w|`,
/// and one bit is `±mean|w|`. Rounding at random, one bit is `±max|w|`.
pub fn symmetric<R: Real>(bits: Bits, rounding: &mut Rounding<'_>, block: &mut [R]) {
    let largest = vector::largest(block).f64();
    if bits == Bits::FLOAT || largest == 0.0 || !vector::is_finite(block) {
        return;
    }
    match (bits.0, &rounding) {
        (1, Rounding::Nearest) => keep_beyond(-1.0, block),
        (2, Rounding::Nearest) => keep_beyond(0.7 * mean_magnitude(block, |_| true), block),
        (1, Rounding::Stochastic(_)) => Grid { origin: -largest, end: largest, levels: 1.0, lowest: 0.0 }.round(rounding, block),
        _ => {
            let levels = bits.levels();
            let grid = Grid { origin: 0.0, end: largest, levels, lowest: -levels };
            match rounding {
                Rounding::Nearest => grid.fit(block),
                Rounding::Stochastic(_) => grid.round(rounding, block),
            }
        }
    }
}

/// Rounds a block to `2^b` points spread evenly from its smallest to its largest coordinate.
pub fn spread<R: Real>(bits: Bits, rounding: &mut Rounding<'_>, block: &mut [R]) {
    let (least, largest) = vector::ends(block);
    if bits == Bits::FLOAT || least >= largest || !vector::is_finite(block) {
        return;
    }
    let levels = f64::from((1_u32 << bits.0) - 1);
    Grid { origin: least.f64(), end: largest.f64(), levels, lowest: 0.0 }.round(rounding, block);
}

/// The points `origin + k (end − origin) / levels` for the integers `k` from `lowest`, 0 or `−levels`, to `levels`.
struct Grid {
    origin: f64,
    end: f64,
    levels: f64,
    lowest: f64,
}

impl Grid {
    fn round<R: Real>(&self, rounding: &mut Rounding<'_>, block: &mut [R]) {
        let points = self.points();
        match rounding {
            Rounding::Nearest => run(
                #[inline(always)]
                move || {
                    let points = points;
                    for value in block {
                        *value = points.at(points.place(*value).round());
                    }
                },
            ),
            Rounding::Stochastic(rng) => replace_at_random(
                rng,
                block,
                #[inline(always)]
                move |value, draw| {
                    // A point of the grid is kept although its index is not a whole number after rounding errors.
                    let kept = points.at::<R>(points.place(value).round()) == value;
                    let drawn = points.at((points.place(value) + draw).floor());
                    if kept { value } else { drawn }
                },
            ),
        }
    }

    /// Rounds to the nearest points of a grid about zero, and moves its end to where the points fit the block best.
    fn fit<R: Real>(&self, block: &mut [R]) {
        let (points, values) = (self.points(), &*block);
        let (along, square) = run(
            #[inline(always)]
            move || {
                let points = points;
                values.iter().fold((0.0, 0.0), |(along, square), &value| {
                    let index = points.place(value).round();
                    (along + index * (value - points.at::<R>(index)).f64(), square + index * index)
                })
            },
        );
        let end = R::of(self.end + self.levels * along / square).f64();
        let fitted = Self { end, ..*self }.points();
        run(
            #[inline(always)]
            move || {
                let (points, fitted) = (points, fitted);
                for value in block {
                    *value = fitted.at(points.place(*value).round());
                }
            },
        );
    }

    fn points(&self) -> Points {
        let low = if self.lowest < 0.0 { -self.end } else { self.origin };
        let step = (self.end - self.origin) / self.levels;
        let density = self.levels / (self.end - self.origin);
        Points { origin: self.origin, step, density, low, high: self.end, lowest: self.lowest, highest: self.levels }
    }
}

/// The values of a grid by their indices, with what loops over coordinates need at hand.
#[derive(Clone, Copy)]
struct Points {
    origin: f64,
    step: f64,
    density: f64,
    low: f64,
    high: f64,
    lowest: f64,
    highest: f64,
}

impl Points {
    /// The place of a value among the indices.
    #[inline(always)]
    fn place<R: Real>(&self, value: R) -> f64 {
        (value.f64() - self.origin) * self.density
    }

    /// The ends are exact, so that the grid of rounded values is the grid they were rounded to.
    #[inline(always)]
    fn at<R: Real>(&self, index: f64) -> R {
        let within = self.origin + self.step * index;
        let from_low = if index <= self.lowest { self.low } else { within };
        R::of(if index >= self.highest { self.high } else { from_low })
    }
}

/// Replaces magnitudes beyond `threshold` by their mean and the others by zero.
fn keep_beyond<R: Real>(threshold: f64, block: &mut [R]) {
    let scale = R::of(mean_magnitude(block, |magnitude| magnitude > threshold));
    for w in block {
        *w = match w.f64() {
            value if value.abs() <= threshold => R::zero(),
            value if value < 0.0 => -scale,
            _ => scale,
        };
    }
}

/// Mean magnitude of the coordinates that are `kept`; exact where they are equal.
fn mean_magnitude<R: Real>(block: &[R], kept: impl Fn(f64) -> bool) -> f64 {
    let magnitudes = || block.iter().map(|w| w.f64().abs()).filter(|&magnitude| kept(magnitude));
    let first = magnitudes().next().unwrap_or(0.0);
    let excess: f64 = magnitudes().map(|magnitude| magnitude - first).sum();
    first + excess / magnitudes().count().max(1) as f64
}

/// Coordinates that draw together, so that everything besides the draws runs in vectors.
const TOGETHER: usize = 256;

/// Distance between two neighbouring draws: a number of the generator serves two coordinates. An event that is drawn for has
/// its probability up to this.
pub(crate) const RESOLUTION: f64 = 1.0 / (1_u64 << 32) as f64;

/// Replaces each coordinate by the `value` for it and a uniform draw of its own from [0, 1), in order.
///
/// `value` holds what it needs by value: behind a reference it would be read anew for every coordinate, which keeps the loop
/// from running in vectors.
#[inline]
pub(crate) fn replace_at_random<R: Real>(rng: &mut Rng, v: &mut [R], value: impl Fn(R, f64) -> R + Copy) {
    let mut draws = [0_u32; TOGETHER];
    for v in v.chunks_mut(TOGETHER) {
        let draws = &mut draws[..v.len().next_multiple_of(2)];
        for pair in draws.as_chunks_mut().0 {
            let bits = rng.next_u64();
            *pair = [(bits >> 32) as u32, bits as u32];
        }
        let draws = &*draws;
        run(
            #[inline(always)]
            move || {
                let value = value;
                for (v, &draw) in v.iter_mut().zip(draws.iter()) {
                    *v = value(*v, f64::from(draw) * RESOLUTION);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests;
