//! The compressors and memories that come with fedfleet, and their keys in a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Compressor, CompressorSpec, Diana, Dithering, Ef21, Encoder, ErrorFeedback, Identity, Keep, Lazy, Levels, Natural,
    NaturalDithering, Norm, Promises, Pruned, RandK, RoundTo, ScaledSign, TopK,
};
use crate::{
    invalid::{Invalid, require},
    num::{Real, low_precision::Bits},
};

impl Compressor for Identity {
    const NAME: &'static str = "identity";

    fn promises(&self) -> Promises {
        Promises::UNBIASED
    }

    fn variance(&self, _: usize) -> Option<f64> {
        Some(0.0)
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(self.clone())
    }
}

/// Compressors that keep the largest coordinates differ in how they say which.
macro_rules! keeps_largest {
    ($($compressor:ident = $name:literal)*) => {
        $(impl Compressor for $compressor {
            const NAME: &'static str = $name;

            fn validate(&self) -> Result<(), Invalid> {
                self.keep.validate()
            }

            fn fits(&self, d: usize) -> Result<(), Invalid> {
                self.keep.fits(d)
            }

            fn promises(&self) -> Promises {
                Promises::CONTRACTIVE
            }

            fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
                Box::new(*self)
            }
        })*
    };
}

keeps_largest! { TopK = "top-k" Pruned = "pruned" }

/// Coordinates drawn uniformly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RandKSpec {
    /// Number of coordinates `k`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// Fraction `k / d` of the coordinates, in place of `k` [1]; at least one is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    /// Whether coordinates are multiplied by `d / k`, which makes them unbiased.
    #[serde(default = "yes")]
    pub scaled: bool,
    /// Whether the receiver learns the coordinates from a seed of 64 bits; otherwise each index is sent.
    #[serde(default = "yes")]
    pub seeded: bool,
}

fn yes() -> bool {
    true
}

impl RandKSpec {
    fn keep(&self) -> Keep {
        Keep { k: self.k, fraction: self.fraction }
    }
}

impl Compressor for RandKSpec {
    const NAME: &'static str = "rand-k";

    fn validate(&self) -> Result<(), Invalid> {
        self.keep().validate()
    }

    fn fits(&self, d: usize) -> Result<(), Invalid> {
        self.keep().fits(d)
    }

    fn promises(&self) -> Promises {
        if self.scaled { Promises::UNBIASED } else { Promises::CONTRACTIVE }
    }

    fn variance(&self, d: usize) -> Option<f64> {
        self.scaled.then(|| d as f64 / self.keep().of(d) as f64 - 1.0)
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(RandK { keep: self.keep(), scaled: self.scaled, seeded: self.seeded })
    }
}

impl Compressor for Lazy {
    const NAME: &'static str = "lazy";

    fn validate(&self) -> Result<(), Invalid> {
        require(self.p > 0.0 && self.p <= 1.0, "", self.p, "a probability in (0, 1]")
    }

    fn promises(&self) -> Promises {
        Promises { varies: self.p < 1.0, ..Promises::UNBIASED }
    }

    fn variance(&self, _: usize) -> Option<f64> {
        Some(1.0 / self.p - 1.0)
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(*self)
    }
}

/// Levels of random dithering.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DitherSpec {
    /// Bits of a coordinate, one of them its sign: `2^{bits−1} − 1` levels [bit].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// Levels above zero, in place of `bits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<u32>,
    /// The norm that levels are fractions of.
    #[serde(default)]
    pub norm: Norm,
}

impl DitherSpec {
    /// Levels `s` above zero.
    pub fn levels(&self) -> u32 {
        self.levels.or(self.bits.map(|bits| (1 << (bits - 1)) - 1)).unwrap_or(1)
    }

    fn validate(&self) -> Result<(), Invalid> {
        match (self.bits, self.levels) {
            (Some(bits), None) => require((2..=16).contains(&bits), "bits", bits, "2 to 16 bits"),
            (None, Some(levels)) => require((1..=65535).contains(&levels), "levels", levels, "1 to 65535 levels"),
            (Some(_), Some(_)) => Err(Invalid::at("levels", "both `bits` and `levels` are given: expected one of them")
                .help("remove `levels`: `bits = 4` means 7 levels")),
            (None, None) => Err(Invalid::at("", "the number of levels is missing").help("set `bits = 4`, which means 7 levels")),
        }
    }
}

/// Random dithering of QSGD: unbiased rounding to evenly spaced fractions of the norm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Qsgd(pub DitherSpec);

impl Compressor for Qsgd {
    const NAME: &'static str = "qsgd";

    fn validate(&self) -> Result<(), Invalid> {
        self.0.validate()
    }

    fn promises(&self) -> Promises {
        Promises::UNBIASED
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(Dithering { levels: self.0.levels(), norm: self.0.norm })
    }
}

/// Signs and zeros at random, times the largest magnitude; unbiased.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TernGrad {}

impl Compressor for TernGrad {
    const NAME: &'static str = "tern-grad";

    fn promises(&self) -> Promises {
        Promises::UNBIASED
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(Dithering { levels: 1, norm: Norm::Max })
    }
}

impl Compressor for Natural {
    const NAME: &'static str = "natural";

    fn promises(&self) -> Promises {
        Promises::UNBIASED
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(self.clone())
    }
}

/// Unbiased rounding to binary fractions of the norm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NaturalDither(pub DitherSpec);

impl Compressor for NaturalDither {
    const NAME: &'static str = "natural-dithering";

    fn validate(&self) -> Result<(), Invalid> {
        self.0.validate()
    }

    fn promises(&self) -> Promises {
        Promises::UNBIASED
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(NaturalDithering { levels: self.0.levels(), norm: self.0.norm })
    }
}

impl Compressor for ScaledSign {
    const NAME: &'static str = "sign";

    fn validate(&self) -> Result<(), Invalid> {
        require(self.block != Some(0), "block", 0, "at least 1 coordinate")
    }

    fn fits(&self, d: usize) -> Result<(), Invalid> {
        let block = self.block.unwrap_or(d);
        require(block <= d, "block", block, &format!("at most {d}, the number of coordinates"))
    }

    fn promises(&self) -> Promises {
        Promises::CONTRACTIVE
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(*self)
    }
}

/// Points over the range of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RoundSpec {
    /// Bits of a coordinate [bit].
    pub bits: u32,
    /// Whether each layer of the model has a range of its own.
    #[serde(default)]
    pub by_layer: bool,
}

impl RoundSpec {
    fn to(self, levels: Levels) -> RoundTo {
        RoundTo { bits: Bits::new(self.bits).unwrap_or(Bits::FLOAT), levels, by_layer: self.by_layer }
    }

    fn promises(self, unbiased: bool) -> Promises {
        Promises { unbiased, one_bit: self.bits == 1, ..Promises::ABSOLUTE }
    }
}

/// Unbiased rounding to `2^bits` points over the range of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Stochastic(pub RoundSpec);

impl Compressor for Stochastic {
    const NAME: &'static str = "stochastic";

    fn validate(&self) -> Result<(), Invalid> {
        Bits::new(self.0.bits).map(|_| ())
    }

    fn promises(&self) -> Promises {
        self.0.promises(true)
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(self.0.to(Levels::SpreadAtRandom))
    }
}

/// Rounding to the nearest of `2^bits` points over the range of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Nearest(pub RoundSpec);

impl Compressor for Nearest {
    const NAME: &'static str = "nearest";

    fn validate(&self) -> Result<(), Invalid> {
        Bits::new(self.0.bits).map(|_| ())
    }

    fn promises(&self) -> Promises {
        self.0.promises(false)
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(self.0.to(Levels::SpreadNearest))
    }
}

/// Memories around a compressor differ in their promises and in the compressors that they can wrap.
macro_rules! memories {
    ($($(#[$doc:meta])* $memory:ident = $name:literal: $encoder:ident, $promises:expr, $wraps:expr;)*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $memory(pub CompressorSpec);

        impl Compressor for $memory {
            const NAME: &'static str = $name;

            fn validate(&self) -> Result<(), Invalid> {
                check_inner(Self::NAME, &self.0)?;
                $wraps(&self.0)
            }

            fn fits(&self, d: usize) -> Result<(), Invalid> {
                self.0.fits(d)
            }

            fn promises(&self) -> Promises {
                $promises(&self.0)
            }

            fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
                Box::new($encoder { inner: self.0.build() })
            }
        })*
    };
}

memories! {
    /// Error feedback around a compressor: its error is added to the next message.
    Ef = "ef": ErrorFeedback, |inner| Promises { feeds_back: true, ..around(inner) }, |_| Ok(());

    /// EF21 around a compressor: it sends the change since the last message. The server averages its copies of the participants of a
    /// step: with a cohort of a few that is not the paper's mean over all clients, which `mifa` keeps.
    Ef21Spec = "ef21": Ef21, around, |_| Ok(());

    /// DIANA around an unbiased compressor: it sends the difference to a slowly learnt shift.
    DianaSpec = "diana": Diana, |inner: &CompressorSpec| Promises { unbiased: inner.is_unbiased(), ..around(inner) }, unbiased;
}

/// Refuses a compressor within `diana` that is biased, or whose error does not shrink with the vector.
fn unbiased(inner: &CompressorSpec) -> Result<(), Invalid> {
    let Promises { unbiased, absolute, .. } = inner.promises();
    if unbiased && !absolute {
        return Ok(());
    }
    let name = inner.name();
    Err(Invalid::at(
        name,
        format!("`diana` needs an unbiased compressor whose error shrinks with the vector; `{name}` is not one"),
    )
    .help("choose `rand-k`, `qsgd` or `natural`, or put `ef21` in place of `diana`"))
}

/// The promises of a memory around `inner`.
fn around(inner: &CompressorSpec) -> Promises {
    Promises { unbiased: false, remembers: true, varies: inner.varies(), ..Promises::UNBIASED }
}

/// Refuses a compressor that the memory `name` cannot wrap.
fn check_inner(name: &str, inner: &CompressorSpec) -> Result<(), Invalid> {
    inner.validate()?;
    if inner.is_one_bit() {
        return Err(Invalid::at(
            &format!("{}.bits", inner.name()),
            format!("one bit over a range can lose more than it keeps, and `{name}` would add up its errors"),
        )
        .help("give it two bits or more, or choose `sign`"));
    }
    if inner.remembers() {
        return Err(Invalid::at(inner.name(), format!("`{name}` cannot wrap `{}`, which has a memory of its own", inner.name()))
            .help("a memory goes around a compressor, such as `{ ef21 = { top-k = { fraction = 0.01 } } }`"));
    }
    Ok(())
}
