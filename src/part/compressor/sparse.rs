//! Compressors that send few coordinates.

use std::cmp::Ordering;

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Class, Encoder, Wire, index_bits};
use crate::{
    invalid::{Invalid, require},
    message::{FLOAT_BITS, Payload},
    num::{Real, vector},
};

/// Bits of the seed that tells the receiver which coordinates were drawn [bit].
const SEED_BITS: u64 = 64;

/// How many coordinates are sent: a number, or a fraction of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Keep {
    /// Number of coordinates `k`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// Fraction `k / d` of the coordinates, in place of `k` [1]; at least one is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
}

impl Keep {
    /// `k` of `d` coordinates.
    pub fn of(&self, d: usize) -> usize {
        let part = self.fraction.map(|fraction| (fraction * d as f64).round() as usize);
        self.k.or(part).unwrap_or(d).clamp(1, d.max(1)).min(d)
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`Invalid`] unless exactly one of the keys is given, within range.
    pub fn validate(&self) -> Result<(), Invalid> {
        match (self.k, self.fraction) {
            (Some(k), None) => require(k >= 1, "k", k, "at least 1 coordinate"),
            (None, Some(fraction)) => require(fraction > 0.0 && fraction <= 1.0, "fraction", fraction, "a fraction in (0, 1]"),
            (Some(_), Some(_)) => Err(Invalid::at("fraction", "both `k` and `fraction` are given: expected one of them")
                .help("remove `k` to keep a fraction of the coordinates")),
            (None, None) => {
                Err(Invalid::at("", "the number of coordinates to send is missing").help("set `fraction = 0.01` or `k`"))
            }
        }
    }

    /// Checks the number against vectors of `d` coordinates.
    ///
    /// # Errors
    /// [`Invalid`] for more coordinates than there are.
    pub fn fits(&self, d: usize) -> Result<(), Invalid> {
        self.k.map_or(Ok(()), |k| require(k <= d, "k", k, &format!("at most {d}, the number of coordinates")))
    }
}

/// The coordinates of largest magnitude; of equal ones those of lowest index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TopK {
    /// How many.
    pub keep: Keep,
}

impl<R: Real> Encoder<R> for TopK {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, _: &mut Wire<'_>) -> u64 {
        let k = self.keep.of(v.len());
        keep_largest(v, k);
        k as u64 * (FLOAT_BITS + index_bits(v.len()))
    }

    fn class(&self, d: usize) -> Class {
        Class::Contractive(self.keep.of(d) as f64 / d as f64)
    }
}

/// The coordinates of largest magnitude, with a mask of one bit a coordinate in place of indices: cheaper where many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Pruned {
    /// How many.
    pub keep: Keep,
}

impl<R: Real> Encoder<R> for Pruned {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, _: &mut Wire<'_>) -> u64 {
        let k = self.keep.of(v.len());
        keep_largest(v, k);
        v.len() as u64 + k as u64 * FLOAT_BITS
    }

    fn class(&self, d: usize) -> Class {
        Class::Contractive(self.keep.of(d) as f64 / d as f64)
    }
}

/// Zeroes all but the `k` coordinates of largest magnitude; of equal ones those of lowest index stay.
fn keep_largest<R: Real>(v: &mut [R], k: usize) {
    if k >= v.len() || !vector::is_finite(v) {
        return;
    }
    let Threshold { magnitude, kept, equal } = kth_largest(v, k);
    vector::run(
        #[inline(always)]
        || {
            for v in &mut *v {
                let value = *v;
                *v = if value.abs() < magnitude { R::zero() } else { value };
            }
        },
    );
    let ties = v.iter_mut().filter(|v| v.abs() == magnitude);
    ties.skip(kept).take(equal - kept).for_each(|v| *v = R::zero());
}

/// Every how many coordinates one is looked at for a first guess.
const SAMPLED: usize = 16;

/// The threshold of the `k` coordinates of largest magnitude.
struct Threshold<R> {
    /// The smallest of their magnitudes.
    magnitude: R,
    /// How many of them have it.
    kept: usize,
    /// How many of all coordinates have it.
    equal: usize,
}

/// The `k`-th largest magnitude of finite coordinates, in linear time: selection among those not below a guess from a sample,
/// which are few (Floyd and Rivest, Communications of the ACM 18(3), 1975).
fn kth_largest<R: Real>(v: &[R], k: usize) -> Threshold<R> {
    let mut sample: Vec<R> = v.iter().step_by(SAMPLED).map(|v| v.abs()).collect();
    let expected = k as f64 / SAMPLED as f64;
    let rank = (expected + 3.0 * expected.sqrt()) as usize;
    let guess = if rank < sample.len() { select(&mut sample, rank) } else { R::zero() };
    let mut candidates = not_below(v, guess);
    if candidates.len() < k {
        candidates = not_below(v, R::zero());
    }
    let magnitude = select(&mut candidates, k - 1);
    let count = |magnitudes: &[R]| magnitudes.iter().filter(|&&other| other == magnitude).count();
    Threshold { magnitude, kept: count(&candidates[..k]), equal: count(&candidates) }
}

/// Coordinates that are sifted together, on the stack.
const SIFTED: usize = 256;

/// The magnitudes that are at least `least`.
fn not_below<R: Real>(v: &[R], least: R) -> Vec<R> {
    let (mut found, mut sieve) = (Vec::new(), [R::zero(); SIFTED]);
    for v in v.chunks(SIFTED) {
        let mut count = 0;
        for v in v {
            let magnitude = v.abs();
            sieve[count] = magnitude;
            // No branch: a processor would often guess it wrongly.
            count += usize::from(magnitude >= least);
        }
        found.extend_from_slice(&sieve[..count]);
    }
    found
}

/// The magnitude that `rank` others precede in descending order.
fn select<R: Real>(magnitudes: &mut [R], rank: usize) -> R {
    // All magnitudes are finite, so that any two of them compare.
    *magnitudes.select_nth_unstable_by(rank, |a, b| b.partial_cmp(a).unwrap_or(Ordering::Equal)).1
}

/// `k` coordinates drawn uniformly without replacement.
#[derive(Debug, Clone, Copy)]
pub struct RandK {
    /// How many.
    pub keep: Keep,
    /// Whether they are multiplied by `d / k`, which makes them unbiased.
    pub scaled: bool,
    /// Whether the receiver learns the coordinates from a seed; otherwise each index is sent.
    pub seeded: bool,
}

impl<R: Real> Encoder<R> for RandK {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let (d, k) = (v.len(), self.keep.of(v.len()));
        let factor = if self.scaled { R::of(d as f64 / k as f64) } else { R::one() };
        let mut missing = k;
        for (at, v) in v.iter_mut().enumerate() {
            let left = (d - at) as f64;
            if wire.rng.random::<f64>() * left < missing as f64 {
                missing -= 1;
                *v *= factor;
            } else {
                *v = R::zero();
            }
        }
        let places = if self.seeded { SEED_BITS } else { k as u64 * index_bits(d) };
        k as u64 * FLOAT_BITS + places
    }

    fn class(&self, d: usize) -> Class {
        let share = self.keep.of(d) as f64 / d as f64;
        if self.scaled { Class::Unbiased(1.0 / share - 1.0) } else { Class::Contractive(share) }
    }
}

/// The whole vector over `p` with probability `p`, and nothing otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Lazy {
    /// Probability that it is sent [1].
    pub p: f64,
}

impl<R: Real> Encoder<R> for Lazy {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        if wire.rng.random::<f64>() < self.p {
            vector::scale(R::of(1.0 / self.p), v);
            return 1 + FLOAT_BITS * v.len() as u64;
        }
        v.fill(R::zero());
        1
    }

    fn class(&self, _: usize) -> Class {
        Class::Unbiased(1.0 / self.p - 1.0)
    }
}
