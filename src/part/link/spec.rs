//! Links as a scenario writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Diana, Dithering, Ef21, ErrorFeedback, Identity, Keep, Lazy, Levels, Link, Natural, NaturalDithering, Norm, Pruned, RandK,
    RoundTo, ScaledSign, TopK,
};
use crate::{
    invalid::{Invalid, require},
    num::{Real, low_precision::Bits},
};

/// How vectors travel: a compressor, or a memory around one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LinkSpec {
    /// As they are, 32 bits a number.
    Identity,
    /// The coordinates of largest magnitude, with their indices.
    TopK(Keep),
    /// The coordinates of largest magnitude, with a mask of one bit a coordinate.
    Pruned(Keep),
    /// Coordinates drawn uniformly.
    RandK(RandKSpec),
    /// The whole vector over `p` with this probability `p`, nothing otherwise.
    Lazy(f64),
    /// Random dithering of QSGD: unbiased rounding to evenly spaced fractions of the norm.
    Qsgd(DitherSpec),
    /// Signs and zeros at random, times the largest magnitude; unbiased.
    TernGrad,
    /// Powers of two, unbiased: 9 bits a number.
    Natural,
    /// Unbiased rounding to binary fractions of the norm.
    NaturalDithering(NaturalDitherSpec),
    /// Signs times the mean magnitude of each block.
    Sign(SignSpec),
    /// Unbiased rounding to `2^bits` points over the range of the values.
    Stochastic(RoundSpec),
    /// Rounding to the nearest of `2^bits` points over the range of the values.
    Nearest(RoundSpec),
    /// Error feedback around a compressor: what it loses is added to the next message.
    Ef(Compressor),
    /// EF21 around a compressor: it sends what has changed since the last message. The server averages what it knows of those who
    /// take part in a step: with a cohort of a few that is not the paper's mean over all clients, which `mifa` keeps.
    Ef21(Compressor),
    /// DIANA around an unbiased compressor: it sends the difference to a slowly learnt shift.
    Diana(Compressor),
}

/// The compressor within a memory.
pub type Compressor = Box<LinkSpec>;

/// Parameters of rand-k.
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

impl RandKSpec {
    fn keep(&self) -> Keep {
        Keep { k: self.k, fraction: self.fraction }
    }
}

/// Parameters of random dithering.
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

/// Parameters of natural dithering.
pub type NaturalDitherSpec = DitherSpec;

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
            (None, None) => {
                Err(Invalid::at("", "the number of levels is not given").help("set `bits = 4`, which means 7 levels"))
            }
        }
    }
}

/// Parameters of scaled signs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SignSpec {
    /// Coordinates of a block; the layers of the model when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
}

/// Parameters of rounding.
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
    fn build(self, levels: Levels) -> RoundTo {
        let bits = Bits::new(self.bits).unwrap_or(Bits::FLOAT);
        RoundTo { bits, levels, by_layer: self.by_layer }
    }
}

fn yes() -> bool {
    true
}

impl LinkSpec {
    /// Builds the link.
    pub fn build<R: Real>(&self) -> Box<dyn Link<R>> {
        match self {
            Self::Identity => Box::new(Identity),
            Self::TopK(keep) => Box::new(TopK { keep: *keep }),
            Self::Pruned(keep) => Box::new(Pruned { keep: *keep }),
            Self::RandK(spec) => Box::new(RandK { keep: spec.keep(), scaled: spec.scaled, seeded: spec.seeded }),
            Self::Lazy(p) => Box::new(Lazy { p: *p }),
            Self::Qsgd(spec) => Box::new(Dithering { levels: spec.levels(), norm: spec.norm }),
            Self::TernGrad => Box::new(Dithering { levels: 1, norm: Norm::Max }),
            Self::Natural => Box::new(Natural),
            Self::NaturalDithering(spec) => Box::new(NaturalDithering { levels: spec.levels(), norm: spec.norm }),
            Self::Sign(spec) => Box::new(ScaledSign { block: spec.block }),
            Self::Stochastic(spec) => Box::new(spec.build(Levels::SpreadAtRandom)),
            Self::Nearest(spec) => Box::new(spec.build(Levels::SpreadNearest)),
            Self::Ef(inner) => Box::new(ErrorFeedback { inner: inner.build() }),
            Self::Ef21(inner) => Box::new(Ef21 { inner: inner.build() }),
            Self::Diana(inner) => Box::new(Diana { inner: inner.build() }),
        }
    }

    /// Whether the link remembers earlier messages.
    pub fn remembers(&self) -> bool {
        matches!(self, Self::Ef(_) | Self::Ef21(_) | Self::Diana(_))
    }

    /// Whether messages of one vector are not all of one size.
    pub fn varies(&self) -> bool {
        match self {
            Self::Lazy(p) => *p < 1.0,
            Self::Ef(inner) | Self::Ef21(inner) | Self::Diana(inner) => inner.varies(),
            _ => false,
        }
    }

    /// Whether what arrives is right on average.
    pub fn is_unbiased(&self) -> bool {
        match self {
            Self::Identity | Self::Lazy(_) | Self::Qsgd(_) | Self::TernGrad | Self::Natural | Self::NaturalDithering(_) => true,
            Self::Stochastic(_) => true,
            Self::RandK(spec) => spec.scaled,
            Self::TopK(_) | Self::Pruned(_) | Self::Sign(_) | Self::Nearest(_) => false,
            Self::Ef(_) | Self::Ef21(_) => false,
            Self::Diana(inner) => inner.is_unbiased(),
        }
    }

    /// Whether every message keeps a share of its vector: `E‖C(v) − v‖² ≤ (1 − δ) ‖v‖²` with `δ > 0`, as it stands.
    pub fn is_contractive(&self) -> bool {
        matches!(self, Self::TopK(_) | Self::Pruned(_) | Self::Sign(_)) || matches!(self, Self::RandK(spec) if !spec.scaled)
    }

    /// Whether it rounds to the two ends of the range, which can lose more than it keeps.
    pub fn is_one_bit(&self) -> bool {
        matches!(self, Self::Stochastic(RoundSpec { bits: 1, .. }) | Self::Nearest(RoundSpec { bits: 1, .. }))
    }

    /// The relative variance `ω` of an unbiased compressor, `E‖C(v) − v‖² = ω ‖v‖²`, where it holds with equality for all vectors
    /// of `d` coordinates; `None` where there is a bound at most.
    pub fn variance(&self, d: usize) -> Option<f64> {
        match self {
            Self::Identity => Some(0.0),
            Self::RandK(spec) if spec.scaled => Some(d as f64 / spec.keep().of(d) as f64 - 1.0),
            Self::Lazy(p) => Some(1.0 / p - 1.0),
            _ => None,
        }
    }

    /// The link's name in a scenario.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::TopK(_) => "top-k",
            Self::Pruned(_) => "pruned",
            Self::RandK(_) => "rand-k",
            Self::Lazy(_) => "lazy",
            Self::Qsgd(_) => "qsgd",
            Self::TernGrad => "tern-grad",
            Self::Natural => "natural",
            Self::NaturalDithering(_) => "natural-dithering",
            Self::Sign(_) => "sign",
            Self::Stochastic(_) => "stochastic",
            Self::Nearest(_) => "nearest",
            Self::Ef(_) => "ef",
            Self::Ef21(_) => "ef21",
            Self::Diana(_) => "diana",
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for parameters out of range, and for memories around what they cannot work with.
    pub fn validate(&self) -> Result<(), Invalid> {
        match self {
            Self::Identity | Self::TernGrad | Self::Natural => Ok(()),
            Self::TopK(keep) | Self::Pruned(keep) => keep.validate(),
            Self::RandK(spec) => spec.keep().validate(),
            Self::Lazy(p) => require(*p > 0.0 && *p <= 1.0, "", p, "a probability in (0, 1]"),
            Self::Qsgd(spec) | Self::NaturalDithering(spec) => spec.validate(),
            Self::Sign(SignSpec { block }) => require(*block != Some(0), "block", 0, "at least 1 coordinate"),
            Self::Stochastic(spec) | Self::Nearest(spec) => Bits::new(spec.bits).map(|_| ()),
            Self::Ef(inner) | Self::Ef21(inner) | Self::Diana(inner) => self.around(inner),
        }
        .map_err(|invalid| invalid.under(self.name()))
    }

    fn around(&self, inner: &Self) -> Result<(), Invalid> {
        inner.validate()?;
        if inner.is_one_bit() {
            return Err(Invalid::at(
                &format!("{}.bits", inner.name()),
                format!("one bit over a range can lose more than it keeps, which `{}` does not bear", self.name()),
            )
            .help("give it two bits or more, or choose `sign`"));
        }
        if inner.remembers() {
            return Err(Invalid::at(inner.name(), format!("`{}` cannot stand within `{}`", inner.name(), self.name()))
                .help("a memory goes around a compressor, such as `{ ef21 = { top-k = { fraction = 0.01 } } }`"));
        }
        let relative = inner.is_unbiased() && !matches!(inner, Self::Stochastic(_));
        if matches!(self, Self::Diana(_)) && !relative {
            return Err(Invalid::at(
                inner.name(),
                format!("`diana` needs an unbiased compressor, and `{}` is none", inner.name()),
            )
            .help("choose `rand-k`, `qsgd` or `natural`, or put `ef21` in place of `diana`"));
        }
        Ok(())
    }

    /// Checks the parameters against a model of `d` parameters.
    ///
    /// # Errors
    /// [`Invalid`] for more coordinates than there are.
    pub fn fits(&self, d: usize) -> Result<(), Invalid> {
        match self {
            Self::TopK(keep) | Self::Pruned(keep) => keep.fits(d),
            Self::RandK(spec) => spec.keep().fits(d),
            Self::Sign(SignSpec { block: Some(block) }) => {
                require(*block <= d, "block", block, &format!("at most {d}, the number of coordinates"))
            }
            Self::Ef(inner) | Self::Ef21(inner) | Self::Diana(inner) => inner.fits(d),
            _ => Ok(()),
        }
        .map_err(|invalid| invalid.under(self.name()))
    }
}
